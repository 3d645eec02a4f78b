// A temporary folder for the length of a closure.

import TestSupport

/// Calls `body` with the path of a new empty folder, which is removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
  let folder = try TemporaryFolder()
  try withExtendedLifetime(folder) { try body(folder.path) }
}
