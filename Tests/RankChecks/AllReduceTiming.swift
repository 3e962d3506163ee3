// A measurement, not a check: one all-reduce of a whole gradient buffer against buckets of several
// sizes. `RankChecks all-reduce-timing [floats]` prints median milliseconds of 15 on rank 0.

import VARedDist

/// Times 31.5 million floats (R(2+1)D-18), or as many as the argument says.
func timeAllReduce(_ check: RankCheck) throws {
  let count = Int(check.arguments.first ?? "") ?? 31_505_325
  var values = [Float](repeating: 1e-3, count: count)
  try values.withUnsafeMutableBufferPointer { values in
    try time(check, "all-reduce, pieces as set") {
      try check.communicator.allReduceSum(values)
    }
    try time(check, "broadcast, pieces as set") { try check.communicator.broadcast(values) }
    for kibibytes in [256, 1024, 2048, 4096, 8192, 16384, 65536, 1 << 20] {
      let buckets = try GradientBuckets(
        check.communicator, gradients: values, bucketBytes: kibibytes << 10)
      try time(check, "buckets of \(kibibytes) KiB, all at once") { _ = try buckets.finish() }
      try time(check, "buckets of \(kibibytes) KiB, one by one") {
        for offset in stride(from: count, through: 0, by: -(kibibytes << 8)) {
          try buckets.ready(from: offset)
        }
        _ = try buckets.finish()
      }
    }
  }
  check.expect(count > 0, "expected a positive number of floats, found \(count)")
}

private func time(_ check: RankCheck, _ what: String, _ body: () throws -> Void) throws {
  let clock = ContinuousClock()
  var milliseconds: [Double] = []
  for _ in 0..<15 {
    try check.communicator.barrier()
    let start = clock.now
    try body()
    milliseconds.append((clock.now - start) / .milliseconds(1))
  }
  if check.rank == 0 {
    milliseconds.sort()
    print("\(what): median \(milliseconds[7]) ms, best \(milliseconds[0]) ms")
  }
}
