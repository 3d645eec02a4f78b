// The spaces in which neighbours are searched, and cosines in them.

import ModelFile
import Numerics

/// One of the spaces a model holds: which vectors, and for shared and specific ones of which side.
struct SpaceView: Sendable, Equatable {
  var space: Space
  /// Nil for the final and the text space, which have no sides.
  var side: Side?

  /// All spaces in the order they are shown.
  static let all: [SpaceView] = [
    SpaceView(space: .final, side: nil), SpaceView(space: .shared, side: .collaborative),
    SpaceView(space: .shared, side: .language), SpaceView(space: .specific, side: .collaborative),
    SpaceView(space: .specific, side: .language), SpaceView(space: .text, side: nil),
  ]

  /// How sentences and tables name it.
  var label: String {
    side.map { "\(space.rawValue) (\($0.rawValue))" } ?? space.rawValue
  }
}

/// The vectors of all users or of all items in one space: rows `offset ..< offset + count` of a matrix.
struct VectorSet {
  let matrix: Matrix
  let offset: Int
  let count: Int
  /// How all of them are searched.
  let search: CatalogueSearch

  var width: Int { matrix.columns }

  /// The vector of a user or an item.
  func row(_ index: Int) -> UnsafePointer<Float> { UnsafePointer(matrix.row(offset + index)) }

  /// The Euclidean norm of a vector.
  func norm(_ index: Int) -> Double { kernels.sumOfSquares(row(index), width).squareRoot() }
}

/// The cosine of two vectors; 0 when one of them is zero.
/// - Parameter firstSquares: the first vector's sum of squares, where one vector is compared with many.
func cosine(
  _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ width: Int, firstSquares: Double? = nil
) -> Double {
  let squares = firstSquares ?? kernels.sumOfSquares(first, width)
  let norms = (squares * kernels.sumOfSquares(second, width)).squareRoot()
  guard norms > 0 else { return 0 }
  return min(1, max(-1, Double(kernels.dot(first, second, width)) / norms))
}

extension Engine {
  /// The vectors of a kind in a space; nil when the model does not hold them.
  func vectors(_ kind: EntityKind, _ view: SpaceView) -> VectorSet? {
    let isUser = kind == .user
    let count = isUser ? bundle.userCount : bundle.itemCount
    let search = search(kind, view)
    switch view.space {
    case .final:
      return VectorSet(matrix: isUser ? bundle.finalUsers : bundle.finalItems, offset: 0, count: count, search: search)
    case .text:
      guard let matrix = isUser ? userText : bundle.itemText else { return nil }
      return VectorSet(matrix: matrix, offset: 0, count: count, search: search)
    case .shared, .specific:
      guard let parts = bundle.components else { return nil }
      let isCollaborative = view.side != .language
      let matrix: Matrix
      if view.space == .shared {
        matrix = isCollaborative ? parts.collaborativeShared : parts.languageShared
      } else {
        matrix = isCollaborative ? parts.collaborativeSpecific : parts.languageSpecific
      }
      return VectorSet(matrix: matrix, offset: isUser ? 0 : bundle.userCount, count: count, search: search)
    }
  }

  /// The vectors of a kind in a space, or an error that says why the model has none.
  func requiredVectors(_ kind: EntityKind, _ view: SpaceView) throws(QueryError) -> VectorSet {
    if let vectors = vectors(kind, view) { return vectors }
    switch view.space {
    case .text:
      throw .notAvailable("the model '\(bundle.name)' holds no text embeddings of \(kind.rawValue)s")
    default:
      throw .notAvailable(
        "the model '\(bundle.name)' has no shared and specific parts; train one with `--align darec`")
    }
  }

  /// The `top` nearest of all by cosine, itself left out; ties by row.
  func nearest(
    to index: Int, in vectors: VectorSet, top: Int, cancellation: Cancellation
  ) throws(QueryError) -> [ScoredIndex] {
    try nearestAndMethod(to: index, in: vectors, top: top, cancellation: cancellation).found
  }

  /// As `nearest`, with how they were found.
  func nearestAndMethod(
    to index: Int, in vectors: VectorSet, top: Int, cancellation: Cancellation
  ) throws(QueryError) -> (found: [ScoredIndex], method: SearchMethod) {
    let query = vectors.row(index)
    let queryNorm = vectors.norm(index)
    func similarity(_ other: Int) -> Float {
      let norm = queryNorm * vectors.norm(other)
      // A zero vector is near to nothing: minus infinity keeps it out of the selection.
      return norm > 0 ? Float(Double(kernels.dot(query, vectors.row(other), vectors.width)) / norm) : -.infinity
    }
    if let rows = vectors.search.rows(of: vectors),
      let found = rows.best(
        for: query, by: .cosine, k: top, excluding: [Int32(index)], isCancelled: { cancellation.isCancelled },
        exact: similarity)
    {
      if cancellation.isCancelled { throw .interrupted }
      return (found, .rounded)
    }
    var similarities = [Float](repeating: 0, count: vectors.count)
    similarities.withUnsafeMutableBufferPointer { buffer in
      let target = buffer
      parallelRanges(vectors.count, blockSize: 4_096) { range in
        guard !cancellation.isCancelled else { return }
        for other in range { target[other] = similarity(other) }
      }
    }
    if cancellation.isCancelled { throw .interrupted }
    let found = similarities.withUnsafeBufferPointer { buffer -> [ScoredIndex] in
      guard let base = buffer.baseAddress else { return [] }
      return topK(of: base, count: buffer.count, k: top, excluding: [Int32(index)])
    }
    return (found, .plain)
  }

  /// The nearest of some candidates by cosine, itself left out; ties by row.
  func nearest(
    to index: Int, among candidates: some Sequence<Int32>, in vectors: VectorSet, top: Int
  ) -> [ScoredIndex] {
    let query = vectors.row(index)
    let querySquares = kernels.sumOfSquares(query, vectors.width)
    guard querySquares > 0 else { return [] }
    // Sorted, never longer than `top`: most candidates cost one comparison with its last.
    var found: [ScoredIndex] = []
    for candidate in candidates where Int(candidate) != index {
      let other = vectors.row(Int(candidate))
      let squares = kernels.sumOfSquares(other, vectors.width)
      guard squares > 0 else { continue }
      let value = Double(kernels.dot(query, other, vectors.width)) / (querySquares * squares).squareRoot()
      let scored = ScoredIndex(index: candidate, score: Float(min(1, max(-1, value))))
      if found.count == top {
        guard let last = found.last, scored.ranksBefore(last) else { continue }
        found.removeLast()
      }
      var position = found.endIndex
      while position > 0 && scored.ranksBefore(found[position - 1]) { position -= 1 }
      found.insert(scored, at: position)
    }
    return found
  }
}
