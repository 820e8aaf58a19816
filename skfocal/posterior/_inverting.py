"""From probabilities back to the scores of a loss, and the best score to start a model at."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp

from skfocal.losses import MarginLoss
from skfocal.margins import (
    all_margins,
    multiclass_curvature_blocks,
    multiclass_gradient,
    multiclass_margin,
)
from skfocal.tasks import Task, get_task


def scores_from_probabilities(loss: MarginLoss, probabilities: ArrayLike, task: str) -> np.ndarray:
    """Return the scores at which the expected loss is least: the inverse of the posterior.

    Parameters
    ----------
    loss : MarginLoss
        Bound to the class counts if it depends on them.
    probabilities : array-like of shape (n,), (n, L) or (n, K)
        True probabilities, inside (0, 1): of the positive class, or of each class (rows sum to
        1 after normalisation).
    task : {"binary", "multilabel", "multiclass"}

    Returns
    -------
    ndarray of the shape of `probabilities`
        Scores; for multiclass their log-sum-exp is 0 before the loss's own scale and offset.

    Raises
    ------
    ValueError
        If `task` is unknown, the loss is not invertible, a probability is outside (0, 1), or the
        search found no finite score that belongs to it.

    Examples
    --------
    >>> from scipy.special import expit
    >>> from skfocal.losses import FocalLoss
    >>> from skfocal.posterior import scores_from_probabilities
    >>> expit(scores_from_probabilities(FocalLoss(gamma=2.0), [0.01], "binary")).round(4)
    array([0.1536])
    """
    form = get_task(task)
    eta = np.asarray(probabilities, dtype=np.float64)
    if not np.all((eta > 0) & (eta < 1)):
        raise ValueError(f"probabilities must be inside (0, 1), got {probabilities!r}.")
    return _scores_from_log_odds(loss, form.log_odds_of(eta), form)


def best_constant_score(
    loss: MarginLoss,
    frequencies: ArrayLike,
    class_weight: ArrayLike | None = None,
    *,
    task: str = "binary",
) -> np.ndarray:
    """Return the constant score that minimises the loss at given class frequencies.

    It is where boosting starts, and the best initial bias of an output layer.

    Parameters
    ----------
    loss : MarginLoss
        Bound to the class counts if it depends on them.
    frequencies : array-like of shape (K,), or (2, L) for multilabel
        Frequencies or counts of the classes, negatives first; positive.
    class_weight : array-like of the same shape, default=None
        Weights of the classes in training.
    task : {"binary", "multilabel", "multiclass"}, default="binary"
        Two frequencies are one binary score, or two softmax scores.

    Returns
    -------
    ndarray
        A 0-d array for binary, (L,) for multilabel, (K,) for multiclass, with mean 0 where only
        differences matter.

    Raises
    ------
    ValueError
        If `task` is unknown, the loss is not invertible or a weighted frequency is not positive.

    Examples
    --------
    >>> from scipy.special import expit
    >>> from skfocal.losses import FocalLoss
    >>> from skfocal.posterior import best_constant_score
    >>> float(expit(best_constant_score(FocalLoss(gamma=2.0), [0.99, 0.01])).round(7))
    0.1536244
    """
    form = get_task(task)
    mass = np.asarray(frequencies, dtype=np.float64)
    if class_weight is not None:
        mass = mass * np.asarray(class_weight, dtype=np.float64)
    if not np.all((mass > 0) & np.isfinite(mass)):
        raise ValueError(
            "Every class needs a positive (weighted) frequency for a best constant score, got "
            f"{mass.tolist()}."
        )
    log_odds = form.normalised(form.contrast(np.log(mass)))
    return form.centred(_scores_from_log_odds(loss, log_odds, form))


def _scores_from_log_odds(loss: MarginLoss, log_odds: np.ndarray, task: Task) -> np.ndarray:
    """Return the scores that belong to true log-odds, or to log-probabilities."""
    if not loss.traits.invertible:
        raise ValueError(f"{loss!r} cannot be inverted: no score belongs to a probability.")
    if not task.is_softmax:
        scores = _scores_of_cells(loss, log_odds)
    elif loss.traits.convex and not loss.traits.symmetric:
        scores = _scores_by_minimisation(loss, np.exp(log_odds))
    else:
        scores = _softmax_scores(loss, log_odds)
    found = task.normalised(task.undistorted(loss, scores))
    if not np.allclose(found, log_odds, rtol=1e-6, atol=1e-6):
        raise ValueError(
            f"{loss!r}: no finite scores were found at which the expected loss is least for the "
            f"probabilities {task.probabilities(log_odds).tolist()}."
        )
    if loss.class_offset is not None:
        scores = scores - task.contrast(np.asarray(loss.class_offset))
    return scores / loss.score_scale


def _scores_of_cells(loss: MarginLoss, log_odds: np.ndarray) -> np.ndarray:
    """Solve ``z - h_1(z) + h_0(-z) = log_odds``, whose left side increases with z."""
    if loss.traits.proper:
        return log_odds
    return _root(lambda z: z + loss.log_odds_shift(z) - log_odds, log_odds.shape)


def _scores_by_minimisation(loss: MarginLoss, eta: np.ndarray) -> np.ndarray:
    """Minimise the expected loss of each row, which a convex loss makes safe.

    The equations of :func:`_softmax_scores` need not have one solution there: with large
    margins those of LDAM have several, of which one is the minimiser.
    """
    n_classes = eta.shape[-1]
    classes = np.arange(n_classes)

    def expected(scores: np.ndarray, row: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        at = multiclass_margin(np.broadcast_to(scores, (n_classes, n_classes)), classes)
        value, first, second = loss.evaluate(at.margin, 2, classes)
        hessian = np.tensordot(row, multiclass_curvature_blocks(first, second, at), 1)
        # Ones for the direction that scores do not notice.
        return (
            row @ value,
            row @ multiclass_gradient(first, at),
            hessian + 1 / n_classes,
        )

    def solve(row: np.ndarray) -> np.ndarray:
        scores = minimize(
            lambda z: expected(z, row)[:2],
            np.log(row),
            jac=True,
            hess=lambda z: expected(z, row)[2],
            method="trust-exact",
        ).x
        for _ in range(3):
            # It compares values, which are flat here; the gradient still points to the last digits.
            _, gradient, hessian = expected(scores, row)
            scores = scores - np.linalg.lstsq(hessian, gradient)[0]
        return scores

    rows = eta.reshape(-1, n_classes)
    return log_softmax([solve(row) for row in rows], axis=-1).reshape(eta.shape)


def _softmax_scores(loss: MarginLoss, log_eta: np.ndarray) -> np.ndarray:
    """Solve ``log p_k - h_k(logit p_k) = log eta_k + c`` with probabilities p that sum to 1.

    The left side increases with the margin of class k. So the margin of the most probable class
    determines c, c determines all other margins, and both sides of ``sum of the others = 1 - p``
    tell whether it was too large: two nested searches for a root.
    """
    classes = np.arange(log_eta.shape[-1])
    if not np.any(loss.log_relative_slope(all_margins(log_eta), classes)):
        return log_eta  # cross-entropy; the trait ``proper`` is about two classes
    top = log_eta.argmax(axis=-1)[..., None]

    def log_frequency(margin: np.ndarray, k: np.ndarray) -> np.ndarray:
        return -np.logaddexp(0, -margin) - loss.log_relative_slope(margin, k)

    def log_p(margin: np.ndarray) -> np.ndarray:
        shift = log_frequency(margin, top) - np.take_along_axis(log_eta, top, axis=-1)
        goal = log_eta + shift
        margins = _root(lambda m: log_frequency(m, classes) - goal, goal.shape)
        return -np.logaddexp(0, -np.where(classes == top, margin, margins))

    def excess(margin: np.ndarray) -> np.ndarray:
        # In logarithms, and not as a sum that is 1: that cannot tell 1e-20 from 0.
        others = np.where(classes == top, -np.inf, log_p(margin))
        return logsumexp(others, axis=-1, keepdims=True) + np.logaddexp(0, margin)

    return log_p(_root(excess, top.shape))


def _root(function: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Return where an increasing function of whole arrays changes its sign, by bisection.

    An entry without a root ends at the largest or smallest number looked at. The entries stay
    together, unlike in ``scipy.optimize.elementwise``: a loss may have one parameter per label.
    """
    low, high = np.full(shape, -1.0), np.full(shape, 1.0)
    for _ in range(40):  # to 1e12
        below, above = function(high) < 0, function(low) > 0
        if not (below.any() or above.any()):
            break
        low, high = (
            np.where(above, 2 * low, np.where(below, high, low)),
            np.where(below, 2 * high, np.where(above, low, high)),
        )
    for _ in range(54):  # to the last place: the ends have one sign, or are within 1 of 0
        middle = (low + high) / 2
        below = function(middle) < 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
