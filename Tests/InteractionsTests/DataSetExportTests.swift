// Exported data: read back the same, the same bytes again, and loaded by Python as RLMRec's loader does it.

import Files
import Interactions
import Numerics
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct DataSetExportTests {
  /// A planted data set with titles and embeddings.
  private static func planted() throws -> DataSet {
    let folder = try TemporaryFolder()
    var options = PlantedDataOptions()
    options.users = 60
    options.items = 40
    options.interactions = 900
    try PlantedData.write(to: folder.path + "/planted", options: options)
    return try DataSet.load(DataSetOptions(folder: folder.path + "/planted"))
  }

  @Test(arguments: ExportFormat.allCases) func exportedDataReadBackTheSame(format: ExportFormat) throws {
    let data = try Self.planted()
    let folder = try TemporaryFolder()
    let names = try DataSetExport.write(data, to: folder.path + "/out", format: format)
    let back = try DataSet.load(DataSetOptions(folder: folder.path + "/out"))
    #expect(back.fingerprint == data.fingerprint)
    #expect(back.itemTitles == data.itemTitles)
    #expect(back.itemText?.values == data.itemText?.values && back.userText?.values == data.userText?.values)
    #expect(try FileReader.names(inDirectory: folder.path + "/out") == names.sorted())
    // The same bytes again.
    try DataSetExport.write(back, to: folder.path + "/again", format: format)
    for name in names {
      #expect(
        try FileReader.contents(of: folder.path + "/out/" + name)
          == FileReader.contents(of: folder.path + "/again/" + name), "\(name)")
    }
  }

  @Test func filledFoldersAreLeftAloneWithoutForce() throws {
    let data = try Self.planted()
    let folder = try TemporaryFolder()
    try folder.write("precious.txt", "x")
    #expect(throws: DataError.self) { try DataSetExport.write(data, to: folder.path, format: .tsv) }
    #expect(try FileReader.names(inDirectory: folder.path) == ["precious.txt"])
    try DataSetExport.write(data, to: folder.path, format: .tsv, replacesFiles: true)
    #expect(FileReader.exists(folder.path + "/train.tsv") && FileReader.exists(folder.path + "/precious.txt"))
  }

  @Test func idsThatATableCannotHoldAreRefusedAndNothingIsLeft() throws {
    let one = CSRMatrix(rows: 1, columns: 1, entries: [(0, 0)])
    let none = CSRMatrix(rows: 1, columns: 1, entries: [])
    let data = DataSet(
      users: IdentifierMap(["a\tb"]), items: IdentifierMap(["c"]), train: one, valid: none, test: none)
    let folder = try TemporaryFolder()
    #expect(throws: DataError.self) { try DataSetExport.write(data, to: folder.path, format: .rlmrec) }
    #expect(try FileReader.names(inDirectory: folder.path).isEmpty)
  }

  /// What RLMRec's loader does: unpickle, compare with zero, make COO, take shape and embeddings.
  private static let loader = """
    import pickle, sys, warnings
    import numpy as np
    warnings.simplefilter("error")
    from scipy.sparse import coo_matrix, load_npz
    folder = sys.argv[1]
    for stem in ("trn_mat", "val_mat", "tst_mat"):
        if sys.argv[2] == "npz":
            loaded = load_npz(folder + "/" + stem + ".npz")
        else:
            with open(folder + "/" + stem + ".pkl", "rb") as file:
                loaded = pickle.load(file)
        assert type(loaded) == coo_matrix, type(loaded)
        assert loaded.row.dtype == np.int32 and loaded.col.dtype == np.int32 and loaded.data.dtype == np.float64
        matrix = (loaded != 0).astype(np.float32)
        if type(matrix) != coo_matrix:
            matrix = coo_matrix(matrix)
        print(stem, matrix.shape[0], matrix.shape[1], *sorted(zip(matrix.row.tolist(), matrix.col.tolist())))
    for stem in ("usr_emb_np", "itm_emb_np"):
        if sys.argv[2] == "npz":
            array = np.load(folder + "/" + stem + ".npy")
        else:
            with open(folder + "/" + stem + ".pkl", "rb") as file:
                array = pickle.load(file)
        assert array.dtype == np.float32 and array.flags.c_contiguous
        array = array + 0
        print(stem, array.shape[0], array.shape[1], array.view(np.uint32).astype(np.uint64).sum())
    """

  /// Runs python3 with a program and arguments; its output, or nil when it fails.
  private static func python(_ program: String, _ arguments: [String], folder: String) -> String? {
    let output = folder + "/python-output"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    var words = (["python3", "-c", program] + arguments).map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    guard posix_spawnp(&child, "python3", &actions, nil, words, environ) == 0 else { return nil }
    var status: Int32 = 0
    guard waitpid(child, &status, 0) == child, status == 0 else { return nil }
    return (try? FileReader.contents(of: output)).map { String(decoding: $0, as: UTF8.self) }
  }

  private static let hasScipy: Bool = {
    guard let folder = try? TemporaryFolder() else { return false }
    return python("import numpy, scipy.sparse", [], folder: folder.path) != nil
  }()

  @Test(.enabled(if: hasScipy, "needs python3 with scipy"), arguments: [ExportFormat.rlmrec, .npz])
  func pythonLoadsExportsAsRlmrecsLoaderDoes(format: ExportFormat) throws {
    let data = try Self.planted()
    let folder = try TemporaryFolder()
    try DataSetExport.write(data, to: folder.path + "/out", format: format)
    let output = try #require(
      Self.python(Self.loader, [folder.path + "/out", format.rawValue], folder: folder.path))
    var expected = ""
    for (stem, matrix) in [("trn_mat", data.train), ("val_mat", data.valid), ("tst_mat", data.test)] {
      let pairs = (0..<matrix.rows).flatMap { user in matrix.row(user).map { " (\(user), \($0))" } }
      expected += "\(stem) \(matrix.rows) \(matrix.columns)\(pairs.joined())\n"
    }
    for (stem, text) in [("usr_emb_np", data.userText), ("itm_emb_np", data.itemText)] {
      let text = try #require(text)
      let sum = text.elements.reduce(0 as UInt64) { $0 + UInt64($1.bitPattern) }
      expected += "\(stem) \(text.rows) \(text.columns) \(sum)\n"
    }
    #expect(output == expected)
  }

  private static let realFolder = getenv("DAREC_DATA").map { String(cString: $0) }

  /// A real folder that holds RLMRec's pickles and the same data as tables gives equal matrices either way.
  @Test(.enabled(if: realFolder != nil, "needs DAREC_DATA, a folder with RLMRec's pickles and the same in tables"))
  func picklesAndTablesOfARealFolderAreEqual() throws {
    let folder = try #require(Self.realFolder)
    let tables = try DataSet.load(DataSetOptions(folder: folder))
    var options = DataSetOptions(folder: folder)
    options.format = .rlmrec
    let pickles = try DataSet.load(options)
    #expect(pickles.fingerprint == tables.fingerprint)
    if let text = tables.itemText { #expect(pickles.itemText?.values == text.values) }
  }
}
