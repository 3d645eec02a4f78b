// Truncated text against the inner products it must keep, and structure terms computed in some steps only.

import Alignments
import Autodiff
import Files
import Numerics
import Testing
import Training

@Suite struct TextRankTests {
  /// Rows in the span of three directions, none of them centred.
  private func flatText() -> Matrix {
    product(
      randomParameter("coordinates", rows: 40, columns: 3, seed: 1).value.shifted(by: [2, 0, 0], factor: 1),
      randomParameter("directions", rows: 3, columns: 12, seed: 2).value)
  }

  @Test func innerProductsSurviveWhereTheRankIsEnough() throws {
    let text = flatText()
    let (truncated, rank) = try #require(TextRank.truncated(text, to: 3))
    #expect(rank.width == 12 && rank.rank == 3 && rank.energy > 0.999_99 && rank.energy <= 1)
    let before = product(text, text, transposeB: true)
    let after = product(truncated, truncated, transposeB: true)
    let scale = before.values.reduce(0) { max($0, $1.magnitude) }
    for (a, b) in zip(before.values, after.values) { #expect((a - b).magnitude < 1e-4 * scale) }
  }

  @Test func theEnergyIsTheShareOfTheSquaredLength() throws {
    let text = flatText()
    let (truncated, rank) = try #require(TextRank.truncated(text, to: 1))
    func squares(_ x: Matrix) -> Double { x.values.reduce(0.0) { $0 + Double($1) * Double($1) } }
    #expect((rank.energy - squares(truncated) / squares(text)).magnitude < 1e-6)
    #expect(rank.energy > 0.3 && rank.energy < 0.999)
  }

  @Test func fullRankChangesNothing() {
    #expect(TextRank.truncated(flatText(), to: 0) == nil)
    #expect(TextRank.truncated(flatText(), to: 12) == nil)
    #expect(TextRank.truncated(flatText(), to: 1000) == nil)
  }

  @Test(arguments: ["darec", "rlmrec-con", "rlmrec-gen", "kar"]) func everyAlignmentTrainsOnIt(name: String) throws {
    let trainer = try train(smallProblem(), alignment: name, epochs: 2) { try $0.set("text-rank", to: "5") }
    #expect(trainer.textRank?.rank == 5)
    #expect(trainer.optimizer.parameters.allSatisfy { $0.value.values.allSatisfy(\.isFinite) })
  }

  @Test func termsOfSomeStepsWeighMore() throws {
    let problem = smallProblem()
    var configuration = try TrainingConfiguration(model: "lightgcn", alignment: "darec")
    try configuration.set("every", to: "3")
    let trainer = try Trainer(problem: problem, configuration: configuration)
    let alignment = try #require(trainer.alignment)
    let batch = Batch(users: [0, 1], positives: [0, 1], negatives: [2, 3])
    func terms(step: Int) -> [LossTerm] {
      let tape = Tape()
      return alignment.losses(
        on: tape, representation: tape.variable(trainer.model.embedding), batch: batch,
        at: StepPosition(seed: 1, epoch: 0, step: step))
    }
    #expect(terms(step: 1).isEmpty && terms(step: 2).isEmpty)
    let weights = Dictionary(uniqueKeysWithValues: terms(step: 3).map { ($0.name, $0.weight) })
    #expect(weights["global"] == 3 * Float(configuration.alignmentOptions.number("global")))
    #expect(weights["uniformity.language"] == 3 * Float(configuration.alignmentOptions.number("uniformity")))
  }

  /// The log's mean of a term is over the steps that computed it.
  @Test func skippedStepsDoNotDiluteTheLog() throws {
    func orthogonality(every: String) throws -> Double {
      let trainer = try train(smallProblem(), epochs: 1) {
        try $0.set("every", to: every)
        try $0.apply(lambda: 0.001)
      }
      let line = try #require(trainer.state.log.first)
      return try #require(try JSONValue.parse(line)["losses"]?["orthogonality.language"]?.double)
    }
    let all = try orthogonality(every: "1")
    let some = try orthogonality(every: "4")
    #expect(some > 0.5 * all && some < 2 * all)
  }
}
