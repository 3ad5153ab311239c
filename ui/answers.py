"""What was found in a case: it belongs to one recording, patient and set of marks, and goes whole.

Nothing here is deleted piece by piece.  When the reader names leads, enters a patient or moves a
mark, the case has another study, and with it another :class:`Answers`; what a model says stands in
its own :class:`ModelAnswers`, so that another model never shows what the one before said.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.kept import Kept
from ecgcore.results import AnomalyMap, Interpretation, Prediction
from ecgcore.study import Study

if TYPE_CHECKING:  # these import torch, which the first page does without
    from ecgcore.explain import Explainer
    from ecgcore.inference.anomaly_shading import ShadingScale
    from ecgcore.inference.anomaly_spans import Place
    from ecgcore.inference.waveform import WaveformReading
    from ecgcore.interpret import Ruled

# Maps are as large as the recording; models are asked about every lead by itself on one page.
_MOST_MAPS, _MOST_MODELS = 24, 32
Leads = tuple[str, ...] | None


@dataclass(eq=False)
class ModelAnswers:
    """What one model says of one study.

    Attributes
    ----------
    study : Study
    model : str
        Name of its folder.
    prediction : Prediction or None
        None until it was asked; so are the others.
    interpretation : Interpretation or None
        What is reported, with this model's support.
    explainer : Explainer or None
    maps : Kept
        (statement, method or None for the best checked, time or None) to its map.
    unchanged : dict
        Statement to every statement's probability before the reader changes anything.
    """

    study: Study
    model: str
    prediction: Prediction | None = None
    interpretation: Interpretation | None = None
    explainer: Explainer | None = None
    maps: Kept = field(default_factory=lambda: Kept(_MOST_MAPS))
    unchanged: dict[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(eq=False)
class Anomalies:
    """How unusual a study is, as the page shows it.

    Attributes
    ----------
    found : AnomalyMap, str or None
        The map, or why there is none; None until it was asked for.
    shading : tuple or None
        Its scale, and what is shaded.
    places : dict of float to tuple of Place
        By threshold.
    """

    found: AnomalyMap | str | None = None
    shading: tuple[ShadingScale, NDArray[np.float32]] | None = None
    places: dict[float, tuple[Place, ...]] = field(default_factory=dict)


@dataclass(eq=False)
class Answers:
    """Everything that was found in one study.

    Attributes
    ----------
    study : Study
    ruled : Ruled or None
        What the rules say, which every model's word is added to.
    measured_only : Interpretation or None
        What is reported by measurement alone, before any network is asked.
    anomalies : Anomalies
    curves : dict of (str, str or None) to WaveformReading
        Disease and network to its gain curves.
    amended : Kept
        The signal times a curve.
    drawings : dict
        What overlays of the desk lay over the paper, by what they depend on.
    """

    study: Study
    ruled: Ruled | None = None
    measured_only: Interpretation | None = None
    anomalies: Anomalies = field(default_factory=Anomalies)
    curves: dict[tuple[str, str | None], WaveformReading] = field(default_factory=dict)
    amended: Kept = field(default_factory=lambda: Kept(2))
    drawings: dict[Hashable, Any] = field(default_factory=dict)
    _models: OrderedDict[tuple[str, Leads], ModelAnswers] = field(default_factory=OrderedDict)

    def of(self, model: str, leads: Leads = None) -> ModelAnswers:
        """Return what a model says of the recording, or of some of its leads alone."""
        key = (model, leads)
        if key not in self._models:
            study = self.study if leads is None else self.study.with_leads(leads)
            self._models[key] = ModelAnswers(study, model)
            while len(self._models) > _MOST_MODELS:
                self._models.popitem(last=False)
        self._models.move_to_end(key)
        return self._models[key]
