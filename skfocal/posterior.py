"""Scores to honest probabilities: what a loss distorts, this module undoes.

A loss that is not proper pushes the scores away from the log-odds of the data: a focal model
with gamma = 2 gives a 1 % risk the score of 15 %. At the population minimiser the gradient of
the expected loss is zero, which determines the true probabilities eta from the scores. With
``h_k(m) = log(-l_k'(m) / sigmoid(-m))``, the slope of the loss relative to cross-entropy:

* binary and per label: ``log-odds(eta) = z - h_1(z) + h_0(-z)``,
* softmax: ``log eta_k = log p_k - h_k(logit p_k) + const``.

Cross-entropy has h = 0 and is left alone, bit for bit. Class weights used in training appear in
eta as costs; dividing by them gives the probabilities at the frequencies of the training data.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logsumexp, softmax

from skfocal.losses import MarginLoss
from skfocal.losses._base import TASKS
from skfocal.losses._math import as_float_array
from skfocal.margins import (
    all_margins,
    multiclass_curvature_blocks,
    multiclass_gradient,
    multiclass_margin,
    transform_scores,
)

__all__ = [
    "best_constant_score",
    "log_odds",
    "probabilities_from_log_odds",
    "scores_from_probabilities",
]

KINDS = ("raw", "weighted", "posterior")


def log_odds(
    loss: MarginLoss,
    scores: ArrayLike,
    task: str,
    *,
    kind: str = "weighted",
    class_weight: ArrayLike | None = None,
) -> np.ndarray:
    """Return honest log-odds (binary, multilabel) or log-probabilities (multiclass).

    Parameters
    ----------
    loss : MarginLoss
        The loss that the scores were trained with, bound to the training set.
    scores : array-like of shape (n,), (n, L) or (n, K)
        Scores of the model.
    task : {"binary", "multilabel", "multiclass"}
        What the scores are.
    kind : {"raw", "weighted", "posterior"}, default="weighted"
        What to estimate. ``"raw"``: the sigmoid or softmax of the scores. ``"weighted"``: the
        distortion of the loss removed, class weights kept as costs. ``"posterior"``: class
        weights removed too, P(y | x) at the class frequencies of the training data.
    class_weight : array-like of shape (K,), or (2, L) for multilabel scores, default=None
        Weights used in training, negatives first; only ``"posterior"`` needs them.

    Returns
    -------
    ndarray of the shape of `scores`
        Log-odds, or normalised log-probabilities whose exponentials sum to 1 in each row.

    Raises
    ------
    ValueError
        If `kind` or `task` is unknown; if the loss is not invertible or a class weight is 0 and
        `kind` asks to undo it.

    Examples
    --------
    >>> from skfocal.losses import FocalLoss
    >>> from skfocal.posterior import log_odds, probabilities_from_log_odds
    >>> raw = -1.7065  # sigmoid: 15.4 %
    >>> honest = log_odds(FocalLoss(gamma=2.0), [raw], "binary")
    >>> probabilities_from_log_odds(honest, "binary").round(3)
    array([[0.99, 0.01]])
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {list(KINDS)}, got {kind!r}.")
    _check_task(task)
    raw = as_float_array(scores)
    if kind == "raw":
        return _normalise(loss.score_scale * raw, task)
    if not loss.traits.invertible:
        raise ValueError(f"{loss!r} cannot be inverted: only kind='raw' is defined, got {kind!r}.")
    result = _true_log_odds(loss, transform_scores(loss, raw, task), task)
    if kind == "weighted":
        if loss.class_offset is not None:
            result = result - _contrast(loss.class_offset, task)
    elif class_weight is not None:
        weight = np.asarray(class_weight, dtype=np.float64)
        if not np.all(weight > 0):
            raise ValueError(
                "Class weights of 0 cannot be undone: kind='posterior' needs positive class "
                f"weights, got {class_weight!r}."
            )
        result = result - _contrast(np.log(weight), task)
    return _normalise(result, task)


