"""From scores to margins and back, in plain functions; :mod:`skfocal.tasks` is built on them.

A loss sees one signed number per decision, the margin. This module computes it from the scores
of a model and pulls gradient and curvature in the margin back to the scores, by the chain rule:

=========== ========== ================================== ==========================
task        scores z   margin m                           gradient in z
=========== ========== ================================== ==========================
binary      (n,)       z if positive, else -z             ``+-l'(m)``
multilabel  (n, L)     the same, per label                ``+-l'(m)``
multiclass  (n, K)     ``z_y - logsumexp_{k != y} z_k``   ``l'(m) (e_y - r)``
=========== ========== ================================== ==========================

where r is the softmax over the wrong classes. All functions take NumPy arrays and torch tensors.
"""

from typing import NamedTuple

import numpy as np

from skfocal.losses import MarginLoss
from skfocal.losses._math import Array, array_namespace, by_columns, like

__all__ = [
    "MulticlassMargin",
    "all_margins",
    "binary_gradient",
    "binary_margin",
    "multiclass_curvature_blocks",
    "multiclass_curvature_product",
    "multiclass_gradient",
    "multiclass_margin",
    "transform_scores",
]


def transform_scores(loss: MarginLoss, scores: Array, task: str) -> Array:
    """Apply the scale and the per-class offset of a loss to the scores.

    Parameters
    ----------
    loss : MarginLoss
        Bound to the class counts of the training set if it depends on them.
    scores : array of shape (n,), (n, L) or (n, K)
        Scores of the model.
    task : {"binary", "multilabel", "multiclass"}

    Returns
    -------
    array of the shape of `scores`
        `scores` itself for most losses.
    """
    if loss.score_scale != 1.0:
        scores = loss.score_scale * scores
    if loss.class_offset is not None:
        offset = (
            loss.class_offset if task == "multiclass" else np.diff(loss.class_offset, axis=0)[0]
        )
        scores = scores + like(offset, scores)
    return scores


def binary_margin(scores: Array, target: Array) -> Array:
    """Return the score where `target` is 1 and its negative where it is 0.

    Parameters
    ----------
    scores : array of shape (n,) or (n, L)
        Log-odds scores of the positive class.
    target : array of the same shape
        0 or 1 (bool, integer or float).

    Returns
    -------
    array of the shape of `scores`

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.margins import binary_margin
    >>> binary_margin(np.array([1.5, 1.5]), np.array([1, 0]))
    array([ 1.5, -1.5])
    """
    return array_namespace(scores).where(target > 0, scores, -scores)


def binary_gradient(derivative: Array, target: Array) -> Array:
    """Pull the derivative in the margin back to the scores.

    For the curvature the pull-back is the identity.

    Parameters
    ----------
    derivative : array of shape (n,) or (n, L)
        ``l'(m)``.
    target : array of the same shape
        0 or 1.

    Returns
    -------
    array of the same shape
    """
    return binary_margin(derivative, target)


class MulticlassMargin(NamedTuple):
    """Margin of the true class and what its gradient needs.

    Attributes
    ----------
    margin : array of shape (...,)
    direction : array of shape (..., K)
        Gradient of the margin in the scores: ``e_y - r``, with r the softmax over the wrong
        classes.
    wrong : array of shape (..., K)
        r, which is 0 at the true class.
    """

    margin: Array
    direction: Array
    wrong: Array


def multiclass_margin(scores: Array, target: Array) -> MulticlassMargin:
    """Return the margin of the true class against all others.

    Parameters
    ----------
    scores : array of shape (..., K)
        Softmax scores, classes last.
    target : integer array of shape (...,)
        Class of each row, 0 to K - 1.

    Returns
    -------
    MulticlassMargin

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.margins import multiclass_margin
    >>> multiclass_margin(np.array([[100.0, 0.0, 0.0]]), np.array([0])).margin.round(6)
    array([99.306853])
    """
    xp = array_namespace(scores)
    scores = by_columns(scores)
    true = _is_class(target, scores)
    others = _leave_out(scores, true)
    wrong = others.exponential / others.total
    score = xp.where(true, scores, 0.0).sum(axis=-1, keepdims=True)
    # The difference of scores first: a large common offset cancels exactly.
    margin = ((score - others.highest) - xp.log(others.total))[..., 0]
    return MulticlassMargin(margin, xp.where(true, 1.0, -wrong), wrong)


