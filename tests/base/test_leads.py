"""Lead names and the limb leads that follow from others."""

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.leads import (
    ALLOWED,
    STANDARD_12,
    canonical_lead,
    canonical_leads,
    derive_limb_leads,
)


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
        ("Lead C4", "V4"),
        ("C3R", "V3R"),
        ("C6R", "V6R"),
        ("DII", "II"),
        ("V5 (uV)", "V5"),
        ("ECG I [mV]", "I"),
        (" iii ", "III"),
        ("V4R", "V4R"),
        ("MLII", "MLII"),
        ("Kanal V2", "V2"),
        ("Einthoven III", "III"),
        ("Wilson V6", "V6"),
        ("leadI", "I"),
        ("leadaVR", "aVR"),
        ("ecgV1", "V1"),
        ("ECG_II", "II"),
        ("lead_iii", "III"),
        ("ECG -aVR", "-aVR"),
        ("ECG-aVR", "aVR"),
        ("V1-Ref", "V1"),
        ("II,", "II"),
        ("\u2161", "II"),
        ("Frank X", "X"),
        ("MDC_ECG_LEAD_Z", "Z"),
        ("MCL1", "MCL1"),
        ("EASI AS", "AS"),
    ],
)
def test_names_as_files_write_them(written: str, name: str) -> None:
    assert canonical_lead(written) == name


@pytest.mark.parametrize(
    "written", ["", "Resp", "V0", "C2R", "C7R", "SpO2", "EEG Fp1", "IV", "V10", "ECG"]
)
def test_words_that_are_no_lead_are_none(written: str) -> None:
    assert canonical_lead(written) is None


@pytest.mark.parametrize(
    "word", ["", "Channel ", "CH", "ch.", "ECG", "ECG ", "EKG_", "Lead ", "Input "]
)
@pytest.mark.parametrize("number", ["1", "2", "3", "12"])
def test_numbers_count_inputs(word: str, number: str) -> None:
    assert canonical_lead(word + number) is None


@pytest.mark.parametrize(
    "written", ["Channel I", "Ch II", "x [mg]", "accX", "X (g)", "I1", "D1", "I (A)"]
)
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


_WORDS = (
    *("ECG", "Lead", "Channel", "CH", "acc", "I", "II", "1", "2", "x", "V", "aV", "R", "V1"),
    *("(mV)", "[mg]", "Chin", "C", "3", "EMG", "-", "_", ".", ":", "Ref", "A1", "Frank", "D", "L"),
)
WORDS = st.sampled_from(_WORDS)
NAMES = st.one_of(st.text(max_size=12), st.lists(WORDS, max_size=5).map("".join))


def reduced(name: str) -> str:
    """A name without unit, reference and signs around, as the list's own rules say."""
    text = unicodedata.normalize("NFKC", name).replace("\x00", " ")
    text = " ".join(text.split()).strip(" \t'\",;:").lower()
    for _ in range(3):
        text = (
            re.sub(
                r"[\s_]*[(\[]\s*(einthoven|wilson|goldberger|frank|easi|[mun\u03bc]?v)\s*[)\]]$|"
                r"[\s_][mu\u03bc]v$|[\s-]+(ref|wct)$",
                "",
                text,
            ).strip(" \t'\",;:")
            or text
        )
    return text


@given(NAMES)
@settings(deadline=None, max_examples=400)
def test_no_name_is_a_lead_unless_it_is_listed(name: str) -> None:
    found = canonical_lead(name)
    assert (found is not None) == (reduced(name) in ALLOWED)
    assert found is None or not any(c.isdigit() for c in name) or any(c.isdigit() for c in found)


@given(st.lists(NAMES, min_size=1, max_size=6))
@settings(deadline=None, max_examples=400)
def test_beside_each_other_names_mean_no_more_than_alone(names: list[str]) -> None:
    found = canonical_leads(names)
    augmented = {"aVR", "aVL", "aVF"} <= set(found)
    for name, lead in zip(names, found, strict=True):
        assert lead is None or lead == canonical_lead(name) or augmented


def test_context_decides_what_means_two_things() -> None:
    assert canonical_leads(["x", "Y", "z"]) == ["X", "Y", "Z"]
    assert canonical_leads(["x", "y"]) == [None, None]
    assert canonical_leads(["x", "y", "z"], voltages=[True, True, False]) == [None] * 3
    assert canonical_leads(["C3", "C4", "O1"]) == [None] * 3
    assert canonical_leads(["I", "C3", "C4"]) == ["I", "V3", "V4"]
    whole = ["D1", "D2", "D3", "aVR", "aVL", "aVF", "C1"]
    assert canonical_leads(whole) == ["I", "II", "III", "aVR", "aVL", "aVF", "V1"]
    assert canonical_leads(whole[:3]) == [None] * 3
    assert canonical_leads(["1", "2", "3", "aVR", "aVL", "aVF"])[:3] == [None] * 3


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
