// Options of a run that would do nothing are refused, and controls keep what they say they keep.

import Alignments
import Autodiff
import Interactions
import Numerics
import Testing
import Training

@Suite struct RunOptionTests {
  @Test(
    arguments: [
      (nil, "text-control", "shuffled"), (nil, "text-hops", "2"), (nil, "balance-gamma", "1"),
      (nil, "language-rate", "2"), (nil, "text-rank", "8"),
      ("kar", "balance-gamma", "1"), ("rlmrec-gen", "balance-gamma", "1"), ("rlmrec-gen", "language-rate", "2"),
    ])
  func anOptionWithoutEffectIsRefused(alignment: String?, name: String, value: String) throws {
    var configuration = try TrainingConfiguration(model: "lightgcn", alignment: alignment)
    try configuration.set(name, to: value)
    #expect {
      try Trainer(problem: smallProblem(), configuration: configuration)
    } throws: { error in
      guard case TrainingError.optionWithoutUse(name, _) = error else { return false }
      return true
    }
  }

  @Test func lambdaNeedsAWeight() throws {
    var configuration = try TrainingConfiguration(model: "lightgcn", alignment: "kar")
    #expect(throws: TrainingError.self) { try configuration.apply(lambda: 0.1) }
  }

  @Test func derivedUsersAreDerivedAgainFromTheControlledItems() {
    let problem = smallProblem()
    let text = UnitRows(problem.text ?? Matrix(rows: 0, columns: 0)).value
    let changed = TextControl.shuffled.apply(
      to: text, users: problem.users, derivedFrom: problem.training, seed: 4)
    let items = changed.rows(problem.users..<text.rows)
    let expected = meanItemEmbeddings(training: problem.training, items: items)
    #expect(changed.rows(0..<problem.users).values == expected.values)
    #expect(items.values != text.rows(problem.users..<text.rows).values)
  }

  @Test func untrainedProjectorsAreNotShown() throws {
    let trainer = try train(smallProblem(), epochs: 2) { try $0.apply(lambda: 0) }
    #expect(trainer.alignment?.firstActiveEpoch == nil)
  }

  @Test func aRowWithoutLengthGetsNoGradient() {
    let x = Parameter(name: "x", value: Matrix(rows: 2, columns: 3, values: [0, 0, 0, 1, 2, 2]))
    let target = Matrix(rows: 2, columns: 3, values: [1, 0, 0, 0, 1, 0])
    let tape = Tape()
    _ = tape.maskedReconstruction(tape.variable(x), tape.constant(target), temperature: 1, name: "r", weight: 1)
    tape.backward()
    #expect((0..<3).allSatisfy { x.gradient.pointer[$0] == 0 })
    #expect((3..<6).contains { x.gradient.pointer[$0] != 0 })
  }

  @Test(arguments: [0.001, 0.01, 0.1] as [Float]) func smallTemperaturesStayFiniteAndLearn(temperature: Float) {
    let x = randomParameter("x", rows: 6, columns: 5, seed: 1)
    let y = randomParameter("y", rows: 6, columns: 5, seed: 2).value
    let tape = Tape()
    let term = tape.maskedReconstruction(
      tape.variable(x), tape.constant(y), temperature: temperature, name: "r", weight: 1)
    tape.backward()
    #expect(term.value.isFinite && term.value <= 18.5, "the outer floor bounds each row by -log 1e-8")
    #expect(x.gradient.values.allSatisfy { $0.isFinite })
  }
}
