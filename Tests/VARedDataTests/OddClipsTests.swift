// Every file of a folder of difficult clips, when VARED_ODD_CLIPS names it: it decodes, or it is
// refused with a reason. The folder's index.csv gives the frames that each file has.

import Foundation
import Testing

@testable import VARedData

private let oddClips = ProcessInfo.processInfo.environment["VARED_ODD_CLIPS"]

@Suite(.enabled(if: oddClips != nil, "VARED_ODD_CLIPS names no folder"))
struct OddClipsTests {
  @Test func everyFileDecodesOrIsRefused() throws {
    let folder = try #require(oddClips)
    let rows = try CSVTable(TextFile(path: folder + "/index.csv"), delimiter: ",").rows.dropFirst()
    #expect(rows.count > 10)
    for fields in rows.map(\.fields) {
      let expected = try #require(Int(fields[5]))
      let start = Date()
      let outcome = decodeAll(folder + "/" + fields[0])
      let seconds = Date().timeIntervalSince(start)
      switch outcome {
      case .success(let found):
        #expect(abs(found.indexed - expected) <= 1, "\(fields[0]): \(found) of \(expected)")
        #expect(abs(found.decoded - expected) <= 1, "\(fields[0]): \(found) of \(expected)")
        print("odd \(fields[0]): \(found) in \(seconds) s; clip: \(clip(folder + "/" + fields[0]))")
      case .failure(let error):
        #expect(expected == 0, "\(fields[0]) was refused: \(error)")
        print("odd \(fields[0]): refused: \(error.found)")
      }
    }
  }

  private struct Found {
    let indexed: Int
    let decoded: Int
    let isTimed: Bool
  }

  private func decodeAll(_ path: String) -> Result<Found, DatasetError> {
    do {
      let decoder = try VideoDecoder(path: path, deadline: Deadline(seconds: 600) { false })
      var decoded: Set<Int> = []
      try decoder.decode { timeline in
        decoded = []
        return Array(0..<timeline.count)
      } deliver: { place, _ in
        decoded.insert(place)
      }
      return .success(
        Found(
          indexed: decoder.timeline.count, decoded: decoded.count,
          isTimed: decoder.timeline.display != nil))
    } catch {
      return .failure(error as! DatasetError)
    }
  }

  private func clip(_ path: String) -> String {
    let geometry = ClipGeometry(frames: 8, frameStride: 2, size: 112)
    var floats = [Float](repeating: .nan, count: geometry.floatCount)
    do {
      try ClipReader().read(
        video: path, .train(seed: 3, augment: .standard), geometry, into: &floats)
      #expect(floats.allSatisfy { $0.isFinite && abs($0) < 4 }, "\(path)")
      return "read"
    } catch { return "\(error)" }
  }
}
