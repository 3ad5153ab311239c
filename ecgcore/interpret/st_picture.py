"""ST of one study as its rules see it: which leads are raised or depressed beyond their limits.

Thygesen et al., Circulation 138:e618 (2018): J against QRS onset, limits by lead, age and sex; in
two contiguous leads.  Where QRS is wide but not that of left bundle branch block, limits hold in
leads whose last deflection ST does not oppose; where it does, from 15 % of that deflection on.  In
left ventricular hypertrophy ST over a deep S counts from a quarter of it (Armstrong et al., Am J
Cardiol 110:977, 2012; as Smith et al., Ann Emerg Med 60:766, 2012, in left bundle branch block).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ecgcore.interpret.territories import (
    CHEST,
    FRONTAL,
    LEAST,
    LOW_LATERAL,
    MINUS_AVR,
    RIGHT,
    contiguous,
    find_reciprocal,
    name_walls,
)
from ecgcore.measure.lead_waves import LeadWaves, read_waves
from ecgcore.measure.st_segment import (
    DEPRESSION_MV,
    TOLERANCE_MV,
    UPSLOPING_MV,
    WIDE_QRS_MS,
    thresholds_mv,
)
from ecgcore.recording import Patient
from ecgcore.results import Measurement, MeasureResult, VoltageCriterion

# ST has to stand out of the noise by so many standard errors, and to stay after J.
ERRORS = 3.0
STAYS_PART = 0.5
# Of an opposite deflection: up to here ST is secondary to it.
SECONDARY_PART, OPPOSED_PART = 0.25, 0.15
# An opposite deflection below this size makes no secondary change.
LEAST_LAST_MV = 0.15
DOMINANT_R_MV = 0.3
VERY_WIDE_MS = 150.0
# ST follows QRS from here on: QRS is measured a few milliseconds too wide.
FOLLOWS_QRS_MS = 130.0
RIGHT_R_MV = 0.7
# A notch can count as QRS: up to this width.
NOTCHED_QRS_MS = 140.0
# What J is uncertain by; with the other side depressed a shift counts from here below its limit.
NEAR_MV = 0.01
# Voltage says little about hypertrophy in the young: Hancock et al., Circulation 119:e251 (2009).
VOLTAGE_YEARS = 35.0


@dataclass(frozen=True, kw_only=True)
class StPicture:
    """ST of every lead, with what changes its meaning.

    Attributes
    ----------
    waves : mapping of str to LeadWaves
        The readable leads; beside aVR also ``"-aVR"``, turned over.
    patient : Patient
    qrs_ms : float
    is_paced, is_lbbb, is_rbbb, has_lvh, has_rvh : bool
    elevated, depressed : tuple of str
        Beyond the limits, in contiguous leads.
    noisy : tuple of str
        Leads in which the noise hides a shift of the limit's size.
    occlusion_score : float or None
        Smith's formula of four variables, where V2 to V4 and QT were measured.
    """

    waves: Mapping[str, LeadWaves]
    patient: Patient
    qrs_ms: float = 90.0
    is_paced: bool = False
    is_lbbb: bool = False
    is_rbbb: bool = False
    has_lvh: bool = False
    has_rvh: bool = False
    elevated: tuple[str, ...] = ()
    depressed: tuple[str, ...] = ()
    noisy: tuple[str, ...] = ()
    occlusion_score: float | None = None

    @property
    def is_wide(self) -> bool:
        """Whether ST follows a wide QRS."""
        return self.qrs_ms >= WIDE_QRS_MS

    @property
    def like_lbbb(self) -> bool:
        """Whether ST is judged as in left bundle branch block."""
        return self.is_paced or (self.is_wide and self.is_lbbb and not self.is_notched)

    @property
    def is_notched(self) -> bool:
        """Whether notches at its end, as of early repolarization, make QRS wide."""
        return len(notched_leads(self)) >= LEAST and self.qrs_ms < NOTCHED_QRS_MS

    def wave(self, lead: str) -> LeadWaves:
        """Return a lead's waves, flat where it is not readable."""
        return self.waves.get(lead) or LeadWaves(lead=lead)

    def has(self, *leads: str) -> bool:
        """Return whether all these leads are readable."""
        return all(lead in self.waves for lead in leads)

    def limit_mv(self, lead: str) -> float:
        """Return the elevation from which a lead counts; the lowest where age or sex is unknown."""
        return thresholds_mv(lead, self.patient)[0]


