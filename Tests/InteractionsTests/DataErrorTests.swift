// Every way in which data can be wrong has its own message, with the place, and the right exit code.

import Files
import Interactions
import Numerics
import TestSupport
import Testing

@Suite struct DataErrorTests {
  /// Loads a folder of files and returns the error's message; records an issue when there is none or its code differs.
  private func message(
    _ files: [String: String], status: Files.ExitStatus = .badData, _ change: (inout DataSetOptions) -> Void = { _ in }
  ) throws -> String {
    let folder = try TemporaryFolder()
    for (name, text) in files.sorted(by: { $0.key < $1.key }) { try folder.write(name, text) }
    return failure(in: folder, status: status, change)
  }

  private func failure(
    in folder: TemporaryFolder, status: Files.ExitStatus = .badData, _ change: (inout DataSetOptions) -> Void = { _ in }
  ) -> String {
    var options = DataSetOptions(folder: folder.path)
    change(&options)
    do {
      _ = try DataSet.load(options)
      Issue.record("no error")
      return ""
    } catch let error as any DescribedFailure {
      #expect(error.exitStatus == status)
      let message = error.description
      return message.split(separator: folder.path).joined()
    } catch {
      Issue.record("untyped error \(error)")
      return ""
    }
  }

  static let badTables: [(String, String)] = [
    ("user_id,item_id\n1,2\n3\n", "/log.csv:3: column 'item_id' is missing: the line has 1 of 2 fields"),
    ("user_id,item_id\n1,2,3\n", "/log.csv:2: the line has 3 fields, but the header names 2"),
    ("user_id,item_id\n,2\n", "/log.csv:2: column 'user_id': the id is empty"),
    ("user_id,item_id\n1,\n", "/log.csv:2: column 'item_id': the id is empty"),
    ("user_id,item_id,rating\n1,2,good\n", "/log.csv:2: column 'rating': 'good' is not a number"),
    ("user_id,item_id,rating\n1,2,\n", "/log.csv:2: column 'rating': '' is not a number"),
    ("user_id,item_id,rating\n1,2,nan\n", "/log.csv:2: column 'rating': 'nan' is not a finite number"),
    ("user_id,item_id,rating\n1,2,inf\n", "/log.csv:2: column 'rating': 'inf' is not a finite number"),
    ("user_id,item_id,rating\n1,2,1e999\n", "/log.csv:2: column 'rating': '1e999' is not a finite number"),
    ("user_id,item_id,timestamp\n1,2,-5\n", "/log.csv:2: column 'timestamp': the time -5 is negative"),
    ("user_id,item_id,timestamp\n1,2,2020-01-01\n", "/log.csv:2: column 'timestamp': '2020-01-01' is not a number"),
    ("user_id,item_id\n1,a\0b\n", "/log.csv:2: column 'item_id': the field has a NUL byte"),
    ("user_id,item_id\n1,\"a\n", "/log.csv:2: column 'item_id': the quoted field does not end"),
    ("user_id,item_id\n1," + String(repeating: "x", count: 4097) + "\n", "the id has 4097 bytes; at most 4096"),
    ("person,item_id\n1,2\n", "/log.csv: no column for the user among 'person', 'item_id'"),
    ("user_id,thing\n1,2\n", "/log.csv: no column for the item among 'user_id', 'thing'"),
    ("196,242,3,881250949\n1,2,3,4\n", "/log.csv:1: the first line looks like data ('196', '242', '3', '881250949')"),
    ("1\t1\t5\n2\t3\t4\n", "the header names '1' twice; if this is data, put a line before it"),
    ("user_id,item_id\r1,2\r3,4\r", "/log.csv:1: lines end with a lone carriage return"),
    ("1::1193::5::978300760\n", "/log.csv:1: the first line looks like data"),
    ("user_id,item_id\n1\n", "of 2 fields (correct the line, or pass over such lines with --skip-bad-lines)"),
    ("user_id,item_id\n", "/log.csv: has no interactions"), ("", "/log.csv:1: the file is empty"),
    ("user_id,user_id\n1,2\n", "/log.csv:1: the header names 'user_id' twice"),
  ]

  @Test(arguments: badTables)
  func badTablesAreNamed(text: String, expected: String) throws {
    #expect(try message(["log.csv": text]).contains(expected))
  }

