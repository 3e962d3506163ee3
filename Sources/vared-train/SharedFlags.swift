// What other subcommands share with `train`.

import VARedTraining

/// `bench`, `count`: what network is built, for which clips.
enum Shape: SettingSelection {
  static let settings =
    Setting.Group.network.settings + Setting.selected("initialize", "frames", "size")
}

/// `count`: compute threads.
enum Threads: SettingSelection {
  static let settings = Setting.selected("threads")
}

/// `bench`, `predict`: what a pass takes that decodes nothing.
enum Computing: SettingSelection {
  static let settings = Setting.selected("batch", "threads")
}

/// `redundancy`: what a pass over a dataset takes.
enum Decoding: SettingSelection {
  static let settings =
    Computing.settings + Setting.selected("data-threads", "verbosity")
}

/// `evaluate`: what an evaluation is told in training, too.
enum Evaluating: SettingSelection {
  static let settings = Decoding.settings + Setting.selected("views", "max-bad-clips")
}

/// `prepare`, `report`: how much is said.
enum Saying: SettingSelection {
  static let settings = Setting.selected("verbosity")
}

extension Setting {
  /// Some settings by their keys, all of which must exist.
  fileprivate static func selected(_ keys: String...) -> [Setting] {
    keys.map { key in
      guard let setting = named(key) else { preconditionFailure("no setting is called \(key)") }
      return setting
    }
  }
}
