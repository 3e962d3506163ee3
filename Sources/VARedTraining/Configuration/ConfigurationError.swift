// What is wrong with a flag or with a line of a configuration file, in one line.

import VARedNN

/// A setting that cannot be used.
///
/// `description` is one line: `configs/a.yaml:3: widht: unknown setting; did you mean width?`
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Where: the configuration file with its line, or nil for the command line.
  public let place: String?
  /// The setting's name in kebab-case, without dashes in front; nil where no single one is at
  /// fault.
  public let key: String?
  /// What was expected, what was found, what to do.
  public let message: String

  /// An error about `key`.
  public init(place: String? = nil, key: String? = nil, _ message: String) {
    self.place = place
    self.key = key
    self.message = message
  }

  /// One line; a key from the command line is written as its flag.
  public var description: String {
    switch (place, key) {
    case (let place?, let key?): "\(place): \(key): \(message)"
    case (let place?, nil): "\(place): \(message)"
    case (nil, let key?): "--\(key): \(message)"
    case (nil, nil): message
    }
  }
}

extension ConfigurationError {
  /// A complaint of the network as one about the flag of that name, where there is one.
  package init(network error: NetworkError) {
    let flag = Setting.named(error.setting)
    self.init(key: flag?.key, flag == nil ? error.description : error.problem)
  }
}
