// Why a data set cannot be built from its files.

import Files

/// A data set that cannot be built; every case says which file and what to do.
package enum DataError: DescribedFailure {
  /// A folder holds nothing that is recognised.
  case unrecognised(folder: String, found: [String])
  /// A folder could be read in several ways.
  case ambiguous(folder: String, candidates: [String])
  /// A folder holds the same thing twice.
  case twice(folder: String, names: [String])
  /// A table lacks a column; `isNamed` when the user gave its name.
  case missingColumn(path: String, role: String, known: [String], found: [String], isNamed: Bool = false)
  /// A value in a table or file is wrong; `place` is a line or a row and column.
  case badValue(path: String, place: String, reason: String)
  /// Ids that have no embedding.
  case withoutEmbedding(path: String, kind: String, count: Int, first: [String])
  /// Embeddings whose ids are not in the data.
  case withoutEntity(path: String, kind: String, count: Int, first: [String])
  /// Rows and ids do not match in number.
  case rowCount(path: String, rows: Int, ids: Int, source: String)
  /// Nothing says which row belongs to which id.
  case unknownRowOrder(path: String, kind: String)
  /// What was asked for needs data that is not there.
  case notPossible(String)
  /// An option has a value that makes no sense.
  case badOption(String)
  /// Nothing is left to learn from.
  case empty(String)

  package var description: String {
    switch self {
    case .unrecognised(let folder, let found):
      let names = found.isEmpty ? "it is empty" : "it holds " + Self.list(found, of: found.count)
      return "\(folder): no data set recognised; \(names). Looked for: train.tsv or train.csv (with valid and test), "
        + "trn_mat.pkl or trn_mat.npz of RLMRec, *.inter of RecBole, train.txt and test.txt of LightGCN, interactions.tsv or ratings.csv, "
        + "or a single .csv or .tsv file; or name the files with --interactions and --items"
    case .ambiguous(let folder, let candidates):
      return "\(folder): several files could be the interactions: \(Self.list(candidates, of: candidates.count)); "
        + "name one with --interactions"
    case .twice(let folder, let names):
      return "\(folder): holds \(names.map { "'\($0)'" }.joined(separator: " and ")), which mean the same; "
        + "remove what is not meant"
    case .missingColumn(let path, _, _, let found, _) where found.allSatisfy(Self.looksLikeData):
      return "\(path):1: the first line looks like data (\(Self.list(found, of: found.count))); put a line before it "
        + "that names the columns, such as 'user_id' and 'item_id' with the separator of the other lines"
    case .missingColumn(let path, let role, let known, let found, true):
      return "\(path): no column '\(known.joined(separator: ", "))', which --\(role)-column names, among "
        + Self.list(found, of: found.count)
    case .missingColumn(let path, let role, let known, let found, _):
      return "\(path): no column for the \(role) among \(Self.list(found, of: found.count)); known names are "
        + "\(known.joined(separator: ", ")); name it with --\(role)-column"
    case .badValue(let path, let place, let reason):
      return "\(path): \(place): \(reason)"
    case .withoutEmbedding(let path, let kind, let count, let first):
      return "\(path): \(count) \(kind)\(count == 1 ? " has" : "s have") no embedding: \(Self.list(first, of: count)); "
        + "add the rows, or use --allow-missing to give zero vectors"
    case .withoutEntity(let path, let kind, let count, let first):
      return "\(path): \(count) embedding\(count == 1 ? " is" : "s are") of no known \(kind): "
        + "\(Self.list(first, of: count)); remove the rows, or use --allow-missing to pass over them"
    case .rowCount(let path, let rows, let ids, let source):
      return "\(path): has \(rows) rows, but \(source) has \(ids) ids; row n must belong to id n: "
        + "make them equal, or list the ids of the rows in an ids file"
    case .unknownRowOrder(let path, let kind):
      return "\(path): nothing says which row belongs to which \(kind); put the ids, one a line in row order, into "
        + "\(kind)_ids.txt beside it, or give an \(kind)s file whose rows are in the same order"
    case .notPossible(let reason): return reason
    case .badOption(let reason): return reason
    case .empty(let reason): return reason
    }
  }

  package var exitStatus: ExitStatus {
    if case .badOption = self { return .usage }
    return .badData
  }

  /// True for a field that hardly names a column: a number, or several in one.
  private static func looksLikeData(_ field: String) -> Bool {
    field.utf8.contains { (0x30...0x39).contains($0) }
      && field.utf8.allSatisfy { (0x30...0x39).contains($0) || " .:-+|".utf8.contains($0) }
  }

  /// The first few of a list, and how many more there are.
  private static func list(_ names: [String], of count: Int) -> String {
    let shown = names.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
    return count > 5 ? "\(shown) and \(count - 5) more" : shown
  }
}
