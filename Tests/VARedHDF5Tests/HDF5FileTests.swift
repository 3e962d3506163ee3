// The HDF5 door: round trips, rows, attributes, and what it says about bad files.

import Foundation
import Testing
import VARedHDF5

/// A fresh folder, removed when the test ends.
final class Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "vared-hdf5-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { path + "/" + name }
}

@Suite struct HDF5FileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func everyElementTypeSurvives() throws {
    let file = try HDF5File.create(scratch("a.h5"))
    try file.write("/f", [1.5, -2.25, 3] as [Float], shape: [3, 1])
    try file.write("/deep/group/d", [0.1] as [Double], shape: [])
    try file.write("/i", [Int32.min, 7] as [Int32], shape: [2])
    try file.write("/l", [Int64.max] as [Int64], shape: [1])
    try file.write("/u", [0, 255] as [UInt8], shape: [1, 2])
    try file.write("/none", [Float](), shape: [0, 4])
    try file.close(synchronize: true)

    let read = try HDF5File.open(scratch("a.h5"))
    #expect(try read.read("/f", as: Float.self).values == [1.5, -2.25, 3])
    #expect(try read.read("/f", as: Float.self).shape == [3, 1])
    #expect(try read.read("/deep/group/d", as: Double.self) == ([0.1], []))
    #expect(try read.read("/i", as: Int64.self).values == [Int64(Int32.min), 7])
    #expect(try read.read("/l", as: Int64.self).values == [Int64.max])
    #expect(try read.read("/u", as: UInt8.self).values == [0, 255])
    #expect(try read.read("/none", as: Float.self) == ([], [0, 4]))
    #expect(try read.names(in: "/") == ["deep", "f", "i", "l", "none", "u"])
    #expect(try read.holdsIntegers("/u"))
    #expect(try !read.holdsIntegers("/f"))
    #expect(read.exists("/deep/group") && !read.exists("/deep/nothing/d"))
  }

  @Test func rowsAreSlabsOfTheFirstAxis() throws {
    let file = try HDF5File.create(scratch("rows.h5"))
    try file.createDataset("/x", of: Float.self, shape: [4, 3])
    try file.writeRows("/x", 1..<3, from: [1, 2, 3, 4, 5, 6] as [Float])
    try file.close()
    let read = try HDF5File.open(scratch("rows.h5"))
    var rows = [Float](repeating: -1, count: 6)
    try read.readRows("/x", 2..<4, into: &rows)
    #expect(rows == [4, 5, 6, 0, 0, 0])
    let error = #expect(throws: HDF5Error.self) { try read.readRows("/x", 3..<5, into: &rows) }
    #expect(error?.message == "/x has 4 rows; asked for rows 3..<5")
    let crowded = #expect(throws: HDF5Error.self) { try read.readRows("/x", 0..<3, into: &rows) }
    #expect(crowded?.message == "rows 0..<3 of /x hold 9 values; there is room for 6")
  }

  @Test func attributesAreStringsAndIntegers() throws {
    let file = try HDF5File.create(scratch("attributes.h5"))
    try file.setAttribute("config", "width: 0.5\nname: é\n")
    try file.setAttribute("step", 12_345_678_901)
    try file.setAttribute("empty", "")
    let long = String(repeating: "class\n", count: 20_000)
    try file.setAttribute("long", long)
    try file.close()
    let read = try HDF5File.open(scratch("attributes.h5"))
    #expect(try read.attribute("config") == "width: 0.5\nname: é\n")
    #expect(try read.attribute("step") == 12_345_678_901)
    #expect(try read.attribute("empty") == "")
    #expect(try read.attribute("long") == long)
    #expect(throws: HDF5Error.self) { let _: Int = try read.attribute("config") }
    #expect(throws: HDF5Error.self) { let _: String = try read.attribute("seed") }
  }

  @Test func floatsAreNotReadAsIntegers() throws {
    let file = try HDF5File.create(scratch("kinds.h5"))
    try file.write("/clips", [0.5] as [Float], shape: [1])
    let error = #expect(throws: HDF5Error.self) { try file.read("/clips", as: UInt8.self) }
    #expect(error?.message == "/clips holds floats; expected integers (uint8)")
    try file.close()
    #expect(throws: HDF5Error.self) { try file.read("/clips", as: Float.self) }
  }

  @Test func badFilesAreNamedWithTheReason() throws {
    try "not hdf5 at all".write(toFile: scratch("text.h5"), atomically: true, encoding: .utf8)
    let file = try HDF5File.create(scratch("cut.h5"))
    try file.write("/x", [Float](repeating: 1, count: 10_000), shape: [10_000])
    try file.close()
    truncate(scratch("cut.h5"), 20_000)
    for (path, reason) in [
      (scratch("missing.h5"), "cannot open: No such file or directory"),
      (scratch.path, "is a folder; expected an HDF5 file"),
      (scratch("text.h5"), "cannot open: not an HDF5 file"),
      (scratch("cut.h5"), "cannot open: the file is truncated"),
    ] {
      let error = #expect(throws: HDF5Error.self) { try HDF5File.open(path) }
      #expect(error?.description == "\(path): \(reason)")
    }
    let error = #expect(throws: HDF5Error.self) { try HDF5File.create(scratch("no/folder.h5")) }
    #expect(error?.message == "cannot create: No such file or directory")
  }

  @Test func damageAnywhereBreaksTheSeal() throws {
    let path = scratch("sealed.h5")
    let file = try SealedFile(path)
    try file.file.setAttribute("name", "value")
    try file.add("/group/x", shape: [7, 143]) { (0..<1_001).map(Float.init) }
    try file.file.write("/y", [3, 4] as [Double], shape: [2])
    try file.add("/z", shape: [1]) { [5] }
    try file.write(to: path)
    let sealed = try HDF5File.open(path, checkingSeal: true)
    let x = try sealed.read("/group/x", as: Float.self)
    #expect(x.shape == [7, 143] && x.values == (0..<1_001).map(Float.init))
    #expect(try sealed.read("/y", as: Double.self).values == [3, 4])
    #expect(try sealed.read("/z", as: Float.self).values == [5])
    #expect(try sealed.attribute("name") == "value")
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for place in stride(from: 3, to: whole.count, by: 97) {
      var bytes = whole
      bytes[place] ^= 0x10
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(throws: HDF5Error.self, "byte \(place)") {
        try HDF5File.open(path, checkingSeal: true)
      }
    }
    // The signs of two floats, the top bits of two words: see FileSeal.Algorithm.
    for (first, second) in [(0, 1), (3, 40), (17, 18)] {
      var bytes = whole
      for word in [first, second] { bytes[FileSeal.blockBytes + 8 * word + 7] ^= 0x80 }
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(throws: HDF5Error.self, "words \(first) and \(second)") {
        try HDF5File.open(path, checkingSeal: true)
      }
    }
    for length in [0, 100, 512, whole.count / 2, whole.count - 1] {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      #expect(throws: HDF5Error.self) { try HDF5File.open(path, checkingSeal: true) }
    }
    try (whole + [0]).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: HDF5Error.self) {
      try HDF5File.open(path, checkingSeal: true)
    }
    #expect(
      error?.message == "does not match its checksum: damaged, or changed by another program")
  }

  @Test func aFileWithoutASealPasses() throws {
    let file = try HDF5File.create(scratch("plain.h5"))
    try file.write("/x", [1] as [Float], shape: [1])
    try file.close()
    #expect(try HDF5File.open(scratch("plain.h5"), checkingSeal: true).exists("/x"))
  }

  @Test func fullDiskIsSaid() throws {
    let error = #expect(throws: HDF5Error.self) {
      let file = try HDF5File.create("/dev/full")
      try file.write("/x", [Float](repeating: 1, count: 100_000), shape: [100_000])
      try file.close()
    }
    #expect(error?.message.contains("No space left on device") == true)
  }

  @Test func threadsMayShareAFile() async throws {
    let file = try HDF5File.create(scratch("shared.h5"))
    try file.write("/x", (0..<1000).map { Float($0) }, shape: [1000, 1])
    try file.close()
    let read = try HDF5File.open(scratch("shared.h5"))
    let sums = try await withThrowingTaskGroup(of: Float.self) { group in
      for start in 0..<8 {
        group.addTask {
          var rows = [Float](repeating: 0, count: 100)
          for _ in 0..<50 { try read.readRows("/x", start..<(start + 100), into: &rows) }
          return rows[99] - Float(start)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(sums == [Float](repeating: 99, count: 8))
  }

  /// What lies in one piece can be read without the library, where it says.
  @Test func aPieceOfTheFileIsWhereItSays() throws {
    let path = scratch("pieces.h5")
    var places: [HDF5Extent] = []
    for count in [3, 5000] {
      let file = try HDF5File.create(path, userBlockBytes: 1024)
      let first = try file.createContiguous("/x", of: Int64.self, shape: [count])
      let rows = try file.createContiguous("/rows", of: Int32.self, shape: [2, 3])
      let none = try file.createContiguous("/none", of: UInt8.self, shape: [0])
      try file.writeRows("/x", 0..<count, from: (0..<count).map { Int64($0) << 40 })
      try file.writeRows("/rows", 1..<2, from: [7, 8, 9] as [Int32])
      #expect(throws: HDF5Error.self) {
        try file.createContiguous("/x", of: UInt8.self, shape: [1])
      }
      try file.close()
      #expect(first.bytes == 8 * count && none == HDF5Extent(offset: 0, bytes: 0))
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(bytes.prefix(1024).allSatisfy { $0 == 0 })
      let last = bytes[(first.offset + first.bytes - 8)..<(first.offset + first.bytes)]
      let value = Int64(count - 1) << 40
      #expect(Array(last) == withUnsafeBytes(of: value.littleEndian) { Array($0) })
      let row = Array(bytes[(rows.offset + 12)..<(rows.offset + 24)])
      #expect(row == [7, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0])
      #expect(try HDF5File.open(path).read("/x", as: Int64.self).values.last == value)
      places.append(first)
    }
    #expect(places[0].offset == places[1].offset && places[0].offset >= 1024)
  }
}
