// Forms that are known and not read: refused by their name, with what to do.

/// Refuses annotations of other tasks.
enum UnreadForms {
  /// The columns or first words of forms, what they are called, and what helps.
  private static let forms: [(columns: Set<String>, name: String, remedy: String)] = [
    (
      ["original_vido_id", "video_id", "frame_id", "path", "labels"],
      "SlowFast's frame list of Charades", "name Charades_v1_train.csv instead"
    ),
    (
      ["video_id", "start_frame", "stop_frame", "verb_class", "noun_class"], "EPIC-KITCHENS",
      advice
    ),
  ]
  private static let advice = "write a CSV file with the header path,label,split"

  /// - Returns: always nil.
  /// - Throws: `DatasetError` for a form that is known and not read.
  static func refuse(_ file: TextFile) throws -> AnnotationSet? {
    let words = file.firstLine.split { ",;\t ".contains($0) }
      .map { $0.filter { $0 != "\"" }.lowercased() }
    for form in forms where form.columns.isSubset(of: words) {
      throw refusal(file, form.name, form.remedy)
    }
    if hasMixedSeparators(file.firstLine, words) {
      throw refusal(file, "a header with several separators", advice)
    }
    if isBoxes(file.firstLine) { throw refusal(file, "AVA's list of boxes", advice) }
    if file.firstLine.hasPrefix("#EXTM3U") { throw refusal(file, "a playlist", advice) }
    if file.firstLine.hasPrefix("<") { throw refusal(file, "XML or HTML", advice) }
    return nil
  }

  /// `path,label;split`: names of columns, between which stand different characters.
  private static func hasMixedSeparators(_ line: Substring, _ words: [String]) -> Bool {
    guard let first = words.first, LabelTable.videoColumns.contains(first),
      words.contains(where: LabelTable.labelColumns.contains)
    else { return false }
    let between = line.split { !",;\t ".contains($0) }
    return Set(between.map { $0.first { $0 != " " } ?? " " }).count > 1
  }

  /// The refusal of what no reader knows.
  static func unknown(_ file: TextFile) -> DatasetError {
    let line = file.lines.first
    let text = String(line?.text.trimmingBlanks.prefix(80) ?? "")
    let hasHeader = text.split(separator: ",").count > 1
    return DatasetError(
      path: file.path, line: line?.number,
      expected: "`path label` lines, or a header that names a column of paths and one of labels",
      found: "'\(text)'",
      remedy: hasHeader
        ? "begin the file with a header such as path,label,split"
        : "write each video's path, a blank and its label")
  }

  /// `-5KQ66BBWC4,0902,0.077,0.151,0.283,0.811,80,1`
  private static func isBoxes(_ line: Substring) -> Bool {
    let fields = line.split(separator: ",")
    return fields.count >= 7 && fields[1...5].allSatisfy { Double($0) != nil }
      && !fields[0].isVideoName
  }

  private static func refusal(_ file: TextFile, _ name: String, _ remedy: String) -> DatasetError {
    DatasetError(
      path: file.path, line: file.lines.first?.number, expected: "a list of videos with labels",
      found: name + ", which is not read", remedy: remedy)
  }
}
