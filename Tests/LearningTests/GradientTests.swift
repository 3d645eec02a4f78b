// The gradient of every operation and of every form of every loss against central differences.

import Alignments
import Autodiff
import Glibc
import Numerics
import Recommenders
import Testing

@Suite struct GradientTests {
  private let x = randomParameter("x", rows: 70, columns: 17, seed: 1)
  private let y = randomParameter("y", rows: 70, columns: 17, seed: 2)

  /// A scalar with a gradient that differs in every element: the inner product with fixed random numbers.
  private func scalar(_ variable: Variable, on tape: Tape) -> LossTerm {
    let factor = randomParameter("factor", rows: variable.value.rows, columns: variable.value.columns, seed: 9).value
    return tape.recordLoss(name: "inner", value: variable.value.dot(factor), weight: 1) { seed in
      variable.accumulateSparsely { $0.add(factor, scaled: seed) }
    }
  }

  @Test func gatherWithRepeatedRows() {
    expectGradientMatchesCentralDifference(of: [x]) { tape in
      [scalar(tape.gatherRows(tape.variable(x), [3, 3, 0, 69, 12, 3]), on: tape)]
    }
  }

  @Test(arguments: [Activation.identity, .leakyReLU(slope: 0.01)])
  func linearLayer(activation: Activation) {
    let weight = randomParameter("weight", rows: 11, columns: 17, seed: 3)
    let bias = randomParameter("bias", rows: 1, columns: 11, seed: 4)
    expectGradientMatchesCentralDifference(of: [x, weight, bias], step: 2e-4, tolerance: 5e-3) { tape in
      [
        scalar(
          tape.linear(
            tape.variable(x), weight: tape.variable(weight), bias: tape.variable(bias), activation: activation),
          on: tape)
      ]
    }
  }

  @Test(arguments: [1, 2, 3])
  func perceptrons(layers: Int) {
    var stream = RandomStream(seed: 3, purpose: .test)
    let perceptron = Perceptron(
      name: "p", input: 17, output: 5, layers: layers, side: .language, stream: &stream)
    #expect(perceptron.parameters.count == 2 * layers)
    // A small step: each sign change of a hidden unit inside it is an honest kink of LeakyReLU, not an error.
    expectGradientMatchesCentralDifference(of: [x] + perceptron.parameters, step: 3e-5, tolerance: 5e-2) { tape in
      [scalar(perceptron.project(tape.variable(x), on: tape), on: tape)]
    }
  }

