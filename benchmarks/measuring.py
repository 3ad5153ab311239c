"""CPU time of ``measure`` by part, beside another checkout: prints a table.

    .venv/bin/python -m benchmarks.measuring
    .venv/bin/python -m benchmarks.measuring --tree ../before    # and the ratio

Simulated 12-lead records of 10 s at 500 Hz, one thread.  Time is the processor's, the least of
several runs, so that work beside it counts little.  A part's time is without that of the parts it
calls: beats that signal quality asks for count as beats.
"""

import argparse
import functools
import importlib
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

CASES = ("normal", "atrial-fibrillation", "lbbb", "rbbb", "pvc", "pac", "inferior-stemi")
SEEDS = (1, 2, 3)
# Each part's functions, of this tree and of older ones: module, names.
PARTS = {
    "quality": {"signal.quality": ("grade",)},
    "beats": {"signal.beats": ("make_traces", "find_beats")},
    "rhythm alarms": {"measure.alarms": ("find_organised", "find_standstill", "pause_alarms")},
    "delineator": {"inference.delineate": ("delineate",)},
    "check": {"measure.measuring": ("_checked", "_check")},
    "beat types": {"measure.beat_types": ("beat_types", "classify_beats")},
    "median beat": {"measure.median_beat": ("median_beat", "amplitudes")},
}
REST = "rest"


class Clock:
    """Processor time by part, each without the parts it calls."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._open = [REST]
        self._since = time.process_time()

    def turn(self) -> None:
        """Add the time since the last turn to the part that is under way."""
        now = time.process_time()
        self.spent[self._open[-1]] += now - self._since
        self._since = now

    def timed(self, part: str, function: Callable[..., object]) -> Callable[..., object]:
        """Return a function that counts for a part."""

        @functools.wraps(function)
        def run(*args: object, **rest: object) -> object:
            self.turn()
            self._open.append(part)
            try:
                return function(*args, **rest)
            finally:
                self.turn()
                self._open.pop()

        return run


def wrap_parts(clock: Clock) -> None:
    """Put the clock around every part, wherever it was imported to."""
    for part, places in PARTS.items():
        for module, names in places.items():
            home = importlib.import_module(f"ecgcore.{module}")
            for function in (getattr(home, n) for n in names if hasattr(home, n)):
                timed = clock.timed(part, function)
                for holder, name in _holders(function):
                    setattr(holder, name, timed)


def _holders(function: object) -> Iterator[tuple[object, str]]:
    for module in [m for n, m in sys.modules.items() if n.startswith("ecgcore")]:
        yield from ((module, n) for n, held in list(vars(module).items()) if held is function)


def milliseconds(runs: int) -> dict[str, float]:
    """Return processor milliseconds a record by part, the least of several runs, and in all."""
    importlib.import_module("torch").set_num_threads(1)
    measuring = importlib.import_module("ecgcore.measure.measuring")
    simulate = importlib.import_module("ecgcore.simulate").simulate
    records = [simulate(case, seed=seed).recording for case in CASES for seed in SEEDS]
    for record in records:
        measuring.measure(record)
    clock = Clock()
    wrap_parts(clock)
    best: dict[str, float] = {}
    for _ in range(runs):
        clock.turn()
        clock.spent.clear()
        for record in records:
            measuring.measure(record)
        clock.turn()
        found = clock.spent | {"in all": sum(clock.spent.values())}
        for part, spent in found.items():
            best[part] = min(best.get(part, 1e9), 1e3 * spent / len(records))
    return best


def milliseconds_of(tree: Path, runs: int) -> dict[str, float]:
    """Return the same of another checkout, in a process of its own."""
    told = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), "--json", "--runs", str(runs)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(told.stdout)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, help="another checkout, for the ratio")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="this tree's figures alone")
    args = parser.parse_args()
    if args.json:
        json.dump(milliseconds(args.runs), sys.stdout)
        return
    here = milliseconds_of(Path(__file__).resolve().parents[1], args.runs)
    other = milliseconds_of(args.tree.resolve(), args.runs) if args.tree else {}
    for part in (*PARTS, REST, "in all"):
        line = f"{part:14s} {here.get(part, 0.0):6.1f} ms"
        if other:
            line += f"   other {other[part]:6.1f} ms   {here.get(part, 0.0) / other[part]:.2f}"
        print(line)


if __name__ == "__main__":
    main()
