"""The cases of disturbed rhythm: lethal ones, and beside each what resembles it and is benign.

What each looks like follows Chou's Electrocardiography in Clinical Practice, 6th ed., chapters 12
to 20, Josephson's Clinical Cardiac Electrophysiology, 5th ed., and the guidelines that
the modules of each stretch name.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate import cases_conduction as conduction
from ecgcore.simulate import cases_ventricular as ventricles
from ecgcore.simulate.case_parts import FUSION
from ecgcore.simulate.spec import CaseSpec
from ecgcore.statements import statement


@dataclass(frozen=True)
class RhythmCase:
    """A case of disturbed rhythm.

    Attributes
    ----------
    title : str
    build : callable
        From named parameters to a case.
    looks : str
        What it looks like, in words.
    mimics : str
        The case it resembles and is not; empty where it is no mimic.
    """

    title: str
    build: Callable[..., CaseSpec]
    looks: str
    mimics: str = ""


_WIDE_REGULAR = "regular QRS of 140 ms and more without a P before it"
_LIMBS = ("RA", "LA", "LL")

RHYTHM_TABLE = {
    # --- ventricular ---
    "vt": RhythmCase(
        statement("164895002").term,
        ventricles.ventricular_rhythm,
        f"{_WIDE_REGULAR}, 130 to 210 a minute, P waves of their own in between",
    ),
    "vt-outflow": RhythmCase(
        "Ventricular tachycardia from the right ventricular outflow tract",
        partial(ventricles.ventricular_rhythm, origin="outflow"),
        "left bundle branch block pattern with a tall R in II, III and aVF; regular",
    ),
    "vt-left": RhythmCase(
        "Ventricular tachycardia from the left ventricle",
        partial(ventricles.ventricular_rhythm, origin="left"),
        "right bundle branch block pattern (R in V1), axis to the right or upwards; regular",
    ),
    "vt-capture": RhythmCase(
        "Ventricular tachycardia with capture and fusion beats",
        partial(
            ventricles.ventricular_rhythm,
            rate_bpm=(120.0, 136.0),
            sinus_bpm=(78.0, 100.0),
            capture_share=0.6,
            labels=(FUSION,),
        ),
        "a narrow beat after a P now and then, and beats between narrow and broad",
    ),
    "vt-slow": RhythmCase(
        "Slow ventricular tachycardia",
        partial(ventricles.ventricular_rhythm, rate_bpm=(101.0, 128.0), origin="scar"),
        f"{_WIDE_REGULAR}, 100 to 130 a minute",
    ),
    **{
        f"vt-run-{beats}": RhythmCase(
            f"Run of {beats} ventricular beats",
            partial(ventricles.ventricular_run, beats=beats),
            f"sinus rhythm, {beats} broad beats in a row at over 100 a minute, sinus rhythm",
        )
        for beats in (3, 5, 6, 10)
    },
    "vt-sustained": RhythmCase(
        "Sustained ventricular tachycardia within sinus rhythm",
        ventricles.ventricular_episode,
        "two minutes of sinus rhythm with more than 30 s of tachycardia",
    ),
    "polymorphic-vt": RhythmCase(
        "Polymorphic ventricular tachycardia",
        ventricles.polymorphic_tachycardia,
        "normal QT; a beat on T, then broad beats that change from one to the next, above 200",
    ),
    "torsades": RhythmCase(
        "Torsades de pointes",
        ventricles.torsades,
        "long QT; early beat, pause, beat on T; then QRS that turn around the line in spindles",
    ),
    "vf-coarse": RhythmCase(
        "Ventricular fibrillation, coarse",
        ventricles.fibrillation,
        "waves of 4 to 7 a second without order, no QRS; 0.7 mV and more",
    ),
    "vf-fine": RhythmCase(
        "Ventricular fibrillation, fine",
        partial(ventricles.fibrillation, kind="fine", size_mv=(0.12, 0.24)),
        "waves without order below 0.25 mV, on a wandering line",
    ),
    "vf-onset": RhythmCase(
        "Ventricular fibrillation after a beat on T",
        ventricles.fibrillation_onset,
        "sinus rhythm, a broad beat on T, then waves without order",
    ),
    "ventricular-flutter": RhythmCase(
        statement("111288001").term,
        ventricles.ventricular_flutter,
        "a regular zigzag of 240 to 300 a minute; QRS and T cannot be told apart",
    ),
    # --- benign rhythms like ventricular tachycardia and fibrillation ---
    "aivr": RhythmCase(
        statement("61277005").term,
        partial(ventricles.ventricular_rhythm, rate_bpm=(56.0, 96.0), capture_share=0.5),
        f"{_WIDE_REGULAR}, 50 to 100 a minute, with fusion beats",
        "vt",
    ),
    "svt-regular": RhythmCase(
        statement("SVTAC").term,
        conduction.svt,
        "regular narrow QRS, a retrograde P at their end",
        "vt",
    ),
    "svt-rbbb": RhythmCase(
        "Supraventricular tachycardia with right bundle branch block",
        partial(conduction.svt, shape="rbbb"),
        "regular, rsR' in V1, typical in V6; no P of its own",
        "vt-left",
    ),
    "svt-lbbb": RhythmCase(
        "Supraventricular tachycardia with left bundle branch block",
        partial(conduction.svt, shape="lbbb"),
        "regular, typical left bundle branch block; no P of its own",
        "vt-outflow",
    ),
    "svt-run": RhythmCase(
        "Run of supraventricular tachycardia",
        conduction.svt_run,
        "an early P with a long PR, then regular narrow QRS; it stops at once",
        "vt-run-10",
    ),
    "svt-run-lbbb": RhythmCase(
        "Run of aberrant supraventricular tachycardia",
        partial(conduction.svt_run, shape="lbbb"),
        "an early P, then regular QRS with left bundle branch block; sinus QRS narrow",
        "vt-run-10",
    ),
    "preexcited-af": RhythmCase(
        "Atrial fibrillation with ventricular preexcitation",
        conduction.preexcited_fibrillation,
        "irregular, 175 to 250 a minute; QRS of changing width with a slurred onset",
    ),
    "af-fast-lbbb": RhythmCase(
        "Fast atrial fibrillation with left bundle branch block",
        conduction.fast_fibrillation,
        "irregular, broad, but every QRS alike; 125 to 165 a minute",
        "preexcited-af",
    ),
    "af-fast-rbbb": RhythmCase(
        "Fast atrial fibrillation with right bundle branch block",
        partial(conduction.fast_fibrillation, shape="rbbb"),
        "irregular, broad, but every QRS alike; 125 to 165 a minute",
        "preexcited-af",
    ),
    "motion-vt": RhythmCase(
        "Motion artifact like ventricular tachycardia",
        ventricles.motion,
        "a regular broad zigzag; the QRS of sinus rhythm march through it, one limb lead is free",
        "vt",
    ),
    "motion-vf": RhythmCase(
        "Motion artifact like ventricular fibrillation",
        partial(ventricles.motion, kind="irregular", rate_bpm=(270.0, 380.0)),
        "irregular waves; QRS march through, one limb lead is free",
        "vf-coarse",
    ),
    "tremor-flutter": RhythmCase(
        "Tremor like atrial flutter",
        partial(
            ventricles.motion,
            kind="tremor",
            rate_bpm=(270.0, 345.0),
            size_mv=(0.10, 0.18),
            start_s=0.0,
            length_s=60.0,
        ),
        "4 to 6 waves a second between the QRS of limb leads; sinus P in the free limb lead",
        "atrial-flutter",
    ),
    # --- arrest, and what resembles it ---
    "asystole": RhythmCase(
        "Asystole", ventricles.asystole, "a line that wanders a little; no P, no QRS"
    ),
    "asystole-after-sinus": RhythmCase(
        "Asystole after sinus rhythm",
        ventricles.asystole_after_sinus,
        "a few slow sinus beats, then a line",
    ),
    "asystole-after-vf": RhythmCase(
        "Asystole after ventricular fibrillation",
        ventricles.asystole_after_fibrillation,
        "low waves without order, then a line",
    ),
    "standstill": RhythmCase(
        "Ventricular standstill", ventricles.standstill, "regular P waves, no QRS at all"
    ),
    "standstill-after-sinus": RhythmCase(
        "Ventricular standstill after right bundle branch block",
        ventricles.standstill_after_sinus,
        "sinus rhythm with a bundle branch block, then P waves alone",
    ),
    "leads-off": RhythmCase(
        "All electrodes come off",
        ventricles.leads_lost,
        "sinus rhythm, then a line without the least movement in every lead",
        "asystole-after-sinus",
    ),
    "limb-leads-off": RhythmCase(
        "Limb electrodes come off",
        partial(ventricles.leads_lost, electrodes=_LIMBS),
        "a dead line in the limb leads; the QRS go on in V1 to V6",
        "asystole-after-sinus",
    ),
    # --- pauses, and what resembles them ---
    "sinus-pause-2s": RhythmCase(
        "Sinus pause of 2 s",
        partial(conduction.sinus_pause, pause_s=(2.05, 2.6)),
        "no P for more than 2 s; no multiple of the cycle",
        "sinus-pause-3s",
    ),
    "sinus-pause-3s": RhythmCase(
        "Sinus pause of more than 3 s", conduction.sinus_pause, "no P for 3 to 4 s"
    ),
    "sinus-pause-5s": RhythmCase(
        "Sinus arrest of 5 s with junctional escape",
        partial(conduction.sinus_pause, pause_s=(4.6, 5.5), escape=True),
        "no P for 5 s; a narrow beat without P ends it",
    ),
    "sinoatrial-block": RhythmCase(
        statement("AHA25").term,
        conduction.exit_block,
        "one P is missing; the pause is two sinus cycles",
        "mobitz-2",
    ),
    "paroxysmal-av-block": RhythmCase(
        "Paroxysmal AV block",
        conduction.paroxysmal_block,
        "four and more P waves in a row without QRS, then an escape beat",
    ),
    "pac-blocked-bigeminy": RhythmCase(
        "Nonconducted atrial premature complexes in bigeminy",
        conduction.blocked_bigeminy,
        "an early P in every T, no QRS after it; the rate is halved",
        "2to1-av-block",
    ),
    "sinus-bradycardia-slow": RhythmCase(
        "Slow sinus bradycardia",
        conduction.slow_sinus,
        "a sinus P before every QRS, 34 to 44 a minute",
        "complete-block-narrow",
    ),
    # --- AV block ---
    "2to1-av-block": RhythmCase(
        statement("AHA85").term, conduction.two_to_one, "every second P is conducted, with one PR"
    ),
    "high-grade-av-block": RhythmCase(
        "High-grade AV block",
        conduction.high_grade,
        "two and three P waves in a row are not conducted; PR of those that are is one",
    ),
    "complete-block-wide": RhythmCase(
        "Complete AV block, ventricular escape",
        conduction.complete_block,
        "P and QRS each regular and independent; broad QRS of 26 to 40 a minute",
    ),
    "complete-block-narrow": RhythmCase(
        "Complete AV block, junctional escape",
        partial(conduction.complete_block, escape_bpm=(40.0, 58.0), wide=False),
        "P and QRS each regular and independent; narrow QRS of 40 to 58 a minute",
    ),
    "complete-block-af": RhythmCase(
        "Atrial fibrillation with complete AV block",
        conduction.fibrillation_with_block,
        "f-waves; QRS slow and wholly regular",
    ),
    "av-dissociation": RhythmCase(
        "AV dissociation without block",
        conduction.dissociation,
        "narrow QRS a little faster than the P waves, which pass through; some P conduct early",
        "complete-block-narrow",
    ),
    # --- supraventricular ---
    "junctional": RhythmCase(
        statement("29320008").term,
        conduction.junctional,
        "narrow, regular, 41 to 58; P negative in II close before or behind QRS, or none",
        "complete-block-narrow",
    ),
    "junctional-accelerated": RhythmCase(
        statement("426664006").term,
        partial(conduction.junctional, rate_bpm=(62.0, 96.0)),
        "as junctional rhythm, 60 to 100 a minute",
    ),
    "junctional-tachycardia": RhythmCase(
        statement("426648003").term,
        partial(conduction.junctional, rate_bpm=(103.0, 135.0)),
        "as junctional rhythm, above 100 a minute",
    ),
    "ectopic-atrial": RhythmCase(
        statement("106068003").term,
        conduction.ectopic_atrial,
        "one P of another form (mostly negative in II) before every QRS, below 100",
    ),
    "atrial-tachycardia": RhythmCase(
        "Atrial tachycardia",
        partial(conduction.ectopic_atrial, rate_bpm=(130.0, 190.0)),
        "as ectopic atrial rhythm, 130 to 190 a minute",
        "vt",
    ),
    "atrial-tachycardia-2to1": RhythmCase(
        "Atrial tachycardia with 2:1 conduction",
        partial(conduction.ectopic_atrial, rate_bpm=(150.0, 210.0), ratio=2),
        "two P of one form to each QRS, with a line between them",
        "2to1-av-block",
    ),
    "multifocal-atrial": RhythmCase(
        "Multifocal atrial rhythm",
        partial(conduction.multifocal, rate_bpm=(68.0, 94.0)),
        "three and more forms of P; PP, PR and RR change; below 100",
    ),
    "multifocal-tachycardia": RhythmCase(
        "Multifocal atrial tachycardia",
        conduction.multifocal,
        "three and more forms of P; PP, PR and RR change; above 100",
        "preexcited-af",
    ),
    # --- pacemakers ---
    "failure-to-capture-ventricular": RhythmCase(
        statement("AHA186").term,
        conduction.lost_ventricular_capture,
        "spikes without QRS; broad escape beats without spike",
    ),
    "failure-to-capture-atrial": RhythmCase(
        statement("AHA185").term,
        conduction.lost_atrial_capture,
        "atrial spikes without P; narrow junctional beats",
    ),
    "failure-to-sense-ventricular": RhythmCase(
        "Failure to sense, ventricular",
        conduction.lost_ventricular_sensing,
        "spikes at one interval wherever the QRS of sinus rhythm are; some capture",
    ),
    "failure-to-sense-atrial": RhythmCase(
        "Failure to sense, atrial",
        conduction.lost_atrial_sensing,
        "atrial spikes at one interval wherever the P waves are",
    ),
    "paced-on-demand": RhythmCase(
        "Ventricular pacing on demand",
        conduction.pacing_on_demand,
        "sinus rhythm; where it stops, spikes with broad QRS after the lower rate's interval",
        "failure-to-sense-ventricular",
    ),
}


def make_rhythm_case(name: str, **parameters: Any) -> CaseSpec:
    """Return a case of the table with parameters of one's own.

    Raises
    ------
    InvalidArgumentError
        Naming the possible parameters.
    """
    build = RHYTHM_TABLE[name].build
    possible = inspect.signature(build).parameters
    unknown = [key for key in parameters if key not in possible]
    if unknown:
        raise InvalidArgumentError(
            f"{name} has no parameter {', '.join(unknown)}; possible are "
            f"{', '.join(possible) or 'none'}."
        )
    for key, value in parameters.items():
        _check_value(key, value, possible[key].default)
    return replace(build(**parameters), name=name)


def _check_value(name: str, value: object, default: object) -> None:
    """Refuse what is not of the kind of a parameter's default: figures, or words."""
    usual, given = (v if isinstance(v, tuple) else (v,) for v in (default, value))
    words = any(isinstance(part, str) for part in usual)
    most = max(len(usual), 2)
    if len(given) > most or any(isinstance(part, str) != words for part in given):
        wanted = "a word" if words else "a figure, or the lowest and the highest,"
        raise InvalidArgumentError(f"{name} is {value!r}; {wanted} is needed.")


RHYTHM_CASES = {name: make_rhythm_case(name) for name in RHYTHM_TABLE}
