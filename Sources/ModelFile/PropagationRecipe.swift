// How final vectors are made of the vectors that a linear encoder starts from.

import Numerics

/// A linear graph encoder as a recipe: with it the encoder can be run again on a graph that has been edited.
///
/// With x the layer-0 vectors of all nodes `[U + I, d0]` and Â the normalised graph of the training interactions,
///
///     sum:            e = Σ_{l=0..L} Âˡ x                 (width d0)
///     concatenation:  e = [x, Â x, ..., Âᴸ x]             (width (L + 1) d0)
///
/// are the model's columns of the final vectors. Users' layer-0 vectors are `attribution.own` for a sum; both sides' are
/// the first d0 columns of the final vectors for a concatenation.
package struct PropagationRecipe: Sendable {
  /// What is done with the layers.
  package enum Combination: String, Sendable {
    /// They are added.
    case sum
    /// They stand side by side.
    case concatenation
  }

  /// Number of propagations L.
  package let layers: Int
  /// What is done with the layers.
  package let combination: Combination
  /// Every node is a neighbour of itself: Â = (D + I)^-1/2 (A + I) (D + I)^-1/2 instead of D^-1/2 A D^-1/2.
  package let hasSelfLoops: Bool
  /// The items' layer-0 vectors, `[I, d0]`; nil for a concatenation, whose final vectors begin with them.
  package let items: Matrix?

  /// A recipe; the bundle that it becomes part of checks it.
  package init(layers: Int, combination: Combination, hasSelfLoops: Bool = false, items: Matrix? = nil) {
    self.layers = layers
    self.combination = combination
    self.hasSelfLoops = hasSelfLoops
    self.items = items
  }

  /// As in the bundle's metadata, such as `sum 3` or `concatenation 2 self-loops`.
  var text: String { "\(combination.rawValue) \(layers)" + (hasSelfLoops ? " self-loops" : "") }

  /// What a metadata text says; nil when it says nothing that is known.
  static func parsed(_ text: String) -> (layers: Int, combination: Combination, hasSelfLoops: Bool)? {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard (2...3).contains(words.count), let combination = Combination(rawValue: String(words[0])),
      let layers = Int(words[1]), words.count == 2 || words[2] == "self-loops"
    else { return nil }
    return (layers, combination, words.count == 3)
  }
}
