// The parts that disentangled alignment projects every node into, and their preference centres.

import Numerics

/// Shared and specific parts of all nodes on both sides, each `[U + I, p]`; users first.
package struct Components: Sendable {
  /// The part of the collaborative representation that is aligned with language.
  package let collaborativeShared: Matrix
  /// The part of the collaborative representation that is kept apart.
  package let collaborativeSpecific: Matrix
  /// The part of the text embedding that is aligned with behaviour.
  package let languageShared: Matrix
  /// The part of the text embedding that is kept apart.
  package let languageSpecific: Matrix

  /// The four parts.
  package init(
    collaborativeShared: Matrix, collaborativeSpecific: Matrix, languageShared: Matrix, languageSpecific: Matrix
  ) {
    self.collaborativeShared = collaborativeShared
    self.collaborativeSpecific = collaborativeSpecific
    self.languageShared = languageShared
    self.languageSpecific = languageSpecific
  }

  /// The parts with their tensor names, in file order.
  var named: [(name: String, matrix: Matrix)] {
    [
      ("components.collaborative_shared", collaborativeShared),
      ("components.collaborative_specific", collaborativeSpecific),
      ("components.language_shared", languageShared),
      ("components.language_specific", languageSpecific),
    ]
  }
}

/// The preference centres of the two shared spaces: k-means clusters of all nodes and how the sides are matched.
package struct PreferenceCentres: Sendable {
  /// Centres of the collaborative side, `[K, p]`.
  package let collaborative: Matrix
  /// Centres of the language side, `[K, p]`.
  package let language: Matrix
  /// For each collaborative centre the matched language centre, `[K]`.
  package let matching: [Int32]
  /// The collaborative centre of every node, `[U + I]`.
  package let collaborativeLabels: [Int32]
  /// The language centre of every node, `[U + I]`.
  package let languageLabels: [Int32]

  /// Centres with their matching and the labels of all nodes.
  package init(
    collaborative: Matrix, language: Matrix, matching: [Int32], collaborativeLabels: [Int32], languageLabels: [Int32]
  ) {
    self.collaborative = collaborative
    self.language = language
    self.matching = matching
    self.collaborativeLabels = collaborativeLabels
    self.languageLabels = languageLabels
  }
}
