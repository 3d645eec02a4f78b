// The manual page of the repository against the one the program prints.

import Files
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct ManualTests {
  @Test func theManualPageIsTheProgramsOwn() throws {
    // DAREC_UPDATE_DOCS=1 writes the page anew.
    let path = fixturePath("../../Docs/darec.1")
    let printed = try DarecProcess(["manual"])
    #expect(printed.status == 0 && printed.errors.isEmpty)
    if ProcessInfo.processInfo.environment["DAREC_UPDATE_DOCS"] != nil {
      try printed.output.write(toFile: path, atomically: true, encoding: .utf8)
    } else {
      #expect(try String(contentsOfFile: path, encoding: .utf8) == printed.output)
    }
  }

  @Test func noTextOfThePageIsARequest() throws {
    // Every line that begins with a dot or an apostrophe is one of the few requests the page is made of.
    let requests: Set<Substring> = [".TH", ".SH", ".TP", ".TQ", ".B", ".br", ".PP", ".IP", ".RS", ".RE", ".nf", ".fi"]
    for line in try DarecProcess(["manual"]).output.split(separator: "\n")
    where line.hasPrefix(".") || line.hasPrefix("'") {
      let request = line.split(separator: " ", omittingEmptySubsequences: false)[0]
      #expect(requests.contains(request), "\(line)")
    }
  }
}
