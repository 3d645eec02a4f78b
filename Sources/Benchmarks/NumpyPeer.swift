// numpy in a child process, the peer of the dense products.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A python3 process with numpy that times products on request, one line in and one line out.
///
/// Its thread count is fixed by the environment at start, before OpenBLAS is loaded.
final class NumpyPeer {
  /// Version of numpy and name of its BLAS where numpy tells.
  let version: String
  private let process: pid_t
  private let input: UnsafeMutablePointer<FILE>
  private let output: UnsafeMutablePointer<FILE>

  private static let program = """
    import sys, time
    import numpy as np
    try:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    except Exception:
        blas = "BLAS"
    print("numpy", np.__version__, blas, flush=True)
    data = {}
    for line in sys.stdin:
        m, k, n, ta, tb = [int(word) for word in line.split()]
        key = (m, k, n, ta, tb)
        if key not in data:
            r = np.random.default_rng(1)
            a = r.random((k, m) if ta else (m, k), dtype=np.float32)
            b = r.random((n, k) if tb else (k, n), dtype=np.float32)
            data = {key: (a, b, np.empty((m, n), np.float32))}
        a, b, c = data[key]
        left = a.T if ta else a
        right = b.T if tb else b
        times = []
        total = 0
        while total < 0.02:
            t = time.perf_counter()
            np.matmul(left, right, out=c)
            t = time.perf_counter() - t
            times.append(t)
            total += t
        print(total / len(times), flush=True)
    """

  /// Starts the child; nil when there is no python3 with numpy on the path.
  init?(threads: Int) {
    var toChild: [Int32] = [0, 0]
    var fromChild: [Int32] = [0, 0]
    guard pipe(&toChild) == 0 else { return nil }
    guard pipe(&fromChild) == 0 else {
      close(toChild[0])
      close(toChild[1])
      return nil
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    for descriptor in toChild + fromChild { posix_spawn_file_actions_addclose(&actions, descriptor) }

    let words = ["env", "OPENBLAS_NUM_THREADS=\(threads)", "OMP_NUM_THREADS=\(threads)", "python3", "-c", Self.program]
    var arguments = words.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let failed = posix_spawnp(&child, "env", &actions, nil, arguments, environ)
    close(toChild[0])
    close(fromChild[1])
    guard failed == 0, let input = fdopen(toChild[1], "w"), let output = fdopen(fromChild[0], "r") else {
      close(toChild[1])
      close(fromChild[0])
      return nil
    }
    process = child
    self.input = input
    self.output = output
    guard let greeting = Self.line(output), greeting.hasPrefix("numpy ") else {
      fclose(input)
      fclose(output)
      waitpid(child, nil, 0)
      return nil
    }
    version = greeting
  }

  deinit {
    fclose(input)
    fclose(output)
    waitpid(process, nil, 0)
  }

  /// Seconds of one product of random matrices of the given shape, repeated for at least 20 milliseconds.
  func seconds(m: Int, k: Int, n: Int, transposeA: Bool, transposeB: Bool) -> Double {
    fputs("\(m) \(k) \(n) \(transposeA ? 1 : 0) \(transposeB ? 1 : 0)\n", input)
    fflush(input)
    return Self.line(output).flatMap { Double($0) } ?? .infinity
  }

  /// One line without its end; nil at the end of the stream.
  private static func line(_ file: UnsafeMutablePointer<FILE>) -> String? {
    var buffer = [CChar](repeating: 0, count: 512)
    guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
    let bytes = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
