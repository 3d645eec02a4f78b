// What makes the parts of a model a model.

import Files
import Numerics

extension Bundle {
  /// Limits on sizes, checked before anything is computed from them.
  package enum Limits {
    /// Users, items, or both together: node indices are stored in 32 bits.
    package static let nodes = Int(Int32.max)
    /// Columns of vectors and components.
    package static let dimension = 4_096
    /// Columns of text embeddings.
    package static let textDimension = 65_536
    /// Propagations of a linear encoder.
    package static let layers = 64
  }

  /// Checks everything that queries rely on and that is there; what is made later is checked then.
  /// - Parameter splitsAreChecked: true when the interactions were checked as they were read.
  func validate(splitsAreChecked: Bool) throws(BundleError) {
    try checkName()
    let nodes = userCount + itemCount
    guard nodes <= Limits.nodes else {
      throw .limit(path: name, what: "users and items", value: nodes, limit: Limits.nodes)
    }
    guard users.role == .identifiers, items.role == .identifiers else {
      throw .metadata(path: name, key: "ids", problem: "must be tables of ids, and titles a table of titles")
    }
    if parts.titles.isKnown { try check(titles: titles) }
    try check("final.users", finalUsers, rows: userCount, columns: nil, limit: Limits.dimension)
    try check("final.items", finalItems, rows: itemCount, columns: dimension, limit: Limits.dimension)
    if !splitsAreChecked {
      for (stem, split) in splits {
        guard split.rows == userCount, split.columns == itemCount else {
          throw .shape(path: name, tensor: stem, expected: [userCount, itemCount], found: [split.rows, split.columns])
        }
        try split.columnIndices.withUnsafeBufferPointer { (columns) throws(BundleError) in
          try Self.checkInteractions(
            path: name, stem: stem, rowStarts: split.rowStarts, columns: columns, users: userCount, items: itemCount)
        }
      }
      try Self.checkValues(interactions.values, path: name, tensor: "interactions.values")
    }
    try checkScoreParts()
    if parts.attribution.isKnown { try check(attribution: attribution) }
    if parts.propagation.isKnown { try check(propagation: propagation) }
    if parts.components.isKnown { try check(components: components) }
    if parts.centres.isKnown { try check(centres: centres) }
    if parts.itemText.isKnown { try check(itemText: itemText) }
    if parts.userText.isKnown { try check(userText: userText) }
  }

  /// One title, perhaps empty, for each item.
  func check(titles: StringTable?) throws(BundleError) {
    guard let titles else { return }
    guard titles.role == .titles else {
      throw .metadata(path: name, key: "ids", problem: "must be tables of ids, and titles a table of titles")
    }
    guard titles.count == itemCount else {
      throw .shape(path: name, tensor: "titles.item", expected: [itemCount], found: [titles.count])
    }
  }

  /// The splits that are present, with the stems of their tensor names.
  var splits: [(stem: String, matrix: CSRMatrix)] {
    var result = [(stem: "interactions", matrix: interactions)]
    if let validation { result.append(("validation", validation)) }
    if let test { result.append(("test", test)) }
    return result
  }

  /// True for what a model may be called: 1 to 64 letters, digits, `.`, `_` and `-`, not beginning with a dot.
  package static func isValidName(_ name: String) -> Bool {
    let allowed = name.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
    return allowed && (1...64).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
  }

  private func checkName() throws(BundleError) {
    guard Self.isValidName(name) else { throw .name(name) }
  }

  private func checkScoreParts() throws(BundleError) {
    func refuse(_ problem: String) -> BundleError { .metadata(path: name, key: "score_parts", problem: problem) }
    guard scoreParts.count <= ScorePart.limit else { throw refuse("names more than \(ScorePart.limit) parts") }
    var end = 0
    var isHistory = false
    for part in scoreParts {
      guard ScorePart.isValidName(part.name) else { throw refuse("has a part without a proper name") }
      guard part.columns.lowerBound == end, !part.columns.isEmpty else { throw refuse("leaves out or repeats columns") }
      guard part.source == .history || !isHistory else {
        throw refuse("has a part of the model after one of the history")
      }
      end = part.columns.upperBound
      isHistory = part.source == .history
    }
    guard end == dimension else {
      throw refuse("covers \(end) columns where the final vectors have \(dimension)")
    }
    guard modelDimension > 0 else { throw refuse("has no part of the model") }
  }

