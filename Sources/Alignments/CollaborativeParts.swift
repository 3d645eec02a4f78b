// The specific and the shared part of the collaborative side.

import Autodiff
import Numerics

/// How the collaborative representation is split in two (reading A2).
package enum CollaborativeSplit: String, CaseIterable, Sendable {
  /// Two perceptrons make the parts, as on the language side.
  case projectors
  /// The representation's own columns: the first half is the specific part, the second half the shared one. The two add
  /// up to the base model's score exactly, and what is asked of the parts is asked of the vectors that rank.
  case halves
}

/// The two parts of the collaborative side, `[n, p]` each.
struct CollaborativeParts {
  private let split: CollaborativeSplit
  private let specificProjector: Perceptron
  private let sharedProjector: Perceptron
  /// Width p of a part: the smaller half of an odd width is padded by a zero column.
  let width: Int
  /// Columns of the shared part that hold something: one less than p for halves of an odd width.
  let sharedWidth: Int

  /// The width of each part when a representation of `width` columns is halved.
  static func halfWidth(of width: Int) -> Int { (width + 1) / 2 }

  /// Parts made by two perceptrons.
  init(specific: Perceptron, shared: Perceptron, width: Int) {
    split = .projectors
    specificProjector = specific
    sharedProjector = shared
    self.width = width
    sharedWidth = width
  }

  /// Parts that are halves of a representation of `representationWidth` columns.
  init(halvesOf representationWidth: Int) {
    split = .halves
    specificProjector = Perceptron(parameters: [])
    sharedProjector = Perceptron(parameters: [])
    width = Self.halfWidth(of: representationWidth)
    sharedWidth = representationWidth / 2
  }

  /// What it trains; nothing when the parts are halves.
  var parameters: [Parameter] { specificProjector.parameters + sharedProjector.parameters }

  /// True when both parts side by side score as the representation itself does.
  var preservesScores: Bool { split == .halves }

  /// The specific part of x, `[n, p]`.
  func specific(_ x: Variable, on tape: Tape) -> Variable {
    switch split {
    case .projectors: return specificProjector.project(x, on: tape)
    case .halves: return tape.columns(of: x, 0..<width, paddedTo: width)
    }
  }

  /// The shared part of x, `[n, p]`.
  func shared(_ x: Variable, on tape: Tape) -> Variable {
    switch split {
    case .projectors: return sharedProjector.project(x, on: tape)
    case .halves: return tape.columns(of: x, width..<max(width, x.value.columns), paddedTo: width)
    }
  }

  /// The specific part outside training.
  func specific(_ x: Matrix) -> Matrix {
    let tape = Tape()
    return specific(tape.constant(x), on: tape).value
  }

  /// The shared part outside training.
  func shared(_ x: Matrix) -> Matrix {
    let tape = Tape()
    return shared(tape.constant(x), on: tape).value
  }
}
