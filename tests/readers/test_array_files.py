"""MATLAB, NumPy, JSON and Parquet: layouts of the wild, what is asked for, what is refused."""

import io
import json
import struct
import zipfile
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
from made_files import FS_HZ, N_SAMPLES, truth_mv, wfdb_mat

from ecgcore import readers
from ecgcore.errors import EcgError, MissingInformationError, ReadError, TooLargeError
from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions, mat_file

TOLD = {"fs_hz": FS_HZ, "unit": "mV"}
NAMED = {**TOLD, "lead_names": STANDARD_12}


def read(name: str, data: bytes, **options):
    return readers.read({name: data}, options=ReadOptions(**options))


def matlab(content: dict, **options) -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, content, **options)
    return stream.getvalue()


def numpy_zip(**arrays) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def parquet(table: pa.Table, **options) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def is_truth(recording) -> bool:
    same = recording.leads == STANDARD_12 and recording.fs_hz == FS_HZ
    return same and float(np.abs(recording.signal - truth_mv()).max()) < 1e-6


# What is missing is asked for


def test_everything_missing_is_asked_for_at_once():
    stream = io.BytesIO()
    np.save(stream, truth_mv())
    for name, data in (
        ("a.mat", matlab({"val": truth_mv()})),
        ("a.npy", stream.getvalue()),
        ("a.json", json.dumps(truth_mv().tolist()).encode()),
    ):
        with pytest.raises(MissingInformationError) as caught:
            read(name, data)
        assert caught.value.needs == ("fs_hz", "unit", "lead_names")
        assert is_truth(read(name, data, **NAMED))


def test_leads_named_and_the_rest_asked_for():
    data = json.dumps({"I": [0.1] * 600, "II": [0.2] * 600}).encode()
    with pytest.raises(MissingInformationError) as caught:
        read("a.json", data)
    assert caught.value.needs == ("fs_hz", "unit")


def test_what_the_file_says_counts():
    data = numpy_zip(signal=truth_mv() * 1000, fs=FS_HZ, unit="uV", leads=np.array(STANDARD_12))
    recording = read("a.npz", data, fs_hz=100, unit="V")
    assert is_truth(recording)
    text = " ".join(recording.notes)
    assert "100 Hz, was not used" in text
    assert "V, was not used" in text


def test_a_lead_with_a_point_in_its_name_is_not_lost():
    leads = {"I": [0.1] * 600, "II": [0.2] * 600, "dev.1=x": [0.3] * 600}
    recording = read("a.json", json.dumps({"fs": 500, "unit": "mV", "leads": leads}).encode())
    assert "dev.1=x" in recording.leads


def test_wrong_number_of_names_is_refused():
    with pytest.raises(EcgError, match="3 lead names were given for 12"):
        read("a.mat", matlab({"val": truth_mv()}), **TOLD, lead_names=("I", "II", "III"))


def test_normalised_units_stay_normalised():
    leads = dict(zip(STANDARD_12, truth_mv().tolist(), strict=True))
    data = json.dumps({"fs": 500, "unit": "NU", "leads": leads}).encode()
    assert read("a.json", data).unit == "NU"


# Orientation


@pytest.mark.parametrize("turned", [False, True])
def test_either_orientation(turned):
    values = truth_mv().T if turned else truth_mv()
    assert is_truth(read("a.mat", matlab({"val": values}), **NAMED))


def test_single_lead_in_any_shape():
    row = truth_mv()[1]
    for values in (row, row[np.newaxis], row[:, np.newaxis], row[np.newaxis, :, np.newaxis]):
        recording = read("a.npz", numpy_zip(signal=values), **TOLD, lead_names=("II",))
        assert recording.leads == ("II",)
        assert np.abs(recording.signal[0] - row).max() < 1e-6
    assert read("a.npz", numpy_zip(signal=row), **TOLD).leads == ("ECG",)


def test_short_recording_is_settled_by_names():
    values = truth_mv()[:, :8]
    recording = read("a.mat", matlab({"val": values}), **NAMED)
    assert recording.signal.shape == (12, 8)


def test_square_is_refused():
    with pytest.raises(ReadError, match="which axis"):
        read("a.mat", matlab({"val": np.ones((20, 20))}), **TOLD)


def test_too_many_leads_is_refused():
    with pytest.raises(ReadError, match="at most 64"):
        read("a.mat", matlab({"val": np.ones((100, 200))}), **TOLD)


def test_three_axes_are_refused():
    with pytest.raises(ReadError, match="leads x samples"):
        read("a.npz", numpy_zip(signal=np.ones((2, 12, 500))), **TOLD)


