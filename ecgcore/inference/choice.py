"""Which model reads a recording: one made for a single lead where there is one lead, and no more.

The rule stands here alone; the command line and the app both ask it.
"""

from collections.abc import Sequence

from ecgcore.inference.shelf import DEFAULT_MODEL, SINGLE_LEAD_MODEL, available_models
from ecgcore.leads import STAND_INS, STANDARD_12
from ecgcore.recording import Recording


def model_for(recording: Recording, leads: Sequence[str] | None = None) -> str:
    """Return the name of the model that reads a recording by default.

    Parameters
    ----------
    recording : Recording
    leads : sequence of str, optional
        Which of its leads are to be used; default all.

    Returns
    -------
    str
        The single-lead model where exactly one usable lead is there (a monitoring lead such as
        MLII counts as the lead it stands for) and that model is installed; else the model for
        several leads.
    """
    return choices_for(recording, leads)[0]


def choices_for(recording: Recording, leads: Sequence[str] | None = None) -> list[str]:
    """Return the models that can read a recording as it is, the default first."""
    single = one_lead_of(recording, leads) is not None and SINGLE_LEAD_MODEL in available_models()
    return [SINGLE_LEAD_MODEL, DEFAULT_MODEL] if single else [DEFAULT_MODEL]


def one_lead_of(recording: Recording, leads: Sequence[str] | None = None) -> str | None:
    """Return the one usable lead of a recording, or None where there are more or none."""
    names = recording.leads if leads is None else leads
    usable = [name for name in names if STAND_INS.get(name, name) in STANDARD_12]
    return usable[0] if len(usable) == 1 else None
