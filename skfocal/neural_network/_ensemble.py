"""One answer from several members: their probabilities are averaged, in log space."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_expit, logsumexp

from skfocal.losses import MarginLoss
from skfocal.posterior import log_odds


def ensemble_log_odds(
    loss: MarginLoss,
    scores: np.ndarray,
    task: str,
    *,
    kind: str,
    class_weight: ArrayLike | None,
) -> np.ndarray:
    """Return the log-odds or log-probabilities of the mean probability of the members.

    Probabilities and not scores are averaged: members that disagree then say that they do not
    know, and each member's probability is what its own loss makes of it.

    Parameters
    ----------
    loss : MarginLoss
    scores : ndarray of shape (n_members, n, n_scores)
    task : {"binary", "multilabel", "multiclass"}
    kind, class_weight
        See :func:`skfocal.posterior.log_odds`.

    Returns
    -------
    ndarray of float64, of shape (n,) for binary, else (n, n_scores)
    """
    n_members, n_rows, n_scores = scores.shape
    shape = (-1,) if task == "binary" else (-1, n_scores)
    flat = scores.astype(np.float64).reshape(shape)
    decision = log_odds(loss, flat, task, kind=kind, class_weight=class_weight)
    decision = decision.reshape(n_members, n_rows, *shape[1:])
    if n_members == 1:
        return decision[0]
    if task == "multiclass":
        return logsumexp(decision, axis=0) - np.log(n_members)
    return logsumexp(log_expit(decision), axis=0) - logsumexp(log_expit(-decision), axis=0)
