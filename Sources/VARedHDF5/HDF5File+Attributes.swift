// Attributes of the file's root group: single strings and integers.

import CHDF5

extension HDF5File {
  /// Whether the root group has an attribute of this name.
  public func hasAttribute(_ name: String) -> Bool {
    HDF5Library.locked { file >= 0 && H5Aexists(file, name) > 0 }
  }

  /// A string attribute of the root group, of fixed or variable length.
  ///
  /// - Throws: `HDF5Error` if it is missing or is not one string.
  public func attribute(_ name: String) throws -> String {
    try HDF5Library.locked {
      let attribute = try openAttribute(name)
      let failure = "cannot read attribute \(name)"
      let type = try Handle(H5Aget_type(attribute.id), H5Tclose, self.path, failure)
      guard H5Tget_class(type.id) == H5T_STRING else {
        throw error("attribute \(name) is not a string")
      }
      return H5Tis_variable_str(type.id) > 0
        ? try variableText(attribute.id, type.id, failure)
        : try fixedText(attribute.id, type.id, failure)
    }
  }

  /// An integer attribute of the root group.
  ///
  /// - Throws: `HDF5Error` if it is missing or is not one integer.
  public func attribute(_ name: String) throws -> Int {
    try HDF5Library.locked {
      let attribute = try openAttribute(name)
      let failure = "cannot read attribute \(name)"
      let type = try Handle(H5Aget_type(attribute.id), H5Tclose, self.path, failure)
      guard H5Tget_class(type.id) == H5T_INTEGER else {
        throw error("attribute \(name) is not an integer")
      }
      var value: Int64 = 0
      guard H5Aread(attribute.id, vared_h5t_int64(), &value) >= 0 else {
        throw failed(failure)
      }
      return Int(value)
    }
  }

  /// Sets a string attribute (variable-length UTF-8, a `str` in h5py) of a file being written.
  ///
  /// - Throws: `HDF5Error` if it cannot be stored.
  public func setAttribute(_ name: String, _ value: String) throws {
    try HDF5Library.locked {
      let failure = "cannot set attribute \(name)"
      let type = try Handle(H5Tcopy(vared_h5t_c_s1()), H5Tclose, self.path, failure)
      _ = H5Tset_size(type.id, vared_h5t_variable())
      _ = H5Tset_cset(type.id, H5T_CSET_UTF8)
      try value.withCString { text in
        var pointer: UnsafePointer<CChar>? = text
        try store(name, type.id, &pointer)
      }
    }
  }

  /// Sets a string attribute of fixed length (UTF-8) of a file being written.
  ///
  /// - Throws: `HDF5Error` if it cannot be stored.
  public func setAttribute(_ name: String, fixedLength value: String) throws {
    try HDF5Library.locked {
      let type = try fixedType(of: value, "cannot set attribute \(name)")
      try value.withCString { try store(name, type.id, $0) }
    }
  }

  /// The type of a string of this length, padded with zeros.
  func fixedType(of value: String, _ failure: String) throws -> Handle {
    let type = try Handle(H5Tcopy(vared_h5t_c_s1()), H5Tclose, path, failure)
    _ = H5Tset_size(type.id, max(1, value.utf8.count))
    _ = H5Tset_cset(type.id, H5T_CSET_UTF8)
    _ = H5Tset_strpad(type.id, H5T_STR_NULLPAD)
    return type
  }

  /// Sets an integer attribute (int64) of a file being written.
  ///
  /// - Throws: `HDF5Error` if it cannot be stored.
  public func setAttribute(_ name: String, _ value: Int) throws {
    try HDF5Library.locked {
      var number = Int64(value)
      try store(name, vared_h5t_int64(), &number)
    }
  }

  private func openAttribute(_ name: String) throws -> Handle {
    try requireOpen()
    guard H5Aexists(file, name) > 0 else { throw error("has no attribute \(name)") }
    let attribute = try Handle(
      H5Aopen_by_name(file, "/", name, vared_h5p_default(), vared_h5p_default()), H5Aclose,
      self.path, "cannot open attribute \(name)")
    guard H5Aget_storage_size(attribute.id) > 0, try isSingle(attribute.id, name) else {
      throw error("attribute \(name) is not a single value")
    }
    return attribute
  }

  private func isSingle(_ attribute: hid_t, _ name: String) throws -> Bool {
    let space = try Handle(
      H5Aget_space(attribute), H5Sclose, self.path, "cannot read attribute \(name)")
    return H5Sget_simple_extent_npoints(space.id) == 1
  }

  private func variableText(
    _ attribute: hid_t, _ type: hid_t, _ failure: String
  ) throws -> String {
    var text: UnsafeMutablePointer<CChar>?
    guard H5Aread(attribute, type, &text) >= 0 else { throw failed(failure) }
    defer { if let text { _ = H5free_memory(text) } }
    return text.map { String(cString: $0) } ?? ""
  }

  private func fixedText(
    _ attribute: hid_t, _ type: hid_t, _ failure: String
  ) throws -> String {
    var bytes = [UInt8](repeating: 0, count: H5Tget_size(type))
    guard H5Aread(attribute, type, &bytes) >= 0 else { throw failed(failure) }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  private func store(_ name: String, _ type: hid_t, _ value: UnsafeRawPointer) throws {
    try requireOpen()
    let failure = "cannot set attribute \(name)"
    let space = try Handle(H5Screate(H5S_SCALAR), H5Sclose, self.path, failure)
    let plain = vared_h5p_default()
    let attribute = try Handle(
      H5Acreate_by_name(file, "/", name, type, space.id, plain, plain, plain), H5Aclose,
      self.path, failure)
    if H5Awrite(attribute.id, type, value) < 0 { throw failed(failure) }
  }
}
