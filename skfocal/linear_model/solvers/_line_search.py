"""A step length along a direction: strong Wolfe conditions, robust to rounding."""

from collections.abc import Callable

import numpy as np

from skfocal.linear_model._evaluation import Evaluation

# The accepted point is lower by this share of what the slope promises ...
ARMIJO = 1e-4
# ... and the slope there is at most this share of the slope at the start.
FLATTER = 0.9
MAX_TRIALS = 40


def wolfe_search(
    evaluate: Callable[[np.ndarray], Evaluation],
    coef: np.ndarray,
    at: Evaluation,
    direction: np.ndarray,
    noise: float,
) -> tuple[np.ndarray, Evaluation] | None:
    """Return a point along the direction and its evaluation, or None if none is lower.

    The first trial is the full step. At a kink no point is flat enough: then the lowest one that
    was seen is returned. Values that differ by less than `noise`, relative to their size, are
    the same: then slopes decide.
    """
    slope = float(at.gradient @ direction)
    if not slope < 0:
        return None
    low, high, length = (0.0, at.value, slope), None, 1.0
    best: tuple[np.ndarray, Evaluation] | None = None
    for _ in range(MAX_TRIALS):
        point = coef + length * direction
        trial = evaluate(point)
        here = (length, trial.value, float(trial.gradient @ direction))
        if _is_too_high(at.value, slope, here, noise):
            high = here
        else:
            if best is None or trial.value <= best[1].value:
                best = point, trial
            if abs(here[2]) <= -FLATTER * slope:
                return point, trial
            if here[2] > 0:
                high = here
            else:
                low = here
        length = 4 * length if high is None else _between(low, high)
        if high is not None and length in (low[0], high[0]):
            break
    return best


def _is_too_high(
    value: float, slope: float, here: tuple[float, float, float], noise: float
) -> bool:
    length, lowered, new_slope = here
    if not np.isfinite(lowered):
        return True
    if lowered <= value + ARMIJO * length * slope:
        return False
    # Hager and Zhang's approximate condition: close to a minimum the objective is flat to the
    # last digit, and its slope still tells both sides apart.
    return lowered > value + noise * abs(value) or new_slope > (2 * ARMIJO - 1) * slope


def _between(low: tuple[float, float, float], high: tuple[float, float, float]) -> float:
    """Return the minimum of the cubic through values and slopes at both ends, well inside."""
    (a, value_a, slope_a), (b, value_b, slope_b) = low, high
    width = b - a
    with np.errstate(all="ignore"):
        mean = slope_a + slope_b - 3 * (value_b - value_a) / width
        root = np.sqrt(mean * mean - slope_a * slope_b)
        share = (root + mean - slope_a) / (slope_b - slope_a + 2 * root)
    if not 0.1 <= share <= 0.9:
        share = min(max(share, 0.1), 0.9) if np.isfinite(share) else 0.5
    return a + share * width