  /// Widths on both ways over the hidden layer, more rows than a block of them, and a hidden layer of odd width.
  @Test(arguments: [5, 64, 65, 90], [1, 3])
  func perceptronGradientsAreThoseOfDouble(outputs: Int, threads: Int) {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = threads
    let x = randomParameter("x", rows: 301, columns: 13, seed: 5)
    let weights = [
      randomParameter("w1", rows: 51, columns: 13, seed: 6), randomParameter("w2", rows: outputs, columns: 51, seed: 7),
    ]
    let biases = [
      randomParameter("b1", rows: 1, columns: 51, seed: 8), randomParameter("b2", rows: 1, columns: outputs, seed: 9),
    ]
    let seeds = randomParameter("s", rows: 301, columns: outputs, seed: 10).value
    let tape = Tape()
    let layers = (0..<2).map {
      AffineLayer(
        weight: tape.variable(weights[$0]), bias: tape.variable(biases[$0]),
        activation: $0 == 0 ? .leakyReLU(slope: 0.1) : .identity)
    }
    let result = tape.perceptrons([layers], of: tape.variable(x))[0]
    _ = tape.recordLoss(name: "l", value: 0, weight: 1) { _ in
      result.accumulate { target, _ in target.assign(from: seeds) }
    }
    tape.backward()

    func rows(_ matrix: Matrix) -> [[Double]] {
      (0..<matrix.rows).map { row in (0..<matrix.columns).map { Double(matrix[row, $0]) } }
    }
    let (inputs, w1, w2, deltas) = (rows(x.value), rows(weights[0].value), rows(weights[1].value), rows(seeds))
    var expected = (
      x: [[Double]](), w1: w1.map { $0.map { _ in 0.0 } }, b1: [Double](repeating: 0, count: 51),
      w2: w2.map { $0.map { _ in 0.0 } }, b2: [Double](repeating: 0, count: outputs)
    )
    for (input, delta) in zip(inputs, deltas) {
      let sums = w1.indices.map { unit in
        zip(input, w1[unit]).reduce(Double(biases[0].value[0, unit])) { $0 + $1.0 * $1.1 }
      }
      let hidden = sums.map { $0 > 0 ? $0 : 0.1 * $0 }
      let hiddenDelta = w1.indices.map { unit in
        delta.indices.reduce(0.0) { $0 + delta[$1] * w2[$1][unit] } * (sums[unit] > 0 ? 1 : 0.1)
      }
      for output in delta.indices {
        expected.b2[output] += delta[output]
        for unit in hidden.indices { expected.w2[output][unit] += delta[output] * hidden[unit] }
      }
      for unit in hidden.indices {
        expected.b1[unit] += hiddenDelta[unit]
        for column in input.indices { expected.w1[unit][column] += hiddenDelta[unit] * input[column] }
      }
      expected.x.append(
        input.indices.map { column in hiddenDelta.indices.reduce(0.0) { $0 + hiddenDelta[$1] * w1[$1][column] } })
    }
    for (name, found, truth) in [
      ("x", x, expected.x.flatMap(\.self)), ("w1", weights[0], expected.w1.flatMap(\.self)),
      ("b1", biases[0], expected.b1),
      ("w2", weights[1], expected.w2.flatMap(\.self)), ("b2", biases[1], expected.b2),
    ] {
      let scale = truth.reduce(0) { max($0, $1.magnitude) }
      let worst = zip(found.gradient.values, truth).reduce(0) { max($0, (Double($1.0) - $1.1).magnitude) }
      #expect(worst < 1e-5 * scale, "\(name)")
    }
  }

  /// Several perceptrons over the same rows are what each is alone, to the bit; one that nothing reached changes nothing.
  @Test func perceptronsTogetherAreThoseAlone() {
    let text = randomParameter("text", rows: 400, columns: 33, seed: 1).value
    let rows = (0..<310).map { Int32(($0 * 37) % 400) }
    func made() -> [Perceptron] {
      [(7, 2), (70, 2), (3, 1)].enumerated().map { index, shape in
        var stream = RandomStream(seed: UInt64(index), purpose: .test)
        return Perceptron(
          name: "p\(index)", input: 33, output: shape.0, layers: shape.1, side: .language, stream: &stream)
      }
    }
    func bits(_ perceptrons: [Perceptron], _ tape: Tape, _ results: [Variable]) -> [[Float]] {
      for result in results[1...] { _ = tape.uniformity(result, name: "u", weight: 1) }
      tape.backward()
      return results.map(\.value.values) + perceptrons.flatMap { $0.parameters.map(\.gradient.values) }
    }
    let (together, alone) = (made(), made())
    let (tape, other) = (Tape(), Tape())
    let found = bits(together, tape, Perceptron.project(together, rows: rows, of: text, on: tape))
    #expect(found == bits(alone, other, alone.map { $0.project(rows: rows, of: text, on: other) }))
    #expect(together[0].parameters.allSatisfy { $0.gradient.values.allSatisfy { $0 == 0 } })
    #expect(together[2].parameters.allSatisfy { $0.gradient.values.contains { $0 != 0 } })
  }

