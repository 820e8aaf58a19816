"""Proximal Newton: a smooth objective plus an l1 penalty, with exact zeros."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from skfocal.linear_model._evaluation import TINY, Evaluation
from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model.solvers._result import SolverResult
from skfocal.utils._threads import BlockMap, block_threads

# Memory and time of a Hessian: 128 MiB, and 30 times the numbers of the rows.
PROXIMAL_COEFFICIENTS = 4096
ARMIJO = 1e-4
MAX_HALVINGS = 40
MAX_SWEEPS = 1000
# Curvature, relative to that of a coefficient, where the model has none: the way of a lasso along
# coefficients that only the penalty tells apart, to the first that becomes 0.
RIDGE = 1e-10
# A step is taken to be the last one where the square of the subgradient is this part of tol.
LAST_STEP = 0.1


@dataclass(frozen=True)
class _Point:
    """Coefficients, what the smooth part is there, and the whole objective."""

    coef: np.ndarray
    at: Evaluation
    value: float
    gradient_norm: float


def proximal_newton(
    objective: LinearObjective,
    start: np.ndarray,
    *,
    l1: float,
    tol: float,
    max_iter: int,
    verbose: int = 0,
) -> SolverResult:
    """Minimise ``objective + l1 * sum |coef|``; intercepts are not penalised.

    Each iteration minimises the quadratic model of the smooth part plus the penalty, and searches
    along the line to that point. The objective never rises beyond its own rounding error.

    Parameters
    ----------
    objective : LinearObjective
        That knows of the penalty.
    start : ndarray of shape (n,)
    l1 : float
        Strength of the penalty, in the unit of `objective`.
    tol : float
        Bound on the largest entry of the smallest subgradient, relative to the slopes of the rows.
    max_iter : int
    verbose : int, default=0
        Print a line per iteration if positive.

    Returns
    -------
    SolverResult
    """
    table = np.full(objective.shape, l1)
    table[:, objective.X.shape[1] :] = 0.0
    penalty = table.ravel()
    with block_threads() as block_map:
        point = _point(objective, start, penalty, 2, block_map)
        converged, message = False, f"the limit of {max_iter} iterations was reached"
        for n_iter in range(max_iter + 1):
            if verbose:
                print(
                    f"proximal newton: iteration {n_iter}, objective {point.value:.9g}, "
                    f"subgradient {point.gradient_norm:.3g}"
                )
            converged = point.gradient_norm <= tol
            if converged or n_iter == max_iter:
                break
            if point.at.hessian is None:
                point = _point(objective, point.coef, penalty, 2, block_map)
            target = _minimise_model(point.at.hessian, point.at.gradient, point.coef, penalty)
            # Near the minimum a step squares the subgradient: the last one needs no Hessian.
            order = 1 if point.gradient_norm < np.sqrt(LAST_STEP * tol) else 2
            step = _search(objective, point, target, penalty, order, block_map)
            if step is None:
                converged = _is_exact(objective, point)
                message = "the line search found no lower objective"
                break
            gain, point = point.value - step.value, step
            if not objective.loss.traits.smooth and gain <= tol * point.value:
                converged = True
                break
    message = "converged" if converged else message
    return SolverResult(
        point.coef, point.value, point.gradient_norm, n_iter, bool(converged), message
    )


def _is_exact(objective: LinearObjective, point: _Point) -> bool:
    """Return whether there is no lower point because of rounding, or of a kink of the loss."""
    smooth = objective.loss.traits.smooth
    return not smooth or point.gradient_norm <= objective.rounding_level(point.coef)


def _point(
    objective: LinearObjective,
    coef: np.ndarray,
    penalty: np.ndarray,
    order: int,
    block_map: BlockMap,
) -> _Point:
    at = objective.evaluate(coef, order, block_map)
    value = at.value + float(penalty @ np.abs(coef))
    entries = np.abs(_smallest_subgradient(at.gradient, coef, penalty)).reshape(objective.shape)
    norm = float((entries.max(axis=1) / np.maximum(at.slope_size, TINY)).max())
    return _Point(coef, at, value, norm)


def _smallest_subgradient(
    gradient: np.ndarray, coef: np.ndarray, penalty: np.ndarray
) -> np.ndarray:
    """Return the subgradient nearest to 0, which is 0 at a minimum."""
    at_zero = np.sign(gradient) * np.maximum(np.abs(gradient) - penalty, 0.0)
    return np.where(coef == 0, at_zero, gradient + penalty * np.sign(coef))


def _minimise_model(
    hessian: np.ndarray, gradient: np.ndarray, coef: np.ndarray, penalty: np.ndarray
) -> np.ndarray:
    """Return the minimum of a quadratic model plus penalty.

    Sweeps over the coordinates find which coefficients are 0 and the signs of the others; as soon
    as a sweep leaves these as they are, a linear system gives the values, exactly, or shows which
    sign is wrong.
    """
    point, slope = coef.copy(), gradient.copy()
    curved = np.flatnonzero(np.diag(hessian) > 0)
    signs = None
    for _ in range(MAX_SWEEPS):
        _sweep(hessian, slope, point, penalty, curved)
        if signs is not None and np.array_equal(np.sign(point), signs):
            if _solve_free(hessian, slope, point, penalty):
                break
        signs = np.sign(point)
    return point


def _sweep(
    hessian: np.ndarray,
    slope: np.ndarray,
    point: np.ndarray,
    penalty: np.ndarray,
    curved: np.ndarray,
) -> None:
    """Minimise along one coordinate after another, in place; `slope` follows `point`."""
    for j in curved.tolist():
        pull = hessian[j, j] * point[j] - slope[j]
        size = abs(pull) - penalty[j]
        moved = (np.sign(pull) * size / hessian[j, j] if size > 0 else 0.0) - point[j]
        if moved != 0.0:
            point[j] = point[j] + moved if size > 0 else 0.0
            slope += moved * hessian[j]


def _solve_free(
    hessian: np.ndarray, slope: np.ndarray, point: np.ndarray, penalty: np.ndarray
) -> bool:
    """Go to the minimum with the zeros and signs of `point`, in place; return whether it is one.

    Where a sign would change on the way, that coefficient becomes 0 and the way ends. Sweeps alone
    would take hundreds where only the penalty tells the classes of a column apart.
    """
    free = (point != 0) | (penalty == 0)
    pull = (slope + np.sign(point) * penalty)[free]
    system = hessian[np.ix_(free, free)]
    np.einsum("ii->i", system)[:] *= 1.0 + RIDGE
    try:
        factor = linalg.cho_factor(system, check_finite=False)
    except linalg.LinAlgError:
        return False
    step = np.zeros_like(point)
    step[free] = -linalg.cho_solve(factor, pull, check_finite=False)
    if not step[free] @ pull <= 0:  # rounding, where the system is nearly singular
        return False
    changed = np.flatnonzero((penalty > 0) & (point * (point + step) < 0))
    shares = -point[changed] / step[changed]
    length = shares.min(initial=1.0)
    point += length * step
    point[changed[shares == length]] = 0.0
    slope += hessian @ (length * step)
    return not len(changed) and bool(np.all(np.abs(slope[~free]) <= penalty[~free]))


def _search(
    objective: LinearObjective,
    point: _Point,
    target: np.ndarray,
    penalty: np.ndarray,
    order: int,
    block_map: BlockMap,
) -> _Point | None:
    """Return a lower point on the way to `target`, or None."""
    direction = target - point.coef
    change = float(penalty @ np.abs(target)) - float(penalty @ np.abs(point.coef))
    promised = float(point.at.gradient @ direction) + change
    noise = objective.value_noise * abs(point.value)
    step = 1.0
    for halvings in range(MAX_HALVINGS):
        # At full length the target itself: a sum would round its zeros.
        candidate = target if step == 1.0 else point.coef + step * direction
        trial = _point(objective, candidate, penalty, order if halvings == 0 else 1, block_map)
        lower = trial.value <= point.value + ARMIJO * step * min(promised, 0.0)
        flatter = (
            abs(trial.value - point.value) <= noise and trial.gradient_norm < point.gradient_norm
        )
        if flatter or (lower and promised < 0 and trial.value < point.value + noise):
            return trial
        step *= 0.5
    return None
