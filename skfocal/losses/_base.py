"""What every loss is: closed forms in the margin, and what is known about them."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator

from skfocal.losses._math import Array, array_namespace, as_float_array, logistic_terms

TASKS = frozenset({"binary", "multilabel", "multiclass"})


@dataclass(frozen=True)
class Traits:
    """What holds for a loss instance; it depends on the parameters, not on the class alone.

    Attributes
    ----------
    convex : bool
        The value is a convex function of the margin: its slope never falls and it has no jump.
    proper : bool
        ``sigmoid(score)`` of the population minimiser is the true probability of a binary
        decision.
    invertible : bool
        The true probability can be recovered from the score (:mod:`skfocal.posterior`).
    symmetric : bool
        All classes share one function of the margin.
    smooth : bool
        The first derivative is continuous, so that its size tells a solver when to stop.
    """

    convex: bool
    proper: bool
    invertible: bool
    symmetric: bool = True
    smooth: bool = True


class MarginLoss(BaseEstimator):
    """Base class of the losses that depend on the scores through the margin alone.

    The margin m is the signed score of the true class: ``z`` or ``-z`` for a binary decision,
    ``z_y - logsumexp_{k != y} z_k`` for softmax scores, so that ``sigmoid(m)`` is the predicted
    probability of the true class. A subclass gives closed forms of value and derivatives in
    :meth:`evaluate`, states their properties in :attr:`traits`, and checks its parameters in
    :meth:`validate`. Learners, posterior and tests need nothing else.

    Instances are values: defined by their parameters, cloneable, without state. What a loss needs
    from the training set it receives in :meth:`bind`.
    """

    #: The name in the registry, for ``loss="..."``.
    name: ClassVar[str]
    #: The tasks for which the loss is defined.
    tasks: ClassVar[frozenset[str]] = TASKS
    #: Factor and per-class shift applied to the scores before the margin is taken.
    score_scale: float = 1.0
    class_offset: Array | None = None
    #: Whether :meth:`batch_weight` returns weights.
    weighs_batch: ClassVar[bool] = False

    @property
    @abstractmethod
    def traits(self) -> Traits:
        """What holds for this instance."""

    @abstractmethod
    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return the value and the first `order` derivatives, sharing the exponentials.

        Parameters
        ----------
        margin : ndarray or torch.Tensor of float, any shape
            Signed score of the true class, dimensionless.
        order : {0, 1, 2}, default=2
            Highest derivative wanted.
        target : int or integer array broadcastable to `margin`, default=None
            Class of each entry (0 or 1; for softmax 0 to K - 1). Losses whose classes share one
            function ignore it.

        Returns
        -------
        tuple of order + 1 arrays
            Each with the shape and dtype of `margin`.
        """

    def validate(self) -> None:
        """Raise ValueError or TypeError if a parameter is outside its range."""

    def bind(self, class_counts: Array) -> Self:
        """Return the loss for training data with these class counts.

        Parameters
        ----------
        class_counts : ndarray of shape (K,), or (2, L) for multilabel data
            Summed sample weights of each class, negatives first.

        Returns
        -------
        MarginLoss
            The loss itself unless it depends on the counts.
        """
        return self

    def continuous(self) -> "MarginLoss":
        """Return a loss without jumps that has the same derivative, for solvers with a line search.

        Returns
        -------
        MarginLoss
            The loss itself unless its value jumps.
        """
        return self

    def batch_weight(self, margin: Array, sample_weight: Array | None = None) -> Array | None:
        """Return weights that depend on the whole batch of margins, as constants to gradients.

        Parameters
        ----------
        margin : ndarray or torch.Tensor
            Margins of all entries at hand.
        sample_weight : array of the shape of `margin`, default=None
            Weight of each entry.

        Returns
        -------
        None, or an array of the shape of `margin`
            None for losses that look at each entry alone. Losses that return weights set
            :attr:`weighs_batch`, and learners that seek a minimum refuse them.
        """
        return None

    def log_relative_slope(self, margin: Array, target: Array | None = None) -> Array:
        """Return ``log(derivative(m) / -sigmoid(-m))``: the slope relative to cross-entropy.

        It is all that the posterior needs to know of a loss. Losses whose slope underflows
        within the range of margins override it with a form in log space.
        """
        xp = array_namespace(margin)
        slope = -self.evaluate(margin, 1, target)[1]
        return xp.log(slope) - logistic_terms(margin).log_q

    def log_odds_shift(self, score: Array) -> Array:
        """Return the true log-odds of a binary decision minus its score.

        Parameters
        ----------
        score : ndarray or torch.Tensor of float
            Scores of the positive class, after scale and offset.

        Returns
        -------
        array of the shape of `score`
            ``h_0(-z) - h_1(z)`` with h of :meth:`log_relative_slope`; a closed form that is
            cheaper than both may override it.
        """
        one = self.log_relative_slope(score, np.int64(1))
        return self.log_relative_slope(-score, np.int64(0)) - one

    def value(self, margin: Array, target: Array | None = None) -> Array:
        """Return the loss in nats at each margin; parameters as in :meth:`evaluate`."""
        return self.evaluate(as_float_array(margin), 0, target)[0]

    def derivative(self, margin: Array, target: Array | None = None) -> Array:
        """Return the first derivative in the margin; parameters as in :meth:`evaluate`."""
        return self.evaluate(as_float_array(margin), 1, target)[1]

    def second_derivative(self, margin: Array, target: Array | None = None) -> Array:
        """Return the second derivative in the margin; parameters as in :meth:`evaluate`."""
        return self.evaluate(as_float_array(margin), 2, target)[2]

    def set_params(self, **params: Any) -> Self:
        """Set parameters; an unknown name or a wrong value raises and changes nothing."""
        before = self.get_params(deep=False)
        try:
            super().set_params(**params)
            self.validate()
        except (TypeError, ValueError):
            super().set_params(**before)
            raise
        return self

    @classmethod
    def corner_cases(cls) -> Iterator[Self]:
        """Yield the instances on which the common tests run."""
        yield cls()

    @classmethod
    def search_space(cls) -> dict[str, list[Any]]:
        """Return sensible values of each parameter for a grid search."""
        return {}
