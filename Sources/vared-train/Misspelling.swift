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
    let names = names(of: command)
    for flag in flags.prefix(while: { $0 != "--" }) where flag.hasPrefix("--") {
      let name = String(flag.prefix { $0 != "=" })
      guard !names.contains(name) else { continue }
      let bare = name.dropFirst(2)
      if takesArgument(named: bare, command) {
        return "Unknown option '\(name)': <\(bare)> is given without a flag, see --help"
      }
      let nearest = nearestName(to: name, in: names).map { ". Did you mean '\($0)'?" }
      return "Unknown option '\(name)'\(nearest ?? "; --help-hidden lists all of them")"
    }
    return nil
  }

  /// Whether a command takes an argument of this name that has no flag.
  private static func takesArgument(
    named name: Substring, _ command: any ParsableCommand.Type
  ) -> Bool {
    VARedTrain.helpMessage(for: command, includeHidden: true, columns: 200)
      .split(separator: "\n").contains { $0.hasPrefix("  <\(name)>") }
  }

  /// The long names of a command's flags.
  private static func names(of command: any ParsableCommand.Type) -> [String] {
    let help = VARedTrain.helpMessage(for: command, includeHidden: true, columns: 200)
    return help.split(separator: "\n").flatMap { line in
      line.hasPrefix("  -")
        ? line.split { " ,/[]".contains($0) }.map(String.init).prefix { $0.hasPrefix("-") } : []
    }.filter { $0.hasPrefix("--") } + ["--help", "--help-hidden", "--version"]
  }
}
