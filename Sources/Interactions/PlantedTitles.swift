// Made-up titles that read well: each group of interest has its own nouns.

/// Unique titles for the items of planted data.
enum PlantedTitles {
  private static let adjectives = [
    "Silent", "Golden", "Hidden", "Northern", "Restless", "Paper", "Crimson", "Distant", "Broken", "Winter", "Gentle",
    "Hollow", "Electric", "Wandering", "Last", "Borrowed", "Emerald", "Secret", "Sleeping", "Salted", "Patient",
    "Lucky",
    "Velvet", "Unwritten",
  ]

  private static let nouns = [
    [
      "Harbour", "Lighthouse", "Tide", "Captain", "Island", "Anchor", "Sailor", "Reef", "Voyage", "Lagoon", "Gull",
      "Mast",
    ],
    [
      "Orbit", "Comet", "Station", "Signal", "Nebula", "Pilot", "Horizon", "Engine", "Moon", "Eclipse", "Colony",
      "Meteor",
    ],
    [
      "Orchard", "Meadow", "Garden", "Harvest", "Fox", "River", "Willow", "Beekeeper", "Valley", "Mill", "Hedgerow",
      "Barn",
    ],
    [
      "Detective", "Alibi", "Witness", "Cipher", "Letter", "Verdict", "Stranger", "Locket", "Corridor", "Motive", "Key",
      "Clue",
    ],
    [
      "Dragon", "Castle", "Wizard", "Oracle", "Sword", "Kingdom", "Griffin", "Spell", "Throne", "Prophecy", "Tower",
      "Rune",
    ],
    [
      "Melody", "Violin", "Encore", "Chorus", "Ballad", "Drummer", "Waltz", "Nocturne", "Quartet", "Refrain", "Stage",
      "Tune",
    ],
    [
      "Kitchen", "Recipe", "Baker", "Feast", "Pepper", "Market", "Supper", "Honey", "Teahouse", "Cellar", "Oven",
      "Picnic",
    ],
    [
      "Summit", "Glacier", "Trail", "Avalanche", "Climber", "Ridge", "Cabin", "Compass", "Blizzard", "Canyon", "Pass",
      "Peak",
    ],
  ]

  /// The title of the `rank`-th item of a group, both counted from 0: `The Silent Harbour`, later with a number.
  ///
  /// Groups beyond the eighth share nouns with an earlier one and tell themselves apart by a numeral.
  static func title(group: Int, rank: Int) -> String {
    let words = nouns[group % nouns.count]
    let combinations = adjectives.count * words.count
    // 101 has no factor in common with 288, so the steps meet every pair of words before one returns.
    let place = rank % combinations * 101 % combinations
    let edition = (rank / combinations) * ((1 + 999 / nouns.count)) + group / nouns.count + 1
    let title = "The \(adjectives[place % adjectives.count]) \(words[place / adjectives.count])"
    return edition == 1 ? title : "\(title) \(edition)"
  }
}
