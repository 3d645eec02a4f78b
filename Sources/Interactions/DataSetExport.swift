// Writing a data set so that other programs read it: RLMRec's folder, SciPy's .npz, or plain tables.

import Files
import Numerics

/// The layouts in which a data set is written.
package enum ExportFormat: String, Sendable, CaseIterable {
  /// RLMRec's folder: pickles of protocol 4, which its own loader reads unchanged.
  case rlmrec
  /// The same under the same names in `.npz` and `.npy`, for programs that refuse pickles.
  case npz
  /// The same matrices in `.npz`, with embeddings in safetensors.
  case safetensors
  /// Tables `train.tsv`, `valid.tsv`, `test.tsv`, and `.npy` embeddings: what `darec` reads first.
  case tsv
}

/// Writes data sets.
package enum DataSetExport {
  /// Writes a data set into a folder, which is created.
  ///
  /// Every file gets its name when it is whole, and the same data give the same bytes. Ids and titles go to `users.tsv`
  /// and `items.tsv`, whose row n is row n of matrices and embeddings. User embeddings that were derived from items are
  /// left out for `tsv`, which is read back the same, and written for the others, whose readers need them.
  /// - Parameters:
  ///   - dataSet: the data.
  ///   - folder: the folder; it must be empty or not exist unless `replacesFiles`.
  ///   - format: the layout.
  ///   - replacesFiles: lets files of the same names be replaced.
  /// - Returns: the names of the files, in the order they were written.
  @discardableResult
  package static func write(
    _ dataSet: DataSet, to folder: String, format: ExportFormat, replacesFiles: Bool = false
  ) throws -> [String] {
    try FileWriter.createDirectory(folder)
    if !replacesFiles, let name = try FileReader.names(inDirectory: folder).first {
      throw DataError.badOption(
        "\(folder): is not empty (it holds '\(name)'); give a new folder, or replace its files with --force")
    }
    var names: [String] = []
    func file(_ name: String) -> String {
      names.append(name)
      return folder + "/" + name
    }
    do {
      try writeList(file("users.tsv"), column: "user_id", ids: dataSet.users, titles: dataSet.userTitles)
      try writeList(file("items.tsv"), column: "item_id", ids: dataSet.items, titles: dataSet.itemTitles)
      let parts = [dataSet.train, dataSet.valid, dataSet.test]
      switch format {
      case .tsv:
        for (part, stem) in zip(parts, ["train", "valid", "test"]) {
          try writeTable(file(stem + ".tsv"), part, of: dataSet)
        }
        try writeNpy(dataSet.itemText, file, "item_embeddings.npy")
        if !dataSet.userTextIsDerived { try writeNpy(dataSet.userText, file, "user_embeddings.npy") }
      case .rlmrec:
        for (part, stem) in zip(parts, ["trn_mat", "val_mat", "tst_mat"]) {
          try PickleWriter.write(file(stem + ".pkl"), matrix: coordinates(part))
        }
        for (text, stem) in [(dataSet.userText, "usr_emb_np"), (dataSet.itemText, "itm_emb_np")] {
          guard let text else { continue }
          try PickleWriter.write(
            file(stem + ".pkl"), shape: [text.rows, text.columns], values: UnsafeBufferPointer(text.elements))
        }
      case .npz, .safetensors:
        for (part, stem) in zip(parts, ["trn_mat", "val_mat", "tst_mat"]) {
          try NpzWriter.write(file(stem + ".npz"), matrix: coordinates(part))
        }
        for (text, stem) in [(dataSet.userText, "usr_emb_np"), (dataSet.itemText, "itm_emb_np")] {
          if format == .npz { try writeNpy(text, file, stem + ".npy") }
          if format == .safetensors { try writeSafetensors(text, file, stem + ".safetensors") }
        }
      }
    } catch {
      // Some of the files would pass for a data set: of a full disk's, training without its test part.
      for name in names { try? PosixFileSystem().removeFile(folder + "/" + name) }
      throw error
    }
    return names
  }

  /// The entries of a matrix, row by row.
  private static func coordinates(_ matrix: CSRMatrix) -> SparseCoordinates {
    let rows = (0..<matrix.rows).flatMap { repeatElement(Int32($0), count: matrix.degree($0)) }
    return SparseCoordinates(
      rows: matrix.rows, columns: matrix.columns, rowIndices: rows, columnIndices: matrix.columnIndices)
  }

  private static func writeNpy(_ matrix: Matrix?, _ file: (String) -> String, _ name: String) throws {
    guard let matrix else { return }
    try NpyFile.write(file(name), shape: [matrix.rows, matrix.columns], values: matrix.elements)
  }

  private static func writeSafetensors(_ matrix: Matrix?, _ file: (String) -> String, _ name: String) throws {
    guard let matrix else { return }
    var tensors = SafetensorsWriter()
    tensors.add(
      "embeddings", type: .float32, shape: [matrix.rows, matrix.columns], owner: matrix,
      bytes: UnsafeRawBufferPointer(matrix.elements))
    try tensors.write(toFile: file(name))
  }

  private static func writeList(_ path: String, column: String, ids: IdentifierMap, titles: [String]?) throws {
    let writer = try FileWriter(path)
    try writer.append(column + (titles == nil ? "\n" : "\ttitle\n"))
    for index in 0..<ids.count {
      try append(ids, index, to: writer)
      if let titles {
        // A table of tabs cannot hold a tab or a line's end within a field.
        let title = String(titles[index].map { $0 == "\t" || $0.isNewline ? " " : $0 })
        try writer.append("\t" + title)
      }
      try writer.append("\n")
    }
    try writer.finish()
  }

  private static func writeTable(_ path: String, _ part: CSRMatrix, of dataSet: DataSet) throws {
    let writer = try FileWriter(path)
    try writer.append("user_id\titem_id\n")
    for user in 0..<part.rows {
      for item in part.row(user) {
        try append(dataSet.users, user, to: writer)
        try writer.append("\t")
        try append(dataSet.items, Int(item), to: writer)
        try writer.append("\n")
      }
    }
    try writer.finish()
  }

  private static func append(_ ids: IdentifierMap, _ index: Int, to writer: FileWriter) throws {
    let isPlain = ids.withBytes(index) { bytes in !bytes.contains { $0 == 0x09 || $0 == 0x0A || $0 == 0x0D } }
    guard isPlain else {
      throw DataError.notPossible(
        "the id '\(ids[index])' has a tab or a line's end in it, which a .tsv file cannot hold; rename it")
    }
    try writer.append { buffer in ids.withBytes(index) { buffer.append(contentsOf: $0) } }
  }
}
