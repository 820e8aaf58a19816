"""The same model where the classes are more or less common than in its training data.

If the rows of a class look alike in both places, and only the shares of the classes differ, the
probabilities follow from the old ones and the two prevalences; and the new prevalences follow from
the old probabilities of rows without labels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_softmax
from sklearn.utils import check_random_state

# A prevalence has been found when expectation maximisation would change it by less than this part.
_TOLERANCE = 1e-10
_MOST_ITERATIONS = 200


def adjust_prevalence(
    probabilities: ArrayLike, old: ArrayLike, new: ArrayLike, *, multilabel: bool = False
) -> np.ndarray:
    """Return probabilities at other prevalences: Bayes' rule with another prior.

    Undersampling is undone in this way too: `old` is then the prevalence after sampling, `new` the
    one before. For SMOTE there is no such rule, since its rows are not rows of the class.

    Parameters
    ----------
    probabilities : array-like of shape (n,), (n, n_classes) or (n, n_labels)
        Honest probabilities at the old prevalences: of the positive class, of all classes, or with
        `multilabel` of each label.
    old : float, or array-like of shape (n_classes,) or (n_labels,)
        Prevalence in the training data, in (0, 1): that of the positive class for two classes, or
        those of all classes, which sum to 1; with `multilabel` that of each label.
    new : float, or array-like of the shape of `old`
        Prevalence where the model is used, in [0, 1].
    multilabel : bool, default=False
        Whether columns are labels, each with a probability of its own.

    Returns
    -------
    ndarray of the shape of `probabilities`
        Rows that are certain stay as they are.

    Raises
    ------
    ValueError
        If a probability or a prevalence is outside its range, prevalences of classes do not sum to
        1, or shapes do not fit.

    References
    ----------
    Saerens, Latinne, and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori
    Probabilities: A Simple Procedure", Neural Computation 14, 2002,
    doi:10.1162/089976602753284446

    Examples
    --------
    >>> from skfocal.posterior import adjust_prevalence
    >>> adjust_prevalence([0.5, 0.9], old=0.5, new=0.01).round(3)
    array([0.01 , 0.083])
    """
    given = _check_probabilities(probabilities, multilabel)
    columns, prior = _as_classes(given, old, "old", multilabel)
    _, wanted = _as_classes(given, new, "new", multilabel)
    if np.any(prior == 0) or np.any(prior == 1):
        raise ValueError(
            f"adjust_prevalence: old must be between 0 and 1, both excluded, got {old!r}: a class "
            "that training did not see has no probability to adjust."
        )
    # Of a certain row nothing can be adjusted, and infinite log-odds have no difference.
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.log(wanted) - np.log(prior)
        if multilabel or given.ndim == 1:
            certain = (columns == 0) | (columns == 1)
            odds = np.log(columns) - np.log1p(-columns)
            return np.where(certain, columns, expit(odds + (shift[1] - shift[0])))
        certain = np.any(columns == 1, axis=1, keepdims=True)
        return np.where(certain, columns, np.exp(log_softmax(np.log(columns) + shift, axis=1)))


@dataclass(frozen=True)
class PrevalenceEstimate:
    """An estimated prevalence.

    Attributes
    ----------
    prevalence : float, or ndarray of shape (n_classes,)
        Share of the positive class, or of each class, among the rows.
    low, high : float, or ndarray of shape (n_classes,)
        Ends of the bootstrap interval.
    """

    prevalence: Any
    low: Any
    high: Any


def estimate_prevalence(
    probabilities: ArrayLike,
    old: ArrayLike,
    *,
    method: str = "em",
    n_bootstrap: int = 200,
    confidence_level: float = 0.95,
    random_state: Any = None,
) -> PrevalenceEstimate:
    """Estimate the prevalences of rows without labels from the probabilities of a model.

    The maximum-likelihood estimate, if the model is honest at the old prevalences and the rows of
    a class look as they did in training. The interval knows of the chance in drawing these rows;
    it does not know of a model that is wrong.

    Parameters
    ----------
    probabilities : array-like of shape (n,) or (n, n_classes)
        Probabilities of the positive class, or of all classes, at the old prevalences.
    old : float, or array-like of shape (n_classes,)
        Prevalence in the training data, in (0, 1); those of all classes sum to 1.
    method : {"em"}, default="em"
        The maximum likelihood that expectation maximisation converges to.
    n_bootstrap : int in [2, inf), default=200
        Number of times that the rows are drawn anew for the interval.
    confidence_level : float in (0, 1), default=0.95
        Coverage of the interval.
    random_state : int, RandomState instance or None, default=None
        Draws the rows.

    Returns
    -------
    PrevalenceEstimate

    Raises
    ------
    ValueError
        If an argument is outside its range.

    References
    ----------
    Saerens, Latinne, and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori
    Probabilities: A Simple Procedure", Neural Computation 14, 2002,
    doi:10.1162/089976602753284446

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.posterior import estimate_prevalence
    >>> rng = np.random.default_rng(3)
    >>> score = rng.normal(np.where(rng.random(2000) < 0.2, 1.0, -1.0))  # 20 % positives
    >>> at_half = 1 / (1 + np.exp(-2 * score))  # honest where half are
    >>> estimate = estimate_prevalence(at_half, old=0.5, random_state=0)
    >>> round(estimate.prevalence, 2), round(estimate.low, 2), round(estimate.high, 2)
    (0.22, 0.19, 0.24)
    """
    if method != "em":
        raise ValueError(f"estimate_prevalence: method must be 'em', got {method!r}.")
    if not isinstance(n_bootstrap, int | np.integer) or n_bootstrap < 2:
        raise ValueError(
            f"estimate_prevalence: n_bootstrap must be an integer of at least 2, got "
            f"{n_bootstrap!r}."
        )
    if not 0 < confidence_level < 1:
        raise ValueError(
            "estimate_prevalence: confidence_level must be between 0 and 1, got "
            f"{confidence_level!r}."
        )
    given = _check_probabilities(probabilities, multilabel=False)
    columns, prior = _as_classes(given, old, "old", multilabel=False)
    if np.any(prior == 0):
        raise ValueError(
            f"estimate_prevalence: old must be between 0 and 1, both excluded, got {old!r}."
        )
    if given.ndim == 1:
        columns = np.column_stack([1 - given, given])
    n_rows = len(columns)
    if n_rows == 0:
        raise ValueError("estimate_prevalence: there are no rows to estimate from.")
    likelihood = columns / prior
    even = np.full(n_rows, 1 / n_rows)
    found = _most_likely(likelihood, even, prior)
    random = check_random_state(random_state)
    drawn = [
        _most_likely(likelihood, random.multinomial(n_rows, even) / n_rows, prior)
        for _ in range(n_bootstrap)
    ]
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    if given.ndim == 1:
        return PrevalenceEstimate(float(found[1]), float(low[1]), float(high[1]))
    return PrevalenceEstimate(found, low, high)


def _most_likely(likelihood: np.ndarray, weight: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the prevalences under which rows of these class likelihoods are the most likely.

    The fixed point of expectation maximisation, which needs thousands of steps where a class is
    rare, in few Newton steps: the most likely prevalences maximise the concave
    ``weight @ log(likelihood @ prevalence) - prevalence.sum()`` among those of at least 0.
    """

    def value(prevalence: np.ndarray) -> float:
        mixed = likelihood @ prevalence
        if np.any(mixed[weight > 0] <= 0):
            return -np.inf
        return float(weight[weight > 0] @ np.log(mixed[weight > 0]) - prevalence.sum())

    prevalence, best = start, value(start)
    for _ in range(_MOST_ITERATIONS):
        ratio = likelihood / (likelihood @ prevalence)[:, None]
        gradient = weight @ ratio - 1
        if np.all(np.abs(gradient * prevalence) <= _TOLERANCE * prevalence) and np.all(
            gradient <= _TOLERANCE
        ):
            break
        free = (prevalence > 0) | (gradient > 0)
        curvature = ratio[:, free].T @ (weight[:, None] * ratio[:, free])
        step = np.zeros_like(prevalence)
        step[free] = np.linalg.lstsq(curvature, gradient[free], rcond=None)[0]
        for length in 0.5 ** np.arange(8):
            tried = np.maximum(prevalence + length * step, 0)
            reached = value(tried)
            if reached > best:
                break
        else:
            # A step of expectation maximisation never loses.
            tried = prevalence * (gradient + 1)
            reached = value(tried)
        if reached <= best:
            break
        prevalence, best = tried, reached
    return prevalence / prevalence.sum()


