// RLMRec-Gen: masked nodes must give their text back. Guide: Docs/Alignments.md.

import Autodiff
import Files
import Numerics

/// Generative alignment of RLMRec (arXiv 2310.15950).
///
/// In each step max(1, ⌊ratio · nodes⌋) nodes, users and items mixed, start from one learned vector instead of their
/// own. The base model runs on that table, its own losses too, and a projector must turn the masked nodes' final
/// vectors back into their text: InfoNCE in text space among the masked nodes. Ranking sees no mask.
package final class RLMRecGenerative: Alignment {
  private let text: Matrix
  private let weight: Float
  private let temperature: Float
  private let maskedCount: Int
  private let token: Parameter
  private let projector: Perceptron

  /// A freshly initialised alignment.
  package init(problem: AlignmentProblem, options: OptionValues) {
    text = problem.text
    weight = Float(options.number("reconstruction-weight"))
    temperature = Float(options.number("reconstruction-temperature"))
    maskedCount = min(text.rows, max(1, Int(options.number("mask-ratio") * Double(text.rows))))
    token = Parameter(name: "mask", value: Matrix(rows: 1, columns: problem.inputWidth))
    var stream = RandomStream(seed: problem.seed, purpose: .alignmentInitialization, epoch: 0, step: 0)
    projector = Perceptron(
      name: "projector", input: problem.representationWidth, output: problem.text.columns, layers: 2,
      side: .collaborative, stream: &stream)
  }

  package var parameters: [Parameter] { [token] + projector.parameters }
  package var firstActiveEpoch: Int? { weight != 0 ? 0 : nil }

  /// The masked nodes of a step, ascending: a function of the position, so nothing is kept between the two calls.
  private func maskedNodes(at position: StepPosition) -> [Int32] {
    var stream = position.stream(.mask)
    return stream.sample(maskedCount, of: text.rows)
  }

  package func input(_ embedding: Variable, on tape: Tape, at position: StepPosition) -> Variable {
    tape.replaceRows(of: embedding, at: maskedNodes(at: position), with: tape.variable(token))
  }

  package func losses(on tape: Tape, representation: Variable, batch: Batch, at position: StepPosition) -> [LossTerm] {
    let nodes = maskedNodes(at: position)
    return [
      tape.maskedReconstruction(
        projector.project(tape.gatherRows(representation, nodes), on: tape), tape.constant(text.gatherRows(nodes)),
        temperature: temperature, name: "reconstruction", weight: weight)
    ]
  }

  /// How the registry offers this alignment.
  package static let descriptor = AlignmentDescriptor(
    name: "rlmrec-gen", summary: "generative alignment with masked nodes (RLMRec-Gen, arXiv 2310.15950)",
    options: [
      OptionDeclaration("mask-ratio", .number(0...1), default: "0.1", "share of nodes masked in a step"),
      OptionDeclaration("reconstruction-weight", .number(0...1e6), default: "0.1", "weight of the reconstruction"),
      OptionDeclaration(
        "reconstruction-temperature", .number(1e-3...1e3), default: "0.2", "temperature of the reconstruction"),
    ],
    presets: presets,
    lambda: { lambda, _ in [("reconstruction-weight", lambda)] },
    make: { RLMRecGenerative(problem: $0, options: $1) })

  /// The published settings: share, weight and temperature, and what differs from the base model's.
  private static let presets: [String: [String: String]] = {
    func gen(
      _ ratio: String, _ weight: String, _ temperature: String, _ others: [String: String] = [:]
    ) -> [String: String] {
      others.merging(
        ["mask-ratio": ratio, "reconstruction-weight": weight, "reconstruction-temperature": temperature]) { $1 }
    }
    func sgl(_ temperature: String) -> [String: String] {
      ["regularization": "1e-5", "contrast-weight": "0.1", "contrast-temperature": temperature]
    }
    func lightGCN(_ regularization: String) -> [String: String] { ["layers": "2", "regularization": regularization] }
    func autoCF(_ regularization: String, _ sslWeight: String) -> [String: String] {
      ["layers": "2", "regularization": regularization, "ssl-weight": sslWeight]
    }
    return [
      "gccf/amazon": gen("0.1", "0.01", "0.1", ["regularization": "1e-7"]),
      "gccf/yelp": gen("0.05", "0.01", "1.0", ["regularization": "1e-6"]),
      "gccf/steam": gen("0.1", "0.01", "0.1", ["regularization": "1e-6"]),
      "lightgcn/amazon": gen("0.15", "0.1", "0.5", lightGCN("1e-7")),
      "lightgcn/yelp": gen("0.05", "0.01", "0.1", lightGCN("1e-7")),
      "lightgcn/steam": gen("0.15", "0.1", "0.5", lightGCN("1e-6")),
      "sgl/amazon": gen("0.2", "0.1", "0.2", sgl("0.2")), "sgl/yelp": gen("0.15", "0.1", "0.2", sgl("0.2")),
      "sgl/steam": gen("0.1", "0.1", "0.2", sgl("0.5")),
      "simgcl/amazon": gen("0.05", "0.1", "0.2"), "simgcl/yelp": gen("0.01", "0.01", "0.05"),
      "simgcl/steam": gen("0.05", "0.01", "0.1"),
      "dccf/amazon": gen("0.05", "0.1", "0.2"), "dccf/yelp": gen("0.05", "0.01", "0.1"),
      "dccf/steam": gen("0.1", "0.01", "0.2"),
      "autocf/amazon": gen("0.2", "1.0", "0.5", autoCF("1e-6", "1")),
      "autocf/yelp": gen("0.2", "0.1", "0.1", autoCF("1e-8", "1")),
      "autocf/steam": gen("0.2", "1.0", "0.2", autoCF("1e-6", "0.5")),
    ]
  }()
}
