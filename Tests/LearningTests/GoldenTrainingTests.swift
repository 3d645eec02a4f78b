// Propagation, the optimiser and three whole training steps against float64 values of an independent program.

import Autodiff
import Numerics
import Recommenders
import TestSupport
import Testing

@Suite struct GoldenTrainingTests {
  private func graph(_ golden: Golden, users: Int = 24, items: Int = 20) throws -> PropagationGraph {
    let rows = try golden.indices("row")
    let columns = try golden.indices("col")
    let entries = zip(rows, columns).map { (row: $0, column: $1) }
    return PropagationGraph(bipartite: CSRMatrix(rows: users, columns: items, entries: entries))
  }

  @Test(arguments: ["lightgcn_propagate", "lightgcn_propagate_dropped"])
  func propagationMatches(name: String) throws {
    let golden = try Golden(name)
    let graph = try graph(golden)
    let edges = name.hasSuffix("dropped") ? graph.masked(try golden.indices("mask").map { Float($0) }) : nil
    let x = Parameter(name: "x", value: try golden.matrix("x"))
    let factor = try golden.matrix("w")
    let tape = Tape()
    let output = tape.propagate(
      tape.variable(x), over: graph, layers: Int(golden.parameter("layers")), keeping: edges)
    let term = tape.recordLoss(name: "inner", value: output.value.dot(factor), weight: 1) { seed in
      output.accumulateSparsely { $0.add(factor, scaled: seed) }
    }
    tape.backward()
    #expect(relativeError(term.value, golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(output.value.values, try golden.doubles("out")) < goldenTolerance)
    #expect(relativeError(x.gradient.values, try golden.doubles("grad_x")) < goldenTolerance)
  }

  @Test func adamMatches() throws {
    let golden = try Golden("adam")
    let x = Parameter(name: "x", value: try golden.matrix("x0"))
    let adam = Adam(parameters: [x], learningRate: golden.parameter("lr"))
    for step in 0..<5 {
      x.gradient.assign(from: try golden.matrix("g\(step)"))
      adam.step(first: 1)
      if step == 0 { #expect(relativeError(x.value.values, try golden.doubles("x1")) < goldenTolerance) }
    }
    #expect(relativeError(x.value.values, try golden.doubles("x5")) < goldenTolerance)
    #expect(relativeError(adam.firstMoments[0].values, try golden.doubles("m5")) < goldenTolerance)
    #expect(relativeError(adam.secondMoments[0].values, try golden.doubles("v5")) < goldenTolerance)
  }

  @Test func threeTrainingStepsMatch() throws {
    let golden = try Golden("train3")
    let graph = try graph(try Golden("lightgcn_propagate"))
    let x = Parameter(name: "x", value: try golden.matrix("x0"))
    let adam = Adam(parameters: [x], learningRate: golden.parameter("lr"))
    for step in 0..<3 {
      let tape = Tape()
      let nodes = tape.propagate(tape.variable(x), over: graph, layers: Int(golden.parameter("layers")))
      let batch = Batch(
        users: try golden.indices("u\(step)"), positives: try golden.indices("i\(step)"),
        negatives: try golden.indices("j\(step)"))
      let ranking = tape.bayesianPersonalizedRanking(nodes, batch: batch, users: Int(golden.parameter("users")))
      let penalty = tape.squaredNorm(of: [x], weight: Float(golden.parameter("reg")))
      tape.backward()
      adam.step(first: 1)
      let loss = ranking.value + golden.parameter("reg") * penalty.value
      #expect(relativeError(loss, golden.value("loss\(step)_f64")) < goldenTolerance)
    }
    #expect(relativeError(x.value.values, try golden.doubles("x3")) < goldenTolerance)
  }
}
