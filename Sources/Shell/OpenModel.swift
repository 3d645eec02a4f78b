// The model that a session answers from.

import Synchronization

/// The model that a session has open, shared with its completion.
final class OpenModel: Sendable {
  private let engine: Mutex<any QueryAnswering>

  init(_ engine: any QueryAnswering) { self.engine = Mutex(engine) }

  /// What answers now.
  var current: any QueryAnswering { engine.withLock { $0 } }

  /// Another model answers from here on.
  func replace(with other: any QueryAnswering) { engine.withLock { $0 = other } }
}