  /// The attribution fits the vectors of the model.
  func check(attribution: Attribution) throws(BundleError) {
    switch attribution {
    case .propagation(let own, let itemPartial):
      let width = modelDimension
      try check("attribution.own", own, rows: userCount, columns: width, limit: Limits.dimension)
      try check("attribution.item_partial", itemPartial, rows: itemCount, columns: width, limit: Limits.dimension)
    case .representation(let regularization):
      guard regularization.isFinite, regularization > 0 else {
        throw .metadata(path: name, key: "regularization", problem: "must be a positive number")
      }
    case .none: break
    }
  }

  /// A recipe fits the vectors that it claims to make; that it makes them is not checked.
  func check(propagation: PropagationRecipe?) throws(BundleError) {
    guard let propagation else { return }
    guard (0...Limits.layers).contains(propagation.layers) else {
      throw .limit(
        path: name, what: "number of layers in 'propagation'", value: propagation.layers, limit: Limits.layers)
    }
    switch propagation.combination {
    case .sum:
      guard case .propagation = attribution else {
        throw .incomplete(path: name, missing: "attribution.own", neededBy: "propagation")
      }
      guard !propagation.hasSelfLoops else {
        throw .metadata(path: name, key: "propagation", problem: "has self-loops, which a sum of layers has not")
      }
      guard let items = propagation.items else {
        throw .incomplete(path: name, missing: "propagation.items", neededBy: "propagation")
      }
      try check("propagation.items", items, rows: itemCount, columns: modelDimension, limit: Limits.dimension)
    case .concatenation:
      guard modelDimension.isMultiple(of: propagation.layers + 1) else {
        throw .metadata(
          path: name, key: "propagation",
          problem: "says \(propagation.layers + 1) blocks, which do not divide \(modelDimension) columns")
      }
    }
  }

  /// Four parts for every node.
  func check(components: Components?) throws(BundleError) {
    let nodes = userCount + itemCount
    if let components {
      let widths = [
        components.collaborativeShared.columns, components.collaborativeShared.columns,
        components.languageShared.columns, components.languageShared.columns,
      ]
      for (part, width) in zip(components.named, widths) {
        try check(part.name, part.matrix, rows: nodes, columns: width, limit: Limits.dimension)
      }
    }
  }

  /// Centres of both sides of the components, and the centre of every node.
  func check(centres: PreferenceCentres?) throws(BundleError) {
    let nodes = userCount + itemCount
    guard let centres else { return }
    guard let components else {
      throw .incomplete(path: name, missing: "components", neededBy: "centres")
    }
    try check(
      "centres.collaborative", centres.collaborative, rows: nil, columns: components.collaborativeShared.columns,
      limit: Limits.dimension)
    try check(
      "centres.language", centres.language, rows: nil, columns: components.languageShared.columns,
      limit: Limits.dimension)
    let sides = (collaborative: centres.collaborative.rows, language: centres.language.rows)
    try check("centres.matching", centres.matching, count: sides.collaborative, limit: sides.language)
    try check("centres.collaborative_labels", centres.collaborativeLabels, count: nodes, limit: sides.collaborative)
    try check("centres.language_labels", centres.languageLabels, count: nodes, limit: sides.language)
  }

  /// A text embedding for every item, which there must be when those of users are derived from them.
  func check(itemText: Matrix?) throws(BundleError) {
    if let itemText {
      try check("text.items", itemText, rows: itemCount, columns: nil, limit: Limits.textDimension, isHalf: true)
    } else if userTextDerived {
      throw .incomplete(path: name, missing: "text.items", neededBy: "user_text_derived")
    }
  }

  /// A text embedding for every user, unless they are derived.
  func check(userText: Matrix?) throws(BundleError) {
    if let userText {
      try check(
        "text.users", userText, rows: userCount, columns: itemText?.columns, limit: Limits.textDimension, isHalf: true)
    }
    guard !userTextDerived || userText == nil else {
      throw .metadata(path: name, key: "user_text_derived", problem: "contradicts the tensor text.users")
    }
  }

