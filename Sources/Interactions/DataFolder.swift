// What a folder of data holds, by the names of its files.

import Files

/// The files that a data set is built from.
package struct DataSources: Sendable, Equatable {
  /// How interactions are written.
  package enum Layout: String, Sendable {
    /// A table with named columns (CSV, TSV, RecBole).
    case table
    /// One line a user: `user item item ...` (LightGCN).
    case adjacency
    /// Sparse matrices whose row n is user n and column n item n (RLMRec's pickles, or `.npz`).
    case matrix
  }

  /// How interactions are written.
  package var layout = Layout.table
  /// All interactions, or those of training when others are given too.
  package var train: String
  /// Validation interactions.
  package var valid: String?
  /// Test interactions.
  package var test: String?
  /// The list of items with titles.
  package var items: String?
  /// The list of users.
  package var users: String?
  /// Text embeddings of items.
  package var itemEmbeddings: String?
  /// Ids of the rows of `itemEmbeddings`.
  package var itemEmbeddingIds: String?
  /// Text embeddings of users.
  package var userEmbeddings: String?
  /// Ids of the rows of `userEmbeddings`.
  package var userEmbeddingIds: String?

  /// Sources of which the interactions are known.
  package init(train: String) { self.train = train }

  /// The file of ids beside an embedding file, if it exists: `item_ids.txt` beside `item_embeddings.npy`.
  package static func idsFile(beside embeddings: String) -> String? {
    var stem = embeddings
    for suffix in [".npy", ".safetensors", ".pkl"] where stem.hasSuffix(suffix) { stem.removeLast(suffix.count) }
    let candidates = [stem.hasSuffix("_embeddings") ? String(stem.dropLast(11)) + "_ids.txt" : nil, stem + "_ids.txt"]
    return candidates.compactMap { $0 }.first(where: FileReader.exists)
  }
}

/// A layout of files that is asked for by name where a folder holds several.
package enum DataFormat: String, Sendable, CaseIterable {
  /// RLMRec's matrices and embeddings: `trn_mat.pkl` and its companions.
  case rlmrec
}

