"""No lead is invented: one list of names for all readers, and nothing derived from other names."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import has_note, read

from ecgcore import readers
from ecgcore.errors import EcgError, MissingInformationError, ReadError
from ecgcore.leads import STANDARD_12, canonical_lead, canonical_leads
from ecgcore.readers import ReadOptions
from ecgcore.readers.channels import Kind, classify_channel
from ecgcore.readers.text.delimited import is_recording

READERS = Path(readers.__file__).parent
X = np.round(np.random.default_rng(0).normal(0, 0.3, 900), 3)
# Tables of numbers that a standard assigns to leads; they name nothing by words.
CODE_TABLES = {"dicom_codes.py", "ishne.py", "mfer_tags.py", "scp_leads.py", "atc.py"}


def texts(node: ast.AST) -> set[str]:
    return {
        n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }


@pytest.mark.parametrize("path", sorted(READERS.glob("*.py")), ids=lambda path: path.name)
def test_no_reader_has_a_table_of_lead_names_of_its_own(path):
    """A dictionary from words to leads anywhere else would be a second list."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            keys = [key for key in node.keys if isinstance(key, ast.Constant)]
            worded = [key.value for key in keys if isinstance(key.value, str)]
            leads = [v for v in node.values if texts(v) & set(STANDARD_12)]
            assert not (worded and leads) or path.name in CODE_TABLES, f"line {node.lineno}"


