// Data sets from the folders that people have, and every way in which they can be wrong.

import Files
import Interactions
import Numerics
import TestSupport
import Testing

@Suite struct DataSetTests {
  private func ids(_ matrix: CSRMatrix, _ data: DataSet) -> Set<[String]> {
    var result: Set<[String]> = []
    for user in 0..<matrix.rows {
      for item in matrix.row(user) { result.insert([data.users[user], data.items[Int(item)]]) }
    }
    return result
  }

  private func load(_ folder: TemporaryFolder, _ change: (inout DataSetOptions) -> Void = { _ in }) throws -> DataSet {
    var options = DataSetOptions(folder: folder.path)
    change(&options)
    return try DataSet.load(options)
  }

  /// Three users, four items, divided, with titles and embeddings.
  private func divided() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("train.tsv", "user_id\titem_id\nb\tx\nb\ty\na\tx\nc\tz\n")
    try folder.write("valid.tsv", "user_id\titem_id\nb\tz\n")
    try folder.write("test.tsv", "user_id\titem_id\na\tw\n")
    try folder.write("items.tsv", "item_id\ttitle\ttext\nz\tZed\t\nx\t\t\ny\tWhy \"?\"\t\nw\tDouble\tmore\n")
    try folder.write("users.tsv", "user_id\ttext\nc\t\na\t\nb\t\n")
    try NpyFile.write(
      folder.path + "/item_embeddings.npy", shape: [4, 2], values: [3, 0, 0, 4, 0, 4, 1, 1], dataType: .float16)
    return folder
  }

  @Test func dividedFolderKeepsTheRowsOfItsCatalogues() throws {
    let data = try load(try divided())
    #expect(data.users.strings == ["c", "a", "b"] && data.items.strings == ["z", "x", "y", "w"])
    #expect(data.itemTitles == ["Zed", "", "Why \"?\"", "Double"] && data.userTitles == nil)
    #expect(ids(data.train, data) == [["b", "x"], ["b", "y"], ["a", "x"], ["c", "z"]])
    #expect(ids(data.valid, data) == [["b", "z"]] && ids(data.test, data) == [["a", "w"]])
    #expect(data.itemText?.values == [3, 0, 0, 4, 0, 4, 1, 1])
    #expect(data.userTextIsDerived && data.userText?.values == [1, 0, 0, 1, 0, 1])
    #expect(data.statistics.itemsWithoutTraining == 1 && data.statistics.json["interactions"]?.int == 6)
    #expect(data.notices.map(\.code) == ["cold_items"])
    #expect(data.fingerprint.utf8.count == 16)
  }

  @Test func shuffledLinesGiveTheSameData() throws {
    var lines: [String] = []
    var generator = SplitMix(state: 31)
    for _ in 0..<400 {
      lines.append(
        "\(generator.below(30)),item \(generator.below(25)),\(1 + generator.below(5)),\(generator.below(90))")
    }
    var expected: DataSet?
    for method in [SplitMethod.random(.standard), .leaveLastOut, .byTime(.standard), .byTimePerUser(.standard)] {
      expected = nil
      for _ in 0..<25 {
        let folder = try TemporaryFolder()
        try folder.write(
          "ratings.csv", "userId,movieId,rating,timestamp\n" + lines.shuffled(using: &generator).joined(separator: "\n")
        )
        let data = try load(folder) {
          $0.split = method
          $0.ratingThreshold = 2
          $0.core = 2
        }
        guard let first = expected else {
          expected = data
          #expect(
            data.test.entryCount > 0 && data.statistics.mergedDuplicates > 0 && data.statistics.belowThreshold > 0)
          continue
        }
        #expect(data.fingerprint == first.fingerprint && data.users.strings == first.users.strings)
        #expect(data.items.strings == first.items.strings && data.test.columnIndices == first.test.columnIndices)
        #expect(data.statistics == first.statistics && data.notices == first.notices)
      }
    }
  }

  @Test func recBoleFolderIsRead() throws {
    let folder = try TemporaryFolder()
    var inter = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    for user in [10, 9, 1] { for item in 1...5 { inter += "\(user)\t\(item)\t\(item).0\t88\(user)\(item)\n" } }
    try folder.write("ml.inter", inter)
    try folder.write(
      "ml.item",
      "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        + "5\tToy Story\t1995\tA B\n4\tHeat (1995)\t1995\tC\n"
        + "3\tNone\t\tC\n2\t\t1990\tC\n1\tUp\t2009\tC\n")
    try folder.write("ml.kg", "nothing\n")
    try folder.write("item_ids.txt", "1\n2\n3\n4\n5\n")
    try NpyFile.write(folder.path + "/item_embeddings.npy", shape: [5, 1], values: [1, 2, 3, 4, 5])
    let data = try load(folder) { $0.split = .leaveLastOut }
    #expect(data.users.strings == ["1", "9", "10"] && data.items.strings == ["5", "4", "3", "2", "1"])
    #expect(data.itemTitles == ["Toy Story (1995)", "Heat (1995)", "None", "", "Up (2009)"])
    #expect(data.itemText?.values == [5, 4, 3, 2, 1])
    #expect(ids(data.test, data) == [["1", "5"], ["9", "5"], ["10", "5"]])
    #expect(ids(data.valid, data) == [["1", "4"], ["9", "4"], ["10", "4"]])
    let good = try load(folder) { $0.ratingThreshold = 4 }
    #expect(good.statistics.interactions == 6 && good.statistics.belowThreshold == 9)
    // Listed items stay without interactions, unless a core is asked for.
    #expect(good.items.count == 5)
    #expect(try load(folder) { ($0.ratingThreshold, $0.core) = (4, 2) }.items.strings == ["5", "4"])
  }

  @Test func lightGCNTextIsRead() throws {
    let folder = try TemporaryFolder()
    try folder.write("train.txt", "0 0 1 2 3 4 5 6 7 8 9 \n1 2\n2 10 11\r\n")
    try folder.write("test.txt", "0 10\n1\n2 0 1\n")
    try NpyFile.write(folder.path + "/item_embeddings.npy", shape: [12, 1], values: (0..<12).map { Float($0) })
    let data = try load(folder)
    #expect(data.items.strings == (0..<12).map(String.init) && data.users.strings == ["0", "1", "2"])
    #expect(ids(data.test, data) == [["0", "10"], ["2", "0"], ["2", "1"]])
    // A tenth of the first user's ten items is set aside, of the others' none.
    #expect(data.valid.entryCount == 1 && data.valid.degree(0) == 1 && data.train.degree(0) == 9)
    #expect(data.notices.contains { $0.code == "validation_from_training" })
    #expect(try load(folder) { $0.validationShare = 0 }.valid.entryCount == 0)
    #expect(data.itemText?[7, 0] == 7)
  }

  @Test func explicitFilesReplaceTheFolders() throws {
    let folder = try divided()
    let other = try TemporaryFolder()
    let table = try other.write("log.csv", "who,what\nq,x\nq,y\nq,z\nb,x\n")
    try NpyFile.write(other.path + "/vectors.npy", shape: [5, 1], values: [1, 2, 3, 4, 9])
    try other.write("vectors_ids.txt", "w\nx\ny\nz\nextra\n")
    var options = DataSetOptions(folder: folder.path)
    options.interactions = table
    options.columns = ColumnNames(user: "who", item: "what")
    options.itemEmbeddings = other.path + "/vectors.npy"
    #expect(throws: DataError.self) { try DataSet.load(options) }
    options.allowMissing = true
    let data = try DataSet.load(options)
    #expect(data.users.strings == ["c", "a", "b", "q"])
    #expect(data.itemText?.values == [4, 2, 3, 1])
    #expect(data.notices.map(\.code).contains("unlisted_users"))
    #expect(data.notices.map(\.code).contains("unknown_item_embeddings"))
  }

  @Test func foldersWithoutInteractionsAndSingleFilesAreUsed() throws {
    let folder = try TemporaryFolder()
    try folder.write("only.item", "item_id:token\ttitle:token_seq\n2\tTwo\n1\tOne\n")
    let adjacency = try folder.write("some.txt", "7 1 2\n8 2\n")
    var options = DataSetOptions(folder: folder.path)
    options.interactions = adjacency
    let data = try DataSet.load(options)
    #expect(
      data.items.strings == ["2", "1"] && data.itemTitles == ["Two", "One"] && data.users.strings == ["7", "8"])
    #expect(try DataSet.load(DataSetOptions(folder: adjacency)).items.strings == ["1", "2"])
    let table = try folder.write("spaced.txt", "user,item\n7 a,1\n")
    #expect(try DataSet.load(DataSetOptions(folder: table)).users.strings == ["7 a"])
  }

  @Test(arguments: [false, true]) func compactTextIsTheTextInHalfPrecision(namesRows: Bool) throws {
    let folder = try divided()
    if namesRows {
      // Rows in another order than the items', one of them of nobody and one missing.
      try folder.write("ids.txt", "w\nz\ny\nnobody\n")
      try NpyFile.write(
        folder.path + "/text.npy", shape: [4, 2], values: [0.1, 1e-7, 0.2, 3, 0, 0, 7, 7])
    }
    func load(compact: Bool) throws -> DataSet {
      try self.load(folder) {
        $0.keepsTextCompact = compact
        guard namesRows else { return }
        ($0.itemEmbeddings, $0.itemEmbeddingIds) = (folder.path + "/text.npy", folder.path + "/ids.txt")
        $0.allowMissing = true
      }
    }
    let (full, compact) = (try load(compact: false), try load(compact: true))
    let expected = HalfMatrix(try #require(full.itemText))
    let found = try #require(compact.compactItemText)
    #expect(full.compactItemText == nil && found.rows == full.items.count)
    #expect(Array(found.bytes) == Array(expected.bytes))
    #expect(full.userTextIsDerived == compact.userTextIsDerived)
    #expect(!compact.userTextIsDerived || compact.userText == nil)
    #expect(full.notices == compact.notices && full.fingerprint == compact.fingerprint)
  }

  @Test func textBeyondHalfPrecisionStaysWhole() throws {
    let folder = try divided()
    try NpyFile.write(
      folder.path + "/item_embeddings.npy", shape: [4, 2], values: [3, 0, 0, 4, 0, 70_000, 1, 1])
    let data = try load(folder) { $0.keepsTextCompact = true }
    #expect(data.compactItemText == nil && data.itemText?.values.max() == 70_000)
  }

  @Test func safetensorsEmbeddingsAreRead() throws {
    let folder = try divided()
    var writer = SafetensorsWriter()
    writer.add("bias", floats: [1, 2, 3])
    writer.add("vectors", floats: [0, 1, 2, 3], shape: [4, 1])
    try writer.write(toFile: folder.path + "/text.safetensors")
    let data = try load(folder) { $0.itemEmbeddings = folder.path + "/text.safetensors" }
    #expect(data.itemText?.values == [0, 1, 2, 3])
    let bad = try folder.write("bad.safetensors", "not one")
    #expect(throws: SafetensorsError.self) { try load(folder) { $0.itemEmbeddings = bad } }
  }

  @Test func hiddenItemsLoseTheirTrainingOnlyAndUserTextForgetsThem() throws {
    let folder = try TemporaryFolder()
    let items = (0..<60).map { "i\($0)" }
    var train = "user_id\titem_id\n"
    var test = "user_id\titem_id\n"
    for user in 0..<20 {
      for item in 0..<60 {
        if item % 3 == user % 3 { train += "u\(user)\ti\(item)\n" }
        if item % 5 == user % 5 && item % 3 != user % 3 { test += "u\(user)\ti\(item)\n" }
      }
    }
    try folder.write("train.tsv", train)
    try folder.write("test.tsv", test)
    try folder.write("items.tsv", "item_id\ttitle\n" + items.map { "\($0)\t\n" }.joined())
    try folder.write("users.tsv", "user_id\n" + (0..<20).map { "u\($0)\n" }.joined())
    try NpyFile.write(folder.path + "/item_embeddings.npy", shape: [60, 1], values: (0..<60).map { Float($0 + 1) })
    try NpyFile.write(folder.path + "/user_embeddings.npy", shape: [20, 1], values: (0..<20).map { Float($0 + 1) })
    let whole = try load(folder)
    let hidden = try load(folder) { $0.coldItemShare = 0.3 }
    let again = try load(folder) { $0.coldItemShare = 0.3 }
    #expect(hidden.train.columnIndices == again.train.columnIndices && hidden.fingerprint == again.fingerprint)
    #expect(hidden.test.columnIndices == whole.test.columnIndices)
    let cold = (0..<60).filter { item in (0..<20).allSatisfy { !hidden.train.contains(row: $0, column: Int32(item)) } }
    #expect((8...28).contains(cold.count), "about 18 of 60")
    for user in 0..<20 {
      for item in 0..<60 where !cold.contains(item) {
        #expect(
          hidden.train.contains(row: user, column: Int32(item)) == whole.train.contains(row: user, column: Int32(item)))
      }
    }
    #expect(!whole.userTextIsDerived && hidden.userTextIsDerived)
    #expect(hidden.notices.contains { $0.code == "hidden_items" })
    #expect(throws: DataError.self) { try load(folder) { $0.coldItemShare = 1 } }
  }
}
