"""Maps in bfloat16 beside the same in float32."""

import numpy as np
import pytest
import torch

from ecgcore.explain import Explainer, precision
from ecgcore.explain.precision import has_bfloat16, quick
from ecgcore.inference import load_model
from ecgcore.simulate.cases import make_demonstration_case
from ecgcore.study import Study

CPU = torch.device("cpu")


def test_bfloat16_is_used_only_where_the_processor_has_it(monkeypatch):
    told = {"avx2": True, "avx512_bf16": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told)
    has_bfloat16.cache_clear()
    try:
        with quick(CPU):
            assert not torch.is_autocast_enabled("cpu")
        told["amx_bf16"] = True
        has_bfloat16.cache_clear()
        with quick(CPU):
            assert torch.is_autocast_enabled("cpu")
        assert not torch.is_autocast_enabled("cpu")
    finally:
        has_bfloat16.cache_clear()


@pytest.mark.parametrize(
    "method", ["integrated_gradients", "two_baseline_gradients", "gradient_shap"]
)
def test_a_map_in_bfloat16_is_that_in_float32(method, monkeypatch):
    model = load_model("core9-1")
    recording = make_demonstration_case("pvc").recording
    found = []
    for wanted in (False, True):
        monkeypatch.setattr(precision, "has_bfloat16", lambda wanted=wanted: wanted)
        explainer = Explainer(model, Study(recording))
        window = explainer.reading.pieces[0]
        found.append(explainer.map(method, explainer.output("PVC"), window))
    exact, fast = found
    assert exact.values.dtype == fast.values.dtype == np.float32
    assert np.corrcoef(exact.values.ravel(), fast.values.ravel())[0, 1] > 0.98
    # What it must sum to is computed in float32 either way.
    assert fast.expected == pytest.approx(exact.expected, rel=1e-4)
