"""The codes of what can be simulated."""

from ecgcore.errors import InvalidArgumentError
from ecgcore.statements import CORE_CODES, statement, statements

# Beside the nine, in the order of their columns.  A truth may name any statement of the table;
# these alone are learned, so that a new case changes no training.
SIMULATED_CODES = (
    "SR", "SBRAD", "STACH", "SARRH", "251170000", "BIGU", "251182009", "AFLT", "SVTAC", "2AVB",
    "54016002", "426183003", "3AVB", "IRBBB", "LAFB", "LVH", "370365005", "IMI", "AMI", "LMI",
    "57054005", "164867002", "QWAVE", "INVT", "WPW", "418818005", "LNGQT", "77867006", "EL", "PACE",
    "251268003", "251266004", "LVOLT", "251139008", "11157007", "14140009",
)  # fmt: skip
# Columns of training targets: the nine first, in their order, then the further ones.
ALL_CODES = (*CORE_CODES, *SIMULATED_CODES)
# What must be warned of wherever it stands: arrest and ventricular arrhythmia, AV block that may
# progress (Kusumoto et al., Circulation 140:e382, 2019), a ventricle that is not captured, acute
# infarction and its equivalents (Kontos et al., J Am Coll Cardiol 80:1925, 2022), and by their
# figures potassium that widens QRS and QT.  What is seen the same day, but does not go before the
# rhythm (Wellens, Brugada type 1, embolism, alternans, hypothermia, a low potassium), is not here.
# A case whose urgency depends on another figure (a pause) or on two statements says its own.
URGENT_CODES = (
    "164896001", "111288001", "164895002", "AHA71", "AHA72", "AHA73", "397829000", "3AVB", "AHA87",
    "426183003", "AHA186", "57054005", "AHA173", "AHA174", "DEWINTER", "LEFTMAIN", "HYPERT",
)  # fmt: skip
POTASSIUM, LONG_QT = "14140009", "LNGQT"
WIDE_QRS_MS, LONGEST_QTC_MS = 120.0, 500.0


def statement_name(code: str) -> str:
    """Return a statement's name.

    Raises
    ------
    InvalidArgumentError
        If the table has no such statement.
    """
    if code not in statements():
        raise InvalidArgumentError(
            f"The statement is {code!r}; possible statements are {', '.join(statements())}."
        )
    return statement(code).term
