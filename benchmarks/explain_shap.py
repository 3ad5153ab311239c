"""Gradient SHAP beside shap's own GradientExplainer on the published ResNet-34.

The published system explains with ``shap.GradientExplainer``: 200 draws for each of nine outputs.
shap is not among the project's requirements; without it its row is left out, with the reason.
Both are compared by the processor's time, which a busy machine does not stretch.
"""

import importlib
import resource
import time
import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.explain.expected_gradients import expected_gradients_of
from ecgcore.explain.references import References
from ecgcore.inference import LoadedModel
from ecgcore.models import ResNet34
from ecgcore.simulate import make_batch

N_SAMPLES, N_BACKGROUND = 5000, 100
SHAP_DRAWS = 200
N_OUTPUTS = 9
DRAWS = (48, 72, 96)
_TRUTH_DRAWS = 300
_SEED = 9


def shap_section(_model: LoadedModel) -> Any:
    torch.manual_seed(_SEED)
    network = settled(ResNet34(N_OUTPUTS))
    x, background = inputs()
    with torch.no_grad():
        output = int(network(x)[0].argmax())
    # One output is enough to tell how far each has come.
    truth = ours(network, x, background, _TRUTH_DRAWS, seed=99, outputs=(output,))[0][0]
    print("Gradient SHAP on ResNet-34 (random weights), 12 x 5000, seconds of the processor")
    a_draw = ours(network, x, background, 16, seed=1)[1] / 16
    found: dict[str, Any] = {"ours": []}
    for draws in DRAWS:
        values, seconds = ours(network, x, background, draws, seed=draws, outputs=(output,))
        row = {
            "draws": draws,
            "one_output": seconds,
            "nine_outputs": draws * a_draw,
            "error": error(values[0], truth),
        }
        found["ours"].append(row)
        print(
            f"  ours, {draws} draws: {seconds:.1f} one output, {draws * a_draw:.1f} all nine, "
            f"error {row['error']:.3f}",
            flush=True,
        )
    found["shap"] = theirs(network, x, background, truth)
    equal = [row for row in found["ours"] if row["error"] <= found["shap"].get("error", -1.0)]
    if equal:
        ratios = {k: found["shap"][k] / equal[0][k] for k in ("one_output", "nine_outputs")}
        found["less_work"] = ratios
        print(
            f"  at equal convergence ({equal[0]['draws']} draws): {ratios['one_output']:.1f} times "
            f"less work for one output, {ratios['nine_outputs']:.1f} for all nine"
        )
    return found


def settled(network: ResNet34) -> ResNet34:
    """Give the normalisations the statistics of ECGs, as after training."""
    made = torch.from_numpy(
        np.nan_to_num(make_batch(16, seed=4, fs_hz=500.0, duration_s=10.0).signal)
    )
    network.train()
    with torch.no_grad():
        for _ in range(12):
            network(made)
    return network.eval().requires_grad_(False)


def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    made = make_batch(N_BACKGROUND + 1, seed=_SEED, fs_hz=500.0, duration_s=10.0)
    signal = torch.from_numpy(np.nan_to_num(made.signal)).float()[..., :N_SAMPLES]
    return signal[:1], signal[1:]


def ours(
    network: ResNet34,
    x: torch.Tensor,
    background: torch.Tensor,
    draws: int,
    *,
    seed: int,
    outputs: tuple[int, ...] = tuple(range(N_OUTPUTS)),
) -> tuple[NDArray[np.float32], float]:
    began = time.process_time()
    found = expected_gradients_of(
        lambda batch_, _present, _index: network(batch_),
        x,
        torch.ones_like(x, dtype=torch.bool),
        torch.arange(12),
        outputs=outputs,
        references=References(background, "simulated"),
        n_draws=draws,
        seed=seed,
    )
    return np.stack([m.values for m in found]), time.process_time() - began


def theirs(
    network: ResNet34, x: torch.Tensor, background: torch.Tensor, truth: NDArray[np.float32]
) -> dict[str, Any]:
    try:
        shap = importlib.import_module("shap")
    except ImportError:
        print("  shap is not installed: its row is left out")
        return {"reason": "shap is not installed"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer = shap.GradientExplainer(network, background)
        began = time.process_time()
        values, _ = explainer.shap_values(x, nsamples=SHAP_DRAWS, ranked_outputs=1, rseed=1)
    seconds = time.process_time() - began
    mine = np.asarray(values)[..., 0][0]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    apart = error(mine, truth)
    print(
        f"  shap, {SHAP_DRAWS} draws: {seconds:.1f} one output, {N_OUTPUTS * seconds:.1f} all nine "
        f"(nine times that), error {apart:.3f}, peak {memory:.0f} MB"
    )
    return {
        "draws": SHAP_DRAWS,
        "one_output": seconds,
        "nine_outputs": N_OUTPUTS * seconds,
        "error": apart,
        "peak_mb": memory,
    }


def error(values: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the distance to the map of many draws, in parts of its size."""
    return float(np.linalg.norm(values - truth) / np.linalg.norm(truth))
