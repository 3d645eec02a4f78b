// numpy and scikit-learn in a child process, the peers of the dense products and of k-means.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A python3 process with numpy that times products and rounds of k-means on request, one line in and one line out.
///
/// Its thread count is fixed by the environment at start, before OpenBLAS is loaded.
final class PythonPeer {
  /// Version of numpy and name of its BLAS where numpy tells, and the version of scikit-learn where it is installed.
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
    try:
        import warnings
        warnings.simplefilter("ignore")
        import sklearn.cluster
        learn = ["scikit-learn", sklearn.__version__]
    except ImportError:
        learn = []
    print("numpy", np.__version__, blas, *learn, flush=True)

    def kmeans(rows, width, clusters, rounds):
        x = np.random.default_rng(1).random((rows, width), dtype=np.float32)
        model = sklearn.cluster.KMeans(
            clusters, init=x[:clusters], n_init=1, max_iter=rounds, tol=0, algorithm="lloyd")
        times = []
        while sum(times) < 0.02:
            t = time.perf_counter()
            model.fit(x)
            times.append((time.perf_counter() - t) / model.n_iter_ * rounds)
        return sum(times) / len(times)

    data = {}
    for line in sys.stdin:
        words = line.split()
        if words[0] == "lse":
            n, d = int(words[1]), int(words[2])
            x = np.random.default_rng(1).standard_normal((n, d), dtype=np.float32)
            x /= np.linalg.norm(x, axis=1, keepdims=True)
            logits = np.empty((n, n), np.float32)
            times = []
            while sum(times) < 0.02:
                t = time.perf_counter()
                np.matmul(x, x.T, out=logits)
                logits *= 5
                logits -= 5
                np.exp(logits, out=logits)
                np.log(logits.sum(1))
                times.append(time.perf_counter() - t)
            print(sum(times) / len(times), flush=True)
            continue
        if words[0] == "kmeans":
            print(kmeans(*[int(word) for word in words[1:]]), flush=True)
            continue
        m, k, n, ta, tb = [int(word) for word in words[1:]]
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

  /// Whether it can time k-means.
  var hasScikitLearn: Bool { version.contains(" scikit-learn ") }

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
    answer("gemm \(m) \(k) \(n) \(transposeA ? 1 : 0) \(transposeB ? 1 : 0)")
  }

  /// Seconds of the logarithms of the row sums of exp(5 x·x' - 5) over unit rows, the whole matrix in memory.
  func logSumExpSeconds(rows: Int, width: Int) -> Double { answer("lse \(rows) \(width)") }

  /// Seconds of some Lloyd rounds of scikit-learn on uniform rows from their first ones, the last assignment included.
  func kMeansSeconds(rows: Int, width: Int, clusters: Int, rounds: Int) -> Double {
    answer("kmeans \(rows) \(width) \(clusters) \(rounds)")
  }

  /// The number that answers a question; infinite when the child is gone.
  private func answer(_ question: String) -> Double {
    fputs(question + "\n", input)
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
