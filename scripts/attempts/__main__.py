"""Play every attack against a tree, and print what held.

    .venv/bin/python -m scripts.attempts                       # this tree
    .venv/bin/python -m scripts.attempts --app-root FOLDER --json before.json
    .venv/bin/python -m scripts.attempts --only zip headers    # those whose name has a word
    .venv/bin/python -m scripts.attempts --document before.json after.json

The app is started as `make run` does, with a home and a temporary folder of its own, and is asked
on this machine alone. Two attempts upload a gigabyte and wait for minutes: `--quick` leaves them
out. Exit status 1 where one failed.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.attempts import files, pages, server, tree
from scripts.attempts.app import App, CannotTryError
from scripts.attempts.table import ATTEMPTS, FAILED, NOT_TRIED, Attempt, Outcome, tried
from scripts.pins import ROOT

DOCUMENT = ROOT / "docs" / "security.md"
_BEGIN, _END = "<!-- attempts -->", "<!-- end of attempts -->"
_ALONE = (tree.GROUP, files.GROUP, server.STARTS)
_SERVED = (server.RUNNING, pages.GROUP, pages.HEAVY)
Found = dict[str, Outcome]


def play(root: Path, chosen: Sequence[Attempt]) -> Iterator[tuple[Attempt, Outcome]]:
    """Play attempts against the tree at ``root``; each group against one server."""
    for group in (*_ALONE, *_SERVED):
        mine = [one for one in chosen if one.group == group]
        if group in _ALONE:
            for one in mine:
                yield one, tried(one, root)
        elif mine:
            yield from _served(root, mine)


def _served(root: Path, chosen: Sequence[Attempt]) -> Iterator[tuple[Attempt, Outcome]]:
    with tempfile.TemporaryDirectory() as name:
        app = App(root, Path(name))
        try:
            app.start()
        except CannotTryError as reason:
            yield from ((one, Outcome(NOT_TRIED, str(reason))) for one in chosen)
            return
        try:
            for one in chosen:
                yield one, tried(one, app)
        finally:
            app.stop()


def row(*cells: str) -> str:
    """Return one line of a Markdown table."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def written(found: Found) -> str:
    """Return outcomes as JSON."""
    told = {name: [one.verdict, one.seen] for name, one in found.items()}
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def read(path: Path) -> Found:
    """Return the outcomes that :func:`written` wrote."""
    return {name: Outcome(*one) for name, one in json.loads(path.read_text("utf-8")).items()}


def document(before: Found, after: Found) -> str:
    """Return the table of attempts before and after."""
    lines = [row("Attack", "How it is tried", "Before", "After", "Proven by"), row(*["---"] * 5)]
    none = Outcome(NOT_TRIED, "")
    for one in ATTEMPTS:
        told = [found.get(one.name, none) for found in (before, after)]
        cells = [f"{o.verdict}: {o.seen}" if o.verdict == FAILED else o.verdict for o in told]
        proof = "none" if told[1].verdict == FAILED else f"`{one.test}`"
        lines.append(row(one.name, one.how, *cells, proof))
    return "\n".join(lines)


def put_into(text: str, table: str) -> str:
    """Return the page with this table between its marks."""
    head, _, rest = text.partition(_BEGIN)
    return f"{head}{_BEGIN}\n\n{table}\n\n{_END}{rest.partition(_END)[2]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--app-root", type=Path, default=ROOT)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--quick", action="store_true", help="without the heavy ones")
    parser.add_argument("--json", type=Path, help="keep the outcomes here")
    parser.add_argument("--document", type=Path, nargs=2, metavar=("BEFORE", "AFTER"))
    given = parser.parse_args(arguments)
    if given.document:
        table = document(*map(read, given.document))
        DOCUMENT.write_text(put_into(DOCUMENT.read_text("utf-8"), table), encoding="utf-8")
        return 0
    chosen = [
        one
        for one in ATTEMPTS
        if (not given.quick or one.group != pages.HEAVY)
        and (not given.only or any(word.lower() in one.name.lower() for word in given.only))
    ]
    print(row("Attack", "How it is tried", "Outcome", "Seen"), row(*["---"] * 4), sep="\n")
    found: Found = {}
    for one, outcome in play(given.app_root.resolve(), chosen):
        found[one.name] = outcome
        print(row(one.name, one.how, outcome.verdict, outcome.seen), flush=True)
        if given.json:
            given.json.write_text(written(found), encoding="utf-8")
    return int(any(outcome.verdict == FAILED for outcome in found.values()))


if __name__ == "__main__":
    sys.exit(main())
