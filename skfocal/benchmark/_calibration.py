"""How honest the probabilities of each method are, and would be after a correction."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skfocal.benchmark.protocol import Cell
from skfocal.decision import calibration_intercept_slope, expected_calibration_error

__all__ = ["Reliability", "find_reliability", "recalibrate"]

# Beyond, a probability is as good as 0 or 1 and its log-odds tell the correction nothing.
SMALLEST = 1e-9


class Reliability(NamedTuple):
    """Test rows of a method, all folds together.

    Attributes
    ----------
    target : ndarray of shape (n,), int
    before : ndarray of shape (n,), float
        Probabilities as the method gives them.
    after : ndarray of shape (n,), float
        The same, corrected by what the inner folds of each fold tell.
    slope : float
        Of the observed log-odds over the predicted ones: 1 where probabilities are honest, below 1
        where they are too extreme.
    """

    target: np.ndarray
    before: np.ndarray
    after: np.ndarray
    slope: float

    @property
    def observed(self) -> float:
        """Share of positives."""
        return float(self.target.mean())

    @property
    def said(self) -> float:
        """Mean probability."""
        return float(self.before.mean())

    def error(self, corrected=False) -> float:
        """Return the expected calibration error."""
        return expected_calibration_error(self.target, self.after if corrected else self.before)

    def loss(self, corrected=False) -> float:
        """Return the log loss."""
        probability = self.after if corrected else self.before
        return float(log_loss(self.target, probability, labels=[0, 1]))


def find_reliability(store, results) -> dict[str, Reliability]:
    """Return the reliability of every method with stored probabilities, on one binary data set.

    Parameters
    ----------
    store : Store
    results : DataFrame
        As :func:`skfocal.benchmark.run` returns it.
    """
    found = {}
    done = results[results["status"] == "ok"]
    for method, cells in done.groupby("method", sort=False):
        parts = [store.arrays(Cell.of(row)) for _, row in cells.iterrows()]
        parts = [part for part in parts if "inner_probability" in part]
        if parts and parts[0]["target"].ndim == 1:
            target = np.concatenate([part["target"] for part in parts])
            before = np.concatenate([part["probability"] for part in parts])
            after = np.concatenate([_correct(part) for part in parts])
            slope = calibration_intercept_slope(target, before).slope
            found[method] = Reliability(target, before, after, slope)
    return found


def _correct(part):
    return recalibrate(part["inner_target"], part["inner_probability"], part["probability"])


def recalibrate(inner_target, inner_probability, probability) -> np.ndarray:
    """Return probabilities corrected by a line in log-odds that other rows tell."""
    model = _fit(inner_target, inner_probability)
    return model.predict_proba(_log_odds(probability))[:, 1]


def _fit(target, probability):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two classes that are told apart have no best line
        # A trace of a penalty, without which such a line is infinitely steep.
        return LogisticRegression(C=1e4, max_iter=1000).fit(_log_odds(probability), target)


def _log_odds(probability):
    return logit(np.clip(probability, SMALLEST, 1 - SMALLEST)).reshape(-1, 1)
