// Values and gradients of the base models' operations against their definitions in Double.

import Autodiff
import Numerics
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct BaseModelOperationTests {
  private let users = 7
  private let items = 6
  private let nodes = 13
  private let interactions: CSRMatrix
  private let graph: PropagationGraph
  private let pattern: DoubleMatrix
  private let x: Parameter
  private let ends: Parameter
  /// Fixed random numbers: a scalar of a matrix is its inner product with them.
  private let factor: Matrix

  init() {
    var stream = RandomStream(seed: 31, purpose: .test)
    // The last user and the last item have no interactions.
    let entries = (0..<20).map { _ in (row: Int32(stream.below(6)), column: Int32(stream.below(5))) }
    interactions = CSRMatrix(rows: users, columns: items, entries: entries)
    graph = PropagationGraph(bipartite: interactions)
    pattern = adjacency(interactions)
    x = randomParameter("x", rows: nodes, columns: 8, seed: 1)
    ends = randomParameter("ends", rows: nodes, columns: 5, seed: 2)
    factor = randomParameter("factor", rows: nodes, columns: 24, seed: 3).value
  }

  private func scalar(_ variable: Variable, on tape: Tape) -> LossTerm {
    let weights = Matrix(
      rows: variable.value.rows, columns: variable.value.columns,
      values: Array(factor.values.prefix(variable.value.count)))
    return tape.recordLoss(name: "inner", value: variable.value.dot(weights), weight: 1) { seed in
      variable.accumulateSparsely { $0.add(weights, scaled: seed) }
    }
  }

  private func scalar(_ matrix: DoubleMatrix) -> Double { inner(matrix.values, factor.values.map(Double.init)) }

  @Test(arguments: [0, 1, 2])
  func layersSideBySide(layers: Int) {
    let looped = PropagationGraph(bipartite: interactions, selfLoops: true)
    let dense = normalizedAdjacency(adjacency(interactions, selfLoops: true))
    expectGradientMatchesOracle(of: [x]) { values in
      var blocks = [values[0]]
      for _ in 0..<layers { blocks.append(dense * blocks[blocks.count - 1]) }
      var joined = DoubleMatrix(rows: nodes, columns: 8 * blocks.count)
      for (index, block) in blocks.enumerated() {
        for row in 0..<nodes {
          for column in 0..<8 { joined[row, 8 * index + column] = block[row, column] }
        }
      }
      return scalar(joined)
    } loss: { tape in
      [scalar(tape.propagateConcatenated(tape.variable(x), over: looped, layers: layers), on: tape)]
    }
  }

  @Test func perturbedLayersAreThoseOfTheirDefinition() {
    let stream = RandomStream(seed: 4, purpose: .noise)
    let sum = graph.perturbedSumOfLayers(x.value, layers: 2, noise: 0.3, stream: stream)
    let dense = normalizedAdjacency(pattern)
    var current = DoubleMatrix(x.value)
    var total = current
    for layer in 0..<2 {
      current = dense * current
      for node in 0..<nodes {
        let words = stream.words(at: UInt64(layer * nodes + node))
        let draw = (0..<8).map { Double((words[$0 / 2] >> ($0 % 2 == 0 ? 0 : 16)) & 0xFFFF) / 65536 }
        let length = inner(draw, draw).squareRoot()
        for column in 0..<8 {
          let sign = current[node, column] > 0 ? 1.0 : current[node, column] < 0 ? -1 : 0
          current[node, column] += 0.3 * draw[column] / length * sign
        }
      }
      total = total + current
    }
    for (found, truth) in zip(sum.values, total.values) { #expect(abs(Double(found) - truth) < 1e-5) }
    // The noise of a row has the length asked for, and none where there is nothing to perturb.
    let plain = graph.sumOfLayers(x.value, layers: 1)
    let noisy = graph.perturbedSumOfLayers(x.value, layers: 1, noise: 0.3, stream: stream)
    for node in 0..<nodes {
      let distance = kernels.squaredDistance(plain.row(node), noisy.row(node), 8).squareRoot()
      #expect(abs(distance - (pattern.row(node).contains(1) ? 0.3 : 0)) < 1e-5)
    }
  }

  @Test func perturbedLayersHaveThePlainGradient() {
    let dense = normalizedAdjacency(pattern)
    let stream = RandomStream(seed: 4, purpose: .noise)
    let offset =
      scalar(DoubleMatrix(graph.perturbedSumOfLayers(x.value, layers: 2, noise: 0.3, stream: stream)))
      - scalar(DoubleMatrix(graph.sumOfLayers(x.value, layers: 2)))
    expectGradientMatchesOracle(of: [x]) { values in
      let first = dense * values[0]
      return scalar(values[0] + first + dense * first) + offset
    } loss: { tape in
      [scalar(tape.propagatePerturbed(tape.variable(x), over: graph, layers: 2, noise: 0.3, stream: stream), on: tape)]
    }
  }

  @Test func convolutionAndSum() {
    let dense = normalizedAdjacency(pattern)
    expectGradientMatchesOracle(of: [x]) { values in
      scalar(values[0] + dense * values[0] + values[0])
    } loss: { tape in
      let start = tape.variable(x)
      return [scalar(tape.sum([start, tape.convolve(start, over: graph), start]), on: tape)]
    }
  }

  @Test func rowsOfARange() {
    expectGradientMatchesOracle(of: [x]) { values in
      scalar(values[0].selected(Array(3..<9))) + scalar(values[0].selected([2, 2, 12]))
    } loss: { tape in
      let start = tape.variable(x)
      return [scalar(tape.rows(start, 3..<9), on: tape), scalar(tape.gatherRows(start, [2, 2, 12]), on: tape)]
    }
  }

  @Test func softAssignments() {
    let first = randomParameter("first", rows: 8, columns: 5, seed: 5)
    let second = randomParameter("second", rows: 8, columns: 3, seed: 6)
    expectGradientMatchesOracle(of: [x, first, second]) { values in
      var joined = softAssignmentOracle(values[0].selected(Array(0..<users)), values[1])
      joined.values += softAssignmentOracle(values[0].selected(Array(users..<nodes)), values[2]).values
      joined.rows = nodes
      return scalar(joined)
    } loss: { tape in
      [
        scalar(
          tape.softAssignment(
            tape.variable(x),
            parts: [
              SoftAssignmentPart(rows: 0..<users, prototypes: tape.variable(first)),
              SoftAssignmentPart(rows: users..<nodes, prototypes: tape.variable(second)),
            ]), on: tape)
      ]
    }
  }

  @Test func adaptivePropagation() {
    expectGradientMatchesOracle(of: [x, ends]) { values in
      scalar(adaptiveOracle(values[0], ends: values[1], pattern: pattern))
    } loss: { tape in
      [scalar(tape.propagateAdaptively(tape.variable(x), ends: tape.variable(ends), over: graph), on: tape)]
    }
  }

  @Test func oppositeEndsCarryNothing() {
    let one = CSRMatrix(rows: 1, columns: 1, entries: [(row: 0, column: 0)])
    let opposite = Parameter(name: "x", value: Matrix(rows: 2, columns: 2, values: [1, 0, -1, 0]))
    let tape = Tape()
    let variable = tape.variable(opposite)
    let value = tape.propagateAdaptively(variable, ends: variable, over: PropagationGraph(bipartite: one))
    _ = tape.recordLoss(name: "sum", value: 0, weight: 1) { _ in value.accumulateSparsely { $0.fill(1) } }
    tape.backward()
    #expect(value.value.values == [0, 0, 0, 0])
    #expect(opposite.gradient.sumOfSquares().isFinite)
  }

  @Test(arguments: [1, 2, 4], [Float(0.5), 3])
  func attention(heads: Int, size: Float) {
    // Large maps: some logits are clamped, and their gradient must vanish.
    let maps = (0..<3).map { index in
      let map = randomParameter("map\(index)", rows: 8, columns: 8, seed: UInt64(10 + index))
      map.value.scale(by: size)
      return map
    }
    let decoder = PropagationGraph(bipartite: interactions, selfLoops: true)
    let dense = adjacency(interactions, selfLoops: true)
    expectGradientMatchesOracle(of: [x] + maps) { values in
      scalar(
        attentionOracle(
          values[0], query: values[1], key: values[2], value: values[3], pattern: dense, heads: heads))
    } loss: { tape in
      let variables = maps.map { tape.variable($0) }
      return [
        scalar(
          tape.attend(
            tape.variable(x), maps: AttentionMaps(query: variables[0], key: variables[1], value: variables[2]),
            over: decoder, heads: heads), on: tape)
      ]
    }
  }

  @Test func seedScores() {
    expectGradientMatchesOracle(of: [x]) { values in
      -seedScoresOracle(values[0], pattern: pattern).reduce(0, +) / Double(nodes)
    } loss: { tape in
      [tape.seedScores(tape.variable(x), over: graph).term]
    }
    let found = Tape().seedScores(Tape().constant(x.value), over: graph).scores
    for (score, truth) in zip(found, seedScoresOracle(DoubleMatrix(x.value), pattern: pattern)) {
      #expect(abs(score - truth) < 1e-6)
    }
  }

  @Test(arguments: [Float(1), 4])
  func logarithmsOfSumsOfExponentials(size: Float) {
    let large = Parameter(name: "large", value: x.value.copy())
    large.value.scale(by: size)
    let weights: [Float] = [0.5, 2, 1, 0.25]
    expectGradientMatchesOracle(of: [large]) { values in
      [1, 4, 9, 10].enumerated().reduce(0.0) { total, anchor in
        let products = (0..<nodes).map { inner(values[0].row(anchor.element), values[0].row($0)) }
        let largest = products.max() ?? 0
        return total + Double(weights[anchor.offset])
          * (largest + log(products.reduce(0) { $0 + exp($1 - largest) }))
      }
    } loss: { tape in
      let all = tape.variable(large)
      return [
        tape.logSumExp(tape.gatherRows(all, [1, 4, 9, 10]), candidates: all, weights: weights, name: "n", weight: 1)
      ]
    }
  }

  /// More rows and candidates than one block of either.
  @Test(arguments: [Float(0.2), 0.01])
  func contrastAcrossBlocks(temperature: Float) {
    let a = randomParameter("a", rows: 203, columns: 9, seed: 21)
    let b = randomParameter("b", rows: 203, columns: 9, seed: 22)
    let pool = randomParameter("pool", rows: 1100, columns: 9, seed: 23)
    let multiplicities = (0..<203).map { Float($0 % 4) }
    let tape = Tape()
    let term = tape.infoNCE(
      tape.variable(a), tape.variable(b), candidates: tape.variable(pool), multiplicities: multiplicities,
      temperature: temperature, name: "n", weight: 1)
    tape.backward()
    let truth = contrastOracle(
      DoubleMatrix(a.value), DoubleMatrix(b.value), DoubleMatrix(pool.value), temperature: Double(temperature),
      multiplicities: multiplicities.map(Double.init))
    #expect(abs(term.value - truth) < 1e-5 * abs(truth))
    // Along one direction: the oracle is too slow for every element.
    for (index, parameter) in [a, b, pool].enumerated() {
      let direction = randomParameter("direction", rows: parameter.value.rows, columns: 9, seed: 30).value
      func shifted(_ step: Double) -> Double {
        var values = [a, b, pool].map { DoubleMatrix($0.value) }
        values[index] = values[index] + step * DoubleMatrix(direction)
        return contrastOracle(
          values[0], values[1], values[2], temperature: Double(temperature),
          multiplicities: multiplicities.map(Double.init))
      }
      let numeric = (shifted(1e-6) - shifted(-1e-6)) / 2e-6
      let found = parameter.gradient.dot(direction)
      #expect(abs(found - numeric) < 1e-4 * max(abs(numeric), 1), "\(parameter.name): \(found), \(numeric)")
    }
  }

  @Test func aWeightChangedAfterwardsHasItsGradient() {
    func gradient(changed: Bool) -> [Float] {
      x.gradient.fill(0)
      let tape = Tape()
      let all = tape.variable(x)
      let terms = [
        tape.infoNCE(all, all, candidates: all, temperature: 0.5, name: "n", weight: changed ? 0 : 2),
        tape.logSumExp(
          all, candidates: all, weights: [Float](repeating: 1, count: nodes), name: "l", weight: changed ? 0 : 2),
      ]
      for term in terms { term.weight = 2 }
      tape.backward()
      return x.gradient.values
    }
    #expect(gradient(changed: true) == gradient(changed: false))
  }

  @Test func pairReconstructions() {
    let batch = Batch(users: [0, 3, 3, 5], positives: [1, 2, 2, 4], negatives: [0, 0, 0, 0])
    expectGradientMatchesOracle(of: [x]) { values in
      -(0..<4).reduce(0.0) {
        $0 + inner(values[0].row(Int(batch.users[$1])), values[0].row(users + Int(batch.positives[$1])))
      } / 4
    } loss: { tape in
      [tape.pairReconstruction(tape.variable(x), batch: batch, users: users)]
    }
  }

  @Test func rowsAreCountedOnce() {
    let counted = CountedRows([3, 1, 3], [0, 3], bound: 5, offset: 10)
    #expect(counted.rows == [10, 11, 13])
    #expect(counted.counts == [1, 1, 3])
  }
}
