// Text smoothing and the text probe against dense references and central differences.

import Autodiff
import Baselines
import Files
import Numerics
import TestSupport
import Testing

@Suite struct TextBaselineTests {
  static let example = ExampleProblem(users: 12, items: 9, density: 0.4, textWidth: 6, seed: 4)

  private func vectors(_ fitted: FittedBaseline) throws -> (users: Matrix, items: Matrix) {
    guard case .vectors(let users, let items) = fitted else { throw BaselineError.nothingToLearn }
    return (users, items)
  }

  private func unit(_ vector: [Double]) -> [Double] {
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 ? vector.map { $0 / length } : vector
  }

  @Test(arguments: [0, 1, 2, 3], [false, true]) func smoothingIsTheMeanOfDensePropagations(
    _ hops: Int, _ usesUserText: Bool
  ) throws {
    let problem = Self.example.problem
    let x = Self.example.dense
    let z = Self.example.text
    let userVectors =
      usesUserText
      ? rows(problem.userText)
      : x.map { row in
        unit((0..<6).map { column in zip(row, z).reduce(0) { $0 + $1.0 * $1.1[column] } })
      }
    let nodes = userVectors + z
    let count = nodes.count
    var adjacency = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    for user in x.indices {
      for item in z.indices where x[user][item] > 0 {
        adjacency[user][12 + item] = 1
        adjacency[12 + item][user] = 1
      }
    }
    let degrees = adjacency.map { $0.reduce(0, +) }
    for i in 0..<count {
      for j in 0..<count where adjacency[i][j] > 0 { adjacency[i][j] /= (degrees[i] * degrees[j]).squareRoot() }
    }
    var layer = nodes
    var sum = nodes
    for _ in 0..<hops {
      layer = times(adjacency, layer)
      for i in 0..<count { for j in 0..<6 { sum[i][j] += layer[i][j] } }
    }
    let mean = sum.map { $0.map { $0 / Double(hops + 1) } }
    for isCosine in [false, true] {
      let found = try vectors(
        TextSmoothing.fit(problem, hops: hops, usesUserText: usesUserText, isCosine: isCosine))
      let truth = isCosine ? mean.map(unit) : mean
      #expect(difference(found.users, Array(truth[..<12])) < 1e-6)
      #expect(difference(found.items, Array(truth[12...])) < 1e-6)
    }
  }

  @Test func meansOfTrainingItemsAreMeans() {
    let training = CSRMatrix(rows: 3, columns: 2, entries: [(0, 0), (0, 1), (2, 1)])
    let means = meanOfTrainingItems(training, Matrix(rows: 2, columns: 2, values: [1, 2, 5, -2]))
    #expect(means.values == [3, 0, 0, 0, 5, -2])
  }

  @Test func userTextIsAskedForByName() {
    let problem = Self.example.problem
    let without = BaselineProblem(training: problem.training, itemText: problem.itemText, seed: 1)
    #expect(throws: BaselineError.userTextMissing) {
      try TextSmoothing.fit(without, hops: 1, usesUserText: true, isCosine: true)
    }
  }

  /// The loss by its definition.
  private func contrast(_ a: [[Double]], _ b: [[Double]], _ c: [[Double]], _ temperature: Double) -> Double {
    func cosine(_ x: [Double], _ y: [Double]) -> Double {
      func length(_ v: [Double]) -> Double { (1e-8 + v.reduce(0) { $0 + $1 * $1 }).squareRoot() }
      return zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } / (length(x) * length(y))
    }
    return a.indices.reduce(0) { sum, row in
      let positive = exponential(cosine(a[row], b[row]) / temperature)
      let others = c.reduce(0) { $0 + exponential(cosine(a[row], $1) / temperature) }
      return sum - logarithm(positive / (positive + others))
    }
  }

  @Test(arguments: [Float(0.15), 1]) func contrastAndItsGradientMatchTheDefinition(_ temperature: Float) throws {
    var random = SplitMix(state: 9)
    let parameters = [5, 5, 7].enumerated().map { index, count in
      Parameter(
        name: "p\(index)",
        value: Matrix(
          rows: count, columns: 4, values: (0..<count * 4).map { _ in Float(random.below(2001)) / 1000 - 1 }))
    }
    let tape = Tape()
    let variables = parameters.map { tape.variable($0) }
    let loss = tape.sampledInfoNCE(
      variables[0], variables[1], negatives: variables[2], temperature: temperature, name: "contrast", weight: 0.5)
    func value(_ values: [[[Double]]]) -> Double { contrast(values[0], values[1], values[2], Double(temperature)) }
    var values = parameters.map { rows($0.value) }
    #expect(relativeError(loss.value, value(values)) < 1e-5)
    tape.backward()
    let step = 1e-5
    for (index, parameter) in parameters.enumerated() {
      var slopes: [Double] = []
      for row in values[index].indices {
        for column in 0..<4 {
          let kept = values[index][row][column]
          values[index][row][column] = kept + step
          let above = value(values)
          values[index][row][column] = kept - step
          slopes.append(0.5 * (above - value(values)) / (2 * step))
          values[index][row][column] = kept
        }
      }
      #expect(relativeError(parameter.gradient.elements, slopes) < 1e-4)
    }
  }

  @Test func probeFindsTheDirectionThatInteractionsFollow() throws {
    // Items fall in two groups told by one of eight text coordinates; users keep to one group.
    var random = SplitMix(state: 2)
    var entries: [(row: Int32, column: Int32)] = []
    for user in 0..<60 {
      for item in 0..<40 where item % 2 == user % 2 && random.below(3) == 0 {
        entries.append((Int32(user), Int32(item)))
      }
    }
    let text = Matrix(rows: 40, columns: 8, values: (0..<320).map { _ in Float(random.below(2001)) / 1000 - 1 })
    for item in 0..<40 { text[item, 0] = item % 2 == 0 ? 0.5 : -0.5 }
    let problem = BaselineProblem(
      training: CSRMatrix(rows: 60, columns: 40, entries: entries), itemText: text.normalizedRows().matrix, seed: 1)
    func share(_ fitted: FittedBaseline) -> Double {
      let lists = fitted.topItems(training: problem.training, users: (0..<60).map { $0 }, k: 5)
      let own = lists.enumerated().reduce(0) { sum, entry in
        sum + entry.element.count { Int($0.index) % 2 == entry.offset % 2 }
      }
      return Double(own) / 300
    }
    let probe = TextProbe(
      try options(
        TextProbe.descriptor,
        ["dimension": "4", "epochs": "30", "learning-rate": "0.02", "batch-size": "64", "negatives": "32"]))
    #expect(share(try probe.fit(problem)) > 0.9)
  }

  @Test func bitsDoNotDependOnTheThreadCount() throws {
    let example = ExampleProblem(users: 150, items: 300, density: 0.05, textWidth: 40)
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    for descriptor in [TextSmoothing.descriptor, TextProbe.descriptor] {
      var results: [[Float]] = []
      for threads in [1, 3] {
        Parallelism.threadCount = threads
        let found = try vectors(descriptor.fit(example.problem, OptionValues(descriptor.options)))
        results.append(found.users.values + found.items.values)
      }
      #expect(results[0] == results[1], "\(descriptor.name)")
    }
  }
}
