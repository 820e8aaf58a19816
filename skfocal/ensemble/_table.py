"""A binary loss as a function of the log-odds that its score stands for.

Boosted trees add up s, the log-odds of the posterior that belongs to the score z of a loss. With
the pulls of a positive and of a negative row, ``a = -l_1'(z)`` and ``b = -l_0'(-z)``::

    s(z) = log(b / a),      W(s) = (a + b) / s'(z),      normalised to W(0) = 1

and as a function of s every invertible loss has the gradient ``(sigmoid(s) - y) W(s)`` and the
expected curvature ``sigmoid(s) sigmoid(-s) W(s)``, positive and the same for both labels. W is 1
for cross-entropy, and all that a booster has to know of a loss.
"""

import pickle
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicHermiteSpline, CubicSpline

from skfocal.ensemble._pieces import Pieces
from skfocal.losses import MarginLoss
from skfocal.losses._math import logistic_terms

# The table reaches so far in log-odds, and so far in scores: there every loss has come to its
# limits to the last digit, and log W goes on in a line.
LARGEST = 50.0
LARGEST_SCORE = 36.0
# Widths of a piece, the first that is precise is taken; 2**-6 serves nearly all losses.
WIDTHS = (2.0**-6, 2.0**-8, 2.0**-10, 2.0**-12)
PRECISION = 1e-10  # relative, halfway between nodes
# Where the pulls of a loss are smaller, their ratios are taken to have reached their limits.
SMALLEST_SLOPE = 1e-280


class LogOddsTable:
    """The weight W and the score z of a loss, as functions of the log-odds s.

    Parameters
    ----------
    loss : MarginLoss
        Invertible, and bound to the class counts of the training set if it depends on them.
    """

    def __init__(self, loss: MarginLoss) -> None:
        coarse = _coarse_points(loss)
        low, high = _ends(loss, coarse)
        unit = _solve(loss, np.zeros(1), coarse).log_weight
        for width in WIDTHS:
            nodes = np.linspace(low, high, 1 + int(np.ceil((high - low) / width)))
            points = _solve(loss, nodes, coarse)
            weight = CubicSpline(nodes, np.exp(points.log_weight - unit))
            between = (nodes[1:] + nodes[:-1]) / 2
            wanted = np.exp(_solve(loss, between, coarse).log_weight - unit)
            if np.all(np.abs(weight(between) - wanted) <= PRECISION * wanted):
                break
        # Exactly 1 for cross-entropy, which then costs nothing and equals the engine's log loss.
        self._weight_is_one = bool(np.all(np.abs(weight(nodes) - 1) < 1e-14))
        self._weight = Pieces(weight)
        self._score = Pieces(CubicHermiteSpline(nodes, points.score, 1 / points.slope))
        rises = np.diff(points.log_weight[[0, 1, -2, -1]])[[0, 2]]
        self._log_slopes = rises / (nodes[1] - nodes[0])

    def weight(self, log_odds: np.ndarray) -> np.ndarray:
        """Return W at log-odds of any float type, as float64."""
        if self._weight_is_one:
            return np.ones(log_odds.shape)
        result = self._weight.clipped(log_odds)
        beyond = self._weight.beyond(log_odds, self._log_slopes)
        return result if beyond is None else result * np.exp(beyond)

    def score(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the score of the loss, after its scale and offset, as float64."""
        return self._score.line(log_odds)[0]


@lru_cache(maxsize=64)
def _table_of(pickled: bytes) -> LogOddsTable:
    return LogOddsTable(pickle.loads(pickled))


def log_odds_table(loss: MarginLoss) -> LogOddsTable:
    """Return the table of a loss, made once a process: it takes some ten milliseconds."""
    return _table_of(pickle.dumps(loss))


class _Points(NamedTuple):
    """Values of a loss at ascending scores, after its scale and offset."""

    score: np.ndarray
    log_odds: np.ndarray
    slope: np.ndarray  # of the log-odds in the score
    log_weight: np.ndarray  # not normalised


def _points(loss: MarginLoss, score: np.ndarray) -> _Points:
    # Logarithms throughout: the weight of a loss that gives up on hard rows falls to 1e-300.
    terms = logistic_terms(score)
    log_positive = loss.log_relative_slope(score, np.int64(1)) + terms.log_q
    log_negative = loss.log_relative_slope(-score, np.int64(0)) + terms.log_p
    slope = relative_curvature(loss, score, 1) + relative_curvature(loss, -score, 0)
    log_weight = np.logaddexp(log_positive, log_negative) - np.log(slope)
    return _Points(score, score + loss.log_odds_shift(score), slope, log_weight)


def relative_curvature(loss: MarginLoss, margin: np.ndarray, target: int) -> np.ndarray:
    """Return ``-l''(m) / l'(m)``, continued by its limits where both underflow."""
    _, first, second = loss.evaluate(margin, 2, np.int64(target))
    known = np.flatnonzero(first < -SMALLEST_SLOPE)
    ratio = -second[known] / first[known]
    order = np.argsort(margin[known])
    return np.interp(margin, margin[known][order], ratio[order])


def _ends(loss: MarginLoss, coarse: _Points) -> np.ndarray:
    """Return the lowest and the highest log-odds of the table."""
    settled = _log_odds(loss, np.array([-LARGEST_SCORE, LARGEST_SCORE]))
    wanted = np.array([min(settled[0], -LARGEST), max(settled[1], LARGEST)])
    return wanted.clip(*coarse.log_odds[[0, -1]])


def _coarse_points(loss: MarginLoss) -> _Points:
    """Return points from one end of the table to the other, close enough to start a search."""
    reach = LARGEST
    while reach < 1e5 and np.abs(_log_odds(loss, np.array([-reach, reach]))).min() < LARGEST:
        reach *= 2
    near = np.linspace(-LARGEST, LARGEST, 20_001)
    return _points(loss, np.union1d(near, np.linspace(-reach, reach, 1001)))


def _log_odds(loss: MarginLoss, score: np.ndarray) -> np.ndarray:
    return score + loss.log_odds_shift(score)


def _solve(loss: MarginLoss, log_odds: np.ndarray, coarse: _Points) -> _Points:
    """Return the points that have these log-odds, by Newton's method."""
    score = np.interp(log_odds, coarse.log_odds, coarse.score)
    for _ in range(4):
        slope = relative_curvature(loss, score, 1) + relative_curvature(loss, -score, 0)
        score = score - (_log_odds(loss, score) - log_odds) / slope
    return _points(loss, score)
