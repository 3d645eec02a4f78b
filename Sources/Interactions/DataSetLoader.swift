// Building a data set step by step: catalogues, interactions, canonical order, filters, split, embeddings.

import Files
import Numerics

/// The state of one `DataSet.load`.
struct DataSetLoader {
  private let options: DataSetOptions
  private let sources: DataSources
  private var statistics = DataStatistics()
  private var notices: [DataNotice] = []

  init(options: DataSetOptions, sources: DataSources) {
    self.options = options
    self.sources = sources
  }

  /// Users or items: what is known of them before the interactions are read.
  private struct Side {
    let role: EntityRole
    /// The list of the files, which fixes the first indices.
    let catalogue: Catalogue?
    let embeddings: StoredText?
    /// Rows of the embeddings that are all zero.
    let zeroRows: [Int]
    let embeddingsPath: String
    /// The id of every row of the embeddings; nil when it is the catalogue's.
    let embeddingIds: IdentifierMap?

    /// Ids that have their indices before any interaction is read.
    var listed: IdentifierMap { catalogue?.ids ?? embeddingIds ?? IdentifierMap() }
  }

  mutating func load() throws -> DataSet {
    let matrices = sources.layout == .matrix ? try MatrixReader.read(sources) : nil
    let userSide = try side(
      .user, table: sources.users, embeddings: sources.userEmbeddings, ids: sources.userEmbeddingIds,
      rowCount: matrices?.rows)
    if options.keepsTextCompact { BufferPool.shared.trim() }
    let itemSide = try side(
      .item, table: sources.items, embeddings: sources.itemEmbeddings, ids: sources.itemEmbeddingIds,
      rowCount: matrices?.columns)
    // What was read in full is gone; its buffers would only be kept for matrices of the same size.
    if options.keepsTextCompact { BufferPool.shared.trim() }
    var (users, items) = (userSide.listed, itemSide.listed)
    let (userListed, itemListed) = (users.count, items.count)

    let tables = try filtered(
      try readTables(matrices, users: &users, items: &items, listed: (userListed, itemListed)))
    note(unlisted: users.count - userListed, in: userSide)
    note(unlisted: items.count - itemListed, in: itemSide)

    // Entities without any interaction stay when a file lists them, unless a k-core is asked for.
    var userIsUsed = (0..<users.count).map { $0 < userListed && options.core <= 1 }
    var itemIsUsed = (0..<items.count).map { $0 < itemListed && options.core <= 1 }
    for table in tables {
      for user in 0..<users.count where !table.entries(of: user).isEmpty { userIsUsed[user] = true }
      for item in table.items { itemIsUsed[Int(item)] = true }
    }
    let keptUsers = (0..<Int32(users.count)).filter { userIsUsed[Int($0)] }
    let keptItems = (0..<Int32(items.count)).filter { itemIsUsed[Int($0)] }
    let finalUsers = users.selecting(keptUsers)
    let finalItems = items.selecting(keptItems)
    let parts = try divided(
      tables.map { $0.selecting(users: keptUsers, items: keptItems) }, users: finalUsers, items: finalItems)

    let itemText = try aligned(itemSide, known: items, kept: finalItems)
    let hidesItems = options.coldItemShare > 0
    var userText = hidesItems ? nil : try aligned(userSide, known: users, kept: finalUsers)
    let isDerived = userText == nil && itemText != nil && (options.derivesUserEmbeddings || hidesItems)
    if isDerived, !options.keepsTextCompact, let itemText {
      userText = .full(meanItemEmbeddings(training: parts[0], items: itemText.matrix))
    }
    if let itemText, let userText, itemText.columns != userText.columns {
      throw DataError.badValue(
        path: userSide.embeddingsPath, place: "header",
        reason: "has \(userText.columns) dimensions, but the items' embeddings have \(itemText.columns)")
    }
    noteColdness(parts)
    return DataSet(
      users: finalUsers, items: finalItems, itemTitles: titles(of: itemSide, kept: keptItems),
      userTitles: titles(of: userSide, kept: keptUsers), train: parts[0], valid: parts[1], test: parts[2],
      storedItemText: itemText, storedUserText: userText, userTextIsDerived: isDerived, statistics: statistics,
      notices: notices)
  }

  // MARK: Users and items

