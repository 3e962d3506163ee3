// The oneDNN primitives that a convolution keeps.

/// The primitives of one convolution, for the numbers of clips and the parts that came up last.
/// Each comes with descriptors and memory objects, and holds on to code that oneDNN generated for
/// it, so their number is bounded.
final class PrimitiveCache {
  let geometry: ConvolutionGeometry
  private let isStem: Bool
  private var known: [Key: Entry] = [:]
  private var uses = 0

  /// One for every number of clips up to 16 that may choose one of four parts.
  static let capacity = 64

  private struct Key: Hashable {
    let clips: Int
    let part: ConvolutionPart
  }

  private final class Entry {
    let primitives: ConvolutionPrimitives
    var lastUse = 0

    init(_ primitives: ConvolutionPrimitives) { self.primitives = primitives }
  }

  init(_ geometry: ConvolutionGeometry, isStem: Bool) {
    self.geometry = geometry
    self.isStem = isStem
  }

  /// Those for `clips` clips and `part`, made at their first use.
  subscript(clips: Int, part: ConvolutionPart) -> ConvolutionPrimitives {
    let key = Key(clips: clips, part: part)
    uses += 1
    if let entry = known[key] {
      entry.lastUse = uses
      return entry.primitives
    }
    if known.count == Self.capacity,
      let oldest = known.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      known[oldest.key] = nil
    }
    let entry = Entry(
      ConvolutionPrimitives(geometry, part: part, clips: clips, isStem: isStem))
    entry.lastUse = uses
    known[key] = entry
    return entry.primitives
  }
}
