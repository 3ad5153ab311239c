"""The diagnostic statements: code, name, and their codes in PTB-XL (SCP) and SNOMED CT."""

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Statement:
    """One diagnostic statement.

    Attributes
    ----------
    code : str
        The project's code, as printed by the command line.
    name : str
        Words a cardiologist would use.
    scp : tuple of str
        PTB-XL statement codes that mean this statement.
    snomed : tuple of str
        SNOMED CT codes that mean this statement (PhysioNet Challenge 2020/21 lists).
    needs_voltage : bool
        Whether the criterion is an amplitude in millivolts.
    meaning : str
        What a probability of this statement is about, in one sentence.
    """

    code: str
    name: str
    scp: tuple[str, ...]
    snomed: tuple[str, ...]
    needs_voltage: bool
    meaning: str


CORE_STATEMENTS = (
    Statement(
        "SNR",
        "Normal ECG",
        ("NORM",),
        ("426783006",),
        False,
        "Sinus rhythm and nothing else; a low value does not mean 'not sinus rhythm'.",
    ),
    Statement(
        "AF",
        "Atrial fibrillation",
        ("AFIB",),
        ("164889003",),
        False,
        "No P waves and an irregular ventricular response.",
    ),
    Statement(
        "IAVB",
        "First-degree AV block",
        ("1AVB",),
        ("270492004",),
        False,
        "PR interval over 200 ms with every P conducted.",
    ),
    Statement(
        "LBBB",
        "Left bundle branch block",
        ("CLBBB",),
        ("164909002", "733534002"),
        False,
        "Complete or unspecified left bundle branch block.",
    ),
    Statement(
        "RBBB",
        "Right bundle branch block",
        ("CRBBB",),
        ("59118001", "713427006"),
        False,
        "Complete or unspecified right bundle branch block.",
    ),
    Statement(
        "PAC",
        "Premature atrial complex",
        ("PAC",),
        ("284470004", "63593006"),
        False,
        "At least one supraventricular ectopic beat.",
    ),
    Statement(
        "PVC",
        "Premature ventricular complex",
        ("PVC",),
        ("427172004", "17338001", "164884008", "11157007"),
        False,
        "At least one ventricular ectopic beat.",
    ),
    Statement(
        "STD",
        "ST depression",
        ("STD_",),
        ("429622005",),
        True,
        "ST segment below the level at QRS onset, not explained by a block or pacing.",
    ),
    Statement(
        "STE",
        "ST elevation",
        ("STE_",),
        ("164931005",),
        True,
        "ST segment above the level at QRS onset, not explained by a block or pacing.",
    ),
)
CORE_CODES = tuple(statement.code for statement in CORE_STATEMENTS)

# Statements beyond the nine with enough labelled records to judge a model by; the project's code
# is PTB-XL's, or the SNOMED CT code where PTB-XL has none.  Axis deviation is measured instead.
FURTHER_STATEMENTS = (
    Statement(
        "SBRAD",
        "Sinus bradycardia",
        ("SBRAD",),
        ("426177001",),
        False,
        "Sinus rhythm under 60 a minute.",
    ),
    Statement(
        "STACH",
        "Sinus tachycardia",
        ("STACH",),
        ("427084000",),
        False,
        "Sinus rhythm over 100 a minute.",
    ),
    Statement(
        "SARRH",
        "Sinus arrhythmia",
        ("SARRH",),
        ("427393009",),
        False,
        "Sinus rhythm of varying rate.",
    ),
    Statement(
        "AFLT",
        "Atrial flutter",
        ("AFLT",),
        ("164890007",),
        False,
        "Regular flutter waves instead of P waves.",
    ),
    Statement(
        "LVH",
        "Left ventricular hypertrophy",
        ("LVH",),
        ("164873001",),
        True,
        "Voltage and, where present, ST-T criteria of the reader.",
    ),
    Statement(
        "LAFB",
        "Left anterior fascicular block",
        ("LAFB",),
        ("445118002",),
        False,
        "Left axis with qR in I and aVL and rS in the inferior leads.",
    ),
    Statement(
        "IRBBB",
        "Incomplete right bundle branch block",
        ("IRBBB",),
        ("713426002",),
        False,
        "The form of right bundle branch block with QRS under 120 ms.",
    ),
    Statement(
        "AMI",
        "Anterior infarction",
        ("AMI", "ASMI", "ALMI"),
        ("54329005",),
        False,
        "Anterior, anteroseptal or anterolateral infarction of any age.",
    ),
    Statement(
        "IMI",
        "Inferior infarction",
        ("IMI", "ILMI", "IPMI", "IPLMI"),
        (),
        False,
        "Inferior, inferolateral or inferoposterior infarction of any age.",
    ),
    Statement(
        "PACE",
        "Paced rhythm",
        ("PACE",),
        ("10370003",),
        False,
        "Beats that follow a pacemaker's stimulus.",
    ),
    Statement(
        "418818005",
        "Brugada pattern",
        (),
        ("418818005",),
        True,
        "Coved ST elevation in V1 to V3 on the resting ECG.",
    ),
)
FURTHER_CODES = tuple(statement.code for statement in FURTHER_STATEMENTS)
STATEMENT_CODES = (*CORE_CODES, *FURTHER_CODES)
# Where a reader looks for a statement in a long list.
GROUPS = {
    "Normal": ("SNR",),
    "Rhythm": ("AF", "AFLT", "SBRAD", "STACH", "SARRH", "PACE"),
    "Extra beats": ("PAC", "PVC"),
    "Conduction": ("IAVB", "LBBB", "RBBB", "IRBBB", "LAFB"),
    "ST segment and infarction": ("STD", "STE", "AMI", "IMI", "418818005"),
    "Hypertrophy": ("LVH",),
}
# PTB-XL's five diagnostic super-classes, an output beside the statements.
SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
_BY_CODE = {statement.code: statement for statement in (*CORE_STATEMENTS, *FURTHER_STATEMENTS)}


def table_digest() -> str:
    """Return the SHA-256 of all statements: their codes, names, meanings and groups."""
    table = [asdict(one) for one in _BY_CODE.values()]
    text = json.dumps({"statements": table, "groups": GROUPS}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def group_of(code: str) -> str:
    """Return the group in which a reader looks for a statement; empty for an unknown one."""
    return next((name for name, codes in GROUPS.items() if code in codes), "")


def statement(code: str) -> Statement:
    """Return the statement with this project code.

    Raises
    ------
    KeyError
        If there is none.
    """
    return _BY_CODE[code]
