"""What is measured of P waves, where the rhythm has none or conducts none."""

from collections.abc import Sequence
from dataclasses import replace

from ecgcore.interpret.pacing import VENTRICULAR
from ecgcore.measure.conduction import NEEDS_P
from ecgcore.results import Measurement, MeasureResult
from ecgcore.results.interpreted import Episode
from ecgcore.statements import statement

# Fibrillation and flutter, of the atria and of the ventricles; ventricular tachycardia and pacing.
_NO_P = {"AF", "AFLT", "164896001", "111288001", "164895002", VENTRICULAR}
# P waves that are not conducted: complete block, asystole with or without them.
_NOT_CONDUCTED = _NO_P | {"3AVB", "397829000"}


def withhold_p(measured: MeasureResult, rhythms: Sequence[Episode]) -> MeasureResult:
    """Withhold PR, and P itself, where no stretch has a rhythm with it.

    What rests on marks that the reader moved stays.

    Parameters
    ----------
    measured : MeasureResult
    rhythms : sequence of Episode
        Of the whole recording.
    """
    without = {
        name: reason
        for name in NEEDS_P
        if (reason := _why_not(rhythms, _NOT_CONDUCTED if name == "pr" else _NO_P))
    }
    rows = tuple(_withhold(one, without.get(one.name, "")) for one in measured.measurements)
    return measured if rows == measured.measurements else replace(measured, measurements=rows)


def _why_not(rhythms: Sequence[Episode], codes: set[str]) -> str:
    if not rhythms or not all(_is_one_of(episode.code, codes) for episode in rhythms):
        return ""
    return f"No conducted P waves: {statement(rhythms[0].code).term.lower()}."


def _is_one_of(code: str, codes: set[str]) -> bool:
    return bool(code) and bool({code, statement(code).kind_of} & codes)


def _withhold(one: Measurement, reason: str) -> Measurement:
    if not reason or one.value is None or one.edited_by:
        return one
    return replace(one, value=None, uncertainty=None, reason=reason)
