// How long one layer takes, by itself.

/// Collects the seconds of a dynamic convolution's unit in forward passes; costs a branch until it
/// is switched on.
final class LayerClock {
  var isOn = false
  /// Of the gate.
  private(set) var gate = 0.0
  /// Of the whole unit, from the gate to the activation.
  private(set) var unit = 0.0

  /// Starts from zero.
  func start() { (isOn, gate, unit) = (true, 0, 0) }

  /// Runs a gate and adds its time.
  func timeGate(_ body: () throws -> Void) rethrows {
    gate += try seconds(of: body)
  }

  /// Runs a unit and adds its time.
  func timeUnit(_ body: () throws -> Void) rethrows {
    unit += try seconds(of: body)
  }

  private func seconds(of body: () throws -> Void) rethrows -> Double {
    guard isOn else {
      try body()
      return 0
    }
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start) / .seconds(1)
  }
}
