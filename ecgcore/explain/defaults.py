"""Which method is shown first for a statement, by the figures of ``benchmarks/explain``.

Chosen on the records of `train` and `val`; docs/explanations.md holds the ranking and the figures
on `test`.  The second is the best of another family: two maps that share their mechanism agree for
the wrong reason.
"""

from ecgcore.explain.table import methods_of
from ecgcore.inference.loading import LoadedModel

# Deletion and insertion: of all methods the only one above QRS complexes alone under both fills in
# both.
DEFAULT = ("two_baseline_gradients", "attended_cam")
# A statement about single beats must point at them: pointing game on beats of DS1.
BY_STATEMENT: dict[str, tuple[str, str]] = {
    "PVC": ("attended_gradients", "attended_cam"),
    "PAC": ("attended_gradients", "attended_cam"),
}
# Networks that read one lead: other methods fare best there, and occlusion takes no time.
ONE_LEAD = ("two_baseline_gradients", "occlusion")
ONE_LEAD_BY_STATEMENT: dict[str, tuple[str, str]] = {
    "PVC": ("gradient_shap", "occlusion"),
    "PAC": ("attended_gradients", "occlusion"),
}


def default_methods(model: LoadedModel, label: str) -> tuple[str, str]:
    """Return the first and second method for a statement, of those that apply to the model."""
    possible = methods_of(model)
    if model.card.input.max_leads == 1:
        chosen = ONE_LEAD_BY_STATEMENT.get(label, ONE_LEAD)
    else:
        chosen = BY_STATEMENT.get(label, DEFAULT)
    wanted = [m for m in chosen if m in possible]
    rest = [m for m in possible if m not in wanted]
    first, second, *_ = [*wanted, *rest, *wanted]
    return first, second
