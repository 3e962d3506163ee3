// What the doctor found, in words.

import Foundation
import VARedTraining

/// The measurements of all ranks and what follows from them.
struct DoctorReport {
  let configuration: TrainingConfiguration
  let ranks: [RankFacts]
  /// Nil with one rank.
  let sums: NetworkMeasurement?
  /// Nil without an output folder.
  let folder: FolderMeasurement?
  /// Floats of the gradients.
  let parameters: Int
  /// Sums over ranks in a step beside the gradients, where batch norm is synchronised: one forward
  /// and one backward for each layer with running mean and variance.
  let sumsPerStep: Int
  /// Training clips; nil without data.
  let clips: Int?

  /// The whole report.
  var text: String {
    let sections = [
      ("Hosts", hosts), ("Memory", memory), ("Output", output), ("Speed", speed),
      ("Prediction", prediction), ("Warnings", warnings.isEmpty ? ["none"] : warnings),
    ]
    return sections.map { title, lines in
      "\(title)\n" + lines.map { "  \($0)\n" }.joined()
    }.joined(separator: "\n")
  }

  private var byHost: [(name: String, ranks: [RankFacts])] {
    var names: [String] = []
    for rank in ranks where !names.contains(rank.host) { names.append(rank.host) }
    return names.map { name in (name, ranks.filter { $0.host == name }) }
  }

  private var hosts: [String] {
    byHost.map { host in
      let cores = host.ranks.reduce(Set<Int>()) { $0.union($1.cores) }
      let first = host.ranks[0]
      let isBound = host.ranks.contains { $0.cores.count < cores.count }
      return "\(host.name): \(host.ranks.count) ranks x \(first.threads) threads on \(cores.count) "
        + "cores (\(isBound ? "bound" : "not bound")), \(first.processor), kernels of "
        + "\(first.lanes) lanes"
    }
  }

  private var memory: [String] {
    byHost.map { host in
      let needed = host.ranks.reduce(0) { $0 + $1.peakBytes }
      return "\(host.name): \(Self.size(needed)) needed by \(host.ranks.count) ranks, "
        + "\(Self.size(host.ranks[0].memoryBytes)) there, "
        + "\(Self.size(host.ranks[0].availableBytes)) free before"
    }
  }

  private var output: [String] {
    guard let folder else { return ["not looked at: give --output"] }
    return [
      "\(configuration.output): \(Self.size(folder.freeBytes)) free, "
        + "\(folder.locks ? "locks" : "no locks"); a checkpoint of \(Self.size(checkpointBytes)) "
        + "takes \(Self.time(folder.checkpointSeconds)) "
        + "(\(Self.size(checkpointBytes / folder.checkpointSeconds))/s)"
    ]
  }

  private var checkpointBytes: Double { 8 * Double(parameters) }

  private var speed: [String] {
    let slowest = ranks.enumerated().max { $0.element.computeSeconds < $1.element.computeSeconds }
    let fastest = ranks.map(\.computeSeconds).min() ?? 0
    var lines = [
      "a step of \(configuration.batch) clips on a rank: \(Self.time(fastest)) on the fastest, "
        + "\(Self.time(computeSeconds)) on the slowest (rank \(slowest?.offset ?? 0) on "
        + "\(slowest?.element.host ?? ""))"
    ]
    if decodeShare > 0 {
      lines.append(
        "decoding: \(Self.time(decodeSeconds)) of a core for each clip, "
          + String(format: "%.0f %% of the processor time of a step", 100 * decodeShare))
    }
    if let sums {
      lines.append(
        "sums over \(sums.ranks) ranks: \(Self.time(sums.bucketSeconds)) for a gradient bucket of "
          + "\(Self.size(Double(NetworkMeasurement.bucketBytes))) "
          + "(\(Self.size(sums.bandwidth))/s), \(Self.time(sums.smallSeconds)) for a small one")
    }
    return lines
  }

  private var computeSeconds: Double { ranks.map(\.computeSeconds).max() ?? 0 }
  private var decodeSeconds: Double { ranks.map(\.decodeSeconds).max() ?? 0 }

  /// Decoding's processor time in that of a rank's step and its decoding together.
  private var decodeShare: Double {
    let decode = decodeSeconds * Double(configuration.batch)
    let compute = computeSeconds * Double(ranks.first?.threads ?? 1)
    return decode / max(1e-9, decode + compute)
  }

  // MARK: - Prediction

  /// Seconds of a step on so many ranks: the slowest rank's computing, its decoding, and the sums.
  func stepSeconds(ranks count: Int) -> Double {
    let decode =
      decodeSeconds * Double(configuration.batch) / Double(ranks.first?.threads ?? 1)
    guard let sums else { return computeSeconds + decode }
    let buckets = (4 * Double(parameters) / Double(NetworkMeasurement.bucketBytes)).rounded(.up)
    let gradients = sums.sumSeconds(bytes: 4 * Double(parameters), calls: buckets, ranks: count)
    let shared = configuration.ranksPerStatistic(of: count)
    let norms =
      shared > 1 ? sums.sumSeconds(bytes: 0, calls: Double(sumsPerStep), ranks: shared) : 0
    return computeSeconds + decode + gradients + norms
  }

