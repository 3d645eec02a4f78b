// The page of the committed sample model: whole, deterministic, safe, and refused beside a model of other data.

import Engine
import Files
import ModelFile
import Numerics
import Report
import TestSupport
import Testing

@Suite(.serialized) struct ModelReportTests {
  private func sample() throws -> Bundle { try Bundle.load(fixturePath("../../Models/sample")) }

  private var quick: ModelReport.Options {
    var options = ModelReport.Options()
    options.points = 120
    return options
  }

  /// The same model with other titles, or without some of its parts.
  private func changed(
    _ bundle: Bundle, name: String = "other", titles: [String]? = nil, keepsParts: Bool = true, keepsText: Bool = true,
    keepsSplits: Bool = true, interactions: CSRMatrix? = nil
  ) throws -> Bundle {
    try Bundle(
      name: name, configuration: bundle.configuration, metrics: bundle.metrics, users: bundle.users,
      items: bundle.items, titles: try titles.map { try StringTable($0, role: .titles) } ?? bundle.titles,
      interactions: interactions ?? bundle.interactions, validation: keepsSplits ? bundle.validation : nil,
      test: keepsSplits ? bundle.test : nil, finalUsers: bundle.finalUsers, finalItems: bundle.finalItems,
      components: keepsParts ? bundle.components : nil, centres: keepsParts ? bundle.centres : nil,
      itemText: keepsText ? bundle.itemText : nil, userText: keepsText ? bundle.userText : nil,
      userTextDerived: keepsText && bundle.userTextDerived, trainingLogPath: bundle.trainingLogPath)
  }

  @Test(arguments: MapMethod.allCases)
  func thePageIsWholeAndTheSameAtEveryThreadCount(method: MapMethod) throws {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    var options = quick
    options.map = method
    let bundle = try sample()
    let pages = try [1, 3].map { threads in
      Parallelism.threadCount = threads
      return try ModelReport(bundle, options: options).page().html
    }
    #expect(pages[0] == pages[1])
    for section in ["results", "training", "maps", "centres", "spaces", "complementarity", "settings"] {
      #expect(pages[0].contains("<section id=\"\(section)\">"), "\(section)")
    }
    for text in ["rows permuted", "if language put them anywhere", "lists of twice the length"] {
      #expect(pages[0].contains(text), "\(text)")
    }
    #expect(!pages[0].contains("the matching pairs the wrong ones") && !pages[0].contains("no alignment can"))
    #expect(pages[0].count(of: "<svg") > 10 && pages[0].count(of: "class=\"map\"") == 4)
    expectSafe(pages[0])
  }

  @Test func hostileTitlesStayTexts() throws {
    let bundle = try sample()
    let titles = (0..<bundle.itemCount).map { index in
      [
        "<script>alert(\(index))</script>", "\"><img src=x onerror=alert(1)>",
        "</title></svg><a href=\"javascript:1\">",
      ][
        index % 3]
    }
    let page = try ModelReport(
      changed(bundle, titles: titles), options: quick
    ).page().html
    #expect(page.contains("&lt;script&gt;alert("))
    expectSafe(page)
  }

  /// No script, no event handler, no address outside of the page.
  private func expectSafe(_ html: String, sourceLocation: SourceLocation = #_sourceLocation) {
    for word in ["<script", "<img", "<a href=\"j", "http:", "https:", "url(", "@import", "/home/", "/tmp/", "file:"] {
      #expect(!html.contains(word), "\(word)", sourceLocation: sourceLocation)
    }
    var isTag = false
    var isQuoted = false
    var tag = ""
    for character in html {
      if character == "<" && !isQuoted {
        isTag = true
        tag = ""
      } else if isTag {
        if character == "\"" { isQuoted.toggle() }
        if character == ">" && !isQuoted {
          isTag = false
          #expect(!tag.contains(" on"), "\(tag)", sourceLocation: sourceLocation)
        } else if !isQuoted {
          tag.append(character)
        }
      }
    }
    #expect(html.contains("default-src 'none'"), sourceLocation: sourceLocation)
    for element in ["section", "figure", "svg", "g", "table", "div", "p", "ul", "li", "title", "td", "th", "tr"] {
      let opened = html.count(of: "<\(element) ") + html.count(of: "<\(element)>")
      #expect(opened == html.count(of: "</\(element)>"), "\(element)", sourceLocation: sourceLocation)
    }
  }

  @Test func modelsWithoutPartsTextOrSplitsHaveShorterPages() throws {
    let bundle = try sample()
    let bare = try changed(bundle, keepsParts: false, keepsText: false, keepsSplits: false)
    let page = try ModelReport(bare, options: quick).page().html
    expectSafe(page)
    for section in ["centres", "spaces", "complementarity"] { #expect(!page.contains("<section id=\"\(section)\">")) }
    #expect(page.contains("nothing to measure it on"))
    let withText = try ModelReport(changed(bundle, keepsParts: false), options: quick).page().html
    #expect(withText.contains("Items by their text") && withText.contains("<section id=\"complementarity\">"))
  }

  @Test func aBaseModelStandsBeside() throws {
    let bundle = try sample()
    let page = try ModelReport(bundle, against: changed(bundle, name: "plain"), options: quick).page().html
    #expect(page.contains("plain @20") && page.contains("sample minus plain"))
    // The same vectors: no difference, and an interval of exactly zero.
    #expect(page.contains("That is 0.00 percentage points against plain"))
    expectSafe(page)
  }

  @Test func modelsOfOtherDataAreRefused() throws {
    let bundle = try sample()
    let empty = CSRMatrix(rows: bundle.userCount, columns: bundle.itemCount, entries: [])
    let other = try changed(bundle, keepsSplits: false, interactions: empty)
    let error = #expect(throws: ReportError.self) { _ = try ModelReport(bundle, against: other) }
    #expect(error?.description.contains("training interactions") == true)
    #expect(error?.exitStatus == Files.ExitStatus.badData)
  }
}

extension String {
  /// How often a text occurs.
  fileprivate func count(of text: String) -> Int { self.ranges(of: text).count }
}
