// A linear map of text vectors learned from interactions.

import Autodiff
import Files
import Numerics

/// Linear probe on text: e_i = W z_i and e_u = W mean_{i ∈ N(u)} z_i, scored by cosine, W learned with InfoNCE.
///
/// A batch holds interactions (u, i) of one epoch in random order; each is contrasted with uniformly drawn items that
/// the batch shares. Source: AlphaRec, ICLR 2025 (arXiv 2407.05441), its linear form: temperature 0.15, 256 negatives.
/// What it reaches is what text alone knows, up to a linear change of space; items without interactions are served.
package struct TextProbe: Sendable {
  /// Width of e.
  package var dimension: Int
  /// Passes over the training interactions.
  package var epochs: Int
  /// Temperature τ of the loss.
  package var temperature: Double
  /// Items drawn for each batch.
  package var negatives: Int
  /// Interactions in a batch.
  package var batchSize: Int
  /// Step size of Adam.
  package var learningRate: Double

  /// Settings from declared options.
  package init(_ options: OptionValues) {
    dimension = options.integer("dimension")
    epochs = options.integer("epochs")
    temperature = options.number("temperature")
    negatives = options.integer("negatives")
    batchSize = options.integer("batch-size")
    learningRate = options.number("learning-rate")
  }

  /// The vectors with unit rows, `[users, d]` and `[items, d]`.
  /// - Throws: `BaselineError.textMissing`, `.notFinite` when the step size is too large.
  package func fit(_ problem: BaselineProblem) throws(BaselineError) -> FittedBaseline {
    guard let itemText = problem.itemText else { throw .textMissing(baseline: "text-probe") }
    let userText = meanOfTrainingItems(problem.training, itemText)
    let map = Parameter(name: "map", value: Matrix.uninitialized(rows: dimension, columns: itemText.columns))
    var stream = RandomStream(seed: problem.seed, purpose: .initialization)
    map.value.fillXavierUniform(rows: 0..<dimension, fanIn: itemText.columns, fanOut: dimension, stream: &stream)
    let optimizer = Adam(parameters: [map], learningRate: learningRate)
    var pairs = (0..<problem.users).flatMap { user in
      problem.training.row(user).map { (user: Int32(user), item: $0) }
    }
    let offset = Matrix(rows: 1, columns: dimension)
    for epoch in 0..<epochs {
      var order = RandomStream(seed: problem.seed, purpose: .shuffle, epoch: epoch)
      order.shuffle(&pairs)
      for (step, start) in stride(from: 0, to: pairs.count, by: batchSize).enumerated() {
        let batch = pairs[start..<min(pairs.count, start + batchSize)]
        var draws = RandomStream(seed: problem.seed, purpose: .negatives, epoch: epoch, step: step)
        let drawn = (0..<negatives).map { _ in Int32(draws.below(problem.items)) }
        let tape = Tape()
        let weight = tape.variable(map)
        let bias = tape.constant(offset)
        func mapped(_ text: Matrix, _ rows: [Int32]) -> Variable {
          tape.linear(tape.constant(text.gatherRows(rows)), weight: weight, bias: bias, activation: .identity)
        }
        let loss = tape.sampledInfoNCE(
          mapped(userText, batch.map(\.user)), mapped(itemText, batch.map(\.item)),
          negatives: mapped(itemText, drawn), temperature: Float(temperature), name: "contrast",
          weight: 1 / Float(batch.count))
        guard loss.value.isFinite else { throw .notFinite(baseline: "text-probe") }
        tape.backward()
        optimizer.step(first: 1)
      }
    }
    guard map.value.sumOfSquares().isFinite else { throw .notFinite(baseline: "text-probe") }
    return .vectors(
      users: UnitRows(product(userText, map.value, transposeB: true)).value,
      items: UnitRows(product(itemText, map.value, transposeB: true)).value)
  }

  /// How the registry offers this baseline.
  package static let descriptor = BaselineDescriptor(
    name: "text-probe", summary: "a linear map of text vectors learned from interactions (AlphaRec's linear form)",
    options: [
      OptionDeclaration("dimension", .integer(1...4096), default: "64", "width of the mapped vectors"),
      OptionDeclaration("epochs", .integer(1...1000), default: "20", "passes over the training interactions"),
      OptionDeclaration("temperature", .number(0.01...10), default: "0.15", "temperature of the contrast"),
      OptionDeclaration("negatives", .integer(1...65_536), default: "256", "items drawn for each batch"),
      OptionDeclaration("batch-size", .integer(1...1_000_000), default: "1024", "interactions in a batch"),
      OptionDeclaration("learning-rate", .number(1e-8...10), default: "0.001", "step size of Adam"),
    ],
    needsText: true,
    tuningGrid: [TuningAxis("temperature", ["0.1", "0.15", "0.2"]), TuningAxis("epochs", ["10", "20", "40"])]
  ) { problem, options in try TextProbe(options).fit(problem) }
}
