// Numbers, histograms, pictures and texts as TensorBoard takes them.

import Foundation

extension TBSummary.Value {
  /// A point of a curve.
  static func scalar(_ tag: String, _ value: Double) -> Self {
    with {
      $0.tag = tag
      $0.simpleValue = Float(value)
    }
  }

  /// A distribution of values between 0 and 1.
  ///
  /// - Parameters:
  ///   - tag: its name.
  ///   - limits: the highest value in each bucket, ascending to 1.
  ///   - buckets: how many values are in each.
  ///   - sum: of all values.
  ///   - sumOfSquares: of all values.
  static func histogram(
    _ tag: String, limits: [Double], buckets: [Double], sum: Double, sumOfSquares: Double
  ) -> Self {
    with {
      $0.tag = tag
      $0.histo.min = 0
      $0.histo.max = 1
      $0.histo.num = buckets.reduce(0, +)
      $0.histo.sum = sum
      $0.histo.sumSquares = sumOfSquares
      $0.histo.bucketLimit = limits
      $0.histo.bucket = buckets
    }
  }

  /// An encoded RGB picture: PNG, JPEG or GIF.
  static func picture(_ tag: String, _ bytes: [UInt8], width: Int, height: Int) -> Self {
    with {
      $0.tag = tag
      $0.image.width = Int32(width)
      $0.image.height = Int32(height)
      $0.image.colorspace = 3
      $0.image.encodedImageString = Data(bytes)
    }
  }

  /// A table, which TensorBoard's text plugin shows; cells are plain text.
  static func table(_ tag: String, head: [String], rows: [[String]]) -> Self {
    let lines = [head, head.map { _ in "---" }] + rows.map { $0.map(plain) }
    let text = lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    return with {
      $0.tag = tag
      $0.metadata.pluginData.pluginName = "text"
      $0.tensor.dtype = .dtString
      $0.tensor.tensorShape.dim = [TBTensorShapeProto.Dim.with { $0.size = 1 }]
      $0.tensor.stringVal = [Data(text.utf8)]
    }
  }

  /// Text of which Markdown and HTML make nothing else: what could be a mark is written by its
  /// number.
  private static func plain(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { plain, scalar in
      let isPlain =
        !scalar.isASCII || scalar.properties.isAlphabetic
        || scalar.properties.numericType != nil || " ./,%".unicodeScalars.contains(scalar)
      plain += isPlain ? String(scalar) : "&#\(scalar.value);"
    }
  }
}
