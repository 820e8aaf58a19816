"""A loss of several classes as a function of the log-probabilities that its scores stand for.

Let p be the softmax of the scores and m its logits. A loss that is the same for all classes pulls
at a row of class k with ``b_k = -l'(m_k) / (1 - p_k)``, relative to cross-entropy. Its posterior is
``log eta_k = u(m_k) - c`` with ``u = log p - log b`` and a constant c a row, which makes the p sum
to 1. Boosted trees add up ``s = log eta``. As c moves with s, so does every p: with
``a = d log p / d u``, written t for the shares ``p a / sum(p a)`` and w for ``a b``::

    d c = -t . d s,     d log p_k = a_k (d s_k - t . d s)

    gradient_k = w_y (t_k - [k = y]),     curvature_k = eta_k w_k (1 - t_k)

for the true class y. The curvature is the expected one, the diagonal of the derivative of the
expected gradient: positive, and the same for all labels. Both are divided by the w of equal
probabilities. For cross-entropy a, b and w are 1, t is p, and both are those of log loss.
"""

import pickle
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicHermiteSpline, CubicSpline
from scipy.special import expit, log_expit

from skfocal.ensemble._pieces import Pieces
from skfocal.ensemble._table import LARGEST_SCORE, WIDTHS, relative_curvature
from skfocal.losses import MarginLoss
from skfocal.losses._math import logistic_terms

PRECISION = 1e-8
# Above this margin u of some losses changes too little for its slope; log a goes on in a line.
LARGEST_MARGIN = 14.0
# A step after which the next would not be seen: each is about the square of the one before.
SMALL_STEP = 1e-8
MOST_STEPS = 60
LONGEST_STEP = 3.0
# Where all other classes are less likely than this, their sum underflows.
LEAST = 1e-300


class Classes(NamedTuple):
    """What the module docstring calls log p, a and w, each of shape (n, K)."""

    log_p: np.ndarray
    stretch: np.ndarray
    weight: np.ndarray


class SoftmaxTable:
    """The relation of log eta, p, a and b.

    What belongs to the most probable class is looked up at its margin, and of the others, whose p
    is at most one half, log p at u: either curve is smooth.

    Parameters
    ----------
    loss : MarginLoss
        Invertible, and one function of the margin for all classes.
    """

    def __init__(self, loss: MarginLoss) -> None:
        coarse = np.linspace(-LARGEST_SCORE, LARGEST_SCORE, 2001)
        self._is_log_loss = not np.any(loss.log_relative_slope(coarse, np.int64(0)))
        self._units: dict[int, float] = {}
        low, middle = _u(loss, np.array([-LARGEST_SCORE, 1.0]))
        for width in WIDTHS:
            margins = _evenly(-LARGEST_SCORE, LARGEST_SCORE, width)
            self._u = Pieces(CubicHermiteSpline(margins, _u(loss, margins), _slope(loss, margins)))
            known = _evenly(-LARGEST_SCORE, LARGEST_MARGIN, width)
            self._log_stretch = Pieces(CubicSpline(known, _log_stretch(loss, known)))
            nodes = _evenly(low, middle, width)
            self._log_p = Pieces(CubicHermiteSpline(nodes, *_log_p(loss, nodes, coarse)))
            between, halfway = (known[1:] + known[:-1]) / 2, (nodes[1:] + nodes[:-1]) / 2
            errors = (
                self._u.clipped(between) - _u(loss, between),
                self._log_stretch.clipped(between) - _log_stretch(loss, between),
                self._log_p.clipped(halfway) - _log_p(loss, halfway, coarse)[0],
            )
            if max(np.abs(error).max() for error in errors) <= PRECISION:
                break
        # The margin of the first of two classes by log(1 - eta), where the search starts.
        first, other = _u(loss, coarse), _u(loss, -coarse)
        self._start = (other - np.logaddexp(first, other))[::-1], coarse[::-1]

    def solve(self, log_eta: np.ndarray) -> Classes:
        """Return what belongs to normalised log-probabilities of shape (n, K)."""
        if self._is_log_loss:
            return Classes(log_eta, np.ones(log_eta.shape), np.ones(log_eta.shape))
        rows, first = np.arange(len(log_eta)), log_eta.argmax(axis=1)
        of_first = log_eta[rows, first]
        others = log_eta.copy()
        others[rows, first] = -np.inf
        rest = np.maximum(np.exp(others).sum(axis=1), LEAST)
        margin = np.interp(np.log(rest), *self._start)
        for _ in range(MOST_STEPS):
            u, slope = self._u.line(margin)
            constant = u - of_first
            log_p, stretch = self._log_p.line(others + constant[:, None])
            p = np.exp(log_p)
            rest = np.maximum(p.sum(axis=1), LEAST)
            p *= stretch
            # Newton's method: the others sum to 1 - p of the first. Increasing in its margin.
            step = np.log(rest) + np.logaddexp(0, margin)
            step /= slope * (p.sum(axis=1) / rest) + expit(margin)
            margin -= np.clip(step, -LONGEST_STEP, LONGEST_STEP)
            if np.abs(step).max(initial=0.0) < SMALL_STEP:
                break
        log_p[rows, first] = log_expit(margin)
        stretch[rows, first] = np.exp(self._log_stretch.line(margin)[0])
        weight = np.exp(log_p - log_eta - constant[:, None])
        weight *= stretch
        return Classes(log_p, stretch, weight)

    def unit(self, n_classes: int) -> float:
        """Return w where all classes have the same probability."""
        if n_classes not in self._units:
            equal = np.full((1, n_classes), -np.log(n_classes))
            self._units[n_classes] = float(self.solve(equal).weight[0, 0])
        return self._units[n_classes]


@lru_cache(maxsize=64)
def _table_of(pickled: bytes) -> SoftmaxTable:
    return SoftmaxTable(pickle.loads(pickled))


def softmax_table(loss: MarginLoss) -> SoftmaxTable:
    """Return the table of a loss, made once a process."""
    return _table_of(pickle.dumps(loss))


def _evenly(low: float, high: float, width: float) -> np.ndarray:
    return np.linspace(low, high, 1 + int(np.ceil((high - low) / width)))


def _u(loss: MarginLoss, margin: np.ndarray) -> np.ndarray:
    return logistic_terms(margin).log_p - loss.log_relative_slope(margin, np.int64(0))


def _slope(loss: MarginLoss, margin: np.ndarray) -> np.ndarray:
    """Return the derivative of u in the margin."""
    return relative_curvature(loss, margin, 0) - np.tanh(margin / 2)


def _log_stretch(loss: MarginLoss, margin: np.ndarray) -> np.ndarray:
    return logistic_terms(margin).log_q - np.log(_slope(loss, margin))


def _log_p(loss: MarginLoss, u: np.ndarray, coarse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log p and its derivative at ascending u, by Newton's method."""
    margin = np.interp(u, _u(loss, coarse), coarse)
    for _ in range(4):
        margin = margin - (_u(loss, margin) - u) / _slope(loss, margin)
    return logistic_terms(margin).log_p, np.exp(_log_stretch(loss, margin))
