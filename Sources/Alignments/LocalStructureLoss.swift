// Alignment of matched preference centres.

import Autodiff
import Numerics

/// What is asked of the matched centres (reading A7).
package enum LocalLoss: String, CaseIterable, Sendable {
  /// Cosine 1 on the diagonal and 0 off it.
  case identity
  /// Cosine 1 on the diagonal only.
  case diagonal
  /// Small Euclidean distance of matched centres.
  case distance
  /// Each centre nearest to its partner among all centres of the other side (InfoNCE, τ = 0.2, both directions).
  case contrastive
}

/// Value of the local term and its gradient with respect to the matched centres.
package struct LocalStructure {
  /// The term's value.
  package var value: Double
  /// `[K, d]` row-major.
  package var gradientLeft: [Double]
  /// `[K, d]` row-major, in matched order.
  package var gradientRight: [Double]

  /// Computes one form of the term in Double.
  ///
  /// Source: Docs/Method.md, "DaRec" and reading A7.
  /// - Parameters:
  ///   - left: collaborative centres, `[count, width]`.
  ///   - right: their partners, `[count, width]`.
  ///   - count: K.
  ///   - width: d.
  ///   - form: which form of the loss.
  package init(_ left: [Double], _ right: [Double], count: Int, width: Int, form: LocalLoss) {
    if form == .distance {
      var value = 0.0
      gradientLeft = [Double](repeating: 0, count: left.count)
      gradientRight = gradientLeft
      for position in 0..<left.count {
        let difference = left[position] - right[position]
        value += difference * difference
        gradientLeft[position] = 2 * difference / Double(count)
        gradientRight[position] = -2 * difference / Double(count)
      }
      self.value = value / Double(count)
      return
    }
    let unitLeft = UnitCentres(left, count: count, width: width)
    let unitRight = UnitCentres(right, count: count, width: width)
    var cosines = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in 0..<count {
        var sum = 0.0
        for position in 0..<width {
          sum += unitLeft.values[row * width + position] * unitRight.values[column * width + position]
        }
        cosines[row * count + column] = sum
      }
    }
    var slopes = [Double](repeating: 0, count: count * count)
    switch form {
    case .identity: value = Self.identity(cosines, count: count, slopes: &slopes, offDiagonal: true)
    case .diagonal: value = Self.identity(cosines, count: count, slopes: &slopes, offDiagonal: false)
    case .contrastive: value = Self.contrastive(cosines, count: count, slopes: &slopes)
    case .distance: value = 0
    }
    gradientLeft = unitLeft.backward(slopes, partner: unitRight, transposed: false)
    gradientRight = unitRight.backward(slopes, partner: unitLeft, transposed: true)
  }

  /// (1/K) Σ_i (1 - M_ii)² + (1/(K² - K)) Σ_{i≠j} M_ij².
  private static func identity(
    _ cosines: [Double], count: Int, slopes: inout [Double], offDiagonal: Bool
  ) -> Double {
    let diagonalShare = 1 / Double(count)
    let otherShare = count > 1 && offDiagonal ? 1 / Double(count * count - count) : 0
    var value = 0.0
    for row in 0..<count {
      for column in 0..<count {
        let cosine = cosines[row * count + column]
        let (error, share) = row == column ? (cosine - 1, diagonalShare) : (cosine, otherShare)
        value += share * error * error
        slopes[row * count + column] = 2 * share * error
      }
    }
    return value
  }

  /// -(1/2K) Σ_i [log softmax_j(M_ij/τ)_i + log softmax_j(M_ji/τ)_i], τ = 0.2.
  private static func contrastive(_ cosines: [Double], count: Int, slopes: inout [Double]) -> Double {
    let inverse = 5.0
    let share = 1 / (2 * Double(count))
    var value = 0.0
    for transposed in [false, true] {
      for row in 0..<count {
        func place(_ column: Int) -> Int { transposed ? column * count + row : row * count + column }
        let exponentials = (0..<count).map { exponential(cosines[place($0)] * inverse) }
        let sum = exponentials.reduce(0, +)
        value += share * (logarithm(sum) - cosines[place(row)] * inverse)
        for column in 0..<count {
          slopes[place(column)] += share * inverse * (exponentials[column] / sum - (column == row ? 1 : 0))
        }
      }
    }
    return value
  }
}

/// Centres scaled to unit length, in Double.
private struct UnitCentres {
  let count: Int
  let width: Int
  let values: [Double]
  let inverseLengths: [Double]

  init(_ centres: [Double], count: Int, width: Int) {
    self.count = count
    self.width = width
    var values = centres
    var inverseLengths = [Double](repeating: 0, count: count)
    for row in 0..<count {
      var squared = 0.0
      for position in row * width..<(row + 1) * width { squared += centres[position] * centres[position] }
      inverseLengths[row] = 1 / max(squared.squareRoot(), 1e-12)
      for position in row * width..<(row + 1) * width { values[position] *= inverseLengths[row] }
    }
    self.values = values
    self.inverseLengths = inverseLengths
  }

