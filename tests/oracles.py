"""Independent references: formulas as printed, evaluated naively with many digits.

Nothing here is stable, fast or shared with the package. Precision replaces care: every function
works on mpmath numbers with enough digits for ``1 - p`` to keep fifty of them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np

DIGITS = 50

# Counts that losses with a memory of the training set are bound to: classes 0, 1, 2.
CLASS_COUNTS = (900.0, 90.0, 10.0)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


# --- the losses of the registry, in the probability p of the true class -------------------------


def cross_entropy(p: Any, target: int) -> Any:
    """Good 1952: minus the logarithm of the probability given to what happened."""
    return -mpmath.log(p)


def focal(p: Any, target: int, gamma: float) -> Any:
    """Lin et al. 2017: minus (1 - p_t)^gamma log(p_t)."""
    return -((1 - p) ** gamma) * mpmath.log(p)


def hard_truncated(p: Any, target: int, threshold: float) -> Any:
    """Cross-entropy times a step that is one half at the threshold."""
    step = 1 if p < threshold else 0
    return (mpmath.mpf(1) / 2 if p == threshold else step) * -mpmath.log(p)


def soft_truncated(p: Any, target: int, threshold: float, sharpness: float, space: str) -> Any:
    """Cross-entropy times the step softened by a sigmoid, in log-odds or in probability."""
    h, k = mpmath.mpf(threshold), mpmath.mpf(sharpness)
    if space == "logit":
        step = sigmoid(-k * (mpmath.log(p / (1 - p)) - mpmath.log(h / (1 - h))))
    else:
        step = 1 - sigmoid(k * (1 - h)) * sigmoid(k * (p - h))
        step -= sigmoid(-k * h) * sigmoid(k * (1 - h - p))
    return -step * mpmath.log(p)


def asymmetric(
    p: Any, target: int, gamma_positive: float, gamma_negative: float, shift: float
) -> Any:
    """Ridnik et al. 2021; the probability of the positive class is shifted on negatives alone."""
    if target == 1:
        return -((1 - p) ** gamma_positive) * mpmath.log(p)
    positive = max((1 - p) - mpmath.mpf(shift), mpmath.mpf(0))
    return -(positive**gamma_negative) * mpmath.log(1 - positive)


def poly(p: Any, target: int, epsilon: float, gamma: float) -> Any:
    """Leng et al. 2022: Poly-1 over the focal loss; over cross-entropy at gamma 0."""
    return -((1 - p) ** gamma) * mpmath.log(p) + mpmath.mpf(epsilon) * (1 - p) ** (gamma + 1)


def generalized_cross_entropy(p: Any, target: int, q: float) -> Any:
    """Zhang & Sabuncu 2018: the Box-Cox transformation of the probability."""
    return (1 - p ** mpmath.mpf(q)) / mpmath.mpf(q)


def ldam(p: Any, target: int, max_margin: float, scale: float) -> Any:
    """Cao et al. 2019, in its cross-entropy form; p comes from scores that are scaled already."""
    margin = mpmath.log(p / (1 - p)) - scale * ldam_margins(CLASS_COUNTS, max_margin)[target]
    return -mpmath.log(sigmoid(margin))


def ldam_margins(counts: Sequence[float], max_margin: float) -> list[Any]:
    """Cao et al. 2019: proportional to n^(-1/4), the largest of them `max_margin`."""
    raw = [1 / mpmath.sqrt(mpmath.sqrt(n)) for n in counts]
    return [m * mpmath.mpf(max_margin) / max(raw) for m in raw]


IN_PROBABILITY: dict[str, Callable[..., Any]] = {
    "cross_entropy": cross_entropy,
    "focal": focal,
    "hard_truncated": hard_truncated,
    "soft_truncated": soft_truncated,
    # Li et al. 2019: cross-entropy, once the weights are taken as constants.
    "ghm": lambda p, target, bins, momentum: cross_entropy(p, target),
    "asymmetric": asymmetric,
    "poly": poly,
    "generalized_cross_entropy": generalized_cross_entropy,
    "ldam": ldam,
    # Menon et al. 2021: cross-entropy of scores that are shifted already.
    "logit_adjusted": lambda p, target, tau: cross_entropy(p, target),
}


def value(name: str, margin: Any, target: int = 1, **params: Any) -> Any:
    """Return the loss at a margin as an mpmath number."""
    with mpmath.workdps(_digits(margin)):
        return IN_PROBABILITY[name](sigmoid(mpmath.mpf(margin)), target, **params)


def derivative(name: str, margin: Any, target: int = 1, order: int = 1, **params: Any) -> Any:
    """Return a derivative in the margin by mpmath's differences of :func:`value`."""
    # A naive 1 - p needs as many digits again for the small steps of the differences.
    with mpmath.workdps((1 + order) * _digits(margin)):
        # Not value(): it would lower the precision that the differences have raised.
        return mpmath.diff(
            lambda m: IN_PROBABILITY[name](sigmoid(m), target, **params), mpmath.mpf(margin), order
        )


