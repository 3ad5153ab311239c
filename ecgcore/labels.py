"""The diagnostic statements: code, name, and their codes in PTB-XL (SCP) and SNOMED CT."""

from dataclasses import dataclass


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
_BY_CODE = {statement.code: statement for statement in CORE_STATEMENTS}


def statement(code: str) -> Statement:
    """Return the statement with this project code.

    Raises
    ------
    KeyError
        If there is none.
    """
    return _BY_CODE[code]
