"""What a demonstration case teaches is what is reported of it."""

import pytest

from ecgcore.interpret import interpret
from ecgcore.simulate.cases import (
    DEMONSTRATION_CASES,
    DEMONSTRATION_GROUPS,
    make_demonstration_case,
)
from ecgcore.study import Study

# Case to a statement that has to be in its text, and whether it cannot wait.
TAUGHT = {
    "vt": ("tachycardia", True),
    "torsades": ("torsades de pointes", True),
    "vf-coarse": ("Ventricular fibrillation", True),
    "standstill-after-sinus": ("", True),
    "mobitz-2": ("Mobitz type II", True),
    "failure-to-capture-ventricular": ("Failure to capture", True),
    "posterior-infarct": ("posterior infarction", True),
    "de-winter": ("de Winter pattern", True),
    "wellens-a": ("Wellens pattern", False),
    "lbbb-concordant-elevation": ("Sgarbossa", True),
    "hyperkalaemia-severe": ("severe hyperkalemia", True),
    "pericarditis": ("pericarditis", False),
}


@pytest.mark.parametrize("key", list(TAUGHT))
def test_it_is_reported(key):
    words, urgent = TAUGHT[key]
    found = interpret(Study(make_demonstration_case(key).recording))
    assert words in found.text
    assert bool(found.urgent) is urgent


def test_every_case_stands_in_one_group_in_the_order_of_its_number():
    grouped = [demo for group in DEMONSTRATION_GROUPS.values() for demo in group]
    assert tuple(grouped) == DEMONSTRATION_CASES
    assert list(DEMONSTRATION_GROUPS) == [
        "Rhythm",
        "Conduction",
        "Ischemia and infarction",
        "Other",
    ]
    titles = [demo.title for demo in DEMONSTRATION_CASES]
    assert len(set(titles)) == len(titles)