  /// Two stacks with ReLU at the end, as KAR's experts are, over rows that are trained themselves.
  @Test func perceptronsTogetherPassOnTheSumOfTheirGradients() {
    func gradients(_ project: (Tape, [Perceptron], Variable) -> [Variable]) -> [[Float]] {
      let x = randomParameter("x", rows: 170, columns: 13, seed: 5)
      let perceptrons = [7, 80].enumerated().map { index, outputs in
        var stream = RandomStream(seed: UInt64(index), purpose: .test)
        return Perceptron(
          name: "p\(index)", widths: [13, 21, outputs], slope: 0, activatesLast: true, side: .language, stream: &stream)
      }
      let tape = Tape()
      for result in project(tape, perceptrons, tape.variable(x)) { _ = tape.uniformity(result, name: "u", weight: 1) }
      tape.backward()
      return [x.gradient.values] + perceptrons.flatMap { $0.parameters.map(\.gradient.values) }
    }
    let together = gradients { Perceptron.project($1, $2, on: $0) }
    #expect(together == gradients { tape, perceptrons, x in perceptrons.map { $0.project(x, on: tape) } })
    #expect(together.allSatisfy { $0.contains { $0 != 0 } && $0.allSatisfy(\.isFinite) })
  }

  @Test(arguments: [3, 70]) func aPerceptronOverNoRowsHasNoGradient(outputs: Int) {
    var stream = RandomStream(seed: 1, purpose: .test)
    let perceptron = Perceptron(name: "p", input: 9, output: outputs, layers: 2, side: .language, stream: &stream)
    let tape = Tape()
    let result = perceptron.project(rows: [], of: Matrix(rows: 4, columns: 9), on: tape)
    #expect(result.value.rows == 0 && result.value.columns == outputs)
    _ = tape.recordLoss(name: "l", value: 0, weight: 1) { _ in result.accumulate { _, _ in } }
    tape.backward()
    #expect(perceptron.parameters.allSatisfy { $0.gradient.values.allSatisfy { $0 == 0 } })
  }

  @Test func joinedAndAddedColumns() {
    expectGradientMatchesCentralDifference(of: [x, y]) { tape in
      let joined = tape.concatenateColumns(tape.variable(x), tape.variable(y))
      let sum = tape.sum([tape.variable(x), tape.variable(y)])
      return [scalar(joined, on: tape), scalar(sum, on: tape)]
    }
  }

  @Test(arguments: [0, 1, 3])
  func propagationWithDroppedEntries(layers: Int) {
    var stream = RandomStream(seed: 4, purpose: .test)
    let entries = (0..<200).map { _ in (row: Int32(stream.below(30)), column: Int32(stream.below(40))) }
    let graph = PropagationGraph(bipartite: CSRMatrix(rows: 30, columns: 40, entries: entries), selfLoops: layers == 1)
    let edges = graph.dropped(keepRate: 0.6, stream: RandomStream(seed: 5, purpose: .edgeDropout))
    expectGradientMatchesCentralDifference(of: [x]) { tape in
      [scalar(tape.propagate(tape.variable(x), over: graph, layers: layers, keeping: edges), on: tape)]
    }
  }

  @Test func bayesianPersonalizedRanking() {
    var stream = RandomStream(seed: 6, purpose: .test)
    func draw(_ bound: Int) -> [Int32] { (0..<300).map { _ in Int32(stream.below(bound)) } }
    let batch = Batch(users: draw(30), positives: draw(40), negatives: draw(40))
    expectGradientMatchesCentralDifference(of: [x]) { tape in
      [tape.bayesianPersonalizedRanking(tape.variable(x), batch: batch, users: 30)]
    }
  }

  @Test(arguments: [Float(0.05), 0.2, 1])
  func infoNCE(temperature: Float) {
    let pool = randomParameter("pool", rows: 600, columns: 17, seed: 8)
    expectGradientMatchesCentralDifference(of: [x, y, pool], step: 8e-3, tolerance: 4e-3) { tape in
      [
        tape.infoNCE(
          tape.variable(x), tape.variable(y), candidates: tape.variable(pool), temperature: temperature, name: "n",
          weight: 0.5)
      ]
    }
  }

  @Test func gatedMixture() {
    let experts = (0..<3).map { randomParameter("expert\($0)", rows: 6, columns: 5, seed: UInt64(20 + $0)) }
    let gate = randomParameter("gate", rows: 6, columns: 3, seed: 30)
    let target = randomParameter("target", rows: 6, columns: 5, seed: 31).value
    expectGradientMatchesCentralDifference(of: experts + [gate]) { tape in
      let mixed = tape.gatedMixture(of: experts.map { tape.variable($0) }, gate: tape.variable(gate))
      return [tape.maskedReconstruction(mixed, tape.constant(target), temperature: 1, name: "r", weight: 2)]
    }
  }

