// LoadClips: videos on disk to batches of clips in memory.
//   .build/release/LoadClips
// Walked through in Sources/VARedData/VARedData.docc/LoadingClips.md.

import Foundation
import VARedData

let folder = NSTemporaryDirectory() + "vared-clips-\(getpid())"
let shapes = MovingShapes(trainClipsPerClass: 2, valClipsPerClass: 1, frames: 8, size: 32)
let labels = try shapes.write(to: folder)

let dataset = try Dataset.open(labels)
print("\(dataset.count(.train)) training clips of \(dataset.classes.count) classes")

let sampler = ShardedSampler(
  count: dataset.count(.train), ranks: 2, rank: 0, batch: 4, shuffle: true, seed: 1,
  dropLast: true)

let geometry = ClipGeometry(frames: 8, frameStride: 1, size: 32)
let loader = ClipLoader(
  dataset: dataset, split: .train, geometry: geometry, batches: sampler.batches(epoch: 0),
  view: { index in .train(seed: UInt64(index), augment: .standard) }, threads: 2, ahead: 3)

while let batch = try loader.next() {
  let mean = batch.clips.reduce(0, +) / Float(batch.clips.count)
  print("\(batch.labels.map { dataset.classes[$0] }), mean \(mean)")
  for clip in batch.bad { print("\(clip.path) was replaced: \(clip.reason)") }
}

try FileManager.default.removeItem(atPath: folder)
