// evaluation.json: what `evaluate --report` and every evaluation of a training write.

import Foundation
import VARedTraining

/// The members of an evaluation that a report shows.
struct EvaluationNumbers: Decodable {
  /// One class.
  struct OfClass: Decodable {
    let name: String
    let clips: Int
    let accuracy: Double?
    let averagePrecision: Double?
    let convRatio: Double
    let executedGmacs: Double

    /// What classes are compared by.
    var score: Double { averagePrecision ?? accuracy ?? .nan }
  }

  /// What gates chose.
  struct Policies: Decodable {
    let views: Int
    let layers: [Layer]
    let classes: [Group]
  }

  /// One dynamic convolution, over all clips.
  struct Layer: Decodable {
    let name: String
    let share: Double
    let convRatio: Double
    let temporalStrides: [Int]
    let temporal: [Int]
    let channelCounts: [Int]
    let channel: [Int]
  }

  /// The views of one class; lists of the layers.
  struct Group: Decodable {
    let name: String
    let views: Int
    let convRatio: Double
    let temporalRatio: Double
    let channelRatio: Double
    let temporal: [[Int]]
    let channel: [[Int]]
  }

  let step: Int
  let clips: Int
  let badClips: Int
  let views: Int
  let data: String
  let videos: String?
  let split: String
  let top1: Double?
  let top5: Double?
  let meanClassAccuracy: Double?
  let map: Double?
  let convRatio: Double
  let convRatioDeviation: Double?
  let timeRatio: Double?
  let executedGmacs: Double
  let fullGmacs: Double
  let secondsPerClip: Double
  let trainingRanks: Int?
  let trainingThreads: Int?
  let classes: [OfClass]
  let confusionClasses: [String]?
  let confusion: [[Int]]?
  let policies: Policies?

  /// Reads `path`.
  ///
  /// - Parameters:
  ///   - path: of the file.
  ///   - advice: what to do where it cannot be read.
  /// - Throws: `FileError`.
  init(path: String, advice: String) throws {
    guard let data = try RegularFile.contents(path) else {
      throw FileError(path: path, "is not there; \(advice)")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      self = try decoder.decode(Self.self, from: data)
    } catch {
      throw FileError(path: path, "is no evaluation that can be read; \(advice)")
    }
    guard isConsistent else {
      throw FileError(path: path, "has lists that do not belong together; \(advice)")
    }
    guard hasPossibleNumbers else {
      throw FileError(path: path, "has numbers that no evaluation gives; \(advice)")
    }
  }

  /// What runs are compared by: mAP with several labels a clip, else top-1.
  var score: Double { map ?? top1 ?? .nan }

  /// The score's name.
  var scoreName: String { map == nil ? "top-1" : "mAP" }

  /// Whether every number is one that can be counted with: nothing below 0, nothing that sums up
  /// beyond an integer.
  private var hasPossibleNumbers: Bool {
    let layers = policies?.layers ?? []
    let groups = policies?.classes ?? []
    var counts = [step, clips, badClips, views, policies?.views ?? 0]
    counts += classes.map(\.clips) + groups.map(\.views) + (confusion ?? []).flatMap(\.self)
    counts += layers.flatMap { $0.temporal + $0.channel }
    counts += groups.flatMap { ($0.temporal + $0.channel).flatMap(\.self) }
    var shares: [Double?] = [
      convRatio, convRatioDeviation, timeRatio, executedGmacs, fullGmacs, secondsPerClip, top1,
      top5, meanClassAccuracy, map,
    ]
    shares += classes.flatMap {
      [$0.convRatio, $0.executedGmacs, $0.accuracy, $0.averagePrecision]
    }
    shares += layers.flatMap { [$0.share, $0.convRatio] }
    shares += groups.flatMap { [$0.convRatio, $0.temporalRatio, $0.channelRatio] }
    let strides = layers.flatMap { $0.temporalStrides + $0.channelCounts }
    return counts.allSatisfy { 0...1 << 40 ~= $0 } && strides.allSatisfy { 1...1 << 40 ~= $0 }
      && shares.allSatisfy { 0...1e12 ~= $0 ?? 0 }
  }

  /// Whether lists have the lengths that they have when the program writes them.
  private var isConsistent: Bool {
    let rows = confusion ?? []
    guard rows.allSatisfy({ $0.count == rows.count }), rows.count == (confusionClasses ?? []).count,
      let policies
    else { return policies == nil && rows.count == (confusionClasses ?? []).count }
    return policies.layers.allSatisfy {
      $0.temporal.count == $0.temporalStrides.count && $0.channel.count == $0.channelCounts.count
        && ($0.channelCounts.first ?? 0) > 0
    }
      && policies.classes.allSatisfy { group in
        group.temporal.map(\.count) == policies.layers.map(\.temporal.count)
          && group.channel.map(\.count) == policies.layers.map(\.channel.count)
      }
  }
}
