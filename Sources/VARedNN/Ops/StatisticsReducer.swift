// The one thing that the network asks of the other ranks.

/// Sums over all ranks: what synchronized batch norm needs, and all this module knows of ranks.
public protocol StatisticsReducer: AnyObject {
  /// Number of ranks that take part, each with the same number of clips.
  var ranks: Int { get }
  /// Replaces `values` by their sum over the ranks; every rank calls it equally often.
  func sum(_ values: UnsafeMutableBufferPointer<Double>) throws
  /// The same of whole numbers.
  func sum(_ values: UnsafeMutableBufferPointer<Int64>) throws
}