def draw_picture(measured: MeasureResult, patient: Patient, *, is_paced: bool) -> StPicture:
    """Return the ST picture of what was measured; without waves where there is no median beat."""
    waves = read_waves(measured.median_beat, measured.quality.bad_leads)
    if not measured.amplitudes or not waves:
        return StPicture(waves={}, patient=patient)
    if "aVR" in waves or {"I", "II"} <= set(waves):
        waves = waves | {MINUS_AVR: _turn_over(waves)}
    point = measured.median_beat.consensus if measured.median_beat else {}
    bare = StPicture(
        waves=waves,
        patient=patient,
        qrs_ms=1e3 * (point["qrs_offset"] - point["qrs_onset"]),
        is_paced=is_paced,
        is_lbbb=_has_lbbb_shape(waves, 1e3 * (point["qrs_offset"] - point["qrs_onset"])),
        is_rbbb="V1" in waves and waves["V1"].last_mv > 0,
        has_lvh=_has_voltage(measured.lvh, patient),
        has_rvh=_has_right_voltage(waves),
        occlusion_score=occlusion_score(waves, measured.measurement("qtc_bazett")),
    )
    judged = [lead for lead in (*FRONTAL, *CHEST, *RIGHT) if lead in waves]
    down = contiguous([lead for lead in judged if is_depressed(bare, lead)])
    up = contiguous([lead for lead in judged if is_elevated(bare, lead)])
    if not up:
        near = contiguous([n for n in judged if is_elevated(bare, n, bare.limit_mv(n) - NEAR_MV)])
        up = near if len(find_reciprocal(name_walls(near), down)) >= LEAST else ()
    noisy = [lead for lead in judged if ERRORS * waves[lead].error_mv > bare.limit_mv(lead)]
    return replace(bare, elevated=up, depressed=down, noisy=tuple(noisy))


def notched_leads(picture: StPicture) -> tuple[str, ...]:
    """Return the leads with a notch or slur of 0.1 mV or more at the end of QRS."""
    return tuple(n for n, w in picture.waves.items() if w.is_notched and "aVR" not in n)


def is_elevated(picture: StPicture, lead: str, limit_mv: float | None = None) -> bool:
    """Tell whether ST is raised to the limit in a lead, stays so, and is not secondary to QRS."""
    wave = picture.wave(lead)
    least = picture.limit_mv(lead) if limit_mv is None else limit_mv
    raised = (
        wave.onset_mv >= least - TOLERANCE_MV
        and max(wave.j60_mv, wave.j40_mv) >= STAYS_PART * least
        and _stands_out(wave)
    )
    return raised and not _is_secondary(picture, wave)


def is_depressed(picture: StPicture, lead: str) -> bool:
    """Tell whether ST is depressed: horizontally or down-sloping, or up-sloping and deep.

    In V1 to V3 it is not told apart from what a late R wave brings.
    """
    wave = picture.wave(lead)
    stays = wave.j80_mv <= -DEPRESSION_MV + TOLERANCE_MV
    deep = wave.j_mv <= -(DEPRESSION_MV if stays else UPSLOPING_MV) + TOLERANCE_MV
    return deep and _stands_out(wave) and not _is_secondary(picture, wave)


def depression_mv(wave: LeadWaves) -> float:
    """Return how deep ST lies below the level at QRS onset, at J or 80 ms later."""
    return max(0.0, -min(wave.j_mv, wave.j80_mv))


def depression_score(picture: StPicture) -> float:
    """Return the ST depression 60 to 80 ms after J that two contiguous leads share, in mV.

    Below 0 where ST is raised in all of them; 0 where QRS is wide and ST follows it.
    """
    if picture.qrs_ms >= FOLLOWS_QRS_MS or picture.is_paced:
        return 0.0
    depth = {lead: -(w.j60_mv + w.j80_mv) / 2 for lead, w in picture.waves.items() if lead != "aVR"}
    ordered = sorted(depth, key=lambda lead: -depth[lead])
    for count in range(2, len(ordered) + 1):
        pairs = contiguous(ordered[:count])
        if pairs:
            return min(depth[lead] for lead in pairs)
    return 0.0