# MATLAB


def test_matlab_facts_of_odd_shape_are_no_facts():
    odd = np.empty(2, dtype=object)
    odd[:] = ["mV", np.ones(3)]
    data = matlab({"val": truth_mv(), "unit": odd, "fs": np.ones((2, 2)), "leads": odd})
    assert is_truth(read("a.mat", data, **NAMED))


def test_matlab_empty_compressed_element_is_damage():
    packed = zlib.compress(b"1234")
    data = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + struct.pack("<2I", 15, len(packed))
    with pytest.raises(ReadError, match="damaged"):
        read("a.mat", data + packed, **TOLD)


def test_matlab_nested_without_end_is_refused():
    value: object = np.ones(3)
    for _ in range(12):
        value = {"a": value}
    with pytest.raises(ReadError, match="nested"):
        read("a.mat", matlab({"ECG": value}), **TOLD)


def test_matlab_header_beside_makes_it_wfdb(tmp_path):
    made = wfdb_mat(tmp_path)
    for name, data in made.files.items():
        (tmp_path / name).write_bytes(data)
    recording = readers.read(tmp_path / "rec1.mat")
    assert recording.provenance.format == "WFDB"
    assert np.abs(recording.signal - truth_mv()).max() < 0.00051


def test_matlab_of_physionet_without_its_header(tmp_path):
    made = wfdb_mat(tmp_path)
    recording = read("rec1.mat", made.files["rec1.mat"], **{**NAMED, "unit": "uV"})
    assert np.abs(recording.signal - truth_mv()).max() < 0.00051
    assert recording.provenance.format == "MATLAB"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8", "u1", "i8"])
def test_matlab_storage_types(compressed, dtype):
    values = np.arange(3000).reshape(3, 1000) % 101
    data = matlab({"val": values.astype(dtype)}, do_compression=compressed)
    found = mat_file.variables(data, max_bytes=10**7)["val"]
    assert np.array_equal(found, values)


def test_matlab_agrees_with_scipy():
    content = {
        "val": truth_mv(),
        "fs": 500.0,
        "name": "Ärzte",
        "names": np.array(["I", "II"], dtype=object),
        "s": {"a": np.arange(4.0), "b": {"c": "x"}},
        "flag": True,
    }
    found = mat_file.variables(matlab(content, do_compression=True), max_bytes=10**7)
    assert np.array_equal(found["val"], truth_mv())
    assert found["fs"].item() == 500.0
    assert found["name"] == "Ärzte"
    assert found["names"] == ["I", "II"]
    assert found["s"]["a"].ravel().tolist() == [0, 1, 2, 3]
    assert found["s"]["b"]["c"] == "x"


def test_matlab_big_endian_level_4():
    values = truth_mv()
    head = struct.pack(">5I", 1000, *values.shape, 0, 4) + b"val\0"
    data = head + values.T.astype(">f8").tobytes()
    assert is_truth(read("a.mat", data, **NAMED))


def test_matlab_struct_array_and_complex_are_no_samples():
    data = matlab({"z": np.ones((2, 900)) * 1j, "val": truth_mv()})
    assert is_truth(read("a.mat", data, **NAMED))
    with pytest.raises(ReadError, match="no array of numbers"):
        read("a.mat", matlab({"z": np.ones((2, 900)) * 1j}), **TOLD)


def test_matlab_one_array_a_lead_and_time():
    rows = dict(zip(STANDARD_12, truth_mv(), strict=True))
    data = matlab({**rows, "t": np.arange(N_SAMPLES) / FS_HZ, "Unit": "mV"})
    assert is_truth(read("a.mat", data))


def test_matlab_several_arrays_are_not_guessed():
    data = matlab({"first": np.ones((2, 900)), "second": np.zeros((2, 900))})
    with pytest.raises(ReadError, match="several arrays"):
        read("a.mat", data, **TOLD)


def test_matlab_7_3_says_what_to_do():
    data = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n"
    with pytest.raises(ReadError, match="-v7"):
        read("a.mat", data)


def test_matlab_bomb_is_refused():
    whole = struct.pack("<2I", 14, 2**28) + b"\0" * 2**24
    packed = zlib.compress(whole)
    data = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + struct.pack("<2I", 15, len(packed))
    with pytest.raises(TooLargeError, match="expands"):
        read("a.mat", data + packed, max_expanded_bytes=2**20, **TOLD)


def test_matlab_that_announces_more_than_it_has():
    data = struct.pack("<5I", 0, 12, 2**31, 0, 4) + b"val\0" + bytes(100)
    with pytest.raises(ReadError, match="truncated"):
        read("a.mat", data, **TOLD)