  private func check(
    _ tensor: String, _ matrix: Matrix, rows: Int?, columns: Int?, limit: Int, isHalf: Bool = false
  ) throws(BundleError) {
    let expected = [rows ?? matrix.rows, columns ?? matrix.columns]
    guard expected == [matrix.rows, matrix.columns] else {
      throw .shape(path: name, tensor: tensor, expected: expected, found: [matrix.rows, matrix.columns])
    }
    guard matrix.columns >= 1, matrix.columns <= limit else {
      throw .limit(path: name, what: "number of columns of '\(tensor)'", value: matrix.columns, limit: limit)
    }
    if isMapped { return }
    // A half holds magnitudes up to 65,504; from 65,520 on rounding gives infinity.
    let bound: Float = isHalf ? 65_520 : .infinity
    if let position = firstOutside(matrix, bound: bound) {
      throw .notFinite(
        path: name, tensor: tensor, row: position / matrix.columns, column: position % matrix.columns)
    }
  }

  private func check(_ tensor: String, _ values: [Int32], count: Int, limit: Int) throws(BundleError) {
    guard values.count == count else {
      throw .shape(path: name, tensor: tensor, expected: [count], found: [values.count])
    }
    for (position, value) in values.enumerated() where value < 0 || value >= limit {
      throw .outOfRange(path: name, tensor: tensor, position: position, value: Int(value), limit: limit)
    }
  }

  /// The first element that is NaN or has at least the magnitude `bound`.
  private func firstOutside(_ matrix: Matrix, bound: Float) -> Int? {
    let elements = matrix.elements
    let blockSize = 1 << 16
    let blocks = (elements.count + blockSize - 1) / blockSize
    var found = [Int](repeating: .max, count: blocks)
    found.withUnsafeMutableBufferPointer { buffer in
      let slots = buffer
      parallelFor(blocks) { block in
        for start in stride(from: block * blockSize, to: min(elements.count, (block + 1) * blockSize), by: 1 << 12) {
          let end = min(elements.count, start + 1 << 12, (block + 1) * blockSize)
          // A sum of squares that is small enough proves all of them to be; NaN and infinity make it neither.
          let squares = kernels.sumOfSquares(matrix.pointer + start, end - start)
          if squares < (bound.isFinite ? Double(bound) * Double(bound) : .infinity) { continue }
          if let first = (start..<end).first(where: { !(elements[$0].magnitude < bound) }) {
            slots[block] = first
            return
          }
        }
      }
    }
    return found.min().flatMap { $0 == .max ? nil : $0 }
  }

  /// Checks the values of interactions.
  static func checkValues(_ values: [Float], path: String, tensor: String) throws(BundleError) {
    for (position, value) in values.enumerated() where !value.isFinite {
      throw .notFinite(path: path, tensor: tensor, row: position, column: 0)
    }
  }

  /// Checks compressed rows before a `CSRMatrix` is made of them, whose initialiser would trap.
  static func checkInteractions(
    path: String, stem: String, rowStarts: [Int], columns: UnsafeBufferPointer<Int32>, users: Int, items: Int
  ) throws(BundleError) {
    let tensor = stem + ".row_starts"
    guard rowStarts.count == users + 1 else {
      throw .shape(path: path, tensor: tensor, expected: [users + 1], found: [rowStarts.count])
    }
    guard rowStarts[0] == 0 else { throw .rowStarts(path: path, tensor: tensor, row: 0) }
    guard rowStarts[users] == columns.count else { throw .rowStarts(path: path, tensor: tensor, row: users) }
    for row in 0..<users {
      let start = rowStarts[row]
      let end = rowStarts[row + 1]
      guard start <= end, end <= columns.count else { throw .rowStarts(path: path, tensor: tensor, row: row) }
      var previous: Int32 = -1
      for position in start..<end {
        let column = columns[position]
        guard column >= 0, column < items else {
          throw .outOfRange(
            path: path, tensor: stem + ".columns", position: position, value: Int(column), limit: items)
        }
        guard column > previous else { throw .columnOrder(path: path, tensor: stem + ".columns", row: row) }
        previous = column
      }
    }
  }
}
