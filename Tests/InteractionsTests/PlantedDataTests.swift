// Planted data: readable by the program itself, the same for every thread count, and true to its factors.

import Files
import Foundation
import Interactions
import Numerics
import Synchronization
import TestSupport
import Testing

@Suite(.serialized) struct PlantedDataTests {
  /// Something that one thread tells another.
  private final class Signal: Sendable {
    let value = Atomic<Bool>(false)
  }

  private func planted(_ change: (inout PlantedDataOptions) -> Void = { _ in }) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    var options = PlantedDataOptions()
    change(&options)
    try PlantedData.write(to: folder.path, options: options)
    return folder
  }

  private func bytes(of folder: TemporaryFolder) throws -> [[UInt8]] {
    try FileReader.names(inDirectory: folder.path).map { try FileReader.contents(of: folder.path + "/" + $0) }
  }

  /// Pearson correlation.
  private func correlation(_ first: [Double], _ second: [Double]) -> Double {
    let count = Double(first.count)
    let (meanFirst, meanSecond) = (first.reduce(0, +) / count, second.reduce(0, +) / count)
    var (both, left, right) = (0.0, 0.0, 0.0)
    for (a, b) in zip(first, second) {
      both += (a - meanFirst) * (b - meanSecond)
      left += (a - meanFirst) * (a - meanFirst)
      right += (b - meanSecond) * (b - meanSecond)
    }
    return both / (left * right).squareRoot()
  }

  @Test func aFailureLeavesNothingThatPassesForADataSet() throws {
    let folder = try TemporaryFolder()
    // A folder in the place of the last file makes the writing fail after all others.
    #expect(mkdir(folder.path + "/factors.safetensors", 0o755) == 0)
    var options = PlantedDataOptions()
    options.replacesFiles = true
    #expect(throws: (any Error).self) { try PlantedData.write(to: folder.path, options: options) }
    #expect(try FileReader.names(inDirectory: folder.path) == ["factors.safetensors"])
  }

  @Test func theProgramReadsWhatItWrites() throws {
    let folder = try planted()
    let data = try DataSet.load(DataSetOptions(folder: folder.path))
    #expect(data.users.count == 300 && data.items.count == 200)
    #expect(abs(data.statistics.interactions - 9_000) < 900)
    #expect(data.statistics.trainPerUser.minimum == 3 && data.statistics.usersWithTest == 300)
    #expect(data.itemText?.columns == 32 && data.userText?.rows == 300 && !data.userTextIsDerived)
    let titles = try #require(data.itemTitles)
    #expect(Set(titles).count == 200 && titles.allSatisfy { $0.hasPrefix("The ") })
    #expect(data.notices.allSatisfy { $0.code == "cold_items" })
    let readMe = String(decoding: try FileReader.contents(of: folder.path + "/README.md"), as: UTF8.self)
    #expect(readMe.contains("| training interactions | \(data.statistics.train) |"))
  }

  @Test func bytesDependOnTheOptionsOnly() throws {
    let before = Parallelism.threadCount
    defer { Parallelism.threadCount = before }
    Parallelism.threadCount = 1
    let first = try bytes(of: try planted())
    Parallelism.threadCount = 4
    #expect(try bytes(of: try planted()) == first)
    #expect(try bytes(of: try planted { $0.seed = 2 }) != first)
  }

  @Test func nobodyGetsTheMemoryOfEmbeddingsBeforeTheyAreWritten() throws {
    let first = try bytes(of: try planted())
    let isOver = Signal()
    // Other matrices as large as the embeddings of users and of items.
    Thread.detachNewThread {
      while !isOver.value.load(ordering: .relaxed) {
        for rows in [300, 200] { Matrix(rows: rows, columns: 32).fill(-1) }
      }
    }
    defer { isOver.value.store(true, ordering: .relaxed) }
    for _ in 0..<20 { #expect(try bytes(of: try planted()) == first) }
  }

  @Test func behaviourAndTextShareWhatTheyShouldAndNothingElse() throws {
    let folder = try planted { ($0.users, $0.items, $0.interactions) = (500, 400, 20_000) }
    let data = try DataSet.load(DataSetOptions(folder: folder.path))
    let truth = try SafetensorsFile(path: folder.path + "/factors.safetensors")
    let text = try #require(data.itemText)
    let userText = try #require(data.userText)
    func factor(_ name: String) throws -> (values: [Float], width: Int) {
      (try truth.floats(name), try #require(truth.tensor(name)).shape[1])
    }
    func agreement(_ kind: String) throws -> (Int, Int) -> Double {
      let users = try factor("user_" + kind)
      let items = try factor("item_" + kind)
      return { user, item in
        (0..<users.width).reduce(0.0) {
          $0 + Double(users.values[user * users.width + $1]) * Double(items.values[item * items.width + $1])
        }
      }
    }
    var taken: [Double] = []
    var cosine: [Double] = []
    var agreements: [String: [Double]] = ["shared": [], "behaviour": [], "text": []]
    let kinds = try ["shared", "behaviour", "text"].map { ($0, try agreement($0)) }
    for user in 0..<500 {
      for item in 0..<400 {
        taken.append(
          [data.train, data.valid, data.test].contains { $0.contains(row: user, column: Int32(item)) } ? 1 : 0)
        cosine.append((0..<32).reduce(0.0) { $0 + Double(userText[user, $1]) * Double(text[item, $1]) })
        for (kind, value) in kinds { agreements[kind]?.append(value(user, item)) }
      }
    }
    let shared = try #require(agreements["shared"])
    let behaviour = try #require(agreements["behaviour"])
    let language = try #require(agreements["text"])
    #expect(correlation(taken, shared) > 0.2 && correlation(taken, behaviour) > 0.1)
    #expect(abs(correlation(taken, language)) < 0.05)
    #expect(correlation(cosine, shared) > 0.4 && correlation(cosine, language) > 0.4)
    #expect(abs(correlation(cosine, behaviour)) < 0.05)
  }

  @Test func largeCataloguesAreScoredOnCandidates() throws {
    let folder = try planted {
      ($0.users, $0.items, $0.interactions, $0.groups) = (200, 20_000, 2_000, 20)
      ($0.givesUsersText, $0.usesFullPrecision, $0.textDimension) = (false, true, 12)
    }
    let data = try DataSet.load(DataSetOptions(folder: folder.path))
    #expect(data.items.count == 20_000 && data.userTextIsDerived)
    #expect(abs(data.statistics.interactions - 2_000) < 400)
    #expect(Set(try #require(data.itemTitles)).count == 20_000)
  }

  @Test func withoutTextNothingElseChanges() throws {
    let (with, without) = (try planted { _ in }, try planted { $0.textDimension = 0 })
    for name in ["train.tsv", "valid.tsv", "test.tsv", "items.tsv"] {
      #expect(try FileReader.contents(of: with.path + "/" + name) == FileReader.contents(of: without.path + "/" + name))
    }
    let names = try FileReader.names(inDirectory: without.path)
    #expect(!names.contains { $0.hasSuffix(".npy") })
    let readMe = String(decoding: try FileReader.contents(of: without.path + "/README.md"), as: UTF8.self)
    #expect(!readMe.contains("text embedding") && !readMe.contains("text_map"))
    let data = try DataSet.load(DataSetOptions(folder: without.path))
    #expect(data.itemText == nil && data.userText == nil && !data.userTextIsDerived)
    // Embeddings that were there before would be taken for this data's; what is there stays whole.
    let before = try bytes(of: with)
    #expect(throws: DataError.self) {
      var options = PlantedDataOptions()
      (options.textDimension, options.replacesFiles) = (0, true)
      try PlantedData.write(to: with.path, options: options)
    }
    #expect(try bytes(of: with) == before)
  }

  @Test func optionsThatMakeNoSenseAreRefused() throws {
    let changes: [(inout PlantedDataOptions) -> Void] = [
      { $0.users = 0 }, { $0.items = 9 }, { $0.interactions = .max }, { $0.groups = 0 }, { $0.sharedFactors = 0 },
      { $0.textFactors = -1 }, { $0.textDimension = 8 }, { $0.noise = .nan }, { $0.popularitySkew = -1 },
      { $0.interactions = 300 * 100 + 1 },
    ]
    for change in changes {
      #expect {
        _ = try planted(change)
      } throws: { error in
        (error as? DataError)?.exitStatus == .usage
      }
    }
    let folder = try TemporaryFolder()
    try folder.write("mine.txt", "keep me")
    #expect(throws: DataError.self) { try PlantedData.write(to: folder.path) }
    #expect(try FileReader.names(inDirectory: folder.path) == ["mine.txt"])
  }
}
