"""A map that nobody waits for any more is left between two batches."""

import pytest

from ecgcore.explain import Explainer
from ecgcore.study import Study
from ecgcore.turns import TURNS, pausing
from tests.synthetic import recording, tiny_model


class Left(BaseException):
    """What a server raises to end a run."""


@pytest.mark.parametrize(
    "method", ["two_baseline_gradients", "gradient_shap", "occlusion", "lead_shapley"]
)
def test_a_map_can_be_left_and_made_again(method, tmp_path):
    model = tiny_model(tmp_path / "tiny")
    explainer = Explainer(model, Study(recording(6.0, 250)))
    whole = Explainer(model, Study(recording(6.0, 250))).explain("AF", method)
    asked, free = [], TURNS._free

    def leave() -> None:
        asked.append(method)
        if len(asked) == 1:
            raise Left

    with pausing(leave), pytest.raises(Left):
        explainer.explain("AF", method)
    # No turn is held by whoever left, and nothing half made was kept.
    assert TURNS._free == free
    with pausing(leave):
        again = explainer.explain("AF", method)
    assert (again.values == whole.values).all()
    assert len(asked) > 1
