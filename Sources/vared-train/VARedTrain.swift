// The command line's entry: one subcommand a file, one line for what is wrong.

import ArgumentParser
import VARedTraining

/// A command that stops in order when a signal comes; the others end at once.
protocol StoppableCommand: ParsableCommand {}
extension Train: StoppableCommand {}
extension Frontier: StoppableCommand {}
extension Prepare: StoppableCommand {}
extension VerifyResume: StoppableCommand {}

@main
struct VARedTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vared-train",
    abstract: "Trains and runs input-adaptive video networks (VA-RED²) over MPI.",
    discussion: """
      A first run, from nothing to an accuracy:

        vared-train synthesize --output clips
        mpirun -n 2 vared-train --data clips/labels.csv --output runs/first \\
          --width 0.25 --size 64 --batch 8 --epochs 10
        vared-train evaluate --data clips/labels.csv --checkpoint runs/first

      What ends with exit status 2 is for you to mend; the line that begins with 'error:' says how.
      """,
    version: "0.1.0",
    subcommands: [
      Train.self, Evaluate.self, Check.self, Prepare.self, Predict.self, Synthesize.self,
      Inspect.self, Verify.self, VerifyResume.self, Count.self, Bench.self, Redundancy.self,
      Frontier.self, Report.self, Explain.self,
      Diagnose.self,
    ],
    defaultSubcommand: Train.self)

  static func main() {
    Launch.begin()
    AtomicFile.refuseInsteadOfEnding()
    Launch.requireText()
    let arguments = Setting.withCurrentFlags(
      Array(CommandLine.arguments.dropFirst()), note: Launch.note)
    let command: any ParsableCommand
    do {
      command = try parseAsRoot(arguments)
    } catch {
      let text = message(for: error)
      guard exitCode(for: error) != .success else {
        Launch.succeed(printing: text.isEmpty ? help(fullMessage(for: error)) : text)
      }
      let more = Misspelling.message(arguments) ?? WrongValue.message(text, arguments)
      Launch.fail(more ?? text, status: ExitStatus.mendable)
    }
    do {
      var command = command
      if !(command is any StoppableCommand) { Launch.endOnSignals() }
      try command.run()
    } catch let code as ExitCode {
      exit(withError: code)
    } catch  where exitCode(for: error) == .success {
      Launch.succeed(printing: help(fullMessage(for: error)))
    } catch {
      Launch.fail("\(error)", status: ExitStatus.of(error))
    }
  }

  /// The help of a command that hides some of its flags says in its last line how to see them.
  private static func help(_ text: String) -> String {
    let hides = configuration.subcommands.contains {
      helpMessage(for: $0) == text && helpMessage(for: $0, includeHidden: true) != text
    }
    guard hides else { return text }
    let lines = String(text.reversed().drop(while: \.isNewline).reversed())
    return lines + "\n  --help-hidden           Show help with the flags that are not listed here."
  }
}
