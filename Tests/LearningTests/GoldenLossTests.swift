// Every loss term and its gradient against float64 values of an independent program.

import Autodiff
import Numerics
import Recommenders
import TestSupport
import Testing

import Alignments

/// The bar for golden values: relative to the value, or to the largest element of a gradient.
let goldenTolerance = 1e-5

/// A matrix as a parameter, so that the tape gives it a gradient.
func parameter(_ value: Matrix) -> Parameter { Parameter(name: "x", value: value) }

@Suite struct GoldenLossTests {
  @Test func bayesianPersonalizedRankingMatches() throws {
    let golden = try Golden("bpr")
    let x = parameter(try golden.matrix("x"))
    let tape = Tape()
    let batch = Batch(
      users: try golden.indices("u"), positives: try golden.indices("i"), negatives: try golden.indices("j"))
    let term = tape.bayesianPersonalizedRanking(tape.variable(x), batch: batch, users: Int(golden.parameter("users")))
    tape.backward()
    #expect(relativeError(term.value, golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(x.gradient.values, try golden.doubles("grad_x")) < goldenTolerance)
  }

  @Test func bayesianPersonalizedRankingSurvivesExtremeScores() throws {
    let golden = try Golden("bpr_extreme")
    let tables = try ["a", "p", "n"].map { try golden.matrix($0) }
    let rows = tables[0].rows
    let stacked = Matrix(
      rows: 3 * rows, columns: tables[0].columns, values: tables.flatMap { $0.values })
    let x = parameter(stacked)
    let tape = Tape()
    let indices = (0..<Int32(rows)).map { $0 }
    let batch = Batch(users: indices, positives: indices, negatives: indices.map { $0 + Int32(rows) })
    let term = tape.bayesianPersonalizedRanking(tape.variable(x), batch: batch, users: rows)
    tape.backward()
    #expect(relativeError(term.value, golden.value("value_f64")) < goldenTolerance)
    for (index, name) in ["a", "p", "n"].enumerated() {
      let gradient = x.gradient.rows(index * rows..<(index + 1) * rows).values
      #expect(relativeError(gradient, try golden.doubles("grad_\(name)")) < goldenTolerance)
    }
  }

  @Test func squaredNormMatches() throws {
    let golden = try Golden("l2_all")
    let x = Parameter(name: "x", value: try golden.matrix("x"))
    let y = Parameter(name: "y", value: try golden.matrix("y"))
    let tape = Tape()
    let weight = Float(golden.parameter("weight"))
    let term = tape.squaredNorm(of: [x, y], weight: weight)
    tape.backward()
    #expect(relativeError(term.value * Double(weight), golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(x.gradient.values, try golden.doubles("grad_x")) < goldenTolerance)
    #expect(relativeError(y.gradient.values, try golden.doubles("grad_y")) < goldenTolerance)
  }

  @Test func infoNCEMatches() throws {
    let golden = try Golden("rlmrec_infonce")
    let inputs = try ["a", "b", "c"].map { parameter(try golden.matrix($0)) }
    let tape = Tape()
    let variables = inputs.map { tape.variable($0) }
    let rows = Double(inputs[0].value.rows)
    let term = tape.infoNCE(
      variables[0], variables[1], candidates: variables[2], temperature: Float(golden.parameter("temp")),
      name: "contrastive", weight: Float(1 / rows))
    tape.backward()
    #expect(relativeError(term.value / rows, golden.value("value_f64")) < goldenTolerance)
    for (input, name) in zip(inputs, ["a", "b", "c"]) {
      #expect(relativeError(input.gradient.values, try golden.doubles("grad_\(name)")) < goldenTolerance)
    }
  }

