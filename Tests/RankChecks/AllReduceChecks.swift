// Checks of AllReduce: sums against the known result, the same bits on every rank, maxima.

import VARedDist

/// What rank `rank` holds at `index` in `step`: small integers, so that sums are exact.
func pattern(rank: Int, index: Int, step: Int = 0) -> Int {
  (index &* 7 + rank * 13 + step * 3) % 31 - 15
}

/// The sum of `pattern` over ranks.
func patternSum(ranks: Int, index: Int, step: Int = 0) -> Int {
  (0..<ranks).reduce(0) { $0 + pattern(rank: $1, index: index, step: step) }
}

/// Float and Double sums at odd lengths, against the known sums.
func checkAllReduce(_ check: RankCheck) throws {
  let lengths = [0, 1, 2, 3, 7, 255, 1023, 100_003, 1_100_001]
  for count in check.inFewPieces(lengths, elementBytes: 8) {
    var floats = (0..<count).map { Float(pattern(rank: check.rank, index: $0)) }
    var doubles = (0..<count).map { Double(pattern(rank: check.rank, index: $0)) }
    try floats.withUnsafeMutableBufferPointer { try check.communicator.allReduceSum($0) }
    try doubles.withUnsafeMutableBufferPointer { try check.communicator.allReduceSum($0) }
    let wrong = (0..<count).first {
      let sum = patternSum(ranks: check.size, index: $0)
      return floats[$0] != Float(sum) || doubles[$0] != Double(sum)
    }
    check.expect(wrong == nil, "sum of \(count): wrong at index \(wrong ?? -1)")
  }
  try checkSameBits(check)
}

/// Sums of values that round, equal to the last bit on every rank: replicas must not drift.
private func checkSameBits(_ check: RankCheck) throws {
  var generator = SeededGenerator(state: UInt64(check.rank))
  for count in check.inFewPieces([1, 5, 64, 1000, 70_001], elementBytes: 4) {
    var values = (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    try values.withUnsafeMutableBufferPointer { try check.communicator.allReduceSum($0) }
    try expectSameBits(check, values, "sum of \(count)")
  }
}

/// Records a failure if `values` are not rank 0's to the last bit.
func expectSameBits(_ check: RankCheck, _ values: [Float], _ what: String) throws {
  var first = values
  try first.withUnsafeMutableBufferPointer { try check.communicator.broadcast($0) }
  let differs = values.indices.first { values[$0].bitPattern != first[$0].bitPattern }
  check.expect(differs == nil, "\(what): other bits than rank 0 at index \(differs ?? -1)")
}

/// The maximum over ranks, with the extremes of Int.
func checkAllReduceMax(_ check: RankCheck) throws {
  let communicator = check.communicator
  let last = check.size - 1
  check.expectEqual(try communicator.allReduceMax(check.rank * 10), last * 10, "max")
  check.expectEqual(try communicator.allReduceMax(-5 - check.rank), -5, "negative max")
  check.expectEqual(try communicator.allReduceMax(Int.min), Int.min, "smallest Int")
  let huge = check.rank == last ? Int.max : Int.max - 1
  check.expectEqual(try communicator.allReduceMax(huge), Int.max, "largest Int")
}

/// Sums within groups of so many ranks in a row; the last group may be smaller.
func checkRankGroups(_ check: RankCheck) throws {
  for count in 1...check.size + 1 {
    let group = try RankGroup(check.communicator, of: count)
    let first = check.rank / count * count
    let members = first..<min(first + count, check.size)
    check.expectEqual(group.size, members.count, "ranks of a group of \(count)")
    var doubles = (0..<1000).map { Double(pattern(rank: check.rank, index: $0)) }
    var whole = doubles.map { Int64($0) }
    try doubles.withUnsafeMutableBufferPointer { try group.allReduceSum($0) }
    try whole.withUnsafeMutableBufferPointer { try group.allReduceSum($0) }
    let wrong = (0..<1000).first { index in
      let sum = members.reduce(0) { $0 + pattern(rank: $1, index: index) }
      return doubles[index] != Double(sum) || whole[index] != Int64(sum)
    }
    check.expect(wrong == nil, "sum over \(members): wrong at index \(wrong ?? -1)")
  }
}
