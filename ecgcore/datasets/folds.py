"""Patient-wise folds that share out the rare statements evenly."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgcore.errors import InvalidArgumentError


def patient_folds(
    groups: Sequence[str] | NDArray[np.str_], targets: ArrayLike, n_folds: int, *, seed: int = 0
) -> NDArray[np.int64]:
    """Return the fold of each record; all records of a patient share one.

    Parameters
    ----------
    groups : array of str, shape (n,)
        Patients.
    targets : array, shape (n, n_statements)
        1 present, 0 absent, NaN cannot tell.
    n_folds : int
        From 2 to the number of patients.
    seed : int
        Decides ties, and the order of alike patients.

    Returns
    -------
    array of int64, shape (n,)
        From 0 to ``n_folds - 1``.

    Raises
    ------
    InvalidArgumentError
        If the shapes do not fit, or there are fewer patients than folds.

    Notes
    -----
    Iterative stratification (Sechidis, Tsoumakas and Vlahavas, ECML PKDD 2011), on patients: the
    statement with the fewest positives still to place goes first, each of its patients to the
    fold that lacks it most.  Deviation: patients with several records count with all of them,
    the ones with most positives first; patients without any positive fill up the small folds.
    """
    names, target_array = _check_groups(groups, targets, n_folds)
    _, patient = np.unique(names, return_inverse=True)
    n_patients = int(patient.max()) + 1
    if n_patients < n_folds:
        raise InvalidArgumentError(
            f"There are {n_patients} patients for {n_folds} folds; at least one each is needed."
        )
    positives = np.zeros((n_patients, target_array.shape[1] + 1))
    np.add.at(positives, patient, np.column_stack([target_array == 1, np.ones(len(names))]))
    # The last column counts records: a statement that everybody has, placed last of all.
    return _dealt(positives, int(n_folds), np.random.default_rng(seed))[patient]


def _dealt(
    counts: NDArray[np.float64], n_folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    fold_of = np.full(counts.shape[0], -1, dtype=np.int64)
    lacking = np.tile(counts.sum(axis=0) / n_folds, (n_folds, 1))
    while (fold_of < 0).any():
        open_ = fold_of < 0
        left = counts[open_].sum(axis=0)
        column = int(np.argmin(np.where(left > 0, left, np.inf)))
        candidates = np.flatnonzero(open_ & (counts[:, column] > 0))
        candidates = rng.permutation(candidates)
        for person in candidates[np.argsort(-counts[candidates, column], kind="stable")]:
            # Lexical order: lacks this statement most, then lacks records most, then chance.
            order = np.lexsort((rng.random(n_folds), -lacking[:, -1], -lacking[:, column]))
            fold_of[person] = order[0]
            lacking[order[0]] -= counts[person]
    return fold_of


def _check_groups(
    groups: Sequence[str] | NDArray[np.str_], targets: ArrayLike, n_folds: int
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    names = np.asarray(groups, dtype=str)
    target_array = np.asarray(targets, dtype=np.float64)
    if names.ndim != 1 or target_array.ndim != 2 or len(names) != len(target_array):
        raise InvalidArgumentError(
            f"Groups have shape {names.shape} and targets {target_array.shape}; "
            "(n,) and (n, n_statements) are needed."
        )
    if n_folds < 2:
        raise InvalidArgumentError(f"n_folds is {n_folds}; at least 2 are needed.")
    if len(names) == 0:
        raise InvalidArgumentError("There are no records to put into folds.")
    return names, target_array
