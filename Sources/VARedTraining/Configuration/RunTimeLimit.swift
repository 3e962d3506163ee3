// `--time-limit`: how long a run may take, as people and schedulers write durations.

/// How long a run may take.
public struct RunTimeLimit: Equatable, Sendable, LosslessStringConvertible {
  /// Seconds from the start of the process; nil: no limit, whatever the scheduler says.
  public let seconds: Double?
  /// As it was written.
  public let description: String

  /// `none`, or a duration above 0: `90` or `90s` (seconds), `30m`, `11h`, `2d`, `11h30m`,
  /// `12:00:00` (hours, minutes, seconds; `45:00` is minutes and seconds), `1-12:00:00` (with
  /// days); nil for anything else.
  public init?(_ description: String) {
    self.description = description
    guard description != "none" else {
      seconds = nil
      return
    }
    let found =
      description.contains(":") ? Self.clock(description) : Self.units(description)
    guard let found, found > 0, found < 1e9 else { return nil }
    seconds = found
  }

  /// `[days-][hours:]minutes:seconds`.
  private static func clock(_ text: String) -> Double? {
    let halves = text.split(separator: "-", omittingEmptySubsequences: false)
    guard halves.count <= 2, let last = halves.last else { return nil }
    let fields = last.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = fields.compactMap(whole)
    guard numbers.count == fields.count, (2...3).contains(numbers.count) else { return nil }
    guard numbers.dropFirst().allSatisfy({ $0 < 60 }) else { return nil }
    let seconds = numbers.reduce(0) { $0 * 60 + $1 }
    guard halves.count == 2 else { return seconds }
    return whole(halves[0]).map { $0 * 86_400 + seconds }
  }

  /// `90`, `90s`, `1d12h`.
  private static func units(_ text: String) -> Double? {
    if let seconds = whole(text[...]) { return seconds }
    let lengths: [Character: Double] = ["d": 86_400, "h": 3600, "m": 60, "s": 1]
    var rest = text[...]
    var sum = 0.0
    var last = Double.infinity
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isNumber }
      rest = rest.dropFirst(digits.count)
      guard let number = whole(digits), let unit = rest.popFirst(), let length = lengths[unit],
        length < last
      else { return nil }
      sum += number * length
      last = length
    }
    return text.isEmpty ? nil : sum
  }

  private static func whole(_ digits: Substring) -> Double? {
    guard digits.count <= 9, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    return Int(digits).map(Double.init)
  }
}
