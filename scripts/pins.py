"""The pinned packages and their locks, as written in the repository."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "locks"
APP, DEV, TORCH, TORCH_CPU, CUDA = (
    LOCKS / f"{name}.txt" for name in ("app", "dev", "torch", "torch-cpu", "cuda")
)
_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)\s*(?:;\s*(?P<marker>[^\\]+))?"
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """One package of one version.

    Attributes
    ----------
    name : str
        As the package index normalises it.
    version : str
    marker : str
        Where it is needed; empty for everywhere.
    hashes : tuple of str
        SHA-256 of every file of the release, in order; empty in a list without hashes.
    """

    name: str
    version: str
    marker: str = ""
    hashes: tuple[str, ...] = ()


def normalise(name: str) -> str:
    """Return a package's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(path: Path) -> list[Pin]:
    """Return what a list of requirements or a lock pins, in its order.

    Raises
    ------
    ValueError
        If a line is neither a pin with its hashes, a comment nor the name of another list.
    """
    return [_pin(line, path) for line in _logical_lines(path)]


def _logical_lines(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        bare = line.partition("#")[0].strip()
        if bare and not bare.startswith("-r "):
            yield bare


def _pin(line: str, path: Path) -> Pin:
    head, *_ = line.partition("--hash=")
    found = _PIN.fullmatch(head.strip())
    if found is None:
        raise ValueError(f"{path.name}: {line[:80]!r} does not pin one version.")
    name, marker = normalise(found["name"]), (found["marker"] or "").strip()
    return Pin(name, found["version"], marker, tuple(_HASH.findall(line)))