  /// Gradient with respect to the centres, given d(value)/d(cosine_ij) in `slopes` `[count, count]`.
  func backward(_ slopes: [Double], partner: UnitCentres, transposed: Bool) -> [Double] {
    var result = [Double](repeating: 0, count: values.count)
    for row in 0..<count {
      var gradient = [Double](repeating: 0, count: width)
      for column in 0..<count {
        let slope = transposed ? slopes[column * count + row] : slopes[row * count + column]
        for position in 0..<width { gradient[position] += slope * partner.values[column * width + position] }
      }
      var along = 0.0
      for position in 0..<width { along += gradient[position] * values[row * width + position] }
      for position in 0..<width {
        result[row * width + position] =
          (gradient[position] - along * values[row * width + position]) * inverseLengths[row]
      }
    }
    return result
  }
}

/// Rows of one side, ready to be clustered.
struct ClusteredSide {
  /// Unit rows (spherical) or the raw rows.
  let rows: Matrix
  private let unit: UnitRows?

  init(_ x: Matrix, spherical: Bool) {
    let unit = spherical ? UnitRows(x) : nil
    self.unit = unit
    rows = unit?.value ?? x
  }

  /// Sends a gradient on the centres to the member rows: each member gets its centre's gradient over the cluster size.
  func accumulate(_ gradient: [Double], factor: Double, labels: [Int32], sizes: [Int], into variable: Variable) {
    let width = rows.columns
    variable.accumulate { target, adds in
      let memberGradient = unit == nil && !adds ? target : Matrix.uninitialized(rows: rows.rows, columns: width)
      for (row, label) in labels.enumerated() {
        let cluster = Int(label)
        let share = factor / Double(max(1, sizes[cluster]))
        let output = memberGradient.row(row)
        for column in 0..<width { output[column] = Float(share * gradient[cluster * width + column]) }
      }
      if let unit {
        unit.backward(memberGradient, into: target, adds: adds)
      } else if adds {
        target.add(memberGradient)
      }
    }
  }
}

/// Where k-means starts and what it ended with, one side each.
package struct CentreStart {
  package var collaborative: Matrix
  package var language: Matrix

  /// Centres of both sides, each `[K, d]`.
  package init(collaborative: Matrix, language: Matrix) {
    self.collaborative = collaborative
    self.language = language
  }

  /// True when both sides have `clusters` centres of the width of their rows; a checkpoint may hold others.
  func fits(_ behaviour: Matrix, _ text: Matrix, clusters: Int) -> Bool {
    collaborative.rows == clusters && collaborative.columns == behaviour.columns && language.rows == clusters
      && language.columns == text.columns
  }
}

extension Tape {
  /// The local term on two shared spaces: cluster each side, match the centres, compare the matched centres.
  ///
  /// Source: DaRec, L_loc (Docs/Method.md, "DaRec").
  ///
  /// Assignments and matching are constants; the centres are the means of their members, through which the gradient
  /// flows to both sides.
  /// - Parameters:
  ///   - a: collaborative shared part, `[n, d]`.
  ///   - b: language shared part, `[n, d]`.
  ///   - start: first centres of both sides, `[K, d]`; replaced by the last ones for a warm start.
  ///   - iterations: Lloyd rounds.
  ///   - spherical: cluster unit rows (default) or raw rows (reading A10).
  ///   - matching: how centres are paired.
  ///   - form: which loss on the pairs.
  ///   - stream: random numbers for random matching.
  ///   - weight: the term's weight in the total.
  package func localStructure(
    _ a: Variable, _ b: Variable, start: inout CentreStart, iterations: Int, spherical: Bool,
    matching: CentreMatching, form: LocalLoss, stream: RandomStream, weight: Float
  ) -> LossTerm {
    let left = ClusteredSide(a.value, spherical: spherical)
    let right = ClusteredSide(b.value, spherical: spherical)
    let clustersA = KMeans.lloyd(x: left.rows, start: start.collaborative, iterations: iterations)
    let clustersB = KMeans.lloyd(x: right.rows, start: start.language, iterations: iterations)
    start = CentreStart(collaborative: clustersA.centres, language: clustersB.centres)
    let count = clustersA.centres.rows
    let centresA = CentreTable(meansOf: left.rows, labels: clustersA.labels, count: count)
    let centresB = CentreTable(meansOf: right.rows, labels: clustersB.labels, count: count)
    let partner = matching.match(
      centresA, centresB, leftLabels: clustersA.labels, rightLabels: clustersB.labels, stream: stream)
    let local = LocalStructure(
      centresA.values, centresB.reordered(partner), count: count, width: centresA.width, form: form)
    return recordLoss(name: "local", value: local.value, weight: weight) { seed in
      left.accumulate(
        local.gradientLeft, factor: Double(seed), labels: clustersA.labels, sizes: centresA.sizes, into: a)
      var gradientB = [Double](repeating: 0, count: centresB.values.count)
      for (row, cluster) in partner.enumerated() {
        for column in 0..<centresB.width {
          gradientB[cluster * centresB.width + column] += local.gradientRight[row * centresB.width + column]
        }
      }
      right.accumulate(gradientB, factor: Double(seed), labels: clustersB.labels, sizes: centresB.sizes, into: b)
    }
  }
}
