"""What lies in the tree itself: locks, bill of materials, licences, weights, and the package."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.attempts.app import CannotTryError
from scripts.attempts.table import Outcome, attempt

GROUP = "tree"
_SUPPLY = "tests/supply"
_THREADS = """
import threading
from ecgcore.inference import load_model, predict
from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case
case = make_demonstration_case(DEMONSTRATION_CASES[0].key).recording
model, found = load_model(), []
def work():
    found.append(tuple(f.probability for f in predict(model, case).findings))
threads = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
assert len(found) == 4
print(len(set(found)))
"""


@attempt(
    GROUP,
    "hashes",
    "every package that is installed has one in the tree",
    f"{_SUPPLY}/test_locks.py",
)
def _hashes(root: Path) -> Outcome:
    rules = (root / "Makefile").read_text()
    locked = sorted((root / "locks").glob("*.txt"))
    held = "--require-hashes" in rules and any("--hash=sha256:" in p.read_text() for p in locked)
    return Outcome.of(held, f"{len(locked)} locks" if held else "versions only")


@attempt(
    GROUP,
    "bill of materials",
    "made and checked against CycloneDX's schema",
    f"{_SUPPLY}/test_sbom.py",
)
def _bill(root: Path) -> Outcome:
    if not (root / "scripts" / "sbom.py").exists():
        return Outcome.of(False, "none")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "sbom.json"
        made = _run(root, "-m", "scripts.sbom", "--out", str(out))
        count = len(json.loads(out.read_text())["components"]) if out.exists() else 0
    return Outcome.of(made.returncode == 0 and count, f"{count} components")


@attempt(GROUP, "SECURITY.md", "how to report, and what is defended", f"{_SUPPLY}/test_attempts.py")
def _page(root: Path) -> Outcome:
    there = (root / "SECURITY.md").exists()
    return Outcome.of(there, "there" if there else "none")


@attempt(
    GROUP,
    "licence of weights",
    "LICENSE beside what learned from Brugada-HUCA",
    f"{_SUPPLY}/test_licences.py",
)
def _licences(root: Path) -> Outcome:
    lacking = [
        card.parent.name
        for card in sorted((root / "weights").glob("*/card.json"))
        if "BY-SA" in card.read_text() and not (card.parent / "LICENSE").exists()
    ]
    return Outcome.of(not lacking, f"{len(lacking)} without" if lacking else "all there")


@attempt(
    GROUP,
    "a flipped byte in weights",
    "one bit of model.safetensors",
    "tests/inference/test_loading.py",
)
def _flipped(root: Path) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "core9-1"
        shutil.copytree(root / "weights" / "core9-1", copy)
        content = bytearray((copy / "model.safetensors").read_bytes())
        content[-1000] ^= 1
        (copy / "model.safetensors").write_bytes(content)
        code = "import sys; from ecgcore.inference import load_model; from pathlib import Path; "
        got = _run(root, "-c", code + "load_model(Path(sys.argv[1]))", str(copy))
    refused = got.returncode != 0 and "SHA-256 differs" in got.stderr
    return Outcome.of(refused, "refused: its SHA-256 differs" if refused else got.stderr[-150:])


@attempt(
    GROUP,
    "four threads",
    "one network asked by four threads at once",
    "tests/inference/test_predict.py",
)
def _threads(root: Path) -> Outcome:
    got = _run(root, "-c", _THREADS)
    if got.returncode:
        raise CannotTryError(got.stderr[-150:])
    return Outcome.of(got.stdout.strip() == "1", f"{got.stdout.strip()} different answer(s) of 4")


@attempt(
    GROUP,
    "read-only install",
    "the package's tree on a read-only file system",
    "tests/cli/test_read_command.py",
)
def _read_only(root: Path) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        bound = Path(name)
        steps = (["mount", "--bind", str(root), name], ["mount", "-o", "remount,bind,ro", name])
        if any(subprocess.run(step, capture_output=True, check=False).returncode for step in steps):
            subprocess.run(["umount", name], capture_output=True, check=False)
            raise CannotTryError("no file system may be mounted here")
        try:
            out = tempfile.mkdtemp()
            got = _run(
                bound,
                "-B",
                "-m",
                "ecgcore",
                "simulate",
                "--case",
                "pvc",
                "--seed",
                "1",
                "--out",
                out,
            )
            files = sorted(Path(out).rglob("*.hea"))
            read = _run(bound, "-B", "-m", "ecgcore", "predict", *map(str, files[:1]), "--json")
        finally:
            subprocess.run(["umount", "--lazy", name], check=False)
    held = got.returncode == 0 and read.returncode == 0
    return Outcome.of(held, "simulates and predicts" if held else (got.stderr + read.stderr)[-150:])


@attempt(
    GROUP, "provenance", "software, digest and notice in JSON", "tests/cli/test_read_command.py"
)
def _provenance(root: Path) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text("# fs: 500\n# unit: mV\nI,II\n" + "0.1,0.2\n0.2,0.1\n" * 1000)
        got = _run(root, "-m", "ecgcore", "read", str(path), "--json")
    told = json.loads(got.stdout)
    lacking = [key for key in ("software", "digest", "notice") if key not in told]
    return Outcome.of(not lacking, f"absent: {', '.join(lacking)}" if lacking else "all there")


def _run(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
