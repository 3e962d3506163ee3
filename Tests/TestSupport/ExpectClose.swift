// Comparison of arrays of floats.

import Testing

/// Expects `actual` to equal `expected` within `rtol` of each value or of the largest value's
/// magnitude times `rtol`, plus `atol`; says the worst index where not.
///
/// Gradients of one tensor span magnitudes: a small element is a difference of large ones, so its
/// error is measured against the tensor's scale.
/// - Parameters:
///   - name: what is compared, for the message.
public func expectClose(
  _ actual: [Float], _ expected: [Float], rtol: Float = 1e-4, atol: Float = 1e-7, _ name: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.count == expected.count, "\(name): counts differ", sourceLocation: sourceLocation)
  guard actual.count == expected.count else { return }
  let scale = expected.reduce(Float(0)) { max($0, abs($1)) }
  let allowed = atol + rtol * scale
  var worst = (index: 0, error: Float(0))
  for i in actual.indices {
    let error = abs(actual[i] - expected[i])
    if !(error <= worst.error) { worst = (i, error.isNaN ? .infinity : error) }
  }
  guard worst.error > allowed else { return }
  Issue.record(
    """
    \(name): worst at index \(worst.index) of \(actual.count): \(actual[worst.index]), expected \
    \(expected[worst.index]); error \(worst.error) above \(allowed) (rtol \(rtol) of \(scale))
    """, sourceLocation: sourceLocation)
}
