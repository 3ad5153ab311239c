"""MATLAB and NumPy: what they hold, and what they do not say."""

import io
import json
import struct
import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
from made_files import FS_HZ, N_SAMPLES, truth_mv, wfdb_mat
from reading import is_truth, read_named

from ecgcore import readers
from ecgcore.errors import EcgError, MissingInformationError, ReadError, TooLargeError
from ecgcore.leads import STANDARD_12
from ecgcore.readers.binary import mat_file

TOLD = {"fs_hz": FS_HZ, "unit": "mV"}


NAMED = {**TOLD, "lead_names": STANDARD_12}


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


def test_everything_missing_is_asked_for_at_once():
    stream = io.BytesIO()
    np.save(stream, truth_mv())
    for name, data in (
        ("a.mat", matlab({"val": truth_mv()})),
        ("a.npy", stream.getvalue()),
        ("a.json", json.dumps(truth_mv().tolist()).encode()),
    ):
        with pytest.raises(MissingInformationError) as caught:
            read_named(name, data)
        assert caught.value.needs == ("fs_hz", "unit", "lead_names")
        assert is_truth(read_named(name, data, **NAMED))


def test_leads_named_and_the_rest_asked_for():
    data = json.dumps({"I": [0.1] * 600, "II": [0.2] * 600}).encode()
    with pytest.raises(MissingInformationError) as caught:
        read_named("a.json", data)
    assert caught.value.needs == ("fs_hz", "unit")


def test_what_the_file_says_counts():
    data = numpy_zip(signal=truth_mv() * 1000, fs=FS_HZ, unit="uV", leads=np.array(STANDARD_12))
    recording = read_named("a.npz", data, fs_hz=100, unit="V")
    assert is_truth(recording)
    text = " ".join(recording.notes)
    assert "100 Hz, was not used" in text
    assert "V, was not used" in text


def test_a_lead_with_a_point_in_its_name_is_not_lost():
    leads = {"I": [0.1] * 600, "II": [0.2] * 600, "dev.1=x": [0.3] * 600}
    recording = read_named("a.json", json.dumps({"fs": 500, "unit": "mV", "leads": leads}).encode())
    assert "dev.1=x" in recording.leads


def test_wrong_number_of_names_is_refused():
    with pytest.raises(EcgError, match="3 lead names were given for 12"):
        read_named("a.mat", matlab({"val": truth_mv()}), **TOLD, lead_names=("I", "II", "III"))


def test_normalised_units_stay_normalised():
    leads = dict(zip(STANDARD_12, truth_mv().tolist(), strict=True))
    data = json.dumps({"fs": 500, "unit": "NU", "leads": leads}).encode()
    assert read_named("a.json", data).unit == "NU"


@pytest.mark.parametrize("turned", [False, True])
def test_either_orientation(turned):
    values = truth_mv().T if turned else truth_mv()
    assert is_truth(read_named("a.mat", matlab({"val": values}), **NAMED))


def test_single_lead_in_any_shape():
    row = truth_mv()[1]
    for values in (row, row[np.newaxis], row[:, np.newaxis], row[np.newaxis, :, np.newaxis]):
        recording = read_named("a.npz", numpy_zip(signal=values), **TOLD, lead_names=("II",))
        assert recording.leads == ("II",)
        assert np.abs(recording.signal[0] - row).max() < 1e-6
    assert read_named("a.npz", numpy_zip(signal=row), **TOLD).leads == ("ECG",)


def test_short_recording_is_settled_by_names():
    values = truth_mv()[:, :8]
    recording = read_named("a.mat", matlab({"val": values}), **NAMED)
    assert recording.signal.shape == (12, 8)


def test_square_is_refused():
    with pytest.raises(ReadError, match="which axis"):
        read_named("a.mat", matlab({"val": np.ones((20, 20))}), **TOLD)


def test_too_many_leads_is_refused():
    with pytest.raises(ReadError, match="at most 64"):
        read_named("a.mat", matlab({"val": np.ones((100, 200))}), **TOLD)


def test_three_axes_are_refused():
    with pytest.raises(ReadError, match="leads x samples"):
        read_named("a.npz", numpy_zip(signal=np.ones((2, 12, 500))), **TOLD)


def test_matlab_facts_of_odd_shape_are_no_facts():
    odd = np.empty(2, dtype=object)
    odd[:] = ["mV", np.ones(3)]
    data = matlab({"val": truth_mv(), "unit": odd, "fs": np.ones((2, 2)), "leads": odd})
    assert is_truth(read_named("a.mat", data, **NAMED))


