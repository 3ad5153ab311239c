"""How a statement changes a case: functions from one case to another."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ecgcore.simulate import changes, library, planning
from ecgcore.simulate.planning import Ectopy, Rhythm
from ecgcore.simulate.shapes import VentricularShape
from ecgcore.simulate.spec import CaseSpec, Limits

Change = Callable[[CaseSpec], CaseSpec]


def change_rhythm(rhythm: Rhythm, limits: Limits | None = None, **more: Any) -> Change:
    """Return the change to another rhythm."""
    return lambda spec: replace(spec, rhythm=rhythm, limits=limits or spec.limits, **more)


def replace_shape(shape: VentricularShape) -> Change:
    """Return the change to another ventricular shape."""
    return lambda spec: replace(spec, ventricular=shape)


def change_shape(change: Callable[[VentricularShape], VentricularShape]) -> Change:
    """Return the change of whatever ventricular shape there is."""
    return lambda spec: replace(spec, ventricular=change(spec.ventricular))


def change_any_beat(change: Callable[[VentricularShape], VentricularShape]) -> Change:
    """Return the change of the heart's own beats and of paced ones."""
    paced = library.PACED
    return lambda spec: replace(
        spec,
        ventricular=change(spec.ventricular),
        shapes=(*spec.shapes, (paced.name, change(paced))),
    )


def ectopy(*ectopy: Ectopy) -> Change:
    """Return the change that adds early beats."""
    return lambda spec: replace(
        spec, rhythm=replace(spec.rhythm, ectopy=(*spec.rhythm.ectopy, *ectopy))
    )


def qt(
    change: Callable[[VentricularShape], VentricularShape], qtc_ms: float, low: float, high: float
) -> Change:
    """Return the change of QT and of the shape of T."""
    return lambda spec: replace(
        spec,
        ventricular=change(spec.ventricular),
        qtc_ms=qtc_ms,
        limits=replace(spec.limits, qtc_ms=(low, high)),
    )


def first_degree(spec: CaseSpec) -> CaseSpec:
    """Prolong PR."""
    rhythm = replace(spec.rhythm, pr_ms=264.0)
    # At a fast rate the long PR would put P on the T before it, beyond reading.
    slow = (spec.limits.rate_bpm[0], min(spec.limits.rate_bpm[1], 88.0))
    limits = replace(spec.limits, pr_ms=(218.0, 340.0), rate_bpm=slow)
    return replace(spec, rhythm=rhythm, limits=limits)


def lafb(spec: CaseSpec) -> CaseSpec:
    """Block the left anterior fascicle, beside a right bundle branch block if there is one."""
    is_rbbb = spec.ventricular is library.RBBB
    return replace(spec, ventricular=library.RBBB_LAFB if is_rbbb else library.LAFB)


def wpw(spec: CaseSpec) -> CaseSpec:
    """Activate a part of the ventricles early."""
    # The P-J interval stays: what PR loses QRS gains.  From a long PR it would not fall below 120.
    pr_ms = min(spec.rhythm.pr_ms, 148.0) - library.WPW_EARLY_MS
    rhythm = replace(spec.rhythm, pr_ms=pr_ms)
    limits = replace(spec.limits, pr_ms=(88.0, 116.0))
    return replace(spec, rhythm=rhythm, ventricular=library.WPW, limits=limits)


def lvh(spec: CaseSpec) -> CaseSpec:
    """Thicken the left ventricle; the left atrium with it."""
    return replace(spec, atrial=library.P_LEFT, ventricular=library.LVH_STRAIN)


def low_voltage(spec: CaseSpec) -> CaseSpec:
    """Make every deflection small."""
    return replace(spec, size=0.33 * spec.size)


def hyperkalaemia(spec: CaseSpec) -> CaseSpec:
    """Raise the potassium: pointed T, flat P."""
    return replace(
        spec,
        atrial=changes.flat_p(spec.atrial),
        ventricular=changes.hyperkalaemia(spec.ventricular),
        rhythm=replace(spec.rhythm, pr_ms=spec.rhythm.pr_ms + 24),
        qtc_ms=392.0,
    )


def severe_hyperkalaemia(spec: CaseSpec) -> CaseSpec:
    """Raise the potassium until P is lost and QRS is wide."""
    # The sinus node drives the ventricles through atria that no longer show.
    rhythm = replace(spec.rhythm, rate_bpm=58.0)
    lost = library.AtrialShape("lost", changes.flat_p(spec.atrial).p[:0])
    limits = replace(spec.limits, rate_bpm=(45.0, 75.0))
    return replace(
        spec,
        rhythm=rhythm,
        atrial=lost,
        ventricular=library.HYPERKALAEMIA_SEVERE,
        qtc_ms=410.0,
        limits=limits,
    )


def lead_off(spec: CaseSpec) -> CaseSpec:
    """Take off the electrode of V3."""
    return replace(spec, off_leads=("V3",), noise="high")


def reverse(reversal: str) -> Change:
    """Return the change to exchanged cables or misplaced electrodes."""
    return lambda spec: replace(spec, reversal=reversal)


def pacemaker(chambers: str, rate_bpm: float, pr_ms: float) -> Change:
    """Return the change to a paced rhythm."""

    def change(spec: CaseSpec) -> CaseSpec:
        rhythm = Rhythm(planning.PACEMAKER, rate_bpm, pr_ms=pr_ms, chambers=chambers)
        # A pacemaker's rate and delay are set, not drawn far.
        around = (rate_bpm - 12, rate_bpm + 25)
        limits = replace(spec.limits, rate_bpm=around, pr_ms=(pr_ms - 30, pr_ms + 40))
        return replace(spec, rhythm=rhythm, limits=limits)

    return change


def sinus(rate_bpm: float, low: float, high: float, pr_ms: float, **more: Any) -> Change:
    """Return the change to a sinus rhythm of some rate and range."""
    return change_rhythm(Rhythm(planning.SINUS, rate_bpm, pr_ms=pr_ms, **more), Limits((low, high)))


def flutter(ratios: tuple[int, ...], atrial_bpm: float = 292.0) -> Change:
    """Return the change to flutter with these ratios of conduction."""
    rhythm = Rhythm(planning.FLUTTER, atrial_bpm=atrial_bpm, ratios=ratios)
    return change_rhythm(rhythm, f_wave_size=1.0)


def block(name: str, **more: Any) -> Change:
    """Return the change to an AV block of second or third degree."""
    limits = Limits(pr_ms=(140.0, 196.0), rate_bpm=(62.0, 96.0))
    return change_rhythm(Rhythm(name, **more), limits)
