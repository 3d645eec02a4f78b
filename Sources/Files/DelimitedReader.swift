// A streaming reader of delimited text: bytes in, fields out, every bad line named.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads CSV, TSV and similar tables record by record, holding one chunk of the file at a time.
///
/// A UTF-8 byte order mark, CRLF line ends and a missing final newline are accepted; blank lines are passed over unless
/// the format refuses them. Invalid UTF-8, NUL bytes, records longer than `recordLimit`, a field count other than the
/// header's, and quotes that RFC 4180 does not allow are errors with their line. After such an error the reader stands
/// at the next line, so that a caller may count bad lines and go on.
package final class DelimitedReader {
  /// Longest record accepted, in bytes.
  package static let recordLimit = 1 << 20
  /// Most columns that a header may name.
  package static let columnLimit = 1024

  /// The file's path.
  package let path: String
  /// How fields are told apart.
  package let format: DelimitedFormat
  /// The names in the header line; empty for a table without one.
  @exclusivity(unchecked) package private(set) var columns: [String] = []
  /// Line at which the current record begins, from 1.
  @exclusivity(unchecked) package private(set) var line = 0
  /// Number of fields of the current record.
  @exclusivity(unchecked) package private(set) var fieldCount = 0

  private let file: FileReader
  private let buffer: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  // The scanning state is read and written for every field. Nothing hands out references to it, so the run-time check
  // of exclusive access, a tenth of the time of reading, could never find anything.
  /// Unread bytes are `buffer[start ..< end]`, which begin at `fileOffset - (end - start)` of the file.
  @exclusivity(unchecked) private var start = 0
  @exclusivity(unchecked) private var end = 0
  private var fileOffset = 0
  @exclusivity(unchecked) private var nextLine = 1
  private var isDiscarding = false
  @exclusivity(unchecked) private var fields: [(start: Int, end: Int)] = []
  /// Quoted fields of the current record without their quotes; `fields` then point here.
  @exclusivity(unchecked) private var unquoted: [UInt8] = []
  @exclusivity(unchecked) private var fieldsAreUnquoted = false

  /// Opens a table.
  /// - Parameters:
  ///   - path: the file.
  ///   - format: how fields are told apart; nil looks at the first line.
  ///   - hasHeader: true when the first record names the columns.
  ///   - chunkSize: bytes read at once.
  package init(
    _ path: String, format: DelimitedFormat? = nil, hasHeader: Bool = true, chunkSize: Int = 1 << 20
  ) throws(DelimitedError) {
    do {
      file = try FileReader(path)
    } catch {
      throw .file(error)
    }
    self.path = path
    capacity = Self.recordLimit + max(16, chunkSize)
    buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    var format = format ?? .commaSeparated
    var failure: DelimitedError?
    do throws(DelimitedError) {
      try Self.fill(from: file, buffer: buffer, capacity: capacity, start: &start, end: &end, offset: &fileOffset)
    } catch {
      failure = error
    }
    let opening = UnsafeBufferPointer(start: buffer, count: end)
    if opening.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
    if failure == nil, opening.starts(with: [0xFF, 0xFE]) || opening.starts(with: [0xFE, 0xFF]) {
      failure = .badLine(path: path, line: 1, column: nil, reason: "the file is UTF-16; save it as UTF-8")
    }
    if hasHeader, format == .commaSeparated {
      format = .detected(inHeader: opening.prefix { $0 != 0x0A })
    }
    self.format = format
    if let failure { throw failure }
    if hasHeader { try readHeader() }
  }

  deinit { buffer.deallocate() }

  // MARK: Records

  /// Moves to the next record; false at the end of the file.
  ///
  /// With a header, a record that has another number of fields is an error.
  package func next() throws(DelimitedError) -> Bool {
    if isDiscarding { try discardLine() }
    guard try advance() else { return false }
    if !columns.isEmpty && fieldCount != columns.count {
      let reason =
        fieldCount < columns.count
        ? "column '\(columns[fieldCount])' is missing: the line has \(fieldCount) of \(columns.count) fields"
        : "the line has \(fieldCount) fields, but the header names \(columns.count)"
      throw failure(reason)
    }
    return true
  }

  /// The bytes of a field of the current record, valid until the next call of `next`.
  /// - Precondition: `0 <= index < fieldCount`.
  package func withField<Result>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result
  {
    let field = fields[index]
    if fieldsAreUnquoted {
      return try unquoted.withUnsafeBufferPointer {
        try body(UnsafeBufferPointer(rebasing: $0[field.start..<field.end]))
      }
    }
    return try body(UnsafeBufferPointer(start: buffer + field.start, count: field.end - field.start))
  }

  /// A field of the current record as text.
  package func string(_ index: Int) -> String { withField(index) { String(decoding: $0, as: UTF8.self) } }

  /// A field of the current record as a finite number.
  package func number(_ index: Int) throws(DelimitedError) -> Double {
    guard let value = withField(index, { DecimalNumber.parse($0) }) else {
      throw failure("'\(excerpt(index))' is not a number", field: index)
    }
    guard value.isFinite else { throw failure("'\(excerpt(index))' is not a finite number", field: index) }
    return value
  }

  /// The error for the current line, naming the column of a field.
  package func failure(_ reason: String, field: Int? = nil) -> DelimitedError {
    .badLine(path: path, line: line, column: field.map(name), reason: reason)
  }

  /// The beginning of a field for a message.
  package func excerpt(_ index: Int) -> String {
    let text = string(index)
    return text.count <= 40 ? text : text.prefix(40) + "…"
  }

  private func name(ofField index: Int) -> String {
    index < columns.count ? columns[index] : "\(index + 1)"
  }

  // MARK: Header

  private func readHeader() throws(DelimitedError) {
    guard try advance() else {
      throw .badLine(
        path: path, line: 1, column: nil, reason: "the file is empty; a header line naming the columns is needed")
    }
    guard fieldCount <= Self.columnLimit else {
      throw failure("the header names \(fieldCount) columns; at most \(Self.columnLimit) are accepted")
    }
    var names: [String] = []
    for index in 0..<fieldCount {
      let name = string(index)
      guard !name.isEmpty else { throw failure("field \(index + 1) of the header is empty; every column needs a name") }
      guard !name.utf8.contains(0x0D) else {
        throw failure("lines end with a lone carriage return; save the file with line feeds (LF or CRLF)")
      }
      guard !names.contains(name) else {
        let isNumeral = name.utf8.allSatisfy { (0x30...0x39).contains($0) }
        throw failure(
          "the header names '\(name)' twice"
            + (isNumeral ? "; if this is data, put a line before it that names the columns" : ""))
      }
      names.append(name)
    }
    columns = names
  }

  // MARK: Lines

  /// Finds the next record, checks its bytes and sets its fields.
  private func advance() throws(DelimitedError) -> Bool {
    while true {
      // A record ends at the first line feed outside quotes.
      var searched = start
      var length: Int?
      while true {
        if let found = memchr(buffer + searched, 0x0A, end - searched) {
          length = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - UnsafePointer(buffer) - start
          break
        }
        let scanned = end - start
        if scanned > Self.recordLimit { throw tooLong() }
        guard try refill() else { break }
        searched = start + scanned
      }
      line = nextLine
      let isLast = length == nil
      let lineLength = length ?? end - start
      if isLast && lineLength == 0 { return false }
      if lineLength > Self.recordLimit { throw tooLong() }
      nextLine += 1
      let first = start
      var last = first + lineLength
      if format.hasQuotes, memchr(buffer + first, 0x22, lineLength) != nil {
        return try quotedRecord(first: first)
      }
      start = isLast ? end : last + 1
      if last > first && buffer[last - 1] == 0x0D { last -= 1 }
      if last == first {
        if format.refusesBlankLines { throw failure("the line is empty, but each line stands for one row") }
        continue
      }
      split(first, last)
      try validate()
      return true
    }
  }

  /// Sets the fields of an unquoted line.
  private func split(_ first: Int, _ last: Int) {
    fields.removeAll(keepingCapacity: true)
    fieldsAreUnquoted = false
    var fieldStart = first
    if let separator = format.separator {
      while let found = memchr(buffer + fieldStart, Int32(separator), last - fieldStart) {
        let place = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - UnsafePointer(buffer)
        fields.append((fieldStart, place))
        fieldStart = place + 1
      }
    }
    fields.append((fieldStart, last))
    fieldCount = fields.count
  }

  private enum QuoteState {
    case fieldStart, plain, quoted, closed
  }

  /// Reads a record that has a quote, which may extend over several lines.
  private func quotedRecord(first: Int) throws(DelimitedError) -> Bool {
    fields.removeAll(keepingCapacity: true)
    unquoted.removeAll(keepingCapacity: true)
    fieldsAreUnquoted = true
    // `start` stays at the record while it may have to be moved to the front of the buffer by `refill`.
    var length = 0
    var state = QuoteState.fieldStart
    var fieldStart = 0
    var lineFeeds = 0
    let separator = format.separator
    var isComplete = false
    while !isComplete {
      if start + length == end {
        if try !refill() {
          guard state != .quoted else {
            // The next line may well be good: only the line with the quote is passed over.
            nextLine -= 1
            isDiscarding = true
            throw .badLine(
              path: path, line: line, column: name(ofField: fields.count), reason: "the quoted field does not end")
          }
          fields.append((fieldStart, unquoted.count))
          break
        }
      }
      let byte = buffer[start + length]
      length += 1
      switch state {
      case .quoted:
        if byte == 0x22 { state = .closed } else { unquoted.append(byte) }
        if byte == 0x0A { lineFeeds += 1 }
      case .fieldStart, .plain, .closed:
        if byte == separator {
          fields.append((fieldStart, unquoted.count))
          fieldStart = unquoted.count
          state = .fieldStart
        } else if byte == 0x0A {
          if state == .plain, unquoted.last == 0x0D, unquoted.count > fieldStart { unquoted.removeLast() }
          fields.append((fieldStart, unquoted.count))
          isComplete = true
        } else if byte == 0x22 {
          switch state {
          case .fieldStart: state = .quoted
          case .closed:
            unquoted.append(0x22)
            state = .quoted
          default:
            try endLine(after: length, lineFeeds: lineFeeds)
            throw misplacedQuote()
          }
        } else if state == .closed {
          // Only the CR of a CRLF may stand between a closing quote and the end of the line.
          let isLineEnd = byte == 0x0D && (start + length == end || buffer[start + length] == 0x0A)
          if !isLineEnd {
            try endLine(after: length, lineFeeds: lineFeeds)
            throw misplacedQuote()
          }
        } else {
          unquoted.append(byte)
          state = .plain
        }
      }
      if length > Self.recordLimit {
        nextLine -= 1
        throw tooLong()
      }
    }
    start += length
    nextLine += lineFeeds
    fieldCount = fields.count
    try validate()
    return true
  }

  private func misplacedQuote() -> DelimitedError {
    .badLine(
      path: path, line: line, column: name(ofField: fields.count),
      reason: "a double quote inside a field; put the whole field in quotes and double the quote")
  }

  /// Leaves a record that is wrong at its `length`-th byte: reading goes on after that line.
  private func endLine(after length: Int, lineFeeds: Int) throws(DelimitedError) {
    start += length
    nextLine += lineFeeds
    // The line that holds the error was already counted.
    nextLine -= 1
    try discardLine()
  }

  private func tooLong() -> DelimitedError {
    line = nextLine
    isDiscarding = true
    return failure("the line is longer than \(Self.recordLimit) bytes")
  }

  /// Passes over what is left of a line.
  private func discardLine() throws(DelimitedError) {
    isDiscarding = false
    while true {
      if let found = memchr(buffer + start, 0x0A, end - start) {
        start = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - UnsafePointer(buffer) + 1
        break
      }
      start = end
      guard try refill() else { break }
    }
    nextLine += 1
  }

  // MARK: Bytes

  /// Refuses NUL and invalid UTF-8, naming the column.
  private func validate() throws(DelimitedError) {
    guard let first = fields.first, let last = fields.last else { return }
    let isPlain: Bool
    if fieldsAreUnquoted {
      isPlain = unquoted.withUnsafeBufferPointer { UTF8Check.isPlainASCII($0) }
    } else {
      isPlain = UTF8Check.isPlainASCII(UnsafeBufferPointer(start: buffer + first.start, count: last.end - first.start))
    }
    if isPlain { return }
    for index in 0..<fieldCount {
      if withField(index, { $0.contains(0) }) { throw failure("the field has a NUL byte", field: index) }
      guard withField(index, { UTF8Check.isValid($0) }) else {
        throw failure("the field is not valid UTF-8; save the file as UTF-8", field: index)
      }
    }
  }

  /// Reads more of the file behind the unread bytes, which move to the front; false at the end of the file.
  private func refill() throws(DelimitedError) -> Bool {
    let before = end - start
    try Self.fill(from: file, buffer: buffer, capacity: capacity, start: &start, end: &end, offset: &fileOffset)
    return end - start > before
  }

  private static func fill(
    from file: FileReader, buffer: UnsafeMutablePointer<UInt8>, capacity: Int, start: inout Int, end: inout Int,
    offset: inout Int
  ) throws(DelimitedError) {
    let remaining = end - start
    if start > 0 && remaining > 0 { memmove(buffer, buffer + start, remaining) }
    start = 0
    end = remaining
    let space = UnsafeMutableRawBufferPointer(start: buffer + end, count: capacity - end)
    do throws(FileError) {
      let got = try file.read(into: space, at: offset)
      end += got
      offset += got
    } catch {
      throw .file(error)
    }
  }
}
