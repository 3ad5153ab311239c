"""Packed sets: what is packed comes back, absent stays absent, the cache is used and guarded."""

from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ecgcore.datasets import Entry, load_index, load_recording, pack
from ecgcore.datasets.packing import quantise
from ecgcore.errors import DatasetError, InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.signal.prepare import prepare

FS_HZ = 250


def write_record(folder: Path, name: str, leads: list[str], seconds: float, unit: str) -> Path:
    t = np.arange(int(seconds * FS_HZ)) / FS_HZ
    rows = [(i + 1) * np.sin(2 * np.pi * 5 * t) for i in range(len(leads))]
    signal = np.stack(rows, axis=1)
    signal[: FS_HZ // 2, -1] = np.nan
    wfdb.wrsamp(
        name,
        fs=FS_HZ,
        units=[unit] * len(leads),
        sig_name=leads,
        p_signal=signal,
        fmt=["16"] * len(leads),
        adc_gain=[1000.0] * len(leads),
        baseline=[0] * len(leads),
        write_dir=str(folder),
    )
    return folder / name


@pytest.fixture
def entries(tmp_path: Path) -> list[Entry]:
    twelve = write_record(tmp_path, "twelve", [n.upper() for n in STANDARD_12], 8, "mV")
    one = write_record(tmp_path, "one", ["ECG"], 6, "NU")
    return [
        Entry("ptbxl", "twelve", "p1", "train", twelve, (1.0,) * 9, 60.0, "female"),
        Entry("cpsc2018_lead1", "one", "p2", "test", one, has_voltage=False, lead="I"),
    ]


def test_what_is_packed_comes_back(entries, tmp_path):
    packed = pack(entries, cache=tmp_path / "cache", workers=1, progress=False)
    assert len(packed) == 2
    signal = packed.signal(0)
    assert signal.shape == (12, 800)
    assert signal.dtype == np.float32
    # A 5 Hz sine lies in the pass band: amplitude and lead order survive.
    middle = signal[:, 200:600]
    np.testing.assert_allclose(middle.max(axis=1), np.arange(1, 13), rtol=0.02)
    assert np.isnan(signal[11, :49]).all()
    assert np.isfinite(signal[11, 51:]).all()
    assert np.isfinite(signal[:11]).all()


def test_single_lead_stands_in_its_row(entries, tmp_path):
    packed = pack(entries, cache=tmp_path / "cache", workers=1, progress=False)
    signal = packed.signal(1)
    assert signal.shape == (12, 600)
    assert np.isfinite(signal[0, 60:]).all()
    assert np.isnan(signal[1:]).all()


def test_labels_travel_with_the_signals(entries, tmp_path):
    packed = pack(entries, cache=tmp_path / "cache", workers=1, progress=False)
    assert packed.targets.tolist()[0] == [1.0] * 9
    assert np.isnan(packed.targets[1]).all()
    assert packed.ages[0] == 60
    assert np.isnan(packed.ages[1])
    assert packed.sexes.tolist() == ["female", ""]
    assert packed.has_voltage.tolist() == [True, False]
    assert packed.where("train").tolist() == [0]
    assert packed.where("train", "test").tolist() == [0, 1]
    assert packed.datasets.tolist() == ["ptbxl", "cpsc2018_lead1"]


def test_packing_is_the_models_preparation(entries, tmp_path):
    packed = pack(entries[:1], cache=tmp_path / "cache", workers=1, progress=False)
    expected = prepare(load_recording(entries[0]).signal, FS_HZ, to_fs_hz=100)
    np.testing.assert_allclose(packed.signal(0), expected, atol=12 / 32767)


def test_only_the_first_seconds(entries, tmp_path):
    packed = pack(entries, seconds=2, cache=tmp_path / "c", workers=1, progress=False)
    assert packed.signals.lengths.tolist() == [200, 200]


def test_the_cache_is_used_and_depends_on_parameters(entries, tmp_path, capsys):
    cache = tmp_path / "cache"
    first = pack(entries, cache=cache, workers=1)
    assert "packed 2 of 2" in capsys.readouterr().err
    (stored,) = cache.iterdir()
    Path(tmp_path / "twelve.dat").unlink()
    again = pack(entries, cache=cache, workers=1)
    assert capsys.readouterr().err == ""
    np.testing.assert_array_equal(again.signal(0), first.signal(0))
    pack(entries[1:], fs_hz=50, cache=cache, workers=1, progress=False)
    assert len(list(cache.iterdir())) == 2
    stored.write_bytes(b"PK\x03\x04 damaged")
    with pytest.raises(DatasetError, match="twelve cannot be read"):
        pack(entries, cache=cache, workers=1, progress=False)


def test_two_processes_give_the_same(entries, tmp_path):
    one = pack(entries, cache=tmp_path / "a", workers=1, progress=False)
    two = pack(entries, cache=tmp_path / "b", workers=2, progress=False)
    np.testing.assert_array_equal(one.signals.values, two.signals.values)


def test_a_unit_other_than_promised_is_refused(entries):
    wrong = Entry("cinc2017", "one", "p", "train", entries[1].path, lead="I")
    with pytest.raises(DatasetError, match="is in NU; mV was expected"):
        load_recording(wrong)


def test_recordings_carry_the_data_sets_patient(entries):
    recording = load_recording(entries[0])
    assert recording.leads == STANDARD_12
    assert recording.patient.sex == "female"
    assert load_recording(entries[1]).leads == ("I",)


def test_a_missing_record_is_named(entries, tmp_path):
    lost = Entry("ludb", "data/1", "p", "train", tmp_path / "nothing")
    with pytest.raises(DatasetError, match="data/1 cannot be read"):
        load_recording(lost)
    with pytest.raises(DatasetError, match="data/1 is missing"):
        pack([lost], cache=tmp_path / "c", workers=1, progress=False)


@pytest.mark.parametrize("bad", [{"fs_hz": 0}, {"seconds": 0}, {"workers": 0}])
def test_bad_parameters_are_refused(entries, tmp_path, bad):
    with pytest.raises(InvalidArgumentError):
        pack(entries, cache=tmp_path / "c", **bad)


def test_nothing_to_pack_is_refused():
    with pytest.raises(InvalidArgumentError, match="no entries"):
        pack([])


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20),
        elements=st.one_of(st.floats(-1e4, 1e4, width=32), st.just(float("nan"))),
    )
)
@example(signal=np.array([[2.91e-43]], np.float32))
def test_quantising_loses_half_a_step_at_most(signal):
    steps, scales = quantise(signal)
    present = np.isfinite(signal)
    assert (np.isnan(scales) == ~present.any(axis=1)).all()
    rows = np.flatnonzero(present.any(axis=1))
    assert steps.shape == (rows.size, signal.shape[1])
    for row, values in zip(rows, steps, strict=True):
        assert ((values == -32768) == ~present[row]).all()
        error = np.abs(values * np.float64(scales[row]) - signal[row])[present[row]]
        largest = np.abs(signal[row][present[row]]).max()
        assert error.max() <= 0.5 * scales[row] + 1e-6 * largest + 1e-30


@pytest.mark.data
def test_one_record_of_each_real_set(ecg_data, tmp_path):
    chosen: dict[str, Entry] = {}
    for kind in ("twelve_lead", "single_lead"):
        for entry in load_index(ecg_data, kind=kind):
            if entry.split == "train":
                chosen.setdefault(entry.dataset, entry)
    packed = pack(list(chosen.values()), cache=tmp_path, workers=1, progress=False)
    for i, name in enumerate(packed.datasets):
        leads = int(np.isfinite(packed.signal(i)).any(axis=1).sum())
        assert leads == (1 if name in ("cpsc2018_lead1", "cinc2017") else 12)
        seconds = packed.signals.lengths[i] / packed.fs_hz
        assert 6 <= seconds <= 120
