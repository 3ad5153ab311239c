"""Every simulated statement: the word for its rhythm, and whether a PR can be stated."""

import pytest

from ecgcore.measure import measure
from ecgcore.measure.rhythm import GRADUAL, IRREGULAR, NO_P, PACED, REGULAR
from ecgcore.simulate import CASES, simulate
from ecgcore.simulate.statements import STATEMENTS

# Every other statement stands in sinus rhythm, and is regular.
WORDS = {
    "sinus-arrhythmia": {GRADUAL, IRREGULAR},
    "atrial-fibrillation": {NO_P},
    "atrial-flutter": {NO_P, IRREGULAR, "irregular (pauses)"},
    "mobitz-1": {"regularly irregular (group beating)"},
    "mobitz-2": {"regularly irregular (group beating)"},
    "paced-ventricular": {PACED},
    "paced-dual": {PACED},
    "paced-af": {PACED},
    **{key: {PACED} for key, s in STATEMENTS.items() if s.stands_on == "paced-ventricular"},
    "pac": {"irregular (ectopic beats)"},
    "pac-hidden": {"irregular (ectopic beats)"},
    "pac-blocked": {"irregular (pauses)"},
    "pvc": {"irregular (ectopic beats)"},
    "pvc-multifocal": {"irregular (frequent ectopic beats)"},
    "pvc-couplets": {"irregular (couplets of ectopic beats)"},
    "pvc-bigeminy": {"regularly irregular (bigeminy)"},
}
NO_PR = {
    "atrial-fibrillation",
    "atrial-flutter",
    "atrial-flutter-2to1",
    "atrial-flutter-3to1",
    "atrial-flutter-4to1",
    "svt",
    "mobitz-1",
    "complete-av-block",
    "complete-av-block-junctional",
    "paced-af",
    "hyperkalaemia-severe",
}
# The end of a sine wave is still taken for a P.
FALSE_PR = {"hyperkalaemia-sine"}


@pytest.mark.parametrize("key", list(STATEMENTS))
def test_every_simulated_statement_has_its_word_and_its_pr(key):
    assert key in CASES
    found = measure(simulate(key, seed=1).recording)
    assert found.rhythm in WORDS.get(key, {REGULAR})
    spread, mean = found.measurement("rr_sd"), found.measurement("rr_mean")
    if found.rhythm == REGULAR and spread.value is not None:
        assert spread.value < max(60.0, 0.06 * mean.value)
    for name in () if key in FALSE_PR else ("pr", "p_axis"):
        stated = found.measurement(name)
        assert (stated.value is None) == (key in NO_PR), stated
        assert bool(stated.reason) == (key in NO_PR)
    if key in NO_PR:
        assert all(row["P"] is None for row in found.amplitudes.values())
    for name in ("heart_rate", "qrs"):
        assert found.measurement(name).value is not None