def test_matlab_empty_compressed_element_is_damage():
    packed = zlib.compress(b"1234")
    data = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + struct.pack("<2I", 15, len(packed))
    with pytest.raises(ReadError, match="damaged"):
        read_named("a.mat", data + packed, **TOLD)


def test_matlab_nested_without_end_is_refused():
    value: object = np.ones(3)
    for _ in range(12):
        value = {"a": value}
    with pytest.raises(ReadError, match="nested"):
        read_named("a.mat", matlab({"ECG": value}), **TOLD)


def test_matlab_header_beside_makes_it_wfdb(tmp_path):
    made = wfdb_mat(tmp_path)
    for name, data in made.files.items():
        (tmp_path / name).write_bytes(data)
    recording = readers.read(tmp_path / "rec1.mat")
    assert recording.provenance.format == "WFDB"
    assert np.abs(recording.signal - truth_mv()).max() < 0.00051


def test_matlab_of_physionet_without_its_header(tmp_path):
    made = wfdb_mat(tmp_path)
    recording = read_named("rec1.mat", made.files["rec1.mat"], **{**NAMED, "unit": "uV"})
    assert np.abs(recording.signal - truth_mv()).max() < 0.00051
    assert recording.provenance.format == "MATLAB"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8", "u1", "i8"])
def test_matlab_storage_types(compressed, dtype):
    values = np.arange(3000).reshape(3, 1000) % 101
    data = matlab({"val": values.astype(dtype)}, do_compression=compressed)
    found = mat_file.read_variables(data, max_bytes=10**7)["val"]
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
    found = mat_file.read_variables(matlab(content, do_compression=True), max_bytes=10**7)
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
    assert is_truth(read_named("a.mat", data, **NAMED))


def test_matlab_struct_array_and_complex_are_no_samples():
    data = matlab({"z": np.ones((2, 900)) * 1j, "val": truth_mv()})
    assert is_truth(read_named("a.mat", data, **NAMED))
    with pytest.raises(ReadError, match="no array of numbers"):
        read_named("a.mat", matlab({"z": np.ones((2, 900)) * 1j}), **TOLD)


def test_matlab_one_array_a_lead_and_time():
    rows = dict(zip(STANDARD_12, truth_mv(), strict=True))
    data = matlab({**rows, "t": np.arange(N_SAMPLES) / FS_HZ, "Unit": "mV"})
    assert is_truth(read_named("a.mat", data))


def test_matlab_several_arrays_are_not_guessed():
    data = matlab({"first": np.ones((2, 900)), "second": np.zeros((2, 900))})
    with pytest.raises(ReadError, match="several arrays"):
        read_named("a.mat", data, **TOLD)


def test_matlab_7_3_says_what_to_do():
    data = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n"
    with pytest.raises(ReadError, match="-v7"):
        read_named("a.mat", data)


def test_matlab_bomb_is_refused():
    whole = struct.pack("<2I", 14, 2**28) + b"\0" * 2**24
    packed = zlib.compress(whole)
    data = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + struct.pack("<2I", 15, len(packed))
    with pytest.raises(TooLargeError, match="expands"):
        read_named("a.mat", data + packed, max_expanded_bytes=2**20, **TOLD)


def test_matlab_that_announces_more_than_it_has():
    data = struct.pack("<5I", 0, 12, 2**31, 0, 4) + b"val\0" + bytes(100)
    with pytest.raises(ReadError, match="truncated"):
        read_named("a.mat", data, **TOLD)


def test_matlab_listed_in_a_folder_by_its_variable(tmp_path):
    (tmp_path / "a.mat").write_bytes(matlab({"val": truth_mv()}, do_compression=True))
    (tmp_path / "b.mat").write_bytes(matlab({"weights": np.ones((3, 3))}))
    assert readers.find_recordings(tmp_path) == [tmp_path / "a.mat"]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, 1e308])
def test_numbers_that_cannot_be(value):
    rows = {"I": truth_mv()[0].copy(), "II": truth_mv()[1], "t": np.arange(N_SAMPLES) / FS_HZ}
    rows["I"][5] = value
    recording = read_named("a.npz", numpy_zip(**rows), unit="mV")
    assert np.isnan(recording.lead("I")).nonzero()[0].tolist() == [5]
    rows["t"][7] = value
    with pytest.raises(EcgError, match="time column"):
        read_named("a.npz", numpy_zip(**rows), unit="mV")


def test_signalling_nan_is_absent():
    values = truth_mv().copy()
    values.view("<u8")[0, 3] = 0x7FF0000000000001
    recording = read_named("a.mat", matlab({"val": values}), **NAMED)
    assert np.isnan(recording.lead("I")[3])


