// The flags of `train` and the settings of YAML files are the same names with the same defaults.

import Foundation
import TestSupport
import Testing

@testable import VARedTraining

@Suite(.serialized) struct CommandLineTests {
  @Test func everySettingIsAFlagWithItsDefaultInTheHelp() throws {
    let result = try RankLaunch("vared-train", ["train", "--help"], ranks: nil).run()
    let help = result.stdout.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let settings = TrainingConfiguration()
    for setting in Setting.all {
      #expect(help.contains("--\(setting.key)"), "\(setting.key)")
      guard !["data", "output", "initialise"].contains(setting.key) else { continue }
      guard let value = setting.text(settings) else { continue }
      let isSwitch = value == "true" || value == "false"
      let shown = isSwitch ? (value == "true" ? "" : "no-") + setting.key : value
      let flag =
        isSwitch ? "--\(setting.key)/--no-\(setting.key) " : "--\(setting.key) <"
      let place = help.range(of: flag, options: .backwards)
      let about = place.map { help[$0.upperBound...] } ?? ""
      let said = about.range(of: "(default: ").map { about[$0.upperBound...].prefix { $0 != ")" } }
      let plain = said.map { Self.plain($0.hasPrefix("--") ? String($0.dropFirst(2)) : String($0)) }
      #expect(plain == Self.plain(shown), "\(setting.key)")
    }
  }

  /// `600`, `600.0` and `1e-04` are the same default.
  private static func plain(_ text: String) -> String { Double(text).map { "\($0)" } ?? text }
}
