// The list of all settings, in the order of config.yaml.

import VARedNN

extension Setting {
  /// Settings that belong together, under one heading in config.yaml and in the help.
  package struct Group: Sendable {
    /// The heading.
    package let title: String
    /// What config.yaml says beside it.
    var remark: String?
    /// In the order of config.yaml.
    package let settings: [Setting]
  }

  /// Every setting.
  package static let all: [Setting] = Group.all.flatMap(\.settings)

  /// The setting that is called `key`.
  package static func named(_ key: String) -> Setting? { all.first { $0.key == key } }

  /// The setting that was called `key` before.
  static func formerlyNamed(_ key: String) -> Setting? {
    all.first { $0.formerKeys.contains(key) }
  }
}

extension Setting.Group {
  /// Every group.
  package static let all = [files, network, clips, optimization, adaptation, bookkeeping]

  /// Data, output and initial weights.
  package static let files = Setting.Group(
    title: "Data and output", remark: "paths are relative to where vared-train is started",
    settings: [
      .path(
        "data", \.data, "path",
        "List of videos with their labels, folder of videos for each class, HDF5 file with /clips and "
          + "/labels, or folder that prepare wrote; docs/DATA.md has every form", for: .everyone),
      .optionalPath(
        "videos", \.videos, "dir",
        "Folder that the videos of --data lie in, where it is not that of the list",
        for: .everyone),
      .path("output", \.output, "dir", "Folder for checkpoints and metrics", for: .everyone),
      .optionalPath(
        "initialize", \.initialize, "weights.h5",
        "HDF5 file of weights to start from: a checkpoint, or datasets named as in PyTorch; what is "
          + "not in it is said. Ignored when the run is resumed", for: .everyone
      ).formerly("initialise"),
    ])

  /// What network is built.
  package static let network = Setting.Group(
    title: "Network",
    settings: [
      .choice("model", \.model, "name", "The architecture", for: .everyone),
      .number(
        "width", \.width, NetworkConfiguration.widths, "factor", "Channel multiplier",
        for: .everyone),
      .choice(
        "network", \.network, "kind",
        "dynamic (computes what each clip needs) or fixed (the baseline)", for: .everyone),
      .whole(
        "temporal-candidates", \.temporalCandidates, DynamicConfiguration.candidateCounts, "count",
        "Temporal candidates of a dynamic convolution: all, half, a quarter … of the frames"),
      .whole(
        "channel-candidates", \.channelCandidates, DynamicConfiguration.candidateCounts, "count",
        "Channel candidates of a dynamic convolution: all, half, a quarter … of the channels"),
      .choice(
        "gate-form", \.gateForm, "form",
        "Gate outputs: normalised (weights that sum to 1), sparsemax (the same, fewer above zero) or "
          + "published", for: .research),
      .whole(
        "gate-hidden", \.gateHidden, DynamicConfiguration.hiddenUnits, "units",
        "Hidden units of a gate", for: .research),
      .flag(
        "motion-energy", \.motionEnergy,
        "Gates see how much their input moves, beside its means", for: .research),
    ])

  /// What clips look like and how they are read.
  package static let clips = Setting.Group(
    title: "Clips",
    settings: [
      .whole(
        "frames", \.frames, NetworkConfiguration.frameCounts, "frames", "Frames of a clip",
        for: .everyone),
      .whole(
        "frame-stride", \.frameStride, 1...1024, "frames",
        "Video frames from one clip frame to the next"),
      .whole(
        "size", \.size, NetworkConfiguration.sizes, "pixels", "Height and width of a clip",
        for: .everyone),
      .choice(
        "augment", \.augment, "mode",
        "Variation of training clips: standard (random scale, crop, flip, and what the next five say) "
          + "or none"),
      .choice(
        "crop", \.crop, "mode",
        "Training crops: jittered (a square of the picture at a random scale) or resized (a part of "
          + "random area and aspect)"),
      .words(
        "scale-jitter", \.scaleJitter, "least-most",
        "Short sides, in pixels, that jittered crops scale pictures to; unset: 128/112 to 160/112 of "
          + "size, for smaller pictures size to 160/128 of it",
        expected: "two short sides in pixels, up to 4096, such as 128-160"),
      .flag(
        "flip", \.flip,
        "Half of the training clips are mirrored; switch off where left and right are classes"),
      .words(
        "color-jitter", \.colorJitter, "b,c,s",
        "How far brightness, contrast and saturation of training clips vary, e.g. 0.4,0.4,0.4; unset: "
          + "not at all",
        expected: "three numbers from 0 to 10, such as 0.4,0.4,0.4"),
      .words(
        "rand-augment", \.randAugment, "n,m",
        "RandAugment of training clips: n operations drawn from its list, of magnitude m, e.g. 2,9; "
          + "unset: none",
        expected: "operations (1 to 16) and magnitude (0 to 30), such as 2,9"),
      .choice(
        "shuffle", \.shuffle, "mode",
        "Order of training clips: epoch (new in every epoch) or none (that of the file)"),
      .choice(
        "balance", \.balance, "mode",
        "How a step's clips are shared out to the ranks: none (in order) or cost (so that ranks "
          + "compute about as much, by what gates executed of each clip before)"),
      .number(
        "max-bad-clips", \.maxBadClips, 0.0...1, "fraction",
        "Fraction of clips that may be undecodable"),
      .whole(
        "data-threads", \.resources.dataThreads, 0...256, "count",
        "Decoding threads per rank; 0: as many as compute threads, at most 4"),
    ])

