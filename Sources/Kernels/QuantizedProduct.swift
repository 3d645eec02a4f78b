// Inner products of a rounded query with rows rounded to bytes, modulo 2^16. Guide: Docs/Benchmarks/topk.md.
//
// A word holds two columns, w = 256 h + l with h and l in 0 ... 255, each 128 more than the number it stands for. With
// factors e for the lower column and o for the upper one, l e + h o = w e + h (o - 256 e) modulo 2^16, and h is w shifted:
// no unpacking. The caller makes sure that the whole sum fits sixteen bits (Cauchy-Schwarz), so what wraps on the way does
// no harm.

/// Sixteen 16-bit integers: one AVX or two SSE/NEON registers.
typealias Words = SIMD16<Int16>

/// The sixteen words at `pointer`, which needs no alignment.
@inline(__always)
func loadWords(_ pointer: UnsafePointer<Int16>) -> Words {
  UnsafeRawPointer(pointer).loadUnaligned(as: Words.self)
}

/// Writes sixteen words to `pointer`, which needs no alignment.
@inline(__always)
func storeWords(_ value: Words, _ pointer: UnsafeMutablePointer<Int16>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Words.self)
}

/// A factor in every word, from a number that holds it twice: broadcasting 32 bits costs a load and nothing more.
@inline(__always)
func everyWord(_ twice: Int32) -> Words { unsafeBitCast(SIMD8<Int32>(repeating: twice), to: Words.self) }

/// The upper byte of every word, as a number from 0 to 255.
@inline(__always)
func upperBytes(_ words: Words) -> Words {
  unsafeBitCast(unsafeBitCast(words, to: SIMD16<UInt16>.self) &>> SIMD16(repeating: 8), to: Words.self)
}

/// out[r] = start + sum over columns of the query times row r, for one query and panels of 32 rows, mod 2^16.
/// - Parameters:
///   - panels: number of panels.
///   - steps: pairs of columns.
///   - words: the panels as `quantizeBytePanel` writes them, one after the other.
///   - factors: the start, then for each step e and o - 256 e, every one twice in 32 bits.
///   - out: `32 * panels` words, written.
@inline(never)
package func byteProduct(
  _ panels: Int, _ steps: Int, _ words: UnsafePointer<Int16>, _ factors: UnsafePointer<Int32>,
  _ out: UnsafeMutablePointer<Int16>
) {
  var words = words
  var target = out
  for _ in 0..<panels {
    var firstSum = everyWord(factors[0])
    var secondSum = firstSum
    var factor = factors + 1
    for _ in 0..<steps {
      let first = loadWords(words)
      let second = loadWords(words + 16)
      let lower = everyWord(factor[0])
      let upper = everyWord(factor[1])
      firstSum = firstSum &+ first &* lower
      secondSum = secondSum &+ second &* lower
      firstSum = firstSum &+ upperBytes(first) &* upper
      secondSum = secondSum &+ upperBytes(second) &* upper
      factor += 2
      words += 32
    }
    storeWords(firstSum, target)
    storeWords(secondSum, target + 16)
    target += 32
  }
}
