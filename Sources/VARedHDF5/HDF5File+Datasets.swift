// What a dataset is: existence, shape, element kind, and the selection of some of its rows.

import CHDF5

extension HDF5File {
  /// The shape of a dataset, row-major; `[]` for a scalar.
  ///
  /// - Throws: `HDF5Error` if there is no such dataset.
  public func shape(_ path: String) throws -> [Int] {
    try HDF5Library.locked {
      let set = try dataset(path)
      return try shape(of: set.id, path)
    }
  }

  /// Whether a dataset holds integers (and not floats).
  ///
  /// - Throws: `HDF5Error` if there is no such dataset or it is not one of numbers.
  public func holdsIntegers(_ path: String) throws -> Bool {
    try HDF5Library.locked {
      let set = try dataset(path)
      return try numberClass(set.id, path) == H5T_INTEGER
    }
  }

  /// Whether a dataset holds bytes without a sign.
  ///
  /// - Throws: `HDF5Error` if there is no such dataset or it is not one of numbers.
  public func holdsBytes(_ path: String) throws -> Bool { try holdsUnsigned(path, bytes: 1) }

  /// Whether a dataset holds whole numbers without a sign, of as many bytes each.
  ///
  /// - Throws: `HDF5Error` if there is no such dataset or it is not one of numbers.
  public func holdsUnsigned(_ path: String, bytes: Int) throws -> Bool {
    try HDF5Library.locked {
      let set = try dataset(path)
      guard try numberClass(set.id, path) == H5T_INTEGER else { return false }
      let type = try Handle(H5Dget_type(set.id), H5Tclose, self.path, "no element type of \(path)")
      return H5Tget_size(type.id) == bytes && H5Tget_sign(type.id) == H5T_SGN_NONE
    }
  }

  /// The first filter that the values of a dataset went through and that this HDF5 cannot undo:
  /// its name, such as `lzf`; nil when all of them can be.
  ///
  /// - Throws: `HDF5Error` if there is no such dataset.
  public func missingFilter(_ path: String) throws -> String? {
    try HDF5Library.locked {
      let set = try dataset(path)
      let list = try Handle(
        H5Dget_create_plist(set.id), H5Pclose, self.path, "no properties of \(path)")
      for index in 0..<max(0, H5Pget_nfilters(list.id)) {
        var (flags, values, options) = (UInt32(0), 0, UInt32(0))
        var name = [CChar](repeating: 0, count: 128)
        let filter = H5Pget_filter2(
          list.id, UInt32(index), &flags, &values, nil, name.count - 1, &name, &options)
        guard filter >= 0 else { throw failed("no filters of \(path)") }
        guard H5Zfilter_avail(filter) <= 0 else { continue }
        let text = HDF5Library.text(name)
        return text.isEmpty ? "number \(filter)" : text
      }
      return nil
    }
  }

  /// Opens a dataset; the caller holds the lock.
  func dataset(_ path: String) throws -> Handle {
    try requireOpen()
    guard exists(path) else { throw error("has no dataset \(path)") }
    return try Handle(
      H5Dopen2(file, path, vared_h5p_default()), H5Dclose, self.path,
      "cannot open \(path) as a dataset")
  }

  func shape(of set: hid_t, _ path: String) throws -> [Int] {
    let space = try Handle(H5Dget_space(set), H5Sclose, self.path, "no shape of \(path)")
    let rank = H5Sget_simple_extent_ndims(space.id)
    guard rank >= 0 else { throw failed("no shape of \(path)") }
    var extents = [hsize_t](repeating: 0, count: Int(rank))
    _ = H5Sget_simple_extent_dims(space.id, &extents, nil)
    return try extents.map {
      guard let extent = Int(exactly: $0) else { throw error("\(path) is damaged: axis of \($0)") }
      return extent
    }
  }

  /// Elements of a shape; refuses what no memory could hold (a damaged header).
  func elementCount(_ shape: [Int], _ path: String) throws -> Int {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product < 1 << 40 else {
        throw error("\(path) is damaged or too large: shape \(shape)")
      }
      count = product
    }
    return count
  }

  /// Throws unless the dataset's numbers fit `kind` without a silent loss.
  func requireReadable(_ set: hid_t, _ path: String, as kind: HDF5Kind) throws {
    let found = try numberClass(set, path)
    if kind.isInteger && found == H5T_FLOAT {
      throw error("\(path) holds floats; expected integers (\(kind.rawValue))")
    }
  }

  private func numberClass(_ set: hid_t, _ path: String) throws -> H5T_class_t {
    let type = try Handle(H5Dget_type(set), H5Tclose, self.path, "no element type of \(path)")
    let found = H5Tget_class(type.id)
    guard found == H5T_INTEGER || found == H5T_FLOAT else {
      throw error("\(path) does not hold numbers")
    }
    return found
  }

  /// The selection of `rows` in the file, and the matching block in memory.
  func rowSelection(
    _ set: hid_t, _ path: String, rows: Range<Int>
  ) throws -> RowSelection {
    let shape = try shape(of: set, path)
    guard let length = shape.first else { throw error("\(path) is a scalar; expected rows") }
    guard rows.lowerBound >= 0, rows.upperBound <= length else {
      throw error("\(path) has \(length) rows; asked for rows \(rows)")
    }
    let count = try elementCount([rows.count] + shape.dropFirst(), path)
    _ = try elementCount(shape, path)
    let failure = "cannot select rows of \(path)"
    var start = [hsize_t](repeating: 0, count: shape.count)
    start[0] = hsize_t(rows.lowerBound)
    var block = shape.map { hsize_t($0) }
    block[0] = hsize_t(rows.count)
    let inFile = try Handle(H5Dget_space(set), H5Sclose, self.path, failure)
    let inMemory = try Handle(
      H5Screate_simple(Int32(shape.count), block, nil), H5Sclose, self.path, failure)
    if H5Sselect_hyperslab(inFile.id, H5S_SELECT_SET, start, nil, block, nil) < 0 {
      throw failed(failure)
    }
    return RowSelection(count: count, inFile: inFile, inMemory: inMemory)
  }
}

/// The two dataspaces of a transfer of some rows.
struct RowSelection: ~Copyable {
  /// Values of the rows.
  let count: Int
  let inFile: Handle
  let inMemory: Handle
}
