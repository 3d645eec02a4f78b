// Sparse matrices in .npz archives: scipy's own files, what is written, and damage.

import Files
import TestSupport
import Testing

@Suite struct NpzTests {
  private func pairs(_ matrix: SparseCoordinates) -> Set<[Int32]> {
    Set(zip(matrix.rowIndices, matrix.columnIndices).map { [$0, $1] })
  }

  @Test(arguments: ["coo-deflated", "csr-stored", "csc-deflated"]) func archivesOfScipyAreRead(name: String) throws {
    let matrix = try StoredSparseMatrix(npz: fixturePath("pickle/\(name).npz")).coordinates()
    #expect(matrix.rows == 4 && matrix.columns == 5)
    #expect(pairs(matrix) == [[0, 1], [0, 3], [2, 0], [1, 2], [2, 2]])
  }

  @Test func longDeflatedDataAreExact() throws {
    let matrix = try StoredSparseMatrix(npz: fixturePath("pickle/long-deflated.npz")).coordinates()
    // The formula of generate.py.
    let places = Set((0..<4000).map { ($0 * $0 * 31 + $0 * 7919) % (900 * 700) })
    let found = zip(matrix.rowIndices, matrix.columnIndices).map { Int($0) * 700 + Int($1) }
    #expect(found == places.sorted())
  }

  @Test func writtenArchivesReadBack() throws {
    let folder = try TemporaryFolder()
    let matrix = SparseCoordinates(rows: 6, columns: 3, rowIndices: [0, 0, 5], columnIndices: [1, 2, 0])
    try NpzWriter.write(folder.path + "/a.npz", matrix: matrix)
    try NpzWriter.write(folder.path + "/b.npz", matrix: matrix)
    #expect(try StoredSparseMatrix(npz: folder.path + "/a.npz").coordinates() == matrix)
    #expect(
      try FileReader.contents(of: folder.path + "/a.npz") == FileReader.contents(of: folder.path + "/b.npz"))
  }

  @Test(arguments: ["coo-deflated", "csr-stored", "long-deflated"]) func everyFlippedByteOfDataIsNoticed(
    name: String
  ) throws {
    let folder = try TemporaryFolder()
    let bytes = try FileReader.contents(of: fixturePath("pickle/\(name).npz"))
    let sound = try StoredSparseMatrix(npz: fixturePath("pickle/\(name).npz")).coordinates()
    var random = SplitMix(state: 7)
    for round in 0..<300 {
      var damaged = round % 3 == 0 ? random.mutate(bytes) : bytes
      if round % 3 != 0 { damaged[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
      let path = try folder.write("damaged.npz", damaged)
      // Dates and other fields that nobody needs may change; what is read is the same or is refused.
      do { #expect(try StoredSparseMatrix(npz: path).coordinates() == sound) } catch {}
    }
  }

  @Test func claimsOfHugeMembersAreRefusedBeforeMemoryIsTaken() throws {
    let folder = try TemporaryFolder()
    var bytes = try FileReader.contents(of: fixturePath("pickle/coo-deflated.npz"))
    let place = try #require((0..<bytes.count - 46).first { Array(bytes[$0..<$0 + 4]) == [0x50, 0x4B, 1, 2] })
    for index in place + 24..<place + 28 { bytes[index] = 0xFF }
    let path = try folder.write("huge.npz", bytes)
    #expect(throws: FileError.self) { try StoredSparseMatrix(npz: path).coordinates() }
  }

  @Test(arguments: ["", "PK", "not an archive at all, but long enough to hold an end record"])
  func otherFilesAreRefused(content: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.npz", content)
    #expect(throws: FileError.self) { try StoredSparseMatrix(npz: path) }
  }
}
