"""What the functions that make cases of disturbed rhythm share.

What a parameter of such a function is called can be asked for (``simulate --set``), as a figure or
as a range; what is not asked for each seed draws from the range of its default.  A range on both
sides of a limit that names the rhythm is refused.  Parameters ``*_bpm`` are a minute, ``*_s``
seconds, ``*_mv`` millivolts.
"""

from typing import Any

from ecgcore.checks import check_option
from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate import library
from ecgcore.simulate.planning import STRETCHES, Rhythm, Stretch
from ecgcore.simulate.shapes import VentricularShape
from ecgcore.simulate.spec import CaseSpec
from ecgcore.simulate.stretches import Amount

# Three beats and more at over 100 a minute are a tachycardia (Al-Khatib et al., Circulation
# 138:e272, 2018); slower than 50 a ventricular rhythm is no longer called accelerated.
VT_FROM_BPM, ACCELERATED_FROM_BPM = 100.0, 50.0
# Accelerated rhythms are described up to 110 or 120: here a record cannot tell.
VT_SURE_BPM = 120.0
# A pause of 3 s is an indication in itself (Kusumoto 2019); one of 6 s is called asystole (Moya et
# al., Eur Heart J 30:2631, 2009).
PAUSE_S, ASYSTOLE_S = 3.0, 6.0

VT, UNSUSTAINED, POLYMORPHIC, TORSADES = "164895002", "AHA71", "AHA72", "AHA73"
VF, V_FLUTTER, ASYSTOLE, AIVR, IVR = (
    "164896001",
    "111288001",
    "397829000",
    "61277005",
    "49260003",
)
ARREST, EXIT_BLOCK, DISSOCIATION, FUSION, ARTIFACT = (
    "5609005",
    "AHA25",
    "50799005",
    "13640000",
    "251143007",
)
LEAD_IN_S = (2.0, 3.4)
RESTING_BPM = (58.0, 92.0)


# Sinus beats with a bundle branch block: their shape and label by the name that is asked for.
BUNDLES: dict[str, tuple[VentricularShape, tuple[str, ...]]] = {
    "": (library.NORMAL, ()),
    "rbbb": (library.RBBB, ("RBBB",)),
    "lbbb": (library.LBBB, ("LBBB",)),
}


def choose_bundle(shape: str) -> tuple[VentricularShape, tuple[str, ...]]:
    """Return the shape of a bundle branch block (none where empty), and its label."""
    return BUNDLES[check_option("shape", shape, BUNDLES)]


def make_case(
    stretches: tuple[Stretch, ...],
    *labels: str,
    urgent: tuple[str, ...] | None = None,
    uncertain: tuple[str, ...] = (),
    **more: Any,
) -> CaseSpec:
    """Return a case of these stretches, not yet named."""
    rhythm = Rhythm(STRETCHES, sinus_arrhythmia=0.025, stretches=stretches)
    return CaseSpec("", labels=labels, uncertain=uncertain, rhythm=rhythm, urgent=urgent, **more)


def lies_above(name: str, amount: Amount, limit: float) -> bool:
    """Return whether a figure or range lies above a limit that names the rhythm."""
    low, high = amount if isinstance(amount, tuple) else (amount, amount)
    if low < limit < high:
        raise InvalidArgumentError(
            f"{name} is {amount!r}, a range on both sides of {limit:g}, where the rhythm has "
            "another name; ask for one side."
        )
    return low >= limit