def test_matlab_listed_in_a_folder_by_its_variable(tmp_path):
    (tmp_path / "a.mat").write_bytes(matlab({"val": truth_mv()}, do_compression=True))
    (tmp_path / "b.mat").write_bytes(matlab({"weights": np.ones((3, 3))}))
    assert readers.find_recordings(tmp_path) == [tmp_path / "a.mat"]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, 1e308])
def test_numbers_that_cannot_be(value):
    rows = {"I": truth_mv()[0].copy(), "II": truth_mv()[1], "t": np.arange(N_SAMPLES) / FS_HZ}
    rows["I"][5] = value
    recording = read("a.npz", numpy_zip(**rows), unit="mV")
    assert np.isnan(recording.lead("I")).nonzero()[0].tolist() == [5]
    rows["t"][7] = value
    with pytest.raises(EcgError, match="time column"):
        read("a.npz", numpy_zip(**rows), unit="mV")


def test_signalling_nan_is_absent():
    values = truth_mv().copy()
    values.view("<u8")[0, 3] = 0x7FF0000000000001
    recording = read("a.mat", matlab({"val": values}), **NAMED)
    assert np.isnan(recording.lead("I")[3])


# NumPy


def test_numpy_objects_are_never_unpickled():
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was loaded",))

    stream = io.BytesIO()
    np.save(stream, np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(ReadError, match="no pickled objects"):
        read("a.npy", stream.getvalue(), **TOLD)
    with pytest.raises(ReadError, match="no pickled objects"):
        read("a.npz", numpy_zip(signal=np.array([Trap()], dtype=object)), **TOLD)


def test_numpy_objects_beside_samples_are_left_out():
    data = numpy_zip(signal=truth_mv(), labels=np.array([None, 1], dtype=object))
    recording = read("a.npz", data, **NAMED)
    assert is_truth(recording)
    assert "labels was left out" in " ".join(recording.notes)


def test_numpy_fortran_order_and_other_types():
    for values in (np.asfortranarray(truth_mv()), truth_mv().astype(">f8")):
        assert is_truth(read("a.npz", numpy_zip(x=values), **NAMED))


def test_numpy_bomb_is_refused():
    data = numpy_zip(signal=np.zeros((12, 10**6)))
    assert len(data) < 200_000
    with pytest.raises(TooLargeError, match="expands"):
        read("a.npz", data, max_expanded_bytes=10**6, **TOLD)


def test_numpy_absurd_header_is_refused_without_memory():
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "<f8", "fortran_order": False, "shape": (12, 2 * 10**9)}
    )
    with pytest.raises(TooLargeError):
        read("a.npy", stream.getvalue() + bytes(64), **TOLD)


def test_numpy_truncated():
    stream = io.BytesIO()
    np.save(stream, truth_mv())
    with pytest.raises(ReadError, match="truncated"):
        read("a.npy", stream.getvalue()[:-100], **NAMED)


def test_numpy_encrypted_or_damaged_zip():
    data = bytearray(numpy_zip(signal=truth_mv()))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(ReadError, match="damaged"):
        read("a.npz", bytes(data), **NAMED)


def test_numpy_archive_of_an_unusual_method_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("signal.npy", b"0" * 1000)
    with pytest.raises(ReadError, match="unusual method"):
        read("a.npz", stream.getvalue())


@pytest.mark.parametrize("name", ["unit", "leads"])
def test_numpy_texts_that_python_cannot_hold_are_damage(name):
    stream = io.BytesIO()
    np.save(stream, np.array(["mV", "uV"]))
    broken = stream.getvalue()[:-1] + b"\x7f"
    content = numpy_zip(signal=truth_mv()[:2])
    with zipfile.ZipFile(archived := io.BytesIO(content), "a") as archive:
        archive.writestr(f"{name}.npy", broken)
    with pytest.raises(ReadError, match="damaged"):
        read("a.npz", archived.getvalue(), fs_hz=500, unit="mV")


