// Checks of GradientBuckets: sums against the known result while the buffer is being filled.

import VARedDist

/// One way to sum a buffer: its length, the bucket size, and how far apart the `ready` calls are.
private struct BucketCase {
  let count: Int
  let bucketBytes: Int
  let largestFall: Int

  static let all: [BucketCase] = [
    BucketCase(count: 0, bucketBytes: 4, largestFall: 1),
    BucketCase(count: 1, bucketBytes: 4, largestFall: 1),
    BucketCase(count: 1, bucketBytes: 4 << 20, largestFall: 1),
    BucketCase(count: 2, bucketBytes: 4, largestFall: 1),
    BucketCase(count: 17, bucketBytes: 4, largestFall: 3),
    BucketCase(count: 17, bucketBytes: 7, largestFall: 40),
    BucketCase(count: 1000, bucketBytes: 12, largestFall: 9),
    BucketCase(count: 1023, bucketBytes: 100, largestFall: 1),
    BucketCase(count: 4096, bucketBytes: 4096, largestFall: 1024),
    BucketCase(count: 4097, bucketBytes: 4096, largestFall: 700),
    BucketCase(count: 300_001, bucketBytes: 1 << 16, largestFall: 50_000),
    BucketCase(count: 300_001, bucketBytes: 1_000_004, largestFall: 400_000),
    BucketCase(count: 3_000_007, bucketBytes: 4 << 20, largestFall: 1_500_000),
  ]
}

/// Several steps over the same object; each rank calls `ready` at other offsets. An element is
/// written only just before it is said to be final, so a bucket started too early has a wrong sum.
func checkBuckets(_ check: RankCheck) throws {
  for (index, one) in (BucketCase.all + BucketCase.all.dropFirst()).enumerated() {
    var generator = SeededGenerator(state: UInt64(check.rank + 1))
    let gradients = UnsafeMutableBufferPointer<Float>.allocate(capacity: one.count)
    defer { gradients.deallocate() }
    gradients.initialize(repeating: 1e9)
    // As one host, as hosts of one rank, and of two.
    let buckets = try GradientBuckets(
      check.communicator, gradients: gradients, bucketBytes: one.bucketBytes,
      ranksPerHost: [nil, 1, 2][index % 3])
    for step in 0..<4 {
      var offset = one.count
      while offset > 0, step < 3 {  // The last step leaves everything to finish().
        let fall = Int.random(in: 0...one.largestFall, using: &generator)
        offset = fill(gradients, from: offset, fall: fall, rank: check.rank, step: step)
        try buckets.ready(from: offset)
      }
      _ = fill(gradients, from: offset, fall: offset, rank: check.rank, step: step)
      let waited = try buckets.finish()
      check.expect(waited >= 0 && waited.isFinite, "waited \(waited) s")
      check.expect(check.size > 1 || waited == 0, "one rank waited \(waited) s")
      expectSums(check, gradients, step, "\(one) step \(step)")
    }
  }
  try checkBucketBits(check)
  try checkCompressedBuckets(check)
}

/// As bfloat16 between hosts: within its rounding, and the same bits on every rank.
private func checkCompressedBuckets(_ check: RankCheck) throws {
  for ranksPerHost in [1, 2] {
    let count = 30_011
    var each: [[Float]] = []
    for rank in 0..<check.size {
      var generator = SeededGenerator(state: UInt64(rank + 3))
      each.append((0..<count).map { _ in Float.random(in: -1...1, using: &generator) })
    }
    var gradients = each[check.rank]
    try gradients.withUnsafeMutableBufferPointer {
      let buckets = try GradientBuckets(
        check.communicator, gradients: $0, bucketBytes: 1 << 12, compression: .bf16,
        ranksPerHost: ranksPerHost)
      for offset in stride(from: count, through: 0, by: -1000) { try buckets.ready(from: offset) }
      _ = try buckets.finish()
    }
    try expectSameBits(check, gradients, "compressed buckets")
    for (i, found) in gradients.enumerated() {
      let sum = each.reduce(Float(0)) { $0 + $1[i] }
      // Each host's sum is rounded to 8 bits, and their sum.
      let size = each.reduce(Float(0)) { $0 + abs($1[i]) }
      check.expect(abs(found - sum) <= size / 128, "\(found) instead of \(sum) at \(i)")
    }
  }
}

/// Buckets start while other collectives (synchronized batch norm) run between them.
func checkBucketsBetweenCollectives(_ check: RankCheck) throws {
  let count = 50_021
  var gradients = [Float](repeating: 1e9, count: count)
  try gradients.withUnsafeMutableBufferPointer { gradients in
    let buckets = try GradientBuckets(check.communicator, gradients: gradients, bucketBytes: 8192)
    for step in 0..<5 {
      var offset = count
      while offset > 0 {
        offset = fill(gradients, from: offset, fall: 1700, rank: check.rank, step: step)
        try buckets.ready(from: offset)
        var statistics = [Double(check.rank), 1, Double(offset)]
        try statistics.withUnsafeMutableBufferPointer { try check.communicator.allReduceSum($0) }
        let ranks = check.size
        let sums = [Double(ranks * (ranks - 1) / 2), Double(ranks), Double(offset * ranks)]
        check.expectEqual(statistics, sums, "statistics between buckets")
      }
      _ = try buckets.finish()
      expectSums(check, gradients, step, "between collectives, step \(step)")
    }
  }
}

/// Values that round: the same bits on every rank, and the same again for the same input.
private func checkBucketBits(_ check: RankCheck) throws {
  var results: [[Float]] = []
  for _ in 0..<2 {
    var generator = SeededGenerator(state: UInt64(check.rank + 7))
    var gradients = (0..<40_009).map { _ in Float.random(in: -1...1, using: &generator) }
    try gradients.withUnsafeMutableBufferPointer {
      let buckets = try GradientBuckets(check.communicator, gradients: $0, bucketBytes: 1 << 14)
      try buckets.ready(from: 20_000)
      _ = try buckets.finish()
    }
    try expectSameBits(check, gradients, "buckets")
    results.append(gradients)
  }
  check.expect(results[0] == results[1], "the same gradients summed twice differ")
}

/// Writes the pattern into the next `fall` elements below `offset`; returns the new offset.
private func fill(
  _ gradients: UnsafeMutableBufferPointer<Float>, from offset: Int, fall: Int, rank: Int, step: Int
) -> Int {
  let low = max(0, offset - fall)
  for index in low..<offset {
    gradients[index] = Float(pattern(rank: rank, index: index, step: step))
  }
  return low
}

private func expectSums(
  _ check: RankCheck, _ gradients: UnsafeMutableBufferPointer<Float>, _ step: Int, _ what: String
) {
  let wrong = gradients.indices.first {
    gradients[$0] != Float(patternSum(ranks: check.size, index: $0, step: step))
  }
  check.expect(wrong == nil, "\(what): wrong sum at index \(wrong ?? -1)")
}
