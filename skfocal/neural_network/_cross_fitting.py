"""Out-of-fold scores from one fit: which member of a network leaves out which rows."""

from collections.abc import Callable

import numpy as np

# Of so many members each leaves out another fold of the same cut of the rows. A member then learns
# from three quarters of them, and two of eight members have not seen a row.
FOLDS = 4

Folds = list[tuple[np.ndarray, np.ndarray]]


def leave_out(
    codes: np.ndarray,
    n_members: int,
    cut: Callable[[np.ndarray, int, int, np.ndarray | None], Folds],
    seed: int,
    groups: np.ndarray | None = None,
) -> np.ndarray | None:
    """Return the members that leave out each row.

    The rows are cut into folds once for every four members or so, one fold for each of them.

    Parameters
    ----------
    codes : ndarray of shape (n,) or (n, n_labels)
        Classes of the rows, or an indicator.
    n_members : int in [2, inf)
    cut : callable
        From codes, a number of folds, a seed and groups to pairs of row numbers: those to train on
        and those to leave out.
    seed : int
        Of the first cut; the others take those that follow.
    groups : ndarray of shape (n,), default=None
        Rows of one group are left out together.

    Returns
    -------
    ndarray of shape (n_cuts, n) of int, or None
        None if a member would not see a class, or no row.
    """
    sizes = [len(part) for part in np.array_split(range(n_members), max(n_members // FOLDS, 1))]
    most = len(codes) if codes.ndim > 1 else np.bincount(codes).max()
    if groups is not None:
        most = min(most, len(np.unique(groups)))
    if most < max(sizes):
        return None
    left_out = np.empty((len(sizes), len(codes)), dtype=np.int32)
    n_classes = _count_classes(codes)
    member = 0
    for number, size in enumerate(sizes):
        for training, others in cut(codes, size, seed + number, groups):
            if len(training) == 0 or _count_classes(codes[training]) < n_classes:
                return None
            left_out[number, others] = member
            member += 1
    return left_out


def member_weights(left_out: np.ndarray, weight: np.ndarray | None, n_members: int) -> np.ndarray:
    """Return the weight of each row for each member, 0 where the member leaves it out.

    Parameters
    ----------
    left_out : ndarray of shape (n_cuts, n)
        See :func:`leave_out`.
    weight : ndarray of shape (n,) or None
        Sample weights.
    n_members : int

    Returns
    -------
    ndarray of shape (n_members, n)
        Of mean 1 for each member.
    """
    seen = np.ones((n_members, left_out.shape[1]))
    seen[left_out, np.arange(left_out.shape[1])] = 0.0
    if weight is not None:
        seen *= weight
    return seen / seen.mean(axis=1, keepdims=True)


def unseen_scores(scores: np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """Return the scores of the members that have left out a row.

    Parameters
    ----------
    scores : ndarray of shape (n_members, n, n_scores)
    left_out : ndarray of shape (n_cuts, n)
        See :func:`leave_out`.

    Returns
    -------
    ndarray of shape (n_cuts, n, n_scores)
    """
    return scores[left_out, np.arange(left_out.shape[1])]


def _count_classes(codes: np.ndarray) -> int:
    """Return how many classes there are; labels may be absent from some rows."""
    return len(np.unique(codes)) if codes.ndim == 1 else 0
