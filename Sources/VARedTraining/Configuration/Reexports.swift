// Names of the leaves that the command line needs, so that it imports none of them.

import VARedData
import VARedDist
import VARedNN

/// How gate outputs become weights (METHOD §2).
public typealias GateForm = VARedNN.GateForm
/// Which network.
public typealias Architecture = VARedNN.Architecture
/// Which part of a dataset.
public typealias Split = VARedData.Split
/// Which part of a picture a training clip shows.
public typealias CropMode = VARedData.CropMode
/// The short sides that pictures are scaled to before a square is cut from them.
public typealias ScaleJitter = VARedData.ScaleJitter
/// How far brightness, contrast and saturation vary.
public typealias ColorJitter = VARedData.ColorJitter
/// How gradients travel between hosts.
public typealias GradientCompression = VARedDist.GradientCompression
/// How many operations are done to a training clip, and how strong they are.
public typealias RandAugment = VARedData.RandAugment
