// A stored clip: which frames it has, and the pictures of those that are wanted.

import CFFmpeg
import Foundation

/// One clip of a shard.
struct StoredClip {
  let shard: ShardFile
  let frames: [FrameRecord]
  let timeline: FrameTimeline

  /// Finds `clip` in its shard.
  ///
  /// - Throws: `DatasetError` where the shard cannot be read, or the index is of another one.
  init(_ clip: PreparedClip, in pool: ShardPool) throws {
    shard = try pool.shard(of: clip)
    let (record, frames) = try shard.clip(clip.row)
    guard record.checksum == clip.checksum else {
      throw damagedShard(
        shard.path, "clip \(clip.row) with another checksum than index.csv has")
    }
    self.frames = frames
    timeline = FrameTimeline(
      count: frames.count, times: record.isTimed ? frames.map(\.time) : nil)
  }
}

/// Reads the frames of stored clips. Has buffers of its own: one a thread.
final class StoredFrameReader {
  /// Frames this near to each other are read together: a read costs more than the bytes between.
  private static let gapBytes = 64 << 10
  /// Bytes that are read together at most, unless a single frame has more.
  private static let runBytes = 16 << 20

  private let jpeg = JPEGDecoder()
  private var bytes: [UInt8] = []
  private var picture: StoredPicture?
  private var frame: UnsafeMutablePointer<AVFrame>?

  init() { FFmpegLog.silence() }

  deinit { av_frame_free(&frame) }

  /// Calls `deliver(i, frame, picture)` with each `wanted[i]`, frames of `clip` in ascending order.
  ///
  /// - Throws: `DatasetError` where frames are damaged, and whatever `deliver` throws.
  func read(
    _ wanted: [Int], of clip: StoredClip, _ deadline: Deadline,
    deliver: (Int, UnsafeMutablePointer<AVFrame>, StoredPicture) throws -> Void
  ) throws {
    var first = 0
    while first < wanted.count {
      guard !deadline.isOver else { throw tooSlow(clip.shard.path) }
      let start = clip.frames[wanted[first]].offset
      let end = run(wanted, from: first, in: clip)
      let stop = clip.frames[wanted[end - 1]]
      let count = stop.offset + stop.bytes - start
      if bytes.count < count { bytes = [UInt8](repeating: 0, count: count) }
      try bytes.withUnsafeMutableBytes {
        try clip.shard.readData(start, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
      }
      for index in first..<end {
        let record = clip.frames[wanted[index]]
        let picture = clip.shard.pictures[record.picture]
        let frame = try decode(record, from: start, picture, wanted[index], clip.shard.path)
        try deliver(index, frame, picture)
      }
      first = end
    }
  }

  /// The end of the frames that are read together with `wanted[first]`.
  private func run(_ wanted: [Int], from first: Int, in clip: StoredClip) -> Int {
    let start = clip.frames[wanted[first]].offset
    var end = first + 1
    while end < wanted.count {
      let (last, next) = (clip.frames[wanted[end - 1]], clip.frames[wanted[end]])
      let gap = next.offset - last.offset - last.bytes
      guard gap >= 0, gap <= StoredFrameReader.gapBytes,
        next.offset + next.bytes - start <= StoredFrameReader.runBytes
      else { break }
      end += 1
    }
    return end
  }

  private func decode(
    _ record: FrameRecord, from start: Int, _ picture: StoredPicture, _ number: Int, _ path: String
  ) throws -> UnsafeMutablePointer<AVFrame> {
    try bytes.withUnsafeBytes { all in
      let offset = record.offset - start
      let stored = UnsafeRawBufferPointer(rebasing: all[offset..<(offset + record.bytes)])
      guard CRC32.of(stored) == record.checksum else {
        throw damagedShard(path, "frame \(number) of the clip does not match its checksum")
      }
      if picture != self.picture {
        av_frame_free(&frame)
        frame = picture.makeFrame()
        self.picture = picture
      }
      guard let frame else {
        throw damagedShard(path, "pictures of a kind unknown here (\(picture.format))")
      }
      do {
        if picture.format == StoredPicture.jpeg {
          try jpeg.decompress(stored, into: frame.pointee)
        } else {
          try StoredFrameReader.copy(stored, into: frame)
        }
      } catch let error as UnusablePicture {
        throw damagedShard(path, "frame \(number) of the clip: \(error.reason)")
      }
      return frame
    }
  }

  private static func copy(
    _ stored: UnsafeRawBufferPointer, into frame: UnsafeMutablePointer<AVFrame>
  ) throws(UnusablePicture) {
    let (width, height) = (frame.pointee.width, frame.pointee.height)
    let format = AVPixelFormat(rawValue: .init(truncatingIfNeeded: frame.pointee.format))
    guard av_image_get_buffer_size(format, width, height, 1) == stored.count,
      let source = av_frame_alloc()
    else { throw UnusablePicture(reason: "\(stored.count) bytes are not its picture") }
    defer {
      var freed: UnsafeMutablePointer<AVFrame>? = source
      av_frame_free(&freed)
    }
    let bytes = stored.baseAddress?.assumingMemoryBound(to: UInt8.self)
    source.pointee.format = frame.pointee.format
    source.pointee.width = width
    source.pointee.height = height
    let filled = withUnsafeMutablePointer(to: &source.pointee.data) { data in
      withUnsafeMutablePointer(to: &source.pointee.linesize) { lines in
        av_image_fill_arrays(
          UnsafeMutableRawPointer(data).assumingMemoryBound(
            to: UnsafeMutablePointer<UInt8>?.self),
          UnsafeMutableRawPointer(lines).assumingMemoryBound(to: Int32.self), bytes, format, width,
          height, 1)
      }
    }
    guard filled >= 0, av_frame_copy(frame, source) >= 0 else {
      throw UnusablePicture(reason: "pixels FFmpeg cannot copy")
    }
  }
}