  private var prediction: [String] {
    var table = TextTable([.right, .right, .right, .right, .right])
    table.add(["ranks", "clips a step", "seconds a step", "clips/s", "epoch"])
    let factors = sums == nil ? [1] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
    for factor in factors {
      let count = ranks.count * factor
      let global = count * configuration.batch
      let seconds = stepSeconds(ranks: count)
      let steps = clips.map { $0 / global }
      let epoch = steps.map { $0 > 0 ? Self.time(Double($0) * seconds) : "too few clips" } ?? "-"
      table.add([
        "\(count)", "\(global)", String(format: "%.3f", seconds),
        String(format: "%.1f", Double(global) / seconds), epoch,
      ])
    }
    guard let sums else {
      return table.lines + ["for other numbers of ranks start it under mpirun, with 2 or more"]
    }
    return table.lines + [
      "assumed: the batch per rank stays; decoding shares the compute threads' cores; nothing is "
        + "hidden behind computing;",
      "a sum of n bytes over p ranks takes 2 log2(p) alpha + 2 (p-1)/p n beta, alpha "
        + String(
          format: "%.1f us, beta %.3f ns a byte", sums.messageSeconds * 1e6, sums.byteSeconds * 1e9)
        + " as measured;",
      "evaluations and checkpoints come on top"
        + (byHost.count == 1
          ? "; between hosts sums take longer than on this one: measure on two" : ""),
    ]
  }

  // MARK: - Warnings

  /// What should be mended before the run.
  var warnings: [String] {
    hostWarnings + versionWarnings + folderWarnings
      + (decodeShare > 0.2
        ? ["decoding takes more than a fifth of the cores: 'vared-train prepare' does it once"]
        : [])
  }

  private var hostWarnings: [String] {
    byHost.flatMap { host -> [String] in
      let cores = host.ranks.reduce(Set<Int>()) { $0.union($1.cores) }
      let threads = host.ranks.reduce(0) { $0 + $1.threads }
      let needed = host.ranks.reduce(0) { $0 + $1.peakBytes }
      var found: [String] = []
      if threads > cores.count {
        found.append("\(host.name): \(threads) threads on \(cores.count) cores: oversubscribed")
      }
      if host.ranks.count > cores.count, !host.ranks.allSatisfy(\.yields) {
        found.append(
          "\(host.name): ranks that wait poll on cores that others need: "
            + "export OMPI_MCA_mpi_yield_when_idle=1")
      }
      if needed > 0.9 * host.ranks[0].availableBytes {
        found.append(
          "\(host.name): memory is short; lower --batch, or take fewer ranks and more --threads")
      }
      return found
    }
  }

  private var versionWarnings: [String] {
    guard let first = ranks.first else { return [] }
    return byHost.flatMap { host -> [String] in
      let other = host.ranks[0]
      var found: [String] = []
      for version in Set(other.versions).symmetricDifference(first.versions).sorted() {
        let place = other.versions.contains(version) ? host.name : first.host
        found.append("only \(place), of \(first.host) and \(host.name), has \(version)")
      }
      if other.lanes != first.lanes {
        found.append(
          "\(host.name) has kernels of \(other.lanes) lanes, \(first.host) of \(first.lanes): ranks "
            + "of one job need the same")
      }
      return found
    }
  }

  private var folderWarnings: [String] {
    guard let folder else { return [] }
    let kept = Double(max(3, configuration.keepCheckpoints) + 2)
    var found: [String] = []
    if folder.freeBytes < kept * checkpointBytes {
      found.append(
        "\(configuration.output): room for fewer than the \(Int(kept)) checkpoints that a run keeps "
          + "or writes at a time")
    }
    if !folder.locks {
      found.append(
        "\(configuration.output): a file system without locks: see to it yourself that one run at a "
          + "time writes there")
    }
    return found
  }

  // MARK: - Numbers

  private static func size(_ bytes: Double) -> String {
    bytes >= 1e9
      ? String(format: "%.1f GB", bytes / 1e9) : String(format: "%.1f MB", bytes / 1e6)
  }

  private static func time(_ seconds: Double) -> String {
    if seconds < 1e-3 { return String(format: "%.1f us", seconds * 1e6) }
    if seconds < 1 { return String(format: "%.1f ms", seconds * 1e3) }
    if seconds < 120 { return String(format: "%.1f s", seconds) }
    return seconds < 7200
      ? String(format: "%.0f min", seconds / 60) : String(format: "%.1f h", seconds / 3600)
  }
}