  @Test func paddedColumns() {
    let x = randomParameter("x", rows: 6, columns: 5, seed: 50)
    let target = randomParameter("target", rows: 6, columns: 3, seed: 51).value
    expectGradientMatchesCentralDifference(of: [x]) { tape in
      [0..<3, 3..<5].map { range in
        tape.maskedReconstruction(
          tape.columns(of: tape.variable(x), range, paddedTo: 3), tape.constant(target), temperature: 1, name: "r",
          weight: 2)
      }
    }
  }

  @Test func stackedReplacedAndScaledRows() {
    let upper = randomParameter("upper", rows: 3, columns: 4, seed: 40)
    let lower = randomParameter("lower", rows: 5, columns: 4, seed: 41)
    let token = randomParameter("token", rows: 1, columns: 4, seed: 42)
    let target = randomParameter("target", rows: 8, columns: 4, seed: 43).value
    expectGradientMatchesCentralDifference(of: [upper, lower, token]) { tape in
      let stacked = tape.stackRows(tape.variable(upper), tape.variable(lower))
      let replaced = tape.replaceRows(of: tape.scale(stacked, by: 1.7), at: [1, 3, 7], with: tape.variable(token))
      return [tape.maskedReconstruction(replaced, tape.constant(target), temperature: 1, name: "r", weight: 2)]
    }
  }

  @Test func maskedReconstruction() {
    expectGradientMatchesCentralDifference(of: [x, y]) { tape in
      [tape.maskedReconstruction(tape.variable(x), tape.variable(y), temperature: 0.2, name: "r", weight: 2)]
    }
  }

  @Test func orthogonality() {
    expectGradientMatchesCentralDifference(of: [x, y]) { tape in
      [tape.orthogonality(specific: tape.variable(x), shared: tape.variable(y), name: "o", weight: 3)]
    }
  }

  @Test func uniformity() {
    expectGradientMatchesCentralDifference(of: [x]) { tape in
      [tape.uniformity(tape.variable(x), name: "u", weight: 2)]
    }
  }