/// Recognises data sets by the files in a folder.
package enum DataFolder {
  /// The sources in a folder, or of one file of interactions.
  ///
  /// In this order: `train.tsv` or `.csv` (with `valid`, `test`); RLMRec's `trn_mat` (with `val_mat`, `tst_mat`) as
  /// `.pkl` or `.npz`; RecBole's `NAME.inter` or `NAME.train.inter`; LightGCN's `train.txt` (with `test.txt`,
  /// `valid.txt`); `interactions` or `ratings` as `.tsv` or `.csv`; a single other table. Beside any of them: `items` and
  /// `users` as `.tsv` or `.csv` (or RecBole's), `item_embeddings` and `user_embeddings` as `.npy` or `.safetensors`,
  /// `item_ids.txt` and `user_ids.txt`; beside matrices, RLMRec's `itm_emb_np` and `usr_emb_np` come first.
  /// - Parameters:
  ///   - path: the folder or file.
  ///   - format: the layout that is meant; nil to recognise it.
  package static func recognise(_ path: String, format: DataFormat? = nil) throws -> DataSources {
    guard FileReader.isDirectory(path) else {
      return try file(path)
    }
    let folder = Listing(path: path, names: try FileReader.names(inDirectory: path))
    var sources: DataSources
    if format == .rlmrec {
      guard let matrices = try matrices(in: folder) else {
        throw DataError.notPossible("\(path): holds no trn_mat.pkl and no trn_mat.npz, which the format rlmrec needs")
      }
      sources = matrices
    } else {
      sources = try interactions(in: folder)
    }
    try addCompanions(in: folder, to: &sources)
    return sources
  }

  /// The sources of one file of interactions: a matrix (`.pkl`, `.npz`), LightGCN's text when its first line is digits
  /// and spaces, or a table.
  package static func file(_ path: String) throws -> DataSources {
    // Opening it says whether it is missing or not a regular file.
    let reader = try FileReader(path)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let got = try reader.read(into: &bytes, count: bytes.count, at: 0)
    let line = bytes[0..<got].prefix { $0 != 0x0A && $0 != 0x0D }
    var sources = DataSources(train: path)
    if path.hasSuffix(".pkl") || path.hasSuffix(".npz") {
      sources.layout = .matrix
      return sources
    }
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    if line.contains(0x20), line.allSatisfy({ $0 == 0x20 || digits.contains($0) }) { sources.layout = .adjacency }
    return sources
  }

  /// Adds what lies in a folder beside interactions: lists and embeddings.
  package static func addCompanions(of path: String, to sources: inout DataSources) throws {
    try addCompanions(in: Listing(path: path, names: try FileReader.names(inDirectory: path)), to: &sources)
  }

  private static func addCompanions(in folder: Listing, to sources: inout DataSources) throws(DataError) {
    if sources.items == nil { sources.items = try folder.table("items") ?? folder.only(".item") }
    if sources.users == nil { sources.users = try folder.table("users") ?? folder.only(".user") }
    sources.itemEmbeddings = try embeddings(stems: ("itm_emb_np", "item_embeddings"), in: folder, of: sources.layout)
    sources.userEmbeddings = try embeddings(stems: ("usr_emb_np", "user_embeddings"), in: folder, of: sources.layout)
    sources.itemEmbeddingIds = sources.itemEmbeddings == nil ? nil : folder.first(["item_ids.txt"])
    sources.userEmbeddingIds = sources.userEmbeddings == nil ? nil : folder.first(["user_ids.txt"])
  }

  /// The embeddings of one side: beside matrices under RLMRec's name first, in its formats or the usual ones.
  private static func embeddings(
    stems: (rlmrec: String, usual: String), in folder: Listing, of layout: DataSources.Layout
  ) throws(DataError) -> String? {
    let usual = [stems.usual + ".npy", stems.usual + ".safetensors"]
    guard layout == .matrix else { return try folder.single(usual) }
    // An autoclosure of `??` would lose the type of the error.
    if let found = try folder.single([".pkl", ".npy", ".safetensors"].map({ stems.rlmrec + $0 })) { return found }
    return try folder.single(usual)
  }

  /// RLMRec's matrices; nil when there are none.
  private static func matrices(in folder: Listing) throws(DataError) -> DataSources? {
    func matrix(_ stem: String) throws(DataError) -> String? { try folder.single([stem + ".pkl", stem + ".npz"]) }
    guard let train = try matrix("trn_mat") else { return nil }
    var sources = DataSources(train: train)
    sources.layout = .matrix
    sources.valid = try matrix("val_mat")
    sources.test = try matrix("tst_mat")
    return sources
  }

  private struct Listing {
    let path: String
    let names: [String]

    func full(_ name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

    func first(_ candidates: [String]) -> String? {
      candidates.first { names.contains($0) }.map(full)
    }

    /// The one of several names for the same thing that is there; two of them may well contradict each other.
    func single(_ candidates: [String]) throws(DataError) -> String? {
      let found = candidates.filter { names.contains($0) }
      guard found.count <= 1 else { throw .twice(folder: path, names: found) }
      return found.first.map(full)
    }

    func table(_ stem: String) throws(DataError) -> String? { try single([stem + ".tsv", stem + ".csv"]) }

    /// The file with this ending, if there is exactly one.
    func only(_ suffix: String) -> String? {
      let found = names.filter { $0.hasSuffix(suffix) }
      return found.count == 1 ? full(found[0]) : nil
    }
  }

  private static func interactions(in folder: Listing) throws -> DataSources {
    if let train = try folder.table("train") {
      var sources = DataSources(train: train)
      sources.valid = try folder.single(
        ["valid", "validation", "val"].flatMap { [$0 + ".tsv", $0 + ".csv"] })
      sources.test = try folder.table("test")
      return sources
    }
    if let sources = try matrices(in: folder) { return sources }
    let recBole = folder.names.filter { $0.hasSuffix(".inter") }
    if !recBole.isEmpty { return try recBoleSources(recBole, in: folder) }
    if let train = folder.first(["train.txt"]) {
      var sources = DataSources(train: train)
      sources.layout = .adjacency
      sources.valid = folder.first(["valid.txt", "val.txt"])
      sources.test = folder.first(["test.txt"])
      return sources
    }
    let whole = ["interactions.tsv", "interactions.csv", "ratings.tsv", "ratings.csv"]
    if let table = try folder.single(whole) { return DataSources(train: table) }
    let others = folder.names.filter { name in
      (name.hasSuffix(".csv") || name.hasSuffix(".tsv"))
        && !["items.", "users.", "movies.", "links.", "tags.", "titles."].contains { name.hasPrefix($0) }
    }
    guard let only = others.first else { throw DataError.unrecognised(folder: folder.path, found: folder.names) }
    guard others.count == 1 else { throw DataError.ambiguous(folder: folder.path, candidates: others) }
    return DataSources(train: folder.full(only))
  }

  private static func recBoleSources(_ names: [String], in folder: Listing) throws(DataError) -> DataSources {
    let parts = [".train.inter", ".valid.inter", ".test.inter"]
    let whole = names.filter { name in !parts.contains { name.hasSuffix($0) } }
    let trains = names.filter { $0.hasSuffix(".train.inter") }
    guard whole.count + trains.count == 1 else {
      throw .ambiguous(folder: folder.path, candidates: names)
    }
    var sources: DataSources
    let stem: String
    if let name = whole.first {
      stem = String(name.dropLast(".inter".count))
      sources = DataSources(train: folder.full(name))
    } else {
      stem = String(trains[0].dropLast(".train.inter".count))
      sources = DataSources(train: folder.full(trains[0]))
      sources.valid = folder.first([stem + ".valid.inter"])
      sources.test = folder.first([stem + ".test.inter"])
    }
    sources.items = folder.first([stem + ".item"])
    sources.users = folder.first([stem + ".user"])
    return sources
  }
}