def probabilities_from_log_odds(log_odds: np.ndarray, task: str) -> np.ndarray:
    """Return the probabilities that :func:`log_odds` stands for.

    Parameters
    ----------
    log_odds : ndarray of shape (n,), (n, L) or (n, K)
        Log-odds, or log-probabilities for multiclass.
    task : {"binary", "multilabel", "multiclass"}

    Returns
    -------
    ndarray
        (n, 2) for binary, (n, L) for multilabel, (n, K) for multiclass, of float64 or float32 as
        `log_odds`.

    Raises
    ------
    ValueError
        If `task` is unknown.
    """
    _check_task(task)
    if task == "multiclass":
        return softmax(log_odds, axis=-1)
    if task == "multilabel":
        return expit(log_odds)
    # exp(-max(z, 0)) and exp(min(z, 0)) over their sum: both sides to full precision, where 1 - p
    # would lose the small ones, and faster than a sigmoid each. Columns are contiguous.
    columns = np.empty((2, *log_odds.shape), dtype=log_odds.dtype)
    np.exp(-np.maximum(log_odds, 0), out=columns[0])
    np.exp(np.minimum(log_odds, 0), out=columns[1])
    columns /= columns[0] + columns[1]
    return np.moveaxis(columns, 0, -1)


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
    _check_task(task)
    if not loss.traits.invertible:
        raise ValueError(f"{loss!r} cannot be inverted: no score belongs to a probability.")
    eta = np.asarray(probabilities, dtype=np.float64)
    if not np.all((eta > 0) & (eta < 1)):
        raise ValueError(f"probabilities must be inside (0, 1), got {probabilities!r}.")
    if task != "multiclass":
        scores = _binary_scores(loss, eta)
    elif loss.traits.convex and not loss.traits.symmetric:
        scores = _scores_by_minimisation(loss, eta)
    else:
        scores = _multiclass_scores(loss, eta)
    _check_found(loss, scores, eta, task)
    if loss.class_offset is not None:
        scores = scores - _contrast(loss.class_offset, task)
    return scores / loss.score_scale


