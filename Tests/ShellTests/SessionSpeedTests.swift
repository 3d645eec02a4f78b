// What the shell itself costs per line.

import Shell
import Testing

@Suite(.serialized) struct SessionSpeedTests {
  /// The target is 20 microseconds a line; the bound leaves room for a machine that is busy with other tests.
  @Test(arguments: [OutputMode.jsonl, .table])
  func aLineIsCheap(_ mode: OutputMode) {
    let count = 20_000
    let lines = String(repeating: "similar item 50 --space shared --top 5\n", count: count)
    let folder = TemporaryFolder()
    let clock = ContinuousClock()
    var result = Transcript(output: "", errors: "", status: -1)
    let time = clock.measure { result = script(lines, folder: folder) { $0.mode = mode } }
    let microseconds = Double(time.components.attoseconds) / 1e12 + Double(time.components.seconds) * 1e6
    print("a line of a script in mode \(mode): \(microseconds / Double(count)) microseconds")
    #expect(result.status == 0)
    #expect(microseconds / Double(count) < 100)
  }
}
