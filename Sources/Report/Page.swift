// The page around the sections: head, contents, style, foot.

import Engine

/// A self-contained HTML page without scripts.
///
/// A content security policy forbids everything but the page's own style, so that nothing is loaded and nothing runs
/// whatever a title says.
package struct Page: Sendable {
  /// A section with a heading.
  package struct Section: Sendable {
    /// Its heading, also in the contents.
    package var title: String
    /// A word for links to it.
    package var anchor: String
    /// What is in it.
    package var content: [Markup]

    /// A section.
    package init(_ title: String, anchor: String, _ content: [Markup]) {
      self.title = title
      self.anchor = anchor
      self.content = content
    }
  }

  /// The page's title.
  package var title: String
  /// One line under the title.
  package var subtitle: String
  /// What to know when there is no time for more.
  package var summary: [String]
  /// Key numbers.
  package var figures: [(value: String, name: String)]
  /// The sections.
  package var sections: [Section]

  /// A page.
  package init(title: String, subtitle: String, summary: [String], figures: [(String, String)], sections: [Section]) {
    self.title = title
    self.subtitle = subtitle
    self.summary = summary
    self.figures = figures.map { ($0.0, $0.1) }
    self.sections = sections
  }

  /// The bytes of the page, UTF-8; equal pages have equal bytes.
  package var bytes: [UInt8] { Array(html.utf8) }

  /// The page's source text.
  package var html: String {
    let shown = sections.filter { !$0.content.isEmpty }
    var head: [Markup] = [.element("h1", [.element("bdi", title)]), .element("p", ["class": "lead"], subtitle)]
    if !figures.isEmpty {
      head.append(
        .element(
          "dl", ["class": "figures"],
          figures.map { .element("div", [.element("dt", $0.name), .element("dd", $0.value)]) }))
    }
    if !summary.isEmpty { head.append(.element("ul", ["class": "summary"], summary.map { .element("li", $0) })) }
    if shown.count > 2 {
      head.append(
        .element(
          "nav", ["aria-label": "Contents"],
          shown.map { .element("a", ["href": "#\($0.anchor)"], $0.title) }))
    }
    let body = shown.map { section in
      Markup.element("section", ["id": section.anchor], [.element("h2", section.title)] + section.content)
    }
    let foot = Markup.element(
      "footer", [.element("p", "Written by darec \(Engine.version). The page loads nothing and runs no script.")])
    let document = Markup.sequence([
      .literal("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"),
      .literal("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"),
      .literal(
        """
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">\n
        """),
      .literal("<meta name=\"color-scheme\" content=\"light dark\">\n"),
      .element("title", title), .literal("\n<style>"), .literal(PageStyle.sheet),
      .literal("</style>\n</head>\n<body>\n"),
      .element("main", [.element("header", head)] + body + [foot]), .literal("\n</body>\n</html>\n"),
    ])
    return document.html
  }
}

extension Markup {
  /// A paragraph.
  static func paragraph(_ text: String, kind: String? = nil) -> Markup { .element("p", ["class": kind], text) }
}
