"""How fast records are simulated: prints a table.

    .venv/bin/python -m benchmarks.simulate [--records 2000] [--processes 2]

Each process makes its share of one seed's records (12 leads x 10 s at 100 Hz, the realistic mix,
with targets, waves and beats), as data loaders would.
"""

import argparse
import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor

from ecgcore.simulate import make_batch, simulate

SEED = 7
CHUNK = 250


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    chunks = [(first, min(CHUNK, args.records - first)) for first in range(0, args.records, CHUNK)]
    start = time.perf_counter()
    with ProcessPoolExecutor(args.processes) as pool:
        cpu_s = sum(pool.map(one, chunks))
    wall_s = time.perf_counter() - start
    each_ms = 1e3 * cpu_s / args.records
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    rows = [
        (f"{args.records} records, {args.processes} processes, wall", f"{wall_s:.1f} s"),
        ("CPU time a record", f"{each_ms:.2f} ms"),
        ("10,000 records at this pace, wall", f"{wall_s * 10_000 / args.records:.0f} s"),
        ("10,000 records on two idle cores (CPU time / 2)", f"{each_ms * 10 / 2:.0f} s"),
        ("peak memory of a process", f"{peak_mib:.0f} MiB"),
        ("masks of three codes too, CPU time a record", f"{with_masks():.2f} ms"),
        ("simulate('lbbb') at 500 Hz with its truth", f"{single():.1f} ms"),
    ]
    for name, value in rows:
        print(f"{name:52}{value:>12}")


def one(chunk: tuple[int, int]) -> float:
    first, n = chunk
    start = time.process_time()
    made = make_batch(n, seed=SEED, first=first)
    if made.signal.shape != (n, 12, 1000):
        raise RuntimeError(f"a batch has the shape {made.signal.shape}")
    return time.process_time() - start


def with_masks(n: int = 200) -> float:
    start = time.process_time()
    make_batch(n, seed=SEED, mask_codes=("LBBB", "STE", "PVC"))
    return 1e3 * (time.process_time() - start) / n


def single(n: int = 30) -> float:
    start = time.process_time()
    for seed in range(n):
        simulate("lbbb", seed=seed)
    return 1e3 * (time.process_time() - start) / n


if __name__ == "__main__":
    main()
