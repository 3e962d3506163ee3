// The page of a report: the template, with style and script in it.

import Foundation
import Mustache
import VARedData
import VARedTraining

/// One HTML file that refers to nothing outside it.
struct ReportPage {
  /// The file's text.
  let html: String

  /// - Parameter members: what the template names.
  /// - Throws: what the template library throws of a template that is wrong.
  init(_ members: [String: Any]) throws {
    MustacheContentTypes.register(Markup(), named: "MARKUP")
    var members = members
    members["style"] = PlotStyle.sheet(scope: ".plot ") + "\n" + ReportStyle.sheet
    members["script"] = ReportScript.text
    // The browser runs no script but the one of this hash, wherever it comes from.
    members["scriptHash"] = Data(sha256Bytes(ReportScript.text)).base64EncodedString()
    html = try MustacheTemplate(string: ReportTemplate.text).render(members)
  }

  /// Escapes every scalar that HTML reads as its own. The library's way compares characters, so
  /// that a quote with an accent on it passes, and ends an attribute.
  private struct Markup: MustacheContentType {
    func escapeText(_ text: String) -> String { SVGElements.escaped(text) }
  }
}
