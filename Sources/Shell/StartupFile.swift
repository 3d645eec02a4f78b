// Commands run before the first prompt.

/// The file of commands that a conversation starts with.
package enum StartupFile {
  /// `$XDG_CONFIG_HOME/darec/init`, or `~/.config/darec/init`; nil when neither is known.
  package static func location(environment: (String) -> String?) -> String? {
    // Relative values are to be ignored. Source: XDG Base Directory Specification.
    if let folder = environment("XDG_CONFIG_HOME"), folder.hasPrefix("/") { return folder + "/darec/init" }
    guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
    return home + "/.config/darec/init"
  }
}
