// What a network did with one clip: answers, decisions, cost.

import Foundation
import VARedNN
import VARedTraining

/// The clip and all that is said of it.
struct ExplainedClip {
  /// What one dynamic convolution computed; the rest it reconstructed.
  struct Layer {
    let name: String
    /// Frames of its output, T'.
    let frames: Int
    /// Every how many of them were computed.
    let stride: Int
    /// Channels that were computed.
    let channels: Int
    /// Channels of its output, K.
    let allChannels: Int
    /// The executed share of its multiply-accumulates.
    let ratio: Double

    /// Frames that were computed.
    var computedFrames: Int { (frames + stride - 1) / stride }
  }

  let name: String
  /// The classes of the highest scores, the highest first, with softmax or sigmoid.
  let answers: [(name: String, probability: Double)]
  let layers: [Layer]
  /// Executed ratio of the dynamic convolutions.
  let convRatio: Double
  let executedGMACs: Double
  let fixedGMACs: Double
  let milliseconds: Double
  let fixedMilliseconds: Double

  /// - Parameters:
  ///   - name: the clip's path.
  ///   - classes: in the order of the logits.
  ///   - isMultiLabel: a clip has any number of them.
  ///   - network: that ran.
  ///   - inference: what it found, of one clip.
  ///   - frames: T' of each convolution, by its name.
  ///   - milliseconds: of the network, measured.
  ///   - fixedMilliseconds: of the fixed network.
  init(
    name: String, classes: [String], isMultiLabel: Bool, network: VideoNetwork,
    inference: Inference, frames: [String: Int], milliseconds: Double, fixedMilliseconds: Double
  ) {
    self.name = name
    answers = Self.answers(inference.logits, classes, isMultiLabel)
    layers = network.dynamicLayers.enumerated().map { number, layer in
      let (a, b) = inference.chosen(layer: number, clip: 0)
      return Layer(
        name: layer.name, frames: max(1, frames[layer.name] ?? 1), stride: layer.temporalStrides[a],
        channels: layer.channelCounts[b], allChannels: layer.channelCounts[0],
        ratio: layer.executedRatio(temporal: a, channel: b))
    }
    convRatio = inference.convRatio[0]
    executedGMACs = Double(inference.executedMACs[0]) / 1e9
    fixedGMACs = Double(network.fullMACs) / 1e9
    self.milliseconds = milliseconds
    self.fixedMilliseconds = fixedMilliseconds
  }

  private static func answers(
    _ logits: [Float], _ classes: [String], _ isMultiLabel: Bool
  ) -> [(name: String, probability: Double)] {
    let scores = ClipScores.scores(of: logits[...], isMultiLabel: isMultiLabel)
    return zip(classes, scores).enumerated()
      .sorted { ($0.element.1, $1.offset) > ($1.element.1, $0.offset) }
      .prefix(5).map { ($0.element.0, $0.element.1) }
  }

  /// `0.0421 GMAC, 63.2 % of the fixed network's 0.0667`.
  var computation: String {
    String(
      format: "%.4f GMAC, %.1f %% of the fixed network's %.4f", executedGMACs,
      100 * executedGMACs / fixedGMACs, fixedGMACs)
  }

  /// The same of the measured time.
  var time: String {
    String(
      format: "%.2f ms, %.1f %% of the fixed network's %.2f", milliseconds,
      100 * milliseconds / fixedMilliseconds, fixedMilliseconds)
  }

  /// Lines for a person.
  var table: String {
    var facts = TextTable([.left, .left])
    facts.add(["clip", name])
    for (place, answer) in answers.enumerated() {
      facts.add([
        place == 0 ? "answer" : "", String(format: "%.4f  ", answer.probability) + answer.name,
      ])
    }
    facts.add(["computation", computation])
    facts.add(["time", time])
    guard !layers.isEmpty else {
      return facts.text + "\nno gates: the network is fixed\n\n"
    }
    facts.add(["conv ratio", String(format: "%.4f", convRatio)])
    var table = TextTable([.left, .right, .right, .right])
    table.add(["dynamic layer", "frames computed", "channels computed", "executed"])
    for layer in layers {
      table.add([
        layer.name, "\(layer.computedFrames) of \(layer.frames)",
        "\(layer.channels) of \(layer.allChannels)", String(format: "%.3f", layer.ratio),
      ])
    }
    return facts.text + "\n" + table.text + "\n"
  }
}
