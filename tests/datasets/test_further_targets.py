"""Targets beyond the nine: what each data set's words mean for them."""

import math

import pytest

from ecgcore.datasets.files import read_rows
from ecgcore.datasets.further import (
    SUPERCLASS_OF,
    from_brugada,
    from_remarks,
    from_scp,
    from_snomed,
)
from ecgcore.simulate.codes import ALL_CODES
from ecgcore.statements import FURTHER_CODES, NETWORK_CODES, SUPERCLASSES, statement


def known(targets):
    return dict(zip(FURTHER_CODES, targets, strict=True))


def test_every_statement_has_one_code_that_simulation_shares():
    assert len(set(NETWORK_CODES)) == len(NETWORK_CODES) == 20
    assert set(NETWORK_CODES) <= set(ALL_CODES)
    assert all(statement(code).scp or statement(code).snomed for code in FURTHER_CODES)


def test_scp_statements_are_present_absent_or_cannot_tell():
    further, classes = from_scp(["ASMI", "VCLVH", "SBRAD"])
    found = known(further)
    assert found["AMI"] == found["SBRAD"] == 1
    assert found["IMI"] == found["STACH"] == 0
    assert math.isnan(found["LVH"])
    assert dict(zip(SUPERCLASSES, classes, strict=True)) == {
        "NORM": 0, "MI": 1, "STTC": 0, "CD": 0, "HYP": 0,
    }  # fmt: skip


def test_no_diagnostic_statement_tells_no_superclass():
    assert all(math.isnan(value) for value in from_scp(["SR", "AFIB"])[1])


def test_a_normal_ecg_has_no_brugada_pattern_and_others_cannot_tell():
    assert known(from_scp(["NORM", "SR"])[0])["418818005"] == 0
    assert math.isnan(known(from_scp(["CRBBB"])[0])["418818005"])


@pytest.mark.parametrize(
    ("pattern", "diagnosis", "target"), [("1", "1", 1.0), ("0", "0", 0.0), ("0", "1", math.nan)]
)
def test_the_diagnosis_alone_is_not_the_pattern(pattern, diagnosis, target):
    found = known(from_brugada(pattern, diagnosis))
    assert found.pop("418818005") == pytest.approx(target, nan_ok=True)
    assert all(math.isnan(value) for value in found.values())


def test_incomplete_codes_tell_no_absence():
    found = known(from_snomed(["164873001"], complete=False))
    assert found.pop("LVH") == 1
    assert all(math.isnan(value) for value in found.values())


def test_an_infarction_without_its_place_cannot_tell_which():
    found = known(from_snomed(["164865005"], complete=True))
    assert math.isnan(found["AMI"])
    assert math.isnan(found["IMI"])
    assert found["LAFB"] == 0


def test_remarks_of_ludb():
    found = known(from_remarks(["Rhythm: Sinus bradycardia.", "Scar formation: inferior wall."]))
    assert found["SBRAD"] == found["IMI"] == 1
    assert found["AMI"] == 0
    assert known(from_remarks(["STEMI: septal."]))["AMI"] == 1
    assert known(from_remarks(["UNIpolar ventricular pacing."]))["PACE"] == 1
    assert math.isnan(known(from_remarks(["Left ventricular hypertrophy."]))["LVH"])


@pytest.mark.data
def test_superclasses_are_ptbxls(ecg_data):
    rows = read_rows(ecg_data / "ptbxl" / "scp_statements.csv", ("", "diagnostic_class"))
    assert {r[""]: r["diagnostic_class"] for r in rows if r["diagnostic_class"]} == SUPERCLASS_OF
