"""From the scores of a loss to the log-odds of the data."""

import numpy as np
from numpy.typing import ArrayLike

from skfocal.losses import MarginLoss
from skfocal.losses._math import as_float_array
from skfocal.margins import transform_scores
from skfocal.tasks import get_task

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
    check_kind(kind)
    form = get_task(task)
    raw = as_float_array(scores)
    if kind == "raw":
        return form.normalised(loss.score_scale * raw)
    if not loss.traits.invertible:
        raise ValueError(f"{loss!r} cannot be inverted: only kind='raw' is defined, got {kind!r}.")
    result = form.undistorted(loss, transform_scores(loss, raw, task))
    if kind == "weighted":
        if loss.class_offset is not None:
            result = result - form.contrast(np.asarray(loss.class_offset))
    elif class_weight is not None:
        weight = np.asarray(class_weight, dtype=np.float64)
        if not np.all(weight > 0):
            raise ValueError(
                "Class weights of 0 cannot be undone: kind='posterior' needs positive class "
                f"weights, got {class_weight!r}."
            )
        result = result - form.contrast(np.log(weight))
    return form.normalised(result)


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
    return get_task(task).probabilities(log_odds)


def check_kind(kind: str) -> None:
    """Raise ValueError unless `kind` is a kind of probability."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {list(KINDS)}, got {kind!r}.")
