"""How honest probabilities are: two measures for anyone's model."""

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_consistent_length, column_or_1d

from skfocal.posterior import fit_intercept
from skfocal.utils._labels import binary_target

# Beyond, a probability is as good as 0 or 1, and its log-odds tell nothing.
_SMALLEST = 1e-9


class Calibration(NamedTuple):
    """A line in log-odds from what was predicted to what happened.

    Attributes
    ----------
    intercept : float
        What has to be added to the predicted log-odds so that the mean probability is the event
        rate: 0 if it is, below 0 if too much is predicted.
    slope : float
        1 if risks are as far apart as predicted, below 1 if the predictions are too extreme, as
        those of a model that fits too closely.
    """

    intercept: float
    slope: float


def calibration_intercept_slope(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: Any = None,
) -> Calibration:
    """Return calibration in the large and the calibration slope.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of two classes.
    y_prob : array-like of shape (n_samples,)
        Probability of the positive class, in [0, 1].
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    pos_label : int, float, bool or str, default=None
        The positive class; None is 1 among 0 and 1, else the last label in sorted order.

    Returns
    -------
    Calibration
        ``(intercept, slope)``, honest at (0, 1). The intercept belongs to a slope of 1.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1], lengths differ, or there is one class only.

    References
    ----------
    Van Calster et al., "Calibration: the Achilles heel of predictive analytics", BMC Medicine 17,
    2019, doi:10.1186/s12916-019-1466-7

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.decision import calibration_intercept_slope
    >>> rng = np.random.default_rng(0)
    >>> log_odds = rng.normal(-2, 1, size=100_000)
    >>> y = rng.logistic(size=len(log_odds)) < log_odds
    >>> too_extreme = 1 / (1 + np.exp(-2 * log_odds))
    >>> intercept, slope = calibration_intercept_slope(y, too_extreme)
    >>> print(f"{slope:.1f}")
    0.5
    """
    target, probability, weight = _check(y_true, y_prob, sample_weight, pos_label)
    if len(np.unique(target[weight > 0])) < 2:
        raise ValueError("calibration_intercept_slope needs rows of two classes, got one class.")
    log_odds = logit(np.clip(probability, _SMALLEST, 1 - _SMALLEST))
    intercept = fit_intercept(log_odds, target, weight, "binary")
    if np.ptp(log_odds) == 0:
        return Calibration(float(intercept), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two classes that are told apart have no best line
        # A trace of a penalty, without which such a line is infinitely steep.
        line = LogisticRegression(C=1e4, max_iter=1000, tol=1e-8)
        line.fit(log_odds[:, None], target, sample_weight=weight)
    return Calibration(float(intercept), float(line.coef_[0, 0]))


def expected_calibration_error(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    n_bins: int = 15,
    *,
    pos_label: Any = None,
) -> float:
    """Return the mean gap between predicted and observed frequency over equal-mass bins.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels of two classes.
    y_prob : array-like of shape (n_samples,)
        Probability of the positive class, in [0, 1].
    n_bins : int >= 1, default=15
        Bins end at quantiles of `y_prob`. Equal probabilities stay in one bin, so the value does
        not depend on the order of the rows; bins may then hold unequally many rows.
    pos_label : int, float, bool or str, default=None
        As in :func:`calibration_intercept_slope`.

    Returns
    -------
    float
        In [0, 1]; each bin weighs as many as its rows. Even honest probabilities have one above 0,
        the more the fewer rows a bin has.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1] or lengths differ.

    References
    ----------
    Naeini, Cooper, and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning", AAAI 2015, doi:10.1609/aaai.v29i1.9602

    Examples
    --------
    >>> from skfocal.decision import expected_calibration_error
    >>> expected_calibration_error([0, 0, 0, 1], [0.2, 0.2, 0.6, 0.6], n_bins=2)
    0.15
    """
    target, probability, _ = _check(y_true, y_prob, None, pos_label)
    edges = np.unique(np.quantile(probability, np.arange(1, n_bins) / n_bins, method="lower"))
    bins = np.searchsorted(edges, probability, side="left")
    gaps = np.bincount(bins, weights=probability - target)
    return float(np.abs(gaps).sum() / len(target))


def _check(
    y_true: ArrayLike, y_prob: ArrayLike, sample_weight: ArrayLike | None, pos_label: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    target, probability = binary_target(y_true, pos_label), column_or_1d(y_prob)
    weight = np.ones(len(target)) if sample_weight is None else column_or_1d(sample_weight)
    check_consistent_length(target, probability, weight)
    # Also false for NaN.
    if not np.all((probability >= 0) & (probability <= 1)):
        raise ValueError(f"y_prob must be in [0, 1], got {probability[:5]} and so on.")
    return target, probability, weight
