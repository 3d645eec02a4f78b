// A loop that does nothing but multiply-adds in registers: the ceiling that benchmarks compare with.

/// Runs `iterations` rounds, an even number, of six vector multiply-adds (192 floating-point operations a round) and
/// returns their sum, so that the work cannot be removed.
///
/// Two units with a latency of four want at least eight independent chains. Six vectors of sixteen are twelve chains of
/// eight on AVX2. On AVX-512 they are six, three quarters of what the units can do: there two rounds go side by side.
@inline(never)
package func multiplyAddProbe(_ iterations: Int, _ factor: Float) -> Float {
  let scale = Lane(repeating: factor)
  let step = Lane(repeating: 1 - factor)
  var first = ProbeChains(start: 1)
  #if KERNEL_AVX512
    var second = ProbeChains(start: 7)
  #endif
  var round = 0
  while round < iterations {
    first.advance(scale, step)
    #if KERNEL_AVX512
      second.advance(scale, step)
      round = round &+ 2
    #else
      round = round &+ 1
    #endif
  }
  #if KERNEL_AVX512
    return laneSum(first.sum + second.sum)
  #else
    return laneSum(first.sum)
  #endif
}

/// Six chains x <- s x + (1 - s), which approach one and stay finite.
struct ProbeChains {
  var chain0: Lane
  var chain1: Lane
  var chain2: Lane
  var chain3: Lane
  var chain4: Lane
  var chain5: Lane

  @inline(__always)
  init(start: Float) {
    chain0 = Lane(repeating: start)
    chain1 = Lane(repeating: start + 1)
    chain2 = Lane(repeating: start + 2)
    chain3 = Lane(repeating: start + 3)
    chain4 = Lane(repeating: start + 4)
    chain5 = Lane(repeating: start + 5)
  }

  @inline(__always)
  mutating func advance(_ scale: Lane, _ step: Lane) {
    chain0 = multiplyAdd(step, chain0, scale)
    chain1 = multiplyAdd(step, chain1, scale)
    chain2 = multiplyAdd(step, chain2, scale)
    chain3 = multiplyAdd(step, chain3, scale)
    chain4 = multiplyAdd(step, chain4, scale)
    chain5 = multiplyAdd(step, chain5, scale)
  }

  @inline(__always)
  var sum: Lane { (chain0 + chain1) + (chain2 + chain3) + (chain4 + chain5) }
}
