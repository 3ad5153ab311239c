"""What raises ST without an infarction: early repolarization, pericarditis, aneurysm, Brugada.

Sources: early repolarization, Macfarlane et al., J Am Coll Cardiol 66:470 (2015); pericarditis,
Adler et al., ESC 2015, Eur Heart J 36:2921; aneurysm, Klein et al., Am J Emerg Med 33:786 (2015);
Brugada type 1, Priori et al., Heart Rhythm 10:1932 (2013).
"""

from ecgcore.interpret.st_picture import StPicture
from ecgcore.interpret.territories import ANTERIOR, INFERIOR, contiguous, count_in
from ecgcore.measure.lead_waves import LeadWaves

EARLY_REPOLARIZATION, PERICARDITIS, ANEURYSM, BRUGADA = (
    "428417006",
    "AHA200",
    "ANEUR",
    "418818005",
)
# 0.1 mV, of which the smoothing over 8 ms takes a fifth.
NOTCH_MV = 0.08
# Not in V1 to V3: there a late deflection is the right ventricle's.
# A notch can count as QRS.
NOTCHED_QRS_MS, RAISED_MV = 140.0, 0.05
NOTCHED_IN = ("I", "II", "III", "aVL", "aVF", "V4", "V5", "V6")
# Pericarditis raises ST by no more.
MODERATE_MV = 0.5
# Early repolarization: less, and small against T.
SMALL_MV, SMALL_PART = 0.35, 0.25
PR_DEPRESSED_MV = -0.04
DIFFUSE_LEADS, DIFFUSE_WITHOUT_PR = 5, 7
# T against QRS in V1 to V4: from here on an acute infarction.
ANEURYSM_RATIO = 0.36
# Brugada type 1: raised by 0.2 mV and falling into a negative T.
COVED_MV, FALL_MV, COVED_T_MV = 0.2, 0.05, -0.1


def find_mimic(picture: StPicture) -> str:
    """Return the code of what explains the raised leads without an infarction, or ``""``."""
    checks = {
        BRUGADA: is_brugada,
        ANEURYSM: is_aneurysm,
        EARLY_REPOLARIZATION: is_early_repolarization,
        PERICARDITIS: is_pericarditis,
    }
    if not picture.elevated:
        return ""
    return next((code for code, check in checks.items() if check(picture)), "")


def notched_leads(picture: StPicture) -> tuple[str, ...]:
    """Return the leads with a notch or slur of 0.1 mV or more at the end of QRS."""
    return tuple(lead for lead in NOTCHED_IN if picture.wave(lead).notch_mv >= NOTCH_MV)


def pr_depressed_leads(picture: StPicture) -> tuple[str, ...]:
    """Return the leads in which the PR segment lies below the level before P."""
    return tuple(
        lead
        for lead, wave in picture.waves.items()
        if "aVR" not in lead and lead != "V1" and (wave.pr_mv or 0.0) <= PR_DEPRESSED_MV
    )


def is_early_repolarization(picture: StPicture) -> bool:
    """Tell whether raised leads have early repolarization's notch, concave ST and upright T."""
    raised = _raised(picture)
    return (
        picture.qrs_ms < NOTCHED_QRS_MS
        and not picture.like_lbbb
        and len(notched_leads(picture)) >= 2
        and len(pr_depressed_leads(picture)) < 2
        and not _reciprocal(picture)
        and all(_is_benign(wave) and _is_small(wave) for wave in raised)
    )


def has_early_pattern(picture: StPicture) -> bool:
    """Tell whether contiguous leads have the notch, upright T and an ST above the baseline."""
    leads = [
        lead
        for lead in notched_leads(picture)
        if picture.wave(lead).j60_mv >= RAISED_MV and picture.wave(lead).t_mv > 0
    ]
    return bool(contiguous(leads)) and picture.qrs_ms < NOTCHED_QRS_MS and not picture.like_lbbb