def test_numpy_objects_are_never_unpickled():
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was loaded",))

    stream = io.BytesIO()
    np.save(stream, np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(ReadError, match="no pickled objects"):
        read_named("a.npy", stream.getvalue(), **TOLD)
    with pytest.raises(ReadError, match="no pickled objects"):
        read_named("a.npz", numpy_zip(signal=np.array([Trap()], dtype=object)), **TOLD)


def test_numpy_objects_beside_samples_are_left_out():
    data = numpy_zip(signal=truth_mv(), labels=np.array([None, 1], dtype=object))
    recording = read_named("a.npz", data, **NAMED)
    assert is_truth(recording)
    assert "labels was left out" in " ".join(recording.notes)


def test_numpy_fortran_order_and_other_types():
    for values in (np.asfortranarray(truth_mv()), truth_mv().astype(">f8")):
        assert is_truth(read_named("a.npz", numpy_zip(x=values), **NAMED))


def test_numpy_bomb_is_refused():
    data = numpy_zip(signal=np.zeros((12, 10**6)))
    assert len(data) < 200_000
    with pytest.raises(TooLargeError, match="expands"):
        read_named("a.npz", data, max_expanded_bytes=10**6, **TOLD)


def test_numpy_absurd_header_is_refused_without_memory():
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "<f8", "fortran_order": False, "shape": (12, 2 * 10**9)}
    )
    with pytest.raises(TooLargeError):
        read_named("a.npy", stream.getvalue() + bytes(64), **TOLD)


def test_numpy_truncated():
    stream = io.BytesIO()
    np.save(stream, truth_mv())
    with pytest.raises(ReadError, match="truncated"):
        read_named("a.npy", stream.getvalue()[:-100], **NAMED)


def test_numpy_encrypted_or_damaged_zip():
    data = bytearray(numpy_zip(signal=truth_mv()))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(ReadError, match="damaged"):
        read_named("a.npz", bytes(data), **NAMED)


def test_numpy_archive_of_an_unusual_method_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("signal.npy", b"0" * 1000)
    with pytest.raises(ReadError, match="unusual compression"):
        read_named("a.npz", stream.getvalue())


@pytest.mark.parametrize("name", ["unit", "leads"])
def test_numpy_texts_that_python_cannot_hold_are_damage(name):
    stream = io.BytesIO()
    np.save(stream, np.array(["mV", "uV"]))
    broken = stream.getvalue()[:-1] + b"\x7f"
    content = numpy_zip(signal=truth_mv()[:2])
    with zipfile.ZipFile(archived := io.BytesIO(content), "a") as archive:
        archive.writestr(f"{name}.npy", broken)
    with pytest.raises(ReadError, match="damaged"):
        read_named("a.npz", archived.getvalue(), fs_hz=500, unit="mV")


def test_a_zip_of_records_is_no_numpy_file(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.csv", "time (s),I (mV)\n0.000,0.1\n0.002,0.2\n0.004,0.3\n")
    assert read_named("a.zip", stream.getvalue()).provenance.format == "CSV"


def test_numpy_listed_in_a_folder_by_shape(tmp_path):
    np.save(tmp_path / "a.npy", truth_mv())
    np.save(tmp_path / "b.npy", np.ones((500, 700)))
    (tmp_path / "c.npz").write_bytes(numpy_zip(signal=truth_mv()))
    (tmp_path / "d.npz").write_bytes(numpy_zip(embedding=truth_mv()))
    found = [path.name for path in readers.find_recordings(tmp_path)]
    assert found == ["a.npy", "c.npz"]


def leads_of_truth() -> dict[str, list[float]]:
    return dict(zip(STANDARD_12, truth_mv().tolist(), strict=True))


def test_units_and_names_as_the_wfdb_package_hands_them():
    data = numpy_zip(
        p_signal=truth_mv().T, fs=500, sig_name=list(STANDARD_12), units=["mV"] * 12, sig_len=2000
    )
    assert is_truth(read_named("a.npz", data))


def test_names_with_lead_in_front():
    content = {"frequency": 500, "samples": {f"lead{n}": v for n, v in leads_of_truth().items()}}
    assert is_truth(read_named("a.json", json.dumps(content).encode(), unit="mV"))


def test_one_row_for_each_lead_and_sample_is_refused():
    rows = [{"lead": n, "value": 0.1 * i} for n in ("I", "II") for i in range(300)]
    with pytest.raises(ReadError, match="one column per lead"):
        read_named("a.json", json.dumps(rows).encode(), **TOLD)
    with pytest.raises(ReadError, match="one column per lead"):
        read_named("a.parquet", parquet(pa.Table.from_pylist(rows)), **TOLD)


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
