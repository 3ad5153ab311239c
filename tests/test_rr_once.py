"""R peaks are subtracted in one place; everything else takes RR intervals from there."""

import ast
from pathlib import Path

import pytest

from tests.test_architecture import ROOT, sources

# What a time of a beat is called here.
PEAKS = ("r_s", "r_peak", "r_peaks", "peaks", "peak_s", "beats", "beat_s", "onset_s", "qrs_onset")
DIFFERENCES = ("diff", "ediff1d")
ALLOWED = {
    "ecgcore/signal/rr.py": "the one place",
    "ecgcore/signal/beats.py": "candidates in samples, while beats are still being looked for",
    "ecgcore/simulate/heartbeat.py": "a plan of beats: nothing is recorded yet",
    "ecgcore/simulate/truth.py": "the truth of a plan: nothing is absent",
    "ecgcore/training/restoration/pseudo_anomalies.py": "tensors of windows without gaps",
}


def names(node: ast.AST) -> set[str]:
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return found | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def is_of_peaks(node: ast.AST) -> bool:
    return any(name in PEAKS or name.endswith("r_peak") for name in names(node))


def neighbours(node: ast.AST) -> bool:
    """Tell whether this is x[1:] - x[:-1], x[i + 1] - x[i] and the like of one array of beats."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)):
        return False
    left, right = node.left, node.right
    if not (isinstance(left, ast.Subscript) and isinstance(right, ast.Subscript)):
        return False
    same = ast.dump(left.value) == ast.dump(right.value)
    return same and is_of_peaks(left.value) and ast.dump(left.slice) != ast.dump(right.slice)


def differences(tree: ast.AST) -> list[int]:
    """Return the lines on which times of beats are subtracted from one another."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in DIFFERENCES and any(map(is_of_peaks, node.args)):
                lines.append(node.lineno)
        elif neighbours(node):
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_rr_intervals_come_from_one_function(path: Path) -> None:
    found = differences(ast.parse(path.read_text(encoding="utf-8")))
    name = str(path.relative_to(ROOT))
    assert not found or name in ALLOWED, f"{name}: beats are subtracted in line {found}"


@pytest.mark.parametrize(
    "text",
    [
        "rr = np.diff(r_s)",
        "rr = np.diff(beats.consensus.r_peak, prepend=np.nan)",
        "rr = np.ediff1d(peaks)",
        "rr = (peaks[beat + 1] - peaks[beat]) * 1e3",
        "rr = r_s[1:] - r_s[:-1]",
        "rr = np.diff([b.r_peak for b in found])",
    ],
)
def test_the_search_finds_them(text: str) -> None:
    assert differences(ast.parse(text)) == [1]


@pytest.mark.parametrize("text", ["np.diff(edges)", "x[1:] - x[:-1]", "r_s[1:] - start_s"])
def test_the_search_leaves_others_alone(text: str) -> None:
    assert differences(ast.parse(text)) == []
