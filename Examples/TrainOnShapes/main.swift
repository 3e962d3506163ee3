// TrainOnShapes: a whole training run, and what its checkpoint says.
//   .build/release/TrainOnShapes DIR
// Walked through in Sources/VARedTraining/VARedTraining.docc/TrainingANetwork.md.

import Foundation
import VARedTraining

let folder = CommandLine.arguments.dropFirst().first ?? "."

let end = TrainingRun.launch {
  var settings = TrainingConfiguration()
  settings.data = folder + "/labels.csv"
  settings.output = folder + "/run"
  settings.width = 0.25
  (settings.frames, settings.frameStride, settings.size) = (8, 1, 32)
  settings.epochs = 2
  (settings.resources.batch, settings.resources.threads) = (4, 1)
  try settings.read(yaml: "motion-energy: true\ncost-weight: 0.4\n", named: "example")
  return settings
}

guard end == .finished else { exit(1) }

let name = try FileManager.default.contentsOfDirectory(atPath: folder + "/run/checkpoints").max()
let checkpoint = try Checkpoint.read("\(folder)/run/checkpoints/\(name ?? "")")
let header = checkpoint.header
print("step \(header.position.step), \(header.classes.count) classes, stage \(header.stage)")
