#!/usr/bin/env python3
"""Seconds per epoch and peak memory of darec and of PyTorch on the CPU, in turn, on one planted data set.

    python3 -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python Docs/Benchmarks/training.py --darec .build/release/darec --work .build/training --threads 2

The peer is the same mathematics as fast as PyTorch does it: edge values masked in CSR arrays with a hand-written
transposed backward pass, projectors over the rows that the loss reads, both language projectors' first layers as one
product, contrastive and uniformity losses with closed-form gradients, the global term by its d x d identity, warm
k-means by matrix products, fused Adam. Heavy models run a few steps, scaled to the epoch on both sides alike
(darec runs the whole epoch). `darec-plain` is the script one writes first instead: the graph rebuilt in every step, the
projectors over the whole table, pairwise distances, dense similarity matrices, the optimiser's defaults. Page: training.md.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

CASES = {  # our alignment, epochs of ours, steps of the peer (0: whole epochs)
    "lightgcn": ("none", 4, 0),
    "darec": ("darec", 1, 5),
    "darec-plain": ("darec", 1, 3),
    "rlmrec-con": ("rlmrec-con", 1, 3),
    "rlmrec-gen": ("rlmrec-gen", 1, 3),
    "darec-rank-256": ("darec", 2, 5),  # the peer keeps the full width
}
BATCH, WIDTH, LAYERS, KEEP = 4096, 32, 3, 0.8


# ---------------------------------------------------------------- the peer
def peer(folder, case, steps, threads):
    import numpy as np
    import torch
    import torch.nn.functional as F
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    pairs = np.loadtxt(f"{folder}/train.tsv", delimiter="\t", skiprows=1, usecols=(0, 1), dtype=np.int64) - 1
    meta = json.load(open(f"{folder}/shape.json"))
    users, items = meta["users"], meta["items"]
    row, col = pairs[:, 0], pairs[:, 1]
    nodes = users + items
    text = None
    if case != "lightgcn":
        text = np.empty((nodes, meta["text"]), np.float32)
        text[:users] = np.load(f"{folder}/user_embeddings.npy", mmap_mode="r")
        text[users:] = np.load(f"{folder}/item_embeddings.npy", mmap_mode="r")
        text /= np.maximum(np.linalg.norm(text, axis=1, keepdims=True), 1e-12)
        text = torch.from_numpy(text)

    # D^-1/2 A D^-1/2 in CSR; entry e of A is entry back[e] of its transpose, which has the same pattern.
    source = np.concatenate([row, col + users])
    target = np.concatenate([col + users, row])
    order = np.lexsort((target, source))
    source, target = source[order], target[order]
    degree = np.bincount(source, minlength=nodes)
    scale = 1 / np.sqrt(np.maximum(degree, 1))
    values = torch.from_numpy((scale[source] * scale[target]).astype(np.float32))
    starts = torch.from_numpy(np.concatenate([[0], np.cumsum(degree)]))
    columns = torch.from_numpy(target)
    back = torch.from_numpy(np.lexsort((source, target)))
    pattern = torch.from_numpy(np.stack([source, target]))

    class Propagate(torch.autograd.Function):
        @staticmethod
        def forward(context, x, forward_values, backward_values):
            context.graph = csr(backward_values)
            return chain(csr(forward_values), x)

        @staticmethod
        def backward(context, gradient):
            return chain(context.graph, gradient), None, None

    def csr(v):
        return torch.sparse_csr_tensor(starts, columns, v, (nodes, nodes), check_invariants=False)

    def chain(graph, x):
        total, layer = x.clone(), x
        for _ in range(LAYERS):
            layer = graph @ layer
            total += layer
        return total

    def propagate(x):
        if case == "darec-plain":
            keep = torch.rand(len(values)) < KEEP
            graph = torch.sparse_coo_tensor(pattern[:, keep], values[keep], (nodes, nodes))
            layers = [x]
            for _ in range(LAYERS):
                layers.append(torch.sparse.mm(graph, layers[-1]))
            return torch.stack(layers).sum(0)
        kept = values * (torch.rand(len(values)) < KEEP)
        return Propagate.apply(x, kept, kept[back])

    class InfoNCE(torch.autograd.Function):
        """Sum over rows of log sum_j exp(a_i c_j / t): the only part that needs the n x m matrix."""

        @staticmethod
        def forward(context, a, c, temperature):
            p = (a @ c.T).mul_(1 / temperature)
            largest = p.amax(1, keepdim=True)
            p.sub_(largest).exp_()
            total = p.sum(1, keepdim=True)
            p.div_(total)
            context.temperature = temperature
            context.save_for_backward(p, a, c)
            return (largest + total.log()).sum()

        @staticmethod
        def backward(context, g):
            p, a, c = context.saved_tensors
            g = g / context.temperature
            return (p @ c) * g, (p.T @ a) * g, None

    class Uniformity(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            p = (x @ x.T).mul_(4).sub_(4).exp_()
            p.fill_diagonal_(0)
            total = p.sum()
            context.save_for_backward(p, x, total)
            return (total / (len(x) * (len(x) - 1))).log()

        @staticmethod
        def backward(context, g):
            p, x, total = context.saved_tensors
            return (p @ x) * (8 * g / total)

    def perceptron(i, o):
        return nn.Sequential(nn.Linear(i, (i + o) // 2), nn.LeakyReLU(0.01), nn.Linear((i + o) // 2, o))

    table = nn.Parameter(torch.empty(nodes, WIDTH))
    nn.init.xavier_uniform_(table)
    modules = nn.ModuleList()
    unit = lambda x: F.normalize(x, dim=1)  # noqa: E731

    if case == "rlmrec-con":
        project = perceptron(text.shape[1], WIDTH)
        modules.append(project)

        def extra(final, u, i, j):
            ri = torch.unique(torch.cat([i, j]))
            z = unit(project(torch.cat([text[:users], text[ri + users]])))
            zu, place = z[:users], torch.zeros(items, dtype=torch.long)
            place[ri] = torch.arange(len(ri)) + users
            e = unit(final)
            loss = InfoNCE.apply(e[u], zu, 0.2) - (e[u] * zu[u]).sum() / 0.2
            for one in (i, j):
                zi = z[place[one]]
                loss = loss + InfoNCE.apply(e[one + users], zi, 0.2) - (e[one + users] * zi).sum() / 0.2
            return 0.01 * loss / len(u)

    if case == "rlmrec-gen":
        project = perceptron(WIDTH, text.shape[1])
        token = nn.Parameter(torch.zeros(1, WIDTH))
        modules.append(project)
        masked = max(1, int(0.1 * nodes))

    if case == "darec-plain":
        parts = nn.ModuleList([perceptron(w, WIDTH) for w in (WIDTH, WIDTH, text.shape[1], text.shape[1])])
        modules.append(parts)

        def labels(x):
            with torch.no_grad():
                x = unit(x)
                c = x[torch.randperm(len(x))[:8]]
                for _ in range(10):
                    label = torch.cdist(x, c).argmin(1)
                    c = torch.stack([unit(x[label == k].sum(0, keepdim=True))[0] for k in range(8)])
            return label

        def extra(final, u, i, j):
            rows = torch.randperm(nodes)[:4096]
            cs, cg, ls, lg = (f(x)[rows] for f, x in zip(parts, (final, final, text, text)))
            orthogonal = sum((unit(p) * unit(q)).sum(1).square().mean() for p, q in ((cs, cg), (ls, lg)))
            uniform = sum(torch.pdist(unit(v)).square().mul(-2).exp().mean().log() for v in (cs, ls))
            x, y = unit(cg), unit(lg)
            same = (x @ x.T - y @ y.T).square().mean()
            a, c = labels(cg), labels(lg)
            p, q = (unit(torch.stack([v[l == k].sum(0) for k in range(8)])) for v, l in ((x, a), (y, c)))
            local = (p @ q[(p @ q.T).argmax(1)].T - torch.eye(8)).square().mean()
            return 0.001 * (orthogonal + uniform) + 0.01 * (same + local)

    elif case.startswith("darec"):
        width = text.shape[1]
        hidden = (width + WIDTH) // 2
        first = nn.Linear(width, 2 * hidden)
        second = nn.ModuleList([nn.Linear(hidden, WIDTH), nn.Linear(hidden, WIDTH)])
        behaviour = nn.ModuleList([perceptron(WIDTH, WIDTH), perceptron(WIDTH, WIDTH)])
        modules.extend([first, second, behaviour])
        centres = [None, None]

        def lloyd(x, side):
            with torch.no_grad():
                x = unit(x)
                c = centres[side] if centres[side] is not None else x[torch.randperm(len(x))[:8]]
                for _ in range(10):
                    label = (x @ c.T).argmax(1)
                    sums = torch.zeros_like(c).index_add_(0, label, x)
                    c = unit(sums)
                centres[side] = c
            return label

        def extra(final, u, i, j):
            rows = torch.randperm(nodes)[:4096]
            h = F.leaky_relu(first(text[rows]), 0.01)
            ls, lg = second[0](h[:, :hidden]), second[1](h[:, hidden:])
            b = final[rows]
            cs, cg = behaviour[0](b), behaviour[1](b)
            orthogonal = sum((unit(p) * unit(q)).sum(1).square().mean() for p, q in ((cs, cg), (ls, lg)))
            uniform = Uniformity.apply(unit(cs)) + Uniformity.apply(unit(ls))
            x, y = unit(cg), unit(lg)
            n2 = len(rows) ** 2
            same = ((x.T @ x).square().sum() + (y.T @ y).square().sum() - 2 * (x.T @ y).square().sum()) / n2
            a, c = lloyd(cg, 0), lloyd(lg, 1)

            def means(v, label):
                counts = torch.bincount(label, minlength=8).clamp(min=1).unsqueeze(1)
                return unit(torch.zeros(8, WIDTH).index_add(0, label, v) / counts)

            p, q = means(x, a), means(y, c)
            match = (p @ q.T).argmax(1)
            local = ((p @ q[match].T) - torch.eye(8)).square().mean()
            return 0.001 * (orthogonal + uniform) + 0.01 * (same + local)

    parameters = [table] + list(modules.parameters()) + ([token] if case == "rlmrec-gen" else [])
    optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=case != "darec-plain")
    keys = np.sort(row * items + col)
    all_steps = -(-len(row) // BATCH)
    seconds = []
    for _ in range(3 if steps == 0 else 1):
        start = time.perf_counter()
        negative = rng.integers(0, items, len(row))
        for _ in range(100):
            key = row * items + negative
            bad = keys[np.minimum(np.searchsorted(keys, key), len(keys) - 1)] == key
            if not bad.any():
                break
            negative[bad] = rng.integers(0, items, bad.sum())
        order = rng.permutation(len(row))
        done = 0
        for at in range(0, len(row), BATCH):
            chosen = order[at : at + BATCH]
            u, i, j = (torch.from_numpy(v[chosen]) for v in (row, col, negative))
            optimizer.zero_grad(set_to_none=True)
            if case == "rlmrec-gen":
                mask = torch.randperm(nodes)[:masked]
                final = propagate(table.index_put((mask,), token.expand(masked, -1)))
            else:
                final = propagate(table)
            fu, fi, fj = final[u], final[i + users], final[j + users]
            loss = F.softplus((fu * fj).sum(1) - (fu * fi).sum(1)).mean()
            if case == "rlmrec-gen":
                x, y = unit(project(final[mask])), unit(text[mask])
                loss = loss + 0.1 * F.cross_entropy(x @ y.T / 0.2, torch.arange(masked))
            elif case != "lightgcn":
                loss = loss + extra(final, u, i, j)
            loss = loss + 1e-6 * sum(v.square().sum() for v in parameters)
            loss.backward()
            optimizer.step()
            loss.item()
            done += 1
            if steps and done == steps:
                break
        seconds.append((time.perf_counter() - start) * all_steps / done)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": statistics.median(seconds), "mib": peak, "torch": torch.__version__}))


# ---------------------------------------------------------------- taking turns
def planted(darec, folder, options):
    if os.path.exists(f"{folder}/shape.json"):
        return
    words = ["--users", options.users, "--items", options.items, "--interactions", options.interactions,
             "--text-dimension", options.text]
    subprocess.run([darec, "sample", folder, "--full-precision", "--force", *map(str, words)],
                   check=True, stdout=subprocess.DEVNULL)
    with open(f"{folder}/shape.json", "w") as file:
        json.dump({"users": options.users, "items": options.items, "text": options.text}, file)


def ours(darec, folder, case, threads):
    alignment, epochs, _ = CASES[case]
    words = [darec, "train", "--data", folder, "--model", "lightgcn", "--align", alignment, "--out", f"{folder}/model",
             "--threads", str(threads), "--epochs", str(epochs), "--evaluate-every", "1000000", "--quiet"]
    if alignment == "darec":
        words += ["--score", "final"]
    if case == "darec-rank-256":
        words += ["--text-rank", "256"]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"darec failed: {' '.join(words)}")
    lines = [json.loads(line) for line in open(f"{folder}/model/train.jsonl")]
    seconds = [line["seconds"] for line in lines if line["type"] == "epoch"]
    return {"seconds": statistics.median(seconds), "mib": usage.ru_maxrss / 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--darec", default=".build/release/darec")
    parser.add_argument("--work", default=".build/training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--users", type=int, default=11000)
    parser.add_argument("--items", type=int, default=9332)
    parser.add_argument("--interactions", type=int, default=120464)
    parser.add_argument("--text", type=int, default=1536)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        return peer(options.work, options.peer, CASES[options.peer][2], options.threads)
    planted(options.darec, options.work, options)
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads), MKL_NUM_THREADS=str(options.threads))
    print(f"{options.threads} thread(s), medians of {options.rounds} alternating runs")
    print(f"{'case':16} {'darec s':>9} {'torch s':>9} {'ratio':>6} {'range':>13} {'fastest':>8} {'darec MiB':>10} "
          f"{'torch MiB':>10}")
    for case in options.cases.split(","):
        mine, theirs = [], []
        for _ in range(options.rounds):
            mine.append(ours(options.darec, options.work, case, options.threads))
            words = [sys.executable, __file__, "--peer", case, "--work", options.work, "--threads",
                     str(options.threads)]
            theirs.append(json.loads(subprocess.run(words, check=True, capture_output=True, env=environment).stdout))
        ratios = [b["seconds"] / a["seconds"] for a, b in zip(mine, theirs)]
        a, b = (statistics.median(v["seconds"] for v in side) for side in (mine, theirs))
        # Of the fastest run of each: what a neighbour on the machine disturbs least.
        fastest = min(v["seconds"] for v in theirs) / min(v["seconds"] for v in mine)
        print(f"{case:16} {a:9.3f} {b:9.3f} {b / a:6.2f} {min(ratios):5.2f} to {max(ratios):4.2f} {fastest:8.2f} "
              f"{max(v['mib'] for v in mine):10.0f} {max(v['mib'] for v in theirs):10.0f}", flush=True)


main()