def occlusion_score(waves: Mapping[str, LeadWaves], qtc_bazett: Measurement | None) -> float | None:
    """Return what tells an occluded LAD (18.2 and more) from early repolarization in V2 to V4.

    Driver et al., J Electrocardiol 50:561 (2017): QTc by Bazett in ms, amplitudes in mm.
    """
    if qtc_bazett is None or qtc_bazett.value is None or not {"V2", "V3", "V4"} <= set(waves):
        return None
    mm = 10.0
    return (
        0.052 * qtc_bazett.value
        - 0.151 * mm * waves["V2"].qrs_mv
        - 0.268 * mm * waves["V4"].r_mv
        + 1.062 * mm * waves["V3"].j60_mv
    )


def _stands_out(wave: LeadWaves) -> bool:
    return not wave.error_mv < float("inf") or abs(wave.j_mv) >= ERRORS * wave.error_mv


def _is_secondary(picture: StPicture, wave: LeadWaves) -> bool:
    """Tell whether ST only opposes the last deflection of a wide or a tall QRS."""
    last = wave.last_mv
    if picture.qrs_ms >= FOLLOWS_QRS_MS:
        opposes = wave.j_mv * last < 0 and abs(last) >= LEAST_LAST_MV
        return opposes and abs(wave.j_mv) < OPPOSED_PART * abs(last)
    if not picture.has_lvh:
        return False
    against = wave.depth_mv if wave.j_mv > 0 else 0.0
    return against > wave.r_mv and wave.j_mv < SECONDARY_PART * against


def _has_lbbb_shape(waves: Mapping[str, LeadWaves], qrs_ms: float) -> bool:
    """Tell whether QRS ends backwards and to the left: down in V1, up in a lateral lead.

    A very wide QRS that ends so in V1 is judged like one, whatever the lateral leads show.
    """
    first = waves.get("V1")
    if first is None or first.last_mv >= 0 or first.depth_mv <= first.r_mv:
        return False
    if qrs_ms >= VERY_WIDE_MS:
        return True
    lateral = [waves[lead] for lead in ("I", *LOW_LATERAL) if lead in waves]
    # What comes last is R itself, not a notch after it.
    return any(
        w.q_mv == 0 and w.last_mv >= max(DOMINANT_R_MV, w.r_mv) and w.r_mv > w.depth_mv
        for w in lateral
    )


def _has_voltage(criteria: tuple[VoltageCriterion, ...], patient: Patient) -> bool:
    young = patient.age_years is not None and patient.age_years < VOLTAGE_YEARS
    return any(each.met for each in criteria) and not young


def _has_right_voltage(waves: Mapping[str, LeadWaves]) -> bool:
    """Tell whether V1 is dominated by R and I by S: right ventricular hypertrophy's axis."""
    first, limb = waves.get("V1"), waves.get("I")
    if first is None or limb is None:
        return False
    return first.r_mv >= max(RIGHT_R_MV, first.depth_mv) and limb.depth_mv > limb.r_mv


def _turn_over(waves: Mapping[str, LeadWaves]) -> LeadWaves:
    """Return aVR as seen from the other side: its levels, and QRS from above.

    Where aVR is not readable it is the mean of I and II, as its notch always is.
    """
    sides = [waves[lead] for lead in ("I", "II") if lead in waves]
    seen, sign = ([waves["aVR"]], -1.0) if "aVR" in waves else (sides, 1.0)

    def mean(name: str) -> float:
        return sign * sum(getattr(wave, name) for wave in seen) / len(seen)

    up, down = ("depth_mv", "r_mv") if "aVR" in waves else ("r_mv", "depth_mv")
    return LeadWaves(
        lead=MINUS_AVR,
        r_mv=abs(mean(up)),
        s_mv=-abs(mean(down)),
        **{n: mean(n) for n in ("last_mv", "j_mv", "j40_mv", "j60_mv", "j80_mv", "t_mv")},
        notch_mv=sum(wave.notch_mv for wave in sides) / 2,
        error_mv=abs(mean("error_mv")),
    )