def _digits(margin: Any) -> int:
    """Digits that leave fifty of 1 - p at this margin."""
    return DIGITS + int(abs(float(margin)) / 2.3)


# --- losses of a whole row of scores, softmax or (K = 2) one sigmoid ------------------------------


def softmax_loss(name: str, scores: Sequence[Any], label: int, **params: Any) -> Any:
    """Return the loss of one row of scores, with the paper's own change of the scores.

    With two scores (0, z) it is the binary loss of the score z. The class counts are the first
    of ``CLASS_COUNTS``.
    """
    counts = CLASS_COUNTS[: len(scores)]
    z = [mpmath.mpf(s) for s in scores]
    if name == "ldam":
        z[label] -= ldam_margins(counts, params["max_margin"])[label]
        z = [mpmath.mpf(params["scale"]) * s for s in z]
        name, params = "cross_entropy", {}
    elif name == "logit_adjusted":
        tau = mpmath.mpf(params["tau"])
        z = [s + tau * mpmath.log(n / sum(counts)) for s, n in zip(z, counts, strict=True)]
    exponentials = [mpmath.exp(s) for s in z]
    return IN_PROBABILITY[name](exponentials[label] / sum(exponentials), label, **params)


def ghm_weights(margins: Sequence[float], bins: int, momentum: float) -> list[float]:
    """Li et al. 2019: N / density, over the bins that are not empty, for a first batch."""
    norms = [float(1 - sigmoid(mpmath.mpf(m))) for m in margins]
    # The last bin is closed on the right.
    place = [min(int(g * bins), bins - 1) for g in norms]
    occupied = len(set(place))
    return [len(margins) / (place.count(b) * occupied) for b in place]


BATCH_WEIGHTS = {"ghm": ghm_weights}


# --- weights --------------------------------------------------------------------------------------


def balanced_weights(counts: Sequence[float]) -> list[float]:
    """King & Zeng 2001, as scikit-learn has it: n / (K n_k) over the classes that occur."""
    present = [n for n in counts if n > 0]
    return [sum(counts) / (len(present) * n) if n > 0 else 0.0 for n in counts]


def effective_number_weights(counts: Sequence[float], beta: Any) -> list[float]:
    """Cui et al. 2019: (1 - beta) / (1 - beta^n), scaled to sum to the number of classes."""
    with mpmath.workdps(2 * DIGITS):
        beta = mpmath.mpf(beta)
        if beta == 1:
            raw = [1 / mpmath.mpf(n) if n > 0 else mpmath.mpf(0) for n in counts]
        else:
            raw = [(1 - beta) / (1 - beta**n) if n > 0 else mpmath.mpf(0) for n in counts]
        present = sum(1 for n in counts if n > 0)
        return [float(w * present / sum(raw)) for w in raw]


# --- population minimisers ------------------------------------------------------------------------


def binary_minimiser(
    name: str, eta: float, weights: Sequence[float] = (1, 1), **params: Any
) -> float:
    """Return the score z that minimises ``w1 eta l(z, 1) + w0 (1 - eta) l(z, 0)``.

    The root of the derivative of the expectation, taken by differences, is found by bisection.
    """
    share = (weights[0] * (1 - mpmath.mpf(eta)), weights[1] * mpmath.mpf(eta))

    def expected(z: Any) -> Any:
        return sum(s * softmax_loss(name, (0, z), k, **params) for k, s in enumerate(share))

    def slope(z: Any) -> Any:
        return mpmath.diff(expected, z)

    with mpmath.workdps(DIGITS):
        low, high = mpmath.mpf(-1), mpmath.mpf(1)
        while slope(low) > 0:
            low *= 2
        while slope(high) < 0:
            high *= 2
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if slope(middle) < 0 else (low, middle)
        return float(low)


def multiclass_minimiser(
    name: str, eta: Sequence[float], weights: Sequence[float] | None = None, **params: Any
) -> np.ndarray:
    """Return the scores, mean 0, that minimise ``sum_k w_k eta_k l(scores, k)``.

    Damped Newton steps on the free scores z_1 .. z_(K-1) (z_0 = 0) of the naive expectation, with
    differences of fifty digits for gradient and Hessian.
    """
    with mpmath.workdps(2 * DIGITS):
        share = [mpmath.mpf(e) for e in eta]
        if weights is not None:
            share = [mpmath.mpf(w) * e for w, e in zip(weights, share, strict=True)]

        def expected(*free: Any) -> Any:
            scores = [mpmath.mpf(0), *free]
            return sum(s * softmax_loss(name, scores, k, **params) for k, s in enumerate(share))

        free = [mpmath.log(s / share[0]) / 2 for s in share[1:]]
        for _ in range(60):
            gradient, hessian = _differences(expected, free)
            if max(abs(g) for g in gradient) < mpmath.mpf(10) ** -16:
                break
            step = mpmath.lu_solve(hessian, gradient)
            if (gradient.T * step)[0] < 0:  # not a descent direction: follow the gradient
                step = gradient
            size = mpmath.mpf(1)
            here = expected(*free)
            while expected(*[f - size * s for f, s in zip(free, step, strict=True)]) > here:
                size /= 2
            free = [f - size * s for f, s in zip(free, step, strict=True)]
        scores = np.array([0.0, *(float(f) for f in free)])
        return scores - scores.mean()


