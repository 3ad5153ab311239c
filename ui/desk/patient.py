"""Age, sex, pacemaker and indication as the reader knows them; everything is computed anew."""

from dataclasses import replace

import streamlit as st

from ecgcore.recording import MAX_AGE_YEARS
from ui.state import OpenCase

_SEX = ("female", "male")
_PACEMAKER = {"not known": None, "yes": True, "no": False}


def show_patient(case: OpenCase) -> None:
    """Offer to enter what the file does not tell about the patient, or tells wrongly."""
    with (
        st.popover(_describe_missing(case), icon=":material/person:"),
        st.form(f"patient_{case.case_id}", border=False),
    ):
        patient = case.recording.patient
        known = None if patient.age_years is None else float(patient.age_years)
        age = st.number_input("Age (years)", 0.0, MAX_AGE_YEARS, known, step=1.0, format="%g")
        sex = st.selectbox(
            "Sex", _SEX, index=_SEX.index(patient.sex) if patient.sex else None, placeholder="-"
        )
        words = list(_PACEMAKER)
        at = list(_PACEMAKER.values()).index(patient.pacemaker)
        pacemaker = st.selectbox("Pacemaker", words, index=at)
        indication = st.text_input("Indication", patient.indication, max_chars=120)
        if st.form_submit_button("Apply", type="primary"):
            case.enter_patient(
                replace(
                    patient,
                    age_years=age,
                    sex=sex,
                    indication=indication.strip(),
                    pacemaker=_PACEMAKER[pacemaker],
                )
            )
            st.rerun()


def _describe_missing(case: OpenCase) -> str:
    patient = case.recording.patient
    missing = [n for n, v in (("age", patient.age_years), ("sex", patient.sex)) if v is None]
    return f"Enter {' and '.join(missing)}" if missing else "Patient"
