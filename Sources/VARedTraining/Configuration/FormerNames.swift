// Settings that were called otherwise before: their names still work, and are said once.

extension Setting {
  /// Command-line arguments with today's flags in place of former ones: `--initialize` for
  /// `--initialise`, with or without `=value`; what follows `--` is left alone.
  ///
  /// - Parameter note: is told of each that was replaced.
  package static func withCurrentFlags(
    _ arguments: [String], note: (String) -> Void
  ) -> [String] {
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    return arguments[..<end].map { argument in
      let flag = argument.prefix { $0 != "=" }
      for dashes in ["--no-", "--"] where flag.hasPrefix(dashes) {
        guard let setting = formerlyNamed(String(flag.dropFirst(dashes.count))) else { continue }
        let current = dashes + setting.key
        note("note: \(flag) is now \(current)")
        return current + argument.dropFirst(flag.count)
      }
      return argument
    } + arguments[end...]
  }
}
