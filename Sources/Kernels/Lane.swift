// The vector type of every kernel and its loads, stores and reductions.
//
// Rules of this folder (Docs/Architecture.md, "Kernels"): it is compiled once per instruction set, so it may hold raw
// pointers, SIMD vectors and integers only. Anything that makes the compiler emit a shared copy of a standard library
// generic (Array, String, escaping closures, our own generics) could be linked into baseline code and stop an old CPU.

/// Sixteen floats: one AVX-512, two AVX or four SSE/NEON registers.
typealias Lane = SIMD16<Float>

/// The sixteen floats at `pointer`, which needs no alignment.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>) -> Lane {
  UnsafeRawPointer(pointer).loadUnaligned(as: Lane.self)
}

/// The sixteen floats at `pointer`, which needs no alignment.
@inline(__always)
func load(_ pointer: UnsafeMutablePointer<Float>) -> Lane {
  UnsafeRawPointer(pointer).loadUnaligned(as: Lane.self)
}

/// Writes sixteen floats to `pointer`, which needs no alignment.
@inline(__always)
func store(_ value: Lane, _ pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Lane.self)
}

/// The first `count` (below 16) floats at `pointer`, the other lanes zero; nothing past them is read.
@inline(__always)
func loadPartial(_ pointer: UnsafePointer<Float>, _ count: Int) -> Lane {
  // By way of memory: inserting lane after lane would store and reload the whole vector each time.
  var value = Lane.zero
  withUnsafeMutablePointer(to: &value) { vector in
    let lanes = UnsafeMutableRawPointer(vector).assumingMemoryBound(to: Float.self)
    var lane = 0
    while lane < count {
      lanes[lane] = pointer[lane]
      lane = lane &+ 1
    }
  }
  return value
}

/// Writes the first `count` (below 16) lanes to `pointer`; nothing past them is written.
@inline(__always)
func storePartial(_ value: Lane, _ pointer: UnsafeMutablePointer<Float>, _ count: Int) {
  // By way of memory too: stored lane by lane, the whole computation of `value` would be taken apart into lanes.
  var value = value
  withUnsafeMutablePointer(to: &value) { vector in
    let lanes = UnsafeMutableRawPointer(vector).assumingMemoryBound(to: Float.self)
    var lane = 0
    while lane < count {
      pointer[lane] = lanes[lane]
      lane = lane &+ 1
    }
  }
}

/// `sum + a * b`: fused where the instruction exists, else multiplied and added.
///
/// Without FMA `addingProduct` is sixteen calls of the C library's `fmaf`, a hundred times slower than this.
@inline(__always)
func multiplyAdd(_ sum: Lane, _ a: Lane, _ b: Lane) -> Lane {
  #if KERNEL_FMA || arch(arm64)
    return sum.addingProduct(a, b)
  #else
    return sum + a * b
  #endif
}

/// The larger of each pair of lanes; a NaN in `a` stays.
@inline(__always)
func larger(_ a: Lane, _ b: Lane) -> Lane { a.replacing(with: b, where: a .< b) }

/// The smaller of each pair of lanes; a NaN in `a` stays.
@inline(__always)
func smaller(_ a: Lane, _ b: Lane) -> Lane { a.replacing(with: b, where: a .> b) }

/// Sum of the sixteen lanes as a balanced tree, in the same order at every instruction set.
@inline(__always)
func laneSum(_ value: Lane) -> Float {
  let eight = value.lowHalf + value.highHalf
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}

/// Largest of the sixteen lanes.
@inline(__always)
func laneMaximum(_ value: Lane) -> Float {
  let eight = value.lowHalf.replacing(with: value.highHalf, where: value.lowHalf .< value.highHalf)
  let four = eight.lowHalf.replacing(with: eight.highHalf, where: eight.lowHalf .< eight.highHalf)
  let two = four.lowHalf.replacing(with: four.highHalf, where: four.lowHalf .< four.highHalf)
  return two[0] < two[1] ? two[1] : two[0]
}
