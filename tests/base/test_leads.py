"""Lead names and the limb leads that follow from others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.leads import STANDARD_12, canonical_lead, derive_limb_leads


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("I", "I"),
        ("Lead I", "I"),
        ("lead ii", "II"),
        ("AVR", "aVR"),
        ("avf", "aVF"),
        ("-aVR", "-aVR"),
        ("ECG V1", "V1"),
        ("EKG aVL", "aVL"),
        ("Ableitung II", "II"),
        ("Ableitung V4", "V4"),
        ("Lead I (Einthoven)", "I"),
        ("MDC_ECG_LEAD_aVF", "aVF"),
        ("C4", "V4"),
        ("DII", "II"),
        ("V5 (uV)", "V5"),
        ("ECG I [mV]", "I"),
        (" iii ", "III"),
        ("V4R", "V4R"),
        ("MLII", "MLII"),
        ("Kanal V2", "V2"),
        ("Einthoven III", "III"),
        ("Wilson V6", "V6"),
    ],
)
def test_names_as_files_write_them(written: str, name: str) -> None:
    assert canonical_lead(written) == name


@pytest.mark.parametrize("written", ["", "Resp", "V0", "SpO2", "EEG Fp1", "IV", "V10", "ECG"])
def test_what_is_no_lead_is_none(written: str) -> None:
    assert canonical_lead(written) is None


@pytest.mark.parametrize("name", STANDARD_12)
def test_a_canonical_name_stays_itself(name: str) -> None:
    assert canonical_lead(name) == name


@given(st.text(max_size=40))
@settings(deadline=None)
def test_any_text_is_a_name_or_none(text: str) -> None:
    found = canonical_lead(text)
    assert found is None or canonical_lead(found) == found


@given(st.integers(0, 2**31 - 1))
@settings(deadline=None, max_examples=25)
def test_einthoven_and_goldberger(seed: int) -> None:
    rng = np.random.default_rng(seed)
    two = rng.normal(0, 1, (2, 50)).astype(np.float32)
    signal, leads, derived = derive_limb_leads(two, ("I", "II"))
    lead = dict(zip(leads, signal, strict=True))
    assert derived == ("III", "aVR", "aVL", "aVF")
    np.testing.assert_allclose(lead["I"] + lead["III"], lead["II"], atol=1e-6)
    np.testing.assert_allclose(lead["aVR"] + lead["aVL"] + lead["aVF"], 0, atol=1e-6)


@pytest.mark.parametrize("pair", [("I", "III"), ("II", "III")])
def test_any_two_of_three_bipolar_leads_give_the_third(pair: tuple[str, str]) -> None:
    rng = np.random.default_rng(0)
    i, ii = rng.normal(0, 1, (2, 20)).astype(np.float32)
    rows = {"I": i, "II": ii, "III": ii - i}
    signal, leads, derived = derive_limb_leads(np.stack([rows[n] for n in pair]), pair)
    lead = dict(zip(leads, signal, strict=True))
    np.testing.assert_allclose(lead["I"], i, atol=1e-6)
    np.testing.assert_allclose(lead["II"], ii, atol=1e-6)
    assert len(derived) == 4


def test_a_monitoring_lead_is_not_lead_ii() -> None:
    signal = np.ones((2, 5), np.float32)
    _, leads, derived = derive_limb_leads(signal, ("I", "MLII"))
    assert derived == ()
    assert leads == ("I", "MLII")


def test_recorded_leads_are_never_replaced() -> None:
    signal = np.stack([np.full(4, v, np.float32) for v in (1, 2, 9)])
    out, leads, derived = derive_limb_leads(signal, ("I", "II", "aVR"))
    assert out[leads.index("aVR"), 0] == 9
    assert "aVR" not in derived


def test_absent_samples_stay_absent_in_what_is_derived() -> None:
    signal = np.ones((2, 6), np.float32)
    signal[0, 2:4] = np.nan
    out, leads, _ = derive_limb_leads(signal, ("I", "II"))
    assert np.isnan(out[leads.index("aVF"), 2:4]).all()
    assert np.isfinite(out[leads.index("II")]).all()
