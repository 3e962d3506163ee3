// StatusBoard: what every rank on this host is doing, in memory that all of them read. It needs no
// network and no call into MPI, so it can be read when both hang.

import Foundation
import Synchronization

/// What a rank is doing, as it said last.
struct RankStatus: Equatable {
  enum State: Int {
    /// Has not said anything yet.
    case unknown
    /// Does work of its own.
    case working
    /// Waits for other ranks.
    case waiting
    /// Is not watched any more: it has ended, or says why it ends.
    case ended
  }
  var state = State.unknown
  /// How often it has reported progress.
  var reports = 0
  /// Goes up as long as its process runs.
  var beats = 0
  /// 0: not known.
  var processID = 0
  /// What it is doing.
  var phase = ""
}

/// A slot of shared memory for each rank on this host; a rank writes its own, all read all.
///
/// The memory has no name once all have it, so nothing is left behind however the ranks end. Where
/// there is none, a rank sees only itself.
final class StatusBoard: @unchecked Sendable {
  private static let slotBytes = 256
  private static let textOffset = 64
  /// The words in front of a slot's text.
  private enum Word: Int { case state, reports, beats, processID, length, speaker, farReports }

  /// World ranks of this host, in order; the first is its leader.
  let ranks: [Int]
  private let mine: Int
  private let base: UnsafeMutableRawPointer
  /// Held while this rank's text is written: watches may follow or overlap one another.
  private let writing = Mutex(())

  /// - Parameters:
  ///   - ranks: world ranks of this host.
  ///   - rank: this one.
  ///   - name: what the memory is called; nil: of this rank alone.
  init(ranks: [Int], rank: Int, name: String?) {
    let bytes = ranks.count * Self.slotBytes
    let shared = name.flatMap { Self.map($0, bytes: bytes) }
    self.ranks = shared == nil ? [rank] : ranks
    base = shared ?? .allocate(byteCount: Self.slotBytes, alignment: 64)
    if shared == nil { memset(base, 0, Self.slotBytes) }
    mine = self.ranks.firstIndex(of: rank) ?? 0
    // Process numbers mean the same to ranks of one PID namespace only (containers).
    set(.processID, Self.isInFirstNamespace ? Int(getpid()) : 0)
  }

  /// A new piece of memory of that name, all zero; false where there is none.
  static func create(_ name: String, slots: Int) -> Bool {
    let file = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600)
    guard file >= 0 else { return false }
    defer { close(file) }
    // Reserves the memory: a full /dev/shm would otherwise kill who writes to it first.
    if posix_fallocate(file, 0, slots * slotBytes) == 0 { return true }
    shm_unlink(name)
    return false
  }

  private static func map(_ name: String, bytes: Int) -> UnsafeMutableRawPointer? {
    let file = shm_open(name, O_RDWR, 0)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let found = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
    return found == MAP_FAILED ? nil : found
  }

  /// Whether this process has the number by which the host's first process knows it.
  private static var isInFirstNamespace: Bool {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("NSpid:") }
    return line?.split(separator: "\t").count == 2
  }

  // MARK: - Writing

  /// Says what this rank does.
  func write(_ state: RankStatus.State, reports: Int, phase: String) {
    write(phase: phase)
    set(.state, state.rawValue)
    set(.reports, reports)
  }

  /// Says the same in other words.
  func write(phase: String) {
    let text = Array(phase.utf8.prefix(Self.slotBytes - Self.textOffset))
    let place = base + mine * Self.slotBytes + Self.textOffset
    writing.withLock { _ in
      for (offset, byte) in text.enumerated() {
        place.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      }
      set(.length, text.count)
    }
  }

  /// Says that this rank is not watched any more.
  func end() { set(.state, RankStatus.State.ended.rawValue) }

  /// Says that this process runs.
  func beat() { words(mine)[Word.beats.rawValue].add(1, ordering: .relaxed) }

  /// Whether this rank is the first on the host that wants to say why the job ends.
  func mayExplain() -> Bool {
    words(0)[Word.speaker.rawValue].add(1, ordering: .relaxed).oldValue == 0
  }

  /// How much progress there was on other hosts; the leader writes it for all.
  var farReports: Int {
    get { words(0)[Word.farReports.rawValue].load(ordering: .relaxed) }
    set { words(0)[Word.farReports.rawValue].store(newValue, ordering: .relaxed) }
  }

  // MARK: - Reading

  /// What every rank of this host does, in the order of ``ranks``. What is being written meanwhile
  /// may be mixed with what was there before.
  func read() -> [RankStatus] {
    ranks.indices.map { slot in
      let words = words(slot)
      func load(_ word: Word) -> Int { words[word.rawValue].load(ordering: .relaxed) }
      let length = max(0, min(load(.length), Self.slotBytes - Self.textOffset))
      let text = UnsafeRawBufferPointer(
        start: base + slot * Self.slotBytes + Self.textOffset, count: length)
      return RankStatus(
        state: RankStatus.State(rawValue: load(.state)) ?? .unknown, reports: load(.reports),
        beats: load(.beats), processID: load(.processID),
        phase: String(decoding: text, as: UTF8.self))
    }
  }

  private func set(_ word: Word, _ value: Int) {
    words(mine)[word.rawValue].store(value, ordering: .relaxed)
  }

  private func words(_ slot: Int) -> UnsafeMutablePointer<Atomic<Int>> {
    (base + slot * Self.slotBytes).assumingMemoryBound(to: Atomic<Int>.self)
  }
}
