// LogTime: when a line of a log was written.

import Glibc
import Synchronization

/// The date and time at the beginning of a log's lines; off until a job switches it on.
public enum LogTime {
  private static let isOn = Atomic(false)

  /// From now on ``prefix`` is the time: what the job writes goes to a log, not to a terminal.
  public static func begin() { isOn.store(true, ordering: .relaxed) }

  /// `2026-11-28T09:05:07+01:00 `, local time after ISO 8601, with a blank behind it; empty before
  /// ``begin()``.
  public static var prefix: String {
    isOn.load(ordering: .relaxed) ? text(of: Glibc.time(nil)) + " " : ""
  }

  /// A time after ISO 8601, in seconds, with its distance from UTC.
  static func text(of time: time_t) -> String {
    var time = time
    var parts = tm()
    localtime_r(&time, &parts)
    func digits(_ number: Int, _ count: Int = 2) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let minutes = abs(Int(parts.tm_gmtoff)) / 60
    return digits(Int(parts.tm_year) + 1900, 4) + "-" + digits(Int(parts.tm_mon) + 1) + "-"
      + digits(Int(parts.tm_mday)) + "T" + digits(Int(parts.tm_hour)) + ":"
      + digits(Int(parts.tm_min)) + ":" + digits(Int(parts.tm_sec))
      + (parts.tm_gmtoff < 0 ? "-" : "+") + digits(minutes / 60) + ":" + digits(minutes % 60)
  }
}