def _check_probabilities(probabilities: ArrayLike, multilabel: bool) -> np.ndarray:
    given = np.asarray(probabilities, dtype=np.float64)
    if given.ndim not in (1, 2) or (multilabel and given.ndim == 1):
        shapes = "(n, n_labels)" if multilabel else "(n,) or (n, n_classes)"
        raise ValueError(f"probabilities must be of shape {shapes}, got {given.shape}.")
    if not np.all((given >= 0) & (given <= 1)):  # NaN is not either
        raise ValueError("probabilities must be between 0 and 1, got others or NaN.")
    if given.ndim == 2 and not multilabel and not np.allclose(given.sum(axis=1), 1, atol=1e-5):
        raise ValueError(
            "probabilities of classes must sum to 1 in each row; for labels say multilabel=True."
        )
    return given


def _as_classes(
    given: np.ndarray, prevalence: ArrayLike, name: str, multilabel: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities, and the prevalences of both outcomes or of all classes."""
    values = np.asarray(prevalence, dtype=np.float64)
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError(f"{name} must be between 0 and 1, got {prevalence!r}.")
    if values.ndim == 0 and (given.ndim == 1 or given.shape[1] == 2 or multilabel):
        values = np.array([1 - values, values])
        return given, values[:, None] * np.ones(given.shape[1]) if multilabel else values
    wanted = 2 if given.ndim == 1 else given.shape[1]
    if values.shape != (wanted,):
        what = "labels" if multilabel else "classes"
        raise ValueError(
            f"{name} must have a prevalence for each of {wanted} {what}, got {prevalence!r}."
        )
    if multilabel:
        return given, np.stack([1 - values, values])
    if not np.isclose(values.sum(), 1, rtol=0, atol=1e-6):
        raise ValueError(f"{name} must sum to 1 over the classes, got {prevalence!r}.")
    return given, values