  @Test func maskedReconstructionMatches() throws {
    let golden = try Golden("rlmrec_masked_recon")
    let x = parameter(try golden.matrix("x"))
    let y = parameter(try golden.matrix("y"))
    let tape = Tape()
    let term = tape.maskedReconstruction(
      tape.variable(x), tape.variable(y), temperature: Float(golden.parameter("temp")), name: "reconstruction",
      weight: 1)
    tape.backward()
    #expect(relativeError(term.value, golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(x.gradient.values, try golden.doubles("grad_x")) < goldenTolerance)
    #expect(relativeError(y.gradient.values, try golden.doubles("grad_y")) < goldenTolerance)
  }

  @Test func orthogonalityMatches() throws {
    let golden = try Golden("darec_orthogonality")
    let specific = parameter(try golden.matrix("sp"))
    let shared = parameter(try golden.matrix("sh"))
    let tape = Tape()
    let term = tape.orthogonality(
      specific: tape.variable(specific), shared: tape.variable(shared), name: "orthogonality", weight: 1)
    tape.backward()
    #expect(relativeError(term.value, golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(specific.gradient.values, try golden.doubles("grad_sp")) < goldenTolerance)
    #expect(relativeError(shared.gradient.values, try golden.doubles("grad_sh")) < goldenTolerance)
  }

  @Test(arguments: ["darec_uniformity", "darec_uniformity_near"])
  func uniformityMatches(name: String) throws {
    let golden = try Golden(name)
    let x = parameter(try golden.matrix("x"))
    let tape = Tape()
    let term = tape.uniformity(tape.variable(x), name: "uniformity", weight: 1)
    tape.backward()
    #expect(relativeError(term.value, golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(x.gradient.values, try golden.doubles("grad_x")) < goldenTolerance)
  }

  @Test(arguments: ["darec_global", "darec_global_near"])
  func globalStructureMatches(name: String) throws {
    let golden = try Golden(name)
    let a = parameter(try golden.matrix("a"))
    let b = parameter(try golden.matrix("b"))
    let tape = Tape()
    let term = tape.globalStructure(
      tape.variable(a), tape.variable(b), cosine: true, scale: .mean, name: "global", weight: 1)
    tape.backward()
    #expect(relativeError(term.value, golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(a.gradient.values, try golden.doubles("grad_a")) < goldenTolerance)
    #expect(relativeError(b.gradient.values, try golden.doubles("grad_b")) < goldenTolerance)
  }

  @Test func localTermOnGivenCentresMatches() throws {
    let golden = try Golden("darec_local")
    let left = try golden.matrix("ca")
    let right = try golden.matrix("cb")
    let local = LocalStructure(
      left.values.map(Double.init), right.values.map(Double.init), count: left.rows, width: left.columns,
      form: .identity)
    #expect(relativeError(local.value, golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(local.gradientLeft.map { Float($0) }, try golden.doubles("grad_ca")) < goldenTolerance)
    #expect(relativeError(local.gradientRight.map { Float($0) }, try golden.doubles("grad_cb")) < goldenTolerance)
  }

  @Test func localTermWithClusteringMatches() throws {
    let golden = try Golden("darec_local_full")
    let a = parameter(try golden.matrix("a"))
    let b = parameter(try golden.matrix("b"))
    var start = CentreStart(
      collaborative: UnitRows(a.value).value.gatherRows(try golden.indices("ia")),
      language: UnitRows(b.value).value.gatherRows(try golden.indices("ib")))
    let tape = Tape()
    let term = tape.localStructure(
      tape.variable(a), tape.variable(b), start: &start, iterations: Int(golden.parameter("iters")), spherical: true,
      matching: .greedy, form: .identity, stream: RandomStream(seed: 1, purpose: .test), weight: 1)
    tape.backward()
    #expect(relativeError(term.value, golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(a.gradient.values, try golden.doubles("grad_a")) < goldenTolerance)
    #expect(relativeError(b.gradient.values, try golden.doubles("grad_b")) < goldenTolerance)
  }

