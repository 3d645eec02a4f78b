// Decompression of DEFLATE (RFC 1951), for the compressed members of NumPy's .npz archives.

/// DEFLATE data that cannot be decompressed.
struct InflateError: Error {
  /// What is wrong.
  let detail: String
}

/// Decompresses a DEFLATE stream into memory of known size.
///
/// Codes are decoded bit by bit from the number of codes of each length (canonical Huffman codes, RFC 1951 section
/// 3.2.2): short and easy to check; matrices are small enough.
struct Inflate {
  private let input: UnsafeRawBufferPointer
  private var position = 0
  private var bits: UInt32 = 0
  private var bitCount = 0
  private let output: UnsafeMutableRawBufferPointer
  private var written = 0

  /// Decompresses `input`, which must fill `output` exactly.
  static func decompress(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(InflateError) {
    var inflate = Inflate(input: input, output: output)
    try inflate.run()
  }

  private init(input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer) {
    self.input = input
    self.output = output
  }

  private mutating func run() throws(InflateError) {
    var isLast = false
    while !isLast {
      isLast = try take(1) == 1
      switch try take(2) {
      case 0: try copyStored()
      case 1: try copyCoded(lengths: Self.fixedLengths, distances: Self.fixedDistances)
      case 2:
        let (lengths, distances) = try readCodes()
        try copyCoded(lengths: lengths, distances: distances)
      default: throw InflateError(detail: "an unknown kind of block")
      }
    }
    guard written == output.count else { throw InflateError(detail: "\(written) bytes instead of \(output.count)") }
  }

  /// The next bits, lowest first.
  private mutating func take(_ count: Int) throws(InflateError) -> Int {
    while bitCount < count {
      guard position < input.count else { throw InflateError(detail: "the data ends too early") }
      bits |= UInt32(input[position]) << UInt32(bitCount)
      position += 1
      bitCount += 8
    }
    let value = bits & ((1 << UInt32(count)) - 1)
    bits >>= UInt32(count)
    bitCount -= count
    return Int(value)
  }

  private mutating func put(_ byte: UInt8) throws(InflateError) {
    guard written < output.count else { throw InflateError(detail: "more than \(output.count) bytes") }
    output[written] = byte
    written += 1
  }

  // MARK: Blocks

  private mutating func copyStored() throws(InflateError) {
    bits = 0
    bitCount = 0
    let length = try take(16)
    guard try take(16) == ~length & 0xFFFF else { throw InflateError(detail: "a stored block of unclear length") }
    guard length <= input.count - position, length <= output.count - written else {
      throw InflateError(detail: "a stored block that is too long")
    }
    for _ in 0..<length {
      output[written] = input[position]
      position += 1
      written += 1
    }
  }

  private mutating func copyCoded(lengths: Code, distances: Code) throws(InflateError) {
    while true {
      let symbol = try decode(lengths)
      if symbol < 256 {
        try put(UInt8(symbol))
        continue
      }
      if symbol == 256 { return }
      guard symbol < 286 else { throw InflateError(detail: "an unknown length") }
      let length = Self.lengthBases[symbol - 257] + (try take(Self.lengthBits[symbol - 257]))
      let code = try decode(distances)
      guard code < 30 else { throw InflateError(detail: "an unknown distance") }
      let distance = Self.distanceBases[code] + (try take(code < 4 ? 0 : code / 2 - 1))
      guard distance <= written else { throw InflateError(detail: "a copy from before the beginning") }
      for _ in 0..<length { try put(output[written - distance]) }
    }
  }

  private mutating func readCodes() throws(InflateError) -> (Code, Code) {
    let lengthCount = try take(5) + 257
    let distanceCount = try take(5) + 1
    let metaCount = try take(4) + 4
    var metaLengths = [Int](repeating: 0, count: 19)
    for index in 0..<metaCount { metaLengths[Self.metaOrder[index]] = try take(3) }
    let meta = try Code(lengths: metaLengths)
    var lengths: [Int] = []
    while lengths.count < lengthCount + distanceCount {
      let symbol = try decode(meta)
      switch symbol {
      case 16:
        guard let last = lengths.last else { throw InflateError(detail: "a repetition of nothing") }
        lengths.append(contentsOf: repeatElement(last, count: 3 + (try take(2))))
      case 17: lengths.append(contentsOf: repeatElement(0, count: 3 + (try take(3))))
      case 18: lengths.append(contentsOf: repeatElement(0, count: 11 + (try take(7))))
      default: lengths.append(symbol)
      }
    }
    guard lengths.count == lengthCount + distanceCount else { throw InflateError(detail: "too many code lengths") }
    return (try Code(lengths: Array(lengths[..<lengthCount])), try Code(lengths: Array(lengths[lengthCount...])))
  }

  // MARK: Codes

  /// A canonical Huffman code: symbols in the order of their codes, and how many have each length.
  private struct Code {
    let counts: [Int]
    let symbols: [Int]

    init(lengths: [Int]) throws(InflateError) {
      var counts = [Int](repeating: 0, count: 16)
      for length in lengths where length > 0 { counts[length] += 1 }
      var left = 1
      for length in 1...15 {
        left = left * 2 - counts[length]
        guard left >= 0 else { throw InflateError(detail: "a code with too many symbols") }
      }
      self.counts = counts
      symbols = (1...15).flatMap { length in lengths.indices.filter { lengths[$0] == length } }
    }
  }

  private mutating func decode(_ code: Code) throws(InflateError) -> Int {
    var value = 0
    var first = 0
    var index = 0
    for length in 1...15 {
      value |= try take(1)
      let count = code.counts[length]
      if value - first < count { return code.symbols[index + value - first] }
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    throw InflateError(detail: "bits that are no code")
  }

  // Both fit by construction; an empty code stands for what cannot happen.
  private static let fixedLengths = fixed((0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  private static let fixedDistances = fixed([Int](repeating: 5, count: 30))

  private static func fixed(_ lengths: [Int]) -> Code {
    do { return try Code(lengths: lengths) } catch { preconditionFailure(error.detail) }
  }

  private static let metaOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
  private static let lengthBits = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ]
  private static let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577,
  ]
}
