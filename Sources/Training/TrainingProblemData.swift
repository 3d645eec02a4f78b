// From a data set to the matrices the training loop works on.

import Autodiff
import Interactions
import Numerics

extension TrainingProblem {
  /// The splits of a data set, and its text vectors stacked as nodes: users first, then items, unit rows.
  ///
  /// Without text for both sides there is none: an alignment compares all nodes.
  /// - Parameters:
  ///   - dataSet: the data set.
  ///   - usesText: false for a run without alignment and fusion, which needs no stack of text.
  package init(_ dataSet: DataSet, usesText: Bool = true) {
    var text: Matrix?
    if usesText, let users = dataSet.userText, let items = dataSet.itemText { text = UnitRows.stacked([users, items]) }
    self.init(
      training: dataSet.train, validation: dataSet.valid, test: dataSet.test, text: text,
      fingerprint: dataSet.fingerprint)
    userTextIsDerived = dataSet.userTextIsDerived
  }
}
