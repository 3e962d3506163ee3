// The element types that cross the door, and how they are called in HDF5.

import CHDF5

/// The kinds of number a dataset may hold on this side of the door.
public enum HDF5Kind: String, Sendable, Equatable {
  /// 32-bit IEEE float.
  case float32
  /// 64-bit IEEE float.
  case float64
  /// Signed 32-bit integer.
  case int32
  /// Signed 64-bit integer.
  case int64
  /// Unsigned byte.
  case uint8

  var isInteger: Bool { self != .float32 && self != .float64 }

  /// The library's identifier of the native type; owned by the library.
  var nativeType: hid_t {
    switch self {
    case .float32: vared_h5t_float()
    case .float64: vared_h5t_double()
    case .int32: vared_h5t_int32()
    case .int64: vared_h5t_int64()
    case .uint8: vared_h5t_uint8()
    }
  }
}

/// A number that can be read from and written to a dataset.
public protocol HDF5Scalar: BitwiseCopyable, Sendable {
  /// What it is called in the file.
  static var hdf5Kind: HDF5Kind { get }
}

extension Float: HDF5Scalar {
  /// 32-bit float.
  public static var hdf5Kind: HDF5Kind { .float32 }
}
extension Double: HDF5Scalar {
  /// 64-bit float.
  public static var hdf5Kind: HDF5Kind { .float64 }
}
extension Int32: HDF5Scalar {
  /// Signed 32-bit integer.
  public static var hdf5Kind: HDF5Kind { .int32 }
}
extension Int64: HDF5Scalar {
  /// Signed 64-bit integer.
  public static var hdf5Kind: HDF5Kind { .int64 }
}
extension UInt8: HDF5Scalar {
  /// Unsigned byte.
  public static var hdf5Kind: HDF5Kind { .uint8 }
}
