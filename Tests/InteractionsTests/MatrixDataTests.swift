// Folders of RLMRec's matrices: which files are meant, whose ids rows have, and what contradicts itself.

import Files
import Interactions
import Numerics
import TestSupport
import Testing

@Suite struct MatrixDataTests {
  private static let train = SparseCoordinates(
    rows: 4, columns: 5, rowIndices: [0, 0, 1, 2, 2, 2], columnIndices: [1, 3, 2, 0, 4, 4])
  private static let valid = SparseCoordinates(rows: 4, columns: 5, rowIndices: [0], columnIndices: [0])
  private static let test = SparseCoordinates(rows: 4, columns: 5, rowIndices: [1, 0], columnIndices: [4, 3])

  private func folder(embeddings: Bool = false) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try PickleWriter.write(folder.path + "/trn_mat.pkl", matrix: Self.train)
    try PickleWriter.write(folder.path + "/val_mat.pkl", matrix: Self.valid)
    try PickleWriter.write(folder.path + "/tst_mat.pkl", matrix: Self.test)
    if embeddings {
      for (name, rows) in [("usr_emb_np", 4), ("itm_emb_np", 5)] {
        let matrix = Matrix(rows: rows, columns: 2, values: (0..<rows * 2).map { Float($0) + 1 })
        try PickleWriter.write(
          folder.path + "/\(name).pkl", shape: [rows, 2], values: UnsafeBufferPointer(matrix.elements))
      }
    }
    return folder
  }

  @Test func matricesBecomeADividedDataSetWithRowNumbersForIds() throws {
    let folder = try folder(embeddings: true)
    let data = try DataSet.load(DataSetOptions(folder: folder.path))
    // User 3 and item 0's neighbours without training stay: row n is user n.
    #expect(data.users.strings == ["0", "1", "2", "3"] && data.items.strings == ["0", "1", "2", "3", "4"])
    #expect(data.train.entryCount == 5 && data.train.row(2) == [0, 4])
    #expect(data.valid.row(0) == [0])
    // The test pair (0, 3) is a training pair too and is left out.
    #expect(data.test.entryCount == 1 && data.test.row(1) == [4])
    #expect(data.itemText?.row(4)[1] == 10 && data.userText?.rows == 4 && !data.userTextIsDerived)
    let codes = data.notices.map(\.code)
    for code in ["numbered_users", "numbered_items", "overlap", "merged_duplicates", "cold_users"] {
      #expect(codes.contains(code), "\(code) in \(codes)")
    }
  }

  @Test func listsOfTheSameLengthGiveIdsAndTitles() throws {
    let folder = try folder(embeddings: true)
    try folder.write("users.tsv", "user_id\nAnna\nBen\nCem\nDora\n")
    try folder.write("items.tsv", "item_id\ttitle\nz\tZed\ny\tWhy\nx\tEx\nw\tDouble\nv\tVee\n")
    let data = try DataSet.load(DataSetOptions(folder: folder.path))
    #expect(data.users.strings == ["Anna", "Ben", "Cem", "Dora"] && data.items.strings == ["z", "y", "x", "w", "v"])
    #expect(data.itemTitles?.first == "Zed" && data.train.row(0) == [1, 3])
    #expect(data.itemText?.row(4)[1] == 10)
    #expect(data.notices.contains { $0.code == "listed_users" })
  }

  @Test func listsOfAnotherLengthAreRefused() throws {
    let folder = try folder()
    try folder.write("users.tsv", "user_id\nAnna\nBen\n")
    let error = #expect(throws: DataError.self) { try DataSet.load(DataSetOptions(folder: folder.path)) }
    #expect(error?.description.contains("users.tsv: 2 users: the matrix in") == true)
  }

  @Test func tablesComeFirstUnlessRlmrecIsAskedFor() throws {
    let folder = try folder()
    try folder.write("train.tsv", "user_id\titem_id\na\tb\na\tc\n")
    #expect(try DataSet.load(DataSetOptions(folder: folder.path)).users.strings == ["a"])
    var options = DataSetOptions(folder: folder.path)
    options.format = .rlmrec
    #expect(try DataSet.load(options).users.count == 4)
    let empty = try TemporaryFolder()
    #expect(throws: DataError.self) { try DataFolder.recognise(empty.path, format: .rlmrec) }
  }

  @Test func shapesMustAgree() throws {
    let folder = try folder()
    let other = SparseCoordinates(rows: 4, columns: 6, rowIndices: [0], columnIndices: [5])
    try PickleWriter.write(folder.path + "/tst_mat.pkl", matrix: other)
    let error = #expect(throws: DataError.self) { try DataSet.load(DataSetOptions(folder: folder.path)) }
    #expect(error?.description.contains("4 x 6") == true)
  }

  @Test func embeddingsMustHaveTheMatrixsRows() throws {
    let folder = try folder(embeddings: true)
    let matrix = Matrix(rows: 3, columns: 2, values: [1, 2, 3, 4, 5, 6])
    try PickleWriter.write(
      folder.path + "/usr_emb_np.pkl", shape: [3, 2], values: UnsafeBufferPointer(matrix.elements))
    let error = #expect(throws: DataError.self) { try DataSet.load(DataSetOptions(folder: folder.path)) }
    #expect(error?.description.contains("has 3 rows") == true)
  }

  @Test func aShapeFarBeyondItsEntriesIsRefused() throws {
    let folder = try TemporaryFolder()
    try PickleWriter.write(
      folder.path + "/trn_mat.pkl",
      matrix: SparseCoordinates(rows: 2_000_000_000, columns: 5, rowIndices: [0], columnIndices: [0]))
    let error = #expect(throws: DataError.self) { try DataSet.load(DataSetOptions(folder: folder.path)) }
    #expect(error?.description.contains("remove the empty rows") == true)
  }

  @Test func twoFormatsOfOneMatrixAreRefused() throws {
    let folder = try folder()
    try NpzWriter.write(folder.path + "/trn_mat.npz", matrix: Self.train)
    #expect(throws: DataError.self) { try DataSet.load(DataSetOptions(folder: folder.path)) }
  }

  @Test func oneMatrixAloneIsDividedLikeATable() throws {
    let folder = try folder()
    var options = DataSetOptions()
    options.interactions = folder.path + "/trn_mat.pkl"
    let data = try DataSet.load(options)
    #expect(data.train.entryCount + data.valid.entryCount + data.test.entryCount == 5)
  }
}
