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

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import elementwise
from scipy.special import expit, log_softmax, logsumexp, softmax

from skfocal.losses import MarginLoss
from skfocal.losses._base import TASKS
from skfocal.losses._math import as_float_array
from skfocal.margins import all_margins, transform_scores

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
        If `task` is unknown, the loss is not invertible or a probability is outside (0, 1).

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
    scores = _binary_scores(loss, eta) if task != "multiclass" else _multiclass_scores(loss, eta)
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


def _binary_scores(loss: MarginLoss, eta: np.ndarray) -> np.ndarray:
    """Solve ``z - h_1(z) + h_0(-z) = logit(eta)``, whose left side increases with z."""

    def excess(score: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        return _true_log_odds(loss, score, "binary") - wanted

    wanted = np.log(eta) - np.log1p(-eta)
    bracket = elementwise.bracket_root(excess, np.full_like(wanted, -1.0), 1.0, args=(wanted,))
    return elementwise.find_root(excess, bracket.bracket, args=(wanted,)).x


def _multiclass_scores(loss: MarginLoss, eta: np.ndarray) -> np.ndarray:
    """Find the probabilities p with ``log p_k - h_k(logit p_k) = log eta_k + c``, one c a row.

    Every margin increases with c, and with it the sum of the probabilities, which must be 1: two
    nested searches for a root. The inner one is vectorised over rows and classes.
    """
    log_eta = np.atleast_2d(np.log(eta / eta.sum(axis=-1, keepdims=True)))

    def log_p(shift: np.ndarray, row: np.ndarray) -> np.ndarray:
        return -np.logaddexp(0, -_margins_of(loss, log_eta[row] + shift[..., None]))

    def log_total(shift: np.ndarray, row: np.ndarray) -> np.ndarray:
        return logsumexp(log_p(shift, row), axis=-1)

    rows = np.arange(len(log_eta))
    bracket = elementwise.bracket_root(log_total, np.full(len(rows), -1.0), 1.0, args=(rows,))
    shift = elementwise.find_root(log_total, bracket.bracket, args=(rows,)).x
    return log_p(shift, rows).reshape(eta.shape)


def _margins_of(loss: MarginLoss, goal: np.ndarray) -> np.ndarray:
    """Solve ``log sigmoid(m) - h_k(m) = goal`` for each class k (last axis).

    The left side increases with m but may be bounded above (by 0 for cross-entropy): a goal out
    of reach gives the largest margin looked at, which the outer search then steps back from.
    """
    limit = 1e4
    classes = np.broadcast_to(np.arange(goal.shape[-1]), goal.shape)

    def excess(margin: np.ndarray, goal: np.ndarray, k: np.ndarray) -> np.ndarray:
        return -np.logaddexp(0, -margin) - loss.log_relative_slope(margin, k) - goal

    high = np.full_like(goal, limit)
    within = excess(high, goal, classes) > 0
    args = (goal[within], classes[within])
    solved = elementwise.find_root(excess, (-high[within], high[within]), args=args)
    high[within] = solved.x
    return high
