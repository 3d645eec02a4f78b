// How a data set is to be built.

import Files

/// Files, filters and split of a data set.
package struct DataSetOptions: Sendable {
  /// A folder that is recognised by its files, or one file of interactions; nil when `interactions` names the file.
  package var folder: String?
  /// The layout that is meant where a folder holds several; nil to recognise it.
  package var format: DataFormat?
  /// All interactions in one file; replaces what the folder holds.
  package var interactions: String?
  /// The list of items; replaces what the folder holds, as do all that follow.
  package var items: String?
  /// The list of users.
  package var users: String?
  /// Text embeddings of items.
  package var itemEmbeddings: String?
  /// Ids of the rows of the item embeddings, one a line.
  package var itemEmbeddingIds: String?
  /// Text embeddings of users.
  package var userEmbeddings: String?
  /// Ids of the rows of the user embeddings, one a line.
  package var userEmbeddingIds: String?
  /// Names of columns where the known ones do not do.
  package var columns = ColumnNames()
  /// Interactions rated lower are dropped; nil keeps all.
  package var ratingThreshold: Double?
  /// Users and items with fewer interactions are dropped, again and again; 0 and 1 keep all.
  package var core = 0
  /// How interactions are divided when the files do not say so.
  package var split = SplitMethod.random(.standard)
  /// Share of training that becomes validation when the files give a test part but no validation.
  ///
  /// A user with n training interactions gives floor(n * share), at most half; 0 leaves validation empty.
  package var validationShare = 0.1
  /// Share of items whose training interactions are removed, so that their held-out ones measure cold items.
  ///
  /// User embeddings are then derived from the items', whatever files there are: given ones may tell of hidden items.
  package var coldItemShare = 0.0
  /// The run's seed; decides random splits and hidden items only.
  package var seed: UInt64 = 2023
  /// What to do when a user has the same item more than once.
  package var duplicates = DuplicatePolicy.keepLatest
  /// What to do with lines that cannot be read.
  package var badLines = BadLinePolicy.refuse
  /// Gives zero vectors to users and items without embedding and passes over embeddings of unknown ids, counting both,
  /// instead of refusing them.
  package var allowMissing = false
  /// Derives user embeddings from items' when there are none.
  package var derivesUserEmbeddings = true

  /// Keeps embeddings in half precision from the moment they are read, and does not derive users'.
  ///
  /// For a run that only hands them on to its bundle. Embeddings beyond half precision stay as they are.
  package var keepsTextCompact = false

  /// Default options for a folder or a file of interactions.
  package init(folder: String? = nil) { self.folder = folder }

  /// Refuses numbers that make no sense.
  func validate() throws(DataError) {
    if let ratingThreshold, !ratingThreshold.isFinite {
      throw .badOption("the rating threshold must be a finite number, not \(ratingThreshold)")
    }
    guard core >= 0 else { throw .badOption("the core must be 0 or more interactions, not \(core)") }
    guard validationShare >= 0, validationShare <= 1 else {
      throw .badOption("the validation share must be from 0 to 1, not \(validationShare)")
    }
    guard coldItemShare >= 0, coldItemShare < 1 else {
      throw .badOption("the share of cold items must be at least 0 and below 1, not \(coldItemShare)")
    }
  }

  /// The files that these options mean.
  package func sources() throws -> DataSources {
    var sources: DataSources
    if let interactions {
      sources = try DataFolder.file(interactions)
      // The folder's other files still count; it need not hold interactions of its own.
      if let folder { try DataFolder.addCompanions(of: folder, to: &sources) }
    } else if let folder {
      sources = try DataFolder.recognise(folder, format: format)
    } else {
      throw DataError.notPossible("no data named; give a folder with --data or a file with --interactions")
    }
    if let items { sources.items = items }
    if let users { sources.users = users }
    if let itemEmbeddings {
      sources.itemEmbeddings = itemEmbeddings
      sources.itemEmbeddingIds = DataSources.idsFile(beside: itemEmbeddings)
    }
    if let itemEmbeddingIds { sources.itemEmbeddingIds = itemEmbeddingIds }
    if let userEmbeddings {
      sources.userEmbeddings = userEmbeddings
      sources.userEmbeddingIds = DataSources.idsFile(beside: userEmbeddings)
    }
    if let userEmbeddingIds { sources.userEmbeddingIds = userEmbeddingIds }
    return sources
  }
}
