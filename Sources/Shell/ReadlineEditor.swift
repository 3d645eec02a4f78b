// Line editing, recall and completion by GNU readline, when the program is built with it.

#if Readline
  import CReadline

  /// Reads lines from the terminal at standard input with GNU readline; prompts go to standard error.
  ///
  /// Readline has one state per process and belongs to the main thread, so there is one editor at a time.
  final class ReadlineEditor: LineEditor {
    private let completion: Completion
    private let usesColor: Bool

    /// Creates the editor, or nil when the program was built where readline is missing.
    init?(completion: Completion, usesColor: Bool) {
      guard darec_readline_is_available() else { return nil }
      self.completion = completion
      self.usesColor = usesColor
      let context = Unmanaged.passUnretained(self).toOpaque()
      darec_readline_start("darec", Int32(HistoryFile.lineLimit), completeWord, context)
    }

    deinit {
      // Readline outlives the editor; it must not call a completer that is gone.
      darec_readline_start("darec", Int32(HistoryFile.lineLimit), nil, nil)
    }

    func readLine(prompt: String) -> EditedLine {
      // \u{1} and \u{2} tell readline that what is between them takes no room.
      let shown = usesColor ? "\u{1}\u{1B}[1m\u{2}\(prompt)\u{1}\u{1B}[0m\u{2}" : prompt
      var text: UnsafeMutablePointer<CChar>?
      var signalNumber: Int32 = 0
      var droppedText = false
      let outcome = darec_readline_read(shown, &text, &signalNumber, &droppedText)
      defer { darec_readline_free(text) }
      switch Int(outcome) {
      case DAREC_READLINE_LINE:
        guard let text else { return .end }
        let bytes = UnsafeRawBufferPointer(start: text, count: byteCount(text))
        if bytes.count > LineSource.lineLimit { return .failure(.lineTooLong(limit: LineSource.lineLimit)) }
        switch LineSource.decoded(Array(bytes)[...]) {
        case .line(let line): return .line(line)
        case .failure(let error): return .failure(error)
        case .readFailure, .interrupted, .end: return .end
        }
      case DAREC_READLINE_INTERRUPTED: return .interrupted(droppedText: droppedText)
      case DAREC_READLINE_TERMINATED: return .terminated(signalNumber)
      default: return .end
      }
    }

    func remember(_ line: String) { darec_readline_remember(line) }

    fileprivate func offer(line: UnsafePointer<CChar>, start: Int, end: Int, quote: UInt8?) {
      let bytes = Array(UnsafeRawBufferPointer(start: line, count: byteCount(line)))
      for candidate in completion.candidates(line: bytes, start: start, end: end, quote: quote) {
        darec_readline_offer(candidate.text, candidate.isComplete ? 0x20 : 0)
      }
    }
  }

  private func byteCount(_ text: UnsafePointer<CChar>) -> Int {
    var count = 0
    while text[count] != 0 { count += 1 }
    return count
  }

  private func completeWord(
    context: UnsafeMutableRawPointer?, line: UnsafePointer<CChar>?, start: Int, end: Int, quote: CChar
  ) {
    guard let context, let line else { return }
    let editor = Unmanaged<ReadlineEditor>.fromOpaque(context).takeUnretainedValue()
    editor.offer(line: line, start: start, end: end, quote: quote == 0 ? nil : UInt8(bitPattern: quote))
  }
#endif
