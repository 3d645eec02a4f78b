// Seeded mutations of bytes for the tests that no input may stop the process.

/// The SplitMix64 generator (Steele, Lea and Flood 2014): small, and independent of the code under test.
package struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  /// Starts at a state; equal states give equal draws.
  package init(state: UInt64) { self.state = state }

  /// The next 64 bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Uniform enough in `0 ..< bound` for tests.
  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

  /// One to four edits: flipped bits, replaced, inserted, removed, copied or cut bytes.
  package mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    for _ in 0...below(4) where !result.isEmpty {
      let place = below(result.count)
      switch below(7) {
      case 0: result[place] ^= 1 << UInt8(below(8))
      case 1: result[place] = UInt8(below(256))
      case 2: result.insert(UInt8(below(256)), at: place)
      case 3: result.remove(at: place)
      case 4:
        result.insert(contentsOf: result[place..<min(result.count, place + 1 + below(16))], at: below(result.count))
      case 5: result.removeSubrange(place...)
      default: result[place] = Array("0123456789\"'\\{}[](),:\t\n\r-+.eE ".utf8)[below(30)]
      }
    }
    return result
  }
}
