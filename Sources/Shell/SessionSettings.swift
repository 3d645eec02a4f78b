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
  /// Long answers in `table` mode are shown whole.
  var showsEverything = false
  var precision = 4
  /// Long answers at a prompt go through a pager.
  var pager = false

  init(_ options: SessionOptions) {
    mode = options.mode
    timer = options.timer
    echo = options.echo
    bail = !options.keepGoing
  }
}
