// Writing planted data: interactions and text embeddings made from known factors, as a folder that `train` reads.

import Files
import Numerics

/// Makes data whose truth is known, so that what a model calls shared or specific can be compared with what is.
///
/// Each user u and item i has shared factors s, behaviour factors b and text factors l. With popularity p_i (Zipf) and
/// Gumbel noise g, a user takes the n_u items with the largest
///
///     sharedStrength <s_u, s_i> sqrt(F_s) + behaviourStrength <b_u, b_i> sqrt(F_b) + log p_i + g_ui
///
/// (F: number of factors of the kind), which is sampling without replacement in proportion to the exponential of the
/// score (Efraimidis and Spirakis 2006). Text embeddings are M' [s, l] plus noise, L2-normalised: behaviour factors
/// never show in text and text factors never show in behaviour. Large catalogues are scored on candidates drawn by
/// popularity. Interactions are divided 3:1:1 for each user. Everything is a function of the options.
package enum PlantedData {
  /// What was written.
  package struct Summary: Sendable, Equatable {
    /// Training interactions.
    package var train = 0
    /// Validation interactions.
    package var valid = 0
    /// Test interactions.
    package var test = 0
    /// Names of the files, in the order they were written.
    package var files: [String] = []
  }

  /// One user's items, divided.
  private struct Choice {
    var items: [Int32] = []
    var counts = (train: 0, valid: 0, test: 0)
  }

  /// Writes a data set into a folder, which is created.
  /// - Parameters:
  ///   - folder: the folder; it must be empty or not exist unless `options.replacesFiles`.
  ///   - options: sizes and strengths.
  ///   - progress: called with the finished share of the interactions, from 0 to 1.
  @discardableResult
  package static func write(
    to folder: String, options: PlantedDataOptions = PlantedDataOptions(), progress: (Double) -> Void = { _ in }
  ) throws -> Summary {
    try options.validate()
    try FileWriter.createDirectory(folder)
    if !options.replacesFiles, let name = try FileReader.names(inDirectory: folder).first {
      throw DataError.badOption(
        "\(folder): is not empty (it holds '\(name)'); give a new folder, or replace an earlier sample with --force")
    }
    // Embeddings of an earlier data set would be taken for this one's. Found now, while that data set is whole.
    for (name, isWritten) in [
      ("item_embeddings.npy", options.writesItemEmbeddings), ("user_embeddings.npy", options.writesUserEmbeddings),
    ] where !isWritten && FileReader.exists(folder + "/" + name) {
      throw DataError.badOption("\(folder)/\(name): is left of an earlier data set; remove it")
    }
    var summary = Summary()
    do {
      try writeFiles(of: options, to: folder, summary: &summary, progress: progress)
    } catch {
      // Some of the files would pass for a data set: of a full disk's, training without its test part.
      for name in summary.files { try? PosixFileSystem().removeFile(folder + "/" + name) }
      throw error
    }
    return summary
  }

  private static func writeFiles(
    of options: PlantedDataOptions, to folder: String, summary: inout Summary, progress: (Double) -> Void
  ) throws {
    let truth = PlantedTruth(options: options)
    try writeInteractions(truth, to: folder, summary: &summary, progress: progress)
    try writeCatalogues(truth, to: folder, summary: &summary)
    for (side, factors, count, draw, isWritten) in [
      ("item", truth.items, options.items, PlantedTruth.Draw.itemText, options.writesItemEmbeddings),
      ("user", truth.users, options.users, .userText, options.writesUserEmbeddings),
    ] where isWritten {
      try writeEmbeddings(factors, count: count, draw: draw, truth, to: "\(folder)/\(side)_embeddings.npy")
      summary.files.append("\(side)_embeddings.npy")
    }
    try writeFactors(truth, to: folder + "/factors.safetensors")
    summary.files.append("factors.safetensors")
    let readMe = try FileWriter(folder + "/README.md")
    try readMe.append(description(of: options, summary: summary))
    try readMe.finish()
    summary.files.append("README.md")
  }

  // MARK: Interactions

  private static func writeInteractions(
    _ truth: PlantedTruth, to folder: String, summary: inout Summary, progress: (Double) -> Void
  ) throws {
    let options = truth.options
    let degrees = degrees(options)
    let popularity = Popularity(options)
    let names = ["train.tsv", "valid.tsv", "test.tsv"]
    let writers = try names.map { name in
      let writer = try FileWriter(folder + "/" + name)
      try writer.append("user_id\titem_id\n")
      return writer
    }
    // Users are made in parallel a batch at a time and written in order.
    let blockSize = 64
    let batchSize = 64 * blockSize
    var user = 0
    while user < options.users {
      let batch = user..<min(options.users, user + batchSize)
      var choices = [Choice](repeating: Choice(), count: batch.count)
      choices.withUnsafeMutableBufferPointer { buffer in
        nonisolated(unsafe) let target = buffer
        parallelRanges(batch.count, blockSize: blockSize) { range in
          for index in range {
            target[index] = choice(
              of: batch.lowerBound + index, count: degrees[batch.lowerBound + index], truth, popularity)
          }
        }
      }
      for (index, choice) in choices.enumerated() {
        var entry = 0
        for (part, count) in [choice.counts.train, choice.counts.valid, choice.counts.test].enumerated() {
          try writers[part].append { bytes in
            for item in choice.items[entry..<entry + count] {
              appendDecimal(batch.lowerBound + index + 1, to: &bytes)
              bytes.append(UInt8(ascii: "\t"))
              appendDecimal(Int(item) + 1, to: &bytes)
              bytes.append(UInt8(ascii: "\n"))
            }
          }
          entry += count
        }
        summary.train += choice.counts.train
        summary.valid += choice.counts.valid
        summary.test += choice.counts.test
      }
      user = batch.upperBound
      progress(Double(user) / Double(options.users))
    }
    for (name, writer) in zip(names, writers) {
      try writer.finish()
      summary.files.append(name)
    }
  }

  /// How many items each user takes: log-normal around the mean, at least 5 and at most half of all items.
  private static func degrees(_ options: PlantedDataOptions) -> [Int] {
    var stream = PlantedTruth.stream(options.seed, .degrees)
    let weights = (0..<options.users).map { _ in exponential(0.7 * stream.normal()) }
    let scale = Double(options.interactions) / weights.reduce(0, +)
    return weights.map { weight in
      max(PlantedDataOptions.leastInteractions, min(options.items / 2, Int((weight * scale).rounded())))
    }
  }

  /// Popularity of items: rank r among all has weight (r + 1)^-skew, ranks in random order.
  private struct Popularity: Sendable {
    /// Sums of the weights of all items up to each.
    let cumulative: [Double]
    /// Logarithm of each weight.
    let logarithms: [Double]
    /// For each of `items` equal steps of the cumulative weight, the first item that may lie in it.
    ///
    /// A search begins there and takes two steps on average (Chen and Asau 1974).
    let guide: [Int32]

    init(_ options: PlantedDataOptions) {
      var ranks = (0..<options.items).map { $0 }
      var stream = PlantedTruth.stream(options.seed, .popularity)
      stream.shuffle(&ranks)
      logarithms = ranks.map { -options.popularitySkew * logarithm(Double($0 + 1)) }
      var total = 0.0
      let cumulative = logarithms.map { value in
        total += exponential(value)
        return total
      }
      var item = 0
      guide = cumulative.indices.map { step in
        while cumulative[item] < total * Double(step) / Double(cumulative.count), item < cumulative.count - 1 {
          item += 1
        }
        return Int32(item)
      }
      self.cumulative = cumulative
    }

    /// An item in proportion to its weight.
    func draw(_ stream: inout RandomStream) -> Int32 {
      let position = stream.uniformDouble()
      let target = position * (cumulative.last ?? 0)
      var item = Int(guide[Int(position * Double(guide.count))])
      while item < cumulative.count - 1, cumulative[item] <= target { item += 1 }
      return Int32(item)
    }
  }

  private static func choice(of user: Int, count: Int, _ truth: PlantedTruth, _ popularity: Popularity) -> Choice {
    let options = truth.options
    var stream = PlantedTruth.stream(options.seed, .choice, user)
    let candidateCount = 4 * count + 64
    let scoresAll = options.items <= 4 * candidateCount
    var candidates: [Int32]
    if scoresAll {
      candidates = (0..<Int32(options.items)).map { $0 }
    } else {
      candidates = (0..<candidateCount).map { _ in popularity.draw(&stream) }.sorted()
      candidates = candidates.indices.filter { $0 == 0 || candidates[$0] != candidates[$0 - 1] }.map { candidates[$0] }
    }
    let sharedScale = options.sharedStrength * Double(options.sharedFactors).squareRoot()
    let behaviourScale = options.behaviourStrength * Double(options.behaviourFactors).squareRoot()
    let scored = candidates.map { item -> (score: Double, item: Int32) in
      let shared = dot(truth.users.shared, user, truth.items.shared, Int(item))
      let behaviour = dot(truth.users.behaviour, user, truth.items.behaviour, Int(item))
      // The inner value is uniform in (0, 1]; at exactly 1 the outer logarithm would be infinite without the bound.
      let gumbel = -logarithm(max(0x1p-60, -logarithm(1 - stream.uniformDouble())))
      let known = scoresAll ? popularity.logarithms[Int(item)] : 0
      return (sharedScale * shared + behaviourScale * behaviour + known + gumbel, item)
    }
    var result = Choice()
    result.items = scored.sorted { ($1.score, $0.item) < ($0.score, $1.item) }.prefix(count).map(\.item)
    // The best liked must not all be in one part.
    stream = PlantedTruth.stream(options.seed, .division, user)
    stream.shuffle(&result.items)
    result.counts = SplitShares.standard.counts(of: result.items.count)
    result.items[0..<result.counts.train].sort()
    result.items[result.counts.train..<result.counts.train + result.counts.valid].sort()
    result.items[(result.counts.train + result.counts.valid)...].sort()
    return result
  }

  private static func dot(_ left: Matrix, _ leftRow: Int, _ right: Matrix, _ rightRow: Int) -> Double {
    let leftValues = left.pointer + leftRow * left.columns
    let rightValues = right.pointer + rightRow * right.columns
    var sum = 0.0
    for index in 0..<left.columns { sum += Double(leftValues[index]) * Double(rightValues[index]) }
    return sum
  }

  private static func appendDecimal(_ value: Int, to bytes: inout [UInt8]) {
    let start = bytes.count
    var rest = value
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  // MARK: Catalogues, embeddings and truth

  private static func writeCatalogues(_ truth: PlantedTruth, to folder: String, summary: inout Summary) throws {
    let items = try FileWriter(folder + "/items.tsv")
    try items.append("item_id\ttitle\n")
    var ranks = [Int](repeating: 0, count: truth.options.groups)
    for (item, group) in truth.items.groups.enumerated() {
      try items.append("\(item + 1)\t\(PlantedTitles.title(group: Int(group), rank: ranks[Int(group)]))\n")
      ranks[Int(group)] += 1
    }
    try items.finish()
    summary.files.append("items.tsv")
    let users = try FileWriter(folder + "/users.tsv")
    try users.append("user_id\n")
    for user in 0..<truth.options.users { try users.append("\(user + 1)\n") }
    try users.finish()
    summary.files.append("users.tsv")
  }

  private static func writeEmbeddings(
    _ factors: PlantedFactors, count: Int, draw: PlantedTruth.Draw, _ truth: PlantedTruth, to path: String
  ) throws {
    let writer = try NpyWriter(
      path, shape: [count, truth.options.textDimension],
      dataType: truth.options.usesFullPrecision ? .float32 : .float16)
    var node = 0
    while node < count {
      let nodes = node..<min(count, node + 8192)
      let rows = truth.embeddings(of: factors, nodes: nodes, draw: draw)
      // Without a name the matrix could be gone, and its memory another's, before its elements are written.
      try withExtendedLifetime(rows) { try writer.append(rows.elements) }
      node = nodes.upperBound
    }
    try writer.finish()
  }

  private static func writeFactors(_ truth: PlantedTruth, to path: String) throws {
    var writer = SafetensorsWriter()
    for (name, factors) in [("user", truth.users), ("item", truth.items)] {
      for (kind, matrix) in [("shared", factors.shared), ("behaviour", factors.behaviour), ("text", factors.text)] {
        writer.add(
          "\(name)_\(kind)", type: .float32, shape: [matrix.rows, matrix.columns], owner: matrix,
          bytes: UnsafeRawBufferPointer(matrix.elements))
      }
      writer.add("\(name)_group", int32s: factors.groups)
    }
    if truth.options.writesItemEmbeddings {
      writer.add(
        "text_map", type: .float32, shape: [truth.textMap.rows, truth.textMap.columns], owner: truth.textMap,
        bytes: UnsafeRawBufferPointer(truth.textMap.elements))
    }
    try writer.write(toFile: path)
  }

  private static func description(of options: PlantedDataOptions, summary: Summary) -> String {
    let hasText = options.writesItemEmbeddings
    let embeddings =
      hasText
      ? "\n- `item_embeddings.npy`\(options.writesUserEmbeddings ? ", `user_embeddings.npy`" : ""): text embeddings"
      : ""
    let text =
      hasText
      ? " A text embedding is a fixed random linear map of shared and text factors plus noise, normalised to\nlength 1."
      : ""
    return """
      # Planted data

      Made by `darec sample` with seed \(options.seed): no person, product or text is behind it, and it may be used for
      anything.

      | what | value |
      |---|---|
      | users | \(options.users) |
      | items | \(options.items) |
      | training interactions | \(summary.train) |
      | validation interactions | \(summary.valid) |
      | test interactions | \(summary.test) |
      | groups of interest | \(options.groups) |
      | shared factors (seen in behaviour and in text) | \(options.sharedFactors) |
      | behaviour factors (never in text) | \(options.behaviourFactors) |
      | text factors (never in behaviour) | \(options.textFactors) |
      | text dimension | \(options.textDimension) |
      | noise of the text | \(options.noise) |
      | popularity exponent | \(options.popularitySkew) |

      Each user takes items with a chance that grows with the agreement of shared factors (strength
      \(options.sharedStrength)) and of behaviour factors (strength \(options.behaviourStrength)) and with the item's
      popularity.\(text)

      - `train.tsv`, `valid.tsv`, `test.tsv`: interactions, each user's divided 3:1:1
      - `items.tsv`, `users.tsv`: ids (and made-up titles: nouns tell the group)\(hasText ? " in the order of the embeddings' rows" : "")\(embeddings)
      - `factors.safetensors`: the truth: `user_shared`, `user_behaviour`, `user_text`, `user_group`, the same of items\(
      hasText ? ",\n  and `text_map` [shared + text factors, text dimension]" : "")

      """
  }
}
