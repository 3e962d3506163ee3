// Prepared sets: what is read from shards is what the videos show, and damage is found.

import Foundation
import Testing
import VARedHDF5

@testable import VARedData

@Suite struct PreparedSetTests {
  private let views: [View] = [
    .center, .window(index: 2, of: 3, crop: 1, crops: 3),
    .train(seed: 3, augment: .standard), .train(seed: 4, augment: .standard),
    .train(seed: 5, augment: nil),
  ]
  private let geometry = ClipGeometry(frames: 5, frameStride: 3, size: 24)

  private static var raw: PreparationOptions {
    var options = PreparationOptions()
    options.framesFormat = .raw
    options.shortSide = 0
    return options
  }

  @Test func rawShardsShowWhatTheVideosShowToTheBit() throws {
    let sets = try PreparedSets()
    let videos = try Dataset.open(sets.list)
    let stored = try sets.prepare(Self.raw, in: "raw")
    #expect(stored.classes == videos.classes)
    for split in Split.allCases {
      #expect(stored.count(split) == videos.count(split))
      for index in 0..<videos.count(split) {
        #expect(stored.name(split, index) == videos.name(split, index))
        #expect(stored.label(split, index) == videos.label(split, index))
        for view in views {
          let expected = try PreparedSets.floats(videos, split, index, view, geometry)
          let found = try PreparedSets.floats(stored, split, index, view, geometry)
          #expect(found == expected, "\(videos.name(split, index)), \(view)")
        }
      }
    }
  }

  @Test func jpegShardsShowNearlyTheSame() throws {
    let sets = try PreparedSets()
    let videos = try Dataset.open(sets.list)
    var options = PreparationOptions()
    options.shortSide = 30
    options.quality = 95
    let stored = try sets.prepare(options, in: "jpeg")
    for split in Split.allCases {
      for index in 0..<videos.count(split) {
        let expected = try PreparedSets.floats(videos, split, index, .center, geometry)
        let found = try PreparedSets.floats(stored, split, index, .center, geometry)
        let off = zip(expected, found).map { abs($0 - $1) }
        // A grey level is 0.017.
        #expect(off.reduce(0, +) / Float(off.count) < 0.06, "\(videos.name(split, index))")
        // The mean red of a frame is 0.086 from that of the frame beside it.
        let plane = geometry.size * geometry.size
        for frame in 0..<geometry.frames {
          let range = (frame * plane)..<((frame + 1) * plane)
          let reds = [expected, found].map { $0[range].reduce(0, +) / Float(plane) }
          #expect(abs(reds[0] - reds[1]) < 0.03, "\(videos.name(split, index)), frame \(frame)")
        }
      }
    }
  }

  @Test func theIndexSaysWhatIsThere() throws {
    let sets = try PreparedSets(bad: true)
    var options = PreparationOptions()
    options.shardMegabytes = 0.02
    let stored = try sets.prepare(options, in: "set")
    #expect(stored.count(.train) == 4 && stored.count(.val) == 2)
    let index = try String(contentsOfFile: sets.folder.file("set/index.csv"), encoding: .utf8)
    let lines = index.split(separator: "\n")
    #expect(lines[0] == "path,label,split,frames,fps,duration,shard,row,checksum,bytes")
    #expect(lines[1].hasPrefix("v/reordered.mp4,run,train,20,25,0.8,0,0,"))
    #expect(lines[2].hasPrefix("\"v/variable, \"\"odd\"\" name.mkv\",\"jump, high\",train,20,"))
    let manifest = try #require(try PreparedManifest.read(folder: sets.folder.file("set")))
    #expect(manifest.isComplete && manifest.shards > 2)
    #expect(manifest.counts?.bad == 2 && manifest.counts?.frames == 103)
    let table = try CSVTable(TextFile(path: sets.folder.file("set/index.csv")), delimiter: ",")
    for fields in table.rows.dropFirst().map(\.fields) {
      let shard = try HDF5File.open(sets.folder.file("set/shard-0000\(fields[6]).h5"))
      let clips = try shard.read("/clips", as: Int64.self)
      let row = try #require(Int(fields[7]))
      let first = Int(clips.values[row * 5])
      let count = Int(clips.values[row * 5 + 1])
      let frames = try shard.read("/frames", as: Int64.self).values
      let last = first + count - 1
      let range = Int(frames[first * 5])..<Int(frames[last * 5] + frames[last * 5 + 1])
      #expect("\(count)" == fields[3] && "\(range.count)" == fields[9])
      let bytes = try shard.read("/data", as: UInt8.self).values[range]
      #expect(CRC32.of(bytes) == UInt32(fields[8]))
      #expect(Array(bytes.prefix(3)) == [0xFF, 0xD8, 0xFF])
    }
    let bad = try String(contentsOfFile: sets.folder.file("set/bad-clips.csv"), encoding: .utf8)
      .split(separator: "\n")
    try #require(bad.count == 3 && bad[0] == "path,reason,split")
    #expect(bad[1].hasPrefix("v/broken.mp4,") && bad[1].hasSuffix(",train"))
    #expect(bad[2] == "v/empty.mp4,an empty file,val")
  }

