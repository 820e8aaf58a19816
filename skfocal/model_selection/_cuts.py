"""All thresholds of a ranking, and the rows above each."""

from typing import NamedTuple

import numpy as np


class Cuts(NamedTuple):
    """All cuts of a ranking, from the highest downwards.

    Attributes
    ----------
    threshold : ndarray of shape (n_cuts,)
        Midway between neighbouring scores; the last one is the lowest score.
    lowest : ndarray of shape (n_cuts,)
        Lowest score above the cut.
    hits : ndarray of shape (n_cuts,)
        Summed weights of the positives above; the last is that of all positives.
    selected : ndarray of shape (n_cuts,)
        Summed weights of all rows above.
    """

    threshold: np.ndarray
    lowest: np.ndarray
    hits: np.ndarray
    selected: np.ndarray


def find_cuts(positive: np.ndarray, scores: np.ndarray, weight: np.ndarray | None = None) -> Cuts:
    """Return the cuts between rows of different scores.

    Parameters
    ----------
    positive : ndarray of shape (n,) of 0 and 1
        1 for rows of the positive class.
    scores : ndarray of shape (n,)
        Higher for rows that are rather positive.
    weight : ndarray of shape (n,), default=None
        None counts rows.

    Returns
    -------
    Cuts

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.model_selection import find_cuts
    >>> cuts = find_cuts(np.array([0, 1, 0, 1]), np.array([0.1, 0.3, 0.5, 0.9]))
    >>> cuts.threshold, cuts.hits, cuts.selected
    (array([0.7, 0.4, 0.2, 0.1]), array([1., 1., 2., 2.]), array([1., 2., 3., 4.]))
    """
    order = np.argsort(-scores, kind="stable")
    weight = np.ones(len(order)) if weight is None else weight[order]
    scores = scores[order]
    # No cut separates rows of equal scores: it is below the last one of them.
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    lowest = scores[last]
    below = np.append(scores[last[:-1] + 1], lowest[-1:])
    return Cuts(
        threshold=(lowest + below) / 2,
        lowest=lowest,
        hits=np.cumsum(weight * positive[order])[last],
        selected=np.cumsum(weight)[last],
    )
