// The two passes of a k-means round over a block of rows.

/// For each row the nearest of `centreCount` centres by squared Euclidean distance, ties to the lowest index.
///
/// Sixteen rows share a vector, so the comparison needs no step across lanes. Distances are sums of squared
/// differences, not of products: no cancellation for rows close to a centre.
/// - Parameters:
///   - rows: number of rows.
///   - width: length of a row.
///   - packed: the rows packed by `packRight` with `transposed`: panels of 16 rows, each `width` groups of 16.
///   - centres: `[centreCount, width]`, row-major.
///   - centreCount: number of centres, at least one.
///   - labels: `rows` indices, written.
///   - distances: `rows` squared distances to that centre, written.
@inline(never)
package func nearestCentre(
  _ rows: Int, _ width: Int, _ packed: UnsafePointer<Float>, _ centres: UnsafePointer<Float>, _ centreCount: Int,
  _ labels: UnsafeMutablePointer<Int32>, _ distances: UnsafeMutablePointer<Float>
) {
  var row = 0
  var panel = packed
  while row < rows {
    var best = Lane(repeating: Float.infinity)
    var label = SIMD16<Int32>.zero
    var centre = 0
    // Twelve sums in flight hide the latency of the multiply-add. Eight or nine centres left are two fours: six would leave
    // ones, of which each waits for itself.
    while centreCount &- centre >= 6 && centreCount &- centre != 8 && centreCount &- centre != 9 {
      let first = centres + centre &* width
      var sum0 = Lane.zero
      var sum1 = Lane.zero
      var sum2 = Lane.zero
      var sum3 = Lane.zero
      var sum4 = Lane.zero
      var sum5 = Lane.zero
      for step in 0..<width {
        let values = load(panel + 16 &* step)
        let difference0 = values - Lane(repeating: first[step])
        sum0 = multiplyAdd(sum0, difference0, difference0)
        let difference1 = values - Lane(repeating: first[width &+ step])
        sum1 = multiplyAdd(sum1, difference1, difference1)
        let difference2 = values - Lane(repeating: first[2 &* width &+ step])
        sum2 = multiplyAdd(sum2, difference2, difference2)
        let difference3 = values - Lane(repeating: first[3 &* width &+ step])
        sum3 = multiplyAdd(sum3, difference3, difference3)
        let difference4 = values - Lane(repeating: first[4 &* width &+ step])
        sum4 = multiplyAdd(sum4, difference4, difference4)
        let difference5 = values - Lane(repeating: first[5 &* width &+ step])
        sum5 = multiplyAdd(sum5, difference5, difference5)
      }
      keepNearer(sum0, centre, &best, &label)
      keepNearer(sum1, centre &+ 1, &best, &label)
      keepNearer(sum2, centre &+ 2, &best, &label)
      keepNearer(sum3, centre &+ 3, &best, &label)
      keepNearer(sum4, centre &+ 4, &best, &label)
      keepNearer(sum5, centre &+ 5, &best, &label)
      centre = centre &+ 6
    }
    while centre &+ 4 <= centreCount {
      let first = centres + centre &* width
      var sum0 = Lane.zero
      var sum1 = Lane.zero
      var sum2 = Lane.zero
      var sum3 = Lane.zero
      for step in 0..<width {
        let values = load(panel + 16 &* step)
        let difference0 = values - Lane(repeating: first[step])
        let difference1 = values - Lane(repeating: first[width &+ step])
        let difference2 = values - Lane(repeating: first[2 &* width &+ step])
        let difference3 = values - Lane(repeating: first[3 &* width &+ step])
        sum0 = multiplyAdd(sum0, difference0, difference0)
        sum1 = multiplyAdd(sum1, difference1, difference1)
        sum2 = multiplyAdd(sum2, difference2, difference2)
        sum3 = multiplyAdd(sum3, difference3, difference3)
      }
      keepNearer(sum0, centre, &best, &label)
      keepNearer(sum1, centre &+ 1, &best, &label)
      keepNearer(sum2, centre &+ 2, &best, &label)
      keepNearer(sum3, centre &+ 3, &best, &label)
      centre = centre &+ 4
    }
    while centre < centreCount {
      let first = centres + centre &* width
      var sum = Lane.zero
      for step in 0..<width {
        let difference = load(panel + 16 &* step) - Lane(repeating: first[step])
        sum = multiplyAdd(sum, difference, difference)
      }
      keepNearer(sum, centre, &best, &label)
      centre = centre &+ 1
    }
    let count = rows &- row
    if count >= 16 {
      store(best, distances + row)
      UnsafeMutableRawPointer(labels + row).storeBytes(of: label, as: SIMD16<Int32>.self)
    } else {
      storePartial(best, distances + row, count)
      for lane in 0..<count { labels[row &+ lane] = label[lane] }
    }
    panel += 16 &* width
    row = row &+ 16
  }
}

/// Replaces the lanes in which the new distance is smaller.
@inline(__always)
func keepNearer(_ distance: Lane, _ centre: Int, _ best: inout Lane, _ label: inout SIMD16<Int32>) {
  let nearer = distance .< best
  best = best.replacing(with: distance, where: nearer)
  label = label.replacing(with: SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: centre)), where: nearer)
}

/// sums[labels[r]] += x[r] and counts[labels[r]] += 1 for each row, in row order.
/// - Parameters:
///   - rows: number of rows.
///   - width: length of a row.
///   - x: `[rows, width]`, row-major without padding.
///   - labels: the cluster of each row.
///   - sums: `[clusters, width]`, updated.
///   - counts: one per cluster, updated.
@inline(never)
package func addRowsByLabel(
  _ rows: Int, _ width: Int, _ x: UnsafePointer<Float>, _ labels: UnsafePointer<Int32>,
  _ sums: UnsafeMutablePointer<Float>, _ counts: UnsafeMutablePointer<Int32>
) {
  for row in 0..<rows {
    let label = Int(labels[row])
    let source = x + row &* width
    let target = sums + label &* width
    counts[label] = counts[label] &+ 1
    var i = 0
    while i &+ 16 <= width {
      store(load(target + i) + load(source + i), target + i)
      i = i &+ 16
    }
    while i < width {
      target[i] += source[i]
      i = i &+ 1
    }
  }
}