  /// - Parameter rowCount: rows (users) or columns (items) of the matrices; nil when interactions name ids.
  private mutating func side(
    _ role: EntityRole, table: String?, embeddings: String?, ids: String?, rowCount: Int?
  ) throws -> Side {
    let catalogue = try table.map { try Catalogue(table: $0, role: role, columns: options.columns) }
    if let catalogue, catalogue.shortenedTitleCount > 0 {
      notices.append(
        DataNotice(
          "long_titles",
          "\(catalogue.path): \(catalogue.shortenedTitleCount) titles were cut to \(Catalogue.titleLimit) bytes"))
    }
    var embeddingIds: IdentifierMap?
    if let rowCount {
      try note(rowIds: role, count: rowCount, catalogue: catalogue)
      if catalogue == nil, ids == nil { embeddingIds = IdentifierMap((0..<rowCount).lazy.map { String($0) }) }
    }
    guard let embeddings else {
      return Side(
        role: role, catalogue: catalogue, embeddings: nil, zeroRows: [], embeddingsPath: "", embeddingIds: embeddingIds)
    }
    let matrix = try EmbeddingReader.read(embeddings)
    var source = catalogue?.path ?? ""
    if let ids {
      embeddingIds = try Catalogue(list: ids).ids
      source = ids
    } else if rowCount != nil {
      source = catalogue?.path ?? sources.train
    } else if catalogue == nil {
      // In LightGCN's text an id is its row number.
      guard sources.layout == .adjacency else {
        throw DataError.unknownRowOrder(path: embeddings, kind: role.rawValue)
      }
      embeddingIds = IdentifierMap((0..<matrix.rows).lazy.map { String($0) })
    }
    let rows = (embeddingIds ?? catalogue?.ids ?? IdentifierMap()).count
    guard rows == matrix.rows else {
      throw DataError.rowCount(path: embeddings, rows: matrix.rows, ids: rows, source: source)
    }
    let zeros = (0..<matrix.rows).filter { row in
      UnsafeBufferPointer(start: matrix.row(row), count: matrix.columns).allSatisfy { $0 == 0 }
    }
    return Side(
      role: role, catalogue: catalogue, embeddings: kept(matrix), zeroRows: zeros, embeddingsPath: embeddings,
      embeddingIds: embeddingIds)
  }

  /// Embeddings in the precision that the options ask for.
  private func kept(_ embeddings: Matrix) -> StoredText {
    options.keepsTextCompact ? StoredText.full(embeddings).compact : .full(embeddings)
  }

  /// Says where the ids of a matrix's rows or columns come from.
  private mutating func note(rowIds role: EntityRole, count: Int, catalogue: Catalogue?) throws(DataError) {
    let axis = role == .user ? "rows" : "columns"
    guard let catalogue else {
      notices.append(
        DataNotice("numbered_\(role.rawValue)s", "\(role.rawValue)s have no list: their ids are 0 to \(count - 1)"))
      return
    }
    guard catalogue.ids.count == count else {
      throw .badValue(
        path: catalogue.path, place: "\(catalogue.ids.count) \(role.rawValue)s",
        reason: "the matrix in \(sources.train) has \(count) \(axis), and row n of the list must be number n of them; "
          + "correct the list, or remove it to use the numbers as ids")
    }
    notices.append(
      DataNotice(
        "listed_\(role.rawValue)s", "ids of \(role.rawValue)s are those of \(catalogue.path), row by row"))
  }

  private mutating func note(unlisted count: Int, in side: Side) {
    guard count > 0, let catalogue = side.catalogue else { return }
    notices.append(
      DataNotice(
        "unlisted_\(side.role.rawValue)s",
        "\(count) \(side.role.rawValue)\(count == 1 ? "" : "s") with interactions not listed in \(catalogue.path); "
          + "added behind the listed ones"))
  }

  private func titles(of side: Side, kept: [Int32]) -> [String]? {
    guard let titles = side.catalogue?.titles, titles.contains(where: { !$0.isEmpty }) else { return nil }
    return kept.map { Int($0) < titles.count ? titles[Int($0)] : "" }
  }

  // MARK: Interactions

