// What the dot commands set.

/// The present settings of a session.
struct SessionSettings {
  var mode: OutputMode
  var timer: Bool
  var echo: Bool
  var bail: Bool
  var headers = true
  /// 0: the terminal's width, or 80.
  var width = 0
  var maximumRows = 40
  var precision = 4

  init(_ options: SessionOptions) {
    mode = options.mode
    timer = options.timer
    echo = options.echo
    bail = !options.keepGoing
  }
}