  @Test func badLinesCanBePassedOverAndAreCounted() throws {
    let folder = try TemporaryFolder()
    var text = "user_id,item_id,rating\n"
    for index in 0..<10_000 {
      text +=
        index % 100 == 50
        ? ["x,y\n", ",i,3\n", "u,i,many\n", "only,\"a\"b,3\n"][index / 100 % 4] : "u\(index % 50),i\(index),4\n"
    }
    try folder.write("log.csv", text)
    #expect(failure(in: folder).contains("/log.csv:52: column 'rating' is missing"))
    var options = DataSetOptions(folder: folder.path)
    options.badLines = .skip
    let data = try DataSet.load(options)
    #expect(data.statistics.badLines == 100 && data.statistics.interactions == 9_900)
    // A line passed over leaves no user or item behind.
    #expect(data.users.count == 50 && data.items.count == 9_900)
    #expect(data.notices.first?.message.contains("/log.csv:52:") == true)
  }

  @Test func foldersAndFilesThatAreNotThereAreNamed() throws {
    #expect(try message([:]).contains("no data set recognised; it is empty. Looked for: train.tsv"))
    #expect(try message(["notes.md": "", "usr_prf.pkl": ""]).contains("it holds 'notes.md', 'usr_prf.pkl'"))
    #expect(try message(["a.csv": "", "b.csv": "x"]).contains("'a.csv', 'b.csv'; name one with --interactions"))
    #expect(try message(["a.inter": "", "b.inter": ""]).contains("'a.inter', 'b.inter'"))
    #expect(try message([:], status: .missingInput) { $0.folder = "/nowhere/at/all" }.contains("no such file"))
    let table = ["log.csv": "user_id,item_id\n1,2\n"]
    #expect(
      try message(table, status: .missingInput) { $0.items = "/nowhere.tsv" }.contains("/nowhere.tsv: no such file"))
    #expect(
      try message(table, status: .missingInput) { $0.itemEmbeddings = "/none.npy" }.contains("/none.npy: no such"))
    #expect(try message(table) { $0.ratingThreshold = 3 }.contains("needs a column of ratings"))
    #expect(try message(table) { $0.split = .leaveLastOut }.contains("needs a time column"))
    #expect(try message(table) { $0.core = 2 }.contains("no training interaction is left"))
    #expect(
      try message(table) { $0.columns.user = "who" }.contains("no column 'who', which --user-column names, among"))
    #expect(
      try message(["train.csv": table["log.csv"] ?? "", "test.csv": "user_id,item_id\n1,3\n"]) { $0.core = 2 }
        .contains("already divided"))
    let twice = ["log.csv": "user_id,item_id\n1,2\n1,2\n"]
    #expect(try message(twice) { $0.duplicates = .refuse }.contains("1 lines repeat"))
    #expect(throws: DataError.self) { try DataSet.load(DataSetOptions()) }
  }

  @Test func theSameThingTwiceIsRefused() throws {
    let table = "user_id,item_id\n1,2\n"
    #expect(
      try message(["train.tsv": table, "train.csv": table]).contains("holds 'train.tsv' and 'train.csv', which mean"))
    #expect(
      try message(["train.csv": table, "valid.csv": table, "val.csv": table]).contains("'valid.csv' and 'val.csv'"))
    #expect(try message(["ratings.csv": table, "interactions.csv": table]).contains("which mean the same"))
    #expect(
      try message(["log.csv": table, "item_embeddings.npy": "", "item_embeddings.safetensors": ""])
        .contains("'item_embeddings.npy' and 'item_embeddings.safetensors'"))
  }

  @Test func numbersThatMakeNoSenseAreUsageErrors() throws {
    let table = ["log.csv": "user_id,item_id,rating\n1,2,3\n"]
    #expect(try message(table, status: .usage) { $0.ratingThreshold = .nan }.contains("finite number, not nan"))
    #expect(try message(table, status: .usage) { $0.ratingThreshold = .infinity }.contains("not inf"))
    #expect(try message(table, status: .usage) { $0.core = -1 }.contains("not -1"))
  }

  @Test func recBoleHeadersNeedTheirTypes() throws {
    #expect(try message(["a.inter": "user_id\titem_id\n1\t2\n"]).contains("has no type"))
    #expect(try message(["a.inter": "user_id:token\titem_id:word\n1\t2\n"]).contains("unknown type"))
  }

  @Test func cataloguesThatRepeatAnIdAreRefused() throws {
    let table = ["log.csv": "user_id,item_id\n1,2\n"]
    #expect(
      try message(table.merging(["items.tsv": "item_id\n2\n3\n2\n"]) { $1 })
        .contains("/items.tsv:4: column 'item_id': the id '2' occurs twice"))
  }

  /// Two items with embeddings of this shape and these values; `ids` becomes `item_ids.txt`.
  private func embedded(_ values: [Float], shape: [Int], ids: String?, items: String? = "item_id\ni1\ni2\n") throws
    -> TemporaryFolder
  {
    let folder = try TemporaryFolder()
    try folder.write("log.csv", "user_id,item_id\nu,i1\nu,i2\n")
    if let items { try folder.write("items.tsv", items) }
    if let ids { try folder.write("item_ids.txt", ids) }
    try NpyFile.write(folder.path + "/item_embeddings.npy", shape: shape, values: values)
    return folder
  }

  @Test func embeddingsMustMatchTheirIds() throws {
    #expect(
      failure(in: try embedded([1, 2, 3], shape: [3, 1], ids: nil))
        .contains("/item_embeddings.npy: has 3 rows, but /items.tsv has 2 ids"))
    #expect(
      failure(in: try embedded([1, 2, 3], shape: [3, 1], ids: "i1\ni2\n"))
        .contains("has 3 rows, but /item_ids.txt has 2 ids"))
    #expect(
      failure(in: try embedded([1, 2, 3], shape: [3, 1], ids: "i1\ni2\ni3\n"))
        .contains("1 embedding is of no known item: 'i3'"))
    #expect(failure(in: try embedded([1], shape: [1, 1], ids: "i2\n")).contains("1 item has no embedding: 'i1'"))
    #expect(
      failure(in: try embedded([1], shape: [1, 1], ids: "i2\n", items: nil)).contains("1 item has no embedding: 'i1'"))
    #expect(
      failure(in: try embedded([1, 2], shape: [2, 1], ids: nil, items: nil)).contains("nothing says which row belongs"))
    #expect(
      failure(in: try embedded([1, 2], shape: [2, 1], ids: "i1\n\ni2\n")).contains("/item_ids.txt:2: the line is empty")
    )
    #expect(failure(in: try embedded([1, 2], shape: [2, 1], ids: "i1\ni1\n")).contains("/item_ids.txt:2: column '1'"))
    #expect(failure(in: try embedded([1, 2], shape: [2], ids: nil)).contains("has 1 axes"))
    #expect(failure(in: try embedded([], shape: [2, 0], ids: nil)).contains("shape 2 x 0"))
  }

  @Test func missingEmbeddingsCanBeAllowed() throws {
    let folder = try embedded([7, 8], shape: [2, 1], ids: "i2\ni9\n")
    var options = DataSetOptions(folder: folder.path)
    options.allowMissing = true
    let data = try DataSet.load(options)
    #expect(data.itemText?.values == [0, 7])
    #expect(data.notices.map(\.code).prefix(2) == ["missing_item_embeddings", "unknown_item_embeddings"])
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func embeddingsThatAreNotFiniteAreNamedByRowAndColumn(value: Float) throws {
    #expect(
      failure(in: try embedded([1, 2, 3, 4, value, value], shape: [2, 3], ids: nil))
        .contains("/item_embeddings.npy: row 1, column 1 (counted from 0)"))
  }

  @Test func userEmbeddingsMustHaveTheItemsDimension() throws {
    let folder = try embedded([1, 2], shape: [2, 1], ids: nil)
    try folder.write("user_ids.txt", "u\n")
    try NpyFile.write(folder.path + "/user_embeddings.npy", shape: [1, 2], values: [1, 2])
    #expect(failure(in: folder).contains("has 2 dimensions, but the items' embeddings have 1"))
    try NpyFile.write(folder.path + "/user_embeddings.npy", shape: [1, 1], values: [5])
    let data = try DataSet.load(DataSetOptions(folder: folder.path))
    #expect(data.userText?.values == [5] && !data.userTextIsDerived)
  }

  @Test func fuzzedFoldersNeverTrap() throws {
    let inter = Array(
      "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t2\t3\t4\n1\t3\t5\t6\n2\t2\t1\t1\n".utf8)
    let item = Array("item_id:token\tmovie_title:token_seq\trelease_year:token\n2\tA b\t1990\n3\tC\t\n".utf8)
    let ids = Array("2\n3\n".utf8)
    let folder = try TemporaryFolder()
    try NpyFile.write(folder.path + "/item_embeddings.npy", shape: [2, 1], values: [1, 2])
    var generator = SplitMix(state: 77)
    var loaded = 0
    for round in 0..<1_000 {
      try folder.write("a.inter", round % 3 == 0 ? generator.mutate(inter) : inter)
      try folder.write("a.item", round % 3 == 1 ? generator.mutate(item) : item)
      try folder.write("item_ids.txt", round % 3 == 2 ? generator.mutate(ids) : ids)
      var options = DataSetOptions(folder: folder.path)
      options.badLines = generator.below(2) == 0 ? .skip : .refuse
      options.allowMissing = generator.below(2) == 0
      do {
        if round % 10 == 9 {
          options.folder = try folder.write("b.txt", generator.mutate(Array("1 2 3\n2 3 \n4\n".utf8)))
        }
        _ = try DataSet.load(options)
        loaded += 1
      } catch {
        #expect(error is any DescribedFailure)
      }
    }
    #expect(loaded > 30)
  }
}
