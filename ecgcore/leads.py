"""Lead names, their order, their aliases, and the derivation of the limb leads."""

import re

import numpy as np
from numpy.typing import NDArray

LIMB_6 = ("I", "II", "III", "aVR", "aVL", "aVF")
CHEST_6 = ("V1", "V2", "V3", "V4", "V5", "V6")
STANDARD_12 = LIMB_6 + CHEST_6
INDEPENDENT_8 = ("I", "II", *CHEST_6)
CABRERA_LIMB_6 = ("aVL", "I", "-aVR", "II", "aVF", "III")
CABRERA_12 = CABRERA_LIMB_6 + CHEST_6

_EXTRA = (
    "V3R",
    "V4R",
    "V5R",
    "V6R",
    "V7",
    "V8",
    "V9",
    "MLI",
    "MLII",
    "MLIII",
    "MCL1",
    "CM5",
    "X",
    "Y",
    "Z",
)
_CANONICAL = {name.lower(): name for name in (*STANDARD_12, *_EXTRA)}
_CANONICAL |= {"-avr": "-aVR", "mcl-1": "MCL1", "ml2": "MLII", "mlii": "MLII"}
# Arabic numbers and spelled-out forms of the bipolar limb leads (Schiller, Mortara, patch devices).
_CANONICAL |= {"1": "I", "2": "II", "3": "III", "l1": "I", "l2": "II", "l3": "III"}
_CANONICAL |= {"di": "I", "dii": "II", "diii": "III", "d1": "I", "d2": "II", "d3": "III"}
# Wilson's leads in European and older spellings: C1 (IEC), "VL" without its "a".
_CANONICAL |= {f"c{i}": f"V{i}" for i in range(1, 10)} | {f"v{i}r": f"V{i}R" for i in range(3, 7)}
_CANONICAL |= {"vr": "aVR", "vl": "aVL", "vf": "aVF"}
_CANONICAL |= {"einthoven i": "I", "einthoven ii": "II", "einthoven iii": "III"}
_CANONICAL |= {f"wilson v{i}": f"V{i}" for i in range(1, 7)}
_CANONICAL |= {"goldberger avr": "aVR", "goldberger avl": "aVL", "goldberger avf": "aVF"}

_MAX_NAME = 200  # no lead is called by more

# Words around a lead's name: "Lead I (Einthoven)", "Ableitung II", "MDC_ECG_LEAD_V1", "EKG aVF".
_PREFIX = re.compile(
    r"^(?:mdc_ecg_lead_|(?:ecg|ekg|lead|leads|ableitung|abl\.?|dérivation|derivation|"
    r"derivación|derivacion|derivazione|kanal|channel|ch)[\s_:.\-]+)+",
    re.IGNORECASE,
)
_SUFFIX = re.compile(
    r"[\s_]*(?:\((?:einthoven|wilson|goldberger|mv|uv|µv|μv|v)\)|\[[^\]]*\])$", re.I
)


def canonical_lead(name: str) -> str | None:
    """Return the standard name of a lead, or None if ``name`` is no known lead name.

    Parameters
    ----------
    name : str
        As a file or a person wrote it: ``"Lead I"``, ``"AVR"``, ``"ECG V1"``, ``"C4"``,
        ``"Ableitung II"``, ``"MDC_ECG_LEAD_aVF"``.

    Returns
    -------
    str or None
        One of the twelve standard names, or an additional known lead (right-sided and posterior
        chest leads, Frank X, Y, Z, monitoring leads).  ``MLII`` stays ``MLII``: a modified
        monitoring lead is not lead II.

    Notes
    -----
    Names follow AHA/ACC/HRS 2007 Part I and IEC 60601-2-25 (C1 to C6).
    """
    if len(str(name)) > _MAX_NAME:
        return None
    text = " ".join(str(name).replace("\x00", " ").split())
    for _ in range(3):
        stripped = _SUFFIX.sub("", _PREFIX.sub("", text)).strip(" '\"")
        if stripped == text:
            break
        text = stripped
    return _CANONICAL.get(text.lower())


def derive_limb_leads(
    signal: NDArray[np.float32], leads: tuple[str, ...]
) -> tuple[NDArray[np.float32], tuple[str, ...], tuple[str, ...]]:
    """Add the limb leads that follow from two recorded ones, in standard order.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
        Simultaneous samples, all in one unit and at one scale.  A derived sample is NaN where
        either source sample is NaN: nothing is derived that was not recorded together.
    leads : tuple of str
        Canonical names, one a row.

    Returns
    -------
    signal : array, shape (n_leads + n_derived, n_samples)
    leads : tuple of str
        Standard leads first and in standard order, then the rest as they came.
    derived : tuple of str
        Names of the added leads; empty if two of I, II, III were not recorded.

    Notes
    -----
    Einthoven: III = II - I.  Goldberger: aVR = -(I + II)/2, aVL = I - II/2, aVF = II - I/2
    (Kligfield et al., AHA/ACC/HRS 2007 Part I, Circulation 115:1306).
    """
    rows = {name: signal[i] for i, name in enumerate(leads)}
    derived: list[str] = []
    if "I" not in rows and {"II", "III"} <= rows.keys():
        rows["I"] = rows["II"] - rows["III"]
        derived.append("I")
    if "II" not in rows and {"I", "III"} <= rows.keys():
        rows["II"] = rows["I"] + rows["III"]
        derived.append("II")
    if {"I", "II"} <= rows.keys():
        i, ii = rows["I"], rows["II"]
        formulas = {"III": ii - i, "aVR": -(i + ii) / 2, "aVL": i - ii / 2, "aVF": ii - i / 2}
        for name, row in formulas.items():
            if name not in rows:
                rows[name] = row
                derived.append(name)
    order = [n for n in STANDARD_12 if n in rows] + [n for n in leads if n not in STANDARD_12]
    stacked = np.stack([rows[n] for n in order]).astype(np.float32, copy=False)
    return stacked, tuple(order), tuple(n for n in STANDARD_12 if n in derived)
