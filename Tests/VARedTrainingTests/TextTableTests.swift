// Tables of text, and lines of CSV.

import Testing
import VARedData

@testable import VARedTraining

@Suite struct TextTableTests {
  @Test func columnsAreAsWideAsTheirWidestCell() {
    var table = TextTable([.left, .right, .left])
    table.add(["layer", "MMAC", "kind"])
    table.add(["stem", "1234.5", "convolution"])
    table.add(["fc", "7"])
    #expect(
      table.text == """
        layer    MMAC  kind
        stem   1234.5  convolution
        fc          7

        """)
  }

  @Test func emptyCellsLeaveNoSpacesBehind() {
    var table = TextTable([.left, .left, .right])
    table.add(["", "frames", ""])
    table.add(["a", "b", "c"])
    #expect(table.lines == ["   frames", "a  b       c"])
    #expect(TextTable([.left]).text == "")
  }

  @Test func fieldsOfCSVAreQuotedWhereTheyMustBe() {
    let row = CSVRow(["a.mp4", "b,c", "say \"so\"", "", "two\nlines", " d"])
    #expect(row.line == "a.mp4,\"b,c\",\"say \"\"so\"\"\",,\"two\nlines\",\" d\"\n")
  }
}
