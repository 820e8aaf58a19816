"""Class weights: alpha, class_weight, and the rules behind their names.

``alpha`` is a *ratio* between classes: it is normalised so that the mean weight over the training
samples is 1, and does not change the meaning of C, learning rate and weight decay.
``class_weight`` is scikit-learn's, unnormalised. Both multiply.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "alpha_weights",
    "balanced_weights",
    "class_counts",
    "class_weights",
    "effective_number_weights",
]

_BLOCK = 2**16


def class_counts(codes: np.ndarray, sample_weight: np.ndarray | None, n_classes: int) -> np.ndarray:
    """Return the summed sample weights of each class.

    Parameters
    ----------
    codes : ndarray of shape (n,) of int
        Class of each sample, 0 to `n_classes` - 1.
    sample_weight : ndarray of shape (n,) or None
        None counts every sample once.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of shape (n_classes,) of float64

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.weights import class_counts
    >>> class_counts(np.array([0, 1, 0]), None, 3)
    array([2., 1., 0.])
    """
    counts = np.zeros(n_classes)
    for start in range(0, len(codes), _BLOCK):  # bincount makes a copy of small codes
        rows = slice(start, start + _BLOCK)
        weight = None if sample_weight is None else sample_weight[rows]
        counts += np.bincount(codes[rows], weights=weight, minlength=n_classes)
    return counts


def balanced_weights(counts: ArrayLike) -> np.ndarray:
    """Return weights inversely proportional to the class counts.

    Parameters
    ----------
    counts : array-like of shape (K,)
        Samples, or summed sample weights, of each class; at least 0.

    Returns
    -------
    ndarray of shape (K,) of float64
        ``n / (K' n_k)``, with K' the number of classes that occur; 0 for a class that does not.
        Their mean over the samples is 1.

    Raises
    ------
    ValueError
        If a count is negative or not finite, or all are 0.

    Examples
    --------
    >>> from skfocal.weights import balanced_weights
    >>> balanced_weights([990, 10]).round(4)
    array([ 0.5051, 50.    ])
    """
    counts = _check_counts(counts)
    present = counts > 0
    weights = np.zeros_like(counts)
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights


def effective_number_weights(counts: ArrayLike, beta: float = 0.999) -> np.ndarray:
    """Return class-balanced weights: the inverse of the effective number of samples.

    Parameters
    ----------
    counts : array-like of shape (K,)
        Samples, or summed sample weights, of each class; at least 0.
    beta : float in [0, 1], default=0.999
        Overlap between samples. 0 weights all classes equally, 1 by inverse frequency. The paper
        scans 0.9, 0.99, 0.999 and 0.9999.

    Returns
    -------
    ndarray of shape (K,) of float64
        Proportional to ``(1 - beta) / (1 - beta**n_k)``, in the paper's scale: they sum to the
        number of classes that occur. 0 for a class that does not.

    Raises
    ------
    ValueError
        If `beta` is outside [0, 1], or a count is negative or not finite, or all are 0.

    References
    ----------
    Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019,
    arXiv:1901.05555

    Examples
    --------
    >>> from skfocal.weights import effective_number_weights
    >>> effective_number_weights([990, 10], beta=0.99).round(4)
    array([0.1746, 1.8254])
    """
    counts = _check_counts(counts)
    if not 0 <= beta <= 1:
        raise ValueError(f"beta must be in [0, 1], got {beta!r}.")
    present = counts > 0
    n = counts[present]
    if beta == 0:
        inverse = np.ones_like(n)
    elif beta == 1:
        inverse = 1 / n
    else:
        # expm1 instead of 1 - beta**n: for beta near 1 the power rounds to 1. The factor
        # (1 - beta) is common to all classes and drops out.
        inverse = -1 / np.expm1(n * np.log(beta))
    weights = np.zeros_like(counts)
    weights[present] = inverse * (len(n) / inverse.sum())
    return weights


def alpha_weights(
    alpha: Any, classes: np.ndarray, counts: np.ndarray, beta: float = 0.999
) -> np.ndarray:
    """Return the class weights that alpha stands for, with mean 1 over the training samples.

    Parameters
    ----------
    alpha : None, float in (0, 1), array-like of shape (K,), dict, "balanced" or "effective"
        None weights all classes equally. A float is the weight of the positive class
        ``classes[1]``, ``1 - alpha`` that of the other, for two classes only. An array has the
        order of `classes`; a dict has original labels as keys, a missing label has weight 1. A
        dict may name further labels, which a fold may lack, if it names all of `classes`.
    classes : ndarray of shape (K,)
        Sorted labels.
    counts : ndarray of shape (K,)
        Summed sample weights of each class.
    beta : float in [0, 1], default=0.999
        For ``alpha="effective"``, see :func:`effective_number_weights`.

    Returns
    -------
    ndarray of shape (K,) of float64

    Raises
    ------
    ValueError
        If alpha is outside its range, has a wrong length, or is a float with more than two
        classes; if a dict names an unknown label and leaves out a class.

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.weights import alpha_weights
    >>> alpha_weights(0.75, np.array([0, 1]), np.array([50.0, 50.0]))
    array([0.5, 1.5])
    """
    if alpha is None:
        return np.ones(len(classes))
    if isinstance(alpha, str):
        weights = _named_weights(alpha, counts, beta)
    elif isinstance(alpha, Mapping):
        weights = _weights_of_dict("alpha", alpha, classes)
    elif np.ndim(alpha) == 0:
        weights = _weights_of_float(alpha, len(classes))
    else:
        weights = np.asarray(alpha, dtype=np.float64)
        if weights.shape != (len(classes),):
            raise ValueError(
                f"alpha must have one weight for each of the {len(classes)} classes "
                f"{classes.tolist()}, got an array of shape {weights.shape}."
            )
    if not (np.all(np.isfinite(weights)) and np.all(weights >= 0) and weights @ counts > 0):
        raise ValueError(
            "alpha must hold finite class weights of at least 0, positive for some class that "
            f"occurs, got {alpha!r}."
        )
    # Relative to the largest, and summed in the order of counts.sum(): equal weights become
    # exactly 1, and the unit of a vector has no effect.
    weights = weights / weights.max()
    return weights * (counts.sum() / (weights * counts).sum())


def class_weights(
    classes: np.ndarray,
    counts: np.ndarray,
    *,
    alpha: Any = None,
    class_weight: Any = None,
    beta: float = 0.999,
) -> np.ndarray:
    """Return the weight of each class: normalised alpha times class_weight.

    Parameters
    ----------
    classes : ndarray of shape (K,)
        Sorted labels.
    counts : ndarray of shape (K,)
        Summed sample weights of each class.
    alpha : None, float, array-like, dict, "balanced" or "effective", default=None
        See :func:`alpha_weights`.
    class_weight : None, dict or "balanced", default=None
        As in scikit-learn: not normalised; a missing label has weight 1, and further labels are
        allowed if none of `classes` is missing.
    beta : float in [0, 1], default=0.999
        For ``alpha="effective"``.

    Returns
    -------
    ndarray of shape (K,) of float64
        A class that does not occur, and to which ``"balanced"`` or ``"effective"`` therefore gives
        no weight, has 1: there is nothing to undo.

    Raises
    ------
    ValueError
        For the reasons of :func:`alpha_weights`, and if `class_weight` is something else, names
        an unknown label while a class has none, or has a weight that is negative or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.weights import class_weights
    >>> class_weights(np.array(["no", "yes"]), np.array([30.0, 10.0]), class_weight={"yes": 3})
    array([1., 3.])
    """
    weights = alpha_weights(alpha, classes, counts, beta)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(
                f"class_weight must be None, 'balanced' or a dict, got {class_weight!r}."
            )
        weights = weights * balanced_weights(counts)
    elif class_weight is not None:
        weights = weights * _weights_of_dict("class_weight", class_weight, classes)
    return np.where((counts == 0) & (weights == 0), 1.0, weights)


def _check_counts(counts: ArrayLike) -> np.ndarray:
    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 1 or not np.all((counts >= 0) & np.isfinite(counts)) or not counts.any():
        raise ValueError(
            f"counts must be a vector of finite counts of at least 0, not all 0, got {counts!r}."
        )
    return counts


def _named_weights(name: str, counts: np.ndarray, beta: float) -> np.ndarray:
    if name == "balanced":
        return balanced_weights(counts)
    if name == "effective":
        return effective_number_weights(counts, beta)
    raise ValueError(
        "alpha must be None, a float in (0, 1), an array, a dict, 'balanced' or 'effective', "
        f"got {name!r}."
    )


def _weights_of_float(alpha: float, n_classes: int) -> np.ndarray:
    if not 0 < alpha < 1:
        raise ValueError(f"A single alpha must be in the range (0, 1), got {alpha!r}.")
    if n_classes == 2:
        return np.array([1 - alpha, alpha])
    rest, n_rest = round(1 - alpha, 12), n_classes - 1
    vector = [alpha] + [rest] * n_rest if n_classes <= 10 else f"[{alpha}] + [{rest}] * {n_rest}"
    raise ValueError(
        f"A single alpha weighs the positive class against one other, but the data has {n_classes} "
        f"class{'es' if n_classes > 1 else ''}: give a vector of {n_classes} class weights such "
        f"as {vector}, a dict by label, 'balanced' or 'effective' instead of alpha={alpha!r}."
    )


def _weights_of_dict(name: str, weights: Any, classes: np.ndarray) -> np.ndarray:
    if not isinstance(weights, Mapping):
        raise ValueError(f"{name} must be None, 'balanced' or a dict, got {weights!r}.")
    labels = classes.tolist()
    missing = [label for label in labels if label not in weights]
    unknown = [label for label in weights if label not in labels]
    if missing and unknown:
        # A typo. With a weight for every class, the others are those that a fold lacks.
        raise ValueError(
            f"{name} has weights for the labels {unknown}, which are not among the classes "
            f"{labels} of the training data, and none for {missing}."
        )
    result = np.array([weights.get(label, 1.0) for label in labels], dtype=np.float64)
    if not np.all((result >= 0) & np.isfinite(result)):
        raise ValueError(f"{name} must hold finite weights of at least 0, got {weights!r}.")
    return result
