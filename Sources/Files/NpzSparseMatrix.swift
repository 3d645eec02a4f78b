// Sparse matrices in NumPy's .npz archives, as scipy.sparse.save_npz writes them.

extension StoredSparseMatrix {
  /// Opens a file of `scipy.sparse.save_npz`, compressed or not.
  ///
  /// Compressed members are decompressed into memory, uncompressed ones stay in the file. Pickled objects are refused.
  package init(npz path: String) throws(FileError) {
    let source = try ByteSource(path)
    let archive = try ZipArchive(source)
    let format = try Self.format(in: archive)
    let shape = try Self.array("shape", in: archive)
    let extents = try shape.indices(below: SparseCoordinates.extentLimit + 1, name: "shape")
    guard extents.count == 2 else {
      throw .malformed(path: path, detail: "has \(extents.count) numbers in its 'shape'; a matrix has two")
    }
    let parts: Parts
    switch format {
    case .coordinates:
      parts = .coordinates(
        rows: try Self.array("row", in: archive), columns: try Self.array("col", in: archive))
    case .rows, .columns:
      parts = .compressed(
        starts: try Self.array("indptr", in: archive), indices: try Self.array("indices", in: archive),
        byColumn: format == .columns)
    }
    let expanded = archive.members.reduce(0) { $0 + $1.size }
    self.init(
      rows: Int(extents[0]), columns: Int(extents[1]), path: path, fileSize: max(source.size, expanded), parts: parts,
      values: try Self.array("data", in: archive))
  }

  /// One member as an array.
  private static func array(_ name: String, in archive: ZipArchive) throws(FileError) -> StoredArray {
    let path = archive.source.path
    guard let member = archive.member(name + ".npy") else {
      throw .malformed(path: path, detail: "has no member '\(name).npy'; write it with scipy.sparse.save_npz")
    }
    let (source, range) = try archive.bytes(of: member)
    let prefix = try source.bytes(range.prefix(12 + NpyHeader.lengthLimit))
    let header = try NpyHeader.parse(prefix: prefix, fileSize: range.count, path: path + ": '\(name).npy'")
    let content = StoredBytes(range: range.lowerBound + header.dataOffset..<range.upperBound, isText: false)
    switch StoredArray.make(dataType: header.dataType, shape: header.shape, source: source, content: content) {
    case .success(let array): return array
    case .failure(let mismatch): throw .malformed(path: path, detail: mismatch.detail)
    }
  }

  /// The format, a text of three bytes at the end of its member.
  private static func format(in archive: ZipArchive) throws(FileError) -> SparseFormat {
    guard let member = archive.member("format.npy") else {
      throw .malformed(
        path: archive.source.path, detail: "has no member 'format.npy'; write it with scipy.sparse.save_npz")
    }
    let (source, range) = try archive.bytes(of: member)
    let name = String(decoding: try source.bytes(range.suffix(3)), as: UTF8.self)
    guard let format = SparseFormat(rawValue: name) else {
      throw .malformed(path: source.path, detail: "has a format other than coo, csr or csc; save matrix.tocoo()")
    }
    return format
  }
}
