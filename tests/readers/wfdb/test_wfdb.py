"""WFDB: repairs, units, rates, segments, and faults told in one sentence."""

from datetime import datetime

import numpy as np
import pytest
import wfdb
from made_files import MAKERS, truth_mv
from reading import has_note

from ecgcore import readers
from ecgcore.errors import EcgError, ReadError, TooLargeError
from ecgcore.readers import ReadOptions, write_wfdb
from ecgcore.recording import Patient, Provenance, Recording


def record(header: str, samples=None, **files: bytes) -> dict[str, bytes]:
    if samples is not None:
        files["r.dat"] = np.asarray(samples, "<i2").tobytes()
    return {"r.hea": header.encode(), **files}


def one(extra: str = "", *, spec: str = "r.dat 16 1000/mV 16 0 1 6 0 II", n: int = 3) -> str:
    return f"r 1 500 {n}{extra}\n{spec}\n"


def read(header: str, samples=(1, 2, 3), **options):
    return readers.read(record(header, samples), options=ReadOptions(**options))


def test_record_line_with_extension_and_swapped_date_is_repaired():
    made = MAKERS["wfdb-mat"](None)
    header = (
        made.files["rec1.hea"]
        .decode()
        .replace("rec1 12 500 2000", "E00015.mat 12 500 2000 05-May-2020 14:50:55")
    )
    recording = readers.read({**made.files, "rec1.hea": header.encode()})
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    assert has_note(recording, "'E00015.mat'")
    assert has_note(recording, "05-May-2020 14:50:55")
    assert np.abs(recording.signal - truth_mv()).max() < 0.001


def test_a_standard_start_needs_no_note():
    recording = read(one(" 14:50:55 05/05/2020"))
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    assert not has_note(recording, "start")


@pytest.mark.parametrize("text", [" 99:99:99 05/05/2020", " 14:50:55 45/45/2020", " yesterday"])
def test_an_unreadable_start_is_left_out_with_a_note(text):
    recording = read(one(text))
    assert recording.start is None
    assert has_note(recording, "left out")


@pytest.mark.parametrize(
    ("comment", "age", "sex"),
    [
        ("#Age: 56\n#Sex: Male", 56, "male"),
        ("# <age>: 51  <sex>: F  <diagnoses>:", 51, "female"),
        ("# 69 M 1085 1629 x1\n# Aldomet, Inderal", 69, "male"),
        ("# -1 F 1085 1629 x1", None, "female"),
        ("# Age: NaN\n# Sex: Unknown", None, None),
        ("# Age: 300", None, None),
        ("# Average: 12\n# Dosage: 7", None, None),
    ],
)
def test_age_and_sex_come_from_comments(comment, age, sex):
    recording = read(one() + comment + "\n")
    assert (recording.patient.age_years, recording.patient.sex) == (age, sex)
    assert has_note(recording, "300 years") == ("300" in comment)


def test_missing_gain_and_unit_are_wfdb_defaults_and_are_noted():
    recording = read(one(spec="r.dat 16"), samples=(200, 400, -200))
    assert recording.signal.tolist() == [[1, 2, -1]]
    assert has_note(recording, "uncalibrated")
    assert has_note(recording, "names no unit")


def test_missing_rate_is_the_default_or_the_callers():
    header = "r 1\nr.dat 16 1000/mV 16 0 1 6 0 II\n"
    assert read(header).fs_hz == 250
    assert has_note(read(header), "default, 250 Hz")
    assert read(header, fs_hz=300).fs_hz == 300


def test_length_left_open_comes_from_the_file():
    assert read(one(n=0)).n_samples == 3


def test_normalised_units_stay_normalised_and_derive_nothing():
    header = "r 2 500 2\nr.dat 16 1000/NU 16 0 0 0 0 I\nr.dat 16 1000/NU 16 0 0 0 0 II\n"
    recording = read(header, samples=(1, 2, 3, 4))
    assert recording.unit == "NU"
    assert recording.leads == ("I", "II")
    assert recording.derived_leads == ()


