// Names of the leaves that the command line needs, so that it imports none of them.

import VARedData
import VARedNN

/// How gate outputs become weights (METHOD §2).
public typealias GateForm = VARedNN.GateForm
/// Which network.
public typealias Architecture = VARedNN.Architecture
/// Which part of a dataset.
public typealias Split = VARedData.Split
