"""The codes of what can be simulated."""

from ecgcore.errors import InvalidArgumentError
from ecgcore.statements import CORE_CODES, statement

# Beside the nine, in the order of their columns.
SIMULATED_CODES = (
    "SR", "SBRAD", "STACH", "SARRH", "251170000", "BIGU", "251182009", "AFLT", "SVTAC", "2AVB",
    "54016002", "426183003", "3AVB", "IRBBB", "LAFB", "LVH", "370365005", "IMI", "AMI", "LMI",
    "57054005", "164867002", "QWAVE", "INVT", "WPW", "418818005", "LNGQT", "77867006", "EL", "PACE",
    "251268003", "251266004", "LVOLT", "251139008", "11157007", "14140009",
)  # fmt: skip
# Columns of training targets: the nine first, in their order, then the further ones.
ALL_CODES = (*CORE_CODES, *SIMULATED_CODES)


def statement_name(code: str) -> str:
    """Return a statement's name.

    Raises
    ------
    InvalidArgumentError
        If there is no such statement here.
    """
    if code not in ALL_CODES:
        possible = ", ".join(ALL_CODES)
        raise InvalidArgumentError(
            f"The statement is {code!r}; possible statements are {possible}."
        )
    return statement(code).term
