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
      try requirePlausible(count * MemoryLayout<T>.stride, path)
      guard count > 0 else { return ([], shape) }
      try requireWholeChunks(set.id, path, rows: 0..<(shape.first ?? 1))
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

  /// Refuses a dataset larger than the file could hold: deflate makes at most 1032 bytes of one.
  private func requirePlausible(_ bytes: Int, _ path: String) throws {
    var size: hsize_t = 0
    guard H5Fget_filesize(file, &size) >= 0, let held = Int(exactly: size) else {
      throw failed("no size of the file")
    }
    guard bytes / 1032 <= held else {
      throw error("\(path) is damaged: \(bytes) bytes of it in a file of \(held)")
    }
  }

  /// A dataset of one string of fixed length.
  ///
  /// - Throws: `HDF5Error` if it is missing, damaged, or something else.
  public func text(_ path: String) throws -> String {
    try HDF5Library.locked {
      let set = try dataset(path)
      let type = try Handle(H5Dget_type(set.id), H5Tclose, self.path, "no element type of \(path)")
      guard H5Tget_class(type.id) == H5T_STRING, H5Tis_variable_str(type.id) == 0,
        try shape(of: set.id, path).isEmpty
      else { throw error("\(path) is not one string of fixed length") }
      let all = vared_h5s_all()
      let count = H5Tget_size(type.id)
      try requireWholeChunks(set.id, path, rows: 0..<1)
      let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        let status = H5Dread(set.id, type.id, all, all, vared_h5p_default(), buffer.baseAddress)
        if status < 0 { throw failed("cannot read \(path)") }
        initialized = count
      }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
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
      try requireWholeChunks(set.id, path, rows: rows)
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
