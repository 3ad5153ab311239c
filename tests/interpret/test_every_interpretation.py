"""Nothing that is said of a simulated record contradicts itself, whatever is put together."""

from functools import cache

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ecgcore.errors import EcgError
from ecgcore.inference import load_model
from ecgcore.interpret import assess, assess_and_report, interpret
from ecgcore.recording import Patient
from ecgcore.simulate import CASES, STATEMENTS, compose_case, simulate
from ecgcore.study import Study
from tests.interpret.consistent import find_faults

NAMED = st.sampled_from([name for name in CASES if not name.startswith("holter")])
COMPOSED = st.lists(st.sampled_from(list(STATEMENTS)), min_size=2, max_size=3, unique=True)
NOISES = st.sampled_from(["none", "usual", 15.0, 10.0])
UNKNOWN = (Patient(None, "male"), Patient(50.0, None), Patient(None, None), Patient(9.0, "male"))
PATIENTS = st.sampled_from([None, None, *UNKNOWN])
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
LEADS = st.sampled_from([None, None, None, EIGHT, ("I", "II", "V5"), ("II",)])


@cache
def model():
    return load_model()


def make_study(case, seed, noise, patient, leads):
    try:
        spec = case if isinstance(case, str) else compose_case(*case)
        made = simulate(spec, seed=seed, noise=noise, vary=1.0).recording
    except EcgError:  # these two are never seen together
        assume(False)
    made = made if patient is None else made.with_patient(patient)
    return Study(made.select(leads) if leads and set(leads) <= set(made.leads) else made)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(NAMED | COMPOSED, st.integers(5000, 9999), NOISES, PATIENTS, LEADS)
def test_nothing_contradicts_itself(case, seed, noise, patient, leads):
    assert find_faults(make_study(case, seed, noise, patient, leads), model()) == []


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    st.sampled_from(["normal", "pvc", "lead-off", "sinus-bradycardia", "lbbb"]), st.integers(0, 50)
)
def test_predict_the_page_and_interpret_say_the_same_of_normal(case, seed):
    study = Study(simulate(case, seed=5000 + seed).recording)
    predicted, reported = assess_and_report(model(), study)
    assert assess(model(), study) == predicted
    assert interpret(study, model()) == reported
    flagged = predicted.finding("SNR").finding is True
    assert flagged is (reported.normal is True) is reported.text.endswith(" Normal ECG.")
