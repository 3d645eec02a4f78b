// k-means against golden runs and a plain Double implementation.

import Numerics
import Testing

@Suite(.serialized) struct KMeansTests {
  @Test func emptyClusterTakesTheFarthestRow() throws {
    let x = try GoldenArray("kmeans_empty_cluster.x").matrix
    let start = try GoldenArray("kmeans_empty_cluster.start").matrix
    let (centres, labels) = KMeans.lloyd(x: x, start: start, iterations: 4)
    #expect(labels == (try GoldenArray("kmeans_empty_cluster.labels.f64").integers))
    let expected = try GoldenArray("kmeans_empty_cluster.centres.f64").values
    for (value, exact) in zip(centres.values, expected) { #expect((Double(value) - exact).magnitude <= 1e-5) }
    var inertia = 0.0
    for row in 0..<x.rows {
      for column in 0..<x.columns {
        let difference = Double(x[row, column]) - Double(centres[Int(labels[row]), column])
        inertia += difference * difference
      }
    }
    #expect((inertia - 126.81252318258905).magnitude <= 1e-5 * 126.8)
  }

  @Test func goldenLocalTermClustersAndMatches() throws {
    var means: [Matrix] = []
    for side in ["a", "b"] {
      let x = try GoldenArray("darec_local_full.\(side)").matrix.normalizedRows().matrix
      let chosen = try GoldenArray("darec_local_full.i\(side)").integers
      let (_, labels) = KMeans.lloyd(x: x, start: x.gatherRows(chosen), iterations: 5)
      #expect(labels == (try GoldenArray("darec_local_full.labels_\(side).f64").integers))
      let mean = KMeans.means(x: x, labels: labels, k: 4).means
      let expected = try GoldenArray("darec_local_full.centres_\(side).f64").values
      for (value, exact) in zip(mean.values, expected) { #expect((Double(value) - exact).magnitude <= 1e-6) }
      means.append(mean)
    }
    let matching = greedyAssignment(distances: squaredDistances(means[0], means[1]), size: 4)
    #expect(matching == (try GoldenArray("darec_local_full.perm.f64").integers.map { Int($0) }))
  }

  @Test(arguments: [1, 2, 15, 16, 17, 300, 1000], [1, 3, 4, 5, 6, 7, 8, 9, 10, 15, 64]) func assignmentMatchesDouble(
    _ n: Int, _ k: Int
  ) {
    for width in [1, 7, 32] {
      let x = Matrix(rows: n, columns: width, values: Distribution.uniform.values(n * width))
      let centres = Matrix(rows: k, columns: width, values: Distribution.uniform.values(k * width, salt: 1))
      let (labels, distances) = KMeans.nearest(x: x, centres: centres)
      let exact = squaredDistances(x, centres)
      for row in 0..<n {
        let line = exact[row * k..<row * k + k]
        let least = line.min() ?? 0
        // Where two centres are equally near to Float accuracy either may be chosen.
        #expect(line[row * k + Int(labels[row])] <= least * (1 + 1e-5) + 1e-9)
        #expect((Double(distances[row]) - least).magnitude <= 1e-5 * least + 1e-9)
      }
    }
  }

  @Test func tiesGoToTheLowestCentre() {
    let x = Matrix(rows: 33, columns: 2, values: (0..<66).map { Float($0 % 2) })
    let centres = Matrix(rows: 6, columns: 2, values: [9, 9, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    #expect(KMeans.nearest(x: x, centres: centres).labels.allSatisfy { $0 == 1 })
  }

  @Test func moreClustersThanRowsKeepTheirCentres() {
    let x = Matrix(rows: 2, columns: 1, values: [0, 1])
    let start = Matrix(rows: 5, columns: 1, values: [0, 1, 7, 8, 9])
    let (centres, labels) = KMeans.lloyd(x: x, start: start, iterations: 3)
    #expect(labels == [0, 1] && centres.rows == 5 && centres.pointer[4] == 9)
    let none = KMeans.lloyd(x: Matrix(rows: 0, columns: 1), start: start, iterations: 3)
    #expect(none.labels.isEmpty && none.centres.values == start.values)
  }

  @Test func bitsDoNotDependOnTheThreadCount() {
    let threads = Parallelism.threadCount
    defer { Parallelism.threadCount = threads }
    let x = Matrix(rows: 3000, columns: 20, values: Distribution.uniform.values(60_000))
    var reference: ([Float], [Int32])?
    for count in [1, 2, 3, 8] {
      Parallelism.threadCount = count
      var stream = RandomStream(seed: 1, purpose: .kMeans)
      let start = KMeans.plusPlus(x: x, k: 12, stream: &stream)
      let (centres, labels) = KMeans.lloyd(x: x, start: start, iterations: 5)
      if let reference {
        #expect(centres.values == reference.0 && labels == reference.1)
      } else {
        reference = (centres.values, labels)
      }
    }
  }

  @Test func plusPlusFindsSeparatedClusters() {
    // Eight tight groups far apart: careful seeding takes one row of each.
    let values = (0..<800).flatMap { row -> [Float] in
      [Float(row % 8) * 1000 + Float(row) * 0.001, Float(row % 8 % 3) * 1000]
    }
    let x = Matrix(rows: 800, columns: 2, values: values)
    for seed in 0..<20 {
      var stream = RandomStream(seed: UInt64(seed), purpose: .kMeans)
      let start = KMeans.plusPlus(x: x, k: 8, stream: &stream)
      #expect(
        Set(start.values.enumerated().filter { $0.offset % 2 == 0 }.map { Int(($0.element / 1000).rounded()) }).count
          == 8)
    }
    var stream = RandomStream(seed: 1, purpose: .kMeans)
    let same = KMeans.plusPlus(x: Matrix(rows: 3, columns: 1, values: [2, 2, 2]), k: 3, stream: &stream)
    #expect(same.values == [2, 2, 2])
  }
}
