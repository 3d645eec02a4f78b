// Plans: what is refused, what is filled in, which cells are tried.

import Experiments
import Files
import TestSupport
import Testing

/// A plan with a mistake, and what is said of it.
struct Mistake: Sendable, CustomStringConvertible {
  let plan: JSONValue
  let message: String

  /// - Parameters:
  ///   - members: JSON whose members replace those of the example.
  ///   - message: the beginning, or a part, of what is said.
  init(_ members: String, _ message: String) {
    plan = ExamplePlan.with(members)
    self.message = message
  }

  var description: String { message }
}

@Suite struct ExperimentPlanTests {
  @Test func theExampleIsAPlan() throws {
    let plan = try ExperimentPlan(json: ExperimentPlan.example)
    let identities = plan.data.map { _ in ExamplePlan.identity }
    let schedule = try Schedule(plan: plan, identities: identities)
    #expect(try schedule.runs(records: [:]).count > 20)
  }

  @Test func committedPlansAreReadable() throws {
    let path = fixturePath("../../Docs/plans/planted.json")
    #expect(try ExperimentPlan.read(path).models.count == 2)
  }

  private static let mistakes: [Mistake] = [
    Mistake(#"{"schedule": 1}"#, "$.schedule: is not known here"),
    Mistake(#"{"schema": "darec/experiment-plan/2"}"#, "$.schema: must be"),
    Mistake(#"{"data": []}"#, "$.data: names no data"),
    Mistake(
      #"{"data": [{"name": "a", "options": ["--data", "x"], "color": 1}]}"#, "$.data[0].color: is not known here"),
    Mistake(#"{"data": [{"name": "a"}]}"#, "$.data[0].options: must say where"),
    Mistake(
      #"{"data": [{"name": "a", "options": ["x"]}, {"name": "a", "options": ["y"]}]}"#, "$.data[1]: 'a' is there twice"),
    Mistake(#"{"training": {"epoch": 3}}"#, "$.training.epoch: is not known here"),
    Mistake(#"{"training": {"epochs": [3]}}"#, "$.training.epochs: must be a number"),
    Mistake(#"{"models": [{"label": "x"}]}"#, "$.models[0]: has no 'name'"),
    Mistake(#"{"models": ["bprmf", "bprmf"]}"#, "$.models[1]: 'bprmf' is there twice"),
    Mistake(
      #"{"models": [{"name": "bprmf", "set": {"dimension": [1]}}]}"#, "$.models[0].set.dimension: must be a number"),
    Mistake(#"{"models": []}"#, "$.models: names no model"),
    Mistake(
      #"{"alignments": [{"name": "none", "text_control": "shuffled"}]}"#,
      "$.alignments[0].text_control: needs an alignment"
    ),
    Mistake(#"{"seeds": [1, 1]}"#, "$.seeds[1]: is there twice"),
    Mistake(#"{"seeds": [-1]}"#, "$.seeds[0]: must be a whole number"),
    Mistake(#"{"seeds": []}"#, "$.seeds: names no seed"),
    Mistake(#"{"tuning": {"budget": 0}}"#, "$.tuning.budget: must be a whole number from 1"),
    Mistake(#"{"tuning": {"grids": {"sgl": {"x": [1]}}}}"#, "$.tuning.grids.sgl: is the label of no model"),
    Mistake(#"{"tuning": {"grids": {"darec": {"lambda": 3}}}}"#, "$.tuning.grids.darec.lambda: must be an array"),
    Mistake(#"{"tuning": {"grids": {"darec": {"lambda": [1, 1]}}}}"#, "$.tuning.grids.darec.lambda[1]: is there twice"),
    Mistake(#"{"tuning": {"sampling": "best"}}"#, "$.tuning.sampling: must be ordered or random"),
    Mistake(
      #"{"sweeps": [{"model": "bprmf", "alignment": "con", "option": "x", "values": [1]}]}"#,
      "$.sweeps[0].alignment: is the label of no alignment"
    ),
    Mistake(#"{"report": {"subject": "con"}}"#, "$.report.subject: is the label of no alignment"),
  ]

  @Test(arguments: mistakes)
  func aMistakeIsNamedWithItsPath(mistake: Mistake) {
    let error = #expect(throws: ExperimentError.self) { try ExperimentPlan(json: mistake.plan) }
    #expect(error?.description.hasPrefix(mistake.message) == true, "\(error?.description ?? "")")
    #expect(error?.exitStatus == Files.ExitStatus.badData)
  }

  private static let unknownNames: [Mistake] = [
    Mistake(#"{"models": ["nothing"]}"#, "unknown model 'nothing'"),
    Mistake(#"{"models": [{"name": "bprmf", "set": {"layers": 2}}]}"#, "has no option 'layers'"),
    Mistake(#"{"models": [{"name": "lightgcn", "preset": "mars"}]}"#, "has no preset 'mars'"),
    Mistake(#"{"alignments": [{"name": "darec", "text_control": "upside-down"}]}"#, "cannot be 'upside-down'"),
    Mistake(#"{"tuning": {"grids": {"darec": {"centres": [8, 0]}}}}"#, "option 'centres' cannot be '0'"),
    Mistake(#"{"tuning": {"grids": {"none": {"lambda": [1]}}}}"#, "--lambda needs an alignment"),
    Mistake(
      #"{"sweeps": [{"model": "bprmf", "alignment": "darec", "option": "centers", "values": [2]}]}"#,
      "has no option 'centers'"
    ),
    Mistake(#"{"training": {"epochs": 0}}"#, "option 'epochs' cannot be '0'"),
    Mistake(#"{"baselines": ["nothing"]}"#, "unknown baseline 'nothing'"),
  ]

  @Test(arguments: unknownNames)
  func aNameThatNothingHasIsReportedBeforeAnythingRuns(mistake: Mistake) {
    let error = #expect(throws: (any Error).self) { try ExamplePlan.schedule(mistake.plan) }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains(mistake.message), "\(text)")
  }

  @Test func cellsAreTheProductOfTheAxesLastFastest() throws {
    let plan = try ExperimentPlan(
      json: ExamplePlan.with(
        #"{"tuning": {"grids": {"bprmf": {"dimension": [8, 16]}, "darec": {"lambda": [0.1, 1], "centres": [4]}}}}"#))
    let kinds = plan.kinds
    #expect(try plan.cells(of: kinds[0]).map { $0.map(\.text) } == [["dimension=8"], ["dimension=16"]])
    let aligned = [
      ["dimension=8", "lambda=0.1", "centres=4"], ["dimension=8", "lambda=1", "centres=4"],
      ["dimension=16", "lambda=0.1", "centres=4"], ["dimension=16", "lambda=1", "centres=4"],
    ]
    #expect(try plan.cells(of: kinds[1]).map { $0.map(\.text) } == aligned)
    // A control is tuned on the grid of what it controls.
    #expect(try plan.cells(of: kinds[2]).map { $0.map(\.text) } == aligned)
  }

  @Test(arguments: ["ordered", "random"])
  func theBudgetBoundsEveryRowAlike(sampling: String) throws {
    let plan = try ExperimentPlan(
      json: ExamplePlan.with(
        """
        {"tuning": {"budget": 5, "sampling": "\(sampling)",
         "grids": {"darec": {"lambda": [1, 2, 3, 4], "centres": [2, 3, 4]}}}}
        """))
    let cells = try plan.cells(of: plan.kinds[1]).map { $0.map(\.text).joined(separator: " ") }
    #expect(cells.count == 5 && Set(cells).count == 5)
    #expect(try plan.cells(of: plan.kinds[2]).map { $0.map(\.text).joined(separator: " ") } == cells)
    let first = [
      "lambda=1 centres=2", "lambda=1 centres=3", "lambda=1 centres=4", "lambda=2 centres=2", "lambda=2 centres=3",
    ]
    #expect((cells == first) == (sampling == "ordered"))
  }

  @Test func whatThePlanSaysOfTheLoopWinsOverWhatTheAlignmentAsksFor() throws {
    func minimum(_ json: JSONValue) throws -> Int? {
      let run = try ExamplePlan.schedule(json).runs(records: [:]).first { $0.kind == 1 }
      return run?.definition?.json["work"]?["training"]?["minimum_epochs"]?.int
    }
    #expect(try minimum(ExamplePlan.json) == 30)
    #expect(try minimum(ExamplePlan.with(#"{"training": {"minimum_epochs": 3}}"#)) == 3)
  }
}
