// Checkpoints: everything comes back, damage is found, other architectures are refused by name.

import Foundation
import Testing
import TrainingTestSupport
import VARedData
import VARedHDF5
import VARedNN

@testable import VARedTraining

@Suite struct CheckpointTests {
  let scratch: Scratch

  private let costMemory: CostController.Memory

  init() throws {
    scratch = try Scratch()
    costMemory = try #require(
      CostController.Memory(stored: [1.0 / 7, 1.0 / 9, 1.0 / 11], unit: .macs))
  }

  private func settings(width: Double = 0.125) -> TrainingConfiguration {
    var settings = TrainingConfiguration()
    settings.data = "d.csv"
    settings.output = "out"
    settings.width = width
    settings.frames = 2
    settings.size = 16
    settings.gateHidden = 4
    return settings
  }

  private func network(_ settings: TrainingConfiguration, seed: UInt64 = 1) throws -> VideoNetwork {
    try VideoNetwork(settings.networkConfiguration(classes: 2), batch: 1, seed: seed, threads: 1)
  }

  /// Writes a checkpoint of `network` with a momentum that counts.
  private func write(
    _ name: String, _ network: VideoNetwork, _ settings: TrainingConfiguration, step: Int = 12,
    classes: [String] = ["run", "walk"]
  ) throws {
    let optimizer = SGD(network.parameters, gateRate: 1)
    for entry in network.parameters.entries {
      let count = entry.shape.reduce(1, *)
      network.parameters.setLogical(
        entry, in: optimizer.momentumBuffer, (0..<count).map { Float($0) + 0.5 })
    }
    var totals = EpochTotals()
    totals.loss = 1.0 / 3
    let header = CheckpointHeader(
      position: TrainingPosition(step: step, epoch: 3, epochStep: 2), stage: .joint,
      costMemory: costMemory, ranks: 2,
      configuration: settings, classes: classes)
    let memory = SnapshotMemory(network.parameters)
    try CheckpointSnapshot(
      header, network.parameters, momentum: optimizer.momentumBuffer, totals: totals, into: memory
    ).write(scratch(name))
  }

  @Test func everythingComesBack() throws {
    let settings = settings()
    let source = try network(settings)
    for buffer in source.parameters.buffers {
      source.parameters.setBuffer(buffer, (0..<buffer.shape[0]).map { Float($0) * 0.25 })
    }
    try write("a.h5", source, settings)
    let checkpoint = try Checkpoint.read(scratch("a.h5"))
    #expect(checkpoint.header.position == TrainingPosition(step: 12, epoch: 3, epochStep: 2))
    #expect(checkpoint.header.seed == 1 && checkpoint.header.ranks == 2)
    #expect(checkpoint.header.stage == .joint)
    #expect(checkpoint.header.costMemory == costMemory)
    #expect(checkpoint.header.configuration == settings)
    #expect(checkpoint.header.classes == ["run", "walk"])
    #expect(checkpoint.totals.loss == 1.0 / 3)

    let target = try network(settings, seed: 2)
    let optimizer = SGD(target.parameters, gateRate: 1)
    #expect(!target.parameters.values.elementsEqual(source.parameters.values))
    try checkpoint.restore(
      into: target.parameters, momentum: optimizer.momentumBuffer, configuration: settings)
    #expect(target.parameters.values.elementsEqual(source.parameters.values))
    #expect(target.parameters.bufferValues.elementsEqual(source.parameters.bufferValues))
    for entry in target.parameters.entries {
      let moment = target.parameters.logical(entry, of: optimizer.momentumBuffer)
      #expect(moment == moment.indices.map { Float($0) + 0.5 }, "\(entry.name)")
    }
  }

  @Test func layoutIsTheDocumentedOne() throws {
    try write("a.h5", try network(settings()), settings())
    let file = try HDF5File.open(scratch("a.h5"))
    #expect(try file.attribute("format_version") == 3)
    #expect(try file.attribute("stage") == "joint")
    #expect(try file.shape("/training/cost_steering") == [3])
    #expect(try file.attribute("step") == 12)
    #expect(try file.attribute("epoch") == 3)
    #expect(try file.attribute("seed") == 1)
    #expect(try file.text("/training/config").contains("width: 0.125\n"))
    #expect(try file.text("/training/classes") == "[\"run\",\"walk\"]")
    #expect(try file.shape("/model/stem.0.weight") == [6, 3, 1, 7, 7])
    #expect(try file.shape("/model/fc.weight") == [2, 64])
    #expect(try file.shape("/model/stem.1.running_var") == [6])
    #expect(try file.shape("/model/layer1.0.conv1.0.0.gate.fc2.weight").last == 4)
    #expect(try file.shape("/optimizer/momentum/stem.0.weight") == [6, 3, 1, 7, 7])
    #expect(!file.exists("/optimizer/momentum/stem.1.running_var"))
  }

  @Test func damageAnywhereIsFoundAndTheOneBeforeIsTaken() throws {
    let settings = settings()
    let source = try network(settings)
    let folder = CheckpointFolder(path: scratch.path)
    for step in [5, 10] {
      try write("step-\(step == 5 ? "00000005" : "00000010").h5", source, settings, step: step)
    }
    let newest = folder.file(step: 10)
    let whole = try Data(contentsOf: URL(fileURLWithPath: newest))
    #expect(try folder.newestWhole { _ in }?.header.position.step == 10)
    for damage in [whole.count / 3, whole.count / 2, whole.count - 50_000] {
      var bytes = whole
      for offset in 0..<64 { bytes[damage + offset] ^= 0x55 }
      try bytes.write(to: URL(fileURLWithPath: newest))
      var warnings: [String] = []
      let found = try folder.newestWhole { warnings.append($0) }
      #expect(found?.header.position.step == 5, "damage at \(damage)")
      #expect(warnings.count == 1 && warnings[0].contains("step-00000010.h5"))
    }
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: newest))
    #expect(try folder.newestWhole { _ in }?.header.position.step == 5)
    truncate(folder.file(step: 5), 0)
    let error = #expect(throws: FileError.self) { try folder.newestWhole { _ in } }
    #expect(error?.message.contains("none of its 2 checkpoints can be read") == true)
  }

  /// A file that somebody renamed counts as what is in it, and is never set aside for its name.
  @Test func whatACheckpointIsOfItSaysItself() throws {
    let settings = settings()
    let source = try network(settings)
    let folder = CheckpointFolder(path: scratch.path)
    try write("step-00000099.h5", source, settings, step: 7)
    var notes: [String] = []
    try folder.tidy(after: try folder.newest { notes.append($0) }) { notes.append($0) }
    #expect(folder.steps() == [7] && notes.count == 1 && notes[0].contains("is of step 7"))
    // Newer by its name, older by what it says: the run goes on from the latest step.
    rename(folder.file(step: 7), folder.file(step: 50))
    try write("step-00000014.h5", source, settings, step: 14)
    let found = try folder.newest { notes.append($0) }
    #expect(found.checkpoint?.header.position.step == 14 && found.unusable.isEmpty)
    try folder.tidy(after: found) { notes.append($0) }
    #expect(folder.steps() == [50, 14] && notes.count == 1)
  }

  /// What is read from a header is held against what it can be.
  @Test func numbersOfAHeaderAreChecked() throws {
    let settings = settings()
    func problem(_ position: TrainingPosition, ranks: Int = 1, totals: Double = 0) throws -> String
    {
      let header = CheckpointHeader(
        position: position, stage: .joint, costMemory: costMemory, ranks: ranks,
        configuration: settings, classes: ["a"])
      let sealed = try SealedFile(scratch("odd.h5"))
      try header.write(to: sealed.file)
      try sealed.file.write("/training/epoch_totals", [totals, 0, 0, 0, 0, 0, 0], shape: [7])
      try sealed.add("/model/x", shape: [1]) { [0] }
      try sealed.add("/optimizer/momentum/x", shape: [1]) { [0] }
      try sealed.write(to: scratch("odd.h5"))
      do {
        _ = try Checkpoint.read(scratch("odd.h5"))
        return ""
      } catch let error as FileError {
        return error.message
      }
    }
    #expect(try problem(TrainingPosition(step: 1, epoch: 1, epochStep: 1)) == "")
    for (position, name) in [
      (TrainingPosition(step: -1, epoch: 0, epochStep: 0), "step"),
      (TrainingPosition(step: Int.max, epoch: 0, epochStep: 0), "step"),
      (TrainingPosition(step: 0, epoch: Int.min, epochStep: 0), "epoch"),
      (TrainingPosition(step: 0, epoch: 0, epochStep: Int.max), "epoch_step"),
    ] {
      #expect(try problem(position).hasPrefix("attribute \(name): expected 0 to "))
    }
    let start = TrainingPosition()
    #expect(try problem(start, ranks: 0).hasPrefix("attribute ranks: expected 1 to "))
    // Each within its range, and the product is not.
    let far = TrainingPosition(step: 0, epoch: 0, epochStep: 1 << 39)
    #expect(try problem(far, ranks: 1 << 24).contains("expected steps of an epoch, found"))
    for totals in [Double.nan, -1, 1e300] {
      #expect(try problem(start, totals: totals).contains("expected seven finite sums"))
    }
  }

  @Test func anUnsealedCheckpointIsRefused() throws {
    try write("a.h5", try network(settings()), settings())
    let file = try HDF5File.open(scratch("a.h5"))
    let plain = try HDF5File.create(scratch("plain.h5"))
    for name in ["step", "epoch", "epoch_step", "format_version"] {
      let value: Int = try file.attribute(name)
      try plain.setAttribute(name, value)
    }
    try plain.close()
    let error = #expect(throws: FileError.self) { try Checkpoint.read(scratch("plain.h5")) }
    #expect(error?.message.contains("has no checksum") == true)
  }

  /// Every string that a class, a path or a label may be.
  @Test(arguments: OddTexts.all) func everyStringComesBack(_ text: String) throws {
    var settings = settings()
    (settings.data, settings.output, settings.videos) = (text, text + "x", "x" + text)
    var read = TrainingConfiguration()
    try read.read(yaml: settings.yaml, named: "a.yaml")
    #expect(read == settings)
    try write("a.h5", try network(self.settings()), settings, classes: [text, "b" + text])
    let header = try Checkpoint.read(scratch("a.h5")).header
    #expect(header.classes == [text, "b" + text] && header.configuration == settings)
    var line = JSONLine()
    line.add("text", text)
    let object = try JSONSerialization.jsonObject(with: Data(line.text.utf8)) as? [String: String]
    #expect(object?["text"].map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
    #expect(!line.text.utf8.contains(0x0A) && !line.text.utf8.contains(0x0D))
  }

  /// 200 flips and cuts at random places: none is taken for what was written.
  @Test func noDamageIsAccepted() throws {
    try write("a.h5", try network(settings()), settings())
    #expect(CheckpointVerification([scratch("a.h5")]).badCount == 0)
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch("a.h5"))))
    var random = SplitMix64(mixing: 1, 2)
    for trial in 0..<200 {
      var bytes = whole
      let place = random.below(whole.count)
      switch trial % 3 {
      case 0: bytes[place] ^= UInt8(1 << random.below(8))
      case 1: bytes.removeSubrange(place...)
      default: bytes.removeSubrange(place..<min(whole.count, place + 1 + random.below(64)))
      }
      try Data(bytes).write(to: URL(fileURLWithPath: scratch("b.h5")))
      let found = CheckpointVerification([scratch("b.h5")])
      #expect(found.badCount == 1, "trial \(trial) at \(place): \(found.lines)")
    }
    let both = CheckpointVerification([scratch("a.h5"), scratch("b.h5"), scratch("none.h5")])
    #expect(both.badCount == 2 && both.lines.count == 3 && both.lines[0].contains(": good (step"))
  }

  @Test func anotherArchitectureIsExplained() throws {
    try write("a.h5", try network(settings()), settings())
    let checkpoint = try Checkpoint.read(scratch("a.h5"))
    let wider = settings(width: 0.25)
    let target = try network(wider)
    let before = Array(target.parameters.values)
    let error = #expect(throws: FileError.self) {
      try checkpoint.restore(into: target.parameters, configuration: wider)
    }
    let message = error?.description ?? ""
    #expect(message.contains("--width is 0.125 in the checkpoint, 0.25 here"))
    #expect(message.contains("fc.weight is [2, 64] in the checkpoint, [2, 128] here"))
    #expect(target.parameters.values.elementsEqual(before))

    var fixed = settings()
    fixed.network = .fixed
    let plain = try network(fixed)
    let second = #expect(throws: FileError.self) {
      try checkpoint.restore(into: plain.parameters, configuration: fixed)
    }
    #expect(
      second?.description.contains("--network is dynamic in the checkpoint, fixed here") == true)

    var published = settings()
    published.gateForm = .published
    #expect(throws: FileError.self) {
      try checkpoint.restore(into: try network(settings()).parameters, configuration: published)
    }
  }

  @Test func initialWeightsAreTakenByName() throws {
    var fixedSettings = settings()
    fixedSettings.network = .fixed
    let fixed = try network(fixedSettings, seed: 5)
    try write("fixed.h5", fixed, fixedSettings)
    let target = try network(settings(), seed: 6)
    let report = try InitialWeights.load(scratch("fixed.h5"), into: target.parameters)
    let weights = { (network: VideoNetwork, name: String) -> [Float] in
      network.parameters.entries.filter { $0.name == name }.flatMap {
        network.parameters.logical($0, of: network.parameters.values)
      }
    }
    let name = "layer1.0.conv1.0.0.weight"
    #expect(weights(target, name) == weights(fixed, name) && !weights(fixed, name).isEmpty)
    #expect(report.otherShape == [])
    #expect(report.notFound.contains("\(name.dropLast(7)).gate.fc1.weight"))
    #expect(report.notFound.allSatisfy { $0.contains(".gate.") || $0.contains(".phi_") })

    let plain = try HDF5File.create(scratch("plain.h5"))
    try plain.write("/fc.bias", [3, 4] as [Float], shape: [2])
    try plain.write("/fc.weight", [Float](repeating: 0, count: 6), shape: [3, 2])
    try plain.close()
    let partial = try InitialWeights.load(scratch("plain.h5"), into: target.parameters)
    #expect(partial.loaded == ["fc.bias"] && partial.otherShape == ["fc.weight"])
    #expect(weights(target, "fc.bias") == [3, 4])

    let other = try HDF5File.create(scratch("other.h5"))
    try other.write("/x", [3, 4] as [Float], shape: [2])
    try other.close()
    #expect(throws: FileError.self) {
      try InitialWeights.load(scratch("other.h5"), into: target.parameters)
    }
  }

  /// A state with the names of PyTorchVideo's X3D, as the reference has it, is taken whole.
  @Test func weightsOfX3DAreTakenByTheirPublicNames() throws {
    var configuration = NetworkConfiguration(classes: 8, frames: 4, size: 64)
    (configuration.architecture, configuration.width) = (.x3dM, 0.125)
    let network = try VideoNetwork(configuration, batch: 1, seed: 1, threads: 1)
    let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("VARedNNTests/Golden/network-x3d.h5").path
    let report = try InitialWeights.load(golden, into: network.parameters)
    #expect(report.notFound == [] && report.otherShape == [])
    let parameters = network.parameters
    #expect(report.loaded.count == parameters.entries.count + parameters.buffers.count)
    let file = try HDF5File.open(golden)
    for entry in parameters.entries {
      let values = try file.read("/model/\(entry.name)", as: Float.self).values
      #expect(parameters.logical(entry, of: parameters.values) == values, "\(entry.name)")
    }
  }

  @Test func onlyTheNewestAndTheBestAreKept() throws {
    let folder = CheckpointFolder(path: scratch.path)
    for step in stride(from: 10, through: 60, by: 10) {
      try scratch.write("step-000000\(step).h5", "")
    }
    try scratch.write("step-00000070.h5.partial", "")
    try scratch.write("notes.txt", "")
    folder.prune(keep: 2, always: [20])
    #expect(folder.steps() == [60, 50, 20])
    folder.prune(keep: 0, always: [])
    #expect(folder.steps() == [60, 50, 20])
    folder.removePartial()
    #expect(!scratch.exists("step-00000070.h5.partial") && scratch.exists("notes.txt"))
    let unusable = [(file: folder.file(step: 60), reason: "damaged")]
    try folder.tidy(after: CheckpointFolder.Search(unusable: unusable)) { _ in }
    #expect(folder.steps() == [50, 20] && scratch.exists("step-00000060.h5.damaged"))
    #expect(folder.file(step: 123_456_789).hasSuffix("/step-123456789.h5"))
  }

  /// In other digits, and where what was set aside before has the name.
  @Test func namesAreThoseThatWereRead() throws {
    let settings = settings()
    let source = try network(settings)
    let folder = CheckpointFolder(path: scratch.path)
    try write("step-00000004.h5", source, settings, step: 4)
    try write("step-6.h5", source, settings, step: 6)
    for name in ["step-+8.h5", "step--9.h5", "step-.h5", "step-0x9.h5", "step-\u{0661}.h5"] {
      try scratch.write(name, "")
    }
    #expect(folder.entries().map(\.path) == [scratch("step-6.h5"), folder.file(step: 4)])
    #expect(try Checkpoint.find(scratch.path).header.position.step == 6)
    #expect(Checkpoint.files(scratch.path) == folder.entries().map(\.path))
    try folder.tidy(after: try folder.newest { _ in }) { _ in }
    #expect(folder.entries().first?.path == folder.file(step: 6))

    for text in ["first", "second", "third"] {
      try scratch.write("step-00000009.h5", text)
      var warnings: [String] = []
      let found = try folder.newest { warnings.append($0) }
      #expect(found.checkpoint?.header.position.step == 6 && warnings.count == 1)
      try folder.tidy(after: found) { _ in }
    }
    let aside = ["", ".2", ".3"].map { "step-00000009.h5.damaged\($0)" }
    #expect(folder.namesSetAside() == aside)
    #expect(try aside.map(scratch.text) == ["first", "second", "third"])
  }

  @Test func aFailedWriteLeavesTheOldFile() throws {
    try scratch.write("a.txt", "old")
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try AtomicFile.write(scratch("a.txt")) { temporary in
        try "new".write(toFile: temporary, atomically: false, encoding: .utf8)
        throw Stop()
      }
    }
    #expect(try scratch.text("a.txt") == "old")
    #expect(!scratch.exists("a.txt.partial"))
    let error = #expect(throws: FileError.self) {
      try AtomicFile.write(scratch("no/a.txt"), text: "x")
    }
    #expect(error?.message == "cannot be written: No such file or directory")
  }
}
