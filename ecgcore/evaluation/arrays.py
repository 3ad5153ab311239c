"""Checks of targets, scores and groups; one wording for all of evaluation."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgcore.errors import InvalidArgumentError

Floats = NDArray[np.float64]


def check_pair(targets: ArrayLike, scores: ArrayLike, *, ndim: int) -> tuple[Floats, Floats]:
    """Return targets and scores as float64 of one shape.

    Parameters
    ----------
    targets : array
        1 present, 0 absent, NaN cannot tell.
    scores : array
        Finite; of the same shape.
    ndim : int
        1 for one statement, 2 for (records, statements).

    Raises
    ------
    InvalidArgumentError
        If shapes differ, a target is something else, or a score is not finite.
    """
    target_array = np.asarray(targets, dtype=np.float64)
    score_array = np.asarray(scores, dtype=np.float64)
    if target_array.shape != score_array.shape or target_array.ndim != ndim:
        needed = "(n,) for both" if ndim == 1 else "(n, n_statements) for both"
        raise InvalidArgumentError(
            f"Targets have shape {target_array.shape} and scores {score_array.shape}; "
            f"{needed} is needed."
        )
    known = target_array[~np.isnan(target_array)]
    if not np.isin(known, (0.0, 1.0)).all():
        raise InvalidArgumentError("A target is neither 0, 1 nor NaN (cannot tell).")
    if not np.isfinite(score_array).all():
        raise InvalidArgumentError("A score is not finite; every record needs a score.")
    return target_array, score_array


def check_probabilities(probabilities: Floats) -> Floats:
    """Return the probabilities if all lie from 0 to 1.

    Raises
    ------
    InvalidArgumentError
        Otherwise.
    """
    if probabilities.size and not (probabilities.min() >= 0 and probabilities.max() <= 1):
        raise InvalidArgumentError(
            f"Probabilities lie from {probabilities.min():g} to {probabilities.max():g}; "
            "0 to 1 is needed (logits must pass through a sigmoid first)."
        )
    return probabilities


def check_names(name: str, values: ArrayLike, n: int) -> NDArray[np.str_]:
    """Return ``values`` as an array of str, shape (n,).

    Raises
    ------
    InvalidArgumentError
        If there are not ``n`` of them.
    """
    array = np.asarray(values, dtype=str)
    if array.shape != (n,):
        raise InvalidArgumentError(f"{name} has shape {array.shape}; ({n},) is needed.")
    return array


def known_only(targets: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Return both without the records that cannot tell."""
    known = ~np.isnan(targets)
    return targets[known], scores[known]
