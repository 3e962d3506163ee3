// candidate-seconds.json: what candidates take on a machine, as text.

import Foundation
import VARedData
import VARedNN

/// Reads and writes `CandidateSeconds` as JSON.
package enum CandidateTable {
  /// The longest file that is looked at; one of a network of a hundred layers has 30 kB.
  private static let mostBytes = 16 << 20

  /// The same values give the same text, and `parse` gives them back to the bit.
  package static func text(_ seconds: CandidateSeconds) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    // Numbers that are finite and plain text can always be written.
    guard let data = try? encoder.encode(seconds) else { return "" }
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  /// What `text` wrote, sound. That it is of some network is for who builds that to see.
  ///
  /// - Parameters:
  ///   - path: the file, for an error.
  ///   - part: what in the file it is; empty: all of it.
  /// - Throws: `FileError`.
  package static func parse(
    _ text: Data, of path: String, _ part: String = ""
  ) throws -> CandidateSeconds {
    let place = part.isEmpty ? "" : "\(part) "
    func refusal(_ reason: String) -> FileError {
      FileError(
        path: path,
        "\(place)holds no table of seconds\(reason); expected candidate-seconds.json of a run")
    }
    let seconds: CandidateSeconds
    do {
      seconds = try JSONDecoder().decode(CandidateSeconds.self, from: text)
    } catch {
      throw refusal(reason(error))
    }
    guard seconds.isSound else { throw refusal(" (numbers that no clip takes)") }
    return seconds
  }

  /// Reads a file that a person has given.
  ///
  /// - Throws: `FileError`.
  package static func read(_ path: String) throws -> CandidateSeconds {
    guard let text = try RegularFile.contents(path, mostBytes: mostBytes) else {
      throw FileError(path: path, "is not there; expected candidate-seconds.json of a run")
    }
    return try parse(text, of: path)
  }

  /// Where in the text it is not as expected.
  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "" }
    let context: DecodingError.Context
    switch error {
    case .typeMismatch(_, let its), .valueNotFound(_, let its), .dataCorrupted(let its):
      context = its
    case .keyNotFound(let key, _): return " (no '\(key.stringValue)')"
    @unknown default: return ""
    }
    let keys = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
    return keys.isEmpty ? "" : " (at \(keys.joined(separator: ".")))"
  }
}
