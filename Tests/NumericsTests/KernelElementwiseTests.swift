// Kernels that turn rows into rows, against Double references.

import Glibc
import Numerics
import Testing

@Suite struct KernelElementwiseTests {
  /// Runs a one-row kernel at every length and placement and returns its worst error in units of the last place.
  private func worstError(
    arguments: (Int) -> [Float], kernel: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void,
    reference: (Double) -> Double
  ) -> Worst {
    let input = GuardedFloats(capacity: 130)
    let output = GuardedFloats(capacity: 130)
    var worst = Worst()
    for count in kernelLengths {
      let x = arguments(count)
      for placement in Placement.allCases {
        let result = output.row(count, placement)
        kernel(input.place(x, placement), result, count)
        for i in 0..<count {
          worst.note(unitsInLastPlace(result[i], reference(Double(x[i]))), "f(\(x[i])) = \(result[i]), length \(count)")
        }
      }
    }
    return worst
  }

  @Test(arguments: supportedLevels) func axpyScaleAndMultiplyRoundLikeTheirOperations(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let input = GuardedFloats(capacity: 130)
    let output = GuardedFloats(capacity: 130)
    var worst = Worst()
    forEveryRow { count, placement, distribution in
      let x = distribution.values(count)
      let y = distribution.values(count, salt: 2)
      let source = input.place(x, placement)
      let target = output.place(y, placement)
      table.axpy(0.37, source, target, count)
      for i in 0..<count {
        let exact = Double(y[i]) + Double(Float(0.37)) * Double(x[i])
        let scale = Double(y[i]).magnitude + 0.37 * Double(x[i]).magnitude
        worst.note((Double(target[i]) - exact).magnitude / (gamma(2) * scale), "axpy \(count) \(distribution)")
      }
      table.scale(-1.7, source, target, count)
      for i in 0..<count where target[i] != -1.7 * x[i] { worst.note(.infinity, "scale \(count)") }
      _ = output.place(y, placement)
      table.multiply(source, target, target, count)
      for i in 0..<count where target[i] != x[i] * y[i] { worst.note(.infinity, "multiply \(count)") }
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }

  @Test(arguments: supportedLevels) func normalizeGivesUnitRows(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let input = GuardedFloats(capacity: 130)
    let output = GuardedFloats(capacity: 130)
    var worst = Worst()
    forEveryRow { count, placement, distribution in
      // Beyond the named distributions: rows whose squares overflow or vanish in Float.
      for power in [Float(1), 0x1p70, 0x1p-90] {
        let x = distribution.values(count).map { $0 * power }
        let result = output.row(count, placement)
        let norm = table.normalize(input.place(x, placement), result, count, 1e-37)
        let exact = x.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        let bound = gamma(count / 64 + 16)
        // Below the smallest normal number the norm itself is only absolutely accurate.
        worst.note(
          (Double(norm) - exact).magnitude / max(bound * exact, 0x1p-148), "norm \(count) \(distribution) \(power)")
        for i in 0..<count where exact > 1e-36 {
          let error = (Double(result[i]) - Double(x[i]) / exact).magnitude
          worst.note(
            error / max(bound * (Double(x[i]) / exact).magnitude, 0x1p-148), "row \(count) \(distribution) \(power)")
        }
      }
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }

  @Test(arguments: supportedLevels) func normalizeDividesShortRowsByEpsilon(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let tiny: [Float] = [3e-20, -4e-20, 0]
    var result = [Float](repeating: 9, count: 3)
    let norm = table.normalize(tiny, &result, 3, 1e-12)
    #expect((norm - 5e-20).magnitude < 1e-26)
    #expect((result[0] - 3e-8).magnitude < 1e-14 && (result[1] + 4e-8).magnitude < 1e-14 && result[2] == 0)
    #expect(table.normalize([0, 0, 0], &result, 3, 1e-12) == 0)
    #expect(result == [0, 0, 0])
    _ = table.normalize([.infinity, 1, 2], &result, 3, 1e-12)
    #expect(result[0].isNaN)
    _ = table.normalize([.nan, 1, 2], &result, 3, 1e-12)
    #expect(result[0].isNaN && result[1].isNaN && result[2].isNaN)
  }

  @Test(arguments: supportedLevels) func expIsWithinTwoUnits(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let worst = worstError(
      arguments: { count in Distribution.uniform.values(count).map { $0 * 110 } }, kernel: table.exp,
      reference: { Glibc.exp($0) })
    #expect(worst.value <= 2, "\(worst.place)")
    let special: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, 88.72283, 88.72284, -103.97, -104, 200, -200, 1e30, -1e30,
    ]
    var result = special
    table.exp(special, &result, special.count)
    for (x, y) in zip(special, result) { #expect(unitsInLastPlace(y, Glibc.exp(Double(x))) <= 2, "exp(\(x)) = \(y)") }
  }

  @Test(arguments: supportedLevels) func logIsWithinTwoUnits(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let worst = worstError(
      arguments: { count in Distribution.logNormal.values(count).map { $0.magnitude } }, kernel: table.log,
      reference: { Glibc.log($0) })
    #expect(worst.value <= 2, "\(worst.place)")
    let special: [Float] = [
      0, -0.0, -1, 1, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, .leastNormalMagnitude,
      .greatestFiniteMagnitude, 0.999_999_94, 1.000_000_1, 0.707_106_77, 0.707_106_8, 1.414_213_5, 1.414_213_6,
    ]
    var result = special
    table.log(special, &result, special.count)
    for (x, y) in zip(special, result) { #expect(unitsInLastPlace(y, Glibc.log(Double(x))) <= 2, "log(\(x)) = \(y)") }
  }

  /// Every 4,099th bit pattern: a million floats over the whole range, both signs.
  @Test(arguments: supportedLevels) func expAndLogKeepTheirBoundOverTheWholeRange(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let x = stride(from: UInt32(0), to: .max - 4099, by: 4099).map { Float(bitPattern: $0) }
    var exponentials = x
    var logarithms = x
    table.exp(x, &exponentials, x.count)
    table.log(x, &logarithms, x.count)
    var worst = Worst()
    for i in x.indices {
      worst.note(unitsInLastPlace(exponentials[i], Glibc.exp(Double(x[i]))), "exp(\(x[i])) = \(exponentials[i])")
      worst.note(unitsInLastPlace(logarithms[i], Glibc.log(Double(x[i]))), "log(\(x[i])) = \(logarithms[i])")
    }
    #expect(worst.value <= 2, "\(worst.place)")
  }

  @Test(arguments: supportedLevels) func sigmoidAndSoftplusAreWithinFourUnits(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for scale in [Float(1), 20, 100, 200] {
      let sigmoid = worstError(
        arguments: { count in Distribution.uniform.values(count).map { $0 * scale } }, kernel: table.sigmoid,
        reference: { 1 / (1 + Glibc.exp(-$0)) })
      #expect(sigmoid.value <= 4, "sigmoid \(sigmoid.place)")
      let softplus = worstError(
        arguments: { count in Distribution.uniform.values(count).map { $0 * scale } }, kernel: table.softplus,
        reference: { max($0, 0) + Glibc.log1p(Glibc.exp(-$0.magnitude)) })
      #expect(softplus.value <= 4, "softplus \(softplus.place)")
    }
    let special: [Float] = [200, -200, 1e30, -1e30, .infinity, -.infinity, .nan]
    var result = special
    table.sigmoid(special, &result, special.count)
    #expect(
      result[0] == 1 && result[1] == 0 && result[4] == 1 && result[5] == 0 && result[6].isNaN)
    table.softplus(special, &result, special.count)
    #expect(result[0] == 200 && result[1] == 0 && result[4] == .infinity && result[5] == 0 && result[6].isNaN)
  }

  /// What sums of exponentials are made of, over all arguments it is for, and at the ends.
  @Test(arguments: supportedLevels) func scaledExponentialsMatchDouble(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    var worst = Worst()
    let x: [Float] = (0..<262_144).map { -87 + Float($0) * Float(175.0 / 262_143) }
    var y = [Float](repeating: 0, count: x.count)
    _ = table.scaledExp(x, &y, x.count, 1, 0)
    for i in x.indices {
      let exact = Glibc.exp(Double(x[i]))
      worst.note((Double(y[i]) - exact).magnitude / (exact * 1.25e-7), "\(x[i])")
    }
    #expect(worst.value <= 1, "\(worst.place)")
    let special: [Float] = [0, -0.0, -87.7, -100, -1e30, -.infinity, 89, .infinity, .nan]
    var result = special
    _ = table.scaledExp(special, &result, special.count, 1, 0)
    #expect(result[0] == 1 && result[1] == 1 && result[2..<6].allSatisfy { $0 == 0 })
    // Above 88.3 a finite number may give anything; what is not finite stays so.
    #expect(!result[7].isFinite && result[8].isNaN)
    _ = table.softmax(special, &result, 8)
    #expect(result[7].isNaN)
  }

  /// Sums go over to Double every 1,024 numbers.
  @Test(arguments: supportedLevels) func longRowsOfExponentialsMatchDouble(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for count in [1023, 1024, 1025, 5000] {
      let x = Distribution.uniform.values(count)
      var y = [Float](repeating: 0, count: count)
      let sum = table.scaledExp(x, &y, count, 4, -4)
      let exact = x.map { Glibc.exp(4 * Double($0) - 4) }
      for i in 0..<count { #expect((Double(y[i]) - exact[i]).magnitude <= 1e-6 * exact[i]) }
      #expect((sum - exact.reduce(0, +)).magnitude <= 5e-6 * exact.reduce(0, +))
      let logSum = table.softmax(x, &y, count)
      let total = x.reduce(0.0) { $0 + Glibc.exp(Double($1)) }
      #expect((Double(logSum) - Glibc.log(total)).magnitude <= 5e-6)
      for i in 0..<count {
        let share = Glibc.exp(Double(x[i])) / total
        #expect((Double(y[i]) - share).magnitude <= 5e-6 * share)
      }
    }
  }

  @Test(arguments: supportedLevels) func softmaxMatchesDouble(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let input = GuardedFloats(capacity: 130)
    let output = GuardedFloats(capacity: 130)
    var worst = Worst()
    for count in kernelLengths where count > 0 {
      for placement in Placement.allCases {
        for scale in [Float(1), 20, 200] {
          let x = Distribution.uniform.values(count).map { $0 * scale }
          let result = output.row(count, placement)
          let logSum = table.softmax(input.place(x, placement), result, count)
          let shift = Double(x.max() ?? 0)
          let sum = x.reduce(0.0) { $0 + Glibc.exp(Double($1) - shift) }
          for i in 0..<count {
            let exact = Glibc.exp(Double(x[i]) - shift) / sum
            // x - shift is rounded: its error is that of an argument of size |x - shift|. What is subnormal may be zero.
            let bound = exact * (4e-6 + 0x1p-24 * (Double(x[i]) - shift).magnitude) + 0x1p-126
            worst.note((Double(result[i]) - exact).magnitude / bound, "\(count) \(scale)")
          }
          let exact = shift + Glibc.log(sum)
          worst.note(
            (Double(logSum) - exact).magnitude / (4e-7 * max(1, shift.magnitude, exact.magnitude)), "lse \(count)")
        }
      }
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }

  @Test(arguments: supportedLevels) func leakyReLUAndItsGradientAreExact(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let input = GuardedFloats(capacity: 130)
    let bias = GuardedFloats(capacity: 130)
    let output = GuardedFloats(capacity: 130)
    forEveryRow { count, placement, distribution in
      let x = distribution.values(count)
      let b = distribution.values(count, salt: 3)
      let y = output.row(count, placement)
      table.biasLeakyReLU(input.place(x, placement), bias.place(b, placement), y, count, 0.2)
      var wrong = (0..<count).filter { y[$0] != (x[$0] + b[$0] > 0 ? x[$0] + b[$0] : 0.2 * (x[$0] + b[$0])) }
      #expect(wrong.isEmpty)
      let gradient = input.place(x, placement)
      table.leakyReLUGradient(gradient, y, gradient, count, 0.2)
      wrong = (0..<count).filter { gradient[$0] != (y[$0] > 0 ? x[$0] : 0.2 * x[$0]) }
      #expect(wrong.isEmpty)
      // The other form writes the same numbers over y and adds them to sums.
      let expected = (0..<count).map { gradient[$0] }
      let sums = bias.place(b, placement)
      table.hiddenGradient(input.place(x, placement), y, sums, count, 0.2, y)
      wrong = (0..<count).filter { y[$0] != expected[$0] || sums[$0] != b[$0] + expected[$0] }
      #expect(wrong.isEmpty)
    }
  }

  @Test(arguments: supportedLevels) func everyHalfSurvivesTheRoundTrip(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let patterns = (0...UInt16.max).map { $0 }
    var floats = [Float](repeating: 0, count: patterns.count)
    var back = [UInt16](repeating: 0, count: patterns.count)
    table.halfToFloat(patterns, &floats, patterns.count)
    table.floatToHalf(floats, &back, patterns.count)
    for (index, pattern) in patterns.enumerated() {
      let expected = Float(Float16(bitPattern: pattern))
      #expect(expected.isNaN ? floats[index].isNaN : floats[index].bitPattern == expected.bitPattern)
      #expect(expected.isNaN ? back[index] & 0x7FFF > 0x7C00 : back[index] == pattern)
    }
  }

  @Test(arguments: supportedLevels) func floatToHalfRoundsToNearestEven(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    var floats = stride(from: UInt32(0), to: .max - 65_521, by: 65_521).map { Float(bitPattern: $0) }
    // Around every half there are the exact midpoints, where ties go to even.
    for pattern in UInt16(0)..<0x7BFF {
      floats.append((Float(Float16(bitPattern: pattern)) + Float(Float16(bitPattern: pattern + 1))) / 2)
    }
    floats += [65_519.99, 65_520, 65_504, -65_520, 0x1p-25, 0x1.000002p-25, 0x1p-24, 0x1.8p-24]
    var halves = [UInt16](repeating: 0, count: floats.count)
    table.floatToHalf(floats, &halves, floats.count)
    for (x, pattern) in zip(floats, halves) where !x.isNaN {
      #expect(pattern == Float16(x).bitPattern, "\(x)")
    }
  }

  @Test(arguments: supportedLevels) func halvesConvertAtEveryLength(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    for count in kernelLengths {
      for offset in 0...3 {
        let patterns = (0..<count + offset + 1).map { UInt16($0 * 97 % 30_000) }
        var floats = [Float](repeating: -5, count: count + offset + 1)
        var back = [UInt16](repeating: 7, count: count + offset + 1)
        patterns.withUnsafeBufferPointer { source in
          floats.withUnsafeMutableBufferPointer { target in
            guard let from = source.baseAddress, let to = target.baseAddress else { return }
            table.halfToFloat(from + offset, to + offset, count)
            back.withUnsafeMutableBufferPointer { result in
              guard let end = result.baseAddress else { return }
              table.floatToHalf(to + offset, end + offset, count)
            }
          }
        }
        #expect(floats[count + offset] == -5 && back[count + offset] == 7)
        #expect(Array(back[offset..<count + offset]) == Array(patterns[offset..<count + offset]))
      }
    }
  }

  @Test(arguments: supportedLevels) func adamFollowsTheGoldenSteps(_ level: SIMDLevel) throws {
    let table = KernelTable.table(level)
    let parameter = try GoldenArray("adam.x0").matrix
    let first = Matrix(rows: parameter.rows, columns: parameter.columns)
    let second = Matrix(rows: parameter.rows, columns: parameter.columns)
    var power1 = 1.0
    var power2 = 1.0
    for step in 0..<5 {
      power1 *= 0.9
      power2 *= 0.999
      let gradient = try GoldenArray("adam.g\(step)").matrix
      table.adamStep(
        parameter.pointer, gradient.pointer, 0, first.pointer, second.pointer, parameter.count,
        Float(1e-3 / (1 - power1)), 0.9, 0.999, 1e-8, Float((1 - power2).squareRoot()))
      if step == 0 || step == 4 {
        let expected = try GoldenArray("adam.x\(step + 1).f64").values
        for (value, exact) in zip(parameter.values, expected) {
          #expect((Double(value) - exact).magnitude <= 1e-6 * max(1e-2, exact.magnitude))
        }
      }
    }
    for (name, matrix) in [("m5", first), ("v5", second)] {
      for (value, exact) in zip(matrix.values, try GoldenArray("adam.\(name).f64").values) {
        #expect((Double(value) - exact).magnitude <= 1e-5 * exact.magnitude + 1e-9)
      }
    }
  }

  @Test(arguments: supportedLevels) func adamMatchesDoubleAtEveryLength(_ level: SIMDLevel) {
    let table = KernelTable.table(level)
    let buffers = (0..<4).map { _ in GuardedFloats(capacity: 130) }
    var worst = Worst()
    for count in kernelLengths {
      for placement in Placement.allCases {
        let p = Distribution.uniform.values(count)
        let g = Distribution.logNormal.values(count, salt: 1)
        let m = Distribution.uniform.values(count, salt: 2)
        let v = Distribution.uniform.values(count, salt: 3).map { $0.magnitude }
        let rows = zip(buffers, [p, g, m, v]).map { $0.place($1, placement) }
        let decay: Float = count.isMultiple(of: 2) ? 0.25 : 0
        table.adamStep(rows[0], rows[1], decay, rows[2], rows[3], count, 0.01, 0.9, 0.999, 1e-8, 0.5)
        for i in 0..<count {
          let slope = Double(g[i]) + Double(decay) * Double(p[i])
          let moment = 0.9 * Double(m[i]) + 0.1 * slope
          let square = 0.999 * Double(v[i]) + 0.001 * slope * slope
          let exact = Double(p[i]) - 0.01 * moment / (square.squareRoot() / 0.5 + 1e-8)
          worst.note(
            (Double(rows[0][i]) - exact).magnitude / (1e-6 * (Double(p[i]).magnitude + 0.1)), "p \(count) \(i)")
          worst.note((Double(rows[3][i]) - square).magnitude / (1e-6 * square), "v \(count) \(i)")
        }
      }
    }
    #expect(worst.value <= 1, "\(worst.place)")
  }
}
