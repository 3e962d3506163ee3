// What a plot shows: series of points over two axes. How it looks is `PlotPanel`'s.

import VARedTraining

/// One pair of axes with its series.
struct Plot {
  /// Above the axes; empty: none.
  var title = ""
  var x: PlotAxis
  var y: PlotAxis
  /// In the order of the legend; the first ones are drawn last, on top; bars below all.
  var series: [PlotSeries]
  /// Height of the area between the axes, in pixels.
  var height = 260.0
}

/// One axis.
struct PlotAxis: Equatable {
  /// Quantity and unit.
  var title: String
  /// Values from and to; nil: what the series need, rounded outwards to a tick.
  var range: ClosedRange<Double>?
  /// Names of the places 0, 1, 2 … of an axis without numbers; nil: an axis of numbers. Only for x.
  var categories: [String]?

  init(_ title: String, range: ClosedRange<Double>? = nil, categories: [String]? = nil) {
    self.title = title
    self.range = range
    self.categories = categories
  }
}

/// Points of one kind, with one colour and one shape of marker.
struct PlotSeries {
  /// How the points are drawn.
  enum Style: Equatable {
    /// Markers, joined in the order of the points; a point that is not finite leaves a gap.
    case line
    /// The same, dashed.
    case dashedLine
    /// Markers alone.
    case markers
    /// A line without markers, for many points.
    case curve
    /// From zero up or down; series of bars stand side by side.
    case bars
    /// Bars, each on top of those of the series before it; what is below zero is not drawn.
    case stack

    /// Whether it is a line.
    var isJoined: Bool { self == .line || self == .dashedLine || self == .curve }
    /// Whether it is made of bars.
    var isBars: Bool { self == .bars || self == .stack }
  }

  /// Its name in the legend.
  var name: String
  var style: Style
  var points: [PlotPoint]

  init(_ name: String, _ style: Style, _ points: [PlotPoint]) {
    self.name = name
    self.style = style
    self.points = points
  }

  /// One value for each category.
  init(_ name: String, _ style: Style, values: [Double]) {
    self.init(name, style, values.enumerated().map { PlotPoint(Double($0), $1) })
  }
}

/// One point; what is not finite is not drawn.
struct PlotPoint {
  /// On an axis of categories: the category's place.
  var x: Double
  var y: Double
  /// Half the length of the error bar along x; 0: none.
  var xError = 0.0
  /// Half the length of the error bar along y; 0: none.
  var yError = 0.0
  /// Written beside the point.
  var label: String?

  init(_ x: Double, _ y: Double, xError: Double = 0, yError: Double = 0, label: String? = nil) {
    self.x = x
    self.y = y
    self.xError = xError
    self.yError = yError
    self.label = label
  }

  var isFinite: Bool { x.isFinite && y.isFinite }
}
