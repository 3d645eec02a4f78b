// A parameter's gradient is the same whether its parts are written out or not.

import Autodiff
import Numerics
import TestSupport
import Testing

@Suite struct ParameterTests {
  private func parameter() -> Parameter {
    Parameter(name: "x", value: Matrix(rows: 2, columns: 9, values: (0..<18).map { Float($0) / 7 - 1 }))
  }

  /// A term whose gradient is `factor` everywhere.
  private func add(_ factor: Float, to parameter: Parameter, on tape: Tape) {
    let variable = tape.variable(parameter)
    _ = tape.recordLoss(name: "constant", value: 0, weight: 1) { _ in
      variable.accumulate { gradient, adds in
        for place in 0..<gradient.count { gradient.pointer[place] = (adds ? gradient.pointer[place] : 0) + factor }
      }
    }
  }

  @Test func nothingReachedIsZero() {
    let x = parameter()
    #expect(x.gradient.values == [Float](repeating: 0, count: 18))
    let tape = Tape()
    _ = tape.squaredNorm(of: [x], weight: 0)
    tape.backward()
    #expect(x.gradient.values == [Float](repeating: 0, count: 18))
  }

  @Test(arguments: [[0.5, nil], [nil, 0.5], [nil], [0.25, nil, 0.25], [0.5, nil, nil]] as [[Float?]])
  func aPenaltyIsPartOfTheGradientInAnyOrder(_ parts: [Float?]) {
    let x = parameter()
    let tape = Tape()
    for part in parts {
      if let part { add(part, to: x, on: tape) } else { _ = tape.squaredNorm(of: [x], weight: 0.125) }
    }
    tape.backward()
    let constant = parts.compactMap { $0 }.reduce(0, +)
    let penalties = Float(parts.filter { $0 == nil }.count)
    let expected = x.value.values.map { constant + 0.25 * penalties * $0 }
    #expect(relativeError(x.gradient.values, expected.map(Double.init)) < 1e-6)
    #expect(x.gradient.values == x.gradient.values)
    #expect(relativeError(x.gradient.values, expected.map(Double.init)) < 1e-6, "reading it changed it")
  }

  @Test func gradientsAddUpUntilAStepUsesThem() {
    let x = parameter()
    for _ in 0..<2 {
      let tape = Tape()
      add(1.5, to: x, on: tape)
      tape.backward()
    }
    #expect(x.gradient.values == [Float](repeating: 3, count: 18))
    let adam = Adam(parameters: [x, parameter()], learningRate: 0.1)
    adam.step(first: 0)
    #expect(x.gradient.values == [Float](repeating: 3, count: 18), "a parameter that rests keeps its gradient")
    adam.step(first: 1)
    #expect(x.gradient.values == [Float](repeating: 0, count: 18))
  }

  @Test(arguments: [true, false]) func aStepIsThatOfTheGradientWrittenOut(_ isReached: Bool) {
    let steps = [true, false].map { writesOut -> [[Float]] in
      let x = parameter()
      let adam = Adam(parameters: [x], learningRate: 0.1)
      for _ in 0..<3 {
        let tape = Tape()
        if isReached { add(0.75, to: x, on: tape) }
        _ = tape.squaredNorm(of: [x], weight: 0.3)
        tape.backward()
        if writesOut { #expect(x.gradient.sumOfSquares() > 0) }
        adam.step(first: 1)
      }
      return [x.value, adam.firstMoments[0], adam.secondMoments[0]].map(\.values)
    }
    #expect(steps[0] == steps[1])
    #expect(steps[0][0] != parameter().value.values)
  }
}
