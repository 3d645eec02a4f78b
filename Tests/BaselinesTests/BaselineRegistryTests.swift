// What every baseline must do, and what the registry promises.

import Baselines
import Files
import Numerics
import Testing

@Suite struct BaselineRegistryTests {
  static let names = BaselineRegistry.all.map(\.name)

  /// Problems at the edges of what data can be.
  static let edges: [(name: String, problem: BaselineProblem)] = [
    ("one user", ExampleProblem(users: 1, items: 6, density: 0.5).problem),
    ("one item", ExampleProblem(users: 6, items: 1, density: 0.9).problem),
    ("one pair", ExampleProblem(users: 1, items: 1, density: 1).problem),
    ("every pair", ExampleProblem(users: 8, items: 7, density: 1).problem),
    ("sparse", ExampleProblem(users: 30, items: 40, density: 0.01).problem),
  ]

  @Test(arguments: names, edges.indices) func edgesOfDataAreServed(_ name: String, _ edge: Int) throws {
    let descriptor = try #require(BaselineRegistry.named(name))
    let problem = Self.edges[edge].problem
    let fitted = try descriptor.fit(problem, OptionValues(descriptor.options))
    switch fitted {
    case .vectors(let users, let items):
      #expect(descriptor.ranksWithVectors)
      #expect(users.rows == problem.users && items.rows == problem.items && users.columns == items.columns)
      #expect((users.sumOfSquares() + items.sumOfSquares()).isFinite)
    case .itemWeights(let weights):
      #expect(!descriptor.ranksWithVectors)
      #expect(weights.rows == problem.items && weights.columns == problem.items && weights.sumOfSquares().isFinite)
    }
    let users = (0..<Int32(problem.users)).map { $0 }
    let lists = fitted.topItems(training: problem.training, users: users, k: 5)
    for (user, list) in zip(users, lists) {
      #expect(list.count == min(5, problem.items - problem.training.degree(Int(user))))
      #expect(!list.contains { problem.training.contains(row: Int(user), column: $0.index) })
    }
  }

  @Test(arguments: names) func dataWithoutInteractionsIsRefused(_ name: String) throws {
    let descriptor = try #require(BaselineRegistry.named(name))
    for (users, items) in [(3, 4), (0, 0), (2, 0)] {
      let empty = BaselineProblem(
        training: CSRMatrix(rows: users, columns: items, entries: []), itemText: Matrix(rows: items, columns: 3),
        seed: 1)
      #expect(throws: BaselineError.nothingToLearn) { try descriptor.fit(empty, OptionValues(descriptor.options)) }
    }
  }

  @Test(arguments: names) func missingTextIsNamed(_ name: String) throws {
    let descriptor = try #require(BaselineRegistry.named(name))
    let training = ExampleProblem(users: 5, items: 4, density: 0.5).problem.training
    let problem = BaselineProblem(training: training, seed: 1)
    let values = OptionValues(descriptor.options)
    if descriptor.needsText {
      #expect(throws: BaselineError.textMissing(baseline: name)) { try descriptor.fit(problem, values) }
    } else {
      _ = try descriptor.fit(problem, values)
    }
  }

  @Test(arguments: names) func declarationsAcceptTheirDefaultsAndGrid(_ name: String) throws {
    let descriptor = try #require(BaselineRegistry.named(name))
    for option in descriptor.options { #expect(option.accepts(option.defaultValue)) }
    let cells = try descriptor.tuningCells(OptionValues(descriptor.options), fixed: [])
    #expect(cells.count == descriptor.tuningGrid.reduce(1) { $0 * $1.values.count })
  }

  @Test func gridIsTheProductOfItsAxesWithoutWhatIsFixed() throws {
    let descriptor = TextSmoothing.descriptor
    let values = try options(descriptor, ["hops": "3"])
    let cells = try descriptor.tuningCells(values, fixed: ["hops"])
    #expect(cells.map { $0.text("score") } == ["cosine", "dot"])
    #expect(cells.allSatisfy { $0.text("hops") == "3" })
    let all = try descriptor.tuningCells(values, fixed: [])
    #expect(
      all.prefix(5).map { $0.text("score") + $0.text("hops") } == ["cosine0", "cosine1", "cosine2", "cosine3", "dot0"])
  }

  @Test func popularityCountsTrainingInteractions() throws {
    let training = CSRMatrix(rows: 3, columns: 3, entries: [(0, 1), (1, 1), (2, 1), (0, 2), (2, 2)])
    let fitted = Popularity.fit(BaselineProblem(training: training, seed: 1))
    let lists = fitted.topItems(training: training, users: [0, 1, 2], k: 3)
    #expect(lists.map { $0.map(\.index) } == [[0], [2, 0], [0]])
    #expect(lists[1][0].score == 2)
  }

  @Test func unknownNamesListTheKnownOnes() {
    #expect(!Self.names.contains("nothing"))
    for name in Self.names { #expect(BaselineError.unknown("nothing").description.contains(name)) }
  }
}
