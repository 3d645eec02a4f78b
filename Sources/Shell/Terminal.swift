// What is known of the terminal behind a descriptor, without ever asking it.

import Glibc

/// When to use colour.
package enum ColorChoice: String, CaseIterable, Sendable {
  /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
  case auto
  case always
  case never
}

/// Facts about terminals from the system and the environment.
package enum Terminal {
  /// True when a descriptor is a terminal.
  package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Width in cells, or nil when the descriptor is no terminal or does not know.
  ///
  /// A width of 0 is not known.
  package static func width(_ descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Height in cells, or nil when the descriptor is no terminal or does not know.
  package static func height(_ descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return nil }
    return Int(size.ws_row)
  }

  /// Whether colour is used on a descriptor.
  ///
  /// Each stream is judged on its own.
  package static func usesColor(
    _ descriptor: Int32, choice: ColorChoice, environment: (String) -> String?
  ) -> Bool {
    switch choice {
    case .always: return true
    case .never: return false
    case .auto:
      if let off = environment("NO_COLOR"), !off.isEmpty { return false }
      return environment("TERM") != "dumb" && isTerminal(descriptor)
    }
  }

  /// The value of an environment variable.
  package static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}
