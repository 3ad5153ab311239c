"""What must never be called normal, read by the shipped models from the file to the finding."""

from dataclasses import replace

import pytest

from ecgcore.inference import load_model
from ecgcore.interpret import assess
from ecgcore.recording import Patient, Recording
from ecgcore.simulate import simulate
from ecgcore.simulate.arrest import (
    FIBRILLATIONS,
    draw_asystole,
    fibrillate,
    join_recordings,
    lay_beats,
)
from ecgcore.study import Study

ADULT = Patient(61.0, "male")
FS_HZ = 250.0


@pytest.fixture(scope="module")
def model():
    return load_model()


def part(case: str, seconds: float) -> Recording:
    return simulate(case, seed=3, duration_s=seconds, fs_hz=FS_HZ).recording


def joined(*parts: Recording) -> Recording:
    return replace(join_recordings(parts), patient=ADULT)


def within_sinus(middle: Recording, seconds: float) -> Recording:
    return joined(part("normal", seconds), middle, part("normal", seconds))


@pytest.mark.parametrize("kind", FIBRILLATIONS)
@pytest.mark.parametrize("seconds", [15.0, 40.0])
def test_fibrillation_within_sinus_rhythm(model, kind, seconds):
    given = within_sinus(fibrillate(kind, duration_s=20.0, fs_hz=FS_HZ), seconds)
    found = assess(model, Study(given))
    assert found.finding("SNR").finding is not True
    # What the network makes of fibrillating ventricles is nobody's finding.
    assert not [f.code for f in found.findings if f.finding]


def test_sinus_rhythm_beside_it_is_still_read(model):
    given = within_sinus(fibrillate("coarse", duration_s=20.0, fs_hz=FS_HZ), 40.0)
    found = assess(model, Study(given))
    (stretch,) = found.not_assessed
    assert stretch.start_s <= 40.0
    assert stretch.end_s >= 60.0
    assert "ventricular fibrillation cannot be excluded" in stretch.reason
    assert not found.abstained
    assert found.finding("AF").finding is False


def test_block_with_sinus_rhythm_at_its_end(model):
    given = joined(part("complete-av-block", 50.0), part("normal", 20.0))
    assert assess(model, Study(given)).finding("SNR").finding is not True


@pytest.mark.parametrize("case", ["complete-av-block", "svt", "mobitz-1", "wpw", "long-qt"])
def test_a_short_strip(model, case):
    found = assess(model, Study(replace(part(case, 10.0), patient=ADULT)))
    assert found.finding("SNR").finding is not True


@pytest.mark.parametrize("pause_s", [3.5, 8.0])
def test_a_pause_in_sinus_rhythm(model, pause_s):
    before = [0.5 + 0.85 * i for i in range(8)]
    after = [before[-1] + pause_s + 0.85 * i for i in range(8)]
    times = before + after
    given = lay_beats(
        times, [t - 0.16 for t in times], duration_s=times[-1] + 0.8, fs_hz=FS_HZ, noise_uv=8.0
    )
    assert assess(model, Study(replace(given, patient=ADULT))).finding("SNR").finding is not True


def test_nothing_at_all(model):
    given = replace(draw_asystole(duration_s=10.0, fs_hz=FS_HZ), patient=ADULT)
    found = assess(model, Study(given))
    assert not [f.code for f in found.findings if f.finding]


def test_a_normal_ecg_of_an_adult_is_called_normal_and_of_an_unknown_patient_is_not(model):
    normal = part("normal", 10.0)
    assert assess(model, Study(replace(normal, patient=ADULT))).finding("SNR").finding is True
    unknown = assess(model, Study(replace(normal, patient=Patient()))).finding("SNR")
    assert unknown.finding is None
    assert "age and sex" in unknown.reason
    child = assess(model, Study(replace(normal, patient=Patient(6.0, "male")))).finding("SNR")
    assert child.finding is None
