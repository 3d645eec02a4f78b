// The model that a session answers from.

import Synchronization

/// The model that a session has open, shared with its completion.
final class OpenModel: Sendable {
  private let engine: Mutex<any QueryAnswering>
  private let meant = Mutex<String?>(nil)

  init(_ engine: any QueryAnswering) { self.engine = Mutex(engine) }

  /// What answers now.
  var current: any QueryAnswering { engine.withLock { $0 } }

  /// Whose USER commands mean that name none, as `as` set it.
  var person: String? {
    get { meant.withLock { $0 } }
    set { meant.withLock { $0 = newValue } }
  }

  /// Another model answers from here on.
  func replace(with other: any QueryAnswering) { engine.withLock { $0 = other } }
}
