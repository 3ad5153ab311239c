"""The trained models of this server, shared by all sessions, and what they make of a case."""

from dataclasses import replace

import streamlit as st

from ecgcore.errors import CannotAssessError, EcgError
from ecgcore.explain import METHODS, Explainer, best_checked
from ecgcore.inference import (
    DEFAULT_MODEL,
    LoadedModel,
    available_models,
    model_for,
    use_threads,
)
from ecgcore.inference.abstain import handheld_shares
from ecgcore.inference.loading import shared_model
from ecgcore.interpret import (
    apply_rules,
    assess_and_report,
    interpret,
    name_beats,
    report_alarms,
    withhold_p,
)
from ecgcore.models import HANDHELD
from ecgcore.results import Attribution, Beats, Interpretation, MeasureResult, Prediction
from ecgcore.turns import Priority
from ui.analysis import explain_apart, find_apart, interpret_apart, is_long, measure_case
from ui.answers import ModelAnswers
from ui.edits import settle_marks
from ui.running import run
from ui.state import OpenCase

_MAX_MODELS = 4


@st.cache_resource(max_entries=_MAX_MODELS, show_spinner="Loading the model …")
def model(name: str = DEFAULT_MODEL) -> LoadedModel:
    """Return a trained model, loaded once a server."""
    # One thread: two fight over small convolutions with whatever else the machine does.
    use_threads(1)
    return shared_model(name)


def model_name(case: OpenCase) -> str:
    """Return the name of the model that reads a case: the reader's choice, or its default."""
    return case.model or model_for(case.recording)


def model_of(case: OpenCase) -> LoadedModel:
    """Return the model that reads a case."""
    return model(model_name(case))


def answers_of(case: OpenCase) -> ModelAnswers:
    """Return what the model that reads a case says of it."""
    as_measured(case)
    settle_marks(case)
    return case.answers.of(model_name(case))


def findings_of(case: OpenCase) -> Prediction:
    """Return the model's findings on a case, reconciled with measurements, computed once.

    Raises
    ------
    EcgError
        If the recording cannot be assessed at all; the sentence is for the reader.
    """
    return findings_by(case, answers_of(case))


def findings_by(case: OpenCase, answers: ModelAnswers) -> Prediction:
    """Return one model's findings on a case; as :func:`findings_of`."""
    if answers.prediction is None:
        study, chosen = answers.study, model(answers.model)
        ruled = case.answers.ruled if study is case.answers.study else None
        answers.prediction, answers.interpretation = (
            find_apart(case, chosen)
            if is_long(case.recording)
            else run(
                case,
                ("prediction", chosen.name),
                lambda _report: assess_and_report(chosen, study, ruled=ruled),
                title="Asking the model",
            )
        )
    return answers.prediction


def urgent_of(case: OpenCase) -> Interpretation:
    """Return what is reported of a case by measurement alone, computed once: no network is asked.

    What cannot wait stands in it, whatever a network says or abstains from.
    """
    as_measured(case)
    settle_marks(case)
    answers = case.answers
    if answers.measured_only is None:
        if not is_long(case.recording):
            answers.ruled = apply_rules(answers.study)
            answers.measured_only = interpret(answers.study, ruled=answers.ruled)
            return answers.measured_only
        try:
            answers.measured_only = interpret_apart(case)
        except EcgError:
            # What cannot wait is said whatever became of the rest.
            return report_alarms(answers.study.measured)
    return answers.measured_only


def interpretation_of(case: OpenCase) -> Interpretation:
    """Return what is reported of a case, with the support of the model that reads it.

    Raises
    ------
    EcgError
        If the model cannot be asked; what is measured is in :func:`urgent_of`.
    """
    answers = answers_of(case)
    findings_by(case, answers)
    return answers.interpretation or urgent_of(case)


def measured_of(case: OpenCase) -> MeasureResult:
    """Return the case's measurements with the reader's marks, none that its rhythm has not."""
    as_measured(case)
    settle_marks(case)
    # A long recording is not interpreted for its measurements alone.
    reported = case.answers.measured_only if is_long(case.recording) else urgent_of(case)
    found = case.study.measured
    return found if reported is None else withhold_p(found, reported.rhythms)


def beats_of(case: OpenCase) -> Beats:
    """Return the case's beats; those of a ventricular or paced rhythm have its kind."""
    beats = measured_of(case).beats
    rhythms = urgent_of(case).rhythms
    return replace(beats, types=name_beats(beats.types, rhythms)) if rhythms else beats