def _differences(function: Callable[..., Any], point: list[Any]) -> tuple[Any, Any]:
    """Gradient and Hessian by central differences with a step of 1e-15 at a hundred digits."""
    n, h = len(point), mpmath.mpf(10) ** -15

    def at(*moves: tuple[int, int]) -> Any:
        moved = list(point)
        for index, sign in moves:
            moved[index] += sign * h
        return function(*moved)

    gradient = mpmath.matrix([(at((i, 1)) - at((i, -1))) / (2 * h) for i in range(n)])
    hessian = mpmath.matrix(n, n)
    for i in range(n):
        for j in range(n):
            corners = at((i, 1), (j, 1)) - at((i, 1), (j, -1))
            corners += at((i, -1), (j, -1)) - at((i, -1), (j, 1))
            hessian[i, j] = corners / (4 * h * h)
    return gradient, hessian


# --- wrong formulas seen elsewhere, in float32 as they are met; tests must reject them ------------


def wrong_modulator_by_log1p_exp(x: np.ndarray, t: int, gamma: float) -> np.ndarray:
    """Overflows with exp(-x); the worst positives lose their weight."""
    with np.errstate(all="ignore"):
        modulator = np.exp(-gamma * t * x - gamma * np.log1p(np.exp(-x)))
        margin = x if t == 1 else -x
        return modulator * np.logaddexp(np.float32(0), -margin)


def wrong_derivative_by_power(m: np.ndarray, gamma: float) -> np.ndarray:
    """Derivative of (1 - p)^gamma by the power rule, infinite times zero once p is 1."""
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-m))
        power = gamma * (1 - p) ** (gamma - 1)
        return power * p * (1 - p) * np.log(p) - (1 - p) ** (gamma + 1)


def wrong_modulator_by_power_of_q(m: np.ndarray, gamma: float) -> np.ndarray:
    """The complement q underflows before its power is taken."""
    with np.errstate(all="ignore"):
        return (1 / (1 + np.exp(m))) ** np.asarray(gamma, dtype=m.dtype)


def wrong_complement_by_subtraction(scores: np.ndarray, label: int) -> np.ndarray:
    """Log(1 - p) from a softmax probability."""
    with np.errstate(all="ignore"):
        p = np.exp(scores - scores.max())
        p = p / p.sum()
        return np.log1p(-p[label])


def wrong_cross_entropy_with_epsilon(m: np.ndarray, epsilon: float = 1e-7) -> np.ndarray:
    """A clipped probability puts a floor under the loss."""
    return -np.log(np.clip(1 / (1 + np.exp(-m)), epsilon, 1 - epsilon))


def wrong_focal_with_weighted_probability(p: float, weight: float, gamma: float) -> float:
    """`p_t` taken from a cross-entropy that carries the weight already."""
    weighted = -weight * np.log(p)
    return float((1 - np.exp(-weighted)) ** gamma * weighted)


def popular_sigmoid_focal(x: np.ndarray, t: np.ndarray, alpha: float, gamma: float) -> np.ndarray:
    """Right for gamma >= 1 and moderate logits, as widely used detection code has it."""
    p = 1 / (1 + np.exp(-x))
    cross_entropy = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    p_t = p * t + (1 - p) * (1 - t)
    return (alpha * t + (1 - alpha) * (1 - t)) * cross_entropy * (1 - p_t) ** gamma


def wrong_curvature_of_positives(m: np.ndarray, t: int, gamma: float) -> np.ndarray:
    """(1 - y)^gamma where (1 - p)^gamma is meant, as a power of 0 for every positive."""
    p = 1 / (1 + np.exp(-m))
    return (1 - t) ** gamma * p * (1 - p)


def wrong_derivative_in_probability(m: np.ndarray) -> np.ndarray:
    """Derivative d(-log p)/dp, the factor dp/dm forgotten."""
    return -(1 + np.exp(-m))


def wrong_posterior_class_by_class(
    raw: Sequence[float], gamma: float, weights: Sequence[float]
) -> np.ndarray:
    """Every class corrected as if it stood alone against the rest."""
    result = []
    for p, w in zip(raw, weights, strict=True):
        slope = (1 - p) ** gamma * (1 - p - gamma * p * np.log(p))
        other = p**gamma * (p - gamma * (1 - p) * np.log(1 - p))
        result.append(other / (other + w * slope))
    return np.array(result)
