// Datasets that lie in one piece of the file, at a place that is known: what is in them can be
// read, and filled in, without the library and its lock.

import CHDF5

/// A piece of a file.
public struct HDF5Extent: Sendable, Equatable {
  /// Where it begins, in bytes from the start of the file.
  public let offset: Int
  /// How long it is.
  public let bytes: Int

  /// A piece of `bytes` bytes from `offset` on.
  public init(offset: Int, bytes: Int) {
    self.offset = offset
    self.bytes = bytes
  }
}

extension HDF5File {
  /// Creates an empty file, truncating one that is there, whose first bytes are the caller's.
  ///
  /// The same datasets made in the same order lie at the same places.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - userBlockBytes: bytes in front that HDF5 programs skip: a power of two, at least 512.
  /// - Throws: `HDF5Error` if the path cannot be written.
  public static func create(_ path: String, userBlockBytes: Int) throws -> HDF5File {
    try create(at: path, named: path, userBlockBytes: userBlockBytes)
  }

  /// The same where errors name another `path` than the `place` that is written.
  static func create(
    at place: String, named path: String, userBlockBytes: Int
  ) throws -> HDF5File {
    try HDF5Library.locked {
      let failure = "cannot create"
      let creation = try Handle(H5Pcreate(vared_h5p_file_create()), H5Pclose, path, failure)
      _ = H5Pset_userblock(creation.id, hsize_t(userBlockBytes))
      let access = try HDF5Library.access(path)
      _ = H5Pset_small_data_block_size(access.id, 0)  // else small datasets share a block
      let file = H5Fcreate(place, vared_h5f_acc_trunc(), creation.id, access.id)
      guard file >= 0 else { throw HDF5Library.failure(path, failure) }
      return HDF5File(path: path, file: file)
    }
  }

  /// Makes a dataset in one piece, whose place is decided at once. Until they are written its
  /// values are whatever the file holds there; none are written here.
  ///
  /// - Parameters:
  ///   - path: the dataset's path; groups on the way are made.
  ///   - of: its element type.
  ///   - shape: its extents.
  /// - Returns: where its values lie, row-major and little-endian; an empty one lies nowhere, at 0.
  /// - Throws: `HDF5Error` if it exists already or the disk is full.
  public func createContiguous<T: HDF5Scalar>(
    _ path: String, of: T.Type = T.self, shape: [Int]
  ) throws -> HDF5Extent {
    try HDF5Library.locked {
      try requireOpen()
      let failure = "cannot make dataset \(path)"
      let plain = vared_h5p_default()
      let space = try Handle(
        H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, nil), H5Sclose, self.path,
        failure)
      let creation = try Handle(
        H5Pcreate(vared_h5p_dataset_create()), H5Pclose, self.path, failure)
      _ = H5Pset_layout(creation.id, H5D_CONTIGUOUS)
      _ = H5Pset_alloc_time(creation.id, H5D_ALLOC_TIME_EARLY)
      _ = H5Pset_fill_time(creation.id, H5D_FILL_TIME_NEVER)
      _ = H5Pset_obj_track_times(creation.id, false)
      let links = try Handle(H5Pcreate(vared_h5p_link_create()), H5Pclose, self.path, failure)
      _ = H5Pset_create_intermediate_group(links.id, 1)
      let set = try Handle(
        H5Dcreate2(
          file, path, T.hdf5Kind.littleEndianType, space.id, links.id, creation.id, plain),
        H5Dclose, self.path, failure)
      let bytes = shape.reduce(MemoryLayout<T>.stride, *)
      guard bytes > 0 else { return HDF5Extent(offset: 0, bytes: 0) }
      let offset = H5Dget_offset(set.id)
      guard let offset = Int(exactly: offset) else { throw error("no place for \(path)") }
      return HDF5Extent(offset: offset, bytes: bytes)
    }
  }
}

extension HDF5Kind {
  /// How the kind is stored wherever the file is written; owned by the library.
  fileprivate var littleEndianType: hid_t {
    switch self {
    case .float32: vared_h5t_little_float32()
    case .float64: vared_h5t_little_float64()
    case .int32: vared_h5t_little_int32()
    case .int64: vared_h5t_little_int64()
    case .uint8: vared_h5t_uint8()
    }
  }
}
