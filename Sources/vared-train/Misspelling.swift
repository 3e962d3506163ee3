// What a misspelt flag or subcommand may have meant, hidden flags included.

import ArgumentParser
import VARedTraining

/// Finds the first argument that no command takes.
enum Misspelling {
  /// What to say of arguments that were not understood; nil: none of them is unknown by its name.
  ///
  /// - Parameter arguments: of the command line, without the program's name.
  static func message(_ arguments: [String]) -> String? {
    let commands = VARedTrain.configuration.subcommands
    var command: any ParsableCommand.Type = Train.self
    var flags = arguments[...]
    if let first = arguments.first, !first.hasPrefix("-") {
      guard let known = commands.first(where: { $0._commandName == first }) else {
        let nearest = nearestName(to: first, in: commands.map { $0._commandName })
        return nearest.map { "Unknown subcommand '\(first)'. Did you mean '\($0)'?" }
      }
      command = known
      flags = arguments.dropFirst()
    }
    let lines = VARedTrain.helpMessage(for: command, includeHidden: true, columns: 200)
      .split(separator: "\n")
    let names = longNames(in: lines)
    for flag in flags.prefix(while: { $0 != "--" }) where flag.hasPrefix("--") {
      let name = String(flag.prefix { $0 != "=" })
      guard !names.contains(name) else { continue }
      let bare = name.dropFirst(2)
      if lines.contains(where: { $0.hasPrefix("  <\(bare)>") }) {
        return "Unknown option '\(name)': <\(bare)> is given without a flag, see --help"
      }
      let nearest = nearestName(to: name, in: names).map { ". Did you mean '\($0)'?" }
      return "Unknown option '\(name)'\(nearest ?? "; --help-hidden lists all of them")"
    }
    return nil
  }

  /// The long names of the flags that a command's help lists.
  private static func longNames(in help: [Substring]) -> [String] {
    help.flatMap { line in
      line.hasPrefix("  -")
        ? line.split { " ,/[]".contains($0) }.map(String.init).prefix { $0.hasPrefix("-") } : []
    }.filter { $0.hasPrefix("--") } + ["--help", "--help-hidden", "--version"]
  }
}
