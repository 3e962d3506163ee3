// SumOverRanks: gradients summed over the ranks while they are still being made.
//   mpirun -n 2 .build/release/SumOverRanks
// Walked through in Sources/VARedDist/VARedDist.docc/SummingGradients.md.

import VARedDist

let communicator = try Communicator.initialize()

let gradients = UnsafeMutableBufferPointer<Float>.allocate(capacity: 3_000_000)
let buckets = try GradientBuckets(communicator, gradients: gradients, bucketBytes: 4 << 20)

communicator.endingJobOnFailure {
  try communicator.requireSame("\(gradients.count)", "number of gradients")
}

let waited = communicator.endingJobOnFailure {
  var end = gradients.count
  while end > 0 {
    let layer = max(0, end - 400_000)..<end
    gradients[layer].update(repeating: Float(communicator.rank + 1))
    try buckets.ready(from: layer.lowerBound)
    end = layer.lowerBound
  }
  return try buckets.finish()
}

let ranks = communicator.size
let expected = Float(ranks * (ranks + 1) / 2)
guard gradients.allSatisfy({ $0 == expected }) else {
  communicator.fail("the sums are not \(expected)")
}
if communicator.rank == 0 {
  print("\(ranks) ranks: every gradient is \(expected), waited \(waited) s for the last of them")
}
communicator.finalize()