def as_measured(case: OpenCase) -> MeasureResult:
    """Return the case's measurements before the reader moved any mark, computed once."""
    if is_long(case.recording) and not case.study.is_measured:
        case.take_measured(measure_case(case))
    return case.study.as_measured


def explainer_of(case: OpenCase) -> Explainer:
    """Return the explainer of a case, which keeps what its maps share.

    Raises
    ------
    EcgError
        If the model cannot run on the recording.
    """
    answers = answers_of(case)
    if answers.explainer is None:
        chosen, study = model(answers.model), answers.study
        answers.explainer = run(
            case,
            ("explainer", chosen.name),
            lambda _report: Explainer(chosen, study),
            title="Preparing the explanation",
        )
    return answers.explainer


def refuse_unassessed(case: OpenCase, code: str) -> None:
    """Refuse the map of a finding that cannot be assessed: it would show where nothing was read.

    Raises
    ------
    CannotAssessError
        With the reason.
    """
    finding = findings_of(case).finding(code)
    if finding is not None and finding.finding is None:
        raise CannotAssessError(f"{finding.name} cannot be assessed here. {finding.reason}".strip())


def attribution_of(
    case: OpenCase, code: str, method: str | None = None, *, at_s: float | None = None
) -> Attribution:
    """Return where the model looked for one statement, computed once a case.

    Parameters
    ----------
    method : str, optional
        Default: of the statement's two methods, the one whose checks went better here.
    at_s : float, optional
        Of a long recording, the window that holds this time; default the highest.

    Raises
    ------
    EcgError
        Why there is no map; so it is of a finding that cannot be assessed.
    """
    refuse_unassessed(case, code)
    explainer = explainer_of(case)
    if method is None:
        return best_checked(
            explainer.model, code, lambda one: attribution_of(case, code, one, at_s=at_s)
        )

    def make() -> Attribution:
        return run(
            case,
            ("attribution", explainer.model.name, code, method, at_s),
            explain_apart(case, explainer.model, code, method, at_s)
            if is_long(case.recording)
            else lambda _report: explainer.explain(code, method, windows="highest", at_s=at_s),
            title=METHODS[method].name,
            priority=Priority.MAPS,
        )

    return answers_of(case).maps.get((code, method, at_s), make)


def cancelled_maps(case: OpenCase, code: str) -> bool:
    """Return whether the reader has cancelled a map of a statement."""
    model = explainer_of(case).model.name
    return any(key[:3] == ("attribution", model, code) for key in case.cancelled)


def window_probabilities(explainer: Explainer, code: str) -> list[float]:
    """Return a statement's probability in each window of a long recording."""
    output = explainer.output(code)
    rule = explainer.model.card.labels[output]
    return [rule.probability(float(z)) for z in explainer.logits()[:, output]]


_HANDHELD_WORDS = {
    "N": "normal rhythm",
    "A": "atrial fibrillation",
    "O": "another rhythm or other abnormal beats",
    "~": "too noisy to classify",
}


def handheld_words(case: OpenCase) -> str:
    """Return what class of hand-held records a strip of one lead is most like, or nothing.

    Said of one lead alone: of twelve the statements say more.
    """
    if len(findings_of(case).leads_used) != 1:
        return ""
    chosen = model_of(case)
    said = answers_of(case).study.heard(chosen).handheld
    if said is None:
        return ""
    shares = handheld_shares(said, chosen.card.sides.get("handheld_bias"))
    name = _HANDHELD_WORDS[HANDHELD[int(shares.argmax())]]
    return f"Single-lead class (CinC 2017): {name}."


def model_available() -> bool:
    """Return whether a trained model is there to be asked."""
    try:
        return DEFAULT_MODEL in available_models()
    except EcgError:
        return False


def what_it_sees(case: OpenCase) -> list[str]:
    """Return in words what the case's model is given, and what is kept from it."""
    card = model_of(case).card
    given = card.input
    lines = [
        f"Input: {given.high_pass_hz:g} to {given.low_pass_hz:g} Hz at {given.fs_hz:g} samples per "
        "second, independent of the display filter."
    ]
    if not given.sees_voltage:
        lines.append(
            "Each lead is divided by its own standard deviation: morphology is read, not voltage."
        )
    lines.append("Age, sex, history and earlier ECGs are not used.")
    return [*lines, *card.limits]
