// What a baseline is to the rest of the program. Guide: Docs/Baselines.md.

import Files
import Numerics

/// What a baseline is fitted to; held-out interactions are not part of it.
package struct BaselineProblem: Sendable {
  /// Training interactions, `[users, items]`.
  package let training: CSRMatrix
  /// Unit text vectors of users, `[users, text width]`; nil without text of their own.
  package let userText: Matrix?
  /// Unit text vectors of items, `[items, text width]`; nil without text.
  package let itemText: Matrix?
  /// The run's seed.
  package let seed: UInt64

  /// Number of users.
  package var users: Int { training.rows }
  /// Number of items.
  package var items: Int { training.columns }

  /// Describes a problem.
  /// - Precondition: text has one row a user or item, and equal width on both sides.
  package init(training: CSRMatrix, userText: Matrix? = nil, itemText: Matrix? = nil, seed: UInt64) {
    precondition((userText?.rows ?? training.rows) == training.rows, "one text vector a user is needed")
    precondition((itemText?.rows ?? training.columns) == training.columns, "one text vector an item is needed")
    if let userText, let itemText {
      precondition(userText.columns == itemText.columns, "text of users and items differs in width")
    }
    self.training = training
    self.userText = userText
    self.itemText = itemText
    self.seed = seed
  }
}

/// A fitted baseline: how it scores.
package enum FittedBaseline: Sendable {
  /// score(u, i) = users_u · items_i, with `[users, d]` and `[items, d]`.
  case vectors(users: Matrix, items: Matrix)
  /// score(u, i) = Σ_{j ∈ N(u)} weights_ji over the user's training items, with `[items, items]`.
  case itemWeights(Matrix)
}

/// Values of one option to be tried when a baseline is tuned.
package struct TuningAxis: Sendable {
  /// Name of a declared option.
  package let option: String
  /// Values in the order in which they are tried, as typed.
  package let values: [String]

  /// An axis of a grid.
  package init(_ option: String, _ values: [String]) {
    self.option = option
    self.values = values
  }
}

/// A baseline as the command line sees it.
package struct BaselineDescriptor: Sendable {
  /// Name in `darec baseline NAME`.
  package let name: String
  /// One line for help.
  package let summary: String
  /// The options it declares.
  package let options: [OptionDeclaration]
  /// True when it cannot do without text vectors of the items.
  package let needsText: Bool
  /// True when the fit gives vectors, which a model can hold; false for item-item weights.
  package let ranksWithVectors: Bool
  /// What `--tune` tries: the product of the axes; empty when there is nothing to choose.
  package let tuningGrid: [TuningAxis]
  private let fitting: @Sendable (BaselineProblem, OptionValues) throws -> FittedBaseline

  /// Describes a baseline.
  package init(
    name: String, summary: String, options: [OptionDeclaration], needsText: Bool,
    ranksWithVectors: Bool = true, tuningGrid: [TuningAxis],
    fitting: @escaping @Sendable (BaselineProblem, OptionValues) throws -> FittedBaseline
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.needsText = needsText
    self.ranksWithVectors = ranksWithVectors
    self.tuningGrid = tuningGrid
    self.fitting = fitting
  }

  /// Fits the baseline.
  /// - Throws: `BaselineError` when the problem does not suit it, `LinearAlgebraError` when a system is singular.
  package func fit(_ problem: BaselineProblem, _ options: OptionValues) throws -> FittedBaseline {
    guard problem.training.entryCount > 0 else { throw BaselineError.nothingToLearn }
    guard !needsText || problem.itemText != nil else { throw BaselineError.textMissing(baseline: name) }
    return try fitting(problem, options)
  }

  /// Every cell of the tuning grid in the order of its axes, the last changing fastest.
  /// - Parameters:
  ///   - options: values of the options that no axis varies.
  ///   - fixed: options that keep their value though the grid has an axis for them.
  /// - Returns: one set of values a cell; `options` alone when nothing varies.
  /// - Throws: `OptionError` when the grid names what is not declared.
  package func tuningCells(_ options: OptionValues, fixed: [String]) throws(OptionError) -> [OptionValues] {
    var cells = [options]
    for axis in tuningGrid where !fixed.contains(axis.option) {
      var next: [OptionValues] = []
      for cell in cells {
        for value in axis.values {
          var values = cell
          try values.set(axis.option, to: value, declarations: self.options, owner: "baseline '\(name)'")
          next.append(values)
        }
      }
      cells = next
    }
    return cells
  }
}