  /// How the network learns.
  package static let optimization = Setting.Group(
    title: "Optimization",
    settings: [
      .whole(
        "batch", \.resources.batch, 1...4096, "clips", "Clips per rank and step", for: .everyone),
      .whole(
        "epochs", \.epochs, 1...1_000_000, "count", "Passes over the training clips", for: .everyone
      ),
      .number(
        "learning-rate", \.learningRate, positiveNumbers.lowerBound...mostRate, "rate",
        "Peak learning rate; falls to 0 as half a cosine", for: .everyone),
      .number(
        "warmup-epochs", \.warmupEpochs, 0.0...1e6, "epochs",
        "Epochs in which the learning rate rises linearly to its peak"),
      .number("momentum", \.momentum, 0.0..<1, "factor", "Nesterov momentum"),
      .number(
        "weight-decay", \.weightDecay, 0...mostRate, "rate",
        "Weight decay; none on batch norm, biases and gates"),
      .number(
        "dropout", \.dropout, 0.0..<1, "probability",
        "Probability with which a value that the classifier reads is left out of a training step"),
      .number(
        "label-smoothing", \.labelSmoothing, 0.0..<1, "epsilon",
        "Part of a label that is spread over all classes"),
      .number(
        "mixup", \.mixup, 0.0...100, "alpha",
        "Training clips are blended with others, in shares of Beta(alpha, alpha); 0: not"),
      .number(
        "cutmix", \.cutmix, 0.0...100, "alpha",
        "Training clips get a box of another, of a share of Beta(alpha, alpha); 0: not; with mixup "
          + "either for half of the clips"),
      .whole(
        "max-bad-steps", \.maxBadSteps, 0...1_000_000, "steps",
        "The run ends after so many steps in a row that were undone, because loss, gradients, "
          + "parameters or running statistics were not finite; 0: at the first"),
      .flag("sync-bn", \.syncBN, "Batch-norm statistics over all ranks, or each rank's own"),
      .whole(
        "sync-bn-ranks", \.syncBNRanks, 0...1_000_000, "ranks",
        "Ranks in a row that share batch-norm statistics, such as those of a host: less waiting than "
          + "over all; 0: all"),
      .choice(
        "compress", \.compress, "form",
        "How gradients travel between hosts: none (fp32), or bf16 (half the bytes, summed in fp32)"),
      .flag(
        "reproducible", \.reproducible,
        "The same parameters, to the bit, for any number of ranks that read the same clips a step "
          + "together (ranks x batch)"),
      .whole("seed", \.seed, 0...1_000_000_000, "number", "Where all randomness comes from"),
      .whole(
        "threads", \.resources.threads, 0...1024, "count",
        "Compute threads per rank; 0: the cores this rank may use, shared with the ranks beside it"),
      .number(
        "stall-timeout", \.stallTimeout, 0.0..., "seconds",
        "Seconds without progress after which the job is ended; 0: never", unit: "seconds"),
      .words(
        "time-limit", \.timeLimit, "duration",
        "How long the run may take, such as 90s, 30m, 11h or 1-12:00:00: it stops before, with a "
          + "checkpoint and status 75; none: no limit; unset: what Slurm or PBS say",
        expected: "none or a duration such as 90s, 30m, 11h, 12:00:00 or 1-12:00:00"),
      .whole(
        "step-limit", \.stepLimit, 0...1_000_000_000, "steps",
        "Steps after which the run stops, counted from this start of it, with a checkpoint and status "
          + "75: the same command goes on; 0: no limit"),
    ])

