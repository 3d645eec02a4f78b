// The nearest centre by products: half the arithmetic of differences where the nearest is clear.

import CPlatform

/// For each row the label that `nearestCentre` gives, from products wherever rounding cannot change it.
///
/// Half of |x - c|^2 - |x|^2 is |c|^2 / 2 - x c: one multiply-add for each coordinate where a difference and its square are
/// two operations. A product cancels for rows close to a centre, so the second least value is kept too: where it exceeds the
/// least by more than `margin` in all sixteen rows of a panel their labels stand, else the panel is done again by
/// differences. Blocks in which that happens to most panels go on by differences alone.
/// Source: the bound is derived at `CentreProducts` in Numerics.
/// - Parameters:
///   - rows: number of rows.
///   - width: length of a row.
///   - packed: the rows packed by `packRight` with `transposed`: panels of 16 rows, each `width` groups of 16.
///   - groups: the centres in groups of four, of each group the four values |c|^2 / 2, then `width` times the four negated
///     coordinates; past the last centre infinity and zeros.
///   - centres: `[centreCount, width]`, row-major.
///   - centreCount: number of centres, at least one.
///   - margin: what the second least must exceed the least by.
///   - rowsNear: the same rows, row-major, which with AVX-512 are asked for because they are needed next.
///   - labels: `rows` indices, written.
///   - distances: work space of `rows` floats.
@inline(never)
package func nearestCentreByProducts(
  _ rows: Int, _ width: Int, _ packed: UnsafePointer<Float>, _ groups: UnsafePointer<Float>,
  _ centres: UnsafePointer<Float>, _ centreCount: Int, _ margin: Float, _ rowsNear: UnsafePointer<Float>,
  _ labels: UnsafeMutablePointer<Int32>, _ distances: UnsafeMutablePointer<Float>
) {
  var work = PanelWork()
  withUnsafeMutablePointer(to: &work) { space in
    let work = UnsafeMutableRawPointer(space).assumingMemoryBound(to: Float.self)
    var row = 0
    var seen = 0
    var repeated = 0
    // The last panel may hold fewer than sixteen rows: differences know how to write fewer.
    while row &+ 16 <= rows && (seen < 4 || 2 &* repeated <= seen) {
      let panel = packed + row &* width
      var panels = 1
      #if KERNEL_AVX512
        if row &+ 64 <= rows {
          panels = 4
          compareFourPanels(width, panel, groups, centreCount, rowsNear + row &* width, work)
        } else {
          comparePanel(width, panel, groups, centreCount, work)
        }
      #else
        comparePanel(width, panel, groups, centreCount, work)
      #endif
      for next in 0..<panels {
        let first = row &+ 16 &* next
        if !storeClearLabels(work + (panelStates &+ panelState &* next), margin, labels + first) {
          nearestCentre(
            16, width, packed + first &* width, centres, centreCount, labels + first, distances + first)
          repeated = repeated &+ 1
        }
      }
      seen = seen &+ panels
      row = row &+ 16 &* panels
    }
    if row < rows {
      nearestCentre(
        rows &- row, width, packed + row &* width, centres, centreCount, labels + row, distances + row)
    }
  }
}

/// The largest sum of squares of a row, of whole panels; rows with NaN are left out.
///
/// Numeric contract: relative error at most gamma(width) where no square underflows; overflows to infinity.
/// - Parameters:
///   - panels: number of panels of 16 rows, of which the last may end in zeros.
///   - width: length of a row.
///   - packed: the rows packed by `packRight` with `transposed`.
@inline(never)
package func largestPanelSquare(_ panels: Int, _ width: Int, _ packed: UnsafePointer<Float>) -> Float {
  var largest = Lane.zero
  var values = packed
  for _ in 0..<panels {
    var sum0 = Lane.zero
    var sum1 = Lane.zero
    var step = 0
    while step &+ 2 <= width {
      let value0 = load(values)
      let value1 = load(values + 16)
      sum0 = multiplyAdd(sum0, value0, value0)
      sum1 = multiplyAdd(sum1, value1, value1)
      values += 32
      step = step &+ 2
    }
    if step < width {
      let value = load(values)
      sum0 = multiplyAdd(sum0, value, value)
      values += 16
    }
    largest = larger(largest, sum0 + sum1)
  }
  return laneMaximum(largest)
}

