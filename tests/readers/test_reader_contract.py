"""What every reader must do, asked of a file in every format, all made from one recording."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from made_files import FS_HZ, MAKERS, N_SAMPLES, NAME, WITH_NAME, Made, truth_mv

from ecgcore import readers
from ecgcore.readers import ReadOptions


@pytest.fixture(scope="module", params=list(MAKERS))
def made(request, tmp_path_factory) -> Made:
    return MAKERS[request.param](tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def recording(made):
    return readers.read(made.files, options=made.options)


def test_shape_rate_and_leads(recording, made):
    assert recording.signal.shape == (12, N_SAMPLES)
    assert recording.signal.dtype == np.float32
    assert recording.fs_hz == FS_HZ
    assert recording.leads == made.leads
    assert recording.derived_leads == made.derived


def test_samples_are_the_truth_in_millivolts(recording, made):
    assert recording.unit == "mV"
    assert np.abs(recording.signal - truth_mv()).max() <= made.tolerance_mv
    # A unit mistaken by 1000 or a gain by 2 cannot hide in the tolerance.
    assert 1.0 < float(np.abs(recording.signal).max()) < 2.5


def test_cannot_be_written_to(recording):
    with pytest.raises(ValueError, match="read-only"):
        recording.signal[0, 0] = 1


def test_notes_are_sentences(recording, made):
    assert all(note.endswith(".") and "\n" not in note for note in recording.notes)
    assert bool(made.derived) == any("computed from I and II" in note for note in recording.notes)


def test_provenance(recording, made):
    assert recording.provenance.format == made.format
    assert recording.provenance.original_fs_hz == FS_HZ
    assert not recording.provenance.simulated
    if not made.main.endswith(".zip"):
        together = b"".join(made.files[name] for name in sorted(made.files))
        assert recording.provenance.sha256 == hashlib.sha256(together).hexdigest()


def test_age_and_sex_and_no_identity(recording, made):
    assert recording.patient.identity == {}
    assert NAME not in repr((recording.notes, recording.provenance))
    if made.has_patient:
        assert (recording.patient.age_years, recording.patient.sex) == (56.0, "female")
    else:
        assert (recording.patient.age_years, recording.patient.sex) == (None, None)


def test_identity_is_kept_only_on_purpose(made):
    kept = readers.read(made.files, options=replace(made.options, keep_identity=True))
    assert (NAME in repr(dict(kept.patient.identity))) == (made.format in WITH_NAME)


def test_a_path_gives_the_same_as_an_upload(recording, made, tmp_path):
    for name, data in made.files.items():
        (tmp_path / name).write_bytes(data)
    path = tmp_path / made.main
    again = readers.read(path, options=made.options)
    assert np.array_equal(again.signal, recording.signal)
    assert again.notes == recording.notes
    assert again.provenance == recording.provenance
    assert readers.find_recordings(tmp_path) == [path]
    if path.suffix == ".hea":
        assert readers.read(path.with_suffix(""), options=made.options).leads == recording.leads


def test_too_large_is_refused(made):
    with pytest.raises(readers.base.TooLargeError, match="larger than"):
        readers.read(made.files, options=replace(made.options, max_bytes=1000))


def test_empty_is_refused(made):
    with pytest.raises(readers.base.ReadError):
        readers.read(dict.fromkeys(made.files, b""), options=made.options)


def test_options_do_not_override_the_file(made):
    if made.options == ReadOptions():
        options = ReadOptions(fs_hz=123.0, unit="nV")
        assert readers.read(made.files, options=options).fs_hz == FS_HZ
