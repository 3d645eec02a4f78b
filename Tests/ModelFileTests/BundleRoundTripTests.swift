// A model that is saved and loaded is the same model, and saving it again gives the same bytes.

import Files
import ModelFile
import Numerics
import TestSupport
import Testing

@Suite struct BundleRoundTripTests {
  @Test(arguments: [(5, 7, 4), (0, 0, 1), (1, 0, 1), (0, 3, 2), (1, 1, 1), (17, 16, 15), (33, 65, 16)])
  func saveLoadSaveIsByteIdentical(users: Int, items: Int, dimension: Int) throws {
    for attribution in ["propagation", "representation", "none"] {
      try withTemporaryFolder { folder in
        var options = ExampleOptions(users: users, items: items, dimension: dimension)
        options.attribution = attribution
        let bundle = try exampleBundle(options)
        try bundle.save(to: folder + "/a", trainingLog: Array("{}\n".utf8))
        let loaded = try Bundle.load(folder + "/a")
        try loaded.save(to: folder + "/b", trainingLog: Array("{}\n".utf8))
        #expect(try contents(ofDirectory: folder + "/a") == contents(ofDirectory: folder + "/b"))
        #expect(loaded.users == bundle.users)
        #expect(loaded.titles == bundle.titles)
        #expect(loaded.finalUsers.values == bundle.finalUsers.values)
        #expect(loaded.interactions.columnIndices == bundle.interactions.columnIndices)
        #expect(loaded.trainingLogPath == folder + "/a/train.jsonl")
      }
    }
  }

  @Test func partsOfTheScoreAreKept() throws {
    try withTemporaryFolder { folder in
      let plain = try exampleBundle()
      #expect(plain.scoreParts == [ScorePart(name: "collaborative", columns: 0..<4, source: .model)])
      func parts(_ parts: [ScorePart], attribution: Attribution = .none) throws(BundleError) -> Bundle {
        try Bundle(
          name: "parts", configuration: .null, users: plain.users, items: plain.items, interactions: plain.interactions,
          finalUsers: plain.finalUsers, finalItems: plain.finalItems, scoreParts: parts, attribution: attribution)
      }
      let divided = [
        ScorePart(name: "collaborative", columns: 0..<1, source: .model),
        ScorePart(name: "language_specific", columns: 1..<4, source: .history),
      ]
      // The attribution speaks of the model's columns.
      let attribution = Attribution.propagation(
        own: plain.finalUsers.columns(0..<1), itemPartial: plain.finalItems.columns(0..<1))
      try parts(divided, attribution: attribution).save(to: folder + "/m")
      let loaded = try Bundle.load(folder + "/m")
      #expect(loaded.scoreParts == divided && loaded.modelDimension == 1)
      let refused: [[ScorePart]] = [
        [], [ScorePart(name: "collaborative", columns: 0..<3, source: .model)],
        [ScorePart(name: "language", columns: 0..<4, source: .history)],
        [ScorePart(name: "collaborative", columns: 1..<4, source: .model)],
        [ScorePart(name: "A", columns: 0..<4, source: .model)],
        [
          ScorePart(name: "language", columns: 0..<1, source: .history),
          ScorePart(name: "collaborative", columns: 1..<4, source: .model),
        ],
      ]
      for wrong in refused { #expect(throws: BundleError.self) { try parts(wrong) } }
    }
  }

  @Test func optionalPartsMayBeAbsent() throws {
    try withTemporaryFolder { folder in
      var options = ExampleOptions()
      options.hasTitles = false
      options.hasText = false
      options.hasComponents = false
      try exampleBundle(options).save(to: folder + "/m")
      let loaded = try Bundle.load(folder + "/m")
      #expect(loaded.titles == nil && loaded.components == nil && loaded.centres == nil && loaded.itemText == nil)
    }
  }

  @Test func textEmbeddingsAreRoundedToHalf() throws {
    try withTemporaryFolder { folder in
      let bundle = try exampleBundle()
      try bundle.save(to: folder + "/m")
      let loaded = try Bundle.load(folder + "/m")
      let text = try #require(bundle.itemText)
      let again = try #require(loaded.itemText)
      for index in 0..<text.count { #expect(again.pointer[index] == Float(Float16(text.pointer[index]))) }
    }
  }

  @Test func notesOfTheCardAndOtherFilesSurviveSavingAgain() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/m"
      try exampleBundle().save(to: path)
      let card = String(decoding: try FileReader.contents(of: path + "/README.md"), as: UTF8.self)
      let edited = card.split(separator: "\n", omittingEmptySubsequences: false).map {
        $0.hasPrefix("Write here") ? "My notes,\nin two lines." : String($0)
      }.joined(separator: "\n")
      try AtomicReplace.file(at: path + "/README.md", bytes: Array(edited.utf8))
      try AtomicReplace.file(at: path + "/mine.txt", bytes: [1, 2, 3])
      try exampleBundle(ExampleOptions(seed: 2)).save(to: path)
      let after = try contents(ofDirectory: path)
      #expect(String(decoding: after["README.md"] ?? [], as: UTF8.self).contains("My notes,\nin two lines."))
      #expect(after["mine.txt"] == [1, 2, 3])
      #expect(try FileReader.names(inDirectory: folder) == ["m"])
      #expect(try Bundle.load(path).finalUsers.values == exampleBundle(ExampleOptions(seed: 2)).finalUsers.values)
    }
  }
}
