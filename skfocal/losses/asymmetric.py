"""Asymmetric loss."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np

from skfocal.losses._base import MarginLoss, Traits
from skfocal.losses._math import (
    Array,
    LogisticTerms,
    array_namespace,
    cross_entropy,
    like,
    logistic_terms,
    odds_times_log_p,
    power,
)
from skfocal.losses._registry import register
from skfocal.losses._validation import check_parameter


@register
class AsymmetricLoss(MarginLoss):
    """Focal loss with separate exponents for positives and negatives, ignoring easy negatives.

    With the probability P of the positive class (P = sigmoid(m) for a positive with margin m,
    sigmoid(-m) for a negative)::

        value = -(1 - P)**gamma_positive * log(P)                           # positives
        value = -Q**gamma_negative * log(1 - Q),  Q = max(P - shift, 0)     # negatives

    in nats, >= 0. Negatives below the shift have no loss and no gradient: this discards the many
    easy ones. The loss of a negative is at most ``-(1 - shift)**gamma_negative * log(shift)``, so
    a negative that looks certain to be positive, and may be mislabelled, has little influence.

    Equals :class:`FocalLoss` with equal exponents and no shift, :class:`CrossEntropyLoss` where
    they are 0. With a shift, negatives have the same loss at all scores below its logit and no
    probability can be recovered; without one :mod:`skfocal.posterior` recovers it. Positives
    outweigh negatives, so raw scores are far too high: a threshold of 0.5 on them means nothing.

    Binary and multilabel only: with softmax scores there are no negatives.

    Parameters
    ----------
    gamma_positive : float or array-like of shape (n_labels,), in [0, inf), default=0.0
        Focusing exponent of the positives, dimensionless. The paper uses 0.
    gamma_negative : float or array-like of shape (n_labels,), in [0, inf), default=4.0
        Focusing exponent of the negatives, dimensionless. The paper uses 4.
    shift : float in [0, 1), default=0.05
        Probability below which a negative has no loss, dimensionless. The paper uses 0.05.

    Raises
    ------
    TypeError
        If a parameter is not a number, or an exponent not a vector of numbers.
    ValueError
        If a parameter is outside its range.

    See Also
    --------
    FocalLoss : One focusing exponent for both sides.

    References
    ----------
    Ridnik et al., "Asymmetric Loss For Multi-Label Classification", ICCV 2021, arXiv:2009.14119

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.losses import AsymmetricLoss
    >>> margin = np.array([-2.0, 0.0, 3.0])
    >>> AsymmetricLoss().value(margin, target=0).round(4)
    array([0.8464, 0.0245, 0.    ])
    >>> AsymmetricLoss().value(margin, target=1).round(4)
    array([2.1269, 0.6931, 0.0486])
    """

    name = "asymmetric"
    tasks = frozenset({"binary", "multilabel"})

    def __init__(
        self,
        gamma_positive: float | Array = 0.0,
        gamma_negative: float | Array = 4.0,
        *,
        shift: float = 0.05,
    ) -> None:
        self.gamma_positive = gamma_positive
        self.gamma_negative = gamma_negative
        self.shift = shift
        self.validate()

    def validate(self) -> None:
        """Raise unless the exponents are at least 0 and the shift is in [0, 1)."""
        check_parameter(self, "gamma_positive", 0, vector=True)
        check_parameter(self, "gamma_negative", 0, vector=True)
        check_parameter(self, "shift", 0, 1)

    @property
    def traits(self) -> Traits:
        """Invertible without a shift; convex and proper only where it is cross-entropy."""
        positive = np.asarray(self.gamma_positive, dtype=np.float64)
        negative = np.asarray(self.gamma_negative, dtype=np.float64)
        unshifted = bool(self.shift == 0)
        plain = unshifted and not positive.any() and not negative.any()
        return Traits(
            convex=plain,
            proper=plain,
            invertible=unshifted,
            symmetric=unshifted and bool(np.all(positive == negative)),
            # With an exponent of 0 the slope of a negative jumps at the shift.
            smooth=unshifted or bool(np.all(negative > 0)),
        )

    def evaluate(
        self, margin: Array, order: int = 2, target: Array | None = None
    ) -> tuple[Array, ...]:
        """Return value and derivatives; see :meth:`MarginLoss.evaluate`."""
        terms = logistic_terms(margin)

        def side(gamma: Array, shift: float) -> tuple[Array, ...]:
            if isinstance(gamma, float) and gamma == shift == 0:
                return cross_entropy(terms, order)
            parts = _shifted_side(terms, shift) if shift else _focal_side(terms, margin)
            return _evaluate_side(terms, parts, gamma, order)

        return self._by_class(side, margin, target)

    def log_relative_slope(self, margin: Array, target: Array | None = None) -> Array:
        """Return the slope of the focal loss of each side; with a shift see the base class."""
        if self.shift:
            return super().log_relative_slope(margin, target)
        log_q = logistic_terms(margin).log_q
        odds_log_p = odds_times_log_p(margin)

        def side(gamma: Array, shift: float) -> tuple[Array, ...]:
            return (gamma * log_q + array_namespace(margin).log1p(gamma * odds_log_p),)

        return self._by_class(side, margin, target)[0]

    def _by_class(
        self,
        side: Callable[[Array, float], tuple[Array, ...]],
        margin: Array,
        target: Array | None,
    ) -> tuple[Array, ...]:
        """Return what `side` makes of the parameters of each entry's class."""
        if target is None and not self.traits.symmetric:
            raise ValueError(f"{self!r} treats the classes differently: give target, 0 or 1.")
        gamma_positive = like(self.gamma_positive, margin)
        gamma_negative = like(self.gamma_negative, margin)
        if target is None or isinstance(target, int | np.integer):
            if target is None or target > 0:
                return side(gamma_positive, 0.0)
            return side(gamma_negative, float(self.shift))
        xp = array_namespace(margin)
        pairs = zip(side(gamma_positive, 0.0), side(gamma_negative, float(self.shift)), strict=True)
        return tuple(xp.where(target > 0, positive, negative) for positive, negative in pairs)

    @classmethod
    def corner_cases(cls) -> Iterator[Self]:
        """Yield the paper's settings, focal loss, cross-entropy, and every kind of kink."""
        for gamma_positive, gamma_negative, shift in (
            (0.0, 4.0, 0.05),
            (0.0, 4.0, 0.0),
            (1.0, 2.0, 0.2),
            (0.5, 0.5, 0.05),
            (2.0, 2.0, 0.0),
            (0.0, 0.0, 0.0),
            (0.0, 0.0, 0.05),
        ):
            yield cls(gamma_positive=gamma_positive, gamma_negative=gamma_negative, shift=shift)

    @classmethod
    def search_space(cls) -> dict[str, list[Any]]:
        """Return values around the paper's, and some that switch parts of it off."""
        return {
            "gamma_positive": [0.0, 1.0],
            "gamma_negative": [1.0, 2.0, 4.0],
            "shift": [0.0, 0.05, 0.2],
        }


