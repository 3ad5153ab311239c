"""The waveform networks in the repository: whole, described by their cards, and able to say."""

import pytest

from ecgcore.evaluation.readme import readme
from ecgcore.inference import load_model, predict
from ecgcore.inference.waveform import read_waveforms, waveform_models
from ecgcore.models.danet import DANet
from ecgcore.simulate.cases import make_demonstration_case
from tests.conftest import ROOT

NAMES = [f"danet-{disease}{kind}-1" for disease in ("pac", "pvc", "iavb") for kind in ("", "-rule")]


@pytest.fixture(autouse=True)
def _committed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECG_WEIGHTS", str(ROOT / "weights"))


@pytest.mark.parametrize("name", NAMES)
def test_each_loads_predicts_and_is_described_by_its_card(name: str) -> None:
    model = load_model(name)
    (finding,) = predict(model, make_demonstration_case("pac").recording).findings
    assert 0 <= finding.probability <= 1
    assert (ROOT / "weights" / name / "README.md").read_text() == readme(model.card)
    facts = model.card.training["waveform"]
    assert facts["disease"] == finding.code
    assert ("-rule-" in name) == (facts["variant"] == "hard")
    assert not model.card.labels[0].calibrated


def test_models_are_offered_by_disease_learned_and_coded_apart() -> None:
    learned, coded = waveform_models(), waveform_models(coded=True)
    assert learned["PAC"].name == "danet-pac-1"
    assert coded["PAC"].name == "danet-pac-rule-1"
    assert learned.keys() == coded.keys() == {"PAC", "PVC", "IAVB"}


def test_the_early_beats_of_a_case_are_where_the_learned_curve_is_highest() -> None:
    # The demonstration case has its two early beats near 4.3 and 5.8 s.
    recording = make_demonstration_case("pac").recording
    found = read_waveforms(recording, "PAC", load_model("danet-pac-1"))
    assert found.learned is not None
    top = float(found.learned.argmax()) / recording.fs_hz
    assert 3.7 < top < 6.1
    rest = found.learned[: round(3 * recording.fs_hz)]
    assert float(found.learned.max()) > 2 * float(rest.mean())


def test_a_network_coded_by_hand_reads_any_lead_and_length() -> None:
    model = load_model("danet-pac-rule-1")
    assert isinstance(model.network, DANet)
    assert model.network.curve is None
    recording = make_demonstration_case("hand-held-af").recording
    (finding,) = predict(model, recording).findings
    assert 0 <= finding.probability <= 1
