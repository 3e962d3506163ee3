// The program ffmpeg: makes files of any kind, and is the judge of which frames they show.

import CFFmpeg
import Foundation

@testable import VARedData

enum FFmpegCommand {
  /// Names of the encoders it has.
  static let encoders: Set<String> = {
    let lines = (try? output(["-hide_banner", "-encoders"])) ?? Data()
    return Set(
      String(decoding: lines, as: UTF8.self).split(whereSeparator: \.isNewline)
        .compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) })
  }()

  /// Runs it on `arguments`, its messages left out.
  ///
  /// - Returns: its status.
  @discardableResult
  static func run(_ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["ffmpeg", "-v", "quiet", "-y", "-nostdin"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// The pixels of every frame that it decodes of each file, in order.
  static func shownFrames(_ paths: [String]) throws -> [Data] {
    defer { for path in paths { try? FileManager.default.removeItem(atPath: path + ".raw") } }
    // One start for all; on its own where one of them ends the program.
    if try decode(paths) != 0 {
      for path in paths { _ = try decode([path]) }
    }
    return paths.map { FileManager.default.contents(atPath: $0 + ".raw") ?? Data() }
  }

  private static func decode(_ paths: [String]) throws -> Int32 {
    let inputs = paths.flatMap { ["-noautorotate", "-threads", "1", "-i", $0] }
    func outputs(_ mode: String) -> [String] {
      paths.enumerated().flatMap {
        ["-map", "\($0.offset):v:0", mode, "passthrough", "-f", "rawvideo", $0.element + ".raw"]
      }
    }
    // The option has another name before FFmpeg 5.1.
    let status = try run(inputs + outputs("-fps_mode"))
    return status == 0 ? 0 : try run(inputs + outputs("-vsync"))
  }

  private static func output(_ arguments: [String]) throws -> Data {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["ffmpeg"] + arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer { process.waitUntilExit() }
    return pipe.fileHandleForReading.readDataToEndOfFile()
  }
}

/// The pixels of a frame, its rows and planes without padding.
func packedPixels(_ frame: UnsafeMutablePointer<AVFrame>) -> Data {
  let format = AVPixelFormat(rawValue: .init(truncatingIfNeeded: frame.pointee.format))
  let (width, height) = (frame.pointee.width, frame.pointee.height)
  let size = av_image_get_buffer_size(format, width, height, 1)
  var bytes = [UInt8](repeating: 0, count: max(0, Int(size)))
  withUnsafePointer(to: frame.pointee.data) { data in
    withUnsafePointer(to: frame.pointee.linesize) { lines in
      let planes = UnsafeRawPointer(data).assumingMemoryBound(to: UnsafePointer<UInt8>?.self)
      let strides = UnsafeRawPointer(lines).assumingMemoryBound(to: Int32.self)
      _ = av_image_copy_to_buffer(&bytes, size, planes, strides, format, width, height, 1)
    }
  }
  return Data(bytes)
}
