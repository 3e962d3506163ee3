// Whether the numbers of a network are numbers, and how large they are.

extension Parameters {
  /// The largest magnitude of every parameter in `flat` (values, gradients or momentum), in the
  /// order of `entries`; infinity where some value is not finite.
  ///
  /// - Parameter flat: laid out as `values`.
  /// - Complexity: one pass over `flat`, on the thread pool.
  public func largestMagnitudes(in flat: UnsafeMutableBufferPointer<Float>) -> [Float] {
    let entries = entries
    return [Float](unsafeUninitializedCapacity: entries.count) { out, initialized in
      let results = out.baseAddress
      Parallel.forEach(entries.count) { i in
        let entry = entries[i]
        let values = UnsafeBufferPointer(
          rebasing: flat[entry.offset..<entry.offset + entry.storedCount])
        results?.advanced(by: i).initialize(to: values.largestMagnitude)
      }
      initialized = entries.count
    }
  }

  /// The first running statistics, in the order of the forward pass, of which some value is not
  /// finite; nil: all are.
  public var statisticsNotFinite: BufferEntry? {
    buffers.first { entry in
      let values = bufferValues[entry.offset..<entry.offset + entry.shape[0]]
      return !UnsafeBufferPointer(rebasing: values).largestMagnitude.isFinite
    }
  }
}

extension UnsafeBufferPointer where Element == Float {
  /// The largest magnitude, 0 of none; infinity if some value is not finite.
  public var largestMagnitude: Float {
    // Without their sign, floats are in the order of their bits; what is not a number is above
    // infinity.
    var highest: Int32 = 0
    for value in self {
      highest = Swift.max(highest, Int32(bitPattern: value.bitPattern & 0x7FFF_FFFF))
    }
    return highest < 0x7F80_0000 ? Float(bitPattern: UInt32(highest)) : .infinity
  }
}
