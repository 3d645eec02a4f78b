// The page of an experiment, from an example made by hand.

import Report
import Testing

@Suite struct ExperimentReportTests {
  private func system(_ model: String, _ alignment: String, _ recall: Double, _ variant: String = "")
    -> ExperimentReport.System
  {
    var system = ExperimentReport.System(
      model: model, alignment: alignment, variant: variant,
      metrics: [
        .init(
          "recall@20",
          .init(recall, interval: recall - 0.004...recall + 0.004, seeds: [recall - 0.001, recall, recall + 0.001])),
        .init("ndcg@20", .init(recall * 0.8, interval: recall * 0.8 - 0.003...recall * 0.8 + 0.003)),
      ], settings: "lambda 0.1, K 8")
    if alignment != "none" {
      system.comparisons = [
        .init(
          metric: "recall@20", against: "none",
          difference: .init(recall - 0.14, interval: recall - 0.143...recall - 0.137, seeds: [0.001, 0.002]),
          pValue: 0.000_02)
      ]
    }
    return system
  }

  private var example: ExperimentReport {
    let systems = [
      system("LightGCN", "none", 0.140), system("LightGCN", "RLMRec-Con", 0.141), system("LightGCN", "DaRec", 0.146),
      system("LightGCN", "DaRec", 0.1395, "shuffled text"), system("SGL", "none", 0.150), system("SGL", "DaRec", 0.149),
      ExperimentReport.System(model: "popularity", metrics: [.init("recall@20", .init(0.05))]),
      ExperimentReport.System(model: "EASE <b>", metrics: [], failure: "not enough memory"),
    ]
    let strata = ["≤ 5 items", "6–10 items"].map { name in
      ExperimentReport.Stratum(
        name, size: "120 users",
        systems: [("none", .init(0.1, interval: 0.08...0.12)), ("DaRec", .init(0.12, interval: 0.1...0.14))])
    }
    let sweep = ExperimentReport.Sweep(
      parameter: "lambda", metric: "recall@20",
      curves: [
        (
          "LightGCN + DaRec",
          [0.001, 0.01, 0.1, 1].map {
            LineChart.Point($0, 0.14 + $0 / 200, interval: 0.13 + $0 / 200...0.15 + $0 / 200)
          }
        )
      ], chosen: 0.1)
    return ExperimentReport(
      title: "Five alignments", subtitle: "two base models", findings: ["DaRec is ahead & stays ahead."],
      dataSets: [
        .init(
          name: "books", facts: "10 users", findings: ["It survives shuffling: no."], systems: systems,
          stratifications: [.init(title: "Recall@20 by degree", strata: strata)], sweeps: [sweep],
          balance: [.init(system: "LightGCN + DaRec", points: [(1, 0.4), (2, 0.9), (3, 1.3)])],
          extras: [.init(title: "Beyond accuracy", columns: ["coverage", "gini"], rows: [("none", [0.4, 0.7])])]),
        .init(name: "empty", systems: []),
      ])
  }

  @Test func everyPartIsOnThePage() {
    let html = example.page().html
    for text in [
      "Five alignments", "DaRec is ahead &amp; stays ahead.", "Recall@20", "0.1460", "DaRec (shuffled text)",
      "EASE &lt;b&gt;", "failed", "difference to none", "&lt; 0.0001", "Sensitivity", "in the table", "Balance",
      "coverage",
      "lambda 0.1, K 8", "0.1420 to 0.1500", "Beyond accuracy",
    ] {
      #expect(html.contains(text), "\(text)")
    }
    #expect(!html.contains("<b>"))
    #expect(html == example.page().html)
  }

  @Test func theBestOfEachBaseModelStandsOut() {
    let html = example.page().html
    #expect(html.contains("<strong>0.1460</strong>") && html.contains("<strong>0.1500</strong>"))
    #expect(!html.contains("<strong>0.1410</strong>"))
  }

  @Test func emptyReportsHavePages() {
    #expect(ExperimentReport(title: "none", dataSets: []).page().html.contains("<h1>"))
  }
}
