"""Mutation testing: whether a test fails when the code is wrong.

Of every module in mutants.toml a fixed number of small changes is drawn by a seed, made with
cosmic-ray's operators, and the module's tests are run against each.  A change that no test notices
has survived.  The named changes are tried every time; the excused ones change nothing that can be
observed.  The changed source is compiled in a forked process: no file is ever written.

    python scripts/mutants.py [MODULE …] [--out FILE]
"""

import argparse
import ast
import contextlib
import importlib
import importlib.machinery
import os
import random
import resource
import signal
import sys
import time
import tomllib
import traceback
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONFIG = Path(__file__).with_suffix(".toml")
# Loaded once, before the processes that each run one mutant.
HEAVY = (
    *("numpy", "scipy.signal", "scipy.stats", "scipy.optimize", "scipy.ndimage", "pandas"),
    *("torch", "torch.optim.swa_utils", "sklearn.linear_model", "sklearn.isotonic"),
    *("safetensors.torch", "lightgbm", "pytest", "hypothesis.extra.numpy", "anyio.pytest_plugin"),
    *("xdist.plugin", "pytest_timeout", "pygments.lexers.python", "xml.etree.ElementTree"),
)
# Of processor time, beside what the tests take on unchanged code: what loops for ever ends here.
CPU_FACTOR, CPU_SPARE_S = 4, 20
PASSED, FAILED = 0, 1


@dataclass(frozen=True)
class Mutant:
    """One change: where, what stood there, what stands there now, and the whole changed source."""

    path: str
    line: int
    before: str
    after: str
    source: str

    @property
    def words(self) -> str:
        """Where it is, what stood there and what stands there now."""
        return f"{self.path}:{self.line}\n    - {self.before}\n    + {self.after}"


@dataclass
class Tally:
    """What became of one module's mutants."""

    path: str
    killed: int = 0
    excused: int = 0
    survived: list[Mutant] = field(default_factory=list)

    @property
    def drawn(self) -> int:
        """How many were tried or excused."""
        return self.killed + self.excused + len(self.survived)


# ---- what can be changed -------------------------------------------------------------------


