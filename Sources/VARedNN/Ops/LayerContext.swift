// What every layer is built with.

/// The parts of a network that its layers share while they are built and run.
final class LayerContext {
  /// Where a layer declares what it learns.
  let parameters = Parameters()
  /// Where a layer says what it runs.
  let counter = ExecutionCounter()
  /// Memory that layers borrow in turn.
  let workspace = Workspace()
  /// Clips at most.
  let batch: Int
  /// Sums over ranks for synchronized batch norm; nil keeps statistics per rank.
  let reducer: StatisticsReducer?

  init(batch: Int, reducer: StatisticsReducer? = nil) {
    self.batch = batch
    self.reducer = reducer
  }
}