def test_other_units_and_other_signals_are_left_out():
    header = (
        "r 4 500 2\nr.dat 16 1000/mV 16 0 0 0 0 MLII\nr.dat 16 10/mmHg 16 0 0 0 0 ABP\n"
        "r.dat 16 1000/mV 16 0 0 0 0 RESP\nr.dat 16 1/uV 16 0 0 0 0 V5\n"
    )
    recording = read(header, samples=(1, 2, 3, 4, 5, 6, 7, 8))
    assert recording.leads == ("MLII", "V5")
    assert recording.signal.tolist() == pytest.approx(np.array([[0.001, 0.005], [0.004, 0.008]]))
    assert has_note(recording, "Left out: ABP (mmHg), RESP (mV) (not an ECG lead)")


def test_no_voltage_at_all_is_refused_by_name():
    with pytest.raises(ReadError, match="ABP in mmHg"):
        read(one(spec="r.dat 16 10/mmHg 16 0 0 0 0 ABP"))


def test_absent_samples_are_nan():
    recording = read(one(), samples=(1, -32768, 3))
    assert np.isnan(recording.signal[0]).tolist() == [False, True, False]
    assert has_note(recording, "1 samples are marked as absent")


def test_a_wrong_checksum_is_noted():
    assert not has_note(read(one()), "checksum")
    assert has_note(read(one(), samples=(1, 2, 4)), "checksum of II")


def test_frames_keep_the_highest_rate():
    header = "r 2 250 2\nr.dat 16x2 1000/mV 16 0 0 0 0 II\nr.dat 16 1000/mV 16 0 0 0 0 V1\n"
    recording = read(header, samples=(1, 2, 9, 3, 4, 9))
    assert recording.fs_hz == 500
    assert recording.signal.tolist() == pytest.approx(np.array([[0.001, 0.002, 0.003, 0.004]]))
    assert has_note(recording, "Left out: V1 (sampled at a lower rate)")


def test_skewed_signals_are_aligned_as_wfdb_does(tmp_path):
    text = "r 2 500 4\nr.dat 16:1 1000/mV 16 0 0 0 0 II\nr.dat 16 1000/mV 16 0 0 0 0 V1\n"
    files = record(text, np.arange(8))
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    expected = wfdb.rdrecord(str(tmp_path / "r")).p_signal.T
    got = readers.read(files).signal
    assert np.array_equal(np.isnan(got), np.isnan(expected))
    assert np.allclose(got, expected, equal_nan=True)
    assert has_note(readers.read(files), "to an earlier time: II by 1 samples")
    header = b"r 1 500 8\nr.dat 8:1 1000/mV 16 0 0 0 0 II\n"
    with pytest.raises(ReadError, match="format 8 is shifted by 1 samples"):
        readers.read({"r.hea": header, "r.dat": bytes(8)})


def test_segments_are_joined_and_gaps_are_nan():
    files = {
        "m.hea": b"m/3 1 500 8\na 3\n~ 2\nb 3\n",
        "a.hea": b"a 1 500 3\na.dat 16 1000/mV 16 0 0 0 0 II\n",
        "b.hea": b"b 1 500 3\nb.dat 16 1/uV 16 0 0 0 0 II\n",
        "a.dat": np.array([1, 2, 3], "<i2").tobytes(),
        "b.dat": np.array([4, 5, 6], "<i2").tobytes(),
    }
    recording = readers.read(files)
    expected = [[0.001, 0.002, 0.003, np.nan, np.nan, 0.004, 0.005, 0.006]]
    assert np.allclose(recording.signal, expected, equal_nan=True)
    assert has_note(recording, "3 segments")
    del files["b.hea"]
    with pytest.raises(ReadError, match=r"b\.hea that the header names is missing"):
        readers.read(files, member="m.hea")


def test_second_lead_of_a_name_is_numbered_and_unknown_names_are_kept():
    header = "r 3 500 1\n" + "".join(
        f"r.dat 16 1000/mV 16 0 0 0 0 {name}\n" for name in ("V1", "v1", "weird\x07name" + "x" * 50)
    )
    recording = read(header, samples=(1, 2, 3))
    assert recording.leads[:2] == ("V1", "V1 (2)")
    assert len(recording.leads[2]) == 32
    assert recording.leads[2].isprintable()
    assert has_note(recording, "shown as V1 (2)")
    assert has_note(recording, "not known as a lead")


