"""What a task defines: forms of targets and scores, the chain rule, the meaning of log-odds."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit

from skfocal.losses import MarginLoss
from skfocal.losses._math import Array, array_namespace
from skfocal.margins import transform_scores

# A non-convex loss has rows without curvature; they keep this fraction of the curvature that
# cross-entropy would give to their gradient, so that no step explodes.
CURVATURE_FLOOR = 0.1


@dataclass(frozen=True)
class ScoreDerivatives:
    """A loss and its derivatives in the scores, each computed when asked for.

    Attributes
    ----------
    value : array of shape (n,), or (n, L) for multilabel
    first, second : arrays of the shape of `value`, or None
        Derivatives in the margin, as far as the order goes that was asked for.
    gradient : array of the shape of the scores
        Needs order 1.
    """

    value: Array
    first: Array
    second: Array
    _task: "Task"
    _loss: MarginLoss
    _at: Any

    @cached_property
    def gradient(self) -> Array:
        """Gradient in the scores."""
        return _scaled(self._task.gradient(self.first, self._at), self._loss.score_scale)

    def curvature(self, *, exact: bool = False) -> Array:
        """Return the curvature in the scores; needs order 2.

        Parameters
        ----------
        exact : bool, default=False
            Whether it may be negative where the loss is not convex; else it is made of
            :func:`positive_curvature`.

        Returns
        -------
        array
            Of the shape of the scores where scores do not depend on each other; matrices of shape
            (n, K, K) for multiclass.
        """
        return self._pull_back(self._task.curvature, exact)

    def curvature_diagonal(self, *, exact: bool = False) -> Array:
        """Return the diagonal of :meth:`curvature`, of the shape of the scores."""
        return self._pull_back(self._task.curvature_diagonal, exact)

    def _pull_back(self, function: Callable[..., Array], exact: bool) -> Array:
        second = self.second if exact else self._positive
        return _scaled(function(self.first, second, self._at), self._loss.score_scale**2)

    @cached_property
    def _positive(self) -> Array:
        return positive_curvature(self._loss, self._at[0], self.first, self.second)


class Task(ABC):
    """What depends on whether rows have two classes, several, or labels.

    Tasks are values without state: two of one class are equal. ``at`` below is what
    :meth:`margin` returns, a tuple that begins with the margin.
    """

    name: ClassVar[str]
    #: Whether the scores of a row are one decision among K classes; else each is one of its own.
    is_softmax: ClassVar[bool]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    # --- forms ------------------------------------------------------------------------------------

    @abstractmethod
    def n_scores(self, per_class: Array) -> int:
        """Return the number of scores per row, given counts or weights of the classes."""

    @abstractmethod
    def from_columns(self, columns: Array) -> Array:
        """Return scores of shape (..., n, n_scores) as the loss takes them."""

    @abstractmethod
    def to_columns(self, scores: Array) -> Array:
        """Return scores, or log-odds, as columns of shape (..., n, n_scores)."""

    @abstractmethod
    def indicator(self, target: np.ndarray, n_classes: int) -> np.ndarray:
        """Return which events occur, as booleans with a column for each score."""

    @abstractmethod
    def count(
        self, target: np.ndarray, sample_weight: np.ndarray | None, n_classes: int
    ) -> np.ndarray:
        """Return the summed weights of the classes; `n_classes` is of meaning to multiclass."""

    @abstractmethod
    def contrast(self, per_class: Array) -> Array:
        """Return a quantity of the classes as it enters the scores.

        The second minus the first of two sides; multiclass has all K.
        """

    # --- chain rule -------------------------------------------------------------------------------

    @abstractmethod
    def margin(self, scores: Array, target: Array) -> Any:
        """Return the margin of every decision, and what its derivatives need."""

    @abstractmethod
    def gradient(self, derivative: Array, at: Any) -> Array:
        """Pull ``l'(m)`` back to the scores."""

    @abstractmethod
    def curvature(self, derivative: Array, curvature: Array, at: Any) -> Array:
        """Pull ``l''(m)``, or a positive replacement, back to the scores: matrices of rows."""

    @abstractmethod
    def curvature_diagonal(self, derivative: Array, curvature: Array, at: Any) -> Array:
        """Return the diagonal of :meth:`curvature`, of the shape of the scores."""

    @abstractmethod
    def curvature_product(
        self, derivative: Array, curvature: Array, at: Any, vector: Array
    ) -> Array:
        """Multiply :meth:`curvature` by a vector of the shape of the scores."""

    def derivatives(
        self, loss: MarginLoss, scores: Array, target: Array, order: int
    ) -> ScoreDerivatives:
        """Return a loss and, up to `order`, its derivatives in the scores.

        Parameters
        ----------
        loss : MarginLoss
            Bound to the training set; its scale and offset are applied here.
        scores : array of float32 or float64
        target : array
            Classes, or 0 and 1.
        order : {0, 1, 2}

        Returns
        -------
        ScoreDerivatives
        """
        at = self.margin(transform_scores(loss, scores, self.name), target)
        value, first, second = (*loss.evaluate(at[0], order, target), None, None)[:3]
        return ScoreDerivatives(value, first, second, self, loss, at)

    # --- log-odds ---------------------------------------------------------------------------------

    @abstractmethod
    def undistorted(self, loss: MarginLoss, scores: Array) -> Array:
        """Return the log-odds of the data that belong to transformed scores, up to a constant."""

    @abstractmethod
    def normalised(self, log_odds: np.ndarray) -> np.ndarray:
        """Return log-odds as they are, log-probabilities so that each row sums to 1."""

    @abstractmethod
    def log_odds_of(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the log-odds of probabilities inside (0, 1), of the shape of the scores."""

    @abstractmethod
    def probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return probabilities: (n, 2) for binary, else of the shape of the log-odds."""

    @abstractmethod
    def log_probabilities(self, log_odds: np.ndarray) -> np.ndarray:
        """Return their logarithms, finite where a probability rounds to 0."""

    @abstractmethod
    def mean(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the log-odds of the mean probability over the first axis."""

    @abstractmethod
    def decide(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the most probable class of each decision, as integers."""

    @abstractmethod
    def centred(self, scores: np.ndarray) -> np.ndarray:
        """Return scores with mean 0 over the classes where only differences count."""


def positive_curvature(loss: MarginLoss, margin: Array, first: Array, second: Array) -> Array:
    """Return a positive replacement of the curvature in the margin.

    Parameters
    ----------
    loss : MarginLoss
        Any loss.
    margin : array
        Where its derivatives were taken.
    first, second : arrays of the shape of `margin`
        Its first two derivatives there.

    Returns
    -------
    array of the shape of `margin`
        `second` itself if the loss is convex. Else its absolute value, which keeps Newton's step
        lengths where clipping would lose them, but no less than a fraction of ``-l' sigmoid(m)``,
        the curvature that cross-entropy has at this gradient.
    """
    if loss.traits.convex:
        return second
    xp = array_namespace(margin)
    sigmoid = expit if xp is np else xp.sigmoid
    return xp.maximum(xp.abs(second), -CURVATURE_FLOOR * first * sigmoid(margin))


def _scaled(values: Array, scale: float) -> Array:
    return values if scale == 1.0 else scale * values
