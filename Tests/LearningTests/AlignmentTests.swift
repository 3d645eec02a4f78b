// RLMRec-Con, RLMRec-Gen and KAR: losses against definitions computed in Double, gradients against differences.

import Alignments
import Autodiff
import Files
import Numerics
import Testing

@Suite struct AlignmentTests {
  private static let users = 5
  private static let items = 7
  private static let width = 6

  private static let problem: AlignmentProblem = {
    var stream = RandomStream(seed: 3, purpose: .test)
    let text = Matrix(
      rows: users + items, columns: 10, values: (0..<(users + items) * 10).map { _ in Float(stream.normal()) })
    let entries = (0..<users).map { user in [Int32(user % items), Int32((user + 2) % items)].sorted() }
    let interactions = CSRMatrix(
      rows: users, columns: items, rowStarts: (0...users).map { 2 * $0 }, columnIndices: entries.flatMap { $0 },
      values: [Float](repeating: 1, count: 2 * users))
    return AlignmentProblem(
      text: UnitRows(text).value, interactions: interactions, inputWidth: width, representationWidth: width, seed: 9)
  }()

  private static let batch = Batch(users: [0, 3, 3, 1], positives: [2, 5, 2, 0], negatives: [6, 1, 4, 4])
  private static let position = StepPosition(seed: 9, epoch: 2, step: 1)

  private func make(_ name: String, _ settings: [String: String] = [:], usesNegatives: Bool = true) throws
    -> any Alignment
  {
    let descriptor = try #require(AlignmentRegistry.named(name))
    var options = OptionValues(descriptor.options)
    for (key, value) in settings.sorted(by: { $0.key < $1.key }) {
      try options.set(key, to: value, declarations: descriptor.options, owner: name)
    }
    var problem = Self.problem
    problem.usesNegatives = usesNegatives
    return descriptor.make(problem, options)
  }

  private func doubles(_ x: Matrix, _ row: Int) -> [Double] { (0..<x.columns).map { Double(x.row(row)[$0]) } }

  private func unit(_ x: [Double], epsilon: Double) -> [Double] {
    let length = (x.reduce(0) { $0 + $1 * $1 } + epsilon).squareRoot()
    return x.map { $0 / length }
  }

