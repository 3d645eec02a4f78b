// Counts that describe a data set and what was left out of it.

import Files
import Numerics

/// Counts of a data set.
package struct DataStatistics: Sendable, Equatable {
  /// Number of users.
  package var users = 0
  /// Number of items.
  package var items = 0
  /// Training interactions.
  package var train = 0
  /// Validation interactions.
  package var valid = 0
  /// Test interactions.
  package var test = 0
  /// Users without training interaction.
  package var usersWithoutTraining = 0
  /// Items without training interaction.
  package var itemsWithoutTraining = 0
  /// Users with a validation interaction.
  package var usersWithValid = 0
  /// Users with a test interaction.
  package var usersWithTest = 0
  /// Smallest, median and largest number of training interactions of a user.
  package var trainPerUser = Spread()
  /// Smallest, median and largest number of training interactions of an item.
  package var trainPerItem = Spread()
  /// Lines that could not be read and were passed over.
  package var badLines = 0
  /// Lines merged into another one of the same user and item.
  package var mergedDuplicates = 0
  /// Interactions rated below the threshold.
  package var belowThreshold = 0
  /// Interactions outside the k-core.
  package var outsideCore = 0
  /// Held-out interactions that training has too, or whose user has no training; they are left out.
  package var droppedHeldOut = 0

  /// Smallest, median (lower of two) and largest of some counts; zeros for none.
  package struct Spread: Sendable, Equatable {
    /// The smallest.
    package var minimum = 0
    /// The median, the lower one of two.
    package var median = 0
    /// The largest.
    package var maximum = 0

    /// Zeros.
    package init() {}

    init(_ counts: [Int]) {
      let sorted = counts.sorted()
      guard let first = sorted.first, let last = sorted.last else { return }
      minimum = first
      median = sorted[(sorted.count - 1) / 2]
      maximum = last
    }
  }

  /// Zeros.
  package init() {}

  /// All interactions.
  package var interactions: Int { train + valid + test }

  /// Interactions divided by users times items; 0 for no users or items.
  package var density: Double {
    users > 0 && items > 0 ? Double(interactions) / (Double(users) * Double(items)) : 0
  }

  mutating func count(train: CSRMatrix, valid: CSRMatrix, test: CSRMatrix) {
    users = train.rows
    items = train.columns
    self.train = train.entryCount
    self.valid = valid.entryCount
    self.test = test.entryCount
    let userDegrees = (0..<train.rows).map(train.degree)
    var itemDegrees = [Int](repeating: 0, count: train.columns)
    for item in train.columnIndices { itemDegrees[Int(item)] += 1 }
    usersWithoutTraining = userDegrees.count { $0 == 0 }
    itemsWithoutTraining = itemDegrees.count { $0 == 0 }
    usersWithValid = (0..<valid.rows).count { valid.degree($0) > 0 }
    usersWithTest = (0..<test.rows).count { test.degree($0) > 0 }
    trainPerUser = Spread(userDegrees)
    trainPerItem = Spread(itemDegrees)
  }

  /// The counts as one JSON object.
  package var json: JSONValue {
    func value(_ spread: Spread) -> JSONValue {
      [
        "minimum": .integer(spread.minimum), "median": .integer(spread.median), "maximum": .integer(spread.maximum),
      ]
    }
    return [
      "users": .integer(users), "items": .integer(items), "interactions": .integer(interactions),
      "train": .integer(train), "valid": .integer(valid), "test": .integer(test), "density": .number(density),
      "users_without_training": .integer(usersWithoutTraining),
      "items_without_training": .integer(itemsWithoutTraining), "users_with_valid": .integer(usersWithValid),
      "users_with_test": .integer(usersWithTest), "train_per_user": value(trainPerUser),
      "train_per_item": value(trainPerItem), "bad_lines": .integer(badLines),
      "merged_duplicates": .integer(mergedDuplicates), "below_threshold": .integer(belowThreshold),
      "outside_core": .integer(outsideCore), "dropped_held_out": .integer(droppedHeldOut),
    ]
  }
}

/// Something about a data set that its user should know, and that is no error.
package struct DataNotice: Sendable, Equatable {
  /// A short word for scripts, such as `cold_items`.
  package let code: String
  /// The sentence for a person.
  package let message: String

  /// Creates a notice.
  package init(_ code: String, _ message: String) {
    self.code = code
    self.message = message
  }
}
