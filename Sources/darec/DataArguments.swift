// The options that say where data comes from and how it is filtered and split.

import ArgumentParser
import Files
import Interactions

/// Files, filters and split; shared by every verb that reads data.
struct DataArguments: ParsableArguments {
  @Option(
    help:
      "Folder recognised by what it holds: train/valid/test.tsv, RLMRec or RecBole files, LightGCN text, one ratings file."
  )
  var data: String?

  @Option(help: "rlmrec: read trn_mat.pkl and its companions from --data even when it holds other data too.")
  var dataFormat: String?

  @Option(help: "One file with all interactions (CSV, TSV, RecBole .inter, LightGCN text, a matrix in .pkl or .npz).")
  var interactions: String?

  @Option(help: "Item list with ids and titles (CSV, TSV, RecBole .item).")
  var items: String?

  @Option(help: "User list with ids.")
  var users: String?

  @Option(
    help: "Text embeddings of items (.npy, .safetensors, .pkl), rows in the order of --item-ids or of the item list.")
  var itemEmbeddings: String?

  @Option(help: "Ids of the rows of --item-embeddings, one a line.")
  var itemIds: String?

  @Option(help: "Text embeddings of users; without them, the mean of their training items' embeddings.")
  var userEmbeddings: String?

  @Option(help: "Ids of the rows of --user-embeddings, one a line.")
  var userIds: String?

  @Option(help: "Name of the user column.") var userColumn: String?
  @Option(help: "Name of the item column.") var itemColumn: String?
  @Option(help: "Name of the rating column.") var ratingColumn: String?
  @Option(help: "Name of the time column.") var timestampColumn: String?
  @Option(help: "Name of the title column of the item list.") var titleColumn: String?

  @Option(help: "Drop interactions rated lower.")
  var minRating: Double?

  @Option(help: "Drop users and items with fewer interactions, again and again.")
  var core: Int?

  @Option(help: "random, time, user-time or leave-last-out; for data that does not come divided.")
  var split: String = "random"

  @Option(help: "Shares of training, validation and test.")
  var splitShares: String = "3:1:1"

  @Option(help: "Share of items hidden from training, to measure cold items; users' text is then made of items'.")
  var coldItems: Double?

  @Flag(help: "Skip malformed lines, and count them, instead of stopping.")
  var skipBadLines = false

  @Flag(help: "Give zero vectors to ids without embedding, and ignore embeddings of unknown ids, instead of stopping.")
  var allowMissing = false

  /// The options of the data reader.
  func options(seed: UInt64) throws -> DataSetOptions {
    var options = DataSetOptions(folder: data)
    if let dataFormat {
      guard let format = DataFormat(rawValue: dataFormat) else {
        throw CommandFailure.usage("--data-format takes rlmrec, not '\(dataFormat)'")
      }
      options.format = format
    }
    options.interactions = interactions
    options.items = items
    options.users = users
    options.itemEmbeddings = itemEmbeddings
    options.itemEmbeddingIds = itemIds
    options.userEmbeddings = userEmbeddings
    options.userEmbeddingIds = userIds
    options.columns.user = userColumn
    options.columns.item = itemColumn
    options.columns.rating = ratingColumn
    options.columns.timestamp = timestampColumn
    options.columns.title = titleColumn
    options.ratingThreshold = minRating
    options.core = core ?? 0
    options.split = try splitMethod()
    options.coldItemShare = coldItems ?? 0
    options.badLines = skipBadLines ? .skip : .refuse
    options.allowMissing = allowMissing
    options.seed = seed
    return options
  }

  private func splitMethod() throws -> SplitMethod {
    guard let shares = SplitShares(splitShares) else {
      throw CommandFailure.usage(
        "--split-shares takes three whole numbers such as 3:1:1, the first at least 1, not '\(splitShares)'")
    }
    switch split {
    case "random": return .random(shares)
    case "time": return .byTime(shares)
    case "user-time": return .byTimePerUser(shares)
    case "leave-last-out": return .leaveLastOut
    default:
      throw CommandFailure.usage("--split takes random, time, user-time or leave-last-out, not '\(split)'")
    }
  }

  /// True when nothing says where data is.
  var isEmpty: Bool { data == nil && interactions == nil }

  /// The data's name for people: the folder or file name without its path.
  var displayName: String {
    let path = data ?? interactions ?? ""
    let parts = path.split(separator: "/").filter { $0 != "." && $0 != ".." }
    return parts.last.map(String.init) ?? "data"
  }

  // MARK: Kept in a checkpoint

  private var texts: [(String, String?)] {
    [
      ("data", data), ("data-format", dataFormat), ("interactions", interactions), ("items", items), ("users", users),
      ("item-embeddings", itemEmbeddings), ("item-ids", itemIds), ("user-embeddings", userEmbeddings),
      ("user-ids", userIds), ("user-column", userColumn), ("item-column", itemColumn),
      ("rating-column", ratingColumn), ("timestamp-column", timestampColumn), ("title-column", titleColumn),
      ("min-rating", minRating.map { String($0) }), ("core", core.map { String($0) }), ("split", split),
      ("split-shares", splitShares), ("cold-items", coldItems.map { String($0) }),
    ]
  }

  /// The options as JSON: the command line's own words.
  var json: JSONValue {
    var words: [JSONValue] = texts.flatMap { name, value -> [JSONValue] in
      value.map { [.string("--" + name), .string($0)] } ?? []
    }
    if skipBadLines { words.append("--skip-bad-lines") }
    if allowMissing { words.append("--allow-missing") }
    return .array(words)
  }

  /// Options kept in a checkpoint.
  static func parse(json: JSONValue) throws -> DataArguments {
    guard let words = json.array, words.allSatisfy({ $0.string != nil }) else {
      throw CommandFailure.usage("the checkpoint does not say where its data was; give --data again")
    }
    return try DataArguments.parse(words.compactMap(\.string))
  }
}