/// Space for the sixteen sums of four panels and what is known of each.
struct PanelWork {
  var sums0 = SIMD64<Float>.zero
  var sums1 = SIMD64<Float>.zero
  var sums2 = SIMD64<Float>.zero
  var sums3 = SIMD64<Float>.zero
  var states0 = SIMD64<Float>.zero
  var states1 = SIMD64<Float>.zero
  var states2 = SIMD64<Float>.zero
}

/// Where the panels' states begin in `PanelWork`, in floats.
let panelStates = 256
/// Floats of one panel's state: the least values of its rows, the second least, the labels of the least.
let panelState = 48

/// Compares all centres in one panel.
///
/// With AVX2 the four sums are eight registers, as many as hide the latency of two units.
@inline(never)
func comparePanel(
  _ width: Int, _ panel: UnsafePointer<Float>, _ groups: UnsafePointer<Float>, _ centreCount: Int,
  _ work: UnsafeMutablePointer<Float>
) {
  resetPanels(1, work + panelStates)
  var group = groups
  var centre = 0
  while centre < centreCount {
    var sums = FourSums(group)
    group += 4
    for step in 0..<width { sums.add(group + 4 &* step, load(panel + 16 &* step)) }
    group += 4 &* width
    sums.store(work)
    compareSums(1, centre, work)
    centre = centre &+ 4
  }
}

#if KERNEL_AVX512
  /// `comparePanel` of four panels at a time: sixteen sums in flight, and eight loads feed sixteen multiply-adds.
  ///
  /// The next panels and the rows at `rowsNear` are asked for between the steps: a line of either kind for each step of four
  /// groups of centres, two where there are fewer groups.
  @inline(never)
  func compareFourPanels(
    _ width: Int, _ panel: UnsafePointer<Float>, _ groups: UnsafePointer<Float>, _ centreCount: Int,
    _ rowsNear: UnsafePointer<Float>, _ work: UnsafeMutablePointer<Float>
  ) {
    resetPanels(4, work + panelStates)
    var group = groups
    var nextPanels = panel + 64 &* width
    var nextRows = rowsNear
    var centre = 0
    while centre < centreCount {
      var sums = SixteenSums(group)
      group += 4
      if centre >= 16 {
        sums.addSteps(width, panel, group) { _ in }
      } else if centreCount > 12 {
        sums.addSteps(width, panel, group) {
          cplatform_prefetch_to_read(nextPanels + 16 &* $0)
          cplatform_prefetch_near(nextRows + 16 &* $0)
        }
        nextPanels += 16 &* width
        nextRows += 16 &* width
      } else {
        sums.addSteps(width, panel, group) {
          cplatform_prefetch_to_read(nextPanels + 32 &* $0)
          cplatform_prefetch_to_read(nextPanels + 32 &* $0 + 16)
          cplatform_prefetch_near(nextRows + 32 &* $0)
          cplatform_prefetch_near(nextRows + 32 &* $0 + 16)
        }
        nextPanels += 32 &* width
        nextRows += 32 &* width
      }
      group += 4 &* width
      sums.panel0.store(work)
      sums.panel1.store(work + 64)
      sums.panel2.store(work + 128)
      sums.panel3.store(work + 192)
      compareSums(4, centre, work)
      centre = centre &+ 4
    }
  }

  /// `FourSums` of four panels.
  struct SixteenSums {
    var panel0: FourSums
    var panel1: FourSums
    var panel2: FourSums
    var panel3: FourSums

    /// Sums that begin with the four numbers at `start`.
    @inline(__always)
    init(_ start: UnsafePointer<Float>) {
      panel0 = FourSums(start)
      panel1 = panel0
      panel2 = panel0
      panel3 = panel0
    }

    /// Adds `width` steps; before each, `ask` is called with its number.
    @inline(__always)
    mutating func addSteps(
      _ width: Int, _ panel: UnsafePointer<Float>, _ group: UnsafePointer<Float>, _ ask: (Int) -> Void
    ) {
      let stride = 16 &* width
      var values = panel
      var factors = group
      var step = 0
      while step < width {
        ask(step)
        panel0.add(factors, load(values))
        panel1.add(factors, load(values + stride))
        panel2.add(factors, load(values + 2 &* stride))
        panel3.add(factors, load(values + 3 &* stride))
        values += 16
        factors += 4
        step = step &+ 1
      }
    }
  }