@pytest.mark.parametrize("fmt", ["wfdb-16", "wfdb-212", "wfdb-mat", "wfdb-516-flac", "wfdb-310"])
def test_truncated_signal_files_say_what_is_missing(fmt, tmp_path):
    files = MAKERS[fmt](tmp_path).files
    name = next(name for name in files if not name.endswith(".hea"))
    with pytest.raises(ReadError, match=r"truncated.*2000 samples"):
        readers.read({**files, name: files[name][: len(files[name]) // 2]})


def test_header_without_its_signal_names_the_file(tmp_path):
    files = MAKERS["wfdb-16"](tmp_path).files
    with pytest.raises(ReadError, match=r"rec1\.dat that the header names is missing"):
        readers.read({"rec1.hea": files["rec1.hea"]})
    (tmp_path / "rec1.dat").unlink()
    with pytest.raises(ReadError, match=r"rec1\.dat that the header names is missing"):
        readers.read(tmp_path / "rec1")


def test_signal_without_its_header_asks_for_it(tmp_path):
    files = MAKERS["wfdb-16"](tmp_path).files
    with pytest.raises(ReadError, match=r"give its header rec1\.hea"):
        readers.read({"rec1.dat": files["rec1.dat"]})
    assert readers.read(tmp_path / "rec1.dat").n_leads == 12


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (
            "r 1 500 3\n../x.dat 16 1000/mV 16 0 0 0 0 II\n",
            "x.dat that the header names is missing",
        ),
        ("r 1 500 3\n/etc/passwd 16 1000/mV 16 0 0 0 0 II\n", "file passwd .* is missing"),
        ("r 1 500 3\n../ 16 1000/mV 16 0 0 0 0 II\n", "a plain file name is needed"),
        ("r 1 500 3\na/.. 16 1000/mV 16 0 0 0 0 II\n", "a plain file name is needed"),
        ("r/1 1 500 3\n../s 3\n", "segment s.hea that the header names is missing"),
        (
            "r 2 500 3\na/r.dat 16 1000/mV 16 0 0 0 0 I\nb/r.dat 16 1000/mV 16 0 0 0 0 II\n",
            "in several folders",
        ),
        ("r 1 500 999999999999\nr.dat 16 1000/mV 16 0 0 0 0 II\n", "truncated"),
        ("r 999999999 500 3\nr.dat 16 1000/mV 16 0 0 0 0 II\n", "number of signals"),
        ("r 2 500 3\nr.dat 16 1000/mV 16 0 0 0 0 II\n", "describes 1"),
        ("r 1 0 3\nr.dat 16 1000/mV 16 0 0 0 0 II\n", "sampling rate"),
        ("r 1 nan 3\nr.dat 16 1000/mV 16 0 0 0 0 II\n", "sampling rate"),
        ("r 1 500 3\nr.dat 999 1000/mV 16 0 0 0 0 II\n", "format '999'"),
        ("r 1 500 3\nr.dat 16x0 1000/mV 16 0 0 0 0 II\n", "samples per frame"),
        ("r 1 500 3\nr.dat 16 loud/mV 16 0 0 0 0 II\n", "gain 'loud/mV'"),
        ("r 1 500 3\n~ 16 1000/mV 16 0 0 0 0 II\n", "no signal file"),
        ("r 0 500 3\n", "declares no signals"),
        ("r\n", "Not a supported ECG format"),
    ],
)
def test_impossible_headers_are_refused_in_one_sentence(header, sentence):
    with pytest.raises(EcgError, match=sentence) as caught:
        read(header)
    assert "\n" not in str(caught.value)


def test_very_many_compressed_samples_are_refused(tmp_path):
    files = MAKERS["wfdb-516-flac"](tmp_path).files
    with pytest.raises(ReadError, match="up to 1000 together"):
        readers.read(files, options=ReadOptions(max_samples=1000))


def test_lead_names_rename_and_leave_out():
    header = "r 2 500 1\nr.dat 16 1000/mV 16 0 0 0 0 a\nr.dat 16 1000/mV 16 0 0 0 0 b\n"
    assert read(header, samples=(1, 2), lead_names=("", "V3")).leads == ("V3",)
    with pytest.raises(EcgError, match=r"1 lead names were given for 2 channels \(a, b\)"):
        read(header, samples=(1, 2), lead_names=("V3",))


def test_case_of_file_names_may_differ(tmp_path):
    files = MAKERS["wfdb-16"](tmp_path).files
    recording = readers.read({"REC1.HEA": files["rec1.hea"], "REC1.DAT": files["rec1.dat"]})
    assert has_note(recording, "REC1.DAT was read")


def recording_to_write(signal, **fields) -> Recording:
    return Recording(signal=np.asarray(signal), fs_hz=360.5, leads=("MLII",), **fields)


def test_written_records_come_back_the_same(tmp_path):
    signal = np.round(np.random.default_rng(0).normal(0, 0.5, (1, 50)), 3)
    signal[0, 7] = np.nan
    original = recording_to_write(
        signal,
        start=datetime(2020, 5, 5, 1, 2, 3),
        patient=Patient(56, "male", {"name": "Doe"}),
        provenance=Provenance(simulated=True),
    )
    path = write_wfdb(original, tmp_path / "new", "case_1", comments=["Dx: none"])
    again = readers.read(path)
    assert np.array_equal(again.signal, original.signal, equal_nan=True)
    assert (again.fs_hz, again.leads, again.start) == (360.5, ("MLII",), original.start)
    assert (again.patient.age_years, again.patient.sex) == (56, "male")
    assert again.provenance.simulated
    assert "Doe" not in path.read_text(encoding="utf-8")
    assert np.allclose(wfdb.rdrecord(str(path)[:-4]).p_signal.T, signal, equal_nan=True)


def test_large_amplitudes_are_written_wider(tmp_path):
    original = recording_to_write([[0.001, 500.0, -500.0]])
    assert np.array_equal(readers.read(write_wfdb(original, tmp_path, "w")).signal, original.signal)


def test_bad_names_and_folders_are_refused(tmp_path):
    original = recording_to_write([[0.0]])
    with pytest.raises(EcgError, match="record name"):
        write_wfdb(original, tmp_path, "../x")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(EcgError, match="cannot be written"):
        write_wfdb(original, tmp_path / "file", "x")


def test_a_large_signal_file_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "r.hea").write_text(one(), encoding="utf-8")
    with (tmp_path / "r.dat").open("wb") as file:
        file.truncate(300 * 2**20)
    with pytest.raises(TooLargeError, match="larger than 200 MB"):
        readers.read(tmp_path / "r")


