// A labelled set of clips, whatever holds them: annotations of videos or an HDF5 file of clips.

/// A labelled set of clips in two splits. Immutable, and shared by every loading thread.
public final class Dataset: Sendable {
  /// Where the frames of a clip are.
  enum Source: Sendable {
    /// A video; the path to open.
    case video(path: String)
    /// A folder of numbered pictures; its path.
    case frames(folder: String)
    /// Row `row` of `/clips`.
    case row(Int, of: ClipsFile)
    /// Frames that `prepare` stored.
    case prepared(PreparedClip)

    /// The file or folder that is opened.
    var path: String {
      switch self {
      case .video(let path): path
      case .frames(let folder): folder
      case .row(_, let file): file.path
      case .prepared(let clip): clip.set.shardPath(clip.shard)
      }
    }
  }

  struct Clip: Sendable {
    let source: Source
    /// The path as the annotations have it, or `clips[17]`.
    let name: String
    /// In ascending order; one unless the set is multi-label.
    let labels: [Int]
    /// When each label holds, in seconds; empty where that is not known.
    var spans: [(label: Int, seconds: ClosedRange<Double>)] = []
  }

  /// The file or folder that was opened.
  public let path: String
  /// The class names; a label is an index into them. In the order of an index file where there is
  /// one, else sorted: by value when every label is a number, else by text.
  public let classes: [String]
  /// Whether a clip has any number of labels, none included.
  public let isMultiLabel: Bool
  /// What kind of set it is, what is missing, and what is odd about it.
  public let summary: DatasetSummary
  private let train: [Clip]
  private let val: [Clip]

  /// Opens annotations of videos, a folder of videos for each class, an HDF5 file of clips, or a
  /// folder that `vared-train prepare` wrote.
  ///
  /// Which form the annotations have is told by their content: docs/DATA.md lists the forms. A
  /// list of one split opens the list of the other one beside it, too: `train.txt` + `val.txt`.
  ///
  /// Paths in lists are relative to the list, or to `videos`. Files that are not there are left
  /// out and counted (``summary``); one that does not decode shows when it is read.
  ///
  /// - Parameters:
  ///   - path: a file or a folder.
  ///   - videos: the folder of the videos; nil: beside the annotations.
  /// - Throws: `DatasetError` when a file is missing, empty, malformed or of a form that is not
  ///   read, when no training clip is there, or when val has a class that train (if there is any)
  ///   has not and no index file names it.
  public static func open(_ path: String, videos: String? = nil) throws -> Dataset {
    if let prepared = try PreparedSet.open(path) { return try prepared.dataset(path) }
    if try AnnotationReading.isFile(path), try ClipsFile.isHDF5(path) {
      return try ClipsFile.openDataset(path)
    }
    return try DatasetAssembly(AnnotationReading.read(path), path: path, videos: videos).dataset()
  }

  init(
    path: String, classes: [String], isMultiLabel: Bool, summary: DatasetSummary, train: [Clip],
    val: [Clip]
  ) {
    self.path = path
    self.classes = classes
    self.isMultiLabel = isMultiLabel
    self.summary = summary
    (self.train, self.val) = (train, val)
  }

  /// The number of clips of a split whose files are there.
  public func count(_ split: Split) -> Int { clips(split).count }
  /// The labels of a clip, indices into `classes`, ascending.
  public func labels(_ split: Split, _ index: Int) -> [Int] { clips(split)[index].labels }
  /// The label of a clip of a set that is not multi-label, an index into `classes`.
  public func label(_ split: Split, _ index: Int) -> Int { clips(split)[index].labels.first ?? 0 }
  /// The path of a clip as the annotations have it, or `clips[17]` for a row of an HDF5 file.
  public func name(_ split: Split, _ index: Int) -> String { clips(split)[index].name }

  func source(_ split: Split, _ index: Int) -> Source { clips(split)[index].source }
  func spans(_ split: Split, _ index: Int) -> [(label: Int, seconds: ClosedRange<Double>)] {
    clips(split)[index].spans
  }

  /// The labels of a clip that hold at some time of `seconds`; all of them where the annotations do
  /// not say when.
  func labels(_ split: Split, _ index: Int, during seconds: ClosedRange<Double>) -> [Int] {
    let clip = clips(split)[index]
    guard !clip.spans.isEmpty else { return clip.labels }
    return Set(clip.spans.filter { $0.seconds.overlaps(seconds) }.map(\.label)).sorted()
  }

  private func clips(_ split: Split) -> [Clip] { split == .train ? train : val }
}
