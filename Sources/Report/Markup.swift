// HTML and SVG that can only be made of escaped text and literal names.

import Files

/// A piece of HTML or SVG.
///
/// Names of elements and attributes are literals of this program (`StaticString`); everything else passes through
/// `escaped`. No text, whatever file it comes from, can therefore open or close an element or an attribute.
package struct Markup: Sendable, Equatable {
  /// The source text.
  package private(set) var html: String

  /// Nothing.
  package static let empty = Markup(html: "")

  private init(html: String) { self.html = html }

  /// Text, escaped.
  package static func text(_ text: String) -> Markup { Markup(html: escaped(text)) }

  /// Markup that this program contains, such as its style sheet.
  package static func literal(_ literal: StaticString) -> Markup { Markup(html: "\(literal)") }

  /// An element with its children.
  /// - Parameters:
  ///   - name: its name.
  ///   - attributes: in the order given; an attribute whose value is nil is left out.
  ///   - children: what is inside.
  package static func element(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?>, _ children: [Markup]
  ) -> Markup {
    var html = "<\(name)"
    for (key, value) in attributes { if let value { html += " \(key)=\"\(escaped(value))\"" } }
    html += ">"
    for child in children { html += child.html }
    html += "</\(name)>"
    return Markup(html: html)
  }

  /// An element with text inside.
  package static func element(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?>, _ text: String
  ) -> Markup {
    element(name, attributes, [.text(text)])
  }

  /// An element without attributes.
  package static func element(_ name: StaticString, _ children: [Markup]) -> Markup { element(name, [:], children) }

  /// An element without attributes with text inside.
  package static func element(_ name: StaticString, _ text: String) -> Markup { element(name, [:], [.text(text)]) }

  /// An element of HTML that has no end tag, such as `meta`.
  package static func void(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?>) -> Markup {
    var html = "<\(name)"
    for (key, value) in attributes { if let value { html += " \(key)=\"\(escaped(value))\"" } }
    return Markup(html: html + ">")
  }

  /// Pieces one after the other.
  package static func sequence(_ pieces: [Markup]) -> Markup {
    Markup(html: pieces.reduce(into: "") { $0 += $1.html })
  }

  /// Text that means nothing but itself inside an element and inside a quoted attribute.
  ///
  /// `&`, `<`, `>`, `"`, `'` and the backtick become references. Characters HTML does not allow (controls except tab
  /// and line ends, noncharacters) and those that reorder what surrounds them (bidirectional overrides and isolates)
  /// become U+FFFD.
  package static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count + 16)
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x26: result += "&amp;"
      case 0x3C: result += "&lt;"
      case 0x3E: result += "&gt;"
      case 0x22: result += "&quot;"
      case 0x27: result += "&#39;"
      case 0x60: result += "&#96;"
      case 0x09, 0x0A: result.unicodeScalars.append(scalar)
      case 0..<0x20, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0xFDD0...0xFDEF: result += "\u{FFFD}"
      case let value where value & 0xFFFE == 0xFFFE: result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// A coordinate or length of an SVG: at most one decimal, no sign of zero, never an exponent.
///
/// What is not finite or beyond a million is put at the nearest of those, so that a picture stays a picture.
package func coordinate(_ value: Double) -> String {
  let bounded = value.isNaN ? 0 : min(1e6, max(-1e6, value))
  let tenths = Int((bounded * 10).rounded())
  let sign = tenths < 0 ? "-" : ""
  let whole = "\(sign)\(tenths.magnitude / 10)"
  return tenths % 10 == 0 ? whole : whole + ".\(tenths.magnitude % 10)"
}

/// A number of a table or a sentence, with a true minus sign and a fixed count of decimals.
package func number(_ value: Double, _ decimals: Int, plus: Bool = false) -> String {
  let text = NumberText.fixed(value, decimals: decimals)
  if text.hasPrefix("-"), text.utf8.count > 1 { return "\u{2212}" + text.dropFirst() }
  return plus && value > 0 ? "+" + text : text
}

/// A share as a percentage with one decimal, its sign on the same line.
package func percent(_ share: Double) -> String {
  share > 0 && share < 0.000_5 ? "<\u{A0}0.1\u{A0}%" : number(share * 100, 1) + "\u{A0}%"
}
