// RLMRec-Con: the collaborative vector of a node is pulled to the projection of its own text. Guide: Docs/Alignments.md.

import Autodiff
import Files
import Numerics

/// Contrastive alignment of RLMRec (arXiv 2310.15950).
///
/// One projector turns text into the width of the collaborative side, z = g(text). For a batch of B interactions
/// (u, i⁺, i⁻): L = w/B · [NCE(e_u, z_u, all users) + NCE(e_i⁺, z_i⁺, the batch's i⁺) + NCE(e_i⁻, z_i⁻, the batch's i⁻)].
/// The last term is left out for a base model without sampled negatives. The base model ranks as before.
package final class RLMRecContrastive: Alignment {
  private let text: Matrix
  private let users: Int
  private let usesNegatives: Bool
  private let weight: Float
  private let temperature: Float
  private let projector: Perceptron

  /// A freshly initialised alignment.
  package init(problem: AlignmentProblem, options: OptionValues) {
    text = problem.text
    users = problem.users
    usesNegatives = problem.usesNegatives
    weight = Float(options.number("alignment-weight"))
    temperature = Float(options.number("alignment-temperature"))
    var stream = RandomStream(seed: problem.seed, purpose: .alignmentInitialization, epoch: 0, step: 0)
    projector = Perceptron(
      name: "projector", input: problem.text.columns, output: problem.representationWidth, layers: 2, side: .language,
      stream: &stream)
  }

  package var parameters: [Parameter] { projector.parameters }
  package var firstActiveEpoch: Int? { weight != 0 ? 0 : nil }

  package func losses(on tape: Tape, representation: Variable, batch: Batch, at position: StepPosition) -> [LossTerm] {
    // Text is projected for every user (each is a candidate) and for the items that the batch names.
    let batchItems = CountedRows(
      batch.positives, usesNegatives ? batch.negatives : [], bound: text.rows - users, offset: users)
    let projected = projector.project(
      rows: (0..<Int32(users)).map { $0 } + batchItems.rows, of: text, on: tape)
    var place = [Int32](repeating: 0, count: text.rows - users)
    for (position, node) in batchItems.rows.enumerated() { place[Int(node) - users] = Int32(users + position) }
    let share = weight / Float(max(1, batch.count))
    func term(_ name: String, _ nodes: CountedRows, candidates: Variable? = nil) -> LossTerm {
      let language = tape.gatherRows(
        projected, nodes.rows.map { Int($0) < users ? $0 : place[Int($0) - users] })
      // In the batch's own pool a node stands as often as it occurs.
      return tape.infoNCE(
        tape.gatherRows(representation, nodes.rows), language, candidates: candidates ?? language,
        multiplicities: nodes.counts, candidateCounts: candidates == nil ? nodes.counts : nil,
        temperature: temperature, name: name, weight: share)
    }
    func items(_ list: [Int32]) -> CountedRows { CountedRows(list, bound: text.rows - users, offset: users) }
    var terms = [
      term("alignment.users", CountedRows(batch.users, bound: users), candidates: tape.rows(projected, 0..<users)),
      term("alignment.positives", items(batch.positives)),
    ]
    if usesNegatives { terms.append(term("alignment.negatives", items(batch.negatives))) }
    return terms
  }

  package var hasTwoSides: Bool { true }

  package func alignedViews(
    representation: Matrix, nodes: [Int32]
  ) -> (collaborative: Matrix, language: Matrix)? {
    (representation.gatherRows(nodes), projector.project(text.gatherRows(nodes)))
  }

  /// How the registry offers this alignment.
  package static let descriptor = AlignmentDescriptor(
    name: "rlmrec-con", summary: "contrastive alignment (RLMRec-Con, arXiv 2310.15950)",
    options: [
      OptionDeclaration("alignment-weight", .number(0...1e6), default: "0.01", "weight of the contrastive terms"),
      OptionDeclaration(
        "alignment-temperature", .number(1e-3...1e3), default: "0.2", "temperature of the contrastive terms"),
    ],
    presets: presets,
    lambda: { lambda, _ in [("alignment-weight", lambda)] },
    make: { RLMRecContrastive(problem: $0, options: $1) })

  /// The published settings: weight and temperature, and what differs from the base model's.
  private static let presets: [String: [String: String]] = {
    func con(_ weight: String, _ temperature: String, _ others: [String: String] = [:]) -> [String: String] {
      others.merging(["alignment-weight": weight, "alignment-temperature": temperature]) { $1 }
    }
    func sgl(_ temperature: String) -> [String: String] {
      ["regularization": "1e-5", "contrast-weight": "0.1", "contrast-temperature": temperature]
    }
    func autoCF(_ regularization: String, _ sslWeight: String) -> [String: String] {
      ["layers": "2", "regularization": regularization, "ssl-weight": sslWeight]
    }
    return [
      "gccf/amazon": con("1e-3", "0.1"), "gccf/yelp": con("1e-3", "0.2"), "gccf/steam": con("1e-2", "0.5"),
      "lightgcn/amazon": con("1e-2", "0.2", ["layers": "3", "regularization": "1e-7"]),
      "lightgcn/yelp": con("1e-2", "0.2", ["layers": "3", "regularization": "1e-7"]),
      "lightgcn/steam": con("1e-3", "0.1", ["layers": "3", "regularization": "1e-8"]),
      "sgl/amazon": con("1e-2", "0.5", sgl("0.2")), "sgl/yelp": con("1e-2", "1.0", sgl("0.2")),
      "sgl/steam": con("1e-2", "1.0", sgl("0.5")),
      "simgcl/amazon": con("1e-2", "0.2"), "simgcl/yelp": con("1e-2", "0.1"), "simgcl/steam": con("1e-2", "0.2"),
      "dccf/amazon": con("1e-2", "0.5"), "dccf/yelp": con("1e-2", "0.2"), "dccf/steam": con("1e-2", "0.5"),
      "autocf/amazon": con("1e-1", "0.5", autoCF("1e-6", "1")),
      "autocf/yelp": con("1e-2", "0.1", autoCF("1e-8", "1")),
      "autocf/steam": con("1e-2", "0.2", autoCF("1e-6", "0.5")),
    ]
  }()
}