  /// Reads all files and brings them into canonical order; `users` and `items` become all ids in that order.
  private mutating func readTables(
    _ matrices: DividedMatrices?, users: inout IdentifierMap, items: inout IdentifierMap,
    listed: (users: Int, items: Int)
  ) throws -> [InteractionTable] {
    var logs: [InteractionLog] = []
    for (part, path) in [sources.train, sources.valid, sources.test].enumerated() {
      // All files share one pair of maps.
      var log = InteractionLog(users: users, items: items)
      users = IdentifierMap()
      items = IdentifierMap()
      if let path {
        switch sources.layout {
        case .table:
          try InteractionReader.readTable(path, columns: options.columns, badLines: options.badLines, into: &log)
        case .adjacency: try InteractionReader.readAdjacency(path, badLines: options.badLines, into: &log)
        case .matrix: matrices?.parts[part].map { log.append(matrix: $0) }
        }
      }
      if let first = log.firstBadLine {
        statistics.badLines += log.badLineCount
        notices.append(DataNotice("bad_lines", "\(log.badLineCount) bad lines passed over; the first: \(first)"))
      }
      (users, items) = log.takeMaps()
      logs.append(log)
    }
    guard logs[0].count > 0 else {
      throw DataError.empty(
        "\(sources.train): has no interactions; give a file with at least one line behind its header")
    }
    let userOrder = users.canonicalOrder(from: listed.users)
    let itemOrder = items.canonicalOrder(from: listed.items)
    users = users.selecting(userOrder)
    items = items.selecting(itemOrder)
    let (userIndex, itemIndex) = (Self.inverse(userOrder), Self.inverse(itemOrder))
    let tables = logs.map {
      InteractionTable(
        log: $0, userIndex: userIndex, itemIndex: itemIndex, userCount: users.count, itemCount: items.count)
    }
    let merged = tables.reduce(0) { $0 + $1.mergedCount }
    if merged > 0 {
      guard options.duplicates != .refuse else {
        throw DataError.notPossible(
          "\(merged) lines repeat the user and item of another line; each pair must occur once")
      }
      statistics.mergedDuplicates = merged
      notices.append(DataNotice("merged_duplicates", "\(merged) lines repeat a user and item; the latest counts"))
    }
    return tables
  }

  /// `result[permutation[n]] == n`.
  private static func inverse(_ permutation: [Int32]) -> [Int32] {
    var result = [Int32](repeating: 0, count: permutation.count)
    for (index, value) in permutation.enumerated() { result[Int(value)] = Int32(index) }
    return result
  }

  private var isDivided: Bool { sources.valid != nil || sources.test != nil }

  private mutating func filtered(_ tables: [InteractionTable]) throws(DataError) -> [InteractionTable] {
    var tables = tables
    if let threshold = options.ratingThreshold {
      let before = tables.reduce(0) { $0 + $1.count }
      for (index, table) in tables.enumerated() where table.count > 0 {
        guard table.ratings.count == table.count else {
          throw .notPossible("a rating threshold needs a column of ratings; name it with --rating-column")
        }
        tables[index] = table.filtered { _, entry in Double(table.ratings[entry]) >= threshold }
      }
      statistics.belowThreshold = before - tables.reduce(0) { $0 + $1.count }
    }
    if options.core > 1 {
      guard !isDivided else {
        throw .notPossible("a k-core cannot be taken of data that is already divided into training and test")
      }
      let before = tables[0].count
      tables[0] = tables[0].core(options.core)
      statistics.outsideCore = before - tables[0].count
    }
    guard tables[0].count > 0 else {
      throw .empty("no training interaction is left after the filters; lower the rating threshold or the core")
    }
    return tables
  }

  // MARK: Split

  private mutating func divided(
    _ tables: [InteractionTable], users: IdentifierMap, items: IdentifierMap
  ) throws(DataError) -> [CSRMatrix] {
    var parts: [InteractionTable]
    if isDivided {
      parts = withoutOverlap(tables)
      if sources.valid == nil && options.validationShare > 0 {
        let share = min(options.validationShare, 0.5)
        let assigned = SplitMethod.validationParts(
          of: parts[0], users: users, items: items, seed: options.seed, share: share)
        let train = parts[0]
        parts[0] = train.filtered { _, entry in assigned[entry] == .train }
        parts[1] = train.filtered { _, entry in assigned[entry] == .valid }
        notices.append(
          DataNotice(
            "validation_from_training",
            "no validation file: \(parts[1].count) training interactions are set aside for validation"))
      }
    } else {
      let table = tables[0]
      let assigned = try options.split.parts(of: table, users: users, items: items, seed: options.seed)
      parts = [SplitPart.train, .valid, .test].map { part in table.filtered { _, entry in assigned[entry] == part } }
      statistics.droppedHeldOut += assigned.count { $0 == .dropped }
      if statistics.droppedHeldOut > 0 {
        notices.append(
          DataNotice(
            "dropped_held_out",
            "\(statistics.droppedHeldOut) later interactions of users without training interactions are left out"))
      }
      guard parts[0].count > 0 else { throw .empty("the split leaves no training interaction") }
    }
    if options.coldItemShare > 0 {
      let hidden = ColdItems.hidden(of: items, share: options.coldItemShare, seed: options.seed)
      let train = parts[0]
      parts[0] = train.filtered { _, entry in !hidden[Int(train.items[entry])] }
      notices.append(
        DataNotice(
          "hidden_items",
          "\(hidden.count { $0 }) items are hidden from training with their "
            + "\(train.count - parts[0].count) training interactions"))
      guard parts[0].count > 0 else { throw .empty("hiding items leaves no training interaction; hide fewer") }
    }
    return parts.map { $0.matrix() }
  }

