// The batch verbs write one document, whole or not at all; what people see fits their screen.

import Files
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif
import Foundation

@Suite struct BatchTests {
  private func model() throws -> String { try #require(TrainedModel.shared).model }

  /// A file with the first users of the model, and those users.
  private func someUsers(_ directory: TemporaryFolder, count: Int = 3) throws -> (path: String, ids: [String]) {
    let all = try DarecProcess(["recommend", try model(), "--users", "all", "--top", "1"])
    let ids = try all.output.split(separator: "\n").prefix(count).map { line in
      try #require(try JSONValue.parse(Array(line.utf8))["user"]?["id"]?.string)
    }
    let path = directory.path + "/users"
    try ids.joined(separator: "\n").write(toFile: path, atomically: false, encoding: .utf8)
    return (path, ids)
  }

  @Test(arguments: ["recommend", "explain"]) func jsonIsOneArray(verb: String) throws {
    let directory = try TemporaryFolder()
    let users = try someUsers(directory)
    let run = try DarecProcess([verb, try model(), "--users", users.path, "--top", "2", "--format", "json"])
    let records = try #require(try JSONValue.parse(Array(run.output.utf8)).array)
    let ids = records.compactMap { $0["user"]?["id"]?.string }
    #expect(ids == (verb == "recommend" ? users.ids : users.ids.flatMap { [$0, $0] }))
    let lines = try DarecProcess([verb, try model(), "--users", users.path, "--top", "2"])
    #expect(try lines.output.split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) } == records)
  }

  @Test func noUsersAreAnEmptyDocument() throws {
    let directory = try TemporaryFolder()
    try "".write(toFile: directory.path + "/none", atomically: false, encoding: .utf8)
    for (format, expected) in [("json", "[]\n"), ("jsonl", ""), ("csv", "")] {
      let run = try DarecProcess(
        ["recommend", try model(), "--users", directory.path + "/none", "--format", format])
      #expect(run.status == 0 && run.output == expected)
    }
  }

  @Test func tablesHaveOneHeaderAndNameTheUser() throws {
    let directory = try TemporaryFolder()
    let users = try someUsers(directory)
    for (format, separator) in [("csv", ","), ("tsv", "\t")] {
      let words = [try model(), "--users", users.path, "--top", "2", "--format", format]
      let lines = try DarecProcess(["recommend"] + words).output.split(separator: "\n").map(String.init)
      #expect(lines.first == ["user", "rank", "item", "title", "score"].joined(separator: separator))
      #expect(lines.count == 7)
      #expect(
        lines.dropFirst().map { $0.components(separatedBy: separator)[0] } == users.ids.flatMap { [$0, $0] })
      let explained = try DarecProcess(["explain"] + words).output.split(separator: "\n")
      #expect(explained.first?.hasPrefix(["user", "recommended", "kind"].joined(separator: separator)) == true)
      #expect(explained.count { $0.hasPrefix("user" + separator) } == 1)
    }
  }

  @Test func unknownUsersAreNamedAndTheOthersAnswered() throws {
    let directory = try TemporaryFolder()
    let users = try someUsers(directory)
    try "nobody\n\(users.ids[0])\n".write(toFile: users.path, atomically: false, encoding: .utf8)
    let run = try DarecProcess(["recommend", try model(), "--users", users.path])
    #expect(run.status == 1)
    #expect(run.errors.contains("nobody"))
    #expect(run.output.split(separator: "\n").count == 1)
  }

  @Test func aByteOrderMarkAndBlankLinesAreNoUsers() throws {
    let directory = try TemporaryFolder()
    let users = try someUsers(directory)
    let plain = try DarecProcess(["recommend", try model(), "--users", users.path])
    let text = "\u{FEFF}" + users.ids.joined(separator: "\r\n \t \r\n\n") + "\n  \n"
    try text.write(toFile: users.path, atomically: false, encoding: .utf8)
    let run = try DarecProcess(["recommend", try model(), "--users", users.path])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    #expect(run.output == plain.output)
  }

