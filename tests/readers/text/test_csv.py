"""Text tables: layouts that are understood, and what is asked for instead of guessed."""

import numpy as np
import pytest
from reading import has_note, read

from ecgcore import readers
from ecgcore.errors import EcgError, InvalidRecordingError, MissingInformationError, ReadError

X = np.round(np.random.default_rng(0).normal(0, 0.4, (60, 3)), 3)
LONG = np.tile(X[:, 0], 20)  # two seconds and more
GIVEN = {"fs_hz": 500.0, "unit": "mV"}


def table(
    header: str = "", *, sep: str = ",", decimal: str = ".", values=X, end: str = "\n"
) -> str:
    rows = [sep.join(f"{v:.3f}".replace(".", decimal) for v in row) for row in values]
    return end.join(([header] if header else []) + rows) + end


def timed(step: float, digits: int = 3) -> str:
    return "\n".join(f"{i * step:.{digits}f},{row[0]}" for i, row in enumerate(X))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize(
    ("sep", "decimal"),
    [
        (",", "."),
        (";", "."),
        (";", ","),
        ("\t", "."),
        ("\t", ","),
        ("|", "."),
        (" ", "."),
        ("  ", ","),
    ],
)
def test_delimiters_decimals_and_encodings(sep, decimal, encoding):
    text = table(sep.join(("V1(µV)", "V2(µV)", "V3(µV)")), sep=sep, decimal=decimal, end="\r\n")
    recording = read(text.encode(encoding), fs_hz=500)
    assert recording.leads == ("V1", "V2", "V3")
    assert np.allclose(recording.signal, X.T / 1000, atol=1e-9)


def test_everything_missing_is_asked_for_at_once():
    with pytest.raises(MissingInformationError, match=r"rate.*unit.*names of the 3") as caught:
        read(table())
    assert caught.value.needs == ("fs_hz", "unit", "lead_names")


def test_only_what_is_missing_is_asked_for():
    with pytest.raises(MissingInformationError) as caught:
        read(table("V1,V2,V3"), unit="mV")
    assert caught.value.needs == ("fs_hz",)
    with pytest.raises(MissingInformationError) as caught:
        read("# fs: 500\n" + table("V1,V2,V3"))
    assert caught.value.needs == ("unit",)


@pytest.mark.parametrize(
    ("header", "fs_hz"),
    [
        ("# fs: 500", 500),
        ("# Sampling rate = 250 Hz", 250),
        ("# sampling_frequency (Hz): 360", 360),
        ("Sample Rate,512 hertz", 512),
        ("# Abtastrate: 1 kHz", 1000),
        ("# sample interval: 2 ms", 500),
        ("# dt = 0.004 s", 250),
    ],
)
def test_rate_from_the_header(header, fs_hz):
    assert read(f"{header}\n# unit: mV\n" + table("V1,V2,V3")).fs_hz == fs_hz


@pytest.mark.parametrize("header", ["# cutoff frequency: 40 Hz", "# offset: 3", "# fsm: 9"])
def test_other_numbers_in_the_header_are_no_rate(header):
    with pytest.raises(MissingInformationError):
        read(f"{header}\n# unit: mV\n" + table("V1,V2,V3"))


@pytest.mark.parametrize(
    ("name", "step", "digits", "fs_hz"),
    [
        ("time (s)", 0.002, 3, 500),
        ("Time[ms]", 4, 0, 250),
        ("Zeit", 0.002, 3, 500),
        ("t", 2.0, 1, 500),
        ("time_us", 1000, 0, 1000),
        ("seconds", 1 / 360, 3, 360),
        ("time (s)", 1 / 257.5, 9, 257.5),
    ],
)
def test_rate_from_time(name, step, digits, fs_hz):
    recording = read(f"{name},II\n{timed(step, digits)}", unit="mV")
    assert recording.fs_hz == pytest.approx(fs_hz, rel=1e-6)
    assert recording.leads == ("II",)
    assert has_note(recording, "only unit that fits") == (name in ("Zeit", "t"))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([0, 2, 4, 8, 10], "irregular: after sample 3"),
        ([8, 6, 4, 2, 0], "does not rise"),
        ([0, 0, 0, 0, 0], "does not rise"),
        ([0, 2, "", 6, 8], "empty cells"),
    ],
)
def test_irregular_time_is_refused(rows, sentence):
    text = "time (ms),II\n" + "\n".join(f"{t},0.1" for t in rows)
    with pytest.raises(ReadError, match=sentence):
        read(text, unit="mV")


def test_a_given_rate_does_not_override_time():
    recording = read(f"time (s),II\n{timed(0.002)}", unit="mV", fs_hz=123)
    assert recording.fs_hz == 500
    assert has_note(recording, "123 Hz, was not used")


def test_index_columns_are_no_lead_and_no_rate():
    body = "\n".join(f"{i},{row[0]}" for i, row in enumerate(X))
    for header in ("sample,II\n", ",II\n", "Index,II\n"):
        assert read(header + body, **GIVEN).leads == ("II",)
        with pytest.raises(MissingInformationError):
            read(header + body, unit="mV")
    assert read(body, **GIVEN).leads == ("ECG",)


def test_units_row_and_quotes():
    text = "'Elapsed time','MLII','V5','V1'\n'seconds','mV','uV','mV'\n"
    text += "\n".join(f"{i / 500:.3f},{a},{b},{c}" for i, (a, b, c) in enumerate(X))
    recording = read(text)
    assert recording.fs_hz == 500
    assert recording.leads == ("MLII", "V5", "V1")
    assert np.allclose(recording.lead("V5"), X[:, 1] / 1000)


