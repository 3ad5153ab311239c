"""The command line's contract for recordings, and ``read``."""

import argparse
import json
import math

import numpy as np
import pytest

from ecgcore import readers
from ecgcore.cli import main
from ecgcore.cli.common import (
    OutputNames,
    add_input_arguments,
    convert_values,
    for_each_recording,
    make_output_name,
)
from ecgcore.errors import CannotAssessError
from ecgcore.origin import KEYS as ORIGIN
from ecgcore.origin import origin
from ecgcore.readers import write_wfdb
from ecgcore.recording import Patient, Recording

KEYS = ["file", "format", "fs_hz", "n_samples", "duration_s", "leads", "derived_leads"]
KEYS += ["unit", "first_mv", "notes"]


@pytest.fixture
def folder(tmp_path):
    """Two records and a broken one: a/one, b/two (with an absent sample), c/broken."""
    signal = np.round(np.random.default_rng(0).normal(0, 0.5, (2, 700)), 3)
    for name, rows in (("a/one", signal), ("b/two", np.where(np.arange(700) == 1, np.nan, signal))):
        recording = Recording(
            signal=rows, fs_hz=500, leads=("II", "V1"), patient=Patient(56, "male")
        )
        write_wfdb(recording, tmp_path / name[0], name[2:])
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "broken.hea").write_text("broken 1 500 9\nbroken.dat 16\n", encoding="utf-8")
    return tmp_path


def run(capsys, *arguments) -> tuple[int, list[str], str]:
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out.splitlines(), captured.err


def test_one_file_gives_one_object_with_the_agreed_keys(folder, capsys):
    status, lines, error = run(capsys, "read", folder / "b" / "two", "--json")
    assert (status, len(lines), error) == (0, 1, "")
    result = json.loads(lines[0])
    assert list(result)[: len(KEYS)] == KEYS
    assert result["file"] == str(folder / "b" / "two")
    assert (result["format"], result["fs_hz"], result["n_samples"]) == ("WFDB", 500, 700)
    assert result["duration_s"] == 1.4
    assert result["leads"] == ["II", "V1"]
    assert result["unit"] == "mV"
    assert len(result["first_mv"]["II"]) == 5
    assert result["first_mv"]["II"][1] is None
    assert all(round(v, 3) == v for v in result["first_mv"]["V1"] if v is not None)
    assert result["patient"] == {"age_years": 56, "sex": "male"}


def test_a_folder_gives_a_line_each_sorted_and_the_bad_ones_their_error(folder, capsys):
    status, lines, error = run(capsys, "read", folder, "--json")
    results = [json.loads(line) for line in lines]
    assert status == 2
    assert [r["file"] for r in results] == [
        str(folder / name) for name in ("a/one.hea", "b/two.hea", "c/broken.hea")
    ]
    assert set(results[2]) == {"file", "error", *ORIGIN}
    assert "broken.dat that the header names is missing" in results[2]["error"]
    assert error == f"error: {folder / 'c' / 'broken.hea'}: {results[2]['error']}\n"


def test_files_come_in_the_order_given(folder, capsys):
    paths = [folder / "b" / "two", folder / "a" / "one.hea"]
    status, lines, _ = run(capsys, "read", *paths, "--json")
    assert status == 0
    assert [json.loads(line)["file"] for line in lines] == [str(path) for path in paths]


def test_a_single_bad_file_gives_one_line_of_error_and_nothing_else(folder, capsys):
    for name in ("c/broken", "none", "a"):
        status, lines, error = run(capsys, "read", folder / name / "x", "--json")
        assert (status, lines) == (2, [])
        assert error.startswith(f"error: {folder / name / 'x'}: ")
        assert error.count("\n") == 1


@pytest.mark.parametrize("path", ["x" * 5000, "with\0null", "no/such/file.dat"])
def test_a_path_that_cannot_exist_is_one_line_of_error(path, capsys):
    status, printed, errors = run(capsys, "read", path, "--json")
    assert (status, printed) == (2, [])
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1


def test_an_empty_folder_is_an_error(tmp_path, capsys):
    status, lines, error = run(capsys, "read", tmp_path, "--json")
    assert status == 2
    assert json.loads(lines[0])["error"] == "There is no recording in this folder."
    assert "error: " in error