  @Test func devicesAreWrittenDirectly() throws {
    let directory = try TemporaryFolder()
    let users = try someUsers(directory)
    for words in [["recommend", try model(), "--users", users.path], ["recommend", try model(), users.ids[0]]] {
      let nowhere = try DarecProcess(words + ["--output", "/dev/null"])
      #expect(nowhere.status == 0 && nowhere.output.isEmpty && nowhere.errors.isEmpty, "\(nowhere.errors)")
      let full = try DarecProcess(words + ["--output", "/dev/full"])
      #expect(full.status == 1)
      #expect(full.errors == "darec: cannot write '/dev/full': No space left on device\n")
    }
  }

  @Test func whatIsWrongForEveryUserIsSaidOnce() throws {
    let directory = try TemporaryFolder()
    try "no-such-item\n".write(toFile: directory.path + "/items", atomically: false, encoding: .utf8)
    let run = try DarecProcess(
      ["recommend", try model(), "--users", "all", "--candidates", directory.path + "/items"])
    #expect(run.status == 1 && run.output.isEmpty)
    #expect(run.errors.split(separator: "\n").count == 1 && run.errors.contains("no-such-item"))
  }

  @Test func controlCKeepsTheOldFile() throws {
    let directory = try TemporaryFolder()
    let users = try someUsers(directory, count: 1)
    // Far more than can be explained before the signal.
    try String(repeating: users.ids[0] + "\n", count: 20_000)
      .write(toFile: users.path, atomically: false, encoding: .utf8)
    let target = directory.path + "/answers.jsonl"
    try "old\n".write(toFile: target, atomically: false, encoding: .utf8)
    let before = try FileManager.default.contentsOfDirectory(atPath: directory.path).count
    let run = try DarecProcess(
      ["explain", try model(), "--users", users.path, "--output", target],
      interruptWhen: {
        // The file beside the target is opened when the signal is already caught.
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path).count) ?? 0) > before
      })
    #expect(run.status == 130)
    #expect(run.errors.split(separator: "\n").count == 1 && run.errors.contains("interrupted after"), "\(run.errors)")
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "old\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == before)
  }

  @Test func aFullDiskBehindStandardOutputIsNotAClosedPipe() throws {
    for words in [["recommend", try model(), "--users", "all"], ["schema", "explanation"]] {
      let run = try DarecProcess(words, outputPath: "/dev/full")
      #expect(run.status == 1)
      #expect(run.errors.contains("cannot write standard output"))
    }
  }

  @Test func newPeopleAreDescribedByTitlesInQuotes() throws {
    let found = try DarecProcess([try model(), "-c", "find the --top 1", "--mode", "jsonl"])
    let item = try JSONValue.parse(Array(found.output.utf8))["items"]?.array?.first
    let id = try #require(item?["id"]?.string)
    let title = try #require(item?["title"]?.string)
    let byTitle = try DarecProcess(["recommend", try model(), "--items", "\"\(title)\", \(id)", "--format", "jsonl"])
    let byId = try DarecProcess(["recommend", try model(), "--items", id, "--format", "jsonl"])
    #expect(byTitle.status == 0 && byTitle.output == byId.output)
  }

  @Test func answersFitEightyColumnsWithTheirNamesWhole() throws {
    let users = try someUsers(try TemporaryFolder(), count: 1)
    let user = users.ids[0]
    let found = try DarecProcess(["recommend", try model(), user, "--top", "1", "--format", "csv"])
    let item = found.output.split(separator: "\n")[1].components(separatedBy: ",")[1]
    let queries = [
      "recommend \(user)", "similar user \(user)", "similar item \(item) --space shared", "components user \(user)",
      "components item \(item)", "explain \(user) \(item)", "find the", "stats", "model", ".help", ".help modes",
      "recommend --help", "explain --help",
    ]
    let run = try DarecProcess([try model(), "--command", ".maxrows 0"] + queries.flatMap { ["-c", $0] })
    #expect(run.status == 0, "\(run.errors)")
    for line in run.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    for word in ["shared ", "specific ", "collaborative_norm", "correlation", "overlap", "user_degree_median"] {
      #expect(run.output.contains(word), "\(word)")
    }
  }
}
