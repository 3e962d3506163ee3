// Every setting of a training run, with its default. What each is called, may be and is for:
// Settings.swift.

import VARedData
import VARedDist
import VARedNN

/// Whether the convolutions of the residual blocks are dynamic.
public enum NetworkKind: String, CaseIterable, Sendable {
  /// Computes per clip what its gates ask for (METHOD §1–§3).
  case dynamic
  /// Computes everything: the baseline.
  case fixed
}

/// What the loss charges policies for; with `cost-kappa`, `CostForm`.
public enum CostKind: String, CaseIterable, Sendable {
  /// The mean of the candidates' costs under their weights (METHOD §3).
  case linear
  /// Close to the dearest candidate that has a weight, which is what is executed (METHOD §4).
  case saturating
}

/// What computation is counted in, in the loss and for a target.
public enum CostUnit: String, CaseIterable, Sendable {
  /// Multiply-accumulates of the dynamic convolutions (METHOD §3).
  case macs
  /// Seconds of the network on the machine that trains it (METHOD §3).
  case seconds

  /// What an executed share of it is called.
  var ratioName: String { self == .macs ? "conv ratio" : "time ratio" }
}

/// How training clips are varied.
public enum AugmentMode: String, CaseIterable, Sendable {
  /// Random scale, crop and flip, and what other settings add.
  case standard
  /// The centre crop.
  case none
}

/// In which order an epoch reads the training clips.
public enum ShuffleMode: String, CaseIterable, Sendable {
  /// A new order every epoch, a pure function of (seed, epoch).
  case epoch
  /// The order of the label file.
  case none
}

/// How the clips of a step are shared out to the ranks.
public enum ClipBalance: String, CaseIterable, Sendable {
  /// In their order.
  case none
  /// So that the ranks have about as much to compute, by what each clip cost before.
  case cost
}

/// How many views of a clip an evaluation averages (METHOD §6).
public enum EvaluationViews: String, CaseIterable, Sendable {
  /// One centre clip.
  case clip
  /// Windows uniform in time × crops, softmax averaged.
  case video
}

/// Where training starts.
public enum ResumeMode: Equatable, Sendable {
  /// At the newest whole checkpoint of the output folder; afresh if it has none.
  case auto
  /// Afresh; an output folder with a run in it is refused.
  case none
  /// At this checkpoint file.
  case path(String)

  /// `auto`, `none`, or a path.
  public init(_ text: String) {
    self = text == "auto" ? .auto : text == "none" ? .none : .path(text)
  }

  /// As written in a file or on the command line.
  public var text: String {
    switch self {
    case .auto: "auto"
    case .none: "none"
    case .path(let path): path
    }
  }
}

/// The settings of `vared-train train`, named as its flags; the defaults are the ones users get.
public struct TrainingConfiguration: Equatable, Sendable {
  /// List of videos, folder of classes, or HDF5 clips file; required.
  public var data = ""
  /// Folder of the videos that `data` lists; nil: the list's own.
  public var videos: String?
  /// Folder of checkpoints and metrics; required.
  public var output = ""

  /// The architecture.
  public var model = Architecture.r2plus1d18
  /// Channel multiplier.
  public var width = 1.0
  /// Dynamic or fixed.
  public var network = NetworkKind.dynamic
  /// St asked for, before candidates that do not differ collapse (METHOD §1).
  public var temporalCandidates = 2
  /// Sc asked for, before candidates that do not differ collapse (METHOD §1).
  public var channelCandidates = 2
  /// How gate outputs become weights (METHOD §2).
  public var gateForm = GateForm.normalized
  /// Hidden units of a gate, Dh.
  public var gateHidden = 32
  /// Whether gates see how much their input moves (METHOD §4).
  public var motionEnergy = false

  /// Frames of a clip, T.
  public var frames = 8
  /// Video frames from one clip frame to the next.
  public var frameStride = 2
  /// Height and width of a clip in pixels.
  public var size = 112
  /// Variation of training clips.
  public var augment = AugmentMode.standard
  /// Which part of a picture a training clip shows.
  public var crop = CropMode.jittered
  /// Short sides that pictures are scaled to before a jittered crop; nil: those of `size`.
  public var scaleJitter: ScaleJitter?
  /// Whether half of the training clips are mirrored.
  public var flip = true
  /// How much the colours of training clips vary; nil: not at all.
  public var colorJitter: ColorJitter?
  /// How many operations of RandAugment are done to a training clip, and how strong they are; nil:
  /// none.
  public var randAugment: RandAugment?
  /// Order of training clips.
  public var shuffle = ShuffleMode.epoch
  /// How the clips of a step are shared out to the ranks.
  public var balance = ClipBalance.none
  /// Largest fraction of clips that may fail to decode in one epoch.
  public var maxBadClips = 0.01