def test_text_without_json(folder, capsys):
    status, lines, _ = run(capsys, "read", folder / "a" / "one")
    assert status == 0
    assert lines[0] == str(folder / "a" / "one")
    assert "2 leads, 1.4 s at 500 Hz, in mV" in lines[1]
    assert "  patient: 56 years, male" in lines


def test_missing_rate_is_asked_for_and_can_be_given(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("I,II\n" + "100,200\n" * 600, encoding="utf-8")
    status, _, error = run(capsys, "read", path)
    assert status == 2
    assert error.endswith("Give --fs HZ, --unit mV (or uV).\n")
    status, lines, _ = run(capsys, "read", path, "--fs", "500", "--unit", "uV", "--json")
    result = json.loads(lines[0])
    assert status == 0
    assert result["first_mv"]["III"] == [0.1] * 5
    assert result["derived_leads"] == ["III", "aVR", "aVL", "aVF"]
    arguments = ("--fs", "500", "--unit", "mV", "--lead-names", "V1,", "--json")
    _, lines, _ = run(capsys, "read", path, *arguments)
    assert json.loads(lines[0])["leads"] == ["V1"]


def test_the_lead_of_a_file_can_be_named(tmp_path, capsys):
    path = tmp_path / "a.csv"
    rows = "\n".join(f"{i / 250:.3f},0.1,0.2" for i in range(600))
    path.write_text(f"time (s),ECG (mV),CH2 (mV)\n{rows}\n", encoding="utf-8")
    _, lines, _ = run(capsys, "read", path, "--json")
    assert json.loads(lines[0])["leads"] == ["ECG", "CH2"]
    for names in ("ECG=II,CH2=-", "II,", "ecg=II,CH2="):
        _, lines, _ = run(capsys, "read", path, "--lead-names", names, "--json")
        assert json.loads(lines[0])["leads"] == ["II"]
    _, lines, _ = run(capsys, "read", path, "--lead-names", "ECG=V5", "--json")
    assert json.loads(lines[0])["leads"] == ["V5", "CH2"]


@pytest.mark.parametrize(
    "arguments",
    [(), ("--fs", "fast"), ("--fs", "-1"), ("--unit", "parsec"), ("--lead-names", ",")],
)
def test_bad_usage_ends_with_2_and_no_traceback(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["read", *arguments, *(["x"] if arguments else [])])
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_action_may_refuse_a_recording(folder, capsys):
    def action(recording, file, args):
        if file.endswith("one"):
            raise CannotAssessError("It is too\nshort.")
        return {"value": np.float32(math.nan), "list": np.arange(2)}

    parser = argparse.ArgumentParser()
    add_input_arguments(parser)
    args = parser.parse_args([str(folder / "a" / "one"), str(folder / "b" / "two"), "--json"])
    assert for_each_recording(args, action) == 2
    captured = capsys.readouterr()
    first, second = map(json.loads, captured.out.splitlines())
    digests = [readers.read(folder / name).provenance.sha256 for name in ("a/one", "b/two")]
    assert first == {
        "file": str(folder / "a" / "one"),
        "error": "It is too short.",
        **origin(digests[0]),
    }
    assert second == {
        "file": str(folder / "b" / "two"),
        "value": None,
        "list": [0, 1],
        **origin(digests[1]),
    }
    assert captured.err == f"error: {folder / 'a' / 'one'}: It is too short.\n"


def test_output_names_keep_the_path_inside_a_folder(folder):
    args = argparse.Namespace(paths=[str(folder), "else/x.csv"])
    assert make_output_name(args, str(folder / "a" / "one.hea")) == "a/one"
    assert make_output_name(args, "else/x.csv") == "x"


def test_plain_values():
    value = {"a": (np.float64(1.5), math.inf), 3: np.array([[1, 2]]), "t": True, "n": None}
    assert convert_values(value) == {"a": [1.5, None], "3": [[1, 2]], "t": True, "n": None}


def test_outputs_of_equal_names_never_overwrite_one_another():
    names = OutputNames(argparse.Namespace(paths=["a/ecg.dcm", "b/ecg.dcm"]))
    files = ["a/ecg.dcm", "b/ecg.dcm", "c/ECG.dcm", "d/ecg.xml", "e/rec", "f/rec"]
    found = [names.name(file) for file in files]
    assert found == ["ecg", "ecg_dcm", "ECG_dcm_2", "ecg_xml", "rec", "rec_2"]
