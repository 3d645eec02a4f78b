// Data at the edge of what makes sense: nothing stops the process, every result is finite.

import Alignments
import Autodiff
import Evaluation
import Numerics
import Recommenders
import Testing
import Training

/// A problem at the edge.
struct DegenerateProblem: Sendable, CustomTestStringConvertible {
  let testDescription: String
  var users = 6
  var items = 5
  var training: [(row: Int32, column: Int32)] = [(0, 0), (0, 1), (1, 1), (2, 2), (3, 3), (4, 4), (5, 0)]
  var validation: [(row: Int32, column: Int32)] = [(0, 2), (1, 3)]
  var test: [(row: Int32, column: Int32)] = [(2, 4), (3, 1)]
  /// The text value of a node and column.
  var text: @Sendable (Int, Int) -> Float = { node, column in Float((node * 7 + column * 5) % 11) - 5 }
  var settings: [(String, String)] = []
  var batchSize = 3

  var problem: TrainingProblem {
    let vectors = Matrix(rows: users + items, columns: 12)
    for node in 0..<users + items {
      for column in 0..<12 { vectors[node, column] = text(node, column) }
    }
    func matrix(_ entries: [(row: Int32, column: Int32)]) -> CSRMatrix {
      CSRMatrix(rows: users, columns: items, entries: entries)
    }
    return TrainingProblem(
      training: matrix(training), validation: matrix(validation), test: matrix(test), text: UnitRows(vectors).value,
      fingerprint: "edge")
  }

  static let all: [DegenerateProblem] = [
    DegenerateProblem(testDescription: "plain"),
    DegenerateProblem(
      testDescription: "one user", users: 1, training: [(0, 0), (0, 1)], validation: [(0, 2)], test: [(0, 3)]),
    DegenerateProblem(
      testDescription: "one user, one item", users: 1, items: 1, training: [(0, 0)], validation: [], test: []),
    DegenerateProblem(
      testDescription: "a user with every item", training: (0..<5).map { (0, $0) } + [(1, 1)], validation: [(0, 2)]),
    DegenerateProblem(testDescription: "items and users without interactions", training: [(0, 0)]),
    DegenerateProblem(testDescription: "text of zeros", text: { _, _ in 0 }),
    DegenerateProblem(
      testDescription: "some text of zeros", text: { node, column in node % 2 == 0 ? 0 : Float(column) }),
    DegenerateProblem(testDescription: "equal text", text: { _, column in Float(column) - 3 }),
    DegenerateProblem(
      testDescription: "equal text, centred", text: { _, column in Float(column) - 3 },
      settings: [("center-text", "true")]),
    DegenerateProblem(testDescription: "huge text", text: { node, column in node == column ? 3e38 : 1e30 }),
    DegenerateProblem(testDescription: "tiny text", text: { node, column in Float((node + column) % 3) * 0x1p-135 }),
    DegenerateProblem(testDescription: "more centres than nodes", settings: [("centres", "64")]),
    DegenerateProblem(testDescription: "one centre", settings: [("centres", "1")]),
    DegenerateProblem(testDescription: "wider than the data", settings: [("dimension", "70"), ("part-width", "70")]),
    DegenerateProblem(testDescription: "width one", settings: [("dimension", "1"), ("part-width", "1")]),
    DegenerateProblem(testDescription: "batch above the data", batchSize: 1_000_000),
    DegenerateProblem(testDescription: "batch of one, sampled", settings: [("sampling", "batch")], batchSize: 1),
    DegenerateProblem(testDescription: "sample of two", settings: [("sample-size", "2")]),
    DegenerateProblem(
      testDescription: "sample of two by type", settings: [("sample-size", "2"), ("pooling", "by-type")]),
    DegenerateProblem(testDescription: "no validation", validation: []),
    DegenerateProblem(testDescription: "no test", test: []),
    DegenerateProblem(testDescription: "nothing kept of the graph", settings: [("keep-rate", "0")]),
    DegenerateProblem(
      testDescription: "raw dot products, summed",
      settings: [
        ("global-similarity", "dot"), ("global-scale", "sum"), ("centre-metric", "euclidean"),
      ]),
  ]
}

@Suite struct DegenerateDataTests {
  @Test(arguments: DegenerateProblem.all, ["bprmf", "lightgcn"])
  func trainsToFiniteResults(example: DegenerateProblem, model: String) throws {
    let trainer = try train(example.problem, model: model, epochs: 4) {
      for (name, value) in example.settings where model == "lightgcn" || name != "keep-rate" {
        try $0.set(name, to: value)
      }
      $0.batchSize = example.batchSize
    }
    #expect(trainer.state.epoch == 4)
    for parameter in trainer.optimizer.parameters { #expect(parameter.value.sumOfSquares().isFinite) }
    trainer.finish()
    let metrics = trainer.finalMetrics()
    #expect((metrics.validation == nil) == example.validation.isEmpty)
    #expect((metrics.test == nil) == example.test.isEmpty)
    for report in [metrics.validation, metrics.test].compactMap({ $0 }) {
      for entry in report.values { #expect((0...1).contains(entry.value), "\(entry.name.text)") }
    }
    let alignment = try #require(trainer.alignment)
    let parts = try #require(alignment.parts(representation: trainer.model.finalRepresentation()))
    let centres = try #require(alignment.centres(of: parts))
    for matrix in [
      parts.collaborativeShared, parts.collaborativeSpecific, parts.languageShared, parts.languageSpecific,
      centres.collaborative, centres.language,
    ] {
      #expect(matrix.sumOfSquares().isFinite)
    }
    // No such number of centres exists among fewer nodes.
    #expect(centres.collaborative.rows <= example.users + example.items)
  }

  @Test func nothingToLearnIsAnErrorOfItsOwn() {
    let example = DegenerateProblem(testDescription: "empty", training: [])
    #expect {
      _ = try train(example.problem)
    } throws: { error in
      guard case .nothingToLearn = error as? TrainingError else { return false }
      return true
    }
  }

  @Test func aUserWithEveryItemIsRecommendedNothingAndScoresZero() {
    let training = CSRMatrix(rows: 1, columns: 3, entries: (0..<3).map { (row: 0, column: $0) })
    let ranking = FullRanking(
      training: training, relevant: CSRMatrix(rows: 1, columns: 3, entries: [(row: 0, column: 1)]))
    let ones = Matrix(rows: 3, columns: 2, values: [1, 1, 1, 1, 1, 1])
    let report = ranking.evaluate(users: ones.rows(0..<1), items: ones)
    #expect(report.users == 1)
    for entry in report.values { #expect(entry.value == 0) }
  }
}