  /// Clips per rank and step, and threads.
  public var resources = Resources()
  /// Passes over the training clips.
  public var epochs = 30
  /// Peak learning rate of the schedule.
  public var learningRate = 0.01
  /// Epochs (or a fraction) in which the learning rate rises linearly from 0.
  public var warmupEpochs = 1.0
  /// Nesterov momentum.
  public var momentum = 0.9
  /// Weight decay; none on batch norm, biases, gates.
  public var weightDecay = 1e-4
  /// Probability with which a value that the classifier reads is left out of a training step.
  public var dropout = 0.0
  /// ε of the targets `(1 − ε)·y + ε/classes`.
  public var labelSmoothing = 0.0
  /// α of mixup; 0: none.
  public var mixup = 0.0
  /// α of CutMix; 0: none.
  public var cutmix = 0.0
  /// Batch-norm statistics over all ranks instead of each rank's own.
  public var syncBN = true
  /// Ranks, in a row, that share batch-norm statistics; 0: all.
  public var syncBNRanks = 0
  /// How gradients travel between hosts.
  public var compress = GradientCompression.none
  /// Whether results are the same, to the bit, for any number of ranks with the same clips a step.
  public var reproducible = false
  /// Where all randomness comes from, 0 or more.
  public var seed = 1
  /// HDF5 file of weights to start from.
  public var initialize: String?
  /// Seconds without progress after which the job is ended; 0: never.
  public var stallTimeout = 600.0
  /// How long the run may take; nil: as long as the scheduler says.
  public var timeLimit: RunTimeLimit?
  /// Steps that one start of the run may take; 0: all of them.
  public var stepLimit = 0

  /// Executed conv ratio, or time ratio, that λ is steered to, on average over the training clips;
  /// 0: λ is `costWeight`.
  public var targetRatio = 0.0
  /// What costs are counted in.
  public var costUnit = CostUnit.macs
  /// File of `CandidateSeconds`; nil: they are measured.
  public var costTable: String?
  /// λ of METHOD §3; with a target, where it starts.
  public var costWeight = 0.8
  /// What the loss charges policies for.
  public var costForm = CostKind.linear
  /// κ of the saturating cost.
  public var costKappa = 0.1
  /// Probability of the label from which on a correctly classified clip is charged.
  public var costConfidence = 0.0
  /// Power of a clip's cost in the loss.
  public var costPower = 2.0
  /// Part of the joint stage in which the cost comes in.
  public var costRamp = 0.5
  /// Learning-rate factor of the gates.
  public var gateRate = 0.3
  /// τ of sparsemax gates at the beginning of the joint stage.
  public var gateTemperatureStart = 1.0
  /// τ of sparsemax gates at its end, and from there on.
  public var gateTemperature = 0.5
  /// Share of all steps in which gates are held at full computation (METHOD §4).
  public var warmupShare = 0.3
  /// Share of the clips that take random candidates in the warm-up, reached half-way through it.
  public var warmupSampling = 0.5
  /// Share of all steps, the last ones, in which gates are frozen.
  public var finetuneShare = 0.2
  /// What decides what is computed.
  public var policy = PolicyMode.gates

  /// Steps between checkpoints; 0: at the end of each epoch only.
  public var checkpointEvery = 500
  /// Newest checkpoints kept; 0: all.
  public var keepCheckpoints = 3
  /// Steps in a row, undone because something in them was not finite, after which the run ends.
  public var maxBadSteps = 10
  /// Where to start.
  public var resume = ResumeMode.auto
  /// Epochs between evaluations; 0: only after the last.
  public var evaluateEvery = 1
  /// Views per clip in the evaluations during training.
  public var views = EvaluationViews.clip
  /// Event files for TensorBoard.
  public var tensorBoard = true
  /// How much is said.
  public var verbosity = Verbosity.normal

  /// The defaults.
  public init() {}

  /// Clips per rank and step.
  public var batch: Int { resources.batch }

  /// How training clips are varied; nil: not at all.
  package var augmentation: Augmentation? {
    guard augment == .standard else { return nil }
    var augmentation = Augmentation()
    augmentation.crop = crop
    augmentation.scaleJitter = scaleJitter
    augmentation.flips = flip
    augmentation.colorJitter = colorJitter
    augmentation.randAugment = randAugment
    return augmentation
  }

  /// How training clips are mixed and their labels softened.
  package var mixing: LabelMixing {
    var mixing = LabelMixing()
    (mixing.smoothing, mixing.mixup, mixing.cutmix) = (labelSmoothing, mixup, cutmix)
    return mixing
  }

  /// Ranks whose clips a batch-norm statistic is taken over, of a job of `ranks`.
  package func ranksPerStatistic(of ranks: Int) -> Int {
    !syncBN ? 1 : syncBNRanks == 0 ? ranks : syncBNRanks
  }

  /// Whether gates are charged for seconds.
  var countsSeconds: Bool { network == .dynamic && costUnit == .seconds }

  /// The network these settings describe.
  ///
  /// - Parameters:
  ///   - classes: of the logits.
  ///   - seconds: what candidates take, where costs are in seconds; without it all are offered and
  ///     costs are MACs.
  public func networkConfiguration(
    classes: Int, seconds: CandidateSeconds? = nil
  ) -> NetworkConfiguration {
    var dynamic: DynamicConfiguration?
    if network == .dynamic {
      var asked = DynamicConfiguration()
      asked.temporalCandidates = temporalCandidates
      asked.channelCandidates = channelCandidates
      asked.gateForm = gateForm
      asked.gateHidden = gateHidden
      asked.motionEnergy = motionEnergy
      asked.cost = costForm == .linear ? .linear : .saturating(kappa: Float(costKappa))
      asked.costConfidence = costConfidence
      asked.costPower = costPower
      dynamic = asked
    }
    var configuration = NetworkConfiguration(classes: classes, frames: frames, size: size)
    configuration.architecture = model
    configuration.width = width
    configuration.dynamic = dynamic
    configuration.seconds = seconds
    return configuration
  }
}
