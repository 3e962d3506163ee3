// Lists without a header: `path label` (SlowFast, MMAction2), `path,label`, several labels a line.

/// Lines that name a video and its label or labels, separated by one character throughout.
///
/// The path ends with the last word that has the extension of a video, so paths may hold blanks
/// and commas. What follows is the label; several whole numbers are several labels. Without any
/// extension the label is what follows the last separator. A first line `path label` is a header.
/// MMAction2's lists of frame folders, `folder frames label`, name the folder of each clip's
/// pictures; the number of frames is taken from the folder.
enum VideoList {
  private static let separators: [Character] = ["\t", ";", ",", " "]

  /// Reads `file` and the files of the other splits beside it.
  static func read(_ file: TextFile) throws -> AnnotationSet? {
    let lines = withoutHeader(file)
    guard let form = Form(of: lines) else { return nil }
    var set = AnnotationSet(
      format: form.name, folder: file.path.parentFolder, annotations: [])
    for (split, path) in SplitSibling(of: file.path).files {
      let part = path == file.path ? lines : withoutHeader(try TextFile(path: path))
      set.annotations += try part.map { line in
        try annotation(line, form, split, path)
      }
    }
    set.isMultiLabel = set.annotations.contains { $0.labels.count > 1 }
    return set
  }

  /// How the lines of a list are to be read.
  struct Form {
    let separator: Character
    let isFrameFolders: Bool
    let name: String

    /// The form that fits most lines; nil when none fits half of them.
    init?(of lines: [(number: Int, text: Substring)]) {
      let sample = lines.prefix(1000)
      let parsed = separators.map { separator in
        sample.count { line in
          VideoList.fields(line.text, separator)?.dropLast().contains(where: \.isVideoName) ?? false
        }
      }
      let most = parsed.max() ?? 0
      let fits = most > 0 && most * 2 >= sample.count ? parsed.firstIndex(of: most) : nil
      if let fits {
        (separator, isFrameFolders) = (separators[fits], false)
      } else if let two = separators.first(where: { separator in
        sample.allSatisfy { (VideoList.fields($0.text, separator)?.count ?? 0) >= 2 }
      }) {
        separator = two
        isFrameFolders = sample.allSatisfy { line in
          let fields = VideoList.fields(line.text, two) ?? []
          return fields.count >= 3 && fields.suffix(2).allSatisfy { Int($0) != nil }
        }
      } else {
        return nil
      }
      let shape =
        separator == " "
        ? "path label" : separator == "\t" ? "path<tab>label" : "path\(separator)label"
      name = isFrameFolders ? "list of frame folders" : "list `\(shape)`"
    }
  }

  private static func withoutHeader(_ file: TextFile) -> [(number: Int, text: Substring)] {
    let lines = file.lines
    guard let first = lines.first else { return lines }
    let words = first.text.lowercased().split { separators.contains($0) }.map(\.trimmingBlanks)
    let isHeader =
      words.count <= 4
      && ["path", "video", "video_path", "file", "filename", "name"].contains(words.first)
      && ["label", "class", "labels", "label_id", "class_id"].contains(words.last)
    return isHeader ? Array(lines.dropFirst()) : lines
  }

  /// The fields of a line, as they stand; nil where quotes do not close.
  private static func fields(_ line: Substring, _ separator: Character) -> [String]? {
    let text = line.trimmingBlanks
    guard text.contains("\"") else {
      return separator == " "
        ? text.split(whereSeparator: \.isWhitespace).map(String.init)
        : text.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
    var (fields, field, isQuoted) = ([String](), "", false)
    for character in text {
      if character == "\"" {
        isQuoted.toggle()
      } else if character == separator, !isQuoted {
        fields.append(field)
        field = ""
      } else {
        field.append(character)
      }
    }
    return isQuoted ? nil : fields + [field]
  }

  private static func annotation(
    _ line: (number: Int, text: Substring), _ form: Form, _ split: SplitWord, _ path: String
  ) throws -> Annotation {
    let text = line.text.trimmingBlanks
    if split == .test, parse(line.text, form) == nil || text.isVideoName {
      return Annotation(
        video: .path(text), labels: [], split: split, file: path, line: line.number)
    }
    guard let (name, labels) = parse(line.text, form), !name.isEmpty else {
      throw DatasetError(
        path: path, line: line.number, expected: "`path\(form.separator)label`",
        found: "'\(line.text.trimmingBlanks.prefix(80))'",
        remedy: "write the video's path and its label")
    }
    return try AnnotationReading.checked(
      Annotation(video: .path(name), labels: labels, split: split, file: path, line: line.number))
  }

  private static func parse(_ line: Substring, _ form: Form) -> (String, [String])? {
    guard let fields = fields(line, form.separator), fields.count >= 2 else { return nil }
    let glue = String(form.separator)
    if form.isFrameFolders {
      return (fields.dropLast(2).joined(separator: glue), [fields[fields.count - 1]])
    }
    let end = fields.dropLast().lastIndex(where: \.isVideoName) ?? fields.count - 2
    var name = fields[...end].joined(separator: glue)
    if form.separator == " ", !line.contains("\"") {
      // Blanks inside a path may be several.
      name = original(line, fields.count - 1 - end)
    }
    let rest = fields[(end + 1)...].map(\.trimmingBlanks).filter { !$0.isEmpty }
    let isNumbers = rest.count > 1 && rest.allSatisfy { Int($0) != nil }
    return (
      name.trimmingBlanks,
      isNumbers ? Array(rest) : rest.isEmpty ? [] : [rest.joined(separator: glue)]
    )
  }

  /// `line` without its last `count` words.
  private static func original(_ line: Substring, _ count: Int) -> String {
    var rest = Substring(line.trimmingBlanks)
    for _ in 0..<count {
      while let last = rest.last, !last.isWhitespace { rest = rest.dropLast() }
      while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
    }
    return String(rest)
  }
}
