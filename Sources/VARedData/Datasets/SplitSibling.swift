// Lists without a split column come in pairs: train.txt + val.txt, kinetics_train.csv + …_val.csv.

import Foundation

/// The file that holds the other split of a list without splits.
///
/// SlowFast keeps `train.csv` and `val.csv`, MMAction2 `NAME_train_list.txt` and
/// `NAME_val_list.txt` side by side. A file whose name has `train` (or `val`, `validation`) as a
/// word of its own looks for the file next to it that has the other word in that place.
struct SplitSibling {
  /// The split the named file itself holds.
  let own: Split
  /// The file of the other split, if there is one.
  let other: String?

  init(of path: String) {
    let folder = (path as NSString).deletingLastPathComponent
    let name = (path as NSString).lastPathComponent
    func existing(_ word: String, _ words: [String]) -> String? {
      guard let range = SplitSibling.word(word, in: name) else { return nil }
      return words.lazy
        .map { name.replacingCharacters(in: range, with: $0) }
        .map { (folder as NSString).appendingPathComponent($0) }
        .first { FileManager.default.fileExists(atPath: $0) }
    }
    if let val = existing("train", ["val", "validation"]) {
      (own, other) = (.train, val)
    } else if let train = existing("val", ["train"]) ?? existing("validation", ["train"]) {
      (own, other) = (.val, train)
    } else {
      (own, other) = (.train, nil)
    }
  }

  /// The last place where `word` stands in `name` with no letter on either side.
  private static func word(_ word: String, in name: String) -> Range<String.Index>? {
    var end = name.endIndex
    while let range = name.range(of: word, options: .backwards, range: name.startIndex..<end) {
      let before = name[..<range.lowerBound].last
      let after = name[range.upperBound...].first
      if before?.isLetter != true, after?.isLetter != true { return range }
      end = range.lowerBound
    }
    return nil
  }
}
