// What an alignment is to the rest of the program. Guide: Docs/Architecture.md, "Plug and play".

import Autodiff
import Numerics

/// What an alignment is built for.
package struct AlignmentProblem {
  /// Frozen text embeddings of all nodes, users first, unit rows, `[users + items, text width]`.
  package var text: Matrix
  /// Training interactions, `[users, items]`.
  package var interactions: CSRMatrix
  /// Width of the base model's embedding table.
  package var inputWidth: Int
  /// Width of the base model's final representation.
  package var representationWidth: Int
  /// False when the base model ranks without sampled negatives.
  package var usesNegatives: Bool
  /// The run's seed.
  package var seed: UInt64

  /// A problem.
  package init(
    text: Matrix, interactions: CSRMatrix, inputWidth: Int, representationWidth: Int, usesNegatives: Bool = true,
    seed: UInt64
  ) {
    self.text = text
    self.interactions = interactions
    self.inputWidth = inputWidth
    self.representationWidth = representationWidth
    self.usesNegatives = usesNegatives
    self.seed = seed
  }

  /// Number of users; item i is node `users + i`.
  package var users: Int { interactions.rows }
}

/// The four parts that a disentangling alignment makes of the two representations; each `[users + items, p]`.
package struct DisentangledParts {
  package var collaborativeShared: Matrix
  package var collaborativeSpecific: Matrix
  package var languageShared: Matrix
  package var languageSpecific: Matrix
}

/// Preference centres of the two shared spaces and how they were matched.
package struct MatchedCentres {
  /// Centres of the collaborative side, `[K, p]`, of unit rows in the default metric.
  package var collaborative: Matrix
  /// Centres of the language side, `[K, p]`.
  package var language: Matrix
  /// `matching[i]` is the language cluster that belongs to collaborative cluster i.
  package var matching: [Int32]
  /// Collaborative cluster of every node, `[users + items]`.
  package var collaborativeLabels: [Int32]
  /// Language cluster of every node, `[users + items]`.
  package var languageLabels: [Int32]
}

/// An alignment of a collaborative model with frozen text embeddings.
///
/// It meets the base model in two places on the tape, so any alignment goes with any base model: at the initial node
/// vectors, which it may change (masks, text features), and at the final representation, from which its losses are.
/// All its random draws come from its own streams: with it or without it, the base model draws the same numbers.
package protocol Alignment: AnyObject {
  /// What it trains, in a fixed order; not the base model's parameters.
  var parameters: [Parameter] { get }
  /// The zero-based epoch from which on it acts, after those in which the base model trains alone; nil when it never
  /// does (all weights zero). Before it the trainer leaves its parameters alone.
  var firstActiveEpoch: Int? { get }

  /// The initial node vectors of a training step, `[users + items, d0]`, made from the base model's table.
  func input(_ embedding: Variable, on tape: Tape, at position: StepPosition) -> Variable

  /// The initial node vectors outside training: no masks.
  func input(_ embedding: Matrix) -> Matrix

  /// The loss terms of a step.
  /// - Parameters:
  ///   - tape: the step's tape.
  ///   - representation: the base model's final representation, `[users + items, d]`.
  ///   - batch: the step's interactions.
  ///   - position: the step.
  func losses(on tape: Tape, representation: Variable, batch: Batch, at position: StepPosition) -> [LossTerm]

  /// True when the representation itself ranks, false when a projection of it does.
  var ranksWithRepresentation: Bool { get }

  /// True when the language side ranks as well, once training has ended (`Training.LanguageFusion`).
  var fusesLanguage: Bool { get }

  /// The parts that the columns of the ranking vectors are made of, in their order; nil when they are one.
  var scoreParts: [(name: String, width: Int)]? { get }

  /// The vectors that rank, on the tape: the representation itself, or a projection of it.
  func scoring(on tape: Tape, representation: Variable) -> Variable

  /// The vectors that rank, outside training.
  func scoring(representation: Matrix) -> Matrix

  /// True when both sides have vectors of their own whose agreement is trained: `alignedViews` then returns them.
  var hasTwoSides: Bool { get }

  /// The vectors of some nodes on both sides whose agreement the alignment works on, `[nodes, p]` each.
  /// - Parameters:
  ///   - representation: the base model's final representation, `[users + items, d]`.
  ///   - nodes: which nodes.
  func alignedViews(representation: Matrix, nodes: [Int32]) -> (collaborative: Matrix, language: Matrix)?

  /// The shared and specific parts of all nodes, for those alignments that have them.
  func parts(representation: Matrix) -> DisentangledParts?

  /// The preference centres over all nodes, for those alignments that have them.
  func centres(of parts: DisentangledParts) -> MatchedCentres?

  /// Matrices besides the parameters that the next step depends on, by name; saved in a checkpoint.
  var state: [(name: String, value: Matrix)] { get }

  /// Takes back what `state` returned.
  func restore(state: [(name: String, value: Matrix)])
}

extension Alignment {
  /// True when it takes part in this epoch.
  package func isActive(inEpoch epoch: Int) -> Bool { firstActiveEpoch.map { epoch >= $0 } ?? false }
  package func input(_ embedding: Variable, on tape: Tape, at position: StepPosition) -> Variable { embedding }
  package func input(_ embedding: Matrix) -> Matrix { embedding }
  package var ranksWithRepresentation: Bool { true }
  package var fusesLanguage: Bool { false }
  package var scoreParts: [(name: String, width: Int)]? { nil }
  package var hasTwoSides: Bool { false }
  package func alignedViews(
    representation: Matrix, nodes: [Int32]
  ) -> (collaborative: Matrix, language: Matrix)? { nil }
  package func scoring(on tape: Tape, representation: Variable) -> Variable { representation }
  package func scoring(representation: Matrix) -> Matrix { representation }
  package func parts(representation: Matrix) -> DisentangledParts? { nil }
  package func centres(of parts: DisentangledParts) -> MatchedCentres? { nil }
  package var state: [(name: String, value: Matrix)] { [] }
  package func restore(state: [(name: String, value: Matrix)]) {}
}
