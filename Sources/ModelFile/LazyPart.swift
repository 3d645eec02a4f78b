// Parts of a mapped model, which are read and checked when they are first asked for.

import Files
import Numerics
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A part of a model: there from the beginning, or made when it is first asked for.
///
/// Making it can fail, for the file may be damaged where nobody has looked yet. Whoever asks for a part cannot do without
/// it: the process ends with the message and the status that opening the model without `--mmap` would have given.
final class LazyPart<Value: Sendable>: Sendable {
  private final class Known: Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }

  /// Makes the part, checked for a bundle.
  typealias Maker = @Sendable (Bundle) throws(BundleError) -> Value

  private let known = AtomicLazyReference<Known>()
  private let maker: Mutex<Maker?>

  /// A part that is there.
  init(_ value: Value) {
    maker = Mutex(nil)
    _ = known.storeIfNil(Known(value))
  }

  /// A part that is made when it is first asked for.
  init(madeBy maker: @escaping Maker) { self.maker = Mutex(maker) }

  /// True when the part is there.
  var isKnown: Bool { known.load() != nil }

  /// The part of a bundle.
  func value(in bundle: Bundle) -> Value {
    if let known = known.load() { return known.value }
    // One thread makes it, the others wait.
    return maker.withLock { maker in
      if let known = known.load() { return known.value }
      guard let make = maker else { preconditionFailure("a part is there or can be made") }
      do throws(BundleError) {
        let made = known.storeIfNil(Known(try make(bundle)))
        maker = nil
        return made.value
      } catch { bundleFailed(error) }
    }
  }
}

/// Ends the process with a model's error.
private func bundleFailed(_ error: BundleError) -> Never {
  // A path could drive the terminal.
  let text = "darec: \(error.description)".utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 } + [0x0A]
  _ = text.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  exit(error.exitStatus.rawValue)
}
