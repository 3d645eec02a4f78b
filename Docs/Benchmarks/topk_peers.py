#!/usr/bin/env python3
"""Exact top 20: darec against faiss, implicit and numpy on the same vectors, alternating, medians and ratios.

    python Docs/Benchmarks/topk_peers.py --darec .build/release/darec [--threads 1] [--cases amazon64,big1] [--bundle MODEL]

Needs numpy, faiss-cpu, implicit and threadpoolctl. Cases: amazon32, amazon64 (11,000 queries x 9,332 items), big1 (one query x
1,000,000 x 64, sixteen queries in turn), popular1 (the same directions with log-normal norms), big1000 (1,000 queries).
--bundle adds trained1: one user of that bundle at a time, the final vectors of its items.
Each peer runs in a process of its own that keeps its index; darec is started anew each round and reads the vectors from files.
"""
import argparse, json, os, statistics, struct, subprocess, sys, tempfile, time

K = 20
SHAPES = {"amazon32": (11000, 9332, 32), "amazon64": (11000, 9332, 64), "big1": (16, 1_000_000, 64),
          "popular1": (16, 1_000_000, 64), "big1000": (1000, 1_000_000, 64)}


def serve(library, directory, threads):
    """Answers a line on standard input with the seconds of one query, or of all of a batch."""
    import numpy as np
    queries, items = (np.load(os.path.join(directory, name)) for name in ("queries.npy", "items.npy"))
    if library == "faiss":
        import faiss
        faiss.omp_set_num_threads(threads)
        index = faiss.IndexFlatIP(items.shape[1])
        index.add(items)
        search = lambda q: index.search(q, K)[1]
    elif library == "implicit":
        from implicit.cpu.topk import topk
        search = lambda q: topk(items, q, K, num_threads=threads)[0]
    else:
        from threadpoolctl import threadpool_limits
        threadpool_limits(threads)
        def search(q):
            out = []
            for start in range(0, len(q), 256):
                scores = q[start:start + 256] @ items.T
                best = np.argpartition(scores, len(items) - K, axis=1)[:, -K:]
                order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1)
                out.append(np.take_along_axis(best, order, 1))
            return np.concatenate(out)
    batches = [queries] if len(queries) > 16 else [queries[i:i + 1] for i in range(len(queries))]
    search(batches[0])
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for batch in batches:
            search(batch)
        print((time.perf_counter() - start) / len(batches), flush=True)


def bundle_vectors(path, np):
    with open(os.path.join(path, "model.safetensors"), "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        base = file.tell()
        def tensor(name):
            entry = header[name]
            file.seek(base + entry["data_offsets"][0])
            return np.fromfile(file, "<f4", int(np.prod(entry["shape"]))).reshape(entry["shape"])
        return tensor("final.users"), tensor("final.items")


def vectors(case, bundle):
    import numpy as np
    rng = np.random.default_rng(1)
    if case == "trained1":
        users, items = bundle_vectors(bundle, np)
        return users[rng.choice(len(users), 16, replace=False)], items
    queries, items, width = SHAPES[case]
    items = rng.standard_normal((items, width), dtype=np.float32)
    queries = rng.standard_normal((queries, width), dtype=np.float32)
    if case == "popular1":
        items *= np.exp(0.5 * rng.standard_normal((len(items), 1), dtype=np.float32))
    return queries, items


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--darec", default="darec")
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--cases", default="amazon32,amazon64,big1,popular1,big1000")
    parser.add_argument("--libraries", default="faiss,implicit")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bundle")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    import numpy as np
    cases = options.cases.split(",") + (["trained1"] if options.bundle else [])
    for case in cases:
        with tempfile.TemporaryDirectory() as directory:
            queries, items = vectors(case, options.bundle)
            np.save(os.path.join(directory, "queries.npy"), np.ascontiguousarray(queries))
            np.save(os.path.join(directory, "items.npy"), np.ascontiguousarray(items))
            del queries, items
            for threads in options.threads or [1, 2]:
                measure(case, directory, threads, options)


def measure(case, directory, threads, options):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    environment["OMP_NUM_THREADS"] = str(threads)
    peers = {}
    for library in options.libraries.split(","):
        own = dict(environment)
        if library == "implicit":
            own["OPENBLAS_NUM_THREADS"] = "1"  # its own advice: it deals out the queries itself
        process = subprocess.Popen([sys.executable, __file__, "--serve", library, directory, str(threads)], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=own)
        process.stdout.readline()
        peers[library] = process
    times = {name: [] for name in ["darec"] + list(peers)}
    for _ in range(options.rounds):
        report = json.loads(subprocess.run(
            [options.darec, "bench", "topk", "--vectors", directory, "--threads", str(threads), "--rounds", "3", "--json"],
            check=True, capture_output=True, text=True).stdout)
        section = report["sections"][0]
        times["darec"].append(section["cases"][0]["measurements"][0]["median_seconds"])
        share = section["cases"][0]["measurements"][0]["share_of_ceiling"]
        for library, process in peers.items():
            process.stdin.write("\n")
            process.stdin.flush()
            times[library].append(float(process.stdout.readline()))
    for process in peers.values():
        process.stdin.close()
        process.wait()
    ours = statistics.median(times["darec"])
    result = {"case": case, "threads": threads, "darec_ms": 1e3 * ours, "share_of_ceiling": share}
    for library in peers:
        theirs = statistics.median(times[library])
        result[library + "_ms"] = 1e3 * theirs
        result[library + "_ratio"] = theirs / ours
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        print(f"{case:9} {threads} thread(s)  darec {1e3 * ours:8.2f} ms ({100 * share:.0f} % of the ceiling)  " + "  ".join(
            f"{name} {result[name + '_ms']:.2f} ms ({result[name + '_ratio']:.2f}x)" for name in peers), flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "--serve":
        serve(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
