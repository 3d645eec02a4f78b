// Reverse-mode differentiation over matrices: a list of coarse, fused operations run backwards once.
// Guide: Docs/Architecture.md, "The tape".

import Numerics

/// A matrix on a tape: its value, and the gradient of the loss with respect to it once backward has reached it.
package final class Variable {
  /// The value, `[rows, columns]`.
  package let value: Matrix
  /// False for constants: nothing is accumulated for them and work towards them is skipped.
  package let requiresGradient: Bool
  /// The gradient, nil until something accumulates into it, and always for a parameter.
  package private(set) var gradient: Matrix?
  /// The parameter this is, which keeps the gradient then; nil for others.
  fileprivate let parameter: Parameter?

  fileprivate init(value: Matrix, requiresGradient: Bool) {
    self.value = value
    self.requiresGradient = requiresGradient
    parameter = nil
  }

  fileprivate init(_ parameter: Parameter) {
    value = parameter.value
    requiresGradient = true
    self.parameter = parameter
  }

  /// Adds to the gradient.
  ///
  /// `body` receives the gradient matrix and whether it must add to it (`true`) or overwrite it (`false`: the matrix
  /// is fresh and its contents are unspecified), so a product can write its result without a pass of zeroing.
  /// It is not called for constants.
  package func accumulate(_ body: (_ gradient: Matrix, _ adds: Bool) -> Void) {
    guard requiresGradient else { return }
    if let parameter {
      parameter.accumulate(body)
    } else if let gradient {
      body(gradient, true)
    } else {
      let fresh = Matrix.uninitialized(rows: value.rows, columns: value.columns)
      gradient = fresh
      body(fresh, false)
    }
  }

  /// As `accumulate(_:)` for bodies that touch only some rows: the matrix is zeroed when it is fresh.
  package func accumulateSparsely(_ body: (_ gradient: Matrix) -> Void) {
    accumulate { gradient, adds in
      if !adds { gradient.fill(0) }
      body(gradient)
    }
  }
}

/// One named scalar term of the training loss.
package final class LossTerm {
  /// Name as in the training log, such as `bpr` or `global`.
  package let name: String
  /// The unweighted value of this step.
  package let value: Double
  /// The factor with which it enters the total.
  ///
  /// Zero: the term is reported but nothing flows back from it.
  package var weight: Float

  fileprivate init(name: String, value: Double, weight: Float) {
    self.name = name
    self.value = value
    self.weight = weight
  }
}

/// Records operations in the order they are computed and runs their gradients in the reverse order.
///
/// Operations are extensions of this class, one file each. They are coarse (a whole propagation, a whole loss), so the
/// tape itself costs nothing measurable and every gradient is a hand-written, checked formula.
package final class Tape {
  private enum Entry {
    case operation(outputs: [Variable], backward: ([Matrix?]) -> Void)
    case loss(LossTerm, backward: (Float) -> Void)
  }

  private var entries: [Entry] = []
  private var parameterVariables: [Variable] = []
  private var ran = false

  /// An empty tape; one is made for each step.
  package init() {}

  /// A variable that receives no gradient.
  package func constant(_ value: Matrix) -> Variable {
    Variable(value: value, requiresGradient: false)
  }

  /// The variable of a parameter.
  ///
  /// What reaches it is added to the parameter's own gradient, which `Parameter` has; a step of `Adam` uses it up.
  package func variable(_ parameter: Parameter) -> Variable {
    if let known = parameterVariables.first(where: { $0.parameter === parameter }) { return known }
    let variable = Variable(parameter)
    parameterVariables.append(variable)
    return variable
  }

  /// Records an operation.
  /// - Parameters:
  ///   - value: its result.
  ///   - inputs: what it was computed from; if none needs a gradient, neither does the result.
  ///   - backward: adds to the inputs' gradients, given the result's gradient.
  package func record(value: Matrix, inputs: [Variable], backward: @escaping (Matrix) -> Void) -> Variable {
    record(values: [value], inputs: inputs) { gradients in
      if let gradient = gradients[0] { backward(gradient) }
    }[0]
  }

  /// Records an operation with several results.
  /// - Parameters:
  ///   - values: its results.
  ///   - inputs: what they were computed from; if none needs a gradient, neither does a result.
  ///   - backward: adds to the inputs' gradients, given the results' gradients, nil for those that nothing reached; called if
  ///     something reached one of them.
  package func record(
    values: [Matrix], inputs: [Variable], backward: @escaping ([Matrix?]) -> Void
  ) -> [Variable] {
    let requiresGradient = inputs.contains { $0.requiresGradient }
    let outputs = values.map { Variable(value: $0, requiresGradient: requiresGradient) }
    if requiresGradient { entries.append(.operation(outputs: outputs, backward: backward)) }
    return outputs
  }

  /// Records a scalar term of the loss.
  /// - Parameters:
  ///   - name: its name in the log.
  ///   - value: its unweighted value.
  ///   - weight: the factor with which it enters the total; may be changed on the term until `backward()`.
  ///   - backward: adds to the inputs' gradients, given d(total)/d(term), which is the weight.
  package func recordLoss(
    name: String, value: Double, weight: Float, backward: @escaping (Float) -> Void
  ) -> LossTerm {
    let term = LossTerm(name: name, value: value, weight: weight)
    entries.append(.loss(term, backward: backward))
    return term
  }

  /// Computes the gradient of the weighted sum of all recorded terms with respect to every variable.
  ///
  /// A term of weight zero contributes exactly nothing: not even a zero is added, so parameters that only it touches
  /// keep a gradient of exactly zero and all others get the bits they would have had without it.
  /// - Precondition: called once.
  package func backward() {
    precondition(!ran, "a tape runs backwards once")
    ran = true
    while let entry = entries.popLast() {
      switch entry {
      case .loss(let term, let backward):
        if term.weight != 0 { backward(term.weight) }
      case .operation(let outputs, let backward):
        let gradients = outputs.map(\.gradient)
        if gradients.contains(where: { $0 != nil }) { backward(gradients) }
      }
    }
  }
}
