"""The methods, one line each.  A new one is a function ``Case -> Map`` and a line here."""

from ecgcore.checks import check_option
from ecgcore.errors import CannotAssessError
from ecgcore.explain.attention import (
    attended_cam,
    attended_gradients,
    attends,
    attention,
    attention_rollout,
)
from ecgcore.explain.case import MethodEntry, needs
from ecgcore.explain.gradcam import gradcam, guided_gradcam, hirescam
from ecgcore.explain.gradients import (
    gradient_shap,
    integrated_gradients,
    saliency,
    two_baseline_gradients,
)
from ecgcore.explain.occlusion import occlusion
from ecgcore.explain.shapley import lead_shapley
from ecgcore.explain.waveform import learned_curve, waveform_attention
from ecgcore.inference.loading import LoadedModel

_HAS_LAYER = needs("gradcam_layer", "gradcam_stride")

METHODS: dict[str, MethodEntry] = {
    "gradcam": MethodEntry(
        gradcam,
        "Grad-CAM",
        "What in the encoder's output speaks for the statement, lead by lead.",
        applies=_HAS_LAYER,
    ),
    "hirescam": MethodEntry(
        hirescam,
        "HiResCAM",
        "Grad-CAM without its average over time: beat by beat, for and against.",
        signed=True,
        applies=_HAS_LAYER,
    ),
    "attended_cam": MethodEntry(
        attended_cam,
        "HiResCAM where it attends",
        "HiResCAM at the times that the statement's attention reads.",
        signed=True,
        applies=lambda network: _HAS_LAYER(network) or attends(network),
    ),
    "guided_gradcam": MethodEntry(
        guided_gradcam,
        "Guided Grad-CAM",
        "Grad-CAM, sharpened by guided backpropagation.",
        signed=True,
        by_size=True,
        applies=_HAS_LAYER,
    ),
    "attention": MethodEntry(
        attention, "Attention", "Where the network's own attention goes.", applies=attends
    ),
    "attention_rollout": MethodEntry(
        attention_rollout,
        "Attention rollout",
        "The network's attention, followed through its layers.",
        applies=attends,
    ),
    "saliency": MethodEntry(
        saliency, "Saliency", "Where a small change of the trace changes the answer most."
    ),
    "integrated_gradients": MethodEntry(
        integrated_gradients,
        "Integrated gradients",
        "What each sample adds, from a flat line to this trace.",
        signed=True,
    ),
    "two_baseline_gradients": MethodEntry(
        two_baseline_gradients,
        "Two-baseline gradients",
        "What each sample adds, from a flat line and from straight lines of 200 ms to this trace.",
        signed=True,
    ),
    "attended_gradients": MethodEntry(
        attended_gradients,
        "Gradients where it attends",
        "Integrated gradients at the times that the statement's attention reads.",
        signed=True,
        applies=attends,
    ),
    "gradient_shap": MethodEntry(
        gradient_shap,
        "Gradient SHAP",
        "What each sample adds, against many reference ECGs.",
        signed=True,
    ),
    "occlusion": MethodEntry(
        occlusion,
        "Occlusion by wave",
        "What the answer loses without one wave of one beat in one lead.",
        signed=True,
    ),
    "lead_shapley": MethodEntry(
        lead_shapley,
        "Lead Shapley values",
        "What each lead is worth, over every set of the other leads.",
        signed=True,
        whole_leads=True,
    ),
    "waveform_attention": MethodEntry(
        waveform_attention,
        "Waveform attention",
        "What the network's own waveform module lets through, one curve for all leads.",
        applies=learned_curve,
    ),
}


def method_for(model: LoadedModel, name: str) -> MethodEntry:
    """Return a method.

    Raises
    ------
    InvalidArgumentError
        If there is no such method.
    CannotAssessError
        If it has nothing to say of this model's network.
    """
    entry = METHODS[check_option("method", name, METHODS)]
    reason = entry.applies(model.network)
    if reason:
        raise CannotAssessError(
            f"{entry.name} cannot be made of {model.name}: {reason}; "
            f"possible methods are {', '.join(methods_of(model))}."
        )
    return entry


def methods_of(model: LoadedModel) -> tuple[str, ...]:
    """Return the names of the methods that apply to a model."""
    return tuple(name for name, entry in METHODS.items() if not entry.applies(model.network))
