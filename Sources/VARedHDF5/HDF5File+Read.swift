// Reading datasets, whole or by rows.

import CHDF5

extension HDF5File {
  /// A whole dataset with its shape (`[]` for a scalar), row-major.
  ///
  /// Numbers are converted to `T`, except floats to integers, which would lose them silently.
  /// - Throws: `HDF5Error` if it is missing, damaged, or not of numbers that fit `T`.
  public func read<T: HDF5Scalar>(
    _ path: String, as: T.Type = T.self
  ) throws -> (values: [T], shape: [Int]) {
    try HDF5Library.locked {
      let set = try dataset(path)
      try requireReadable(set.id, path, as: T.hdf5Kind)
      let shape = try shape(of: set.id, path)
      let count = try elementCount(shape, path)
      guard count > 0 else { return ([], shape) }
      let values = try [T](unsafeUninitializedCapacity: count) { buffer, initialized in
        let all = vared_h5s_all()
        let status = H5Dread(
          set.id, T.hdf5Kind.nativeType, all, all, vared_h5p_default(), buffer.baseAddress)
        if status < 0 { throw failed("cannot read \(path)") }
        initialized = count
      }
      return (values, shape)
    }
  }

  /// Rows `rows` of a dataset (a hyperslab along its first axis) into the first values of
  /// `destination`: `rows.count` × the remaining axes.
  ///
  /// - Throws: `HDF5Error` if the dataset is missing, damaged, of another type, or shorter, or if
  ///   there is no room for so many values.
  public func readRows<T: HDF5Scalar>(
    _ path: String, _ rows: Range<Int>, into destination: UnsafeMutableBufferPointer<T>
  ) throws {
    guard !rows.isEmpty else { return }
    try HDF5Library.locked {
      let set = try dataset(path)
      try requireReadable(set.id, path, as: T.hdf5Kind)
      let selection = try rowSelection(set.id, path, rows: rows)
      guard selection.count <= destination.count else {
        throw error(
          "rows \(rows) of \(path) hold \(selection.count) values; there is room for "
            + "\(destination.count)")
      }
      let status = H5Dread(
        set.id, T.hdf5Kind.nativeType, selection.inMemory.id, selection.inFile.id,
        vared_h5p_default(), destination.baseAddress)
      if status < 0 {
        throw failed("cannot read rows \(rows) of \(path)")
      }
    }
  }

  /// The same into the first values of an array.
  public func readRows<T: HDF5Scalar>(
    _ path: String, _ rows: Range<Int>, into destination: inout [T]
  ) throws {
    try destination.withUnsafeMutableBufferPointer { try readRows(path, rows, into: $0) }
  }
}
