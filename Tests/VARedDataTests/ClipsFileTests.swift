// HDF5 files of decoded clips, read through the same windows and placements.

import CHDF5
import Foundation
import Testing

@testable import VARedData
@testable import VARedHDF5

@Suite struct ClipsFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Four clips of 6 frames of 16×16; clip n, frame t has the colour (10·n, 20·t, column).
  private func write(_ name: String, split: [UInt8]?, labels: [Int64] = [5, 2, 5, 2]) throws {
    let file = try HDF5File.create(folder.file(name))
    var bytes: [UInt8] = []
    for clip in 0..<4 {
      for frame in 0..<6 {
        for pixel in 0..<256 { bytes += [UInt8(10 * clip), UInt8(20 * frame), UInt8(pixel % 16)] }
      }
    }
    try file.write("/clips", bytes, shape: [4, 6, 16, 16, 3])
    try file.write("/labels", labels, shape: [labels.count])
    if let split { try file.write("/split", split, shape: [split.count]) }
    try file.close()
  }

  @Test func clipsComeWithLabelsAndSplits() throws {
    try write("clips.h5", split: [0, 1, 0, 0])
    let set = try Dataset.open(folder.file("clips.h5"))
    #expect(set.classes == ["2", "5"])
    #expect(set.count(.train) == 3 && set.count(.val) == 1)
    #expect(set.name(.train, 1) == "clips[2]" && set.label(.train, 1) == 1)
    #expect(set.name(.val, 0) == "clips[1]" && set.label(.val, 0) == 0)
  }

  /// libhdf5 would make 2⁶³ − 1 of each of them.
  @Test func labelsThatNoLabelCanBeAreRefused() throws {
    func write(_ labels: [UInt64]) throws {
      let file = try HDF5File.create(folder.file("clips.h5"))
      try file.write(
        "/clips", [UInt8](repeating: 3, count: 4 * 6 * 256 * 3), shape: [4, 6, 16, 16, 3])
      try file.close()
      HDF5Library.locked {
        let open = H5Fopen(folder.file("clips.h5"), UInt32(1), 0)
        let type = H5Tcopy(vared_h5t_little_int64())
        #expect(H5Tset_sign(type, H5T_SGN_NONE) >= 0)
        let space = H5Screate_simple(1, [hsize_t(4)], nil)
        let set = H5Dcreate2(open, "/labels", type, space, 0, 0, 0)
        #expect(H5Dwrite(set, type, 0, 0, 0, labels) >= 0)
        #expect(H5Dclose(set) >= 0 && H5Sclose(space) >= 0 && H5Tclose(type) >= 0)
        #expect(H5Fclose(open) >= 0)
      }
    }
    try write([1 << 40, 0, 1, 2])
    #expect(try Dataset.open(folder.file("clips.h5")).classes.last == "\(1 << 40)")
    try write([1 << 63, (1 << 63) + 1, 0, 1])
    let error = #expect(throws: DatasetError.self) { try Dataset.open(folder.file("clips.h5")) }
    #expect(error?.found.contains("/labels above") == true)
  }

  @Test func pixelsAreUnchangedAtTheirOwnSize() throws {
    try write("clips.h5", split: nil)
    let set = try Dataset.open(folder.file("clips.h5"))
    #expect(set.count(.train) == 4 && set.count(.val) == 0)
    let geometry = ClipGeometry(frames: 4, frameStride: 1, size: 16)
    var floats = [Float](repeating: .nan, count: geometry.floatCount)
    try ClipReader().read(
      set, split: .train, index: 3, view: .center, geometry: geometry, into: &floats)
    for (channel, value) in [30, 20 * (1 + 2), 7].enumerated() {
      let seen = floats[((channel * 4 + 2) * 16 + 9) * 16 + 7]
      let expected =
        (Float(value) / 255 - ClipWriter.mean[channel]) / ClipWriter.deviation[channel]
      #expect(abs(seen - expected) < 1e-6)
    }
  }

  @Test func trainAndValMayBeTwoFiles() throws {
    try write("set_train.h5", split: nil)
    try write("set_val.h5", split: nil)
    let set = try Dataset.open(folder.file("set_train.h5"))
    #expect(set.count(.train) == 4 && set.count(.val) == 4)
  }

  @Test func wrongFilesAreRefused() throws {
    func refusal(_ name: String) throws -> String {
      let path = folder.file(name)
      return try #require(throws: DatasetError.self) { try Dataset.open(path) }.found
    }
    try write("few.h5", split: nil, labels: [1, 2])
    #expect(try refusal("few.h5") == "2 labels for 4 clips")
    try write("split.h5", split: [0, 1, 2, 0])
    #expect(try refusal("split.h5").contains("/split"))
    let file = try HDF5File.create(folder.file("other.h5"))
    try file.write("/labels", [Int64(1)], shape: [1])
    try file.close()
    #expect(try refusal("other.h5") == "no /clips")
    try Data([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3])
      .write(to: URL(fileURLWithPath: folder.file("cut.h5")))
    #expect(try refusal("cut.h5").contains("cannot open"))
  }
}
