// Flags that are settings: their names, types and help are made from the settings' declarations.

import ArgumentParser
import VARedTraining

/// Which settings a command takes as flags.
protocol SettingSelection {
  static var settings: [Setting] { get }
  /// Whether `--help` shows the flag; `--help-hidden` shows all.
  static func isShown(_ setting: Setting) -> Bool
}

extension SettingSelection {
  static func isShown(_ setting: Setting) -> Bool { true }
}

/// A flag for each setting of a selection.
///
/// ArgumentParser finds flags by reflection. What it finds here are no properties that someone
/// wrote, but what `Selection.settings` say.
struct SettingFlags<Selection: SettingSelection>: ParsableArguments, CustomReflectable {
  private var given: [(setting: Setting, value: Any)] = []

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: SettingKey.self)
    for flag in Self.flags {
      if let value = try flag.value(container) { given.append((flag.setting, value)) }
    }
  }

  private static var flags: [SettingFlag] {
    Selection.settings.map { SettingFlag($0, isShown: Selection.isShown($0)) }
  }

  var customMirror: Mirror {
    Mirror(self, children: Self.flags.map { (label: $0.setting.key, value: $0.definition) })
  }

  /// The flags that were given replace what `settings` say.
  func apply(to settings: inout TrainingConfiguration) {
    for (setting, value) in given { setting.set(value, &settings) }
  }

  /// The defaults, and over them the flags that were given.
  var settings: TrainingConfiguration {
    var settings = TrainingConfiguration()
    apply(to: &settings)
    return settings
  }
}

/// One setting's flag.
private struct SettingFlag {
  let setting: Setting
  /// The property wrapper that ArgumentParser takes the flag from.
  let definition: Any
  /// What was given for it; nil: nothing.
  let value: (KeyedDecodingContainer<SettingKey>) throws -> Any?

  init(_ setting: Setting, isShown: Bool) {
    let help = ArgumentHelp(
      setting.help, valueName: setting.valueName, visibility: isShown ? .default : .hidden)
    if setting.valueType is Bool.Type {
      self.init(setting, onOff: help)
    } else if let type = setting.valueType as? any ExpressibleByArgument.Type {
      self.init(setting, type, help)
    } else {
      preconditionFailure("--\(setting.key): no flag takes a \(setting.valueType)")
    }
  }

  private init(_ setting: Setting, onOff help: ArgumentHelp) {
    self.setting = setting
    definition = Flag<Bool?>(
      name: .customLong(setting.key), inversion: .prefixedNo, help: help)
    value = {
      try $0.decode(Flag<Bool?>.self, forKey: SettingKey(setting)).wrappedValue
    }
  }

  private init<Value: ExpressibleByArgument>(
    _ setting: Setting, _ type: Value.Type, _ help: ArgumentHelp
  ) {
    self.setting = setting
    definition = Option<Value?>(
      name: .customLong(setting.key), help: help,
      completion: setting.valueName == "dir" ? .directory : nil)
    value = {
      try $0.decode(Option<Value?>.self, forKey: SettingKey(setting)).wrappedValue
    }
  }
}

/// A setting's key where decoders want one.
private struct SettingKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ setting: Setting) { stringValue = setting.key }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
