// Replacing a whole directory in one step.

#if canImport(Glibc)
  import Glibc
#endif

extension AtomicReplace {
  /// One file of a directory that is being replaced: its name and a function that writes its bytes to a sink.
  package struct DirectoryFile {
    /// The sink a file's bytes are given to, piece by piece.
    package typealias Sink = (UnsafeRawBufferPointer) throws(SystemError) -> Void

    /// Name inside the directory.
    package var name: String
    /// Size in bytes, for the message when the disk is full.
    package var byteCount: Int
    /// Gives the bytes in order to the sink.
    package var write: (Sink) throws(SystemError) -> Void

    /// A file whose bytes are produced piece by piece.
    package init(name: String, byteCount: Int, write: @escaping (Sink) throws(SystemError) -> Void) {
      self.name = name
      self.byteCount = byteCount
      self.write = write
    }

    /// A file whose bytes are at hand.
    package init(name: String, bytes: [UInt8]) {
      self.init(name: name, byteCount: bytes.count) { sink throws(SystemError) in
        // A loop over a local copy of the pointer keeps the error typed.
        var failure: SystemError?
        bytes.withUnsafeBytes { raw in
          do throws(SystemError) { try sink(raw) } catch { failure = error }
        }
        if let failure { throw failure }
      }
    }
  }

  /// Replaces the directory `path` by one that holds `files`, or creates it.
  ///
  /// All files are written into the sibling `.NAME.new-PID-N` and made durable; then the two directories are exchanged
  /// in one step (`renameat2`), so a reader that opens the path sees the old directory or the new one. Entries of the
  /// old directory that are not among `files` (notes, a `checkpoint` folder) are moved into the new one. Where the file
  /// system cannot exchange, the old directory is renamed to `.NAME.old-PID-N` first: a crash between the two renames
  /// leaves it there, and the next save puts it back. A lock file makes a second writer wait: the last one counts.
  /// - Parameters:
  ///   - path: the directory; its parent must exist.
  ///   - files: everything that is to be in it.
  ///   - patience: seconds to wait for another writer.
  ///   - fileSystem: the calls.
  /// - Throws: `AtomicReplaceError`; the old directory is then as it was.
  package static func directory(
    at path: String, files: [DirectoryFile], patience: Double = defaultPatience,
    fileSystem: any FileSystem = PosixFileSystem()
  ) throws(AtomicReplaceError) {
    let target = resolved(path)
    let needed = files.reduce(0) { $0 + $1.byteCount }
    do throws(SystemError) {
      let held = try lock(target, patience: patience, fileSystem: fileSystem)
      defer { fileSystem.unlock(held, path: lockPath(target)) }
      try recover(target, known: files.map(\.name), fileSystem: fileSystem)
      switch try fileSystem.kind(target) {
      case .missing, .directory: break
      case .regular, .other: throw SystemError(call: "", path: target, code: ENOTDIR)
      }
      try replace(target, files: files, fileSystem: fileSystem)
    } catch {
      if error.call.isEmpty {
        throw error.code == ENOTDIR ? .wrongKind(path: target, expected: "a directory") : .locked(path: target)
      }
      throw .system(error, target: target, bytesNeeded: needed)
    }
  }

  /// Runs `body` while nobody replaces the directory `path`, after cleaning up what writers that died left beside it.
  ///
  /// Whatever is written into a directory that `directory(at:files:)` may replace has to be written like this: a
  /// file created at the moment of an exchange would end in the old directory.
  /// - Parameters:
  ///   - path: the directory; its parent must exist.
  ///   - known: names of the files that `directory(at:files:)` writes.
  ///   - patience: seconds to wait for another writer.
  ///   - fileSystem: the calls.
  ///   - body: what to do under the lock.
  /// - Throws: `AtomicReplaceError`, `body`'s own included.
  package static func whileNotReplaced(
    directory path: String, known: [String], patience: Double = defaultPatience,
    fileSystem: any FileSystem = PosixFileSystem(), _ body: () throws(AtomicReplaceError) -> Void
  ) throws(AtomicReplaceError) {
    let target = resolved(path)
    let held: Int32
    do throws(SystemError) { held = try lock(target, patience: patience, fileSystem: fileSystem) } catch {
      throw error.call.isEmpty ? .locked(path: target) : .system(error, target: target, bytesNeeded: nil)
    }
    defer { fileSystem.unlock(held, path: lockPath(target)) }
    do throws(SystemError) { try recover(target, known: known, fileSystem: fileSystem) } catch {
      throw .system(error, target: target, bytesNeeded: nil)
    }
    try body()
  }

  /// Seconds that a writer waits for another one: saving takes well under a second for each gigabyte.
  package static let defaultPatience = 30.0

  private static func lockPath(_ target: String) -> String {
    "\(parent(of: target))/.\(name(of: target)).lock"
  }

