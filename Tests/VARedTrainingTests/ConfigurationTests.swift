// Settings: YAML in and out, and what is said about a wrong one.

import Foundation
import Testing
import TrainingTestSupport
import VARedNN

@testable import VARedTraining

@Suite struct ConfigurationTests {
  private func error(reading yaml: String) -> String? {
    var configuration = TrainingConfiguration()
    return #expect(throws: ConfigurationError.self) {
      try configuration.read(yaml: yaml, named: "a.yaml")
    }?.description
  }

  @Test(arguments: [
    "seed: 0b10", "seed: 0x1F", "seed: 0o17", "seed: 1_000", "seed: 1:30", "seed: 1e1", "seed: 1.0",
    "seed: 9223372036854775807:59", "seed: 99999999999999999999", "learning-rate: 1_0.5",
    "learning-rate: 0:1", "learning-rate: 0x1p3", "learning-rate: .inf", "learning-rate: nan",
    "learning-rate: 1e400", "learning-rate: 1,5",
  ])
  func onlyDecimalNumbersAreRead(_ line: String) throws {
    let key = try #require(line.split(separator: ":").first)
    let said = try #require(error(reading: line))
    #expect(said.hasPrefix("a.yaml:1: \(key): expected a "), "\(said)")
  }

  @Test(arguments: ["data", "output", "videos", "resume", "initialize", "cost-table"])
  func namesHaveNoNUL(_ key: String) throws {
    let said = try #require(error(reading: "\(key): \"a\\0b\""))
    #expect(said.hasPrefix("a.yaml:1: \(key): expected "), "\(said)")
  }

  @Test func whatIsNoFileOfSettingsIsNotRead() throws {
    let scratch = try Scratch()
    try scratch.write("long.yaml", "seed: 1\n")
    #expect(truncate(scratch("long.yaml"), 3 << 30) == 0)
    #expect(mkfifo(scratch("pipe.yaml"), 0o600) == 0)
    for (name, words) in [
      ("long.yaml", "expected 1048576 at most"), ("pipe.yaml", "is no regular file"),
      ("none.yaml", "no such file"), (".", "is a folder"),
    ] {
      var read = TrainingConfiguration()
      let error = #expect(throws: ConfigurationError.self) {
        try read.read(yamlFile: scratch(name))
      }
      #expect("\(try #require(error))".contains(words), "\(name)")
    }
  }

  @Test func decimalNumbers() throws {
    for (text, seed) in [("7", 7), ("+7", 7), ("010", 10), ("'12'", 12)] {
      var read = TrainingConfiguration()
      try read.read(yaml: "seed: \(text)\nlearning-rate: +1.5E-2\n", named: "a.yaml")
      #expect(read.seed == seed && read.learningRate == 0.015)
    }
  }

  /// What a reader would follow for as long as it likes.
  @Test(arguments: [
    "data: &a x", "data: *a", "? *i\n: 1", "data: [x, *a]", "a: &a [x]\nb: [*a,*a]", "- *a",
    "&a data: x",
    "data: " + String(repeating: "[", count: 100_000), String(repeating: "- ", count: 100_000),
    "data: " + String(repeating: "{a: ", count: 100_000),
    "data: " + String(repeating: "x", count: 2 << 20),
  ])
  func aliasesAndDeepListsAreRefused(_ yaml: String) throws {
    #expect(try #require(error(reading: yaml)).hasPrefix("a.yaml"))
  }

  @Test(arguments: ["R &D/a.csv", "a, &b", "a*b", "'*a'", "\"&a\"", "x # &a"])
  func ampersandsAndStarsInTextsAreRead(_ text: String) throws {
    var read = TrainingConfiguration()
    try read.read(yaml: "data: \(text)", named: "a.yaml")
    let plain = text.components(separatedBy: " #")[0]
    #expect(read.data == plain.trimmingCharacters(in: ["'", "\""]))
  }

  @Test func everySettingSurvivesAFile() throws {
    var written = TrainingConfiguration()
    written.data = "clips \"a\": \\ é #1.csv"
    written.output = "true"
    written.model = .r2plus1d34
    written.width = 0.375
    written.network = .fixed
    written.temporalCandidates = 3
    written.channelCandidates = 1
    written.gateForm = .published
    written.gateHidden = 7
    written.frames = 16
    written.frameStride = 4
    written.size = 224
    written.augment = .none
    written.crop = .resized
    written.scaleJitter = ScaleJitter("256-320")
    written.flip = false
    written.colorJitter = ColorJitter("0.4,0.25,0")
    written.randAugment = RandAugment("3,7")
    written.dropout = 0.25
    written.labelSmoothing = 0.125
    written.mixup = 0.2
    written.cutmix = 1
    written.shuffle = .none
    written.balance = .cost
    written.maxBadClips = 0.25
    written.maxBadSteps = 2
    written.resources.dataThreads = 3
    written.resources.batch = 11
    written.epochs = 5
    written.learningRate = 3e-5
    written.warmupEpochs = 0.5
    written.momentum = 0.85
    written.weightDecay = 0
    written.costWeight = 2
    written.gateRate = 0.1
    written.motionEnergy = true
    written.targetRatio = 0.6
    written.costUnit = .seconds
    written.costTable = "t.json"
    written.costForm = .saturating
    written.costKappa = 0.2
    written.costConfidence = 0.875
    written.costPower = 1.5
    written.costRamp = 0.25
    (written.gateTemperatureStart, written.gateTemperature) = (2, 0.25)
    written.warmupShare = 0.4
    written.warmupSampling = 0.75
    written.finetuneShare = 0.1
    written.policy = .halfFrames
    written.syncBN = false
    written.syncBNRanks = 4
    written.reproducible = true
    written.compress = .bf16
    written.seed = 99
    written.initialize = "w.h5"
    written.videos = "v"
    written.resources.threads = 2
    written.stallTimeout = 12.5
    written.timeLimit = RunTimeLimit("11h")
    written.stepLimit = 6
    written.checkpointEvery = 7
    written.keepCheckpoints = 0
    written.resume = .path("runs/x/checkpoints/step-00000001.h5")
    written.evaluateEvery = 0
    written.views = .video
    written.tensorBoard = false
    written.verbosity = .verbose
    var read = TrainingConfiguration()
    try read.read(yaml: written.yaml, named: "config.yaml")
    #expect(read == written)
    // Nothing above was left at its default, so every setting took part.
    let untouched = Set(Setting.all.map(\.key)).subtracting(
      written.differences(from: TrainingConfiguration()).map(\.key))
    #expect(untouched == [])
  }

  @Test func defaultsAreValidOnceDataAndOutputAreGiven() throws {
    var configuration = TrainingConfiguration()
    #expect(
      throws: ConfigurationError(key: "data", "missing; give the label file or HDF5 clips file")
    ) {
      try configuration.validate()
    }
    configuration.data = "a"
    configuration.output = "b"
    try configuration.validate()
  }

  @Test(arguments: [
    (
      "frames: 8\nlearning-rat: 1\n",
      "a.yaml:2: learning-rat: unknown setting; did you mean learning-rate?"
    ),
    ("# c\n\nzzzzzz: 1\n", "a.yaml:3: zzzzzz: unknown setting"),
    ("batch: many", "a.yaml:1: batch: expected a whole number from 1 to 4096, found 'many'"),
    ("batch: 2.5", "a.yaml:1: batch: expected a whole number from 1 to 4096, found '2.5'"),
    ("batch: 0", "a.yaml:1: batch: expected a whole number from 1 to 4096, found '0'"),
    ("batch:", "a.yaml:1: batch: expected a whole number from 1 to 4096, found nothing"),
    (
      "batch: 99999999999999999999",
      "a.yaml:1: batch: expected a whole number from 1 to 4096, found '99999999999999999999'"
    ),
    (
      "seed: 1\nframes: [1, 2]",
      "a.yaml:2: frames: expected a whole number from 1 to 256, found a list"
    ),
    ("size: {a: 1}", "a.yaml:1: size: expected a whole number from 16 to 1024, found a mapping"),
    ("width: .nan", "a.yaml:1: width: expected a number, above 0 and at most 4, found '.nan'"),
    ("width: wide", "a.yaml:1: width: expected a number, above 0 and at most 4, found 'wide'"),
    ("network: dynamyc", "a.yaml:1: network: expected dynamic or fixed, found 'dynamyc'"),
    ("sync-bn: maybe", "a.yaml:1: sync-bn: expected true or false, found 'maybe'"),
    ("batch: 1\nbatch: 2", "a.yaml:1: batch: is set twice"),
    ("- batch\n- 8", "a.yaml:1: expected lines 'setting: value', found something else"),
    ("batch: [1", "a.yaml:2: not valid YAML: did not find expected ',' or ']'"),
  ])
  func aWrongLineIsNamed(yaml: String, message: String) {
    #expect(error(reading: yaml) == message)
  }

  /// The name that a key had before is read, and said where a person wrote it.
  @Test func aFormerKeyIsReadAndSaid() throws {
    var (notes, configuration): ([String], TrainingConfiguration) = ([], TrainingConfiguration())
    (configuration.data, configuration.output) = ("d", "o")
    try configuration.read(yaml: "batch: 2\ninitialise: w.h5", named: "a.yaml") {
      notes.append($0)
    }
    #expect(configuration.initialize == "w.h5")
    #expect(notes == ["note: a.yaml:2: initialise is now initialize"])
    #expect(configuration.yaml.contains("\ninitialize: w.h5\n"))
    #expect(!configuration.yaml.contains("initialise"))
    try configuration.read(yaml: configuration.yaml, named: "b.yaml") { notes.append($0) }
    #expect(notes.count == 1)
    #expect(
      error(reading: "initialise: a\ninitialize: b") == "a.yaml:2: initialize: is set twice")
    #expect(
      error(reading: "initialise: [1]")
        == "a.yaml:1: initialise: expected a path, found a list")
  }

  @Test func aFormerFlagIsReplacedAndSaid() {
    var notes: [String] = []
    let arguments = ["train", "--initialise", "a", "--initialise=b=c", "--batch", "1", "--"]
    let now = Setting.withCurrentFlags(arguments + ["--initialise"]) { notes.append($0) }
    #expect(
      now == [
        "train", "--initialize", "a", "--initialize=b=c", "--batch", "1", "--", "--initialise",
      ])
    #expect(notes == Array(repeating: "note: --initialise is now --initialize", count: 2))
  }

  /// A name stands for one setting, now and before.
  @Test func namesAreUnique() {
    let names = Setting.all.flatMap { [$0.key] + $0.formerKeys }
    #expect(Set(names).count == names.count)
  }

  @Test func filesThatCannotBeRead() throws {
    let scratch = try Scratch()
    var configuration = TrainingConfiguration()
    for (path, reason) in [
      (scratch("none.yaml"), "no such file"), (scratch.path, "is a folder; expected a YAML file"),
    ] {
      let error = #expect(throws: ConfigurationError.self) {
        try configuration.read(yamlFile: path)
      }
      #expect(error?.description == "\(path): \(reason)")
    }
    try configuration.read(yaml: "# nothing\n", named: "empty.yaml")
    #expect(configuration == TrainingConfiguration())
  }

  @Test func rangesOfFlagsAreChecked() throws {
    var configuration = TrainingConfiguration()
    (configuration.data, configuration.output) = ("a", "b")
    configuration.learningRate = .nan
    let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
    #expect(
      error?.description
        == "--learning-rate: expected a number, above 0 and at most 1000000000, found nan")
  }

  /// What errors and the help call a range is what it holds.
  @Test(arguments: [
    ("width", "above 0 and at most 4", [1e-300, 4], [0, 4.0.nextUp, .nan]),
    ("learning-rate", "above 0 and at most 1000000000", [1e-300, 1e9], [0, -1, 1e10, .infinity]),
    ("momentum", "0 or more and below 1", [0, 1.0.nextDown], [(-0.0).nextDown, 1]),
    ("gate-rate", "0 to 1000000000", [0, 1e9], [-1e-300, 1e10, .infinity]),
    ("cost-kappa", "0.001 to 1000", [1e-3, 1e3], [1e-3.nextDown, 1e3.nextUp]),
    ("warmup-epochs", "0 to 1000000", [0, 1e6], [-1, 1e6.nextUp]),
  ])
  func rangesOfNumbers(key: String, words: String, right: [Double], wrong: [Double]) throws {
    let setting = try #require(Setting.named(key))
    #expect(setting.range == words)
    func isValid(_ value: Double) -> Bool {
      var configuration = TrainingConfiguration()
      setting.set(value, &configuration)
      return setting.isValid(configuration)
    }
    for value in right { #expect(isValid(value), "\(value)") }
    for value in wrong { #expect(!isValid(value), "\(value)") }
  }

  @Test func remarksInRangesAreForErrors() {
    #expect(Setting.named("target-ratio")?.expected == "a number, 0 (no target) to 1")
    #expect(Setting.named("stall-timeout")?.expected == "a number, seconds, 0 or more")
    #expect(Setting.named("target-ratio")?.range == "0 to 1")
  }

  /// The network names the setting at fault; one that is no flag is said as it is.
  @Test func complaintsOfTheNetworkNameTheFlag() {
    func said(_ change: (inout NetworkConfiguration) -> Void) -> String? {
      var network = NetworkConfiguration(classes: 2, frames: 4, size: 32)
      change(&network)
      let error = #expect(throws: NetworkError.self) { try network.validate() }
      return error.map { ConfigurationError(network: $0).description }
    }
    #expect(said { $0.size = 8 } == "--size: expected between 16 and 1024 pixels, found 8")
    #expect(said { $0.frames = 257 } == "--frames: expected between 1 and 256, found 257")
    #expect(said { $0.classes = 1 } == "classes: expected at least 2, found 1")
  }

  @Test func zerosStandForWhatTheMachineHas() throws {
    let shared = Resources().resolved(share: 6)
    #expect(shared.threads == 6 && shared.dataThreads == 4 && shared.batch == 8)
    #expect(Resources().resolved(share: 2).dataThreads == 2)
    var asked = Resources()
    (asked.threads, asked.dataThreads) = (3, 7)
    #expect(asked.resolved(share: 6) == asked)
    asked.dataThreads = 257
    let error = #expect(throws: ConfigurationError.self) { try asked.validate() }
    #expect(error?.description == "--data-threads: expected 0 to 256, found 257")
  }

  @Test func editDistanceCountsEdits() {
    #expect(editDistance(Array("kitten"), Array("sitting")) == 3)
    #expect(editDistance([], Array("abc")) == 3)
    #expect(nearestName(to: "wdth", in: ["width", "batch"]) == "width")
    #expect(nearestName(to: "nothing", in: ["width", "batch"]) == nil)
  }

  @Test func coresAreSharedByTheRanksThatMayUseThem() {
    #expect(CoreMask.cores(inList: "0-3,8") == [0, 1, 2, 3, 8])
    let free = CoreMask(host: "a", cores: Set(0..<8))
    let other = CoreMask(host: "b", cores: Set(0..<8))
    #expect(CoreMask.threads([free, free, other]) == [4, 4, 8])
    let bound = [CoreMask(host: "a", cores: [0, 1]), CoreMask(host: "a", cores: [2, 3])]
    #expect(CoreMask.threads(bound) == [2, 2])
    #expect(
      CoreMask.threads(Array(repeating: CoreMask(host: "a", cores: [0]), count: 3)) == [1, 1, 1])
    #expect(CoreMask.bindingNote([free], launcher: free) == nil)
    let note = CoreMask.bindingNote(bound + [other], launcher: free) ?? ""
    #expect(note.contains("on a to 4 of 8 cores"))
    #expect(CoreMask(encoded: free.encoded) == free)
    #expect(!CoreMask.current().cores.isEmpty)
  }
}
