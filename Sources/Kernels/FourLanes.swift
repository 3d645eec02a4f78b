// Four vectors that go through the same operations side by side.

/// Four vectors, for long chains of operations that wait for one another.
///
/// An exponential is a chain of eleven operations of four cycles each; a core has two units, so eight operations have to be in flight.
/// The processor looks far enough ahead for that by itself only while no other thread shares its buffers; written side
/// by side, four chains need no looking ahead. For 32 registers: with sixteen the values would go to memory.
struct FourLanes {
  var first: Lane
  var second: Lane
  var third: Lane
  var fourth: Lane

  @inline(__always)
  init(_ first: Lane, _ second: Lane, _ third: Lane, _ fourth: Lane) {
    self.first = first
    self.second = second
    self.third = third
    self.fourth = fourth
  }

  /// The 64 floats at `pointer`, which needs no alignment.
  @inline(__always)
  init(at pointer: UnsafePointer<Float>) {
    self.init(load(pointer), load(pointer + 16), load(pointer + 32), load(pointer + 48))
  }

  @inline(__always)
  static func - (_ a: FourLanes, _ b: Lane) -> FourLanes {
    FourLanes(a.first - b, a.second - b, a.third - b, a.fourth - b)
  }

  @inline(__always)
  static func * (_ a: FourLanes, _ b: FourLanes) -> FourLanes {
    FourLanes(a.first * b.first, a.second * b.second, a.third * b.third, a.fourth * b.fourth)
  }
}

/// `sum + a * b`, as `multiplyAdd` of lanes.
@inline(__always)
func multiplyAdd(_ sum: FourLanes, _ a: FourLanes, _ b: FourLanes) -> FourLanes {
  FourLanes(
    multiplyAdd(sum.first, a.first, b.first), multiplyAdd(sum.second, a.second, b.second),
    multiplyAdd(sum.third, a.third, b.third), multiplyAdd(sum.fourth, a.fourth, b.fourth))
}

/// `sum + a * b` with one `a` for all.
@inline(__always)
func multiplyAdd(_ sum: FourLanes, _ a: Lane, _ b: FourLanes) -> FourLanes {
  multiplyAdd(sum, FourLanes(a, a, a, a), b)
}

/// `sum + a * b` with one sum and one `a` for all.
@inline(__always)
func multiplyAdd(_ sum: Lane, _ a: Lane, _ b: FourLanes) -> FourLanes {
  multiplyAdd(FourLanes(sum, sum, sum, sum), FourLanes(a, a, a, a), b)
}

/// `sum + a * b` with one sum for all.
@inline(__always)
func multiplyAdd(_ sum: Lane, _ a: FourLanes, _ b: FourLanes) -> FourLanes {
  multiplyAdd(FourLanes(sum, sum, sum, sum), a, b)
}

/// The larger of each pair of lanes; a NaN in `a` stays.
@inline(__always)
func larger(_ a: FourLanes, _ b: Lane) -> FourLanes {
  FourLanes(larger(a.first, b), larger(a.second, b), larger(a.third, b), larger(a.fourth, b))
}