def test_a_zip_of_records_is_no_numpy_file(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.csv", "time (s),I (mV)\n0.000,0.1\n0.002,0.2\n0.004,0.3\n")
    assert read("a.zip", stream.getvalue()).provenance.format == "CSV"


def test_numpy_listed_in_a_folder_by_shape(tmp_path):
    np.save(tmp_path / "a.npy", truth_mv())
    np.save(tmp_path / "b.npy", np.ones((500, 700)))
    (tmp_path / "c.npz").write_bytes(numpy_zip(signal=truth_mv()))
    (tmp_path / "d.npz").write_bytes(numpy_zip(embedding=truth_mv()))
    found = [path.name for path in readers.find_recordings(tmp_path)]
    assert found == ["a.npy", "c.npz"]


# JSON


def leads_of_truth() -> dict[str, list[float]]:
    return dict(zip(STANDARD_12, truth_mv().tolist(), strict=True))


JSON_FORMS = {
    "flat": lambda: {"fs": 500, "unit": "mV", **leads_of_truth()},
    "nested": lambda: {"meta": {"sampling_rate": "500 Hz", "units": "mV"}, "ecg": leads_of_truth()},
    "matrix": lambda: {
        "fs": 500, "unit": "mV", "leads": list(STANDARD_12), "data": truth_mv().tolist()
    },
    "samples first": lambda: {
        "fs": 500, "unit": "mV", "channels": list(STANDARD_12), "signal": truth_mv().T.tolist()
    },
    "objects a sample": lambda: {
        "fs": 500,
        "unit": "mV",
        "samples": [dict(zip(STANDARD_12, row, strict=True)) for row in truth_mv().T.tolist()],
    },
    "list of leads": lambda: {
        "sampleRate": 500,
        "unit": "mV",
        "leads": [{"lead": n, "values": v} for n, v in leads_of_truth().items()],
    },
    "time": lambda: {
        "time_ms": [2.0 * i for i in range(N_SAMPLES)],
        **{f"{n} (mV)": v for n, v in leads_of_truth().items()},
    },
}  # fmt: skip


@pytest.mark.parametrize("form", list(JSON_FORMS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_forms(form, encoding):
    data = json.dumps(JSON_FORMS[form]()).encode(encoding)
    assert is_truth(read("a.json", data))


def test_json_null_is_absent():
    values = [0.5] * 600
    data = json.dumps({"fs": 500, "unit": "mV", "leads": {"I": [None, *values]}}).encode()
    recording = read("a.json", data)
    assert np.isnan(recording.signal[0, 0])
    assert np.isnan(recording.signal).sum() == 1


def test_json_other_signals_are_left_out():
    content = {"fs": 500, "unit": "mV", "leads": {**leads_of_truth(), "Resp": [1.0] * N_SAMPLES}}
    recording = read("a.json", json.dumps(content).encode())
    assert is_truth(recording)
    assert "Left out: Resp (not an ECG lead)" in " ".join(recording.notes)


def test_json_start_device_and_no_name():
    content = {"fs": 500, "unit": "mV", "leads": leads_of_truth(), "start": "2020-05-05T14:50:55Z"}
    content |= {"device": "M1", "patient": {"name": "Jane Doe", "birthDate": "1964-01-02"}}
    recording = read("a.json", json.dumps(content).encode(), keep_identity=False)
    assert recording.start.isoformat() == "2020-05-05T14:50:55"
    assert recording.provenance.device == "M1"
    assert "Jane" not in repr(recording)


@pytest.mark.parametrize(
    "text",
    [
        '{"fs": 500, "leads": {"I": [1, 2',
        '{"leads": {"I": [1, 2, 3], "II": [1, 2]}, "fs": 500, "unit": "mV"}',
        '{"leads": [["I"]]}',
        '{"I": "no numbers"}',
        '{"I": {}}',
        '{"I": [], "II": []}',
        "[" * 5000,
        '{"a":' * 5000,
        '{"I": [1, 2, "3", 4], "fs": 500, "unit": "mV"}',
        '{"I": [1, 2, 3, 4], "I": [2, 3, 4, 5], "fs": 500, "unit": "mV"}',
        '{"I": [' + "1" * 6000 + ', 2, 3], "fs": 500}',
    ],
)
def test_json_that_is_none(text):
    with pytest.raises(EcgError):
        read("a.json", text.encode(), unit="mV")


def test_json_of_too_many_values(monkeypatch):
    monkeypatch.setattr(readers.json_, "MAX_VALUES", 1000)
    with pytest.raises(TooLargeError):
        read("a.json", json.dumps(JSON_FORMS["flat"]()).encode())


def test_fhir_is_not_taken_for_a_table():
    text = json.dumps({"resourceType": "Patient", "I": [1.0] * 600})
    assert not readers.json_.sniff("a.json", text.encode())


def test_units_and_names_as_the_wfdb_package_hands_them():
    data = numpy_zip(
        p_signal=truth_mv().T, fs=500, sig_name=list(STANDARD_12), units=["mV"] * 12, sig_len=2000
    )
    assert is_truth(read("a.npz", data))


def test_names_with_lead_in_front():
    content = {"frequency": 500, "samples": {f"lead{n}": v for n, v in leads_of_truth().items()}}
    assert is_truth(read("a.json", json.dumps(content).encode(), unit="mV"))


def test_one_row_for_each_lead_and_sample_is_refused():
    rows = [{"lead": n, "value": 0.1 * i} for n in ("I", "II") for i in range(300)]
    with pytest.raises(ReadError, match="one column a lead"):
        read("a.json", json.dumps(rows).encode(), **TOLD)
    with pytest.raises(ReadError, match="one column a lead"):
        read("a.parquet", parquet(pa.Table.from_pylist(rows)), **TOLD)


# Parquet


def table_of_truth(scale: float = 1.0) -> pa.Table:
    return pa.table(dict(zip(STANDARD_12, truth_mv() * scale, strict=True)))


def test_parquet_asked_for():
    data = parquet(table_of_truth())
    with pytest.raises(MissingInformationError) as caught:
        read("a.parquet", data)
    assert caught.value.needs == ("fs_hz", "unit")
    assert is_truth(read("a.parquet", data, **TOLD))


def test_parquet_of_pandas_with_attributes_and_index():
    frame = pd.DataFrame(truth_mv().T, columns=STANDARD_12, index=np.arange(5, 5 + N_SAMPLES))
    frame.attrs = {"fs": 500, "unit": "mV", "age": 56}
    stream = io.BytesIO()
    frame.to_parquet(stream)
    recording = read("a.parquet", stream.getvalue())
    assert is_truth(recording)
    assert recording.patient.age_years == 56


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_parquet_timestamps_give_the_rate(unit):
    start = np.datetime64("2020-05-05T14:50:55", unit)
    times = start + (np.arange(N_SAMPLES) * 2).astype("timedelta64[ms]").astype(
        f"timedelta64[{unit}]"
    )
    table = table_of_truth().append_column("recorded", pa.array(times))
    assert is_truth(read("a.parquet", parquet(table), unit="mV"))


def test_parquet_of_lists_says_what_to_do():
    table = pa.table({n: [row.tolist()] for n, row in zip(STANDARD_12, truth_mv(), strict=True)})
    with pytest.raises(ReadError, match="one row a sample"):
        read("a.parquet", parquet(table), **TOLD)


def test_parquet_with_a_damaged_footer_never_ends_the_process():
    data = bytearray(parquet(table_of_truth()))
    rng = np.random.default_rng(4)
    size = int.from_bytes(data[-8:-4], "little")
    for _ in range(300):
        damaged = bytearray(data)
        damaged[len(data) - 8 - int(rng.integers(1, size))] = int(rng.integers(256))
        try:
            read("a.parquet", bytes(damaged), **TOLD)
        except EcgError as error:
            assert str(error).endswith(".")  # noqa: PT017


def test_parquet_null_is_absent_and_text_is_left_out():
    columns = {"I": pa.array([None, 0.5] * 300), "note": ["x"] * 600}
    recording = read("a.parquet", parquet(pa.table(columns)), **TOLD)
    assert np.isnan(recording.signal[0]).sum() == 300
    assert "note was left out" in " ".join(recording.notes)


def test_parquet_of_huge_expansion_is_refused_before_reading():
    table = pa.table({"I": np.zeros(3_000_000)})
    data = parquet(table)
    assert len(data) < 100_000
    with pytest.raises(TooLargeError, match="values"):
        read("a.parquet", data, **TOLD, max_samples=1_000_000)


def test_parquet_without_samples():
    for table in (pa.table({"a": ["x"]}), pa.table({"I": pa.array([], pa.float64())})):
        with pytest.raises(ReadError):
            read("a.parquet", parquet(table), **TOLD)


def test_parquet_cut():
    with pytest.raises(ReadError, match="damaged"):
        read("a.parquet", parquet(table_of_truth())[:-50], **TOLD)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"gain": 200}, "gain 200"),
        ({"adc_gain": [500, 1000]}, "adc_gain 500 ..."),
        ({"Amplitude Resolution": 2.5, "baseline": 1024}, "Amplitude Resolution 2.5 and baseline"),
        ({"gain": 1, "offset": 0}, None),
        ({"gain": "high"}, None),
    ],
)
def test_a_step_beside_the_samples_is_never_ignored_in_silence(more, told):
    content = {"fs": 500, "unit": "mV", "leads": {"I": [0.1] * 600, "II": [0.2] * 600}} | more
    recording = readers.read({"a.json": json.dumps(content).encode()})
    notes = [note for note in recording.notes if "was not applied" in note]
    assert [told in note for note in notes] == ([True] if told else [])
