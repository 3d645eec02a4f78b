// Lloyd's k-means, as the local structure term of DaRec uses it.

/// k-means clustering of the rows of a matrix, deterministic at every thread count.
package enum KMeans {
  /// Rows of one block of parallel work over `rows` rows: a multiple of sixteen, a function of the data only.
  ///
  /// At least 256 rows are worth handing to a thread; at most 1,024 are summed in Float.
  private static func blockSize(_ rows: Int) -> Int {
    min(1024, max(256, GemmBlocking.roundUp((rows + 31) / 32, to: 16)))
  }

  /// Lloyd's algorithm for a fixed number of rounds, then a last assignment.
  ///
  /// A round assigns each row to the nearest centre (squared Euclidean distance, ties to the lowest index) and moves
  /// each centre to the mean of its rows. The e-th empty cluster moves to the row that is e-th farthest from its own
  /// centre (ties to the lower row); that row still counts in the mean it was assigned to. With more clusters than rows
  /// the rest keep their centres. Source: Docs/Method.md, local structure alignment.
  ///
  /// Numeric contract: labels are those of sums of squared differences in Float, which products find where they cannot
  /// err (`CentreProducts`); means from Float sums over at most 1,024 rows, Double across blocks. Rows with NaN go to
  /// centre 0.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - start: `[K, d]`, the first centres, K at least one.
  ///   - iterations: rounds of assignment and means.
  /// - Returns: the centres of the last assignment, `[K, d]`, and the label of each row by it, `[n]`.
  /// - Complexity: O(iterations n K d) time, O(n d) memory for the packed rows.
  package static func lloyd(x: Matrix, start: Matrix, iterations: Int) -> (centres: Matrix, labels: [Int32]) {
    precondition(x.columns == start.columns && start.rows > 0, "centres do not fit the rows")
    var centres = start.copy()
    var labels = [Int32](repeating: 0, count: x.rows)
    guard x.rows > 0 else { return (centres, labels) }
    let (packed, largestSquare) = packedRows(x)
    let distances = Matrix.uninitialized(rows: 1, columns: x.rows)
    let table = kernels
    labels.withUnsafeMutableBufferPointer { buffer in
      guard let target = buffer.baseAddress else { return }
      for _ in 0..<max(0, iterations) {
        let products = CentreProducts(centres: centres, largestRowSquare: largestSquare)
        let moved = centres.copy()
        let counts = sumBlocks(x, moved) { range, sums, counts in
          label(range, x, packed, centres, products, target, distances)
          table.addRowsByLabel(
            range.count, x.columns, x.row(range.lowerBound), target + range.lowerBound, sums, counts)
        }
        // Only a cluster without rows asks for distances, which products do not leave behind.
        if counts.contains(0) {
          if products.margin < .infinity { assign(x, packed, centres, target, distances) }
          reseedEmptyClusters(x, moved, counts, distances)
        }
        centres = moved
      }
      let products = CentreProducts(centres: centres, largestRowSquare: largestSquare)
      parallelRanges(x.rows, blockSize: blockSize(x.rows)) { range in
        label(range, x, packed, centres, products, target, distances)
      }
    }
    return (centres, labels)
  }

  /// The nearest of `centres` for each row, ties to the lowest index, and its squared distance.
  /// - Parameters:
  ///   - x: `[n, d]`.
  ///   - centres: `[K, d]`, K at least one.
  package static func nearest(x: Matrix, centres: Matrix) -> (labels: [Int32], squaredDistances: [Float]) {
    precondition(x.columns == centres.columns && centres.rows > 0, "centres do not fit the rows")
    var labels = [Int32](repeating: 0, count: x.rows)
    let distances = Matrix.uninitialized(rows: 1, columns: x.rows)
    let packed = packedRows(x).panels
    labels.withUnsafeMutableBufferPointer { buffer in
      if let target = buffer.baseAddress { assign(x, packed, centres, target, distances) }
    }
    return (labels, distances.values)
  }

  /// k-means++ starting centres, `[k, d]`.
  ///
  /// The first is a row drawn uniformly, each next one a row drawn with probability proportional to the squared
  /// distance from the nearest of those before; where all distances are zero, uniformly.
  /// Source: Arthur and Vassilvitskii 2007, "k-means++: the advantages of careful seeding".
  /// - Parameters:
  ///   - x: `[n, d]`, n at least one.
  ///   - k: number of centres, at least one.
  ///   - stream: the source of the draws; advanced.
  package static func plusPlus(x: Matrix, k: Int, stream: inout RandomStream) -> Matrix {
    precondition(k > 0 && x.rows > 0, "k-means++ needs rows and a positive number of centres")
    let centres = Matrix.uninitialized(rows: k, columns: x.columns)
    let table = kernels
    let nearest = Matrix.uninitialized(rows: 1, columns: x.rows)
    nearest.fill(.infinity)
    var chosen = stream.below(x.rows)
    for centre in 0..<k {
      let current = centres.row(centre)
      current.update(from: x.row(chosen), count: x.columns)
      if centre == k - 1 { break }
      let total = parallelSum(x.rows, blockSize: blockSize(x.rows)) { range in
        var sum = 0.0
        for row in range {
          let distance = table.squaredDistance(x.row(row), current, x.columns)
          if distance < nearest.pointer[row] { nearest.pointer[row] = distance }
          sum += Double(nearest.pointer[row])
        }
        return sum
      }
      let fraction = stream.uniformDouble()
      guard total > 0, total.isFinite else {
        chosen = min(x.rows - 1, Int(fraction * Double(x.rows)))
        continue
      }
      let target = fraction * total
      var sum = 0.0
      // Rounding may leave the running sum a little below the total: then the last row with a distance is taken.
      for row in 0..<x.rows where nearest.pointer[row] > 0 {
        sum += Double(nearest.pointer[row])
        chosen = row
        if sum > target { break }
      }
    }
    return centres
  }

  /// Mean of the rows of each label, `[k, d]`, and the number of rows of each.
  ///
  /// A label without rows gives zeros.
  package static func means(x: Matrix, labels: [Int32], k: Int) -> (means: Matrix, counts: [Int]) {
    precondition(labels.count == x.rows, "one label is needed for each row")
    let means = Matrix(rows: k, columns: x.columns)
    var counts = [Int](repeating: 0, count: k)
    labels.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let table = kernels
      counts = sumBlocks(x, means) { range, sums, counts in
        table.addRowsByLabel(
          range.count, x.columns, x.row(range.lowerBound), base + range.lowerBound, sums, counts)
      }
    }
    return (means, counts)
  }

  /// The rows in panels of sixteen, so that a vector holds one coordinate of sixteen rows, and the largest sum of squares
  /// of a row.
  private static func packedRows(_ x: Matrix) -> (panels: Matrix, largestSquare: Float) {
    let packed = Matrix.uninitialized(rows: (x.rows + 15) / 16, columns: 16 * x.columns)
    let table = kernels
    let rowsPerBlock = blockSize(x.rows)
    var squares = [Float](repeating: 0, count: (x.rows + rowsPerBlock - 1) / rowsPerBlock)
    squares.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      parallelRanges(x.rows, blockSize: rowsPerBlock) { range in
        let panels = packed.row(range.lowerBound / 16)
        table.packRight(x.columns, range.count, x.row(range.lowerBound), x.columns, true, panels)
        base[range.lowerBound / rowsPerBlock] = table.largestPanelSquare((range.count + 15) / 16, x.columns, panels)
      }
    }
    return (packed, squares.max() ?? 0)
  }

  /// Writes the label and distance of each row.
  private static func assign(
    _ x: Matrix, _ packed: Matrix, _ centres: Matrix, _ labels: UnsafeMutablePointer<Int32>, _ distances: Matrix
  ) {
    let table = kernels
    parallelRanges(x.rows, blockSize: blockSize(x.rows)) { range in
      table.nearestCentre(
        range.count, x.columns, packed.row(range.lowerBound / 16), centres.pointer, centres.rows,
        labels + range.lowerBound, distances.pointer + range.lowerBound)
    }
  }

  /// Writes the labels that `assign` gives for `range`; `distances` is work space.
  private static func label(
    _ range: Range<Int>, _ x: Matrix, _ packed: Matrix, _ centres: Matrix, _ products: CentreProducts,
    _ labels: UnsafeMutablePointer<Int32>, _ distances: Matrix
  ) {
    let table = kernels
    let panels = packed.row(range.lowerBound / 16)
    let target = labels + range.lowerBound
    let work = distances.pointer + range.lowerBound
    if products.margin < .infinity {
      table.nearestCentreByProducts(
        range.count, centres.columns, panels, products.groups.pointer, centres.pointer, centres.rows, products.margin,
        x.row(range.lowerBound), target, work)
    } else {
      table.nearestCentre(range.count, centres.columns, panels, centres.pointer, centres.rows, target, work)
    }
  }

  /// Lets `body` add rows to zeroed sums `[K, d]` and counts `[K]` per block, then replaces the rows of `centres` that
  /// have members by their means, summed over blocks in order.
  private static func sumBlocks(
    _ x: Matrix, _ centres: Matrix,
    _ body: (Range<Int>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Int32>) -> Void
  ) -> [Int] {
    let rowsPerBlock = blockSize(x.rows)
    let blocks = (x.rows + rowsPerBlock - 1) / rowsPerBlock
    let sums = Matrix(rows: blocks, columns: centres.count)
    var blockCounts = [Int32](repeating: 0, count: blocks * centres.rows)
    blockCounts.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      parallelRanges(x.rows, blockSize: rowsPerBlock) { range in
        let block = range.lowerBound / rowsPerBlock
        body(range, sums.row(block), base + block * centres.rows)
      }
    }
    var counts = [Int](repeating: 0, count: centres.rows)
    var totals = [Double](repeating: 0, count: centres.count)
    totals.withUnsafeMutableBufferPointer { totals in
      for block in 0..<blocks {
        let line = sums.row(block)
        for index in totals.indices { totals[index] += Double(line[index]) }
        for centre in counts.indices { counts[centre] += Int(blockCounts[block * centres.rows + centre]) }
      }
      for centre in counts.indices where counts[centre] > 0 {
        let target = centres.row(centre)
        for column in 0..<centres.columns {
          target[column] = Float(totals[centre * centres.columns + column] / Double(counts[centre]))
        }
      }
    }
    return counts
  }

  /// Moves each empty cluster to the farthest row not yet taken by another one.
  private static func reseedEmptyClusters(_ x: Matrix, _ centres: Matrix, _ counts: [Int], _ distances: Matrix) {
    let empty = counts.indices.filter { counts[$0] == 0 }
    guard !empty.isEmpty else { return }
    let farthest = topK(of: distances.pointer, count: x.rows, k: empty.count)
    for (cluster, row) in zip(empty, farthest) {
      centres.row(cluster).update(from: x.row(Int(row.index)), count: x.columns)
    }
  }
}
