// Writing datasets, whole or by rows; groups on the way are made on demand.

import CHDF5

extension HDF5File {
  /// Writes a whole dataset; `shape` is row-major (`[]` for a scalar).
  ///
  /// - Precondition: `values.count` is the product of `shape`.
  /// - Throws: `HDF5Error` if the dataset exists already or the disk is full.
  public func write<T: HDF5Scalar>(
    _ path: String, _ values: [T], shape: [Int]
  ) throws {
    precondition(values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
    try HDF5Library.locked {
      let set = try makeDataset(path, T.hdf5Kind, shape: shape)
      guard !values.isEmpty else { return }
      let all = vared_h5s_all()
      let status = H5Dwrite(set.id, T.hdf5Kind.nativeType, all, all, vared_h5p_default(), values)
      if status < 0 { throw failed("cannot write \(path)") }
    }
  }

  /// Writes a text as one string of fixed length, UTF-8.
  ///
  /// - Precondition: no character of it is zero.
  /// - Throws: `HDF5Error` if the dataset exists already or the disk is full.
  public func write(_ path: String, text: String) throws {
    precondition(!text.utf8.contains(0), "a text that ends before its end")
    try HDF5Library.locked {
      let type = try fixedType(of: text, "cannot make dataset \(path)")
      let set = try makeDataset(path, type: type.id, shape: [])
      let all = vared_h5s_all()
      let status = text.withCString {
        H5Dwrite(set.id, type.id, all, all, vared_h5p_default(), $0)
      }
      if status < 0 { throw failed("cannot write \(path)") }
    }
  }

  /// Makes a dataset of zeros, to be filled with `writeRows`.
  ///
  /// - Throws: `HDF5Error` if the dataset exists already or the disk is full.
  public func createDataset<T: HDF5Scalar>(
    _ path: String, of: T.Type = T.self, shape: [Int]
  ) throws {
    try HDF5Library.locked {
      _ = try makeDataset(path, T.hdf5Kind, shape: shape)
    }
  }

  /// Fills rows `rows` (along the first axis) of a dataset made by `createDataset`.
  ///
  /// - Parameter source: `rows.count` × the remaining axes, row-major.
  /// - Throws: `HDF5Error` if there is no such dataset, it is shorter, its rows hold another number
  ///   of values, or the disk is full.
  public func writeRows<T: HDF5Scalar>(
    _ path: String, _ rows: Range<Int>, from source: [T]
  ) throws {
    guard !rows.isEmpty else { return }
    try HDF5Library.locked {
      let set = try dataset(path)
      let selection = try rowSelection(set.id, path, rows: rows)
      guard selection.count == source.count else {
        throw error(
          "rows \(rows) of \(path) hold \(selection.count) values; found \(source.count) to write")
      }
      let status = H5Dwrite(
        set.id, T.hdf5Kind.nativeType, selection.inMemory.id, selection.inFile.id,
        vared_h5p_default(), source)
      if status < 0 {
        throw failed("cannot write rows \(rows) of \(path)")
      }
    }
  }

  private func makeDataset(
    _ path: String, _ kind: HDF5Kind, shape: [Int]
  ) throws -> Handle {
    try makeDataset(path, type: kind.nativeType, shape: shape)
  }

  private func makeDataset(_ path: String, type: hid_t, shape: [Int]) throws -> Handle {
    try requireOpen()
    let failure = "cannot make dataset \(path)"
    let extents = shape.map { hsize_t($0) }
    let scalar = H5S_SCALAR
    let space = try Handle(
      shape.isEmpty ? H5Screate(scalar) : H5Screate_simple(Int32(shape.count), extents, nil),
      H5Sclose, self.path, failure)
    let links = try Handle(H5Pcreate(vared_h5p_link_create()), H5Pclose, self.path, failure)
    _ = H5Pset_create_intermediate_group(links.id, 1)
    return try Handle(
      H5Dcreate2(
        file, path, type, space.id, links.id, vared_h5p_default(), vared_h5p_default()),
      H5Dclose, self.path, failure)
  }
}
