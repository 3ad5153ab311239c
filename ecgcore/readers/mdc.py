"""Lead codes of IEEE 11073-10101 (MDC), by number or name, as aECG and FHIR use them."""

import re

from ecgcore.leads import canonical_lead
from ecgcore.readers.dicom.codes import find_lead

_NUMBER = re.compile(r"(2:)?(\d{1,6})")
_POTENTIAL = re.compile(r"^MDC_ECG_ELEC_POTL_?", re.IGNORECASE)
_PARTITION = 2  # of the nomenclature: vital signs and waveforms


def is_mdc(code: str) -> bool:
    """Return whether a code is one of this nomenclature, by its look."""
    match = _NUMBER.fullmatch(code.strip())
    numbered = match is not None and bool(match[1] or int(match[2]) >> 16 == _PARTITION)
    return numbered or code.upper().startswith("MDC_")


def find_lead_name(code: str, *words: str) -> str:
    """Return a lead's name from its code, or from whatever else names it.

    Parameters
    ----------
    code : str
        ``"MDC_ECG_LEAD_I"``, ``"131329"`` (the potential in lead I), ``"2:61"``, or a local code.
    *words : str
        Display names and texts that stand beside it, in order of trust.

    Returns
    -------
    str
        A name that :func:`ecgcore.leads.canonical_lead` knows if there is any, otherwise the
        code, or the first word there is; empty if there is none.
    """
    match = _NUMBER.fullmatch(code.strip())
    if match and is_mdc(code):
        lead = find_lead(f"2:{int(match[2]) & 0xFF}")
        if lead is not None:
            return lead
    if match:
        # The number of a list that nobody knows: 3 may be lead III or V1.
        code = f"code {match[0]}"
    own = _POTENTIAL.sub("", code)
    if is_mdc(code) and canonical_lead(own):
        return own
    every = [word for word in (*words, own) if word]
    known = (word for word in every if canonical_lead(word))
    return next(known, "") or code or next(iter(every), "")
