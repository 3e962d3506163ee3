// r ranks × batch b ≡ 1 rank × batch r·b, through the real network and collectives.

import Testing

@Suite(.serialized)
struct EquivalenceTests {
  @Test(
    "ranks together compute what one alone does", arguments: [1, 2, 4],
    [
      "network-dynamic-normalised.h5", "network-fixed.h5", "network-motion-saturating.h5",
      "network-frozen-gates.h5", "network-drawn.h5", "network-x3d.h5",
      "network-x3d-dynamic.h5",
    ])
  func networkEquivalence(ranks: Int, file: String) throws {
    let check = "network-equivalence \(file)"
    expectPass(try rankCheck(check, ranks: ranks), check, ranks: ranks)
  }

  @Test(
    "with several labels a clip too", arguments: [2, 4],
    ["network-dynamic-normalised.h5", "network-fixed.h5"])
  func multiLabelEquivalence(ranks: Int, file: String) throws {
    let check = "multi-label-equivalence \(file)"
    expectPass(try rankCheck(check, ranks: ranks), check, ranks: ranks)
  }
}
