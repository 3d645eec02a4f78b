// Central differences against the tape's gradients.

import Autodiff
import Numerics
import Testing

/// Compares the tape's gradient of a scalar with central differences in random directions.
///
/// The directional derivative (f(x + h v) - f(x - h v)) / 2h with a random direction v sums over all elements, so the
/// rounding of Float32 values averages out; h is chosen for a relative error of about 1e-4.
/// - Parameters:
///   - parameters: what is varied; values are restored.
///   - step: h, relative to the direction's elements of ±1.
///   - tolerance: allowed difference relative to the size of the derivative.
///   - loss: records the terms on a tape and returns them.
func expectGradientMatchesCentralDifference(
  of parameters: [Parameter], step: Float = 2e-3, tolerance: Double = 2e-3, seed: UInt64 = 5,
  sourceLocation: SourceLocation = #_sourceLocation, loss: (Tape) -> [LossTerm]
) {
  func total() -> Double { loss(Tape()).reduce(0) { $0 + Double($1.weight) * $1.value } }
  for parameter in parameters { parameter.gradient.fill(0) }
  let tape = Tape()
  _ = loss(tape)
  tape.backward()
  for parameter in parameters {
    for direction in 0..<3 {
      var stream = RandomStream(seed: seed, purpose: .test, epoch: direction)
      let original = parameter.value.copy()
      var analytic = 0.0
      var largest = 0.0
      var signs = [Float](repeating: 0, count: original.count)
      for position in signs.indices {
        signs[position] = stream.uniform() < 0.5 ? -1 : 1
        analytic += Double(signs[position] * parameter.gradient.pointer[position])
        largest += Double(abs(parameter.gradient.pointer[position]))
      }
      func shifted(by amount: Float) -> Double {
        for position in signs.indices {
          parameter.value.pointer[position] = original.pointer[position] + amount * signs[position]
        }
        return total()
      }
      let numeric = (shifted(by: step) - shifted(by: -step)) / Double(2 * step)
      parameter.value.assign(from: original)
      // A direction can happen to be nearly orthogonal to the gradient: compare with its typical size.
      let scale = max(abs(numeric), abs(analytic), largest / Double(original.count).squareRoot() / 4, 1e-6)
      #expect(
        abs(numeric - analytic) / scale < tolerance, "\(parameter.name): \(numeric) against \(analytic)",
        sourceLocation: sourceLocation)
    }
  }
}

/// A parameter with standard normal values.
func randomParameter(_ name: String, rows: Int, columns: Int, seed: UInt64) -> Parameter {
  var stream = RandomStream(seed: seed, purpose: .test)
  let values = (0..<rows * columns).map { _ in Float(stream.normal()) }
  return Parameter(name: name, value: Matrix(rows: rows, columns: columns, values: values))
}
