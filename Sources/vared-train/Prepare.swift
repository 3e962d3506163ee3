// `vared-train prepare`: videos decoded once, to be read at the speed of the disk.

import ArgumentParser
import VARedTraining

struct Prepare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Decodes the videos of a list once, into a folder that trains faster.",
    discussion: """
      Every other subcommand takes the folder for its --data:

        mpirun -n 2 vared-train prepare clips/labels.csv --output prepared
        mpirun -n 2 vared-train --data prepared --output runs/a

      The same command, given again, goes on where it was stopped or killed, and does nothing where \
      all is done. What does not decode is listed in bad-clips.csv and left out.
      """)

  @Argument(
    help: ArgumentHelp(
      "List of videos with their labels, or folder of videos for each class.", valueName: "data"))
  var data: String

  @Option(
    help: ArgumentHelp(
      "Folder that the videos lie in, where it is not that of the list.", valueName: "dir"))
  var videos: String?

  @Option(help: ArgumentHelp("Folder to write into.", valueName: "dir"), completion: .directory)
  var output: String

  @Option(
    help: ArgumentHelp(
      "jpeg, or raw: the planes as decoded, which train to the bit as the videos do.",
      valueName: "format"))
  var framesFormat = FramesFormat.jpeg

  @Option(help: ArgumentHelp("JPEG quality, 1 to 100.", valueName: "percent"))
  var quality = 90

  @Option(
    help: ArgumentHelp(
      """
      Larger frames are scaled to this short side; 0: never. Without the flag: 128 for jpeg, 0 for \
      raw.
      """, valueName: "pixels"))
  var shortSide: Int?

  @Option(
    help: ArgumentHelp("Frames per second that are kept at most; 0: all.", valueName: "rate"))
  var fps = 0.0

  @Option(
    help: ArgumentHelp("Seconds of each video that are kept; 0: all.", valueName: "seconds"))
  var maxSeconds = 0.0

  @Option(
    help: ArgumentHelp(
      "Megabytes of a shard; 0: 1000, or a 16th of a small set, at least 64.",
      valueName: "megabytes"))
  var shardSize = 0.0

  @Option(
    help: ArgumentHelp(
      "Decoding threads per rank; 0: its share of the cores.", valueName: "threads"))
  var dataThreads = 0

  @OptionGroup var saying: SettingFlags<Saying>

  func run() throws {
    var settings = PreparationSettings()
    settings.data = data
    settings.videos = videos
    settings.output = output
    settings.framesFormat = framesFormat
    settings.quality = quality
    settings.shortSide = shortSide
    settings.fps = fps
    settings.maxSeconds = maxSeconds
    settings.shardSize = shardSize
    settings.dataThreads = dataThreads
    settings.verbosity = saying.settings.verbosity
    let status = Preparation.launch(settings)
    if status != 0 { throw ExitCode(status) }
    try Launch.requireLogWritten()
  }
}
