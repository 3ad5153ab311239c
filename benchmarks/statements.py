"""How often each measured statement agrees with the labels, beside the network: prints a table.

    .venv/bin/python -m benchmarks.statements               # train and val, while choosing
    .venv/bin/python -m benchmarks.statements --network     # beside the network's flags out of fold
    .venv/bin/python -m benchmarks.statements --test        # the last figure

Labels: PTB-XL, the challenge's cpsc_2018 and ptb-xl folders, LUDB, Brugada-HUCA.  A statement
counts where a data set has a word for it; "normal" are records labelled normal and nothing else.
The heart axis of PTB-XL is its own column, known of some records only.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from math import isnan, nan

from ecgcore.datasets import TEST, data_root, load_index, load_recording, log_test_access
from ecgcore.datasets.challenge2021 import CLASSES
from ecgcore.datasets.entry import Entry
from ecgcore.datasets.files import comment_value, header_comments, read_rows
from ecgcore.datasets.ptbxl import read_codes
from ecgcore.inference import load_model
from ecgcore.interpret.consistency import make_consistent
from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules import RULES
from ecgcore.results.interpreted import Call
from ecgcore.statements import CORE_CODES, FURTHER_CODES, statement, statements
from ecgcore.study import Study

LEFT_AXIS, RIGHT_AXIS = "39732003", "47665007"
# Its LAD and RAD are the horizontal and the vertical type, within the limits or not.
AXES = {"ALAD": LEFT_AXIS, "ARAD": RIGHT_AXIS}
# Beginning of LUDB's remarks (lower case) -> project code; its LVH and axis follow other criteria.
REMARKS = {
    "incomplete left bundle": "ILBBB",
    "iii degree": "3AVB",
    "non-specific intrav": "IVCD",
    "right ventricular hyp": "RVH",
    "left atrial": "LAO/LAE",
    "right atrial": "RAO/RAE",
}
SHOWN = (
    "IAVB", "49578007", "LBBB", "RBBB", "ILBBB", "IRBBB", "LAFB", "LPFB", "IVCD", "WPW", "LVH",
    "VCLVH", "RVH", "LAO/LAE", "RAO/RAE", LEFT_AXIS, RIGHT_AXIS, "LVOLT", "LNGQT", "LOWT",
    "418818005",
)  # fmt: skip


@cache
def _ptbxl() -> dict[tuple[str, str], dict[str, str]]:
    root = data_root()
    rows = read_rows(root / "ptbxl" / "ptbxl_database.csv", ("filename_hr", "scp_codes"))
    found = {("ptbxl", row["filename_hr"]): row for row in rows}
    more = read_rows(root / "ptbxl_extra" / "statements.csv", ("record", "scp_codes"))
    return found | {("ptbxl_extra", row["record"]): row for row in more}


@cache
def _by_system(system: str) -> dict[str, str]:
    return {other: code for code in statements() for other in getattr(statement(code), system)}


def labelled(entry: Entry) -> set[str]:
    """Return the project codes that a record is labelled with."""
    if entry.dataset.startswith("ptbxl"):
        row = _ptbxl()[entry.dataset, entry.record]
        given = row["scp_codes"]
        codes = read_codes(given, entry.record) if given.startswith("{") else given.split(";")
        axis = AXES.get(row.get("heart_axis", ""))
        return {_by_system("scp")[c] for c in codes if c in _by_system("scp")} | (
            {axis} if axis else set()
        )
    comments = header_comments(entry.path)
    if entry.dataset == "ludb":
        lines = [line.lower() for line in comments]
        return {code for line in lines for start, code in REMARKS.items() if line.startswith(start)}
    if entry.dataset == "challenge2021":
        words = [word.strip() for word in comment_value(comments, "Dx").split(",")]
        return {CLASSES.get(word) or _by_system("snomed").get(word, word) for word in words}
    return set()


def truth(entry: Entry, code: str, present: set[str]) -> float:
    """Return 1 where a record is labelled with a statement, 0 where not, NaN where unknown."""
    for codes, targets in ((CORE_CODES, entry.targets), (FURTHER_CODES, entry.further)):
        if code in codes:
            return targets[codes.index(code)]
    if code in present:
        return 1.0
    source = entry.record.split("/")[0] if entry.dataset == "challenge2021" else entry.dataset
    if code in (LEFT_AXIS, RIGHT_AXIS):
        row = _ptbxl().get((entry.dataset, entry.record), {})
        return 0.0 if row.get("heart_axis") in ("MID", *AXES) else nan
    if source.startswith("ptb"):
        return 0.0 if statement(code).scp else nan
    return 0.0 if source == "ludb" and code in REMARKS.values() else nan


def interpret_all(entries: Iterable[Entry]) -> Iterator[tuple[Entry, set[str], bool]]:
    """Yield each record with what measurement states, and whether anything is urgent."""
    for entry in entries:
        facts = Facts(Study(load_recording(entry)))
        found = [each for rule in RULES for each in rule(facts) if isinstance(each, Call)]
        calls = make_consistent(found)
        yield entry, {call.code for call in calls}, any(call.urgent for call in calls)


def rate(part: int, whole: int) -> str:
    """Return a share with its counts."""
    return f"{part}/{whole}" + (f" ({part / whole:.2f})" if whole else "")


def table(rows: list[tuple[Entry, set[str], bool]], *, network: bool) -> dict[str, object]:
    """Return sensitivity, specificity and false calls on normal records, by statement."""
    labels = [labelled(entry) for entry, _, _ in rows]
    is_normal = [entry.targets[CORE_CODES.index("SNR")] == 1.0 for entry, _, _ in rows]
    card = load_model().card.out_of_fold.get("classes", {}) if network else {}
    out: dict[str, object] = {}
    for code in SHOWN:
        count: Counter[tuple[float, bool]] = Counter()
        for (entry, said, _), present in zip(rows, labels, strict=True):
            known = truth(entry, code, present)
            if not isnan(known):
                count[known, code in said] += 1
        positives = count[1.0, True] + count[1.0, False]
        negatives = count[0.0, True] + count[0.0, False]
        false = sum(code in said for (_, said, _), n in zip(rows, is_normal, strict=True) if n)
        line = {
            "term": statement(code).short,
            "sensitivity": rate(count[1.0, True], positives),
            "specificity": rate(count[0.0, False], negatives),
            "on normals": rate(false, sum(is_normal)),
        }
        if code in card:
            line["network"] = {
                key: card[code].get(key, {}).get("value")
                for key in ("sensitivity", "specificity", "ppv")
            }
        out[code] = line
    normals = [row for row, n in zip(rows, is_normal, strict=True) if n]
    calls = sum(not statement(code).normal for _, said, _ in normals for code in said)
    out["statements a normal record"] = round(calls / max(1, len(normals)), 3)
    out["urgent on normal records"] = rate(sum(urgent for _, _, urgent in normals), len(normals))
    return out


def main() -> None:
    """Print the table of the records with voltage, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--test", action="store_true", help="the test records, once")
    parser.add_argument("--network", action="store_true", help="the network's figures beside it")
    parser.add_argument("--without-voltage", action="store_true", help="records in NU instead")
    parser.add_argument("--every", type=int, default=1, help="only every so many records")
    args = parser.parse_args()
    if args.test:
        log_test_access(
            "benchmarks.statements --test",
            model="measured statements",
            measured="sensitivity, specificity and false calls by statement",
        )
    splits = (TEST,) if args.test else ("train", "val")
    entries = [
        entry
        for entry in load_index(data_root())
        if entry.split in splits and entry.has_voltage != args.without_voltage
    ]
    rows = list(interpret_all(entries[:: args.every]))
    json.dump(table(rows, network=args.network), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
