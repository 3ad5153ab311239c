"""``measure`` on the command line: exactly the keys that are promised."""

import json

import pytest

from ecgcore.cli import main
from ecgcore.leads import STANDARD_12
from ecgcore.origin import KEYS
from ecgcore.readers.wfdb.write import write_wfdb
from ecgcore.results import FIDUCIALS
from ecgcore.simulate import simulate
from ecgcore.simulate.arrest import lay_beats


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measure")
    write_wfdb(simulate("normal", seed=4).recording, folder, "one")
    return folder / "one.hea"


def run(capsys, *words):
    status = main(["measure", *map(str, words)])
    out = capsys.readouterr()
    return status, out.out, out.err


def test_json_has_exactly_the_promised_keys(record, capsys):
    status, out, err = run(capsys, record, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    keys = {"leads", "rhythm", "reversal", "voltage_criteria", "trend", "amplitude_reason"}
    assert set(found) == {"file", "measurements", "alarms", "beats", "quality", *keys, *KEYS}
    assert found["alarms"] == []
    for m in found["measurements"]:
        assert set(m) == {
            "name",
            "value",
            "unit",
            "uncertainty",
            "method",
            "lead",
            "reason",
            "reference",
        }
    assert set(found["quality"]) == {"acceptable", "bad_leads", "reasons", "masked"}
    assert set(found["beats"]) == {*simulate("normal", seed=4).recording.leads, "consensus"}
    for points in found["beats"].values():
        assert set(points) - {"rr"} == {*FIDUCIALS, "type"}
        assert len({len(values) for values in points.values()}) == 1
    assert found["beats"]["consensus"]["type"].count("normal") >= 8


def test_leads_are_printed_with_their_waves_and_times(record, capsys):
    _, out, _ = run(capsys, record, "--json")
    found = json.loads(out)
    assert set(found["leads"]) == set(STANDARD_12)
    two = found["leads"]["II"]
    assert two["amplitudes_mv"]["R"] > 0.5
    assert set(two["amplitudes_mv"]) == {
        "P", "Q", "R", "S", "R'", "J", "J+40", "J+60", "J+80", "T"
    }  # fmt: skip
    assert 60 < two["qrs_ms"] < 120
    assert 300 < two["qt_ms"] < 480
    assert two["st_elevated"] is False
    names = {m["name"]: m for m in found["measurements"]}
    assert names["p_duration"]["reference"]["high"] == 120
    assert names["jt"]["value"] == pytest.approx(names["qt"]["value"] - names["qrs"]["value"])
    assert [one["name"] for one in found["voltage_criteria"]] == ["sokolow_lyon", "cornell"]
    assert all(one["source"] for one in found["voltage_criteria"])
    assert found["rhythm"] == "regular"
    assert found["reversal"] is None
    assert found["trend"] is None
    assert len(found["beats"]["consensus"]["rr"]) == len(found["beats"]["consensus"]["type"])
    _, text, _ = run(capsys, record)
    assert "rhythm: regular" in text
    assert "aVL" in text


def test_what_is_absent_is_null(record, capsys):
    _, out, _ = run(capsys, record, "--json")
    consensus = json.loads(out)["beats"]["consensus"]
    times = [v for name in FIDUCIALS for v in consensus[name]]
    assert all(v is None or 0 <= v <= 10 for v in times)
    assert None in times


def test_a_folder_gives_one_object_a_line(record, capsys):
    status, out, _ = run(capsys, record.parent, "--json", "--delineator", "neurokit")
    assert status == 0
    assert [json.loads(line)["file"] for line in out.splitlines()]


def test_text_and_a_missing_file(record, capsys):
    status, out, _ = run(capsys, record)
    assert status == 0
    assert "qtc_fridericia" in out
    assert "not a medical device" in out
    status, out, err = run(capsys, record.parent / "none.hea")
    assert status == 2
    assert err.startswith("error: ")


def test_a_pause_is_an_alarm(tmp_path, capsys):
    beats = [0.8, 1.6, 2.4, 7.4, 8.2, 9.0]
    write_wfdb(lay_beats(beats, duration_s=10), tmp_path, "pause")
    _, out, _ = run(capsys, tmp_path / "pause.hea", "--json")
    (alarm,) = json.loads(out)["alarms"]
    assert set(alarm) == {"kind", "start_s", "end_s", "words"}
    assert alarm["kind"] == "pause"
    _, text, _ = run(capsys, tmp_path / "pause.hea")
    assert "No QRS complex for 5.0 s. (2.4 to 7.4 s)" in text
