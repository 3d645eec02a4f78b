// How a session is started.

import Engine

/// Everything the caller decides about a session.
package struct SessionOptions: Sendable {
  /// How answers are written at first.
  package var mode: OutputMode = .table
  /// Go on after an error in a script; the session still ends with status 1.
  package var keepGoing = false
  /// Print each command to standard error before it runs.
  package var echo = false
  /// Print the time of each query to standard error.
  package var timer = false
  /// No banner.
  package var quiet = false
  /// Colour on terminals.
  package var color: ColorChoice = .auto
  /// Leave formulas in CSV as they are.
  package var rawCSV = false
  /// Commands that run before the first prompt, if the file is there; never before a script.
  package var startupFile: String?
  /// The program's version, for the banner.
  package var version = ""
  /// Opens the model in a directory, for `.open`; nil where there is only one model.
  package var openModel: (@Sendable (String) throws -> any QueryAnswering)?
  /// Where commands come from; answers go; errors, prompts and timings go.
  package var inputDescriptor: Int32 = 0
  package var outputDescriptor: Int32 = 1
  package var errorDescriptor: Int32 = 2
  /// Set by whoever wants to stop a query; nil installs a handler for Ctrl-C.
  package var cancellation: Cancellation?
  /// The environment: TERM, NO_COLOR, HOME, XDG_STATE_HOME, DAREC_HISTORY.
  package var environment: @Sendable (String) -> String? = { Terminal.environment($0) }

  /// The defaults of `darec MODEL`.
  package init() {}
}
