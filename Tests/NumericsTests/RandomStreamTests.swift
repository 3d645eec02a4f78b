import Numerics
import Testing

@Suite struct RandomStreamTests {
  @Test func samePositionGivesSameWords() {
    var first = RandomStream(seed: 7, purpose: .test, epoch: 3, step: 4)
    var second = RandomStream(seed: 7, purpose: .test, epoch: 3, step: 4)
    for _ in 0..<100 { #expect(first.next() == second.next()) }
  }
}
