// Coordinates in the plane for rows of a space.

import Evaluation
import Numerics

/// How a space of many dimensions is brought to the plane.
package enum MapMethod: String, CaseIterable, Sendable {
  /// Keeps neighbourhoods; distances between far groups mean nothing.
  case tsne
  /// A shadow along the two directions of largest variance; keeps large distances.
  case pca

  /// For captions.
  var name: String { self == .tsne ? "t-SNE" : "principal components" }
}

/// A space in the plane.
struct PlanarMap {
  /// `[n, 2]`.
  let coordinates: Matrix
  /// Share of the variance that the plane shows; for principal components only.
  let explained: Double?

  /// Maps the directions of vectors (rows are brought to length 1: alignments and rankings compare cosines).
  /// - Parameters:
  ///   - vectors: `[n, d]`, n at most `TSNE.pointLimit`.
  ///   - method: how.
  init(_ vectors: Matrix, method: MapMethod) {
    let unit = vectors.normalizedRows().matrix
    switch method {
    case .tsne:
      coordinates = TSNE.embed(unit).coordinates
      explained = nil
    case .pca:
      let components = PrincipalComponents(of: unit, count: 2)
      let projected = components.project(unit)
      let plane = Matrix(rows: unit.rows, columns: 2)
      for row in 0..<plane.rows {
        for column in 0..<min(2, projected.columns) { plane[row, column] = projected[row, column] }
      }
      coordinates = plane
      explained =
        components.totalVariance > 0 ? components.variances.reduce(0, +) / components.totalVariance : nil
    }
  }

  private init(coordinates: Matrix, explained: Double?) {
    self.coordinates = coordinates
    self.explained = explained
  }

  /// The same map, turned and mirrored so that rows lie as near as possible to those of another map.
  ///
  /// Neither method fixes how a map is turned; after this, two maps of the same things can be compared by eye. The best
  /// rotation or reflection R maximises trace(R^T A^T B) over centred maps, which in the plane has a closed form.
  func turned(to other: PlanarMap) -> PlanarMap {
    let a = Self.centred(coordinates)
    let b = Self.centred(other.coordinates)
    let m = doubleGram(a, b)
    // Best rotation by angle t: (m00 + m11) cos t + (m01 - m10) sin t; best reflection likewise with signs changed.
    let rotation = ((m[0] + m[3]) * (m[0] + m[3]) + (m[1] - m[2]) * (m[1] - m[2])).squareRoot()
    let reflection = ((m[0] - m[3]) * (m[0] - m[3]) + (m[1] + m[2]) * (m[1] + m[2])).squareRoot()
    guard rotation > 0 || reflection > 0, rotation.isFinite, reflection.isFinite else { return self }
    let r: [Double]
    if rotation >= reflection {
      let (cosine, sine) = ((m[0] + m[3]) / rotation, (m[1] - m[2]) / rotation)
      r = [cosine, sine, -sine, cosine]
    } else {
      let (cosine, sine) = ((m[0] - m[3]) / reflection, (m[1] + m[2]) / reflection)
      r = [cosine, sine, sine, -cosine]
    }
    let result = Matrix(rows: a.rows, columns: 2)
    for row in 0..<a.rows {
      let (x, y) = (Double(a[row, 0]), Double(a[row, 1]))
      result[row, 0] = Float(x * r[0] + y * r[2])
      result[row, 1] = Float(x * r[1] + y * r[3])
    }
    return PlanarMap(coordinates: result, explained: explained)
  }

  private static func centred(_ map: Matrix) -> Matrix {
    let mean = map.columnSums().map { $0 / Float(max(1, map.rows)) }
    let result = map.copy()
    for row in 0..<map.rows { for column in 0..<2 { result[row, column] -= mean[column] } }
    return result
  }
}
