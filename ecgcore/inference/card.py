"""The model card: what a model is, what it takes, what it was made from, and how good it is.

A card is ``card.json`` beside the weights.  It is read into typed, frozen parts, and refused if
anything that the software relies on is missing.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ecgcore.errors import ModelError
from ecgcore.leads import STANDARD_12
from ecgcore.origin import KEYS

CARD_FILE = "card.json"
WEIGHTS_FILE = "model.safetensors"
README_FILE = "README.md"
SCHEMA = 1
_LINE = 100
STATEMENTS = "statements"
WAVES = "waves"
ANOMALY = "anomaly"
TASKS = (STATEMENTS, WAVES, ANOMALY)
# A statement with fewer records to choose a threshold on, or flagged in a larger share of normal
# ECGs, is not flagged at all.
MIN_POSITIVES, MAX_FALSE_ALARMS = 10, 0.10


@dataclass(frozen=True)
class InputContract:
    """What the network sees.

    Attributes
    ----------
    leads : tuple of str
        Leads it knows, in the order of its lead index.
    fs_hz, high_pass_hz, low_pass_hz : float
        Rate and bandwidth after :func:`ecgcore.signal.prepare.prepare`.
    window_s : float
        Length of a window of a long recording.
    min_s, whole_s : float
        Shortest recording; longest that is read as a whole, windows above.
    sees_voltage : bool
        False where each lead is divided by its own standard deviation.
    min_leads_calibrated : float
        Thresholds and calibration hold from this many leads on (a lead present for half of the
        time counts half).
    max_leads : int
        Leads that are read together: 1 for a network that reads one lead at a time.
    """

    leads: tuple[str, ...] = STANDARD_12
    fs_hz: float = 100.0
    high_pass_hz: float = 0.5
    low_pass_hz: float = 40.0
    window_s: float = 10.0
    min_s: float = 5.0
    whole_s: float = 60.0
    sees_voltage: bool = False
    min_leads_calibrated: float = 8.0
    max_leads: int = len(STANDARD_12)


@dataclass(frozen=True)
class LabelRule:
    """One output: its statement, calibration and threshold.

    Attributes
    ----------
    code : str
        As in :mod:`ecgcore.statements`.
    threshold : float
        On the calibrated probability: flagged from here on.
    temperature, bias : float
        probability = sigmoid(logit / temperature + bias).
    calibrated : bool
        False with fewer than 30 out-of-fold positives.
    positives : int
        Out-of-fold positives that threshold and calibration were made on.
    min_leads : float
        On fewer leads no finding is given: out-of-fold, the threshold does not hold there, or
        the statement is one about the whole heart.
    origin : str
        How the threshold was chosen, in words; empty in older cards.
    false_alarms : float or None
        Share of normal records that are flagged: out of fold, in cards made before that was kept of
        ``val``; None where it is not known.
    """

    code: str
    threshold: float
    temperature: float
    bias: float
    calibrated: bool
    positives: int
    min_leads: float = 8.0
    origin: str = ""
    false_alarms: float | None = None

    def probability(self, logit: float) -> float:
        """Return the calibrated probability of a logit."""
        z = min(max(logit / self.temperature + self.bias, -50.0), 50.0)
        return 1.0 / (1.0 + math.exp(-z))

    @property
    def not_flagged(self) -> str:
        """Why the statement is never flagged by this model, or an empty string."""
        if self.positives < MIN_POSITIVES:
            return (
                f"Only {self.positives} records were available to choose a threshold; "
                f"{MIN_POSITIVES} are needed."
            )
        if self.false_alarms is not None and self.false_alarms > MAX_FALSE_ALARMS:
            return f"It would be flagged in {self.false_alarms:.0%} of normal ECGs."
        return ""

    @property
    def cut(self) -> float:
        """The logit from which the statement is flagged."""
        known = min(max(self.threshold, 1e-12), 1 - 1e-12)
        return self.temperature * (math.log(known / (1 - known)) - self.bias)


@dataclass(frozen=True)
class DataSource:
    """One data set that the model learned from."""

    name: str
    title: str
    licence: str
    records: int


@dataclass(frozen=True)
class ModelCard:
    """Everything in ``card.json``.

    Attributes
    ----------
    name, version, created : str
    architecture : str
        A key of :data:`ecgcore.models.ARCHITECTURES`.
    arguments : mapping
        Its keyword arguments.
    input : InputContract
    labels : tuple of LabelRule
        In the order of the network's outputs.
    threshold_rule, calibration_rule : str
        How they were chosen, in words.
    data : tuple of DataSource
    split : str
        Which records were learned from, chosen on and measured on.
    training : mapping
        The recipe, seed and time.
    out_of_fold, metrics : mapping
        Figures with intervals, as ``python -m ecgcore evaluate`` wrote them; ``metrics`` on test.
    intended_use : str
    limits : tuple of str
    weights_sha256 : str
    abstention : mapping
        How strangeness is judged (``score``: ``"distance"`` or ``"energy"``), and the figures
        that it was chosen by; empty where the model judges none.
    sides : mapping
        Of a network of several tasks, how its classes beside the statements are told apart:
        ``handheld_bias`` and ``beat_bias``, added to the logits, and ``rule`` in words.
    distance_sha256 : str
        Digest of the file that holds where its training records lie; empty where there is none.
    task : str
        ``"statements"`` (findings on a recording), or ``"waves"`` (a class for every sample of a
        lead: then ``labels`` are the wave classes, and threshold and calibration have no use), or
        ``"anomaly"`` (how unusual each sample is: one label, whose threshold is that of the score).
    """

    name: str
    version: str
    created: str
    architecture: str
    arguments: Mapping[str, Any]
    input: InputContract
    labels: tuple[LabelRule, ...]
    threshold_rule: str
    calibration_rule: str
    data: tuple[DataSource, ...]
    split: str
    intended_use: str
    limits: tuple[str, ...]
    weights_sha256: str
    training: Mapping[str, Any] = field(default_factory=dict)
    out_of_fold: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    task: str = STATEMENTS
    abstention: Mapping[str, Any] = field(default_factory=dict)
    sides: Mapping[str, Any] = field(default_factory=dict)
    distance_sha256: str = ""

    @property
    def full_name(self) -> str:
        """Name and version, as the folder is called."""
        return f"{self.name}-{self.version}"

    @property
    def codes(self) -> tuple[str, ...]:
        """Statement codes in the order of the outputs."""
        return tuple(rule.code for rule in self.labels)

    def to_json(self, **more: str | None) -> str:
        """Return the text of ``card.json``.

        Parameters
        ----------
        **more : str or None
            Further entries, as :func:`ecgcore.origin.origin` gives them; passed over when read.
        """
        whole = {"schema": SCHEMA, **asdict(self), **more}
        return json_text(whole) + "\n"


def json_text(value: Any, indent: str = "") -> str:
    """Return JSON in which a list of plain values, and whatever fits on a line, stands on one."""
    flat = json.dumps(value, allow_nan=False)
    parts: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        parts = [(f"{json.dumps(key)}: ", part) for key, part in value.items()]
    elif isinstance(value, list | tuple):
        parts = [("", part) for part in value]
    nested = isinstance(value, Mapping) or any(
        isinstance(p, Mapping | list | tuple) for _, p in parts
    )
    if not nested or len(indent) + len(flat) <= _LINE:
        return flat
    lines = (f"{indent} {head}{json_text(part, indent + ' ')}" for head, part in parts)
    return f"{flat[0]}\n" + ",\n".join(lines) + f"\n{indent}{flat[-1]}"


def read_card(folder: Path) -> ModelCard:
    """Read ``card.json``.

    Raises
    ------
    ModelError
        If it is missing, no JSON, of another schema, or lacks an entry.
    """
    path = folder / CARD_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"The model folder {folder.name!r} has no {CARD_FILE}; without a card no model loads."
        ) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{folder.name}: {CARD_FILE} cannot be read: {error}.") from None
    if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
        raise ModelError(f"{folder.name}: {CARD_FILE} must be an object of schema {SCHEMA}.")
    try:
        return _card(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder.name}: {CARD_FILE} is incomplete: {error}.") from None


def _card(raw: Mapping[str, Any]) -> ModelCard:
    parts = {key: value for key, value in raw.items() if key not in ("schema", *KEYS)}
    contract = dict(parts["input"])
    contract["leads"] = tuple(contract["leads"])
    parts["input"] = InputContract(**contract)
    parts["labels"] = tuple(LabelRule(**rule) for rule in parts["labels"])
    parts["data"] = tuple(DataSource(**source) for source in parts["data"])
    parts["limits"] = tuple(parts["limits"])
    card = ModelCard(**parts)
    _check(card)
    return card


def _check(card: ModelCard) -> None:
    if card.task not in TASKS:
        raise ValueError(f"task must be one of {', '.join(TASKS)}")
    if not card.labels or len(set(card.codes)) != len(card.codes):
        raise ValueError("labels must be named, each once")
    for rule in card.labels:
        if not 0 <= rule.threshold <= 1 or rule.temperature <= 0:
            raise ValueError(f"threshold or temperature of {rule.code} is out of range")
    if not set(card.input.leads) <= set(STANDARD_12):
        raise ValueError("input leads must be standard leads")
    if not 0 < card.input.min_s <= card.input.window_s <= card.input.whole_s:
        raise ValueError("min_s, window_s and whole_s must be positive and in this order")
    if not 1 <= card.input.max_leads <= len(STANDARD_12):
        raise ValueError("max_leads must be from 1 to 12")
