// Elements that lie in memory of somebody else: an allocation, or a file that is mapped.

/// A run of elements that several values may share, as an array does, wherever the elements lie.
///
/// Elements never change. Equality compares them.
package struct SharedBuffer<Element: BitwiseCopyable & Sendable & Equatable>: @unchecked Sendable, Equatable,
  RandomAccessCollection
{
  /// Keeps the memory valid.
  private let owner: AnyObject?
  private let base: UnsafePointer<Element>?
  /// Number of elements.
  package let count: Int

  /// Memory of an owner.
  /// - Precondition: the elements are initialised and stay as they are while the owner lives.
  init(_ base: UnsafePointer<Element>, count: Int, owner: AnyObject) {
    self.base = base
    self.count = count
    self.owner = owner
  }

  /// A copy of some elements.
  package init(_ elements: [Element]) {
    self.init(count: elements.count) { target in
      elements.withUnsafeBufferPointer { source in
        if let from = source.baseAddress { target.baseAddress?.update(from: from, count: source.count) }
      }
    }
  }

  /// New memory that `fill` sets all elements of.
  package init(count: Int, filledBy fill: (UnsafeMutableBufferPointer<Element>) throws -> Void) rethrows {
    let memory = Memory(byteCount: count * MemoryLayout<Element>.stride)
    let target = memory.raw.bindMemory(to: Element.self)
    try fill(UnsafeMutableBufferPointer(rebasing: target[0..<count]))
    base = UnsafePointer(target.baseAddress)
    self.count = count
    owner = memory
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { count }

  /// The element at a place, bounds-checked.
  package subscript(place: Int) -> Element {
    precondition(place >= 0 && place < count, "place out of range")
    // The base is nil only where there are no elements.
    return base.unsafelyUnwrapped[place]
  }

  /// All elements.
  package func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let result = Swift.Result { () throws(Failure) in try body(UnsafeBufferPointer(start: base, count: count)) }
    withExtendedLifetime(owner) {}
    return try result.get()
  }

  /// The elements as an array, copied as one.
  package var array: [Element] { withUnsafeBufferPointer { Array($0) } }

  package static func == (first: SharedBuffer, second: SharedBuffer) -> Bool {
    first.count == second.count
      && (first.base == second.base
        || first.withUnsafeBufferPointer { a in second.withUnsafeBufferPointer { b in a.elementsEqual(b) } })
  }

  private final class Memory {
    let raw: UnsafeMutableRawBufferPointer

    init(byteCount: Int) {
      raw = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
    }

    deinit { raw.deallocate() }
  }
}
