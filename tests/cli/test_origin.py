"""Every object and archive of the command line says by what, from what and for what it was made."""

import ast
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from ecgcore import __version__, readers
from ecgcore.cli import main
from ecgcore.inference import weights_root
from ecgcore.inference.card import read_card
from ecgcore.origin import KEYS, NOTICE, SOFTWARE, digest_of_file
from ecgcore.readers import write_csv, write_wfdb
from ecgcore.readers.convert import convert
from ecgcore.simulate import simulate
from ecgcore.statements import table_digest

CLI = Path(__file__).resolve().parents[2] / "ecgcore" / "cli"
COMMANDS = {
    "read": [],
    "measure": [],
    "predict": ["--windows"],
    "explain": ["--label", "AF", "--method", "saliency", "--out", "{out}/map.npz"],
    "anomaly": ["--out", "{out}"],
    "convert": ["--to", "csv", "--out", "{out}"],
}
WITH_MODEL = {"predict": "diagnostic-1", "explain": "diagnostic-1", "anomaly": "restoration-1"}


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = simulate("atrial-fibrillation", seed=2).recording
    return write_wfdb(made, tmp_path_factory.mktemp("records"), "one")


def printed(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, list[dict]]:
    status = main([str(word) for word in words])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def is_stamped(found: dict, digest: str | None) -> bool:
    """Return whether an object tells software, digest and notice, and these behind all else."""
    assert tuple(found)[-3:] == KEYS
    assert found["software"] == SOFTWARE == f"ecgcore {__version__}"
    assert "research and teaching use" in found["notice"]
    return found["digest"] == digest


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stamps_its_object_and_its_archives(
    command: str, record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = readers.read(record).provenance.sha256
    content = [record.with_suffix(end).read_bytes() for end in (".dat", ".hea")]
    assert digest == hashlib.sha256(b"".join(content)).hexdigest()
    options = [word.format(out=tmp_path) for word in COMMANDS[command]]
    status, (found,) = printed(capsys, command, record, *options, "--json")
    assert status == 0
    assert is_stamped(found, digest)
    archives = list(tmp_path.glob("*.npz"))
    assert bool(archives) == (command in ("explain", "anomaly"))
    for path in archives:
        with np.load(path, allow_pickle=False) as arrays:
            assert is_stamped({key: str(arrays[key]) for key in arrays}, digest)
            assert str(arrays["model"]) == found["model"]
            assert str(arrays["weights_sha256"]) == found["weights_sha256"]
    if command in WITH_MODEL:
        card = read_card(weights_root() / WITH_MODEL[command])
        assert (found["model"], found["weights_sha256"]) == (card.full_name, card.weights_sha256)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "explain"])
def test_objects_of_what_could_not_be_read_are_stamped_too(
    command: str, record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "alone.hea").write_bytes((record.parent / "one.hea").read_bytes())
    (tmp_path / "bad.edf").write_bytes(b"0       " + b" " * 300)
    missing = tmp_path / "missing.dcm"
    paths = [tmp_path / "alone", tmp_path / "bad.edf", missing]
    options = [word.format(out=tmp_path / "out") for word in COMMANDS[command]]
    status, rows = printed(capsys, command, *paths, *options, "--json")
    assert status == 2
    assert all("error" in row for row in rows)
    assert is_stamped(rows[0], digest_of_file(tmp_path / "alone.hea"))
    assert is_stamped(rows[1], hashlib.sha256((tmp_path / "bad.edf").read_bytes()).hexdigest())
    assert is_stamped(rows[2], None)


@pytest.mark.parametrize("name", ["empty", "nul\0", "x" * 5000])
def test_a_name_that_is_no_file_s_has_no_digest(
    name: str, record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.hea").write_text("beside a folder of that name\n")
    status, rows = printed(capsys, "read", record, tmp_path / name, "--json")
    assert status == 2
    assert "error" in rows[1]
    assert is_stamped(rows[1], None)


def test_a_file_larger_than_is_read_is_not_digested(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"12345")
    assert digest_of_file(path, max_bytes=4) is None
    assert digest_of_file(path, max_bytes=5) == hashlib.sha256(b"12345").hexdigest()


def test_a_simulation_has_the_digest_of_its_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, (found,) = printed(capsys, "simulate", "--case", "pvc", "--out", tmp_path, "--json")
    digest = readers.read(found["file"]).provenance.sha256
    assert status == 0
    assert is_stamped(found, digest)
    assert is_stamped(json.loads(Path(found["truth"]).read_text()), digest)
    with np.load(found["masks"], allow_pickle=False) as masks:
        assert is_stamped({key: str(masks[key]) for key in masks}, digest)
    _, (listed,) = printed(capsys, "simulate", "--list", "--json")
    assert is_stamped(listed, None)


def test_a_table_says_it_in_its_comments_and_reads_back(tmp_path: Path) -> None:
    made = simulate("normal", seed=1).recording
    source = readers.read(write_csv(made, tmp_path / "first.csv"))
    path = write_csv(source, tmp_path / "second.csv")
    comments = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert f"# written by {SOFTWARE}: research and teaching use, not a medical device" in comments
    assert f"# SHA-256 of the source: {source.provenance.sha256}" in comments
    again = readers.read(path)
    assert (again.signal == source.signal).all()
    assert again.notes == source.notes
    assert again.patient == source.patient
    assert again.provenance.simulated


def test_a_table_without_identity_has_no_digest_that_leads_back(record: Path) -> None:
    source = readers.read(record)
    (content,) = convert(source, "csv", "ecg", anonymised=True).files.values()
    assert source.provenance.sha256.encode() not in content
    assert NOTICE.encode() in content


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.name)
def test_objects_and_archives_are_written_in_one_place(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if _calls(node)]
    found = {call.attr for call in calls} & {"savez", "savez_compressed", "save", "dump", "dumps"}
    # What stands beside a model's weights has a schema and a digest of its own.
    written_elsewhere = {"population.py", "explanations.py", "simulate.py"}
    if path.name == "common.py":
        assert found == {"dumps", "savez_compressed"}
    else:
        assert found <= ({"dumps"} if path.name in written_elsewhere else set())


def _calls(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def test_the_table_of_statements_has_a_digest_of_its_words() -> None:
    assert len(table_digest()) == 64
    assert table_digest() == table_digest()
