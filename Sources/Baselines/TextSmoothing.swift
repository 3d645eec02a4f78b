// Text vectors smoothed over the interaction graph, without training.

import Autodiff
import Files
import Numerics

/// Text-only recommendation: e = 1 / (K + 1) Σ_{k=0..K} Ãᵏ x with text vectors x and the symmetrically normalised
/// bipartite graph Ã of the training interactions.
///
/// x of an item is its unit text vector, x of a user its own or the unit mean of its training items'. Nothing is
/// learned. Items without interactions keep their text, so they can be ranked.
/// Source: TextGCN (arXiv 2510.12461) with the normalisation of LightGCN.
package enum TextSmoothing {
  /// The smoothed vectors.
  /// - Parameters:
  ///   - problem: training interactions and text.
  ///   - hops: K.
  ///   - usesUserText: x of a user is its own text, not the mean of its items'.
  ///   - isCosine: score by cosine instead of inner product: vectors are returned with unit rows.
  /// - Throws: `BaselineError.textMissing`, `.userTextMissing`.
  package static func fit(
    _ problem: BaselineProblem, hops: Int, usesUserText: Bool, isCosine: Bool
  ) throws(BaselineError) -> FittedBaseline {
    guard let itemText = problem.itemText else { throw .textMissing(baseline: "text") }
    let userVectors: Matrix
    if usesUserText {
      guard let userText = problem.userText else { throw .userTextMissing }
      userVectors = userText
    } else {
      userVectors = UnitRows(meanOfTrainingItems(problem.training, itemText)).value
    }
    let width = itemText.columns
    let nodes = Matrix.uninitialized(rows: problem.users + problem.items, columns: width)
    nodes.pointer.update(from: userVectors.pointer, count: userVectors.count)
    nodes.row(problem.users).update(from: itemText.pointer, count: itemText.count)
    var smoothed = nodes
    if hops > 0 {
      smoothed = PropagationGraph(bipartite: problem.training).sumOfLayers(nodes, layers: hops)
      smoothed.scale(by: 1 / Float(hops + 1))
    }
    if isCosine { smoothed = UnitRows(smoothed).value }
    return .vectors(
      users: smoothed.rows(0..<problem.users), items: smoothed.rows(problem.users..<problem.users + problem.items))
  }

  /// How the registry offers this baseline.
  package static let descriptor = BaselineDescriptor(
    name: "text", summary: "text vectors smoothed over the graph, without training (TextGCN, 2025)",
    options: [
      OptionDeclaration("hops", .integer(0...16), default: "2", "graph propagations, averaged; 0 is text alone"),
      OptionDeclaration(
        "user-vector", .choice(["items", "text"]), default: "items", "mean text of the training items, or own text"),
      OptionDeclaration("score", .choice(["cosine", "dot"]), default: "cosine", "cosine or inner product"),
    ],
    needsText: true,
    tuningGrid: [
      TuningAxis("user-vector", ["items", "text"]), TuningAxis("score", ["cosine", "dot"]),
      TuningAxis("hops", ["0", "1", "2", "3"]),
    ]
  ) { problem, options in
    try fit(
      problem, hops: options.integer("hops"), usesUserText: options.text("user-vector") == "text",
      isCosine: options.text("score") == "cosine")
  }
}