class _Side(NamedTuple):
    """Terms of one side, with q = sigmoid(-m), p = 1 - q and Q = max(q - shift, 0)."""

    is_zero: Array | None  # where Q is 0; None without a shift
    log_q: Array  # log Q, and 0 where Q is 0
    value: Array  # -log(1 - Q)
    relative: Array  # -p log(1 - Q) / Q
    kept: Array | float  # p / (1 - Q)
    lost: Array | float  # 1 - kept, without the cancellation
    stretch: Array | float  # q / Q


def _evaluate_side(
    terms: LogisticTerms, side: _Side, gamma: Array, order: int
) -> tuple[Array, ...]:
    modulator = power(side.log_q, gamma)
    if side.is_zero is not None:
        modulator = array_namespace(modulator).where(side.is_zero, 0.0, modulator)
    results: tuple[Array, ...] = (modulator * side.value,)
    if order >= 1:
        results += (-terms.q * modulator * (gamma * side.relative + side.kept),)
    if order >= 2:
        bracket = gamma * side.relative * (terms.p - terms.q)
        bracket = bracket + side.kept * (terms.p - terms.q * side.lost)
        focusing = gamma * ((gamma - 1) * side.relative + 2 * side.kept)
        results += (terms.q * modulator * (bracket + side.stretch * terms.p * focusing),)
    return results


def _focal_side(terms: LogisticTerms, margin: Array) -> _Side:
    """Without a shift several ratios are 1, also where both of their parts underflow."""
    return _Side(None, terms.log_q, -terms.log_p, odds_times_log_p(margin), 1.0, 0.0, 1.0)


def _shifted_side(terms: LogisticTerms, shift: float) -> _Side:
    xp = array_namespace(terms.q)
    shifted = xp.clip(terms.q - shift, 0.0, None)
    is_zero = shifted == 0
    divisor = xp.where(is_zero, 1.0, shifted)
    complement = terms.p + shift  # 1 - Q; where Q is small log1p(-Q) is the more precise
    value = -xp.where(shifted > 0.5, xp.log(complement), xp.log1p(-shifted))
    return _Side(
        is_zero=is_zero,
        log_q=xp.log(divisor),
        value=value,
        relative=terms.p * value / divisor,
        kept=terms.p / complement,
        lost=shift / complement,
        stretch=terms.q / divisor,
    )