def all_margins(scores: Array) -> Array:
    """Return, for every class k, the margin that the row would have if k were its true class.

    Parameters
    ----------
    scores : ndarray of shape (..., K)
        Softmax scores.

    Returns
    -------
    ndarray of shape (..., K)
        ``z_k - logsumexp_{j != k} z_j``, the logit of the softmax probability of k.
    """
    xp = array_namespace(scores)
    scores = by_columns(scores)
    is_top = _is_class(xp.argmax(scores, -1), scores)
    highest = xp.amax(scores, axis=-1, keepdims=True)
    below = scores - highest
    exponential = xp.exp(below)
    # Without any other class the top one's 1 stays in the sum, so that it cannot cancel; the
    # top class itself is summed anew over the others.
    rest = xp.where(is_top, 1.0, exponential.sum(axis=-1, keepdims=True) - exponential)
    others = _leave_out(scores, is_top)
    of_top = (highest - others.highest) - xp.log(others.total)
    return xp.where(is_top, of_top, below - xp.log(rest))


def multiclass_gradient(derivative: Array, margin: MulticlassMargin) -> Array:
    """Pull the derivative in the margin back to softmax scores.

    Parameters
    ----------
    derivative : array of shape (...,)
        ``l'(m)``.
    margin : MulticlassMargin
        The margin and how it depends on the scores.

    Returns
    -------
    array of shape (..., K)
        ``l'(m) (e_y - r)``; rows sum to 0.
    """
    return derivative[..., None] * margin.direction


def multiclass_curvature_product(
    derivative: Array, curvature: Array, margin: MulticlassMargin, vector: Array
) -> Array:
    """Multiply the curvature in the scores of each row by a vector.

    The curvature is ``l''(m) (e_y - r)(e_y - r)^T - l'(m) (diag r - r r^T)``. As l' <= 0, it is
    positive semi-definite whenever `curvature` is not negative.

    Parameters
    ----------
    derivative, curvature : arrays of shape (...,)
        ``l'(m)``, and ``l''(m)`` or a positive replacement.
    margin : MulticlassMargin
        The margin and how it depends on the scores.
    vector : array of shape (..., K)
        A direction in the scores.

    Returns
    -------
    array of shape (..., K)
    """
    along = (margin.direction * vector).sum(axis=-1)
    within = (margin.wrong * vector).sum(axis=-1)
    spread = margin.wrong * (vector - within[..., None])
    return (curvature * along)[..., None] * margin.direction - derivative[..., None] * spread


def multiclass_curvature_blocks(
    derivative: Array, curvature: Array, margin: MulticlassMargin
) -> Array:
    """Return the curvature in the scores as one K x K matrix per row, for small K.

    Parameters
    ----------
    derivative, curvature : arrays of shape (n,)
        ``l'(m)``, and ``l''(m)`` or a positive replacement.
    margin : MulticlassMargin
        The margin and how it depends on the scores.

    Returns
    -------
    array of shape (n, K, K)
        Symmetric; rows sum to 0.
    """
    d, r = margin.direction, margin.wrong
    # diag r - r r^T first: with one wrong class it is exactly 0, and must not leave its rounding
    # beside a curvature that is much smaller than the derivative.
    spread = -(r[:, :, None] * r[:, None, :])
    diagonal = range(r.shape[1])
    spread[:, diagonal, diagonal] += r
    along = curvature[:, None, None] * (d[:, :, None] * d[:, None, :])
    return along - derivative[:, None, None] * spread


class _Others(NamedTuple):
    """Scores of the other classes of each row, as exponentials relative to the highest of them."""

    exponential: Array  # 0 for the class itself
    total: Array
    highest: Array


def _leave_out(scores: Array, true: Array) -> _Others:
    """Leave a class out before the exponentials.

    1 - p by subtraction is 0 as soon as one class dominates.
    """
    xp = array_namespace(scores)
    others = xp.where(true, -xp.inf, scores)
    highest = xp.amax(others, axis=-1, keepdims=True)
    # Where all other classes are masked with -inf nothing is left to compare with: their softmax
    # is then 0 instead of 0 / 0, and the margin infinite. A total is at least 1 elsewhere.
    exponential = xp.exp(others - highest.clip(min=xp.finfo(scores.dtype).min))
    total = exponential.sum(axis=-1, keepdims=True).clip(min=1)
    return _Others(exponential, total, highest)


def _is_class(target: Array, scores: Array) -> Array:
    """Return which entry of each row of scores is that of its class, laid out as the scores are."""
    n_classes = scores.shape[-1]
    if array_namespace(scores) is np:
        classes = np.arange(n_classes).reshape(-1, *[1] * np.ndim(target))
        return np.moveaxis(classes == target, 0, -1)
    classes = array_namespace(scores).arange(n_classes, device=scores.device)
    return target[..., None] == classes
