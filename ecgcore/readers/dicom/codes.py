"""The codes by which DICOM names leads (context group 3001) and ECG objects."""

import re

# SCP-ECG's lead numbers (EN 1064, table of lead identification), which MDC shares.
_LEADS = {
    **{1: "I", 2: "II", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF", 65: "-aVR"},
    **{i + 2: f"V{i}" for i in range(1, 8)},
    **{10: "V2R", 11: "V3R", 12: "V4R", 13: "V5R", 14: "V6R", 15: "V7R"},
    **{16: "X", 17: "Y", 18: "Z", 20: "CM5", 66: "V8", 67: "V9"},
}
# What this package writes as the derivation of a lead that it computed.
COMPUTED_CHANNEL = "Computed from two recorded limb leads"
_CODE = re.compile(r"(?:5\.6\.3-9-|2:)(\d{1,3})")

# 12-lead, general and ambulatory ECG, and the 32-bit general ECG.
_ECG_STORAGE = (
    "1.2.840.10008.5.1.4.1.1.9.1.1",
    "1.2.840.10008.5.1.4.1.1.9.1.2",
    "1.2.840.10008.5.1.4.1.1.9.1.3",
    "1.2.840.10008.5.1.4.1.1.9.1.4",
)


def find_lead(code: str) -> str | None:
    """Return the lead of a channel source code: ``5.6.3-9-61`` (SCPECG) or ``2:61`` (MDC)."""
    match = _CODE.fullmatch(code.strip())
    return _LEADS.get(int(match[1])) if match else None


def is_ecg_storage(sop_class_uid: str) -> bool:
    """Return whether a SOP class is an ECG (and not, say, a hemodynamic waveform)."""
    return sop_class_uid in _ECG_STORAGE


def find_code(lead: str) -> str | None:
    """Return the MDC code of a lead (``"2:61"`` for III), or None if it has none."""
    number = next((code for code, name in _LEADS.items() if name == lead), None)
    return None if number is None else f"2:{number}"
