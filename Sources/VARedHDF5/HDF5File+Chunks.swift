// Chunks of a damaged file, which libhdf5 would read past the end of.

import CHDF5
import CTrialRead

extension HDF5File {
  /// Makes sure that the chunks of `rows` are whole after their filters, each once a file. The
  /// caller holds the lock.
  ///
  /// - Throws: `HDF5Error` that names the dataset, where one is not.
  func requireWholeChunks(_ set: hid_t, _ path: String, rows: Range<Int>) throws {
    if let known = wholeRows[path], known.isSuperset(of: RangeSet(rows)) { return }
    var message = [CChar](repeating: 0, count: 512)
    let status = vared_check_chunks(
      set, UInt64(rows.lowerBound), UInt64(rows.upperBound), &message, message.count)
    guard status == 0 else { throw error("\(path) \(HDF5Library.text(message))") }
    wholeRows[path, default: RangeSet()].insert(contentsOf: rows)
  }
}
