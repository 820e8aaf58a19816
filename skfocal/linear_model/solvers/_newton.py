"""Newton's method with positive curvature and a backtracking line search."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg
from scipy.linalg import lapack

from skfocal.linear_model._evaluation import Evaluation
from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model.solvers._result import SolverResult, has_settled, is_at_limit
from skfocal.utils._threads import BlockMap, block_threads

# With p coefficients a Hessian costs p / 24 gradients and more; beyond so many, and p**2 numbers,
# the few steps of Newton's method are dearer than the many of L-BFGS.
NEWTON_COEFFICIENTS = 100
ARMIJO = 1e-4
MAX_HALVINGS = 40
# A step is taken to be the last one where the square of the gradient is this part of tol.
LAST_STEP = 0.1


def newton(
    objective: LinearObjective,
    start: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    random: Any = None,
    verbose: int = 0,
) -> SolverResult:
    """Minimise by Newton steps; one pass over the rows per iteration when full steps succeed.

    The curvature of a non-convex loss is replaced by a positive one, so that every direction
    descends. The objective never rises beyond its own rounding error.

    Parameters
    ----------
    objective : LinearObjective
    start : ndarray of shape (n,)
    tol : float
        Bound on :attr:`Evaluation.gradient_norm`, the largest absolute entry of the gradient
        relative to the slopes of the rows.
    max_iter : int
    random : RandomState, default=None
        For solvers that draw rows.
    verbose : int, default=0
        Print a line per iteration if positive.

    Returns
    -------
    SolverResult
    """
    with block_threads() as block_map:
        coef, at = start, objective.evaluate(start, 2, block_map)
        converged, message = False, f"the limit of {max_iter} iterations was reached"
        for n_iter in range(max_iter + 1):
            if verbose:
                print(
                    f"newton: iteration {n_iter}, objective {at.value:.9g}, "
                    f"gradient {at.gradient_norm:.3g}"
                )
            converged = at.gradient_norm <= tol
            if converged or n_iter == max_iter:
                break
            if at.hessian is None:
                at = objective.evaluate(coef, 2, block_map)
            direction = -factorised(at.hessian)(at.gradient)
            # Near the minimum a step squares the gradient: the last one needs no Hessian.
            is_last = at.gradient_norm < np.sqrt(LAST_STEP * tol)
            step = _search(objective, coef, at, direction, 1 if is_last else 2, block_map)
            if step is None:
                converged = is_at_limit(objective, coef, at)
                message = "the line search found no lower objective"
                break
            before, (coef, at) = at, step
            if has_settled(objective, coef, before, at, tol):
                converged = True
                break
    message = "converged" if converged else message
    return SolverResult(coef, at.value, at.gradient_norm, n_iter, converged, message)


def factorised(hessian: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return what multiplies by the inverse of a Hessian.

    The diagonal is scaled to one first. Directions without curvature (collinear or constant
    columns, no penalty) are left alone.
    """
    scale = np.sqrt(np.diag(hessian))
    scale[scale == 0] = 1.0
    limit = 4 * len(scale) * np.finfo(np.float64).eps
    # LAPACK itself, in place: on a small table SciPy's checks of its input take longer than the
    # solution, and on a wide one a copy is a tenth of the rows.
    factor, failed = lapack.dpotrf(_scaled(hessian, scale).T, overwrite_a=True)
    if not failed and np.diag(factor).min() ** 2 > limit:
        return lambda vector: lapack.dpotrs(factor, vector / scale)[0] / scale
    values, vectors = linalg.eigh(_scaled(hessian, scale), check_finite=False)
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=values > limit)
    return lambda vector: (vectors @ (inverse * (vectors.T @ (vector / scale)))) / scale


def _scaled(hessian: np.ndarray, scale: np.ndarray) -> np.ndarray:
    scaled = hessian / scale
    scaled /= scale[:, None]
    return scaled


def _search(
    objective: LinearObjective,
    coef: np.ndarray,
    at: Evaluation,
    direction: np.ndarray,
    order: int,
    block_map: BlockMap,
) -> tuple[np.ndarray, Evaluation] | None:
    """Return the next point and its evaluation, or None if no step lowers the objective."""
    slope = float(at.gradient @ direction)
    noise = objective.value_noise * abs(at.value)
    step = 1.0
    for halvings in range(MAX_HALVINGS):
        candidate = coef + step * direction
        # The full step is nearly always taken: its derivatives come in the same pass.
        trial = objective.evaluate(candidate, order if halvings == 0 else 1, block_map)
        lower = trial.value <= at.value + ARMIJO * step * slope
        # Where the objectives differ by rounding only, the gradient decides.
        flatter = abs(trial.value - at.value) <= noise and trial.gradient_norm < at.gradient_norm
        if lower or flatter:
            return candidate, trial
        step *= 0.5
    return None
