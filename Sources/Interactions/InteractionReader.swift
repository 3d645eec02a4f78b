// Reading interactions: tables with named columns, RecBole's `.inter`, and LightGCN's text.

import Files

/// Appends the interactions of a file to a log.
package enum InteractionReader {
  /// Reads a CSV or TSV table with a header, or a RecBole `.inter` file.
  /// - Parameters:
  ///   - path: the file.
  ///   - columns: names of columns where the known ones do not do.
  ///   - badLines: what to do with a line that cannot be read.
  ///   - log: gets the interactions; ids that are new are added to it.
  package static func readTable(
    _ path: String, columns: ColumnNames = ColumnNames(), badLines: BadLinePolicy = .refuse,
    into log: inout InteractionLog
  ) throws {
    let reader = try DelimitedReader(path, format: isRecBole(path) ? .tabSeparated : nil)
    let header = try TableHeader(reader)
    let user = try header.require(.user, named: columns.user)
    let item = try header.require(.item, named: columns.item)
    let rating = try header.find(.rating, named: columns.rating)
    let timestamp = try header.find(.timestamp, named: columns.timestamp)
    try readLines(of: reader, badLines: badLines, into: &log) { log in
      let ratingValue = try rating.map { try reader.number($0) }
      let time = try timestamp.map { try reader.number($0) }
      if let time, let timestamp, time < 0 {
        throw reader.failure("the time \(reader.excerpt(timestamp)) is negative", field: timestamp)
      }
      // Both are checked before either is added, so that a line passed over leaves nothing behind.
      try check(reader, field: item)
      let userIndex = try identifier(of: reader, field: user, in: &log.users)
      let itemIndex = try identifier(of: reader, field: item, in: &log.items)
      log.append(user: userIndex, item: itemIndex, rating: ratingValue.map { Float($0) }, timestamp: time)
    }
  }

  /// Reads LightGCN's text: every line is a user followed by its items, separated by single spaces.
  ///
  /// A user without items is allowed: the original files have such lines in their test part.
  package static func readAdjacency(
    _ path: String, badLines: BadLinePolicy = .refuse, into log: inout InteractionLog
  ) throws {
    let reader = try DelimitedReader(path, format: .spaceSeparated, hasHeader: false)
    try readLines(of: reader, badLines: badLines, into: &log) { log in
      // Some of these files end their lines with a space; that is not an item without a name.
      var fields = reader.fieldCount
      while fields > 1, reader.withField(fields - 1, \.isEmpty) { fields -= 1 }
      for field in 0..<fields { try check(reader, field: field) }
      let user = try identifier(of: reader, field: 0, in: &log.users)
      for field in 1..<max(1, fields) {
        log.append(user: user, item: try identifier(of: reader, field: field, in: &log.items))
      }
    }
  }

  private static func isRecBole(_ path: String) -> Bool { path.hasSuffix(".inter") }

  /// Calls `body` for every record; a line that throws is refused or counted.
  private static func readLines(
    of reader: DelimitedReader, badLines: BadLinePolicy, into log: inout InteractionLog,
    _ body: (inout InteractionLog) throws -> Void
  ) throws {
    while true {
      do {
        guard try reader.next() else { return }
        try body(&log)
        guard log.count < Int(Int32.max) else {
          throw DataError.notPossible("\(reader.path):\(reader.line): more than \(Int32.max - 1) interactions")
        }
      } catch let error as DelimitedError {
        guard case .badLine(let path, let line, let column, let reason) = error else { throw error }
        guard badLines == .skip else {
          throw DelimitedError.badLine(
            path: path, line: line, column: column,
            reason: reason + " (correct the line, or pass over such lines with --skip-bad-lines)")
        }
        log.badLineCount += 1
        if log.firstBadLine == nil { log.firstBadLine = error.description }
      }
    }
  }

  /// Refuses a field that cannot be an id.
  private static func check(_ reader: DelimitedReader, field: Int) throws(DelimitedError) {
    if let rejection = reader.withField(field, IdentifierMap.rejection) {
      throw reader.failure(rejection.reason, field: field)
    }
  }

  /// The index of the id in a field.
  static func identifier(
    of reader: DelimitedReader, field: Int, in map: inout IdentifierMap
  ) throws(DelimitedError) -> Int32 {
    let result = reader.withField(field) { bytes in
      var inserted: Result<Int32, IdentifierMap.Rejection>
      do throws(IdentifierMap.Rejection) { inserted = .success(try map.insert(bytes)) } catch {
        inserted = .failure(error)
      }
      return inserted
    }
    switch result {
    case .success(let index): return index
    case .failure(let rejection): throw reader.failure(rejection.reason, field: field)
    }
  }
}
