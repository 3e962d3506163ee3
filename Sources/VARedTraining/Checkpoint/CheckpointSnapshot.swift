// A checkpoint in memory: copied while training pauses, written while it goes on.

import Foundation
import VARedHDF5
import VARedNN

/// Memory that snapshots are taken into, one after the other.
final class SnapshotMemory {
  let values: UnsafeMutableBufferPointer<Float>
  let momentum: UnsafeMutableBufferPointer<Float>

  /// Memory for a network's parameters and their momentum.
  init(_ parameters: Parameters) {
    values = Self.pages(parameters.count)
    momentum = Self.pages(parameters.count)
  }

  deinit {
    free(values.baseAddress)
    free(momentum.baseAddress)
  }

  private static func pages(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
    let bytes = max(1, count) * MemoryLayout<Float>.stride
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 2 << 20, bytes) == 0, let memory else {
      OutOfMemory.report(bytes: bytes, for: "a copy of the parameters")
    }
    madvise(memory, bytes, MADV_HUGEPAGE)
    return UnsafeMutableBufferPointer(
      start: memory.bindMemory(to: Float.self, capacity: max(1, count)), count: count)
  }
}

/// Everything that a checkpoint holds, as it was when the snapshot was taken.
///
/// Unchecked `Sendable`: of `parameters` it reads the names and layouts only, which do not change,
/// and whoever lends it `memory` leaves that alone until the snapshot is written.
struct CheckpointSnapshot: @unchecked Sendable {
  let header: CheckpointHeader
  private let totals: EpochTotals
  private let clipCosts: ClipCosts?
  private let parameters: Parameters
  private let memory: SnapshotMemory
  /// In the order of `parameters.buffers`.
  private let statistics: [[Float]]

  /// Copies a network's parameters, running statistics and momentum.
  ///
  /// - Parameters:
  ///   - momentum: the optimizer's, laid out as the parameters.
  ///   - clipCosts: what clips are dealt by, where that is of account.
  ///   - memory: of the network; what was in it is lost.
  init(
    _ header: CheckpointHeader, _ parameters: Parameters,
    momentum: UnsafeMutableBufferPointer<Float>, totals: EpochTotals,
    clipCosts: ClipCosts? = nil, into memory: SnapshotMemory
  ) {
    self.header = header
    self.totals = totals
    self.clipCosts = clipCosts
    self.parameters = parameters
    self.memory = memory
    _ = memory.values.update(fromContentsOf: parameters.values)
    _ = memory.momentum.update(fromContentsOf: momentum)
    statistics = parameters.buffers.map(parameters.bufferLogical)
  }

  /// Writes the checkpoint to `path`: whole or not at all, and on the disk when this returns.
  ///
  /// - Throws: `FileError` with the reason: a full disk, a folder that cannot be written, a number
  ///   that is not finite. What was at `path` before is still there then.
  func write(_ path: String) throws {
    do {
      let sealed = try SealedFile(path)
      try header.write(to: sealed.file)
      let sums = totals.stored
      try sealed.file.write("/training/epoch_totals", sums, shape: [sums.count])
      if let clipCosts {
        let shape = [2, clipCosts.known.count]
        try sealed.file.write("/training/clip_costs", clipCosts.stored, shape: shape)
      }
      for entry in parameters.entries {
        try add("/model/\(entry.name)", entry.shape, sealed, path) {
          parameters.logical(entry, of: memory.values)
        }
        try add("/optimizer/momentum/\(entry.name)", entry.shape, sealed, path) {
          parameters.logical(entry, of: memory.momentum)
        }
      }
      for (buffer, values) in zip(parameters.buffers, statistics) {
        try add("/model/\(buffer.name)", buffer.shape, sealed, path) { values }
      }
      try AtomicFile.write(path) { try sealed.write(to: $0) }
    } catch let error as HDF5Error {
      throw FileError(path: path, error.message)
    }
  }

  private func add(
    _ name: String, _ shape: [Int], _ sealed: SealedFile, _ path: String,
    _ values: @escaping () -> [Float]
  ) throws {
    try sealed.add(name, shape: shape) {
      let tensor = Tensor(shape: shape, values: values())
      guard tensor.isFinite else { throw FileError(path: path, "\(name) is not finite") }
      return tensor.values
    }
  }
}
