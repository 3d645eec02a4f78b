// The gradient descent of t-SNE over all pairs of points.

/// The state of a t-SNE map: where the points are, how fast they move, and how far each may step.
struct TSNEDescent {
  /// Step size.
  var rate: Float = 200

  private let affinities: TSNEAffinities
  /// Horizontal and vertical positions, each padded to a multiple of sixteen.
  private let x: Matrix
  private let y: Matrix
  /// Per point: attraction x, attraction y, repulsion x, repulsion y.
  private let forces: Matrix
  /// Per point and axis: velocity and gain.
  private let velocity: Matrix
  private let gain: Matrix

  /// Where padding lies: so far away that it pulls and pushes nothing.
  private static let nowhere: Float = 1e15

  /// Puts the points at their start, `[n, 2]`.
  init(_ affinities: TSNEAffinities, start: Matrix) {
    self.affinities = affinities
    let n = affinities.count
    let padded = affinities.probabilities.columns
    x = Matrix(rows: 1, columns: padded)
    y = Matrix(rows: 1, columns: padded)
    x.fill(Self.nowhere)
    y.fill(Self.nowhere)
    for point in 0..<n {
      x.pointer[point] = start[point, 0]
      y.pointer[point] = start[point, 1]
    }
    forces = Matrix(rows: n, columns: 4)
    velocity = Matrix(rows: n, columns: 2)
    gain = Matrix(rows: n, columns: 2)
    gain.fill(1)
  }

  /// The positions as `[n, 2]`.
  var coordinates: Matrix {
    let result = Matrix.uninitialized(rows: affinities.count, columns: 2)
    for point in 0..<affinities.count {
      result[point, 0] = x.pointer[point]
      result[point, 1] = y.pointer[point]
    }
    return result
  }

  /// One step of all points.
  mutating func step(exaggeration: Float, momentum: Float) {
    let n = affinities.count
    let normalizer = parallelSum(n, blockSize: 16) { range in
      var sum = 0.0
      for point in range { sum += force(on: point) }
      return sum
    }
    let repulsion = Float(1 / max(normalizer, .leastNormalMagnitude))
    for axis in 0..<2 {
      let position = axis == 0 ? x.pointer : y.pointer
      var mean = 0.0
      for point in 0..<n {
        let line = forces.row(point)
        let gradient = 4 * (exaggeration * line[axis] - repulsion * line[2 + axis])
        let slot = 2 * point + axis
        // A gain grows while the point keeps its direction and shrinks when it turns.
        let turned = (gradient > 0) == (velocity.pointer[slot] > 0)
        gain.pointer[slot] = max(0.01, turned ? gain.pointer[slot] * 0.8 : gain.pointer[slot] + 0.2)
        velocity.pointer[slot] = momentum * velocity.pointer[slot] - rate * gain.pointer[slot] * gradient
        position[point] += velocity.pointer[slot]
        mean += Double(position[point])
      }
      let centre = Float(mean / Double(n))
      for point in 0..<n { position[point] -= centre }
    }
  }

  /// Writes the attraction Σ p w (y_i - y_j) and the repulsion Σ w^2 (y_i - y_j) on one point; returns Σ_j≠i w.
  private func force(on point: Int) -> Double {
    typealias Lane = SIMD16<Float>
    let probabilities = UnsafeRawPointer(affinities.probabilities.row(point))
    let horizontal = UnsafeRawPointer(x.pointer)
    let vertical = UnsafeRawPointer(y.pointer)
    let ownX = Lane(repeating: x.pointer[point])
    let ownY = Lane(repeating: y.pointer[point])
    let one = Lane(repeating: 1)
    var sum = Lane()
    var pullX = Lane()
    var pullY = Lane()
    var pushX = Lane()
    var pushY = Lane()
    for start in stride(from: 0, to: affinities.probabilities.columns * 4, by: 64) {
      let dx = ownX - (horizontal + start).loadUnaligned(as: Lane.self)
      let dy = ownY - (vertical + start).loadUnaligned(as: Lane.self)
      let weight = one / (one + dx * dx + dy * dy)
      let pull = (probabilities + start).loadUnaligned(as: Lane.self) * weight
      let push = weight * weight
      sum += weight
      pullX += pull * dx
      pullY += pull * dy
      pushX += push * dx
      pushY += push * dy
    }
    let line = forces.row(point)
    line[0] = pullX.sum()
    line[1] = pullY.sum()
    line[2] = pushX.sum()
    line[3] = pushY.sum()
    // The point's own weight is exactly 1.
    return Double(sum.sum()) - 1
  }

  /// KL(P || Q) = Σ p ln p - Σ p ln w + ln Σ w, in nats.
  func divergence() -> Double {
    let n = affinities.count
    var normalizers = [Double](repeating: 0, count: n)
    let (x, y, probabilities) = (x, y, affinities.probabilities)
    var total = 0.0
    normalizers.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      total = parallelSum(n, blockSize: 16) { range in
        let ratio = Matrix(rows: 1, columns: n)
        let logs = Matrix(rows: 1, columns: n)
        var sum = 0.0
        for point in range {
          let line = probabilities.row(point)
          var weights = 0.0
          for other in 0..<n {
            let dx = x.pointer[point] - x.pointer[other]
            let dy = y.pointer[point] - y.pointer[other]
            let squared = 1 + dx * dx + dy * dy
            if other != point { weights += Double(1 / squared) }
            // A pair with p = 0 adds nothing; its ratio is put at 1.
            ratio.pointer[other] = line[other] > 0 ? max(line[other] * squared, .leastNormalMagnitude) : 1
          }
          kernels.log(ratio.pointer, logs.pointer, n)
          sum += Double(kernels.dot(line, logs.pointer, n))
          target[point] = weights
        }
        return sum
      }
    }
    return total + logarithm(normalizers.reduce(0, +))
  }
}
