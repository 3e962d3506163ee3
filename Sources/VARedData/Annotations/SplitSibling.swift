// Lists of one split each come in pairs: train.txt + val.txt, kinetics_train.csv + …_val.csv.

import Foundation

/// The files of the other splits beside a list of one split.
///
/// SlowFast keeps `train.csv` and `val.csv`, MMAction2 `NAME_train_list.txt` and
/// `NAME_val_list.txt` side by side, others `validate`, `validation` or `test`. A file whose name
/// has such a word, with no letter on either side, looks for the files next to it that have
/// another one in that place.
struct SplitSibling {
  /// The split the named file itself holds; nil when its name does not say.
  let own: SplitWord?
  /// Every file of the family, the named one included, in the order train, val, test.
  let files: [(split: SplitWord, path: String)]

  init(of path: String) {
    for own in [SplitWord.train, .val, .test] {
      for word in own.words {
        guard let range = SplitSibling.word(word, in: path.lastComponent) else { continue }
        self.own = own
        files = [SplitWord.train, .val, .test].compactMap { split in
          let path = split == own ? path : SplitSibling.existing(split, for: range, of: path)
          return path.map { (split, $0) }
        }
        return
      }
    }
    (own, files) = (nil, [(.train, path)])
  }

  private static func existing(
    _ split: SplitWord, for range: Range<String.Index>, of path: String
  ) -> String? {
    let (name, folder) = (path.lastComponent, path.parentFolder)
    let names = FileTree().names(in: folder)
    return split.words.lazy.map { name.replacingCharacters(in: range, with: $0).lowercased() }
      .compactMap { wanted in names.first { $0.lowercased() == wanted } }
      .first.map { joinedPath(folder, $0) }
  }

  /// The last place where `word` stands in `name` with no letter on either side.
  private static func word(_ word: String, in name: String) -> Range<String.Index>? {
    var end = name.endIndex
    while let range = name.range(
      of: word, options: [.backwards, .caseInsensitive], range: name.startIndex..<end)
    {
      let before = name[..<range.lowerBound].last
      let after = name[range.upperBound...].first
      if before?.isLetter != true, after?.isLetter != true { return range }
      end = range.lowerBound
    }
    return nil
  }
}
