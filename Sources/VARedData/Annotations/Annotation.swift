// What a reader of one format found: clips with their labels, before any video is looked for.

/// How annotations name a video.
enum VideoReference: Sendable, Hashable {
  /// A path, absolute or relative to the folder of the videos.
  case path(String)
  /// A file name without its extension, somewhere below the folder of the videos.
  ///
  /// - names: what the file may be called, the most exact name first.
  /// - folder: the class, which may be the name of a folder it is in.
  case name([String], folder: String?)
}

/// The part of a video in which something happens, in seconds.
struct LabelSpan: Sendable, Equatable {
  let label: String
  let seconds: ClosedRange<Double>
}

/// One clip as it is annotated.
struct Annotation: Sendable {
  var video: VideoReference
  /// Empty where nothing of what is looked for happens, or where labels are withheld.
  var labels: [String]
  /// When each label holds; empty where the format does not say.
  var spans: [LabelSpan] = []
  var split: SplitWord
  /// The file that says so.
  var file: String
  /// Counted from 1; nil where the format has no lines.
  var line: Int?

  /// The video as the file names it.
  var name: String {
    switch video {
    case .path(let path): path
    case .name(let names, _): names.first ?? ""
    }
  }
}

/// Where the videos of a set may lie.
enum VideoPlaces: Sendable {
  /// Paths are relative to the folder of the annotations and to nothing else.
  case besideAnnotations
  /// In one of the folders around the annotations, as the set is usually unpacked.
  case around
}

/// All annotations of a data set.
struct AnnotationSet: Sendable {
  /// What the form is called, for people.
  var format: String
  /// The folder of the annotations.
  var folder: String
  var annotations: [Annotation]
  var places = VideoPlaces.besideAnnotations
  /// The classes in the order of an index file, if the format has one.
  var index: LabelIndex?
  /// A clip has any number of labels.
  var isMultiLabel = false
  /// The set's test part has labels and is what methods are compared on.
  var testIsVal = false
  /// The annotations are what lies in folders; what was passed over there is among the notes.
  var isOfFolders = false
  /// What a person should know, a sentence each.
  var notes: [String] = []
}
