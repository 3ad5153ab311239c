"""The codes of what can be simulated: PTB-XL (SCP-ECG), or SNOMED CT where PTB-XL has none.

SNOMED CT codes as in the PhysioNet/CinC Challenge 2021 lists.
"""

from dataclasses import dataclass

from ecgcore.errors import InvalidArgumentError
from ecgcore.statements import CORE_CODES, statement


@dataclass(frozen=True)
class Code:
    """One further statement.

    Attributes
    ----------
    name : str
    scp : str
        PTB-XL's code; empty where it has none.
    snomed : str
    """

    name: str
    scp: str
    snomed: str


FURTHER_STATEMENTS = {
    "SR": Code("Sinus rhythm", "SR", "426783006"),
    "SBRAD": Code("Sinus bradycardia", "SBRAD", "426177001"),
    "STACH": Code("Sinus tachycardia", "STACH", "427084000"),
    "SARRH": Code("Sinus arrhythmia", "SARRH", "427393009"),
    "251170000": Code("Blocked premature atrial complex", "", "251170000"),
    "BIGU": Code("Bigeminal pattern", "BIGU", "11157007"),
    "251182009": Code("Paired premature ventricular complexes", "", "251182009"),
    "AFLT": Code("Atrial flutter", "AFLT", "164890007"),
    "SVTAC": Code("Supraventricular tachycardia", "SVTAC", "426761007"),
    "2AVB": Code("Second-degree AV block", "2AVB", "195042002"),
    "54016002": Code("Mobitz type I AV block (Wenckebach)", "", "54016002"),
    "426183003": Code("Mobitz type II AV block", "", "426183003"),
    "3AVB": Code("Complete AV block", "3AVB", "27885002"),
    "IRBBB": Code("Incomplete right bundle branch block", "IRBBB", "713426002"),
    "LAFB": Code("Left anterior fascicular block", "LAFB", "445118002"),
    "LVH": Code("Left ventricular hypertrophy", "LVH", "164873001"),
    "370365005": Code("Left ventricular strain", "", "370365005"),
    "IMI": Code("Inferior myocardial infarction", "IMI", "164865005"),
    "AMI": Code("Anterior myocardial infarction", "AMI", "54329005"),
    "LMI": Code("Lateral myocardial infarction", "LMI", "164865005"),
    "57054005": Code("Acute myocardial infarction", "", "57054005"),
    "164867002": Code("Old myocardial infarction", "", "164867002"),
    "QWAVE": Code("Q waves present", "QWAVE", "164917005"),
    "INVT": Code("T-wave inversion", "INVT", "59931005"),
    "WPW": Code("Pre-excitation, Wolff-Parkinson-White pattern", "WPW", "74390002"),
    "418818005": Code("Brugada type 1 pattern", "", "418818005"),
    "LNGQT": Code("Long QT interval", "LNGQT", "111975006"),
    "77867006": Code("Short QT interval", "", "77867006"),
    "EL": Code("Electrolyte disturbance (here: hyperkalaemia)", "EL", "14140009"),
    "PACE": Code("Paced rhythm", "PACE", "10370003"),
    "251268003": Code("Atrial pacing", "", "251268003"),
    "251266004": Code("Ventricular pacing", "", "251266004"),
    "LVOLT": Code("Low QRS voltage", "LVOLT", "251146004"),
    "251139008": Code("Arm leads reversed", "", "251139008"),
}
# Columns of training targets: the nine first, in their order, then the further ones.
ALL_CODES = (*CORE_CODES, *FURTHER_STATEMENTS)


def statement_name(code: str) -> str:
    """Return a statement's name, core or further.

    Raises
    ------
    InvalidArgumentError
        If there is no such statement here.
    """
    if code in CORE_CODES:
        return statement(code).term
    if code in FURTHER_STATEMENTS:
        return FURTHER_STATEMENTS[code].name
    possible = ", ".join(ALL_CODES)
    raise InvalidArgumentError(f"The statement is {code!r}; possible statements are {possible}.")
