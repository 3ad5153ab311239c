"""Whether simulated emergencies are warned of, and their benign mimics are not.

    .venv/bin/python -m benchmarks.emergencies --seeds 30
    .venv/bin/python -m benchmarks.emergencies --seeds 5 --cases vt torsades

Every case, clean and at a signal-to-noise ratio of 15 dB, by measurement alone.  "Any" counts
records with an urgent statement, "right" those with each of the case's own (a kind of it counts);
seeds begin at 1000, where no limit was chosen.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from ecgcore.interpret import interpret
from ecgcore.simulate import CASES, simulate
from ecgcore.statements import statement
from ecgcore.study import Study

FIRST_SEED = 1000
LONGEST_S = 120.0
NOISES: tuple[tuple[str, str | float], ...] = (("clean", "none"), ("15 dB", 15.0))
# A rate beyond the limits is warned of in any rhythm.
RATES = ("3424008", "426627000", "AHA42")
# One emergency under several names.
ALIKE = (
    {"57054005", "AHA173", "AHA174", "PMI", "DEWINTER"},
    {"164895002", "AHA71", "AHA72", "AHA73", "AHA76", "111288001", "164896001"},
    {"3AVB", "AHA87", "426183003", "AHA85", "50799005"},
    {"397829000", "5609005", "AHA87"},
)


@dataclass(frozen=True)
class Outcome:
    """One record: what its truth asks for, and the urgent statements that were made."""

    case: str
    noise: str
    wanted: tuple[str, ...]
    said: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether each emergency of the case was named."""
        return all(any(_answers(code, said) for said in self.said) for code in self.wanted)


def _answers(wanted: str, said: str) -> bool:
    kind = statement(said).kind_of
    return wanted in (said, kind) or any({wanted, said} <= alike for alike in ALIKE)


def warn(task: tuple[str, str, str | float, int]) -> Outcome:
    case, title, noise, seed = task
    made = simulate(case, seed=seed, noise=noise, vary=1.0)
    found = interpret(Study(made.recording))
    return Outcome(case, title, made.truth.urgent, tuple(call.code for call in found.urgent))


def as_text(outcomes: Sequence[Outcome]) -> str:
    lines = [
        "| case | asked for | " + " | ".join(f"{t}: any | right" for t, _ in NOISES) + " | said |",
        "| --- | --- |" + " --- | --- |" * len(NOISES) + " --- |",
    ]
    for case in dict.fromkeys(o.case for o in outcomes):
        mine = [o for o in outcomes if o.case == case]
        wanted = sorted({code for o in mine for code in o.wanted})
        cells = []
        for title, _ in NOISES:
            part = [o for o in mine if o.noise == title]
            cells.append(f"{sum(bool(o.said) for o in part)} of {len(part)}")
            asked = [o for o in part if o.wanted]
            cells.append(f"{sum(o.is_right for o in asked)} of {len(asked)}" if asked else "")
        said = Counter(code for o in mine for code in set(o.said))
        words = ", ".join(f"{statement(code).short} {n}" for code, n in said.most_common(4))
        lines.append(f"| {case} | {', '.join(wanted)} | {' | '.join(cells)} | {words} |")
    for title, _ in NOISES:
        part = [o for o in outcomes if o.noise == title]
        asked, benign = [o for o in part if o.wanted], [o for o in part if not o.wanted]
        lines.append(
            f"\n{title}: warned of {sum(bool(o.said) for o in asked)} of {len(asked)} emergencies, "
            f"rightly of {sum(o.is_right for o in asked)}; "
            f"of {sum(bool(o.said) for o in benign)} of {len(benign)} others."
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--cases", nargs="+", default=None)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    names = args.cases or [n for n, spec in CASES.items() if spec.duration_s <= LONGEST_S]
    tasks = [
        (name, title, noise, args.first + seed)
        for name in names
        for title, noise in NOISES
        for seed in range(args.seeds)
    ]
    with ProcessPoolExecutor(args.jobs) as pool:
        outcomes = list(pool.map(warn, tasks, chunksize=8))
    sys.stdout.write(as_text(outcomes))


if __name__ == "__main__":
    main()
