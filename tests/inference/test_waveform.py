"""Curves on recordings of every kind, and the sentences where a rule cannot be kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgcore.errors import CannotAssessError, InvalidArgumentError, ModelError
from ecgcore.inference import InputContract, load_model
from ecgcore.inference.delineate import default_delineator
from ecgcore.inference.prepare import model_input
from ecgcore.inference.wave_classes import agreed, wave_classes, without_short_runs
from ecgcore.inference.wave_gain import coded_gain
from ecgcore.inference.waveform import amended, notes_of, read_waveforms, waveform_models
from ecgcore.inference.windows import Window
from ecgcore.models.danet import DANet
from ecgcore.recording import Recording
from ecgcore.signal.waveform_rules import SEGMENTS, waveform_rules
from ecgcore.simulate import simulate
from ecgcore.simulate.cases import make_demonstration_case
from tests.conftest import ROOT
from tests.synthetic import write_tiny_model
from tests.waveform_folder import write_waveform_model

PAC = waveform_rules()["PAC"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("delineator-1", "diagnostic-1"):
        (tmp_path / name).symlink_to(ROOT / "weights" / name)
    write_waveform_model(tmp_path, "PAC")
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    return tmp_path


def test_the_rule_stands_on_the_true_waves() -> None:
    made = simulate("normal", seed=4, duration_s=10.0, fs_hz=500.0)
    found = read_waveforms(made.recording, "PAC")
    assert found.learned is None
    assert found.difference is None
    assert found.notes == ()
    beats = made.truth.beats[1:-1]
    assert len(beats) > 4
    spans = [(b.p_onset, b.p_offset) for b in beats]
    at = [round((a + z) / 2 * 500) for a, z in spans if a is not None and z is not None]
    assert np.mean(found.by_rule[at] == 1.0) > 0.9
    at = [round((b.qrs_onset + b.qrs_offset) / 2 * 500) for b in beats]
    assert np.allclose(found.by_rule[at], 0.6)
    assert found.beats_with_p >= found.beats - 1


@pytest.mark.parametrize("fs_hz", [128.0, 360.0, 1000.0])
def test_any_rate_and_any_leads_give_a_curve_on_the_recordings_own_samples(fs_hz: float) -> None:
    made = simulate("pac", seed=2, duration_s=8.0, fs_hz=fs_hz).recording
    few = made.select(("V2", "aVF"))
    found = read_waveforms(few, "PVC")
    assert found.by_rule.shape == found.parts.shape == (few.n_samples,)
    assert found.leads == ("V2", "aVF")
    assert 0 <= found.by_rule.min() <= found.by_rule.max() <= 1


def test_no_beat_leaves_the_signal_as_it_is_and_says_so() -> None:
    flat = Recording(np.full((2, 4000), 0.1), 400.0, ("I", "II"))
    found = read_waveforms(flat, "PAC")
    assert (found.by_rule == 1).all()
    assert any("No QRS complex" in note for note in found.notes)
    assert found.beats == 0


def test_noise_is_said_to_be_noise() -> None:
    rng = np.random.default_rng(0)
    noise = Recording(0.5 * rng.standard_normal((2, 4000)), 400.0, ("I", "II"))
    assert "No lead is readable" in read_waveforms(noise, "PAC").notes[0]


def test_fibrillation_where_a_p_is_asked_for_says_what_is_done_instead() -> None:
    recording = make_demonstration_case("atrial-fibrillation").recording
    (note,) = read_waveforms(recording, "PAC").notes
    assert "as in atrial fibrillation" in note
    assert "instead" in note
    assert read_waveforms(recording, "PVC").notes == ()


def test_one_lead_says_so() -> None:
    notes = read_waveforms(make_demonstration_case("normal").recording.select(("I",)), "PVC").notes
    assert "Read from one lead" in notes[-1]


def test_beats_without_any_other_wave_are_a_failed_delineation() -> None:
    parts = np.full(500, SEGMENTS.index("TP"), dtype=np.uint8)
    parts[100:110] = parts[200:210] = SEGMENTS.index("QRS")
    (note,) = notes_of(PAC, parts, n_leads=3, learned=True)
    assert "neither P nor T" in note
    assert "still shown" in note
    assert "still shown" not in notes_of(PAC, parts, n_leads=3, learned=False)[0]


def test_a_network_adds_its_curve_and_the_difference(folder: Path) -> None:
    recording = make_demonstration_case("pac").recording
    found = read_waveforms(recording, "PAC", load_model("danet-pac-1"))
    assert found.learned is not None
    assert found.learned.shape == (recording.n_samples,)
    assert found.learned.std() > 0
    assert found.difference is not None
    np.testing.assert_allclose(found.difference, found.learned - found.by_rule)
    rule, learned, share = found.by_segment()["P"]
    assert rule == pytest.approx(1.0, abs=0.03)
    assert learned is not None
    assert 0 < learned < 1
    assert 0 < share < 1


def test_a_long_recording_is_read_in_windows(folder: Path) -> None:
    made = simulate("normal", seed=1, duration_s=75.0, fs_hz=200.0).recording.select(("II",))
    found = read_waveforms(made, "PAC", load_model("danet-pac-1"))
    assert found.learned is not None
    assert np.isfinite(found.learned).all()
    assert found.learned.max() < 1


def test_models_that_have_no_such_module_say_so(folder: Path) -> None:
    recording = make_demonstration_case("normal").recording
    with pytest.raises(CannotAssessError, match="no curve for PVC; it has PAC"):
        read_waveforms(recording, "PVC", load_model("danet-pac-1"))
    write_tiny_model(folder / "tiny-1")
    with pytest.raises(CannotAssessError, match="no waveform module"):
        read_waveforms(recording, "PAC", load_model(folder / "tiny-1"))
    with pytest.raises(InvalidArgumentError, match="disease"):
        read_waveforms(recording, "LVH")
    with pytest.raises(CannotAssessError, match="no lead 'V9'"):
        read_waveforms(recording, "PAC", leads=("V9",))


def test_models_are_found_by_disease_and_broken_folders_left_out(folder: Path) -> None:
    assert waveform_models()["PAC"].name == "danet-pac-1"
    (folder / "danet-pac-1" / "card.json").write_text("{")
    assert waveform_models() == {}


def test_the_amended_signal_is_freed_of_its_offset_first() -> None:
    recording = make_demonstration_case("normal").recording
    shifted = Recording(recording.signal + 2.0, recording.fs_hz, recording.leads)
    gain = np.full(recording.n_samples, 0.5, dtype=np.float32)
    made = amended(shifted, gain, "half")
    assert abs(float(made.signal.mean())) < 0.05
    assert made.provenance.steps[-1].name == "waveform gain"
    np.testing.assert_allclose(
        made.signal * 2, amended(recording, gain * 2, "whole").signal, atol=1e-3
    )


def test_a_network_coded_by_hand_is_given_the_rule_on_what_it_sees() -> None:
    recording = make_demonstration_case("pac").recording
    contract = InputContract()
    given = model_input(recording, contract, {name: name for name in contract.leads})
    pieces = [Window(0, 500), Window(400, 900)]
    assert DANet(curve_widths=(), rule="PAC").inputs.rule == "PAC"
    gain = coded_gain("PAC", given)(pieces)
    assert gain.shape == (2, 1, 500)
    np.testing.assert_array_equal(gain[0, 0, 400:], gain[1, 0, :100])
    assert {round(v, 4) for v in gain.unique().tolist()} <= set(PAC.gains)
    empty = replace(given, x=torch.zeros_like(given.x))
    assert bool((coded_gain("PAC", empty)(pieces) == 1).all())
    assert not DANet().inputs.rule
    with pytest.raises(ModelError, match="'XYZ'; possible are PAC"):
        coded_gain("XYZ", given)


def test_what_half_of_the_leads_show_is_there() -> None:
    likely = np.zeros((4, 4, 3))
    likely[:, 0] = 1
    likely[:2, 1, 1] = 1.0
    likely[:2, 0, 1] = 0.0
    assert agreed(likely)[0].tolist() == [0.0, 1.0, 0.0]
    assert agreed(likely[2:3]).max() == 0


def test_short_runs_are_no_waves() -> None:
    drawn = np.array([0, 1, 1, 0, 2, 2, 2, 2, 3], dtype=np.uint8)
    assert without_short_runs(drawn, 3).tolist() == [0, 0, 0, 0, 2, 2, 2, 2, 0]


def test_a_recording_without_samples_has_no_waves() -> None:
    empty = np.full((2, 500), np.nan, dtype=np.float32)
    assert not wave_classes(default_delineator(), empty, 250.0, 100.0).any()
