// Pickles that numpy and scipy really wrote, in every protocol, and what is refused by name and offset.

import Files
import TestSupport
import Testing

@Suite struct PickleTests {
  static let protocolsAndVersions = ["old", "new"].flatMap { tag in (2...5).map { "\(tag)-p\($0)" } }

  private func pairs(_ matrix: SparseCoordinates) -> Set<[Int32]> {
    Set(zip(matrix.rowIndices, matrix.columnIndices).map { [$0, $1] })
  }

  private static let places: Set<[Int32]> = [[0, 1], [0, 3], [2, 0], [1, 2], [2, 2]]

  @Test(
    arguments: protocolsAndVersions.map { "coo-\($0)" }
      + [
        "csr-old-p4", "csr-old-p5", "csr-new-p4", "csr-new-p5", "csc-old-p2", "csc-old-p4", "csc-new-p2", "csc-new-p4",
        "bool-old-p4", "bool-new-p4",
      ])
  func matricesOfScipyAreRead(name: String) throws {
    let matrix = try PickleFile.sparseMatrix(fixturePath("pickle/\(name).pkl")).coordinates()
    #expect(matrix.rows == 4 && matrix.columns == 5 && matrix.count == 5)
    #expect(pairs(matrix) == Self.places)
  }

  @Test(
    arguments: protocolsAndVersions.map { "f4-\($0)" } + ["f8-old-p4", "f8-new-p4", "f2-old-p4", "f2-new-p4"])
  func arraysOfNumpyAreRead(name: String) throws {
    let array = try PickleFile.array(fixturePath("pickle/\(name).pkl"))
    #expect(array.shape == [2, 3] && array.count == 6)
    #expect(try floats(array) == [0, 0.5, 1, 1.5, 2, 2.5])
  }

  private func floats(_ array: StoredArray) throws -> [Float] {
    var values = [Float](repeating: .nan, count: array.count)
    let result = values.withUnsafeMutableBufferPointer { buffer in
      Result { try array.readFloats(into: buffer) }
    }
    try result.get()
    return values
  }

  @Test(arguments: ["old-p2", "old-p4", "new-p2", "new-p4"]) func matricesWithoutEntriesAreRead(name: String) throws {
    let matrix = try PickleFile.sparseMatrix(fixturePath("pickle/empty-\(name).pkl")).coordinates()
    #expect(matrix.rows == 4 && matrix.columns == 5 && matrix.count == 0)
  }

  @Test(arguments: ["old-p4", "new-p4"]) func zerosAreDroppedAndEverythingElseIsKept(name: String) throws {
    let matrix = try PickleFile.sparseMatrix(fixturePath("pickle/wide-\(name).pkl")).coordinates()
    // NaN is not zero, -0.0 is; the entry that occurs twice stays twice.
    #expect(matrix.count == 6 && matrix.zeroCount == 1)
    #expect(pairs(matrix) == Self.places)
  }

  @Test func theModuleNamesOfOlderScipyAreKnown() throws {
    // Protocol 2 writes names without their lengths, so they can be replaced.
    let bytes = try FileReader.contents(of: fixturePath("pickle/coo-old-p2.pkl"))
    let text = String(decoding: bytes.prefix(31), as: UTF8.self)
    #expect(text.hasSuffix("cscipy.sparse._coo\ncoo_matrix"[...].prefix(29)))
    for module in ["scipy.sparse.coo", "scipy.sparse"] {
      let renamed = Array(bytes.prefix(3)) + Array(module.utf8) + bytes.dropFirst(3 + "scipy.sparse._coo".utf8.count)
      guard case .sparse(let matrix) = try PickleFile(ByteSource(bytes: renamed, name: "renamed")) else {
        Issue.record("not a matrix")
        continue
      }
      #expect(pairs(try matrix.coordinates()) == Self.places)
    }
  }

  @Test(arguments: [
    ("big-new-p4", "big-endian"), ("fortran-new-p4", "Fortran order"), ("fortran-new-p5", "Fortran order"),
    ("objects-new-p4", "'O8'"), ("scalar-new-p4", "'numpy._core.multiarray.scalar'"),
  ])
  func otherArraysAreRefusedByName(name: String, expected: String) throws {
    let error = #expect(throws: PickleError.self) { try PickleFile(fixturePath("pickle/\(name).pkl")) }
    #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    #expect(error?.description.contains("offset ") == true)
    #expect(error?.exitStatus == Files.ExitStatus.badData)
  }

  @Test func aMatrixIsNoArrayAndTheOtherWayRound() throws {
    #expect(throws: PickleError.self) { try PickleFile.array(fixturePath("pickle/coo-new-p4.pkl")) }
    #expect(throws: PickleError.self) { try PickleFile.sparseMatrix(fixturePath("pickle/f4-new-p4.pkl")) }
  }

  // MARK: Writing

  @Test func writtenMatricesReadBackAndAreDeterministic() throws {
    let folder = try TemporaryFolder()
    let matrix = SparseCoordinates(
      rows: 70_000, columns: 300, rowIndices: [0, 0, 5, 69_999], columnIndices: [1, 299, 0, 7])
    try PickleWriter.write(folder.path + "/a.pkl", matrix: matrix)
    try PickleWriter.write(folder.path + "/b.pkl", matrix: matrix)
    #expect(try PickleFile.sparseMatrix(folder.path + "/a.pkl").coordinates() == matrix)
    #expect(
      try FileReader.contents(of: folder.path + "/a.pkl") == FileReader.contents(of: folder.path + "/b.pkl"))
  }

  @Test func writtenArraysReadBackBitForBit() throws {
    let folder = try TemporaryFolder()
    let values: [Float] = [0, -0.0, .infinity, .leastNonzeroMagnitude, -3.25, 7]
    let path = folder.path + "/a.pkl"
    let result = values.withUnsafeBufferPointer { buffer in
      Result { try PickleWriter.write(path, shape: [3, 2], values: buffer) }
    }
    try result.get()
    let array = try PickleFile.array(path)
    #expect(array.shape == [3, 2] && array.dataType == .float32)
    #expect(try floats(array).map(\.bitPattern) == values.map(\.bitPattern))
  }
}