def test_a_gain_too_small_for_any_number_is_refused_in_a_sentence():
    header = b"x 1 500 4\nx.dat 16 1e-305/mV 16 0 0 0 0 I\n"
    with pytest.raises(EcgError):
        readers.read({"x.hea": header, "x.dat": np.array([900, -900, 3, 4], "<i2").tobytes()})


@pytest.mark.parametrize(
    "written",
    ["beats/r.dat", "./r.dat", "../r.dat", "/data/r.dat", r"C:\ecg\r.dat", "http://x/r.dat"],
)
def test_a_folder_before_a_name_is_passed_over_with_a_note(written, tmp_path):
    files = record(one(spec=f"{written} 16 1000/mV 16 0 0 0 0 II"), (1, 2, 3))
    recording = readers.read(files)
    assert recording.signal.tolist() == pytest.approx(np.array([[0.001, 0.002, 0.003]]))
    assert has_note(recording, "what lies beside the header was read")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "r.hea").write_bytes(files["r.hea"])
    (tmp_path / "r.dat").write_bytes(files["r.dat"])  # where "../r.dat" would lead
    with pytest.raises(ReadError, match=r"r\.dat .* is missing"):
        readers.read(inside / "r.hea")


def test_a_folder_in_the_record_line_is_no_number_of_segments():
    lines = "r.dat 16 1000/mV 16 0 0 0 0 II\n"
    recording = read(f"mitdb/100 1 500 3\n{lines}", samples=(1, 2, 3))
    assert recording.leads == ("II",)
    assert read(f"a/b/rec 1 500 3\n{lines}", samples=(1, 2, 3)).fs_hz == 500


