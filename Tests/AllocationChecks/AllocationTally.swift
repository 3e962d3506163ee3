// AllocationTally: who allocated how often.

import AllocationCounting

/// The allocations that were made while something ran, by whom.
struct AllocationTally {
  /// Calls from the C libraries that the network runs on, by library.
  private(set) var libraries: [String: Int] = [:]
  /// Calls from anywhere else: our code, the Swift runtime, Foundation.
  private(set) var own = 0
  /// Who made those calls, by number of calls.
  private(set) var sites: [Site: Int] = [:]

  /// A library, and the functions of the executable that led into it, innermost first.
  struct Site: Hashable {
    let library: String
    let frames: [UnsafeMutableRawPointer?]
  }

  /// Libraries whose allocations are not ours to avoid.
  private static let foreign = ["libdnnl.so", "libgomp.so", "libopenblas.so"]

  /// What `body` allocates, on all threads.
  static func of(_ body: () throws -> Void) rethrows -> AllocationTally {
    ac_start()
    defer { _ = ac_stop() }
    try body()
    return AllocationTally(calls: Int(ac_stop()))
  }

  private init(calls: Int) {
    let recorded = Int(ac_recorded())
    for call in 0..<recorded {
      let library = String(cString: ac_library(Int32(call)))
      if Self.foreign.contains(where: { library.hasPrefix($0) }) {
        libraries[library, default: 0] += 1
      } else {
        own += 1
        sites[Site(library: library, frames: Self.frames(of: call)), default: 0] += 1
      }
    }
    // What could not be told apart is ours until proven otherwise.
    own += calls - recorded
  }

  private static func frames(of call: Int) -> [UnsafeMutableRawPointer?] {
    var frames = [UnsafeMutableRawPointer?](repeating: nil, count: 4)
    let count = Int(ac_frames(Int32(call), &frames, Int32(frames.count)))
    return Array(frames.prefix(count))
  }

  /// The most frequent sites, a line each.
  func lines(_ count: Int) -> [String] {
    sites.sorted { $0.value > $1.value }.prefix(count).map { site, calls in
      "  \(calls) × \(site.library): \(site.frames.map(Self.name).joined(separator: " < "))"
    }
  }

  /// The function that a return address is in, without its parameters.
  private static func name(of frame: UnsafeMutableRawPointer?) -> String {
    var text = [CChar](repeating: 0, count: 256)
    ac_name(frame, &text, text.count)
    let name = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return String(name.prefix(100))
  }
}
