"""Newton's method with positive curvature and a backtracking line search."""

import numpy as np
from scipy import linalg

from skfocal.linear_model._objective import Evaluation, LinearObjective
from skfocal.linear_model.solvers._result import SolverResult
from skfocal.utils._threads import block_threads

ARMIJO = 1e-4
MAX_HALVINGS = 40


def newton(
    objective: LinearObjective,
    start: np.ndarray,
    *,
    tol: float,
    max_iter: int,
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
        Bound on the largest absolute entry of the gradient.
    max_iter : int
    verbose : int, default=0
        Print a line per iteration if positive.

    Returns
    -------
    SolverResult
    """
    eps = float(np.finfo(objective.X.dtype).eps)
    with block_threads() as block_map:
        coef, at = start, objective.evaluate(start, 2, block_map)
        message = f"the limit of {max_iter} iterations was reached"
        for n_iter in range(max_iter + 1):
            norm = float(np.abs(at.gradient).max())
            if verbose:
                print(f"newton: iteration {n_iter}, objective {at.value:.9g}, gradient {norm:.3g}")
            converged = norm <= tol
            if converged or n_iter == max_iter:
                break
            direction = _descent_direction(at)
            step = _line_search(objective, coef, at, direction, eps, block_map)
            if step is None:
                # No lower point along a descent direction: rounding, unless the gradient says no.
                converged = norm <= objective.rounding_level()
                message = "the line search found no lower objective"
                break
            (coef, new), at_before = step, at
            at = new
            if not objective.loss.traits.smooth and at_before.value - at.value <= tol * at.value:
                norm, converged = float(np.abs(at.gradient).max()), True
                break
    message = "converged" if converged else message
    return SolverResult(coef, at.value, norm, n_iter, converged, message)


def _descent_direction(at: Evaluation) -> np.ndarray:
    """Solve for the Newton step after scaling the diagonal to one.

    A singular Hessian (collinear or constant columns, no penalty) gets the smallest ridge that
    lets it factorise.
    """
    scale = np.sqrt(np.diag(at.hessian))
    scale[scale == 0] = 1.0
    scaled = at.hessian / scale / scale[:, None]
    diagonal = np.diag_indices_from(scaled)
    ridge = 1e-14
    while True:
        scaled[diagonal] += ridge
        try:
            factor = linalg.cho_factor(scaled, lower=True, check_finite=False)
        except linalg.LinAlgError:
            ridge *= 100
            continue
        return -linalg.cho_solve(factor, at.gradient / scale, check_finite=False) / scale


def _line_search(objective, coef, at, direction, eps, block_map):
    """Return the next point and its evaluation, or None if no step lowers the objective."""
    slope = float(at.gradient @ direction)
    # Differences of the objective below this are noise; there the gradient decides.
    noise = 16 * eps * abs(at.value)
    step, order = 1.0, 2
    for _ in range(MAX_HALVINGS):
        candidate = coef + step * direction
        trial = objective.evaluate(candidate, order, block_map)
        if trial.value <= at.value + ARMIJO * step * slope:
            break
        if order < 2 and abs(trial.value - at.value) <= noise:
            trial = objective.evaluate(candidate, 2, block_map)
        if (
            trial.gradient is not None
            and abs(trial.value - at.value) <= noise
            and np.abs(trial.gradient).max() < np.abs(at.gradient).max()
        ):
            break
        step, order = 0.5 * step, 0
    else:
        return None
    if trial.hessian is None:
        trial = objective.evaluate(candidate, 2, block_map)
    return candidate, trial
