"""What a lost lead means, in words."""

import pytest

from ecgcore.leads import STANDARD_12
from ecgcore.signal.quality_words import WALLS, lost_lead, without


def test_block_without_v1_names_what_remains():
    text = without("RBBB", ("V1", "III"))
    assert text.startswith("V1 unusable: RBBB (the end of QRS) is read in V2, I and V6 alone")
    assert "less certain" in text
    assert "Part III" in text


def test_lead_that_does_not_matter_says_nothing():
    assert without("RBBB", ("III",)) == ""
    assert without("SNR", ("V1",)) == ""


def test_a_rhythm_is_looked_for_first_where_p_is_seen_best():
    assert without("PVC", ("V3",)) == ""
    assert without("PVC", ("II",)).startswith("II unusable: PVC (QRS and the pause) is read in V1")


def test_what_cannot_be_read_at_all_is_left_to_abstention():
    assert "V3 and V4" not in without("AMI", ("V2", "V3", "V4"))
    assert without("AMI", ("V3",)).startswith("V3 unusable: Anterior MI (the Q wave) is read in V1")
    assert without("RBBB", ("V1", "V2")) == ""


def test_st_names_the_wall():
    assert "inferior wall" in without("STE", ("aVF",))
    assert "III unusable" in without("STD", ("III",))


def test_no_wall_is_seen_in_avr():
    assert without("STE", ("aVR",)) == without("STD", ("aVR",)) == ""
    assert {lead for leads in WALLS.values() for lead in leads} == set(STANDARD_12) - {"aVR"}


@pytest.mark.parametrize("lead", [*STANDARD_12, "MLII"])
def test_each_lead_has_a_sentence(lead):
    text = lost_lead(lead)
    assert text.startswith(f"{lead} unusable: ")
    assert text.endswith(".")


def test_v1_is_what_blocks_are_read_in():
    text = lost_lead("V1")
    assert "LBBB, RBBB" in text
    assert "septal and anterior wall" in text