  /// Removes held-out pairs that training has, and validation pairs that test has.
  private mutating func withoutOverlap(_ tables: [InteractionTable]) -> [InteractionTable] {
    let train = tables[0].matrix()
    let test = tables[2].filtered { user, entry in !train.contains(row: user, column: tables[2].items[entry]) }
    let testMatrix = test.matrix()
    let valid = tables[1].filtered { user, entry in
      let item = tables[1].items[entry]
      return !train.contains(row: user, column: item) && !testMatrix.contains(row: user, column: item)
    }
    let dropped = tables[1].count + tables[2].count - valid.count - test.count
    if dropped > 0 {
      statistics.droppedHeldOut += dropped
      notices.append(
        DataNotice("overlap", "\(dropped) held-out interactions are in another part too and are left out"))
    }
    return [tables[0], valid, test]
  }

  private mutating func noteColdness(_ parts: [CSRMatrix]) {
    statistics.count(train: parts[0], valid: parts[1], test: parts[2])
    if statistics.itemsWithoutTraining > 0 {
      notices.append(
        DataNotice("cold_items", "\(statistics.itemsWithoutTraining) items have no training interaction"))
    }
    if statistics.usersWithoutTraining > 0 {
      notices.append(
        DataNotice("cold_users", "\(statistics.usersWithoutTraining) users have no training interaction"))
    }
    if statistics.valid == 0 {
      notices.append(DataNotice("no_validation", "no validation interactions: training cannot stop early"))
    }
    if statistics.test == 0 { notices.append(DataNotice("no_test", "no test interactions: nothing can be measured")) }
  }

  // MARK: Embeddings

  /// The embeddings in the order of the kept ids, after checking that rows and ids are the same set.
  private mutating func aligned(
    _ side: Side, known: IdentifierMap, kept: IdentifierMap
  ) throws(DataError) -> StoredText? {
    guard let embeddings = side.embeddings, let ids = side.embeddingIds ?? side.catalogue?.ids else { return nil }
    let kind = side.role.rawValue
    let strangers = (0..<ids.count).filter { row in ids.withBytes(row) { known.index(of: $0) } == nil }
    let rows = (0..<kept.count).map { index in kept.withBytes(index) { ids.index(of: $0) } }
    let missing = rows.indices.filter { rows[$0] == nil }
    if !options.allowMissing {
      guard missing.isEmpty else {
        throw .withoutEmbedding(
          path: side.embeddingsPath, kind: kind, count: missing.count, first: missing.prefix(5).map { kept[$0] })
      }
      guard strangers.isEmpty else {
        throw .withoutEntity(
          path: side.embeddingsPath, kind: kind, count: strangers.count, first: strangers.prefix(5).map { ids[$0] })
      }
    }
    if !missing.isEmpty {
      notices.append(
        DataNotice("missing_\(kind)_embeddings", "\(missing.count) \(kind)s have no embedding: zero vectors"))
    }
    if !strangers.isEmpty {
      notices.append(
        DataNotice("unknown_\(kind)_embeddings", "\(strangers.count) embeddings of unknown \(kind)s passed over"))
    }
    if let first = side.zeroRows.first {
      notices.append(
        DataNotice(
          "zero_\(kind)_embeddings",
          "\(side.embeddingsPath): \(side.zeroRows.count) of \(embeddings.rows) rows are all zero and say nothing; "
            + "the first is that of \(kind) '\(ids[first])'"))
    }
    return embeddings.rows(rows)
  }
}
