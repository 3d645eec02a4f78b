// A loop that does nothing but multiply-adds in registers: the ceiling that benchmarks compare with.

/// Runs `iterations` rounds of six independent vector multiply-adds (192 floating-point operations a round) and returns
/// their sum, so that the work cannot be removed.
///
/// Six vectors of sixteen are twelve chains of eight on AVX2: more than latency times throughput of the units.
@inline(never)
package func multiplyAddProbe(_ iterations: Int, _ factor: Float) -> Float {
  let scale = Lane(repeating: factor)
  let step = Lane(repeating: 1 - factor)
  var sum0 = Lane(repeating: 1)
  var sum1 = Lane(repeating: 2)
  var sum2 = Lane(repeating: 3)
  var sum3 = Lane(repeating: 4)
  var sum4 = Lane(repeating: 5)
  var sum5 = Lane(repeating: 6)
  var round = 0
  while round < iterations {
    sum0 = multiplyAdd(step, sum0, scale)
    sum1 = multiplyAdd(step, sum1, scale)
    sum2 = multiplyAdd(step, sum2, scale)
    sum3 = multiplyAdd(step, sum3, scale)
    sum4 = multiplyAdd(step, sum4, scale)
    sum5 = multiplyAdd(step, sum5, scale)
    round = round &+ 1
  }
  return laneSum((sum0 + sum1) + (sum2 + sum3) + (sum4 + sum5))
}
