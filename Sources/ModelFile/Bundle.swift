// A trained model with everything that questions about it need.
// Guide: Docs/ModelFormat.md.

import Files
import Numerics

/// A trained model: vectors, the training interactions, ids, titles, and what explanations are made of.
///
/// A value of this type is valid: shapes agree, indices are in range, ids are unique, numbers are finite. Both ways of
/// making one (`init` after training, `load` from a directory) check all of it, so queries need no further checks.
/// U is the number of users, I of items, d the dimension of the final vectors. Nodes are users, then items: the node of
/// item i is U + i.
package struct Bundle: Sendable {
  /// The model's name, such as `demo`.
  package let name: String
  /// Everything the training run was configured with; written to `config.json` and not interpreted here.
  package let configuration: JSONValue
  /// The final evaluation; written to `metrics.json`.
  package let metrics: JSONValue
  /// Where the training log is, when the bundle was loaded from a directory that has one.
  package let trainingLogPath: String?
  /// What tells this model's tensors from others': the checksum of the header of `model.safetensors`, which covers the
  /// checksums of all tensors; nil for a model that was not loaded from a file.
  package let fingerprint: String?
  /// The users' ids; index = row of `finalUsers`.
  package let users: StringTable
  /// The items' ids; index = row of `finalItems`.
  package let items: StringTable
  /// The items' titles, an empty string where there is none; nil when there are no titles at all.
  package var titles: StringTable? { parts.titles.value(in: self) }
  /// The training interactions, `[U, I]`.
  package var interactions: CSRMatrix { parts.interactions.value(in: self) }
  /// The held-out interactions that the model was selected on, `[U, I]`; nil when there are none.
  package var validation: CSRMatrix? { parts.validation.value(in: self) }
  /// The held-out interactions that it is tested on, `[U, I]`; nil when there are none.
  package var test: CSRMatrix? { parts.test.value(in: self) }
  /// The vectors that users are ranked with, `[U, d]`.
  package let finalUsers: Matrix
  /// The vectors that items are ranked with, `[I, d]`; a score is the inner product of a user's and an item's.
  package let finalItems: Matrix
  /// What the columns of the final vectors stand for: they cover 0 ..< d in order, the parts of the model first.
  package let scoreParts: [ScorePart]
  /// How the model's part of a score is made of past items.
  package var attribution: Attribution { parts.attribution.value(in: self) }
  /// How the linear encoder made the final vectors; nil for other models and in bundles of before it was kept.
  package var propagation: PropagationRecipe? { parts.propagation.value(in: self) }
  /// The four projected parts, when an alignment made them.
  package var components: Components? { parts.components.value(in: self) }
  /// The preference centres of both sides, when there are components.
  package var centres: PreferenceCentres? { parts.centres.value(in: self) }
  /// The items' frozen text embeddings, `[I, dL]`; half precision on disk.
  package var itemText: Matrix? { parts.itemText.value(in: self) }
  /// The users' frozen text embeddings, `[U, dL]`; nil when there are none or they are derived.
  package var userText: Matrix? { parts.userText.value(in: self) }
  /// The items' text in half precision, of a bundle that was made from it: it is saved as it is, and widened for whoever
  /// asks for `itemText`.
  let compactItemText: HalfMatrix?
  /// The users' text in half precision, likewise.
  let compactUserText: HalfMatrix?
  /// True when a user's text embedding is the normalised mean of the embeddings of the user's training items.
  package let userTextDerived: Bool
  /// The training interactions as they lie in the file; nil for a model that comes from none.
  private let training: StoredSplit?
  /// What a mapped model reads when it is first asked for.
  let parts: Parts
  /// True for a view of a file whose checksums agree: its numbers are taken as their writer has checked them.
  let isMapped: Bool

  /// The parts of a model that not every query needs.
  struct Parts: Sendable {
    var interactions: LazyPart<CSRMatrix>
    var titles: LazyPart<StringTable?>
    var validation: LazyPart<CSRMatrix?>
    var test: LazyPart<CSRMatrix?>
    var attribution: LazyPart<Attribution>
    var propagation: LazyPart<PropagationRecipe?>
    var components: LazyPart<Components?>
    var centres: LazyPart<PreferenceCentres?>
    var itemText: LazyPart<Matrix?>
    var userText: LazyPart<Matrix?>
  }

  /// The items that a user has in training, ascending.
  ///
  /// Of a model that was just opened it takes them from the file's own columns: `interactions` makes a matrix of all.
  package func history(of user: Int) -> [Int32] {
    if let training, !parts.interactions.isKnown { return training.row(user) }
    return Array(interactions.row(user))
  }

  /// Number of users.
  package var userCount: Int { users.count }
  /// Number of items.
  package var itemCount: Int { items.count }
  /// Dimension of the final vectors.
  package var dimension: Int { finalUsers.columns }
  /// The leading columns of the final vectors that the base model made; what follows is made of the history.
  package var modelDimension: Int { scoreParts.last { $0.source == .model }?.columns.upperBound ?? 0 }

  /// Puts a model together and checks it.
  /// - Throws: `BundleError` naming the tensor and what is wrong with it.
  package init(
    name: String, configuration: JSONValue, metrics: JSONValue = .null, users: StringTable, items: StringTable,
    titles: StringTable? = nil, interactions: CSRMatrix, validation: CSRMatrix? = nil, test: CSRMatrix? = nil,
    finalUsers: Matrix, finalItems: Matrix, scoreParts: [ScorePart]? = nil,
    attribution: Attribution = .none, propagation: PropagationRecipe? = nil, components: Components? = nil,
    centres: PreferenceCentres? = nil,
    itemText: Matrix? = nil, userText: Matrix? = nil, compactItemText: HalfMatrix? = nil,
    compactUserText: HalfMatrix? = nil, userTextDerived: Bool = false, trainingLogPath: String? = nil,
    fingerprint: String? = nil
  ) throws(BundleError) {
    func text(_ full: Matrix?, _ half: HalfMatrix?) -> LazyPart<Matrix?> {
      guard let half else { return LazyPart(full) }
      return LazyPart(madeBy: { (_: Bundle) throws(BundleError) -> Matrix? in half.matrix })
    }
    try self.init(
      name: name, configuration: configuration, metrics: metrics, users: users, items: items,
      training: nil, finalUsers: finalUsers, finalItems: finalItems, scoreParts: scoreParts,
      userTextDerived: userTextDerived, trainingLogPath: trainingLogPath, fingerprint: fingerprint,
      parts: Parts(
        interactions: LazyPart(interactions),
        titles: LazyPart(titles), validation: LazyPart(Self.nonempty(validation)), test: LazyPart(Self.nonempty(test)),
        attribution: LazyPart(attribution), propagation: LazyPart(propagation), components: LazyPart(components),
        centres: LazyPart(centres), itemText: text(itemText, compactItemText), userText: text(userText, compactUserText)
      ),
      compactItemText: compactItemText, compactUserText: compactUserText)
  }

  /// A split; an empty one and none are the same thing, also on disk.
  static func nonempty(_ split: CSRMatrix?) -> CSRMatrix? { split.flatMap { $0.entryCount > 0 ? $0 : nil } }

  /// Puts a model together from parts that are there, which are checked now, and parts that check themselves when they
  /// are made.
  /// - Parameter splitsAreChecked: true when the interactions were checked as they were read.
  init(
    name: String, configuration: JSONValue, metrics: JSONValue, users: StringTable, items: StringTable,
    training: StoredSplit?, finalUsers: Matrix, finalItems: Matrix, scoreParts: [ScorePart]?, userTextDerived: Bool,
    trainingLogPath: String?, fingerprint: String?, parts: Parts, splitsAreChecked: Bool = false,
    isMapped: Bool = false, compactItemText: HalfMatrix? = nil, compactUserText: HalfMatrix? = nil
  ) throws(BundleError) {
    self.compactItemText = compactItemText
    self.compactUserText = compactUserText
    self.name = name
    self.configuration = configuration
    self.metrics = metrics
    self.trainingLogPath = trainingLogPath
    self.fingerprint = fingerprint
    self.users = users
    self.items = items
    self.training = training
    self.finalUsers = finalUsers
    self.finalItems = finalItems
    self.scoreParts = scoreParts ?? ScorePart.undivided(finalUsers.columns)
    self.userTextDerived = userTextDerived
    self.parts = parts
    self.isMapped = isMapped
    try validate(splitsAreChecked: splitsAreChecked)
  }
}
