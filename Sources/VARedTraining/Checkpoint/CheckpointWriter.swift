// Writing a checkpoint (rank 0 only).

import VARedHDF5
import VARedNN

extension CheckpointHeader {
  /// Writes the network's parameters, running statistics and momentum with this header to `path`:
  /// whole or not at all.
  ///
  /// - Throws: `FileError` with the reason (a full disk, a folder that cannot be written);
  ///   what was at `path` before is still there then.
  func write(
    _ path: String, parameters: Parameters, momentum: UnsafeMutableBufferPointer<Float>,
    totals: EpochTotals
  ) throws {
    do {
      try AtomicFile.write(path) { temporary in
        let file = try HDF5File.create(temporary, sealed: true)
        try write(to: file)
        for entry in parameters.entries {
          let value = parameters.logical(entry, of: parameters.values)
          try file.write("/model/\(entry.name)", value, shape: entry.shape)
          let moment = parameters.logical(entry, of: momentum)
          try file.write(
            "/optimizer/momentum/\(entry.name)", moment, shape: entry.shape)
        }
        for buffer in parameters.buffers {
          let value = parameters.bufferLogical(buffer)
          try file.write("/model/\(buffer.name)", value, shape: buffer.shape)
        }
        let sums = totals.stored
        try file.write("/training/epoch_totals", sums, shape: [sums.count])
        try file.close()
      }
    } catch let error as HDF5Error {
      throw FileError(
        path: path, "checkpoint cannot be written: \(error.message); earlier ones are untouched")
    }
  }
}