def is_pericarditis(picture: StPicture) -> bool:
    """Tell whether ST is raised in most walls at once, without reciprocal depression.

    With a depressed PR segment, or raised in seven leads and more.
    """
    up = picture.elevated
    walls = (
        count_in(up, ("I", "V5", "V6")) >= 2,
        count_in(up, ("II", "aVF")) >= 1,
        count_in(up, ("V2", "V3", "V4", "V5", "V6")) >= 2,
    )
    if picture.is_wide or not all(walls) or len(up) < DIFFUSE_LEADS or _reciprocal(picture):
        return False
    # In an inferior infarction III is raised more than II.
    inferior = picture.wave("III").j_mv > picture.wave("II").j_mv
    enough = len(pr_depressed_leads(picture)) >= 2 or len(up) >= DIFFUSE_WITHOUT_PR
    return enough and not inferior and all(_is_benign(wave) for wave in _raised(picture))


def is_aneurysm(picture: StPicture) -> bool:
    """Tell whether ST is raised over Q waves in V1 to V4, with T small against QRS."""
    up = [lead for lead in picture.elevated if lead in ANTERIOR]
    waves = [picture.wave(lead) for lead in ANTERIOR if picture.has(lead)]
    if len(up) < 2 or set(picture.elevated) - {*ANTERIOR, "V5"} or picture.is_wide:
        return False
    with_q = [wave for wave in waves if wave.is_qs or wave.q_ms >= 40.0]
    small = all(max(0.0, w.t_mv) < ANEURYSM_RATIO * w.qrs_mv for w in waves)
    return len(with_q) >= 3 and small and not _reciprocal(picture)


def is_brugada(picture: StPicture) -> bool:
    """Tell whether ST is raised in V1 and V2 alone and falls straight into a negative T."""
    if set(picture.elevated) - {"V1", "V2", "V3"} or picture.qrs_ms >= NOTCHED_QRS_MS:
        return False
    if _is_saddle(picture.wave("V1"), picture.wave("V2")):
        return True
    coved = [lead for lead in ("V1", "V2") if _is_coved(picture.wave(lead))]
    return bool(coved) and not _is_raised_flat(picture.wave("V3"))


def _is_coved(wave: LeadWaves) -> bool:
    falls = wave.j_mv - wave.j80_mv >= FALL_MV
    return wave.j_mv >= COVED_MV and falls and wave.t_mv <= COVED_T_MV


def _is_saddle(first: LeadWaves, second: LeadWaves) -> bool:
    """Tell whether V1 and V2 fall from a late r wave into a saddle before an upright T (type 2)."""
    falls = all(w.j_mv - w.j80_mv >= FALL_MV and w.last_mv > 0 for w in (first, second))
    return falls and second.j_mv >= COVED_MV and second.t_up_mv > second.j80_mv


def _is_raised_flat(wave: LeadWaves) -> bool:
    return wave.j60_mv >= COVED_MV and wave.j_mv - wave.j80_mv < FALL_MV


def _raised(picture: StPicture) -> list[LeadWaves]:
    return [picture.wave(lead) for lead in picture.elevated if lead in picture.waves]


def _is_benign(wave: LeadWaves) -> bool:
    """Tell whether a raised ST is concave, moderate, before an upright T and after no Q wave."""
    if wave.lead == "-aVR":
        return True
    concave = wave.bow_mv < 0
    has_q = wave.is_qs or wave.q_ms >= 40.0
    return concave and not has_q and wave.t_mv > 0 and wave.j_mv <= MODERATE_MV


def _is_small(wave: LeadWaves) -> bool:
    """Tell whether a raised ST is small against its T (Ginzton and Laks, Circulation 65:1004)."""
    return wave.j_mv <= SMALL_MV and wave.j60_mv <= SMALL_PART * wave.t_mv


def _reciprocal(picture: StPicture) -> tuple[str, ...]:
    return tuple(
        lead
        for lead in (*INFERIOR, "I", "aVL", "V2", "V3", "V4", "V5", "V6")
        if min(picture.wave(lead).j_mv, picture.wave(lead).j60_mv) <= -0.05
    )
