"""Posteriors that add a constant to the scores, as that of cross-entropy does."""

import numpy as np

from skfocal.posterior import Posterior
from skfocal.tasks import get_task

# Scores whose log-odds tell one map from another.
_PROBES = 8
_ROUNDING = 1e-9


def score_shift(posterior: Posterior, n_scores: int) -> np.ndarray | None:
    """Return the constants, one per score, that make log-odds of scores, or None.

    For several classes the log-odds are those of the softmax, and the constants have mean 0.

    Parameters
    ----------
    posterior : Posterior
    n_scores : int

    Returns
    -------
    ndarray of shape (n_scores,) or None
        None if log-odds are no shift of the scores.
    """
    form = get_task(posterior.task)
    probes = np.random.default_rng(0).normal(scale=3.0, size=(_PROBES, n_scores))
    log_odds = form.to_columns(posterior.log_odds(form.from_columns(probes)))
    shifts = log_odds - probes
    if form.is_softmax:
        shifts = shifts - shifts.mean(axis=1, keepdims=True)
    return shifts.mean(axis=0) if np.ptp(shifts, axis=0).max() < _ROUNDING else None