@pytest.mark.parametrize("path", sorted(READERS.glob("*.py")), ids=lambda path: path.name)
def test_recordings_are_made_in_one_place(path):
    """Whatever is read passes ``finish``, which takes names from the list."""
    calls = [
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert "Recording" not in calls or path.name in ("assemble.py", "wire.py")
    assert "derive_limb_leads" not in calls or path.name == "assemble.py"


def table(columns: dict[str, np.ndarray], *, sep: str = ",") -> bytes:
    rows = (sep.join(str(column[i]) for column in columns.values()) for i in range(len(X)))
    return "\n".join([sep.join(columns), *rows]).encode()


SECONDS = np.arange(len(X)) / 250
_WORDS = (
    *("ECG", "Lead", "Channel", "CH", "Input", "acc", "X", "1", "2", "3", "I", "II"),
    *("III", "aVR", "V1", "Chin", "Resp", "D", "C", "L", "_", ".", "foo", "ms", "Frank"),
)
WORDS = st.sampled_from(_WORDS)


@given(
    st.lists(
        st.lists(WORDS, min_size=1, max_size=4).map("".join), min_size=1, max_size=5, unique=True
    )
)
@settings(deadline=None, max_examples=150)
def test_channel_names_never_become_leads_unless_they_are_listed(names):
    columns = {"time (s)": SECONDS, **{f"{name} (mV)": X + i for i, name in enumerate(names)}}
    try:
        recording = read(table(columns))
    except EcgError:
        return
    own = [lead for lead in canonical_leads(names) if lead in STANDARD_12]
    recorded = [lead for lead in recording.leads if lead not in recording.derived_leads]
    assert {lead for lead in recorded if lead in STANDARD_12} <= set(own)
    if recording.derived_leads:
        assert len({"I", "II", "III"} & set(own)) >= 2


@pytest.mark.parametrize(
    "pattern", ["Channel {}", "CH {}", "ch.{}", "ECG {}", "ECG{}", "Input {}", "{}"]
)
@pytest.mark.parametrize("kind", ["csv", "json", "npz"])
def test_numbered_channels_keep_their_names(pattern, kind, tmp_path):
    names = tuple(pattern.format(i) for i in (1, 2, 3))
    if kind == "csv":
        columns = {"time (s)": SECONDS, **{f"{name} (mV)": X for name in names}}
        recording = read(table(columns))
    elif kind == "json":
        content = {"fs": 250, "unit": "mV", "leads": dict.fromkeys(names, X.tolist())}
        recording = read(json.dumps(content).encode(), "a.json")
    else:
        np.savez(tmp_path / "a.npz", **dict.fromkeys(names, X), fs=250)
        recording = readers.read(tmp_path / "a.npz", options=ReadOptions(unit="mV"))
    assert recording.leads == names
    assert recording.derived_leads == ()


def test_axes_are_never_swept_in_by_one_answer():
    axes = dict.fromkeys("xyz", 900 + 5 * X)
    both = table({"time": SECONDS, "ecg": X, **axes})
    recording = read(both, unit="mV")
    assert recording.leads == ("ecg",)
    assert has_note(recording, "Left out: x, y, z (not an ECG lead)")
    alone = table({"time (s)": SECONDS, **axes})
    with pytest.raises(MissingInformationError, match=r"x, y, z.* name them one by one") as caught:
        read(alone, unit="mV")
    assert caught.value.needs == ("lead_names",)
    with pytest.raises(ReadError, match=r"x \(mg\), y \(mg\), z \(mg\)"):
        read(table({"time (s)": SECONDS, **{f"{n} [mg]": v for n, v in axes.items()}}))
    frank = table({"time (s)": SECONDS, **{f"{name} (mV)": X for name in "XYZ"}})
    assert read(frank).leads == ("X", "Y", "Z")


def test_unknown_columns_are_asked_for_one_by_one():
    columns = {"time (s)": SECONDS, "foo": X, "bar": X, "baz": X}
    with pytest.raises(MissingInformationError, match="foo, bar, baz") as caught:
        read(table(columns), unit="mV")
    assert caught.value.needs == ("lead_names",)
    recording = read(table(columns), unit="mV", lead_names=("II", "", "V1"))
    assert recording.leads == ("II", "V1")
    assert read(table(columns), unit="mV", lead_names=("bar=V2",)).leads == ("V2",)
    assert read(table({"time (s)": SECONDS, "value": X}), unit="mV").leads == ("value",)


@pytest.mark.parametrize(
    "name",
    ["sensor timestamp [ns]", "unix_time", "timestamp", "Phone timestamp", "t_ns", "epoch (ms)"],
)
def test_time_is_no_lead(name):
    clock = 599_626_800_123_456_789 + 4_000_000 * np.arange(len(X))
    recording = read(table({name: clock, "ecg [uV]": 1000 * X}, sep=";"), fs_hz=250)
    assert recording.leads == ("ecg",)
    assert float(np.abs(recording.signal).max()) < 2


def test_what_rises_evenly_under_another_name_is_left_out():
    clock = 599_626_800_123_456_789 + 4_000_000 * np.arange(len(X))
    recording = read(table({"foo": clock, "ecg_mV": X}), fs_hz=250)
    assert recording.leads == ("ecg",)
    assert has_note(recording, "Left out: foo (rising evenly")


OTHERS = [
    *("Chin EMG", "Left Leg", "Resp", "SpO2", "EOG(L)", "EEG C4-A1", "C3-A2", "Fpz-Cz", "PPG"),
    *("accX", "acc_y", "Gyro Z", "Temperature", "marker", "status", "counter", "Heart rate", "HR"),
    *(
        "rr_interval",
        "battery",
        "ECG HR",
        "ECG quality",
        "Pleth",
        "Snore",
        "label",
    ),
]


@pytest.mark.parametrize("name", OTHERS)
def test_other_signals_are_left_out_by_name(name):
    assert classify_channel(name) is Kind.OTHER
    recording = read(table({"time (s)": SECONDS, "ECG (mV)": X, f"{name} (mV)": X}))
    assert recording.leads == ("ECG",)
    assert has_note(recording, f"Left out: {name} (mV) (not an ECG lead)")


@pytest.mark.parametrize(
    "name", ["ECG", "ecg", "EKG", "chest_ECG", "EEG EKG-REF", "ECG1-ECG2", "V"]
)
def test_an_ecg_of_unknown_place_keeps_its_name(name):
    assert classify_channel(name) is Kind.ECG
    assert canonical_lead(name) is None


def test_a_count_of_rows_called_like_a_lead_is_none():
    recording = read(table({"i": np.arange(len(X)), "ecg": X}), fs_hz=250, unit="mV")
    assert recording.leads == ("ecg",)
    assert has_note(recording, "Left out: i (rising evenly")


def test_axes_in_json_are_no_samples():
    axes = dict.fromkeys("xyz", (900 + X).tolist())
    with pytest.raises(ReadError, match="several arrays"):
        read(json.dumps({"fs": 250, "unit": "mV", **axes}).encode(), "a.json")
    content = {"fs": 250, "ecg_mV": X.tolist(), "x": axes["x"], "peaks": [1, 2, 3]}
    recording = read(json.dumps(content).encode(), "a.json")
    assert recording.leads == ("ecg",)
    assert has_note(recording, "Left out: x")


@pytest.mark.parametrize(
    "text",
    [
        "ecg_id,patient_id,age\n" + "".join(f"{i},{i * 7},56\n" for i in range(20)),
        "ecg_path,score\n" + "".join(f"a{i}.dat,0.{i}\n" for i in range(20)),
        # Free text that the look for the first row of numbers stops at.
        "id,age,report\n1,60,a;b\n2,61,normal ECG\n" + "".join(f"{i},60,\n" for i in range(3, 20)),
    ],
    ids=["ids", "paths", "reports"],
)
def test_a_list_of_recordings_is_none(text):
    assert not is_recording(text.encode())


def test_a_table_headed_ecg_is_a_recording():
    rows = "".join(f"0.{i:02}\n" for i in range(40))
    assert is_recording(f"ECG\n{rows}".encode())