def test_other_columns_are_left_out():
    text = "II,annotation,resp,HR (bpm)\n" + "\n".join(f"{v},N,3,71" for v in X[:, 0])
    recording = read(text, **GIVEN)
    assert recording.leads == ("II",)
    assert has_note(recording, "Left out: annotation (not numbers)")
    assert has_note(recording, "Left out: resp, HR (bpm) (not an ECG lead)")


def test_single_column_is_called_ecg():
    for decimal in (".", ","):
        recording = read(table(values=X[:, :1], decimal=decimal), **GIVEN)
        assert recording.leads == ("ECG",)
        assert has_note(recording, "ECG is not known as a lead")
        assert np.allclose(recording.signal, X[:, :1].T)


def test_one_row_a_lead():
    values = np.tile(X, (5, 1)).T
    labelled = "\n".join(
        name + ";" + ";".join(map(str, row))
        for name, row in zip(("II", "V1", "V2"), values, strict=True)
    )
    recording = read(labelled, **GIVEN)
    assert recording.leads == ("II", "V1", "V2")
    assert np.allclose(recording.signal, values)
    assert has_note(recording, "transposed")
    bare = "\n".join(",".join(map(str, row)) for row in values)
    assert read(bare, lead_names=("V1", "V2", "V3"), **GIVEN).n_samples == 300


def test_empty_cells_are_absent_even_from_the_start():
    values = X.copy()
    values[:50, 1] = np.nan
    values[-1, 0] = np.nan
    text = table("V1,V2,V3", values=values).replace("nan", "")
    recording = read(text, **GIVEN)
    assert np.allclose(recording.signal, values.T, equal_nan=True)
    assert has_note(recording, "51 samples are marked as absent")


def test_only_absent_samples_are_refused():
    with pytest.raises(InvalidRecordingError, match="absent"):
        read("V1,V2\n" + "nan,nan\n" * 30, **GIVEN)


def test_one_sample_is_read_and_said():
    recording = read("V1,V2\n0.1,0.2\n", **GIVEN)
    assert recording.n_samples == 1
    assert has_note(recording, "lasts only 0.002 s")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [("1,2,3,4", "Line 32 has 4 fields, 3 are needed"), ("1,2", "has 2 fields"), ("1,x,3", "'x'")],
)
def test_rows_that_do_not_fit_are_named(row, sentence):
    lines = table("V1,V2,V3").splitlines()
    lines.insert(31, row)
    with pytest.raises(ReadError, match=sentence):
        read("\n".join(lines), **GIVEN)


def test_a_cut_last_row_is_left_out():
    recording = read(table("V1,V2,V3") + "0.1,0.", **GIVEN)
    assert recording.n_samples == 60
    assert has_note(recording, "last row is incomplete")


def test_trailing_delimiters_make_no_lead():
    text = "V1,V2,V3,\n" + "".join(",".join(map(str, row)) + ",\n" for row in X)
    assert read(text, **GIVEN).leads == ("V1", "V2", "V3")


def test_too_many_columns_are_refused():
    values = np.ones((100, 70))
    with pytest.raises(ReadError, match=r"70 columns and 101? rows"):
        read(table(values=values), **GIVEN)


def test_infinite_values_are_absent():
    recording = read("V1\n" + "0.1\n" * 10 + "1e300\n", **GIVEN)
    assert np.isnan(recording.signal[0, -1])
    assert has_note(recording, "infinite")


def test_an_amplitude_that_no_ecg_has_asks_for_the_unit():
    text = "\n" + "900\n-900\n" * 300
    for header, given in (("V1", "mV"), ("V1 (mV)", None)):
        with pytest.raises(MissingInformationError, match="1800 mV within a second") as caught:
            read(header + text, fs_hz=500, unit=given)
        assert caught.value.needs == ("unit",)
        recording = read(header + text, fs_hz=500, unit="uV")
        assert np.abs(recording.signal).max() == pytest.approx(0.9)
    assert has_note(recording, "the unit entered, uV, was used")


def test_one_lead_that_is_too_large_is_noted_and_what_is_no_lead_left_out():
    rows = "\n".join(f"{a},{900 * (-1) ** i},{900 * (-1) ** i}" for i, a in enumerate(LONG))
    recording = read(f"V1 (mV),V2 (mV),extra (mV)\n{rows}", fs_hz=500)
    assert recording.leads == ("V1", "V2")
    assert has_note(recording, "check the unit")
    assert has_note(recording, "Left out: extra (1800 mV within a second); too large for an ECG")


@pytest.mark.parametrize(
    "text",
    ["Dear all,\n\nplease find 2 files.\n", "# Title\n\n1. one\n2. two\n", "a,b\nc,d\n"],
)
def test_prose_is_no_table(text):
    with pytest.raises(EcgError, match="Not a supported ECG format"):
        read(text)


def test_normalised_units_can_be_declared():
    recording = read(table("V1,V2,V3"), fs_hz=500, unit="NU")
    assert recording.unit == "NU"


def test_values_written_as_infinite_are_absent():
    rows = "0.1,0.2\n0.3,inf\n-inf,Infinity\n" * 200
    recording = readers.read({"a.csv": f"# fs: 500\n# unit: mV\nI,V1\n{rows}".encode()})
    assert recording.leads == ("I", "V1")
    assert np.isnan(recording.signal).mean() == 0.5
