// What to do about a run that diverged: a command that can be copied.

import Foundation

/// How to go on after a run diverged.
struct DivergenceAdvice {
  private let configuration: TrainingConfiguration
  private let ranks: Int
  /// The newest checkpoint of which the parameters are known to be sound.
  private let checkpoint: String?

  /// - Parameters:
  ///   - configuration: of the run that diverged.
  ///   - ranks: it had.
  ///   - checkpoint: the newest one that is sound; nil: there is none.
  init(_ configuration: TrainingConfiguration, ranks: Int, checkpoint: String?) {
    self.configuration = configuration
    self.ranks = ranks
    self.checkpoint = checkpoint
  }

  /// Where to go on from, and the command that does.
  var text: String {
    let start =
      checkpoint.map { "the last good checkpoint is \($0); go on from there" }
      ?? "no checkpoint of it is good; start afresh"
    return "\(start) with a lower learning rate: \(command)"
  }

  /// The command, for a shell. It writes to a folder that is not there yet.
  private var command: String {
    var words = ranks > 1 ? ["mpirun", "-n", "\(ranks)"] : []
    words += [CommandLine.arguments[0], "--config", configuration.output + "/config.yaml"]
    words += ["--output", freeOutput, "--learning-rate", learningRate.plain]
    words += ["--resume", checkpoint ?? "auto"]
    return words.map(Self.quoted).joined(separator: " ")
  }

  /// A tenth of what was asked for, and no more than training from nothing stands.
  private var learningRate: Double {
    let tenth = configuration.learningRate / 10
    return min(Double(String(format: "%.1e", tenth)) ?? tenth, TrainingConfiguration().learningRate)
  }

  private var freeOutput: String {
    var base = configuration.output
    while base.count > 1, base.hasSuffix("/") { base.removeLast() }
    var number = 2
    while access("\(base)-\(number)", F_OK) == 0 { number += 1 }
    return "\(base)-\(number)"
  }

  private static func quoted(_ word: String) -> String {
    let isPlain = word.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber) || "/._-+=:,@%".contains($0)
    }
    return isPlain && !word.isEmpty
      ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
