"""Electrodes exchanged: suspected where they are, and not where they are not."""

import numpy as np
import pytest

from ecgcore.leads import INDEPENDENT_8, derive_limb_leads
from ecgcore.measure import measure
from ecgcore.measure.reversal import KINDS, exchange, suspected_reversal
from ecgcore.recording import Recording
from ecgcore.simulate import simulate

SEEN = ("RA-LA", "RA-LL", "V1-V2", "V1-V3", "V4-V6", "V1-V6", "V1 to V6 in reverse")


def exchange_electrodes(recording, matrix):
    """Return the recording as it would be with electrodes exchanged."""
    rows = np.stack([recording.lead(name) for name in INDEPENDENT_8])
    signal, leads, _ = derive_limb_leads((matrix @ rows).astype(np.float32), INDEPENDENT_8)
    return Recording(signal, recording.fs_hz, leads, patient=recording.patient)


@pytest.fixture(scope="module")
def normal():
    return simulate("normal", seed=8).recording


@pytest.mark.parametrize("kind", KINDS)
def test_an_exchange_done_twice_is_none(kind):
    assert exchange(kind) @ exchange(kind) == pytest.approx(np.eye(8))


def test_arms_exchanged_turn_lead_one_and_change_two_with_three(normal):
    turned = exchange_electrodes(normal, exchange("RA-LA"))
    assert turned.lead("I") == pytest.approx(-normal.lead("I"), abs=1e-4)
    assert turned.lead("II") == pytest.approx(normal.lead("II") - normal.lead("I"), abs=1e-3)
    assert turned.lead("aVR") == pytest.approx(
        -(turned.lead("I") + turned.lead("II")) / 2, abs=1e-4
    )


@pytest.mark.parametrize("kind", SEEN)
def test_a_clear_exchange_is_named_with_its_evidence(kind, normal):
    found = measure(exchange_electrodes(normal, exchange(kind)), check=False).reversal
    assert found is not None
    assert found.kind == kind
    assert found.margin > found.limit
    assert "better" in found.evidence


@pytest.mark.parametrize("case", ["normal", "lbbb", "rbbb", "inferior-stemi", "lvh-strain", "pvc"])
def test_what_is_right_is_not_suspected(case):
    assert measure(simulate(case, seed=2).recording, check=False).reversal is None


def test_a_right_leg_electrode_on_an_arm_flattens_a_limb_lead(normal):
    matrix = np.eye(8)
    matrix[INDEPENDENT_8.index("II")] = 0.02 * matrix[INDEPENDENT_8.index("II")]
    found = measure(exchange_electrodes(normal, matrix), check=False).reversal
    assert found.kind == "II flat"
    assert "right leg" in found.evidence


def test_few_leads_tell_nothing(normal):
    assert measure(normal.select(("I", "II", "V1")), check=False).reversal is None
    assert suspected_reversal(None) is None
    beat = measure(normal, check=False).median_beat
    assert suspected_reversal(beat, bad_leads=("V4",)) is None
