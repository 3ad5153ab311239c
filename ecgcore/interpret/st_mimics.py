"""What raises ST without an infarction: early repolarization, pericarditis, aneurysm, Brugada.

Sources: early repolarization, Macfarlane et al., J Am Coll Cardiol 66:470 (2015); pericarditis,
Adler et al., ESC 2015, Eur Heart J 36:2921; aneurysm, Klein et al., Am J Emerg Med 33:786 (2015);
Brugada type 1, Priori et al., Heart Rhythm 10:1932 (2013).
"""

from ecgcore.interpret.st_picture import NOTCHED_QRS_MS, StPicture, notched_leads
from ecgcore.interpret.territories import ANTERIOR, INFERIOR, contiguous, count_in
from ecgcore.measure.lead_waves import LeadWaves

EARLY_REPOLARIZATION, PERICARDITIS, ANEURYSM, BRUGADA = (
    "428417006",
    "AHA200",
    "ANEUR",
    "418818005",
)
RAISED_MV = 0.05
# Pericarditis raises ST by no more.
MODERATE_MV = 0.5
# Early repolarization: less, and small against T (Ginzton and Laks, Circulation 65:1004, 1982).
SMALL_MV, SMALL_PART = 0.35, 0.25
# Smith's formula: from here on no mimic.
OCCLUSION = 18.2
PR_DEPRESSED_MV = -0.04
DIFFUSE_LEADS, DIFFUSE_WITHOUT_PR = 5, 7
# T against QRS in V1 to V4: from here on in one of them, or above it of their sums, an acute
# infarction.
ANEURYSM_RATIO, ANEURYSM_SUM_RATIO = 0.36, 0.22
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


def pr_depressed_leads(picture: StPicture) -> tuple[str, ...]:
    """Return the leads in which the PR segment lies below the level before P."""
    return tuple(
        lead
        for lead, wave in picture.waves.items()
        if "aVR" not in lead and lead != "V1" and (wave.pr_mv or 0.0) <= PR_DEPRESSED_MV
    )


def is_early_repolarization(picture: StPicture) -> bool:
    """Tell whether raised leads have early repolarization's notch, concave ST and upright T.

    ST is small, and small against T; of V1 to V4, where two of V2 to V4 are raised, Smith's formula
    says it instead.
    """
    score = picture.occlusion_score
    in_front = count_in(picture.elevated, ("V2", "V3", "V4")) >= 2 and score is not None
    if in_front and score is not None and score >= OCCLUSION:
        return False
    raised = _raised(picture)
    by_t = [w for w in raised if not (in_front and w.lead in ANTERIOR)]
    return (
        picture.qrs_ms < NOTCHED_QRS_MS
        and not picture.like_lbbb
        and len(notched_leads(picture)) >= 2
        and len(pr_depressed_leads(picture)) < 2
        and not _reciprocal(picture)
        and all(_is_benign(wave) and wave.onset_mv <= SMALL_MV for wave in raised)
        and all(wave.j60_mv <= SMALL_PART * wave.t_mv for wave in by_t)
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

    With a depressed PR segment, or raised in seven leads and more; then not as in early
    repolarization, with notches and a small ST in V6 (Ginzton and Laks).
    """
    low = pr_depressed_leads(picture)
    up = picture.elevated
    # With PR depressed in most leads ST need not reach the limit in each of them.
    wide_spread = tuple(n for n, w in picture.waves.items() if w.onset_mv >= RAISED_MV)
    seen = wide_spread if len(low) >= DIFFUSE_LEADS - 1 else up
    walls = (
        count_in(seen, ("I", "V5", "V6")) >= 2,
        count_in(seen, ("II", "aVF")) >= 1,
        count_in(seen, ("V2", "V3", "V4", "V5", "V6")) >= 2,
    )
    if picture.is_wide or not all(walls) or len(seen) < DIFFUSE_LEADS or _reciprocal(picture):
        return False
    # In an inferior infarction III is raised more than II.
    inferior = picture.wave("III").j_mv > picture.wave("II").j_mv
    last = picture.wave("V6")
    large = last.j60_mv >= SMALL_PART * last.t_mv or len(notched_leads(picture)) < 2
    enough = len(low) >= 2 or (len(up) >= DIFFUSE_WITHOUT_PR and large)
    return enough and not inferior and all(_is_benign(wave) for wave in _raised(picture))


def is_aneurysm(picture: StPicture) -> bool:
    """Tell whether ST is raised over Q waves in V1 to V4, with T small against QRS."""
    up = picture.elevated
    waves = [picture.wave(lead) for lead in ANTERIOR if picture.has(lead)]
    if not set(up) & {*ANTERIOR} or set(up) - {*ANTERIOR, "V5"} or picture.is_wide:
        return False
    with_q = [wave for wave in waves if wave.is_qs or wave.q_ms >= 40.0]
    t_mv, qrs_mv = [max(0.0, w.t_mv) for w in waves], [w.qrs_mv for w in waves]
    small = all(t < ANEURYSM_RATIO * qrs for t, qrs in zip(t_mv, qrs_mv, strict=True))
    small = small or sum(t_mv) <= ANEURYSM_SUM_RATIO * sum(qrs_mv)
    return len(with_q) >= 3 and small and not set(_reciprocal(picture)) & {*INFERIOR}


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
    late = all(max(w.last_mv, w.notch_mv) > 0 for w in (first, second))
    falls = late and all(w.j_mv - w.j80_mv >= FALL_MV for w in (first, second))
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
    return concave and not has_q and wave.t_mv > 0 and wave.onset_mv <= MODERATE_MV


def _reciprocal(picture: StPicture) -> tuple[str, ...]:
    """Return the leads in which ST is depressed and stays so after J.

    aVL is left out where it looks at the heart as aVR does: a vertical axis turns QRS, ST and T
    over, ST slightly, and III is raised no more than II.
    """
    waves = [picture.wave(n) for n in (*INFERIOR, "I", "aVL", "V2", "V3", "V4", "V5", "V6")]
    found = [w.lead for w in waves if min(max(w.j_mv, w.j40_mv), w.j60_mv) <= -RAISED_MV]
    left = picture.wave("aVL")
    turned = left.depth_mv > left.r_mv and left.j60_mv > -2 * RAISED_MV
    if turned and picture.wave("III").j_mv <= picture.wave("II").j_mv:
        found = [lead for lead in found if lead != "aVL"]
    return tuple(found)
