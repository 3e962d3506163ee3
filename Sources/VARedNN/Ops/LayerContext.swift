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
  /// Clips of a step of all ranks, where every sum over them is to be the same bits however they
  /// are shared out: a clip is computed as if it were alone, and sums are taken in fixed point.
  /// Nil: sums are taken as is quickest.
  let clipsPerStep: Int?

  init(batch: Int, reducer: StatisticsReducer? = nil, clipsPerStep: Int? = nil) {
    self.batch = batch
    self.reducer = reducer
    self.clipsPerStep = clipsPerStep
  }

  /// Whether sums over clips are to be the same bits however the clips are shared out.
  var isReproducible: Bool { clipsPerStep != nil }
}
