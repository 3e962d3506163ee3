// `train`, `frontier`: every setting as a flag, under the headings of config.yaml.

import ArgumentParser
import VARedTraining

/// All settings of a training run.
struct TrainingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("YAML file of settings; flags win over it.", valueName: "file.yaml"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @OptionGroup(title: Files.group.title) var files: SettingFlags<Files>
  @OptionGroup(title: Network.group.title) var network: SettingFlags<Network>
  @OptionGroup(title: Clips.group.title) var clips: SettingFlags<Clips>
  @OptionGroup(title: Optimization.group.title) var optimization: SettingFlags<Optimization>
  @OptionGroup(title: Adaptation.group.title) var adaptation: SettingFlags<Adaptation>
  @OptionGroup(title: Bookkeeping.group.title) var bookkeeping: SettingFlags<Bookkeeping>
  @OptionGroup(title: "Research") var research: SettingFlags<Research>

  /// Defaults, then the file, then the flags.
  func settings() throws -> TrainingConfiguration {
    var settings = TrainingConfiguration()
    if let config { try settings.read(yamlFile: config, note: Launch.note) }
    files.apply(to: &settings)
    network.apply(to: &settings)
    clips.apply(to: &settings)
    optimization.apply(to: &settings)
    adaptation.apply(to: &settings)
    bookkeeping.apply(to: &settings)
    research.apply(to: &settings)
    return settings
  }
}

/// Of a group, what is not for research; `--help` shows what everyone needs.
private protocol GroupSelection: SettingSelection {
  static var group: Setting.Group { get }
}

extension GroupSelection {
  static var settings: [Setting] { group.settings.filter { $0.audience != .research } }
  static func isShown(_ setting: Setting) -> Bool { setting.audience == .everyone }
}

enum Files: GroupSelection { static let group = Setting.Group.files }
enum Network: GroupSelection { static let group = Setting.Group.network }
enum Clips: GroupSelection { static let group = Setting.Group.clips }
enum Optimization: GroupSelection { static let group = Setting.Group.optimization }
enum Adaptation: GroupSelection { static let group = Setting.Group.adaptation }
enum Bookkeeping: GroupSelection { static let group = Setting.Group.bookkeeping }

/// What the study of gates takes, of any group (METHOD §4).
enum Research: SettingSelection {
  static let settings = Setting.all.filter { $0.audience == .research }
  static func isShown(_ setting: Setting) -> Bool { false }
}
