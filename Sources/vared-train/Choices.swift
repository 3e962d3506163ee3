// Which words the flags take; the types are the trainer's.

import ArgumentParser
import VARedTraining

extension Architecture: ExpressibleByArgument {}
extension NetworkKind: ExpressibleByArgument {}
extension GateForm: ExpressibleByArgument {}
extension CostKind: ExpressibleByArgument {}
extension CostUnit: ExpressibleByArgument {}
extension AugmentMode: ExpressibleByArgument {}
extension ShuffleMode: ExpressibleByArgument {}
extension ClipBalance: ExpressibleByArgument {}
extension EvaluationViews: ExpressibleByArgument {}
extension Split: ExpressibleByArgument {}
extension FramesFormat: ExpressibleByArgument {}
extension CropMode: ExpressibleByArgument {}
extension ScaleJitter: ExpressibleByArgument {}
extension ColorJitter: ExpressibleByArgument {}
extension RandAugment: ExpressibleByArgument {}
extension RunTimeLimit: ExpressibleByArgument {}
extension PolicyMode: ExpressibleByArgument {}
extension Verbosity: ExpressibleByArgument {}
extension GradientCompression: ExpressibleByArgument {}

extension ResumeMode: ExpressibleByArgument {
  /// Any text is one.
  public init?(argument: String) { self.init(argument) }
}