def best_constant_score(
    loss: MarginLoss,
    frequencies: ArrayLike,
    class_weight: ArrayLike | None = None,
    *,
    task: str = "binary",
) -> np.ndarray:
    """Return the score that minimises the loss when nothing is known but the class frequencies.

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
    _check_task(task)
    share = np.asarray(frequencies, dtype=np.float64)
    if class_weight is not None:
        share = share * np.asarray(class_weight, dtype=np.float64)
    if not np.all((share > 0) & np.isfinite(share)):
        raise ValueError(
            "Every class needs a positive (weighted) frequency for a best constant score, got "
            f"{share.tolist()}."
        )
    share = share / share.sum(axis=0)
    if task == "multiclass":
        scores = scores_from_probabilities(loss, share, task)
        return scores - scores.mean()
    return scores_from_probabilities(loss, share[1], task)


def _check_task(task: str) -> None:
    if task not in TASKS:
        raise ValueError(f"task must be one of {sorted(TASKS)}, got {task!r}.")


def _true_log_odds(loss: MarginLoss, scores: np.ndarray, task: str) -> np.ndarray:
    """Undo the distortion of the loss; exact for cross-entropy."""
    if task == "multiclass":
        margins = all_margins(scores)
        classes = np.arange(scores.shape[-1])
        return log_softmax(scores, axis=-1) - loss.log_relative_slope(margins, classes)
    if loss.traits.proper:
        return scores
    return scores + loss.log_odds_shift(scores)


def _contrast(per_class: np.ndarray, task: str) -> np.ndarray:
    """Return a per-class quantity as it enters the scores: positive minus negative, or all K."""
    return np.asarray(per_class) if task == "multiclass" else np.diff(per_class, axis=0)[0]


def _normalise(scores: np.ndarray, task: str) -> np.ndarray:
    return log_softmax(scores, axis=-1) if task == "multiclass" else scores


def _check_found(loss: MarginLoss, scores: np.ndarray, eta: np.ndarray, task: str) -> None:
    """Raise unless the scores lead back to the probabilities."""
    if task == "multiclass":
        wanted = np.log(eta / eta.sum(axis=-1, keepdims=True))
    else:
        wanted = np.log(eta) - np.log1p(-eta)
    found = _normalise(_true_log_odds(loss, scores, task), task)
    if not np.allclose(found, wanted, rtol=1e-6, atol=1e-6):
        raise ValueError(
            f"{loss!r}: no finite scores were found at which the expected loss is least for the "
            f"probabilities {eta.tolist()}."
        )


def _binary_scores(loss: MarginLoss, eta: np.ndarray) -> np.ndarray:
    """Solve ``z - h_1(z) + h_0(-z) = logit(eta)``, whose left side increases with z."""
    wanted = np.log(eta) - np.log1p(-eta)
    if loss.traits.proper:
        return wanted
    return _root(lambda score: _true_log_odds(loss, score, "binary") - wanted, wanted.shape)


def _scores_by_minimisation(loss: MarginLoss, eta: np.ndarray) -> np.ndarray:
    """Minimise the expected loss of each row, which a convex loss makes safe.

    The equations of :func:`_multiclass_scores` need not have one solution there: with large
    margins those of LDAM have several, of which one is the minimiser.
    """
    n_classes = eta.shape[-1]
    classes = np.arange(n_classes)

    def expected(scores: np.ndarray, share: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        at = multiclass_margin(np.broadcast_to(scores, (n_classes, n_classes)), classes)
        value, first, second = loss.evaluate(at.margin, 2, classes)
        hessian = np.tensordot(share, multiclass_curvature_blocks(first, second, at), 1)
        # Ones for the direction that scores do not notice.
        return share @ value, share @ multiclass_gradient(first, at), hessian + 1 / n_classes

    def solve(share: np.ndarray) -> np.ndarray:
        scores = minimize(
            lambda z: expected(z, share)[:2],
            np.log(share),
            jac=True,
            hess=lambda z: expected(z, share)[2],
            method="trust-exact",
        ).x
        for _ in range(3):
            # It compares values, which are flat here; the gradient still points to the last digits.
            _, gradient, hessian = expected(scores, share)
            scores = scores - np.linalg.lstsq(hessian, gradient)[0]
        return scores

    rows = (eta / eta.sum(axis=-1, keepdims=True)).reshape(-1, n_classes)
    return log_softmax([solve(share) for share in rows], axis=-1).reshape(eta.shape)


def _multiclass_scores(loss: MarginLoss, eta: np.ndarray) -> np.ndarray:
    """Solve ``log p_k - h_k(logit p_k) = log eta_k + c`` with probabilities p that sum to 1.

    The left side increases with the margin of class k. So the margin of the most probable class
    determines c, c determines all other margins, and both sides of ``sum of the others = 1 - p``
    tell whether it was too large: two nested searches for a root.
    """
    log_eta = np.log(eta / eta.sum(axis=-1, keepdims=True))
    classes = np.arange(eta.shape[-1])
    if not np.any(loss.log_relative_slope(all_margins(log_eta), classes)):
        return log_eta  # cross-entropy; the trait ``proper`` speaks of two classes alone
    top = log_eta.argmax(axis=-1)[..., None]

    def log_share(margin: np.ndarray, k: np.ndarray) -> np.ndarray:
        return -np.logaddexp(0, -margin) - loss.log_relative_slope(margin, k)

    def log_p(margin: np.ndarray) -> np.ndarray:
        shift = log_share(margin, top) - np.take_along_axis(log_eta, top, axis=-1)
        goal = log_eta + shift
        margins = _root(lambda m: log_share(m, classes) - goal, goal.shape)
        return -np.logaddexp(0, -np.where(classes == top, margin, margins))

    def excess(margin: np.ndarray) -> np.ndarray:
        # In logarithms, and not as a sum that is 1: that cannot tell 1e-20 from 0.
        others = np.where(classes == top, -np.inf, log_p(margin))
        return logsumexp(others, axis=-1, keepdims=True) + np.logaddexp(0, margin)

    return log_p(_root(excess, top.shape))


def _root(function: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Return where an increasing function of whole arrays changes its sign, by bisection.

    An entry without a root ends at the largest or smallest number looked at. The entries stay
    together, unlike in ``scipy.optimize.elementwise``: a loss may have one parameter a label.
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
