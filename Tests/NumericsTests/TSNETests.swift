// t-SNE: planted clusters come apart, the divergence falls, threads do not matter, nothing makes it fail.

import Numerics
import Testing

@Suite(.serialized) struct TSNETests {
  /// `clusters` normal clouds around far points, in order.
  private func planted(clusters: Int, perCluster: Int, dimension: Int = 10, distance: Double = 8) -> Matrix {
    var stream = RandomStream(seed: 4, purpose: .test)
    let matrix = Matrix(rows: clusters * perCluster, columns: dimension)
    for cluster in 0..<clusters {
      let centre = (0..<dimension).map { _ in stream.normal() * distance }
      for member in 0..<perCluster {
        for column in 0..<dimension {
          matrix[cluster * perCluster + member, column] = Float(centre[column] + stream.normal())
        }
      }
    }
    return matrix
  }

  @Test func separatesPlantedClusters() {
    let map = TSNE.embed(planted(clusters: 5, perCluster: 60))
    let points = map.coordinates
    var errors = 0
    for point in 0..<points.rows {
      var nearest = (distance: Float.infinity, row: 0)
      for other in 0..<points.rows where other != point {
        let (dx, dy) = (points[point, 0] - points[other, 0], points[point, 1] - points[other, 1])
        if dx * dx + dy * dy < nearest.distance { nearest = (dx * dx + dy * dy, other) }
      }
      if nearest.row / 60 != point / 60 { errors += 1 }
    }
    #expect(errors <= 1)
    // Clusters are connected sets of their own: every centre is nearer to its members than to others' centres.
    let centres = (0..<5).map { cluster -> (Float, Float) in
      let rows = cluster * 60..<(cluster + 1) * 60
      return (rows.reduce(0) { $0 + points[$1, 0] } / 60, rows.reduce(0) { $0 + points[$1, 1] } / 60)
    }
    for point in 0..<points.rows {
      let distances = centres.map {
        ($0.0 - points[point, 0]) * ($0.0 - points[point, 0]) + ($0.1 - points[point, 1]) * ($0.1 - points[point, 1])
      }
      #expect(distances.indices.min { distances[$0] < distances[$1] } == point / 60)
    }
  }

  @Test func theDivergenceFallsAfterExaggeration() {
    let map = TSNE.embed(planted(clusters: 4, perCluster: 40))
    let late = map.divergences.filter { $0.iteration >= 250 }
    #expect(late.count > 5)
    for (before, after) in zip(late, late.dropFirst()) { #expect(after.value < before.value + 0.01) }
    if let first = late.first, let last = late.last { #expect(last.value < 0.8 * first.value) }
    #expect(map.divergences.allSatisfy { $0.value >= 0 })
  }

  @Test func isTheSameAtEveryThreadCount() {
    let x = planted(clusters: 3, perCluster: 43, dimension: 7)
    var options = TSNE.Options()
    options.iterations = 120
    options.exaggerationIterations = 60
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    let maps = [1, 2, 5].map { threads -> [UInt32] in
      Parallelism.threadCount = threads
      return TSNE.embed(x, options: options).coordinates.values.map(\.bitPattern)
    }
    #expect(maps[0] == maps[1] && maps[1] == maps[2])
  }

  @Test(arguments: [0, 1, 2, 3, 4, 17, 64])
  func coincidentAndConstantPointsGiveFiniteMaps(count: Int) {
    var options = TSNE.Options()
    options.iterations = 300
    let same = Matrix(rows: count, columns: 3)
    same.fill(2)
    let pairs = Matrix(rows: count, columns: 3)
    let huge = Matrix(rows: count, columns: 3)
    for row in 0..<count {
      pairs[row, 0] = Float(row % 2) * 5
      huge[row, row % 3] = row % 2 == 0 ? 3e38 : -1e-38
    }
    for x in [same, pairs, huge, Matrix(rows: count, columns: 0)] {
      let map = TSNE.embed(x, options: options)
      #expect(map.coordinates.rows == count && map.coordinates.columns == 2)
      #expect(map.coordinates.values.allSatisfy { $0.isFinite })
      #expect(map.divergences.allSatisfy { $0.value.isFinite })
    }
  }
}