  /// Three blocks of rows, the last one short: pairs of different blocks serve both their sides.
  @Test func uniformityOfSeveralBlocksMatchesEveryPairInDouble() {
    let rows = 400
    let width = 17
    let many = randomParameter("many", rows: rows, columns: width, seed: 31)
    let tape = Tape()
    let term = tape.uniformity(tape.variable(many), name: "u", weight: 2)
    tape.backward()
    var unit = [[Double]]()
    var norms = [Double]()
    for row in 0..<rows {
      let values = (0..<width).map { Double(many.value[row, $0]) }
      let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
      norms.append(norm)
      unit.append(values.map { $0 / norm })
    }
    var sum = 0.0
    var directions = [[Double]](repeating: [Double](repeating: 0, count: width), count: rows)
    for row in 0..<rows {
      for other in 0..<rows where other != row {
        let distance = zip(unit[row], unit[other]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let potential = Glibc.exp(-2 * distance)
        sum += potential
        for column in 0..<width { directions[row][column] += potential * unit[other][column] }
      }
    }
    #expect((term.value - Glibc.log(sum / Double(rows * (rows - 1)))).magnitude < 1e-5)
    // d/dx_i of the logarithm: (8 / sum) times the directions, without their part along x_i, over |x_i|; weight 2.
    var squared = 0.0
    var size = 0.0
    for row in 0..<rows {
      let along = zip(directions[row], unit[row]).reduce(0) { $0 + $1.0 * $1.1 }
      for column in 0..<width {
        let exact = 2 * 8 / sum * (directions[row][column] - along * unit[row][column]) / norms[row]
        squared += (Double(many.gradient[row, column]) - exact) * (Double(many.gradient[row, column]) - exact)
        size += exact * exact
      }
    }
    #expect((squared / size).squareRoot() < 1e-5)
  }

  @Test func uniformityNearCollapse() {
    let near = Parameter(name: "near", value: x.value.copy())
    for row in 0..<near.value.rows {
      for column in 0..<near.value.columns {
        near.value[row, column] = 1 + 0.01 * near.value[row, column]
      }
    }
    expectGradientMatchesCentralDifference(of: [near], step: 2e-4) { tape in
      [tape.uniformity(tape.variable(near), name: "u", weight: 2)]
    }
  }

  @Test(arguments: [true, false], GlobalScale.allCases)
  func globalStructure(cosine: Bool, scale: GlobalScale) {
    let wider = randomParameter("wider", rows: 70, columns: 23, seed: 12)
    expectGradientMatchesCentralDifference(of: [x, wider]) { tape in
      [
        tape.globalStructure(
          tape.variable(x), tape.variable(wider), cosine: cosine, scale: scale, name: "g", weight: 1)
      ]
    }
  }

  @Test(arguments: LocalLoss.allCases, [true, false])
  func localStructure(form: LocalLoss, spherical: Bool) {
    // One Lloyd round from fixed centres: assignments stay constant under small changes.
    let clustered = clusteredParameters(spherical: spherical)
    expectGradientMatchesCentralDifference(of: [clustered.a, clustered.b], step: 1e-3) { tape in
      var start = clustered.start
      return [
        tape.localStructure(
          tape.variable(clustered.a), tape.variable(clustered.b), start: &start, iterations: 1, spherical: spherical,
          matching: .greedy, form: form, stream: RandomStream(seed: 1, purpose: .matching), weight: 1)
      ]
    }
  }

  /// A layer over chosen rows of frozen text is the layer over a copy of them, to the bit.
  @Test func linearOfChosenRows() {
    let text = randomParameter("text", rows: 50, columns: 11, seed: 1).value
    let rows: [Int32] = [3, 49, 3, 0, 17, 21, 22, 40, 8]
    func gradients(_ layer: (Tape, Variable, Variable) -> Variable) -> [[Float]] {
      let weight = randomParameter("weight", rows: 23, columns: 11, seed: 2)
      let bias = randomParameter("bias", rows: 1, columns: 23, seed: 3)
      let tape = Tape()
      let result = layer(tape, tape.variable(weight), tape.variable(bias))
      _ = tape.uniformity(result, name: "u", weight: 1)
      tape.backward()
      return [result.value.values, weight.gradient.values, bias.gradient.values]
    }
    let gathered = gradients { tape, weight, bias in
      let layer = AffineLayer(weight: weight, bias: bias, activation: .leakyReLU(slope: 0.01))
      return tape.perceptrons([[layer]], rows: rows, of: text)[0]
    }
    let copied = gradients {
      $0.linear(
        $0.constant(text.gatherRows(rows)), weight: $1, bias: $2, activation: .leakyReLU(slope: 0.01))
    }
    #expect(gathered == copied)
    #expect(gathered[1].contains { $0 != 0 } && gathered[2].contains { $0 != 0 })
  }

  /// Rows around four far-apart directions on each side, so that clusters are stable.
  private func clusteredParameters(spherical: Bool) -> (a: Parameter, b: Parameter, start: CentreStart) {
    func side(_ name: String, seed: UInt64) -> (Parameter, Matrix) {
      let rows = randomParameter(name, rows: 60, columns: 9, seed: seed)
      for row in 0..<60 {
        for column in 0..<9 { rows.value[row, column] = 0.2 * rows.value[row, column] + (column == row % 4 ? 2 : 0) }
      }
      let start = Matrix(rows: 4, columns: 9)
      for cluster in 0..<4 { start[cluster, cluster] = spherical ? 1 : 2 }
      return (rows, start)
    }
    let (a, startA) = side("a", seed: 21)
    let (b, startB) = side("b", seed: 22)
    return (a, b, CentreStart(collaborative: startA, language: startB))
  }
}