@pytest.mark.parametrize(
    ("unit", "encoding"),
    [("uV", "utf-8"), ("/uV", "utf-8"), ("µV", "utf-8"), ("\u03bcV", "utf-8"), ("µV", "latin-1")],
)
def test_units_behind_slashes_and_in_older_encodings(unit, encoding):
    header = one(spec=f"r.dat 16 2(0)/{unit} 16 0 0 0 0 II").encode(encoding)
    files = {**record(one(), (1, 2, 3)), "r.hea": header}
    assert readers.read(files).signal[0, 1] == pytest.approx(0.001)


def study(*signals: tuple[str, str]) -> str:
    """A header in which all signals lie in one file."""
    lines = [f"r.dat 16 1000(0)/{unit} 16 0 0 0 0 {name}" for name, unit in signals]
    return "\n".join([f"r {len(lines)} 500 2", *lines]) + "\n"


def test_a_sleep_study_gives_its_ecg_and_names_the_rest():
    signals = [
        ("Chin", "uV"),
        ("Left Leg", "uV"),
        ("C3-A2", "uV"),
        ("Flow", "l/min"),
        ("ECG", "mV"),
    ]
    recording = read(study(*signals), samples=range(10))
    assert recording.leads == ("ECG",)
    assert has_note(recording, "Left out: Chin (uV), Left Leg (uV), C3-A2 (uV), Flow (l/min)")
    with pytest.raises(ReadError, match="Chin in uV, Left Leg in uV, C3-A2 in uV"):
        read(study(*signals[:-1]), samples=range(8))


@pytest.mark.parametrize("unit", ["mg", "g", "mmHg", "adu"])
def test_axes_are_no_frank_leads(unit):
    axes = [(name, unit) for name in "XYZ"]
    assert read(study(("II", "mV"), *axes), samples=range(8)).leads == ("II",)
    with pytest.raises(ReadError, match=f"X in {unit}"):
        read(study(*axes), samples=range(6))


def test_frank_leads_are_three_and_in_volts():
    frank = [("I", "mV"), *((name, "mV") for name in ("vx", "vy", "vz"))]
    assert read(study(*frank), samples=range(8)).leads == ("I", "X", "Y", "Z")
    assert read(study(("I", "mV"), ("X", "mV")), samples=range(4)).leads == ("I",)


def test_numbered_channels_keep_their_names_and_derive_nothing():
    for names in (("ECG1", "ECG2", "ECG3"), ("Channel 1", "Channel 2", "Channel 3"), "123"):
        recording = read(study(*((name, "mV") for name in names)), samples=range(6))
        assert recording.leads == tuple(names)
        assert recording.derived_leads == ()


def test_leads_are_named_one_by_one():
    recording = read(study(("ECG", "mV"), ("Chin", "uV")), samples=range(4), lead_names=("ECG=II",))
    assert recording.leads == ("II",)
    assert read(
        study(("ECG", "mV"), ("Chin", "uV")), samples=range(4), lead_names=("V5",)
    ).leads == ("V5",)
    two = study(("ECG", "mV"), ("ECG", "mV"))
    recording = read(two, samples=range(4), lead_names=("ECG=I", "ECG (2)=II"))
    assert recording.leads == ("I", "II", "III", "aVR", "aVL", "aVF")
    assert recording.derived_leads == ("III", "aVR", "aVL", "aVF")


def test_what_is_no_named_ecg_never_decides_on_the_rate():
    header = "r 2 250 2\nr.dat 16 1000/mV 16 0 0 0 0 ECG\nr.dat 16x4 1000/mV 16 0 0 0 0 other\n"
    recording = read(header, samples=range(10))
    assert (recording.leads, recording.fs_hz) == (("ECG",), 250)
    assert has_note(recording, "Left out: other (mV) (not an ECG lead)")