  private func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }

  /// Σ_i [-a_i·b_i/τ + log Σ_j exp(a_i·c_j/τ)] with rows over sqrt(1e-8 + |x|²).
  private func infoNCE(_ a: [[Double]], _ b: [[Double]], _ c: [[Double]], _ temperature: Double) -> Double {
    let candidates = c.map { unit($0, epsilon: 1e-8) }
    return zip(a, b).reduce(0) { sum, pair in
      let anchor = unit(pair.0, epsilon: 1e-8)
      let total = candidates.reduce(0) { $0 + exponential(dot(anchor, $1) / temperature) }
      return sum - dot(anchor, unit(pair.1, epsilon: 1e-8)) / temperature + logarithm(total)
    }
  }

  @Test(arguments: [true, false]) func contrastiveTermsAreTheirDefinition(usesNegatives: Bool) throws {
    let alignment = try make(
      "rlmrec-con", ["alignment-weight": "0.3", "alignment-temperature": "0.5"], usesNegatives: usesNegatives)
    let table = randomParameter("e", rows: Self.users + Self.items, columns: Self.width, seed: 4)
    let tape = Tape()
    let terms = alignment.losses(
      on: tape, representation: tape.variable(table), batch: Self.batch, at: Self.position)
    #expect(
      terms.map(\.name) == ["users", "positives", "negatives"].prefix(usesNegatives ? 3 : 2).map { "alignment.\($0)" })
    #expect(terms.allSatisfy { $0.weight == 0.3 / 4 })
    let projected = Perceptron(parameters: alignment.parameters).project(Self.problem.text)
    func rows(_ x: Matrix, _ nodes: [Int]) -> [[Double]] { nodes.map { doubles(x, $0) } }
    func term(_ nodes: [Int], _ candidates: [Int]) -> Double {
      infoNCE(rows(table.value, nodes), rows(projected, nodes), rows(projected, candidates), 0.5)
    }
    let positives = Self.batch.positives.map { Self.users + Int($0) }
    let negatives = Self.batch.negatives.map { Self.users + Int($0) }
    var expected = [term(Self.batch.users.map { Int($0) }, Array(0..<Self.users)), term(positives, positives)]
    if usesNegatives { expected.append(term(negatives, negatives)) }
    for (found, right) in zip(terms, expected) { #expect(abs(found.value - right) < 1e-5 * abs(right)) }
  }

  @Test func reconstructionIsItsDefinitionOverMaskedNodesOnly() throws {
    let alignment = try make("rlmrec-gen", ["mask-ratio": "0.4", "reconstruction-temperature": "0.7"])
    let table = randomParameter("e", rows: Self.users + Self.items, columns: Self.width, seed: 4)
    let tape = Tape()
    let input = alignment.input(tape.variable(table), on: tape, at: Self.position)
    let masked = (0..<table.value.rows).filter { row in
      (0..<Self.width).allSatisfy { input.value.row(row)[$0] == 0 }
    }
    #expect(masked.count == 4, "floor(0.4 · 12), and the mask starts at zero")
    let term = try #require(
      alignment.losses(on: tape, representation: tape.variable(table), batch: Self.batch, at: Self.position).first)
    let projector = Perceptron(parameters: Array(alignment.parameters.dropFirst()))
    let rebuilt = projector.project(table.value)
    let expected = masked.reduce(0.0) { sum, node in
      let x = unit(doubles(rebuilt, node), epsilon: 0)
      let ratios = masked.map { exponential(dot(x, unit(doubles(Self.problem.text, $0), epsilon: 0)) / 0.7) }
      let own = exponential(dot(x, unit(doubles(Self.problem.text, node), epsilon: 0)) / 0.7)
      return sum - logarithm(own / (ratios.reduce(0, +) + 1e-8) + 1e-8)
    }
    #expect(abs(term.value - expected / 4) < 1e-5 * abs(expected / 4))
    #expect(alignment.input(table.value).pointer == table.value.pointer, "nothing is masked outside training")
  }

  @Test func masksAreDrawnAnewInEveryStepAndTheSameForTheSameStep() throws {
    let alignment = try make("rlmrec-gen", ["mask-ratio": "0.4"])
    let table = randomParameter("e", rows: Self.users + Self.items, columns: Self.width, seed: 4)
    func input(_ step: Int) -> [Float] {
      let tape = Tape()
      let position = StepPosition(seed: 9, epoch: 0, step: step)
      return alignment.input(tape.variable(table), on: tape, at: position).value.values
    }
    #expect(input(0) == input(0))
    #expect((1..<6).contains { input($0) != input(0) })
  }

  @Test func expertFeaturesAreTheGateWeightedSum() throws {
    let alignment = try make("kar", ["shared-experts": "1", "specific-experts": "2", "expert-width": "4"])
    let table = randomParameter("e", rows: Self.users + Self.items, columns: Self.width, seed: 4)
    let tape = Tape()
    let found = alignment.input(tape.variable(table), on: tape, at: Self.position).value
    #expect(alignment.input(table.value).values == found.values)
    func parameter(_ name: String) -> Matrix {
      alignment.parameters.first { $0.name == name }?.value ?? Matrix(rows: 0, columns: 0)
    }
    func affine(_ x: [Double], _ prefix: String, _ layer: Int) -> [Double] {
      let weight = parameter("\(prefix).weight\(layer)")
      let bias = parameter("\(prefix).bias\(layer)")
      return (0..<weight.rows).map { dot(x, doubles(weight, $0)) + Double(bias.pointer[$0]) }
    }
    for node in 0..<table.value.rows {
      let tower = node < Self.users ? "users" : "items"
      let text = doubles(Self.problem.text, node)
      let outputs = ["shared1", "\(tower).specific1", "\(tower).specific2"].map { expert in
        affine(affine(text, expert, 1).map { max($0, 0) }, expert, 2).map { max($0, 0) }
      }
      let logits = affine(text, "\(tower).gate", 1)
      let total = logits.reduce(0) { $0 + exponential($1) }
      for column in 0..<Self.width {
        let added = zip(outputs, logits).reduce(0) { $0 + exponential($1.1) / total * $1.0[column] }
        #expect(abs(Double(found.row(node)[column]) - Double(table.value.row(node)[column]) - added) < 1e-5)
      }
    }
  }

  // KAR's gradient is that of affine layers and of the gated mixture, each compared by itself in GradientTests.
  @Test(arguments: ["rlmrec-con", "rlmrec-gen"]) func gradientsMatchDifferences(name: String) throws {
    let alignment = try make(name, name == "rlmrec-gen" ? ["mask-ratio": "0.4"] : [:])
    let table = randomParameter("e", rows: Self.users + Self.items, columns: Self.width, seed: 4)
    // The mask starts at zero, where unit rows have no derivative.
    alignment.parameters.first { $0.name == "mask" }?.value.fill(0.4)
    expectGradientMatchesCentralDifference(of: [table] + alignment.parameters, step: 5e-4, tolerance: 1e-2) { tape in
      let input = alignment.input(tape.variable(table), on: tape, at: Self.position)
      return alignment.losses(on: tape, representation: input, batch: Self.batch, at: Self.position)
    }
  }

  @Test func weightZeroNeverActs() throws {
    #expect(try make("rlmrec-con", ["alignment-weight": "0"]).firstActiveEpoch == nil)
    #expect(try make("rlmrec-gen", ["reconstruction-weight": "0"]).firstActiveEpoch == nil)
    #expect(try make("kar").firstActiveEpoch == 0)
  }

  @Test func presetsNameOptionsThatExist() {
    for descriptor in AlignmentRegistry.all {
      for settings in descriptor.presets.values {
        let own = descriptor.options.map(\.name)
        #expect(settings.keys.contains { own.contains($0) })
      }
    }
  }
}
