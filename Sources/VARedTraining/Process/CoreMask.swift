// How many threads a rank gets by default: the cores it may use, divided among the ranks that may
// use the same ones.

import Foundation
import VARedDist

/// The cores one rank may use, on which host.
package struct CoreMask: Equatable {
  let host: String
  package let cores: Set<Int>

  /// A process's affinity mask, as the kernel lists it in /proc; this process's by default.
  package static func current(process: String = "self") -> CoreMask {
    let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    let field = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let cores = field.map { Self.cores(inList: String($0.drop { !$0.isNumber })) } ?? []
    let all = Set(0..<ProcessInfo.processInfo.activeProcessorCount)
    return CoreMask(
      host: ProcessInfo.processInfo.hostName, cores: cores.isEmpty ? all : cores)
  }

  /// The members of a list such as `0-3,8`.
  package static func cores(inList list: String) -> Set<Int> {
    list.split(separator: ",").reduce(into: []) { cores, part in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      if let first = ends.first, let last = ends.last, first <= last {
        cores.formUnion(first...last)
      }
    }
  }

  /// Threads for each rank: its cores divided by the ranks on its host that share any of them.
  static func threads(_ masks: [CoreMask]) -> [Int] {
    masks.map { mine in
      let sharing = masks.filter { $0.host == mine.host && !$0.cores.isDisjoint(with: mine.cores) }
      return max(1, mine.cores.count / max(1, sharing.count))
    }
  }

  /// What to say where `mpirun`, which may use `launcher`, bound the ranks of its host to at most
  /// half of that; by default it binds each rank to one core.
  static func bindingNote(_ masks: [CoreMask], launcher: CoreMask) -> String? {
    let used = masks.filter { $0.host == launcher.host }.reduce(Set<Int>()) { $0.union($1.cores) }
    guard used.count * 2 <= launcher.cores.count else { return nil }
    return "note: mpirun bound its ranks on \(launcher.host) to \(used.count) of "
      + "\(launcher.cores.count) cores; mpirun --bind-to none lets them use all"
  }

  var encoded: [UInt8] {
    Array(([host] + cores.sorted().map(String.init)).joined(separator: "\n").utf8)
  }

  init(host: String, cores: Set<Int>) {
    self.host = host
    self.cores = cores
  }

  init(encoded: [UInt8]) {
    let lines = String(decoding: encoded, as: UTF8.self).split(separator: "\n")
    self.init(
      host: lines.first.map(String.init) ?? "", cores: Set(lines.dropFirst().compactMap { Int($0) })
    )
  }
}

extension Resources {
  /// Of a process without ranks beside it: all cores it may use.
  package func resolved() -> Resources { resolved(share: CoreMask.current().cores.count) }
}

extension Communicator {
  /// This rank's default number of compute threads. Collective.
  ///
  /// - Throws: `MPIError`.
  package func threadShare() throws -> Int {
    let masks = try gather(CoreMask.current().encoded)?.map(CoreMask.init(encoded:))
    if let masks, ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_SIZE"] != nil {
      let launcher = CoreMask.current(process: "\(getppid())")
      CoreMask.bindingNote(masks, launcher: launcher).map(Terminal.warn)
    }
    let table = masks.map { CoreMask.threads($0).map(String.init).joined(separator: " ") }
    let told = try broadcast(Array((table ?? "").utf8))
    let threads = String(decoding: told, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
    return rank < threads.count ? threads[rank] : 1
  }
}
