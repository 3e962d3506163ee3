// Tables of plain text: columns as wide as their widest cell, two spaces between them, no lines.
//
// The package TextTable (ordo-one) is made for boxed tables of values of one type under one header
// line. Ours have two header lines, totals, or none of either; its plain style parts columns by one
// space and pads the last. A style of our own for it would be as long as this file.

/// Rows of cells that are printed one below the other.
package struct TextTable {
  /// Where the text of a column stands.
  package enum Alignment {
    /// Words.
    case left
    /// Numbers.
    case right
  }

  private let columns: [Alignment]
  private var rows: [[String]] = []

  /// A table without rows; a header is a row like others.
  package init(_ columns: [Alignment]) { self.columns = columns }

  /// Adds a row, as many cells as columns or fewer: the others stay empty.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count <= columns.count, "more cells than columns")
    rows.append(cells)
  }

  /// The rows as text, without spaces at their ends.
  package var lines: [String] {
    let widths = columns.indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.indices.map { Self.padded(row[$0], to: widths[$0], columns[$0]) }
      let line = cells.joined(separator: "  ")
      return String(line.dropLast(line.reversed().prefix { $0 == " " }.count))
    }
  }

  /// The lines, each with its end.
  package var text: String { lines.map { $0 + "\n" }.joined() }

  private static func padded(_ cell: String, to width: Int, _ alignment: Alignment) -> String {
    let spaces = String(repeating: " ", count: width - cell.count)
    return alignment == .left ? cell + spaces : spaces + cell
  }
}