#endif

/// |c|^2 / 2 - x c of four centres, for sixteen rows each.
struct FourSums {
  var sum0: Lane
  var sum1: Lane
  var sum2: Lane
  var sum3: Lane

  /// Sums that begin with the four numbers at `start`.
  @inline(__always)
  init(_ start: UnsafePointer<Float>) {
    sum0 = Lane(repeating: start[0])
    sum1 = Lane(repeating: start[1])
    sum2 = Lane(repeating: start[2])
    sum3 = Lane(repeating: start[3])
  }

  /// Adds the four numbers at `factors` times one coordinate of sixteen rows.
  @inline(__always)
  mutating func add(_ factors: UnsafePointer<Float>, _ values: Lane) {
    sum0 = multiplyAdd(sum0, Lane(repeating: factors[0]), values)
    sum1 = multiplyAdd(sum1, Lane(repeating: factors[1]), values)
    sum2 = multiplyAdd(sum2, Lane(repeating: factors[2]), values)
    sum3 = multiplyAdd(sum3, Lane(repeating: factors[3]), values)
  }

  /// Writes the four sums in order.
  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Float>) {
    let bytes = UnsafeMutableRawPointer(target)
    bytes.storeBytes(of: sum0, as: Lane.self)
    bytes.storeBytes(of: sum1, toByteOffset: 64, as: Lane.self)
    bytes.storeBytes(of: sum2, toByteOffset: 128, as: Lane.self)
    bytes.storeBytes(of: sum3, toByteOffset: 192, as: Lane.self)
  }
}

/// Forgets what is known of `panels` panels.
@inline(__always)
func resetPanels(_ panels: Int, _ states: UnsafeMutablePointer<Float>) {
  for panel in 0..<panels {
    let state = states + panelState &* panel
    store(Lane(repeating: Float.infinity), state)
    store(Lane(repeating: Float.infinity), state + 16)
    store(Lane.zero, state + 32)
  }
}

/// Compares the sums of four centres, from `centre` on, with what is known of each panel; a NaN makes the second least as
/// small as the least so far, and a row of nothing else never clear.
///
/// By way of memory: sixteen comparisons written out are more than the compiler puts in one place, and each would be a call
/// that passes its vector in quarters.
@inline(__always)
func compareSums(_ panels: Int, _ centre: Int, _ work: UnsafeMutablePointer<Float>) {
  for panel in 0..<panels {
    let state = work + (panelStates &+ panelState &* panel)
    var best = load(state)
    var second = load(state + 16)
    var label = UnsafeRawPointer(state + 32).loadUnaligned(as: SIMD16<Int32>.self)
    for place in 0..<4 {
      let value = load(work + (64 &* panel &+ 16 &* place))
      second = smaller(second, larger(best, value))
      keepNearer(value, centre &+ place, &best, &label)
    }
    store(best, state)
    store(second, state + 16)
    UnsafeMutableRawPointer(state + 32).storeBytes(of: label, as: SIMD16<Int32>.self)
  }
}

/// Writes the labels of a panel; whether the second least exceeds the least by more than `margin` in all sixteen rows.
@inline(__always)
func storeClearLabels(
  _ state: UnsafePointer<Float>, _ margin: Float, _ labels: UnsafeMutablePointer<Int32>
) -> Bool {
  let label = UnsafeRawPointer(state + 32).loadUnaligned(as: SIMD16<Int32>.self)
  UnsafeMutableRawPointer(labels).storeBytes(of: label, as: SIMD16<Int32>.self)
  let gap = load(state + 16) - load(state)
  return laneSum(Lane.zero.replacing(with: Lane(repeating: 1), where: gap .> Lane(repeating: margin))) == 16
}
