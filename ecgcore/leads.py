"""Lead names, their order, the one list of how they are spelled, and the derived limb leads."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

LIMB_6 = ("I", "II", "III", "aVR", "aVL", "aVF")
CHEST_6 = ("V1", "V2", "V3", "V4", "V5", "V6")
STANDARD_12 = LIMB_6 + CHEST_6
INDEPENDENT_8 = ("I", "II", *CHEST_6)
CABRERA_LIMB_6 = ("aVL", "I", "-aVR", "II", "aVF", "III")
CABRERA_12 = CABRERA_LIMB_6 + CHEST_6
# A modified monitoring lead looks much like the limb lead it imitates, in rhythm if not in ST.
STAND_INS = {"MLI": "I", "MLII": "II", "MLIII": "III"}

_BIPOLAR = ("I", "II", "III")
_FRANK = ("X", "Y", "Z")
_EASI = ("ES", "AS", "AI")
_RIGHT_AND_BACK = ("V7", "V8", "V9", *(f"V{i}R" for i in range(2, 10)))
_MONITORING = (
    *("MLI", "MLII", "MLIII", "ML5", "CC5", "CB5", "CS5", "NASA"),
    *(f"{kind}{i}" for kind in ("MCL", "CM", "MV") for i in range(1, 7)),
)

# Every spelling of a lead that stands for itself, in lower case.  A number counts the inputs of a
# recorder ("Channel 1", "ECG1", "1") and names no lead.
_OWN: dict[str, str] = {
    name.lower(): name for name in (*STANDARD_12, "-aVR", *_RIGHT_AND_BACK, *_MONITORING)
}
_OWN |= {"ml2": "MLII", "mcl-1": "MCL1", "di": "I", "dii": "II", "diii": "III"}
_OWN |= {"vr": "aVR", "vl": "aVL", "vf": "aVF"}
# Spellings that mean something else as well; what stands beside them decides.
_IEC = {f"c{i}": f"V{i}" for i in range(1, 10)} | {f"c{i}r": f"V{i}R" for i in range(3, 7)}
_TRIOS = {name.lower(): name for name in (*_FRANK, *_EASI)} | {
    **{"e-s": "ES", "a-s": "AS", "a-i": "AI"},
    **{"vx": "X", "vy": "Y", "vz": "Z"},
}
_NUMBERED = {f"{word}{i + 1}": name for i, name in enumerate(_BIPOLAR) for word in ("d", "l")}
_NUMBERED |= {f"lead {i + 1}": name for i, name in enumerate(_BIPOLAR)}

# Words before a lead's name, and what may stand between.
_WORDS = (
    *("lead", "leads", "ecg", "ekg", "ecg lead", "ekg lead", "mdc_ecg_lead", "ableitung", "abl"),
    *("ekg ableitung", "dérivation", "derivation", "derivación", "derivacion", "derivazione"),
    *("derivação", "afleiding", "avledning", "odprowadzenie", "отведение", "отв"),
)
_JOINTS = (" ", "_", ":", ": ", "-", " - ", ".", ". ")
_GLUED = ("lead", "ecg", "ekg")
_COUNTING = ("channel", "ch", "kanal", "canal", "input")

_MAX_NAME = 200  # no lead is called by more
_ENDS = " \t'\",;:"
_SUFFIX = re.compile(
    r"[\s_]*[(\[]\s*(?:einthoven|wilson|goldberger|frank|easi|[mun\u03bc]?v)\s*[)\]]$"
    r"|[\s_][mu\u03bc]v$|[\s-]+(?:ref|wct)$",
    re.IGNORECASE,
)


def _list_spellings() -> Iterator[tuple[str, str]]:
    """Yield every accepted spelling, in lower case, with the lead that it names."""
    named = _OWN | _IEC | _TRIOS
    yield from named.items()
    for short, name in (_OWN | _IEC | {name.lower(): name for name in _FRANK}).items():
        yield from ((f"{word}{joint}{short}", name) for word in _WORDS for joint in _JOINTS)
        if name in (*STANDARD_12, *_RIGHT_AND_BACK):
            yield from ((f"{word}{short}", name) for word in _GLUED)
        if name not in (*_BIPOLAR, *_FRANK):
            yield from ((f"{word}{joint}{short}", name) for word in _COUNTING for joint in " _")
    for word, names in (
        ("einthoven", _BIPOLAR),
        ("goldberger", ("aVR", "aVL", "aVF")),
        ("wilson", CHEST_6),
        ("frank", _FRANK),
        ("easi", _EASI),
    ):
        yield from ((f"{word}{joint}{name.lower()}", name) for name in names for joint in " _-")


ALLOWED: dict[str, str] = dict(_list_spellings())


def canonical_lead(name: str) -> str | None:
    """Return the standard name of a lead, or None if ``name`` is no known lead name.

    Parameters
    ----------
    name : str
        As a file or a person wrote it: ``"Lead I"``, ``"AVR"``, ``"ECG V1"``, ``"leadII"``,
        ``"Ableitung II"``, ``"MDC_ECG_LEAD_aVF"``.

    Returns
    -------
    str or None
        One of the twelve standard names, or an additional known lead (right-sided and posterior
        chest leads, Frank X, Y, Z, monitoring leads).  ``MLII`` stays ``MLII``: a modified
        monitoring lead is not lead II.  ``"Channel 1"``, ``"ECG 1"`` and ``"1"`` are no leads.

    Notes
    -----
    Names follow AHA/ACC/HRS 2007 Part I and IEC 60601-2-25 (C1 to C6).  What ``"C3"``, ``"X"`` or
    ``"D1"`` mean depends on the channels beside them: :func:`canonical_leads`.
    """
    return ALLOWED.get(_strip_name(name))


def canonical_leads(
    names: Sequence[str], *, voltages: Sequence[bool] | None = None
) -> list[str | None]:
    """Return what the names of one file's channels mean beside each other.

    Parameters
    ----------
    names : sequence of str
    voltages : sequence of bool, optional
        Whether each channel is a voltage by its own unit; all are, if None.

    Returns
    -------
    list of (str or None)
        As :func:`canonical_lead`, but C1 to C9 are chest leads only beside a limb lead (in an EEG
        they are places on the head), X, Y, Z and ES, AS, AI are leads only all three together and
        each in volts (else they are axes), and D1, L1 or ``"Lead 1"`` is lead I only in a set of
        three beside aVR, aVL and aVF.
    """
    plain = [_strip_name(name) for name in names]
    found = [ALLOWED.get(text) for text in plain]
    in_volts = voltages or [True] * len(plain)
    limbs = {lead for lead in found if lead in LIMB_6}
    trios = {_TRIOS[text] for text, volts in zip(plain, in_volts, strict=True) if volts
             and text in _TRIOS}  # fmt: skip
    kept = {name for trio in (_FRANK, _EASI) if trios >= set(trio) for name in trio}
    for i, text in enumerate(plain):
        if (text in _IEC and not limbs) or (text in _TRIOS and _TRIOS[text] not in kept):
            found[i] = None
    return _match_numbered(plain, found) if limbs >= {"aVR", "aVL", "aVF"} else found


def _match_numbered(plain: Sequence[str], found: list[str | None]) -> list[str | None]:
    """Take D1, D2, D3 (L1 ..., "Lead 1" ...) for I, II, III where no other channel is one."""
    joined = [text.replace("_", " ") for text in plain]
    places = {joined.index(text): name for text, name in _NUMBERED.items() if text in joined}
    if sorted(places.values()) == sorted(_BIPOLAR) and not set(_BIPOLAR) & set(found):
        return [places.get(i, lead) for i, lead in enumerate(found)]
    return found


def _strip_name(name: str) -> str:
    """Return a name as the list has it: lower case, without unit, reference and signs around."""
    if len(str(name)) > _MAX_NAME:
        return ""
    text = unicodedata.normalize("NFKC", str(name)).replace("\x00", " ")
    text = " ".join(text.split()).strip(_ENDS)
    for _ in range(3):
        shorter = _SUFFIX.sub("", text).strip(_ENDS)
        if shorter == text or not shorter:
            break
        text = shorter
    return text.lower()


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
