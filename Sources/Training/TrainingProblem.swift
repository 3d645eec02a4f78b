// The data of a run in the form the loop works on.

import Numerics

/// Splits, text and identity of the data.
package struct TrainingProblem: Sendable {
  /// Training interactions, `[users, items]`.
  package var training: CSRMatrix
  /// Validation interactions; empty when there is no such split.
  package var validation: CSRMatrix
  /// Test interactions; empty when there is no such split.
  package var test: CSRMatrix
  /// Unit text vectors of all nodes, users first, `[users + items, text width]`; nil without text.
  package var text: Matrix?
  /// True when the users' text vectors are the means of their training items'.
  package var userTextIsDerived = false
  /// Identity of ids and splits, checked when a run is resumed.
  package var fingerprint: String

  /// Describes a problem.
  package init(training: CSRMatrix, validation: CSRMatrix, test: CSRMatrix, text: Matrix?, fingerprint: String) {
    self.training = training
    self.validation = validation
    self.test = test
    self.text = text
    self.fingerprint = fingerprint
  }

  /// Number of users.
  package var users: Int { training.rows }
  /// Number of items.
  package var items: Int { training.columns }
}