  @Test func perceptronMatches() throws {
    let golden = try Golden("mlp")
    let names = ["w1", "b1", "w2", "b2"]
    let parameters = try names.map { Parameter(name: $0, value: try golden.matrix($0)) }
    let x = parameter(try golden.matrix("x"))
    let factor = try golden.matrix("g")
    let tape = Tape()
    let output = Perceptron(parameters: parameters).project(tape.variable(x), on: tape)
    #expect(relativeError(output.value.values, try golden.doubles("out")) < goldenTolerance)
    let term = tape.recordLoss(name: "inner", value: output.value.dot(factor), weight: 1) { seed in
      output.accumulate { target, adds in
        if !adds { target.fill(0) }
        target.add(factor, scaled: seed)
      }
    }
    tape.backward()
    #expect(relativeError(term.value, golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(x.gradient.values, try golden.doubles("grad_x")) < goldenTolerance)
    for parameter in parameters {
      #expect(relativeError(parameter.gradient.values, try golden.doubles("grad_\(parameter.name)")) < goldenTolerance)
    }
  }

  @Test func wholeAlignmentMatches() throws {
    let golden = try Golden("darec_total")
    let behaviour = parameter(try golden.matrix("ec"))
    let language = parameter(try golden.matrix("el"))
    let weight = Float(golden.parameter("lam"))
    let tape = Tape()
    var all: [(prefix: String, perceptron: Perceptron)] = []
    func project(_ prefix: String, _ input: Parameter) throws -> Variable {
      let perceptron = Perceptron(
        parameters: try ["w1", "b1", "w2", "b2"].map {
          Parameter(name: $0, value: try golden.matrix("\(prefix)_\($0)"))
        })
      all.append((prefix, perceptron))
      return perceptron.project(tape.variable(input), on: tape)
    }
    let collaborativeSpecific = try project("c_sp", behaviour)
    let collaborativeShared = try project("c_sh", behaviour)
    let languageSpecific = try project("l_sp", language)
    let languageShared = try project("l_sh", language)
    let orthogonality = [
      tape.orthogonality(specific: collaborativeSpecific, shared: collaborativeShared, name: "o", weight: weight),
      tape.orthogonality(specific: languageSpecific, shared: languageShared, name: "o", weight: weight),
    ].reduce(0) { $0 + $1.value }
    let uniformity = [
      tape.uniformity(collaborativeSpecific, name: "u", weight: weight),
      tape.uniformity(languageSpecific, name: "u", weight: weight),
    ].reduce(0) { $0 + $1.value }
    let global = tape.globalStructure(
      collaborativeShared, languageShared, cosine: true, scale: .mean, name: "g", weight: weight
    ).value
    var start = CentreStart(
      collaborative: UnitRows(collaborativeShared.value).value.gatherRows(try golden.indices("ia")),
      language: UnitRows(languageShared.value).value.gatherRows(try golden.indices("ib")))
    let local = tape.localStructure(
      collaborativeShared, languageShared, start: &start, iterations: Int(golden.parameter("iters")), spherical: true,
      matching: .greedy, form: .identity, stream: RandomStream(seed: 1, purpose: .test), weight: weight
    ).value
    tape.backward()
    #expect(relativeError(orthogonality, golden.value("orth_f64")) < goldenTolerance)
    #expect(relativeError(uniformity, golden.value("uni_f64")) < goldenTolerance)
    #expect(relativeError(global, golden.value("glob_f64")) < goldenTolerance)
    #expect(relativeError(local, golden.value("loc_f64")) < goldenTolerance)
    #expect(
      relativeError(
        Double(weight) * (orthogonality + uniformity + global + local), golden.value("value_f64")) < goldenTolerance)
    #expect(relativeError(behaviour.gradient.values, try golden.doubles("grad_ec")) < goldenTolerance)
    #expect(relativeError(language.gradient.values, try golden.doubles("grad_el")) < goldenTolerance)
    for (prefix, perceptron) in all {
      for parameter in perceptron.parameters {
        let truth = try golden.doubles("grad_\(prefix)_\(parameter.name)")
        #expect(relativeError(parameter.gradient.values, truth) < goldenTolerance, "\(prefix) \(parameter.name)")
      }
    }
  }
}
