// Files that libhdf5 cannot digest, and files whose values are elsewhere.

import CHDF5
import Foundation
import Testing

@testable import VARedHDF5

@Suite struct TrialReadTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func problem(_ name: String) -> String? {
    do {
      _ = try HDF5File.open(scratch(name))
      return nil
    } catch let error as HDF5Error {
      return error.message
    } catch {
      return "\(error)"
    }
  }

  /// A file with what people keep in one: texts of variable length, attributes, numbers.
  private func writeFile(_ name: String) throws {
    let file = try HDF5File.create(scratch(name))
    try file.write("/group/numbers", (0..<500).map { Float($0) }, shape: [50, 10])
    for index in 0..<20 {
      try file.setAttribute("text \(index)", String(repeating: "words \(index) ", count: 20))
    }
    try file.write("/group/text", text: "of fixed length")
    try file.close()
  }

  /// A few damaged bytes anywhere: this process lives, and an end comes in time. libhdf5 1.10
  /// crashes or goes on for ever on some of them.
  @Test func damageTakesNobodyWithIt() throws {
    try writeFile("whole.h5")
    #expect(problem("whole.h5") == nil)
    let whole = try Data(contentsOf: URL(fileURLWithPath: scratch("whole.h5")))
    var (random, refused) = (UInt64(2026), 0)
    for _ in 0..<150 {
      var bytes = whole
      for _ in 0..<8 {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[Int(random >> 33) % bytes.count] = UInt8(truncatingIfNeeded: random >> 24)
      }
      try bytes.write(to: URL(fileURLWithPath: scratch("damaged.h5")))
      if problem("damaged.h5") != nil { refused += 1 }
    }
    #expect(refused > 0)
  }

  @Test func whatIsNoFileIsRefused() throws {
    #expect(mkfifo(scratch("pipe.h5"), 0o600) == 0)
    #expect(problem("pipe.h5") == "is no regular file; expected an HDF5 file")
    #expect(throws: HDF5Error.self) { try HDF5File.open("/dev/null", checkingSeal: true) }
  }

  @Test func linksToOtherFilesAreRefused() throws {
    try writeFile("a.h5")
    try change("a.h5") { file in
      H5Lcreate_external("other.h5", "/x", file, "/group/there", 0, 0) >= 0
    }
    #expect(problem("a.h5") == "group/there is a link to another file")
  }

  /// Whether its sources are there or not: libhdf5 1.10 crashes on the one, and reads zeros for the
  /// other.
  @Test(arguments: ["numbers.h5", "none.h5", "."])
  func virtualDatasetsAreRefused(_ source: String) throws {
    try writeFile("numbers.h5")
    try writeFile("a.h5")
    try change("a.h5") { file in
      let extent = [hsize_t(50), 10]
      let (space, list) = (
        H5Screate_simple(2, extent, nil), H5Pcreate(vared_h5p_dataset_create())
      )
      defer { H5Sclose(space) }
      guard H5Pset_virtual(list, space, source, "/group/numbers", space) >= 0 else { return false }
      let set = H5Dcreate2(file, "/copy", vared_h5t_little_float32(), space, 0, list, 0)
      return H5Dclose(set) >= 0
    }
    #expect(problem("a.h5")?.hasPrefix("copy is virtual: ") == true)
  }

  @Test func valuesThatWereNeverWrittenAreRefused() throws {
    try writeFile("a.h5")
    let file = try HDF5File.create(scratch("b.h5"))
    try file.createDataset("/never", of: Float.self, shape: [4, 4])
    try file.close()
    #expect(problem("b.h5") == "never was never written")
  }

  @Test func aTextIsOneString() throws {
    let texts = ["", "é \u{2028}", String(repeating: "x", count: 100_000)]
    let file = try HDF5File.create(scratch("a.h5"))
    for (index, text) in texts.enumerated() { try file.write("/t/\(index)", text: text) }
    try file.setAttribute("fixed", fixedLength: "joint")
    try file.write("/numbers", [1, 2] as [Int32], shape: [2])
    try file.close()
    let read = try HDF5File.open(scratch("a.h5"))
    for (index, text) in texts.enumerated() { #expect(try read.text("/t/\(index)") == text) }
    #expect(try read.attribute("fixed") == "joint")
    #expect(throws: HDF5Error.self) { try read.text("/numbers") }
  }

  @Test func bytesAreTold() throws {
    let file = try HDF5File.create(scratch("a.h5"))
    try file.write("/bytes", [1, 2] as [UInt8], shape: [2])
    try file.write("/words", [1, 2] as [Int32], shape: [2])
    try file.write("/floats", [1, 2] as [Float], shape: [2])
    #expect(try file.holdsBytes("/bytes"))
    #expect(try !file.holdsBytes("/words") && !file.holdsBytes("/floats"))
  }

  /// Changes a file by the library itself.
  private func change(_ name: String, _ change: (hid_t) -> Bool) throws {
    HDF5Library.locked {
      let file = H5Fopen(scratch(name), UInt32(1), 0)
      #expect(file >= 0 && change(file))
      H5Fclose(file)
    }
  }
}
