// KAR: text as input features through a mixture of experts. Guide: Docs/Alignments.md.

import Autodiff
import Files
import Numerics

/// Knowledge-augmented recommendation (arXiv 2306.10933) with any base model.
///
/// Every node starts from x + HEA(text), where the hybrid-expert adaptor of its tower (users, items) mixes shared and
/// tower-specific experts by a softmax gate over the text; the base model goes on unchanged and its losses train the
/// adaptor. There is no alignment loss. The addition to the embedding is our reading: the paper describes click models.
package final class KAR: Alignment {
  private let text: [Matrix]
  private let towers: [ExpertTower]
  private let shared: [Perceptron]

  /// A freshly initialised adaptor.
  package init(problem: AlignmentProblem, options: OptionValues) {
    text = [problem.text.rows(0..<problem.users), problem.text.rows(problem.users..<problem.text.rows)]
    let width = problem.text.columns
    let hidden = options.integer("expert-width")
    var next = 0
    func stream() -> RandomStream {
      defer { next += 1 }
      return RandomStream(seed: problem.seed, purpose: .alignmentInitialization, epoch: 0, step: next)
    }
    func expert(_ name: String) -> Perceptron {
      var stream = stream()
      return Perceptron(
        name: name, widths: [width, hidden, problem.inputWidth], slope: 0, activatesLast: true, side: .language,
        stream: &stream)
    }
    let shared = (0..<options.integer("shared-experts")).map { expert("shared\($0 + 1)") }
    self.shared = shared
    towers = ["users", "items"].map { name in
      let own = (0..<options.integer("specific-experts")).map { expert("\(name).specific\($0 + 1)") }
      var stream = stream()
      let gate = Perceptron(
        name: "\(name).gate", widths: [width, shared.count + own.count], side: .language, stream: &stream)
      return ExpertTower(experts: own, gate: gate)
    }
  }

  package var parameters: [Parameter] {
    shared.flatMap(\.parameters) + towers.flatMap { $0.experts.flatMap(\.parameters) + $0.gate.parameters }
  }
  package var firstActiveEpoch: Int? { 0 }

  package func input(_ embedding: Variable, on tape: Tape, at position: StepPosition) -> Variable {
    input(embedding, on: tape)
  }

  package func input(_ embedding: Matrix) -> Matrix {
    let tape = Tape()
    return input(tape.constant(embedding), on: tape).value
  }

  private func input(_ embedding: Variable, on tape: Tape) -> Variable {
    let features = zip(towers, text).map { tower, text -> Variable in
      let text = tape.constant(text)
      let experts = shared + tower.experts
      let outputs = Perceptron.project(experts + [tower.gate], text, on: tape)
      return tape.gatedMixture(of: Array(outputs.dropLast()), gate: outputs[experts.count])
    }
    return tape.sum([embedding, tape.stackRows(features[0], features[1])])
  }

  package func losses(on tape: Tape, representation: Variable, batch: Batch, at position: StepPosition) -> [LossTerm] {
    []
  }

  /// How the registry offers this alignment.
  package static let descriptor = AlignmentDescriptor(
    name: "kar", summary: "text as input features through experts (KAR, arXiv 2306.10933)",
    options: [
      OptionDeclaration("shared-experts", .integer(1...64), default: "2", "experts that users and items share"),
      OptionDeclaration("specific-experts", .integer(1...64), default: "5", "experts of users, and of items"),
      OptionDeclaration("expert-width", .integer(1...4096), default: "128", "hidden width of an expert"),
    ],
    lambda: { _, _ in [] },
    make: { KAR(problem: $0, options: $1) })
}

/// What one kind of node has for itself.
private struct ExpertTower {
  let experts: [Perceptron]
  let gate: Perceptron
}
