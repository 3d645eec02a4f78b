// Where the committed fixtures are.

/// Absolute path of a file below `Tests/Fixtures`.
package func fixturePath(_ relative: String) -> String {
  let file = #filePath
  // This file is Tests/TestSupport/Fixture.swift whatever target calls it.
  let support = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
  return support + "/Fixtures/" + relative
}