def made(path: str, source: str, changed: str) -> Mutant:
    """Name the first line in which two sources differ."""
    old, new = source.splitlines(), changed.splitlines()
    at = next(i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    return Mutant(path, at + 1, " ".join(old[at].split()), " ".join(new[at].split()), changed)


def words_and_types(source: str) -> list[tuple[int, int, int, int]]:
    """Return the spans of annotations, decorators, texts, and of what an error is raised with."""
    found: list[ast.AST] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation:
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found += node.decorator_list
            found += [node.returns] if isinstance(node, ast.FunctionDef) and node.returns else []
        elif isinstance(node, ast.Raise | ast.JoinedStr):
            found.append(node)
    spans: list[Any] = [(n.lineno, n.col_offset, n.end_lineno, n.end_col_offset) for n in found]
    return spans


def candidates(path: str, operators: Sequence[str]) -> list[Mutant]:
    """Return every change that the operators can make to a module."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    source = (ROOT / path).read_text(encoding="utf-8")
    spans, tree, found = words_and_types(source), get_ast(source), {}
    lines = source.splitlines()
    for name in operators:
        operator = get_operator(f"core/{name}")()
        positions = [at for node in ast_nodes(tree) for at in operator.mutation_positions(node)]
        for occurrence, ((line, column), _) in enumerate(positions):
            if any((a, b) <= (line, column) < (c, d) for a, b, c, d in spans):
                continue
            if lines[line - 1][column:].startswith("*,"):
                # No product: what follows is given by name.
                continue
            changed = mutate_code(source, operator, occurrence)
            if changed is not None and compiles(changed, source):
                found[changed] = made(path, source, changed)
    return sorted(found.values(), key=lambda m: (m.line, m.after))


def compiles(changed: str, source: str) -> bool:
    """Whether it is another program, and a program."""
    try:
        return ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


def draw(config: dict[str, Any], path: str) -> list[Mutant]:
    """Draw a module's mutants: another module's changes do not touch the draw."""
    every = candidates(path, config["operators"])
    rng = random.Random(f"{config['seed']} {zlib.crc32(path.encode())}")  # noqa: S311
    return rng.sample(every, min(len(every), config["per_module"]))


def named(entry: dict[str, Any]) -> Mutant:
    """Return a change that is always tried."""
    path, source = entry["path"], (ROOT / entry["path"]).read_text(encoding="utf-8")
    if source.count(entry["before"]) != 1:
        raise SystemExit(f"{path} holds {source.count(entry['before'])} times: {entry['before']}")
    return made(path, source, source.replace(entry["before"], entry["after"]))


# ---- one mutant ----------------------------------------------------------------------------


class Changed(importlib.machinery.SourceFileLoader):
    """Load one module from a text instead of its file."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self.source = source

    def get_code(self, _name: str) -> Any:
        """Compile the text that was given."""
        return compile(self.source, self.path, "exec", dont_inherit=True)


def exchange(mutant: Mutant) -> None:
    """Let the mutant be imported in place of its module."""
    name = mutant.path.removesuffix(".py").replace("/", ".")
    path = str(ROOT / mutant.path)

    class Finder:
        @staticmethod
        def find_spec(fullname: str, _path: object = None, _target: object = None) -> Any:
            if fullname != name:
                return None
            loader = Changed(name, path, mutant.source)
            return importlib.machinery.ModuleSpec(name, loader, origin=path)

    sys.meta_path.insert(0, Finder)  # type: ignore[arg-type]


def run_tests(tests: Sequence[str], mutant: Mutant | None, cpu_s: float) -> tuple[int, float]:
    """Run the tests in a process of their own; return its status and processor time (s)."""
    process = os.fork()
    if process == 0:
        try:
            os.setsid()
            if cpu_s:
                limit = max(1, round(cpu_s))
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
            if mutant is not None:
                # Without a change they pass, or say why not.
                quiet = os.open(os.devnull, os.O_WRONLY)
                os.dup2(quiet, 1)
                os.dup2(quiet, 2)
                exchange(mutant)
            import pytest

            options = ["-x", "-q", "-p", "no:cacheprovider"]
            # What is loaded once for all keeps its plain assertions.
            options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
            status = int(pytest.main([*options, *tests]))
            sys.stdout.flush()
            os._exit(status)
        except Exception:  # noqa: BLE001 (a process of its own has nobody else to tell)
            traceback.print_exc()
        finally:
            os._exit(FAILED)
    _, status, used = os.wait4(process, 0)
    # What the tests started ends with them.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime


def tallies(config: dict[str, Any], wanted: Sequence[str]) -> Iterator[Tally]:
    """Try every module's mutants."""
    excuses = {(e["path"], e["before"], e["after"]) for e in config.get("excused", [])}
    for module in config["module"]:
        path, tests = module["path"], module["tests"]
        if wanted and path not in wanted:
            continue
        status, usual_s = run_tests(tests, None, 0)
        if status != PASSED:
            raise SystemExit(f"The tests of {path} fail without any change (status {status}).")
        tally = Tally(path)
        mutants = [] if module.get("named_only") else draw(config, path)
        mutants += [named(entry) for entry in config.get("named", []) if entry["path"] == path]
        for mutant in mutants:
            if (path, mutant.before, mutant.after) in excuses:
                tally.excused += 1
                continue
            status, _ = run_tests(tests, mutant, CPU_FACTOR * usual_s + CPU_SPARE_S)
            if status == PASSED:
                tally.survived.append(mutant)
                print(f"survived {mutant.words}", flush=True)
            else:
                tally.killed += 1
        print(
            f"{path}: {tally.killed} of {tally.drawn} killed, {tally.excused} excused "
            f"(tests: {usual_s:.0f} s)",
            flush=True,
        )
        yield tally


# ---- the table -----------------------------------------------------------------------------


def table(found: Sequence[Tally], seed: int) -> str:
    rows = [(t.path, t.drawn, t.killed, t.excused, len(t.survived)) for t in found]
    total = [sum(row[i] for row in rows) for i in range(1, 5)]
    lines = [
        "# Mutants",
        "",
        f"`make mutants`, seed {seed}: small changes of the code, and whether a test noticed.",
        "",
        "| module | drawn | killed | excused | survived |",
        "|---|---:|---:|---:|---:|",
        *(f"| `{row[0]}` | {row[1]} | {row[2]} | {row[3]} | {row[4]} |" for row in rows),
        f"| all | {total[0]} | {total[1]} | {total[2]} | {total[3]} |",
        "",
        f"Killed of those not excused: {share(found):.1%}.",
        "",
    ]
    survivors = [m for t in found for m in t.survived]
    if survivors:
        lines += [
            "Survived:",
            "",
            *(f"- `{m.path}`: `{m.before}` → `{m.after}`" for m in survivors),
        ]
        lines.append("")
    return "\n".join(lines)


def share(found: Sequence[Tally]) -> float:
    """Return the share killed of those that are not excused."""
    judged = sum(t.drawn - t.excused for t in found)
    return sum(t.killed for t in found) / max(judged, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutation testing.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="paths; default all")
    parser.add_argument("--out", type=Path, help="write the table here")
    parser.add_argument("--list", action="store_true", help="show what would be tried")
    given = parser.parse_args()
    config = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    os.chdir(ROOT)
    if given.list:
        for module in config["module"]:
            if not given.modules or module["path"] in given.modules:
                print(*(m.words for m in draw(config, module["path"])), sep="\n")
        return 0
    os.environ.update(OMP_NUM_THREADS="1", CI="1", ECG_REQUIRE_ALL="0")
    sys.path.insert(0, str(ROOT))
    for name in HEAVY:
        importlib.import_module(name)
    started, found = time.monotonic(), list(tallies(config, given.modules))
    print(f"{share(found):.1%} killed in {(time.monotonic() - started) / 60:.0f} min")
    if given.out:
        given.out.write_text(table(found, config["seed"]), encoding="utf-8")
    return 0 if share(found) >= config["goal"] else 1


if __name__ == "__main__":
    sys.exit(main())
