"""``convert PATH... --to FORMAT --out DIR``: recordings in another format."""

import argparse
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecgcore.cli.common import (
    add_input_arguments,
    flatten_text,
    for_each_recording,
    make_output_name,
    walk_input_files,
)
from ecgcore.errors import InvalidArgumentError
from ecgcore.readers.base import guard_writing
from ecgcore.readers.convert import TARGETS, Converted, convert
from ecgcore.recording import Recording

_EPILOG = """\
A file takes its input's path inside the folder named, else its name, with the new extension; two
inputs of one name get their own extensions in it (a.dcm and a.xml become a_dcm and a_xml from the
second on). With --anonymize files are called ecg-0001, ecg-0002, ... from the next free number on;
which input is which is printed, and written nowhere. Name and identifier of the patient are never
taken over, with or without --anonymize. "lost" says what the new file does not hold, "removed" what
--anonymize took away. Nothing that lies beside an input is ever overwritten.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_input_arguments(parser)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("--to", required=True, choices=tuple(TARGETS), help="the format to write")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the files")
    parser.add_argument(
        "--anonymize",
        action="store_true",
        help="remove dates, ages over 89, device, free text and the input's name",
    )
    parser.add_argument(
        "--force", action="store_true", help="overwrite files that are in DIR already"
    )


def run(args: argparse.Namespace) -> int:
    """Convert every recording; return the exit status."""
    outputs = _Outputs(args)

    def action(recording: Recording, file: str, given: argparse.Namespace) -> dict[str, Any]:
        place = outputs.place(file)
        made = convert(recording, given.to, place.name, anonymised=given.anonymize)
        return as_json(recording, given.to, made, outputs.write(place, made))

    return for_each_recording(args, action, as_text=as_text)


def as_json(recording: Recording, to: str, made: Converted, written: list[Path]) -> dict[str, Any]:
    """Return what the command prints, without ``file``."""
    return {
        "output": str(written[0]),
        "files": [str(path) for path in written],
        "format": TARGETS[to].title,
        "n_leads": recording.n_leads,
        "n_samples": recording.n_samples,
        "lost": list(made.lost),
        "removed": list(made.removed),
    }


def as_text(result: Mapping[str, Any]) -> str:
    """Return the result for reading."""
    lines = [f"{flatten_text(result['file'])} -> {flatten_text(result['output'])}"]
    lines += [f"  removed: {sentence}" for sentence in result["removed"]]
    lines += [f"  lost: {sentence}" for sentence in result["lost"]]
    return "\n".join(lines) + "\n"


class _Outputs:
    """Where files go, and which of them may be overwritten."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._out = Path(args.out)
        # A signal file lies beside the header that was named: whole folders are left alone.
        self._inputs = {_folder_of(item.shown) for item in walk_input_files(args.paths)}
        self._taken: set[Path] = set()
        self._number = 0

    def place(self, file: str) -> Path:
        """Return the path, without extension, of the files that an input becomes.

        Raises
        ------
        EcgError
            If it may not be written there.
        """
        with guard_writing(self._out):
            return self._next_numbered() if self._args.anonymize else self._named(file)

    def _named(self, file: str) -> Path:
        name = Path(make_output_name(self._args, file))
        folder = self._out / name.parent
        suffix = Path(file).suffix[1:]
        plain = folder / self._file_name(name.name)
        for place in (plain, folder / self._file_name(f"{name.name}_{suffix}")):
            if place not in self._taken:
                self._refuse_existing(place)
                self._taken.add(place)
                return place
        raise InvalidArgumentError(
            f"Another input became {plain} already; convert this one into another folder."
        )

    def _next_numbered(self) -> Path:
        while True:
            self._number += 1
            place = self._out / f"ecg-{self._number:04d}"
            if not any(path.exists() or path.is_symlink() for path in self._files(place)):
                return place

    def _file_name(self, name: str) -> str:
        # A WFDB record's name stands in its header and holds neither blanks nor dots.
        return re.sub(r"[^-\w]+", "_", name) if self._args.to == "wfdb" else name

    def _files(self, place: Path) -> list[Path]:
        wfdb = self._args.to == "wfdb"
        extensions = (".hea", ".dat") if wfdb else (TARGETS[self._args.to].extension,)
        return [place.with_name(f"{place.name}{extension}") for extension in extensions]

    def _refuse_existing(self, place: Path) -> None:
        for path in self._files(place):
            if not path.exists() and not path.is_symlink():
                continue
            if _folder_of(path) in self._inputs or not path.is_file():
                raise InvalidArgumentError(
                    f"{path} is there already, beside an input; name another folder with --out."
                )
            if not self._args.force:
                raise InvalidArgumentError(
                    f"{path} is there already; name another folder, or overwrite it with --force."
                )

    def write(self, place: Path, made: Converted) -> list[Path]:
        """Write the files under a name of their own first, so that none is left half written."""
        folder = place.parent
        with guard_writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".converting-") as aside:
                for name, content in made.files.items():
                    (Path(aside) / name).write_bytes(content)
                for name in made.files:
                    (Path(aside) / name).replace(folder / name)
        return [folder / name for name in made.files]


def _folder_of(path: str | Path) -> Path:
    return Path(path).resolve().parent
