// What one rank finds where it was started.

import Foundation
import VARedDist
import VARedNN
import VARedTraining

/// A rank's place and what it measured; rank 0 gathers those of all.
struct RankFacts: Codable {
  var host = ""
  var cores: [Int] = []
  var threads = 0
  var processor = ""
  /// Floats of a vector register that the kernels use.
  var lanes = 0
  /// The program and its libraries: what should be the same everywhere.
  var versions: [String] = []
  var memoryBytes = 0.0
  var availableBytes = 0.0
  /// The most memory this process has had.
  var peakBytes = 0.0
  var computeSeconds = 0.0
  /// Processor seconds to decode a clip; 0: not measured.
  var decodeSeconds = 0.0
  /// Whether a rank that waits gives its core away.
  var yields = false

  /// What can be read off without measuring.
  static func here(_ communicator: Communicator, threads: Int) -> RankFacts {
    var facts = RankFacts()
    facts.host = communicator.hostName
    facts.cores = CoreMask.current().cores.sorted()
    facts.threads = threads
    facts.processor = field("model name", in: "/proc/cpuinfo") ?? "unknown processor"
    facts.lanes = ChannelBlock.lanes
    facts.versions = versions
    facts.memoryBytes = kilobytes("MemTotal", in: "/proc/meminfo")
    facts.availableBytes = kilobytes("MemAvailable", in: "/proc/meminfo")
    let environment = ProcessInfo.processInfo.environment
    facts.yields = ["1", "true"].contains(environment["OMPI_MCA_mpi_yield_when_idle"] ?? "")
    return facts
  }

  /// The most memory that this process has had so far, in bytes.
  static var peakBytes: Double { kilobytes("VmHWM", in: "/proc/self/status") }

  /// The program's size, and the names of the libraries it was loaded with.
  private static var versions: [String] {
    let wanted = ["libmpi.", "libdnnl.", "openblas", "libhdf5", "libavcodec.", "libgomp."]
    let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
    let files = Set(maps.split(separator: "\n").compactMap { $0.split(separator: "/").last })
    let libraries = files.filter { file in wanted.contains { file.contains($0) } }
    let size =
      (try? FileManager.default.attributesOfItem(
        atPath: URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path))?[.size]
    return ["vared-train of \(size ?? 0) bytes"] + libraries.map(String.init).sorted()
  }

  private static func field(_ name: String, in path: String) -> String? {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  private static func kilobytes(_ name: String, in path: String) -> Double {
    let number = field(name, in: path)?.split(separator: " ").first.flatMap { Double($0) }
    return (number ?? 0) * 1024
  }
}
