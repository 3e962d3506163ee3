// FFmpeg's own messages: kept off the terminal, the last error kept for our one-line reasons.

import CFFmpeg
import Foundation

/// The last error that FFmpeg logged on this thread.
///
/// Our decoders run FFmpeg on the calling thread, so the message belongs to the caller's file. That
/// a picture is too large stays the last error: those after it only follow from it.
enum FFmpegLog {
  /// Installs the silent log callback, once per process.
  static func silence() { _ = installed }

  /// Forgets the last error of this thread.
  static func clear() { Thread.current.threadDictionary.removeObject(forKey: key) }

  /// The last error of this thread since `clear()`, without its line end.
  static var lastError: String? { Thread.current.threadDictionary[key] as? String }

  private static let key = "vared.ffmpeg.lastError"

  private static let installed: Void = {
    av_log_set_level(AV_LOG_ERROR)
    av_log_set_callback { _, level, format, arguments in
      guard level <= AV_LOG_ERROR, let format, let arguments else { return }
      var text = [CChar](repeating: 0, count: 256)
      vsnprintf(&text, text.count, format, arguments)
      let line = String(
        decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self
      )
      .split(whereSeparator: \.isNewline).joined(separator: " ")
      .trimmingCharacters(in: .whitespaces)
      guard !line.isEmpty, lastError?.contains("exceeds specified max pixel count") != true
      else { return }
      Thread.current.threadDictionary[key] = line
    }
  }()
}

/// FFmpeg's text for an error code, with the last message it logged on this thread.
func describeFFmpegError(_ code: Int32) -> String {
  var text = [CChar](repeating: 0, count: 128)
  av_strerror(code, &text, text.count)
  let error = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  return FFmpegLog.lastError.map { "\(error) (ffmpeg: \($0))" } ?? error
}
