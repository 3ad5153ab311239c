"""Write the locks: every pinned package with the SHA-256 of every file of its release.

    .venv/bin/python -m scripts.lock
    .venv/bin/python -m scripts.lock --torch-wheel FILE.whl   # one more build of torch to accept

The versions stand in requirements.txt and requirements-dev.txt; uv asks the package index for the
hashes. Of torch there are builds that the index does not list (CPU only, or made by a
distribution); their hashes are added by file and stay until the version changes.
"""

import argparse
import hashlib
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.pins import APP, CUDA, DEV, ROOT, TORCH, TORCH_CPU, Pin, normalise, read_pins

REQUIREMENTS, REQUIREMENTS_DEV = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
_UV = ("-m", "uv", "pip", "compile", "-", "--generate-hashes", "--universal", "--no-config")
_QUIET = ("--python-version", "3.11", "--no-header", "--no-annotate", "--quiet")
_HEADS = {
    APP: "What the app needs, without torch.",
    DEV: "What tests and checks need beside.",
    TORCH: "torch, any build that the index serves or that was added by file.",
    TORCH_CPU: "torch, the builds that were added by file: they need nothing else.",
    CUDA: "What a CUDA build of torch needs beside.",
}
_MADE = "Made by python -m scripts.lock; not edited by hand."
_BUILD = re.compile(r"# build (?P<file>\S+) sha256:(?P<digest>[0-9a-f]{64})")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--torch-wheel", type=Path, action="append", default=[])
    given = parser.parse_args(arguments)
    app = read_pins(REQUIREMENTS)
    torch = next(pin for pin in app if pin.name == "torch")
    rest = [pin for pin in app if pin != torch]
    known = {pin.name for pin in app}
    write(APP, hashed(rest))
    write(DEV, hashed([pin for pin in read_pins(REQUIREMENTS_DEV) if pin.name not in known]))
    more = builds(torch, given.torch_wheel)
    write(TORCH, with_builds(hashed([torch]), more))
    write(TORCH_CPU, with_builds(f"torch=={torch.version}", more))
    write(CUDA, without(hashed([torch], constraint=REQUIREMENTS, deep=True), known))
    return 0


def hashed(pins: Sequence[Pin], *, constraint: Path | None = None, deep: bool = False) -> str:
    """Return the pins with all hashes; ``deep`` with what they need in turn."""
    asked = "\n".join(f"{pin.name}=={pin.version}" for pin in pins)
    command = [sys.executable, *_UV, *_QUIET, *([] if deep else ["--no-deps"])]
    if constraint is not None:
        command += ["--constraint", str(constraint)]
    made = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if made.returncode:
        raise SystemExit(f"uv could not lock: {made.stderr.strip()}")
    return made.stdout


def without(text: str, names: set[str]) -> str:
    """Return a lock's text without the entries of these packages."""
    entries = re.split(r"(?m)^(?=\S)", text)
    return "".join(e for e in entries if normalise(e.partition("==")[0]) not in names)


def builds(torch: Pin, wheels: Sequence[Path]) -> dict[str, str]:
    """Return the accepted builds that no index lists: digest by file name."""
    found = {}
    if TORCH.exists() and any(pin.version == torch.version for pin in read_pins(TORCH)):
        text = TORCH.read_text(encoding="utf-8")
        found = {row["file"]: row["digest"] for row in _BUILD.finditer(text)}
    for wheel in wheels:
        if not wheel.name.startswith(f"torch-{torch.version}"):
            raise SystemExit(f"{wheel.name} is not torch {torch.version}.")
        found[wheel.name] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return dict(sorted(found.items()))


def with_builds(text: str, more: dict[str, str]) -> str:
    """Return torch's lock with the hashes of further builds, each named in a comment."""
    notes = "".join(f"# build {file} sha256:{digest}\n" for file, digest in more.items())
    lines = [f"    --hash=sha256:{digest}" for digest in sorted(set(more.values()))]
    return notes + " \\\n".join([text.rstrip("\n"), *lines]) + "\n"


def write(path: Path, text: str) -> None:
    if "://" in text:
        raise SystemExit(f"{path.name} would name an index; uv is configured to write it.")
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# {_HEADS[path]}\n# {_MADE}\n{text}", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {len(read_pins(path))} packages")


if __name__ == "__main__":
    sys.exit(main())
