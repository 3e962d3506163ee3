// Where a network's convolutions find the observer of their features.

/// The observer that a network's convolutions share; nil where there is none.
final class FeatureHook {
  var observe: ((LayerFeatures) -> Void)?
}
