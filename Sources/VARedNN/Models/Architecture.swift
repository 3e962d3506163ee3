// Which networks there are.

/// The networks that can be built: the one place that lists them. A new one is a case here and a
/// file of its own (docs/ARCHITECTURE.md, "Adding a network").
public enum Architecture: String, CaseIterable, Codable, Sendable {
  /// R(2+1)D with 18 layers.
  case r2plus1d18 = "r2plus1d-18"
  /// R(2+1)D with 34 layers.
  case r2plus1d34 = "r2plus1d-34"
  /// X3D-M, which with other clips is XS and S.
  case x3dM = "x3d-m"
  /// X3D-L, the same with more blocks.
  case x3dL = "x3d-l"

  /// As it is written in text for people.
  public var title: String {
    switch self {
    case .r2plus1d18: "R(2+1)D-18"
    case .r2plus1d34: "R(2+1)D-34"
    case .x3dM: "X3D-M"
    case .x3dL: "X3D-L"
    }
  }

  /// Declares the network's parameters, in the order of its forward pass.
  func backbone(_ configuration: NetworkConfiguration, _ context: NetworkContext) -> Backbone {
    let (clip, width) = (configuration.clip, configuration.width)
    return switch self {
    case .r2plus1d18: R2Plus1D.layers18(width: width).backbone(of: clip, context)
    case .r2plus1d34: R2Plus1D.layers34(width: width).backbone(of: clip, context)
    case .x3dM: X3D.medium(width: width).backbone(of: clip, context)
    case .x3dL: X3D.large(width: width).backbone(of: clip, context)
    }
  }
}
