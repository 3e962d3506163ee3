// Says what is odd about clips that were read all the same, once for each.

import Synchronization
import VARedData

/// The warnings about clips that this process has shown.
enum ClipWarnings {
  private static let shown = Mutex<Set<String>>([])

  /// Writes those of `notes` whose clip has had none yet to standard error, on the rank that read
  /// the clip.
  static func show(_ notes: [ClipNote]) {
    for note in notes where shown.withLock({ $0.insert(note.path).inserted }) {
      Terminal.warn("warning: \(note.path): \(note.text)")
    }
  }
}
