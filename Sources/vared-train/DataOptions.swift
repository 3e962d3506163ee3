// Which clips: `evaluate`, `redundancy`, and what takes clips at will.

import ArgumentParser

/// A data set that has to be named.
struct DataOptions: ParsableArguments {
  @Option(help: ArgumentHelp(dataHelp, valueName: "path"))
  var data: String

  @Option(help: ArgumentHelp(videosHelp, valueName: "dir"))
  var videos: String?
}

/// A data set that may be named.
struct OptionalDataOptions: ParsableArguments {
  @Option(help: ArgumentHelp(dataHelp, valueName: "path"))
  var data: String?

  @Option(help: ArgumentHelp(videosHelp, valueName: "dir"))
  var videos: String?
}

private let dataHelp: String =
  "List of videos with their labels, folder of videos for each class, HDF5 clips file, or prepared set."
private let videosHelp: String =
  "Folder that the videos of --data lie in, where it is not that of the list."
