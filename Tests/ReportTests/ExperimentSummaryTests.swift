// Summaries of experiments: what is in them is on the page, what is missing is left out, nothing traps.

import Files
import Report
import TestSupport
import Testing

@Suite struct ExperimentSummaryTests {
  private let text = """
    {"schema": "darec/experiment-summary/1",
     "data": [{"name": "books", "fingerprint": "00", "statistics": {"users": 1200, "items": 90, "train": 4000}}],
     "seeds": ["1", "2"], "subject": "darec", "complete": false,
     "findings": [{"data": "books", "model": "lightgcn", "text": "darec over none: a gain."}],
     "standings": [{"data": "books", "model": "lightgcn", "baseline": "ease", "text": "the baseline is ahead."}],
     "rows": [
      {"data": "books", "model": "lightgcn", "alignment": "none", "text_control": "none", "cell": {}, "failures": [],
       "per_seed": {"recall@20": [0.1, 0.12]}, "test": {"users": 9.0, "recall@20": 0.11, "ndcg@20": 0.07},
       "user_degree": {"<=5": {"users": 40.0, "recall@20": 0.2}, ">20": {"users": 0.0, "recall@20": null}}},
      {"data": "books", "model": "lightgcn", "alignment": "darec", "text_control": "shuffled",
       "cell": {"lambda": "0.1"}, "failures": ["diverged"], "per_seed": {"recall@20": null}, "test": null,
       "balance": {"epoch": [1, 2], "kappa": [0.5, 2.0]}, "curve": {"epoch": [1, 4], "recall@20": [0.05, 0.09]}},
      {"data": "books", "model": "popularity", "alignment": null, "test": {"recall@20": 0.0312}}],
     "comparisons": [{"data": "books", "model": "lightgcn", "first": "darec", "second": "none",
       "recall@20": {"mean": 0.0123, "lower": 0.0011, "upper": 0.0235, "p": 0.01, "seed_means": [0.01, 0.014]},
       "ndcg@20": null}],
     "sweeps": [{"data": "books", "model": "lightgcn", "alignment": "darec", "option": "lambda", "points": [
       {"value": "0.01", "chosen": false, "validation": {"recall@20": {"mean": 0.15, "seeds": [0.14, 0.16]}},
        "recall@20": {"mean": 0.1, "lower": 0.09, "upper": 0.11}, "ndcg@20": null},
       {"value": "1", "chosen": true, "validation": {"recall@20": {"mean": 0.17, "seeds": [0.17]}},
        "recall@20": {"mean": 0.12, "lower": 0.11, "upper": 0.13}, "ndcg@20": null},
       {"value": "off", "chosen": false, "recall@20": null, "ndcg@20": null}]}]}
    """

  private func report(_ text: String) throws -> ExperimentReport {
    try ExperimentReport(summary: JSONValue.parse(text), title: "t", path: "summary.json")
  }

  @Test func whatTheSummarySaysIsOnThePage() throws {
    let report = try report(text)
    let results = try #require(report.dataSets.first)
    #expect(results.systems.map(\.name) == ["lightgcn", "lightgcn + darec (shuffled text)", "popularity"])
    #expect(results.systems[0].metrics.map(\.value.mean) == [0.11, 0.07])
    #expect(results.systems[0].metrics[0].value.seeds == [0.1, 0.12])
    let comparison = try #require(results.systems[1].comparisons.first)
    #expect(comparison.difference.interval == 0.0011...0.0235 && comparison.pValue == 0.01)
    #expect(results.systems[1].comparisons.count == 1 && results.systems[1].failure == "diverged")
    #expect(results.sweeps.count == 1 && results.sweeps[0].curves[0].points.map(\.x) == [0.01, 1])
    // The curve is that of the validation split, between its seeds.
    #expect(results.sweeps[0].curves[0].points.map(\.y) == [0.15, 0.17])
    #expect(results.sweeps[0].curves[0].points.map(\.interval) == [0.14...0.16, nil])
    #expect(results.sweeps[0].chosen == 1 && results.balance[0].points.map(\.kappa) == [0.5, 2])
    #expect(results.stratifications[0].strata.map(\.name) == ["≤\u{A0}5 items"])
    let html = report.page().html
    for text in [
      "the baseline is ahead.", "not corrected for the number of comparisons", "Validation Recall@20 by lambda",
      "a gain.", "not all runs are finished", "1,200 users", "+0.0123", "0.0312", "lambda 0.1", "failed",
    ] {
      #expect(html.contains(text), "\(text)")
    }
  }

  @Test func otherFilesAreRefused() throws {
    for text in ["{}", "{\"schema\": \"darec/experiment-summary/9\", \"data\": [], \"rows\": []}", "[]"] {
      let error = #expect(throws: ReportError.self) { _ = try report(text) }
      #expect(error?.exitStatus == Files.ExitStatus.badData && error?.description.contains("summary.json") == true)
    }
    let folder = try TemporaryFolder()
    #expect(throws: ReportError.self) { _ = try ExperimentReport(folder: folder.path) }
  }

  @Test func mutatedSummariesNeverTrap() throws {
    let whole = Array(text.utf8)
    var draws = SplitMix(state: 21)
    var shown = 0
    for _ in 0..<2_000 {
      guard let value = try? JSONValue.parse(draws.mutate(whole)),
        let report = try? ExperimentReport(summary: value, title: "t", path: "p")
      else { continue }
      shown += report.page().html.isEmpty ? 0 : 1
    }
    #expect(shown > 100)
  }
}