  @Test func theSameVideosMakeTheSameBytes() throws {
    let sets = try PreparedSets()
    try sets.prepare(PreparationOptions(), in: "a")
    try sets.prepare(PreparationOptions(), in: "b")
    for name in try FileManager.default.contentsOfDirectory(atPath: sets.folder.file("a")) {
      let (a, b) = (sets.folder.file("a/" + name), sets.folder.file("b/" + name))
      #expect(FileManager.default.contentsEqual(atPath: a, andPath: b), "\(name)")
    }
  }

  @Test func aDamagedFrameMakesABadClip() throws {
    let sets = try PreparedSets()
    let stored = try sets.prepare(Self.raw, in: "set")
    let path = sets.folder.file("set/shard-00000.h5")
    let shard = try ShardFile(path: path)
    let (_, frames) = try shard.clip(1)
    let place = shard.header.place(.data).extent.offset + frames[0].offset + 7
    try flipByte(of: path, at: place)
    let loader = ClipLoader(
      dataset: stored, split: .train,
      geometry: ClipGeometry(frames: 20, frameStride: 1, size: 24),
      batches: [[0, 1]], view: { _ in .center }, threads: 1, ahead: 1)
    let batch = try #require(try loader.next())
    #expect(batch.bad.map(\.index) == [1])
    #expect(
      batch.bad.first?.reason
        == "shard-00000.h5: frame 0 of the clip does not match its checksum")
  }

  /// Wherever a byte is changed, reading gives the same floats or says what is wrong.
  @Test func noDamageGoesUnseen() throws {
    let sets = try PreparedSets()
    var options = PreparationOptions()
    options.shortSide = 16
    let stored = try sets.prepare(options, in: "set")
    let path = sets.folder.file("set/shard-00000.h5")
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    let expected = try PreparedSets.floats(stored, .train, 1, .center, geometry)
    var random = SplitMix64(seed: 5)
    var found = 0
    for _ in 0..<300 {
      let place = random.below(whole.count)
      try flipByte(of: path, at: place)
      do {
        #expect(try PreparedSets.floats(stored, .train, 1, .center, geometry) == expected)
      } catch let error as DatasetError {
        #expect(error.found.hasPrefix("shard-00000.h5: "))
        found += 1
      }
      try whole.write(to: URL(fileURLWithPath: path))
    }
    #expect(found > 10)
    for count in [0, 100, 5000, whole.count / 2, whole.count - 1000] {
      try whole.prefix(count).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: DatasetError.self, "\(count) bytes") {
        for clip in 0..<4 {
          _ = try PreparedSets.floats(stored, .train, clip, .center, geometry)
        }
      }
      #expect(error?.found.hasPrefix("shard-00000.h5: a file that is") == true)
    }
  }

  @Test func shardsOfOtherSetsAreRefused() throws {
    let sets = try PreparedSets()
    let stored = try sets.prepare(PreparationOptions(), in: "set")
    try sets.prepare(Self.raw, in: "other")
    let path = sets.folder.file("set/shard-00000.h5")
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(atPath: sets.folder.file("other/shard-00000.h5"), toPath: path)
    let error = #expect(throws: DatasetError.self) {
      try PreparedSets.floats(stored, .train, 0, .center, geometry)
    }
    #expect(error?.found == "shard-00000.h5: a shard of another set")
  }

  @Test func missingShardsAndUnfinishedSetsAreRefusedAtTheStart() throws {
    let sets = try PreparedSets()
    try sets.prepare(PreparationOptions(), in: "set")
    let folder = sets.folder.file("set")
    for name in ["", "/manifest.json", "/index.csv"] { _ = try Dataset.open(folder + name) }
    var manifest = try #require(try PreparedManifest.read(folder: folder))
    manifest.isComplete = false
    try sets.folder.write(try manifest.text, to: "set/manifest.json")
    #expect(throws: DatasetError.self) { try Dataset.open(folder) }
    manifest.isComplete = true
    try sets.folder.write(try manifest.text, to: "set/manifest.json")
    try FileManager.default.removeItem(atPath: folder + "/shard-00001.h5")
    let error = #expect(throws: DatasetError.self) { try Dataset.open(folder) }
    #expect(error?.found == "shard-00001.h5 missing")
    try sets.folder.write("{\"format\": \"something\", \"version\": 7}", to: "set/manifest.json")
    #expect(throws: DatasetError.self) { try Dataset.open(folder) }
  }

  @Test func aPoolKeepsSoManyShardsOpen() throws {
    let sets = try PreparedSets()
    var options = PreparationOptions()
    options.shardMegabytes = 0.001
    let stored = try sets.prepare(options, in: "set")
    let pool = ShardPool(limit: 2)
    let reader = ClipReader(limits: VideoLimits(), shards: pool) { false }
    for index in [0, 1, 2, 3, 2, 1, 0] {
      var floats = [Float](repeating: .nan, count: geometry.floatCount)
      try reader.read(
        stored, split: .train, index: index, view: .center, geometry: geometry, into: &floats)
      #expect(pool.count <= 2 && floats.allSatisfy(\.isFinite))
    }
  }

  private func flipByte(of path: String, at place: Int) throws {
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try file.seek(toOffset: UInt64(place))
    let byte = try #require(try file.read(upToCount: 1)?.first)
    try file.seek(toOffset: UInt64(place))
    try file.write(contentsOf: Data([byte ^ 0x10]))
    try file.close()
  }
}
