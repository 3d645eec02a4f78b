// Matchings against trying every permutation.

import Numerics
import Testing

@Suite struct AssignmentTests {
  private func permutations(_ size: Int) -> [[Int]] {
    guard size > 0 else { return [[]] }
    return permutations(size - 1).flatMap { shorter in
      (0...shorter.count).map { place in Array(shorter[..<place]) + [size - 1] + Array(shorter[place...]) }
    }
  }

  private func cost(_ matching: [Int], _ distances: [Double]) -> Double {
    matching.enumerated().reduce(0) { $0 + distances[$1.offset * matching.count + $1.element] }
  }

  @Test(arguments: 0...6) func optimalMatchingIsAPermutationOfLeastCost(_ size: Int) {
    let all = permutations(size)
    for seed in 0..<30 {
      var stream = RandomStream(seed: UInt64(seed), purpose: .test, epoch: size)
      // Even seeds draw from five values, so that ties occur; odd ones include negative distances.
      let distances = (0..<size * size).map { _ in
        seed % 2 == 0 ? Double(stream.below(5)) : stream.uniformDouble() - 0.5
      }
      let found = optimalAssignment(distances: distances, size: size)
      #expect(found.sorted() == Array(0..<size))
      let best = all.map { cost($0, distances) }.min() ?? 0
      #expect((cost(found, distances) - best).magnitude < 1e-12)
    }
  }

  @Test func greedyMatchingTakesTheClosestFreePair() {
    // Greedy takes (0, 1) first although the optimum avoids it.
    let distances = [2.0, 1, 9, 2.5, 1.5, 9, 9, 9, 0.5]
    #expect(greedyAssignment(distances: distances, size: 3) == [1, 0, 2])
    #expect(greedyAssignment(distances: [1, 1, 1, 1], size: 2) == [0, 1])
    #expect(greedyAssignment(distances: [], size: 0) == [])
  }

  @Test func unorderedDistancesStillGiveAPermutation() {
    let distances = [Double.nan, .infinity, 1, .nan, .nan, .infinity, 2, .nan, .nan]
    #expect(greedyAssignment(distances: distances, size: 3).sorted() == [0, 1, 2])
    #expect(optimalAssignment(distances: distances, size: 3).sorted() == [0, 1, 2])
  }

  @Test func squaredDistancesAreThoseOfEachPair() {
    let a = Matrix(rows: 2, columns: 2, values: [0, 0, 3, 4])
    let b = Matrix(rows: 3, columns: 2, values: [0, 0, 3, 0, 3, 4])
    #expect(squaredDistances(a, b) == [0, 9, 25, 25, 16, 0])
  }
}