  /// Takes the directory's lock; an error without a call's name means that somebody else kept it all the time.
  private static func lock(
    _ target: String, patience: Double, fileSystem: any FileSystem
  ) throws(SystemError) -> Int32 {
    let pause = 0.02
    var waited = 0.0
    while true {
      if let lock = try fileSystem.lock(lockPath(target)) { return lock }
      guard waited < patience else { throw SystemError(call: "", path: target, code: 0) }
      usleep(UInt32(pause * 1_000_000))
      waited += pause
    }
  }

  /// Cleans up after writers that died: under the lock nobody else is writing.
  private static func recover(
    _ target: String, known: [String], fileSystem: any FileSystem
  ) throws(SystemError) {
    let folder = parent(of: target)
    for name in abandoned(for: target, marker: "old", fileSystem: fileSystem) {
      if try fileSystem.kind(target) == .missing {
        try fileSystem.rename(folder + "/" + name, to: target)
      } else {
        retire(folder + "/" + name, into: target, known: known, fileSystem: fileSystem)
      }
    }
    for name in abandoned(for: target, marker: "new", fileSystem: fileSystem) {
      retire(folder + "/" + name, into: target, known: known, fileSystem: fileSystem)
    }
  }

  private static func replace(
    _ target: String, files: [DirectoryFile], fileSystem: any FileSystem
  ) throws(SystemError) {
    let folder = parent(of: target)
    let fresh = temporary(for: target)
    let known = files.map(\.name)
    try fileSystem.makeDirectory(fresh)
    do throws(SystemError) {
      for file in files { try write(file, in: fresh, fileSystem: fileSystem) }
      try fileSystem.synchronizeDirectory(fresh)
      if try fileSystem.kind(target) == .missing {
        try fileSystem.rename(fresh, to: target)
        do throws(SystemError) { try fileSystem.synchronizeDirectory(folder) } catch {
          try? fileSystem.rename(target, to: fresh)
          throw error
        }
        return
      }
      do throws(SystemError) {
        try fileSystem.exchange(fresh, with: target)
      } catch {
        guard error.code == ENOSYS || error.code == EINVAL else { throw error }
        try exchangeInTwoSteps(fresh, target, known: known, fileSystem: fileSystem)
        return
      }
      // A change that the device does not confirm is taken back, so that a failed save never shows.
      do throws(SystemError) { try fileSystem.synchronizeDirectory(folder) } catch {
        try? fileSystem.exchange(fresh, with: target)
        throw error
      }
    } catch {
      retire(fresh, into: nil, known: known, fileSystem: fileSystem)
      throw error
    }
    // The new directory is in place; `fresh` names the old one.
    retire(fresh, into: target, known: known, fileSystem: fileSystem)
  }

  private static func write(
    _ file: DirectoryFile, in folder: String, fileSystem: any FileSystem
  ) throws(SystemError) {
    let path = folder + "/" + file.name
    let descriptor = try fileSystem.createFile(path)
    do throws(SystemError) {
      try file.write { (bytes) throws(SystemError) in
        try fileSystem.writeAll(descriptor, bytes, path: path)
      }
      try fileSystem.synchronize(descriptor, path: path)
    } catch {
      try? fileSystem.close(descriptor, path: path)
      throw error
    }
    try fileSystem.close(descriptor, path: path)
  }

  private static func exchangeInTwoSteps(
    _ fresh: String, _ target: String, known: [String], fileSystem: any FileSystem
  ) throws(SystemError) {
    let suffix = fresh.split(separator: "-").suffix(2).joined(separator: "-")
    let old = "\(parent(of: target))/.\(name(of: target)).old-" + suffix
    try fileSystem.rename(target, to: old)
    do throws(SystemError) {
      try fileSystem.rename(fresh, to: target)
      do throws(SystemError) { try fileSystem.synchronizeDirectory(parent(of: target)) } catch {
        try fileSystem.rename(target, to: fresh)
        throw error
      }
    } catch {
      try? fileSystem.rename(old, to: target)
      throw error
    }
    retire(old, into: target, known: known, fileSystem: fileSystem)
  }

  /// Removes a directory of ours: the files we know are deleted, anything else is moved to `target`.
  ///
  /// What cannot be removed stays for the next save: nothing here can fail a save that has already happened.
  private static func retire(_ folder: String, into target: String?, known: [String], fileSystem: any FileSystem) {
    guard let names = try? fileSystem.entries(folder) else { return }
    for name in names {
      let path = folder + "/" + name
      if known.contains(name) {
        try? fileSystem.removeFile(path)
      } else if let target, (try? fileSystem.kind(target + "/" + name)) == .missing {
        try? fileSystem.rename(path, to: target + "/" + name)
      }
    }
    try? fileSystem.removeDirectory(folder)
  }
}