  /// How gates learn to save.
  package static let adaptation = Setting.Group(
    title: "Adaptive computation", remark: "dynamic networks only",
    settings: [
      .number(
        "target-ratio", \.targetRatio, 0.0...1, "ratio",
        "Share of the convolutions' MACs to execute on average, e.g. 0.6, or, with --cost-unit seconds, "
          + "of the fixed network's seconds to take: the weight of the cost is steered to it; 0: no "
          + "target", for: .everyone, zero: "no target"),
      .choice(
        "cost-unit", \.costUnit, "unit",
        "What computation costs: macs, or seconds, as measured on this machine at the start: candidates "
          + "that save none are not offered then"),
      .optionalPath(
        "cost-table", \.costTable, "path",
        "Seconds to take instead of measuring: candidate-seconds.json of a run, or the run's folder. "
          + "Ignored when the run is resumed"),
      .number(
        "cost-weight", \.costWeight, 0...mostRate, "weight",
        "Weight of the computation cost in the loss, lambda; with a target, where it starts"),
      .choice(
        "cost-form", \.costForm, "form",
        "What the loss charges: linear (mean over candidates) or saturating (close to what is "
          + "executed)", for: .research),
      .number(
        "cost-kappa", \.costKappa, 1e-3...1e3, "kappa",
        "Kappa of the saturating cost; the smaller, the closer", for: .research),
      .number(
        "cost-confidence", \.costConfidence, 0.0...1, "probability",
        "The label's probability from which on a correctly answered clip is charged; 0: all of them",
        for: .research),
      .number(
        "cost-power", \.costPower, 1.0...4, "power",
        "Power of a clip's cost in the loss: 2 presses most where most is computed, 1 everywhere alike",
        for: .research),
      .number(
        "cost-ramp", \.costRamp, 0.0...1, "part",
        "Part of the joint stage in which the cost comes in", for: .research),
      .number(
        "gate-rate", \.gateRate, 0...mostRate, "factor",
        "The gates' learning rate as a factor of the network's", for: .research),
      .number(
        "gate-temperature", \.gateTemperature, 0.01...100, "tau",
        "Temperature of sparsemax gates at the end of the joint stage: the lower, the fewer "
          + "candidates stay open and the more seconds are saved", for: .research),
      .number(
        "gate-temperature-start", \.gateTemperatureStart, 0.01...100, "tau",
        "Temperature of sparsemax gates at the beginning of the joint stage", for: .research),
      .number(
        "warmup-share", \.warmupShare, 0.0...1, "share",
        "Share of all steps in the first stage: gates held at full computation"),
      .number(
        "warmup-sampling", \.warmupSampling, 0.0...1, "share",
        "Share of the clips that take random candidates in the first stage, reached half-way "
          + "through it",
        for: .research),
      .number(
        "finetune-share", \.finetuneShare, 0.0...1, "share",
        "Share of all steps in the last stage: gates frozen, no cost"),
      .choice(
        "policy", \.policy, "mode",
        "What decides after the first stage: gates, or one rule for every clip: full, half-frames, "
          + "half-channels, half (of both), random (of mean cost --target-ratio)"),
    ])

  /// Checkpoints, resuming, evaluations.
  package static let bookkeeping = Setting.Group(
    title: "Checkpoints and evaluation",
    settings: [
      .whole(
        "checkpoint-every", \.checkpointEvery, 0...1_000_000_000, "steps",
        "Steps between checkpoints; one more at the end of every epoch; 0: only those"),
      .whole(
        "keep-checkpoints", \.keepCheckpoints, 0...1_000_000, "count",
        "Newest checkpoints kept, beside the one that evaluated best; 0: all"),
      .resumption(
        "resume", \.resume, "auto|none|path",
        "auto (from the newest whole checkpoint of --output, if it has one), none (afresh; refuses a "
          + "folder that holds a run), or a checkpoint or a run's folder", for: .everyone),
      .whole(
        "evaluate-every", \.evaluateEvery, 0...1_000_000, "epochs",
        "Epochs between evaluations of the val split; 0: only after the last"),
      .choice(
        "views", \.views, "kind",
        "Evaluations: clip (one centre clip) or video (mean softmax of windows x crops; training "
          + "takes 10 windows)"),
      .flag(
        "tensorboard", \.tensorBoard,
        "Event files for TensorBoard in --output, beside metrics.jsonl: tensorboard --logdir DIR"),
      .choice(
        "verbosity", \.verbosity, "level",
        "What is said: quiet (warnings and how it ended), normal or verbose (every step of a "
          + "training)"),
    ])
}
