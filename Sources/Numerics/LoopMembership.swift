// Which threads are inside a parallel loop.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether the current thread is inside the body of a parallel loop, kept in a thread-specific value.
///
/// Why: a nested loop has no idle threads to use; letting it ask for some would only add switching.
enum LoopMembership {
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let failure = pthread_key_create(&key, nil)
    precondition(failure == 0, "the system has no thread-specific values left")
    return key
  }()

  static var isInside: Bool { pthread_getspecific(key) != nil }

  static func enter() { pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1)) }

  static func leave() { pthread_setspecific(key, nil) }
}
