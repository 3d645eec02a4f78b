// What the process reports to its caller, and the protocol of every error that can end it.

/// Exit codes of `darec`, after sysexits where one fits.
///
/// Source: Docs/QueryLanguage.md, "Exit codes".
package enum ExitStatus: Int32, Sendable {
  /// Everything asked for was done.
  case success = 0
  /// A query failed: an unknown user or verb, a failed statement of a script, a save that could not be finished.
  case failure = 1
  /// The command line is wrong.
  case usage = 64
  /// An input or model file is malformed.
  case badData = 65
  /// A named input file does not exist or cannot be opened.
  case missingInput = 66
  /// Stopped by Ctrl-C in a script or in training.
  case interrupted = 130
  /// Standard output was closed early.
  case brokenPipe = 141
}

/// An error with a sentence for a person (what happened, where, what to do) and an exit code for a script.
package protocol DescribedFailure: Error, CustomStringConvertible {
  /// What happened, where, and the remedy, without a trailing newline.
  var description: String { get }
  /// The code the process ends with when nothing catches the error.
  var exitStatus: ExitStatus { get }
}
