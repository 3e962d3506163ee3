// An HDF5 identifier that closes itself at the end of its scope.

import CHDF5

/// Owns one `hid_t`; the closing function runs exactly once, when the value dies.
struct Handle: ~Copyable {
  let id: hid_t
  private let close: (hid_t) -> herr_t

  /// Takes over `id`; negative means that the call which made it failed, and throws
  /// `path: what: reason`.
  init(
    _ id: hid_t, _ close: @escaping (hid_t) -> herr_t, _ path: String, _ what: String
  ) throws {
    guard id >= 0 else {
      throw HDF5Library.failure(path, what)
    }
    self.id = id
    self.close = close
  }

  deinit { _ = close(id) }
}
