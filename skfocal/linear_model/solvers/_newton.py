"""Newton's method with positive curvature and a backtracking line search."""

from typing import Any

import numpy as np
from scipy import linalg

from skfocal.linear_model._objective import Evaluation, LinearObjective
from skfocal.linear_model.solvers._result import SolverResult, has_settled, is_at_limit
from skfocal.utils._threads import BlockMap, block_threads

ARMIJO = 1e-4
MAX_HALVINGS = 40
# A Hessian from elsewhere is kept as long as each step shrinks the gradient at least this much: a
# pass without Hessian costs a third of one with it.
REUSE_RATE = 0.25


def newton(
    objective: LinearObjective,
    start: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    hessian: np.ndarray | None = None,
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
    hessian : ndarray of shape (n, n), default=None
        Approximate Hessian near `start`, perhaps of a sample of the rows, to begin with.
    verbose : int, default=0
        Print a line per iteration if positive.

    Returns
    -------
    SolverResult
    """
    with block_threads() as block_map:
        search = _Search(objective, block_map)
        reuse = hessian is not None
        coef, at = start, objective.evaluate(start, 1 if reuse else 2, block_map)
        converged, message = False, f"the limit of {max_iter} iterations was reached"
        for n_iter in range(max_iter + 1):
            norm = at.gradient_norm
            if verbose:
                print(f"newton: iteration {n_iter}, objective {at.value:.9g}, gradient {norm:.3g}")
            converged = norm <= tol
            if converged or n_iter == max_iter:
                break
            hessian = hessian if at.hessian is None else at.hessian
            step = search.along(coef, at, _descent_direction(at.gradient, hessian), not reuse)
            if step is None and reuse:
                reuse, at = False, objective.evaluate(coef, 2, block_map)
                continue
            if step is None:
                converged = is_at_limit(objective, coef, at)
                message = "the line search found no lower objective"
                break
            before, (coef, at) = at, step
            if has_settled(objective, coef, before, at, tol):
                converged = True
                break
            if reuse and at.gradient_norm > max(tol, REUSE_RATE * norm):
                reuse, at = False, objective.evaluate(coef, 2, block_map)
    message = "converged" if converged else message
    return SolverResult(coef, at.value, at.gradient_norm, n_iter, converged, message)


def _descent_direction(gradient: np.ndarray, hessian: Any) -> np.ndarray:
    """Solve for the Newton step after scaling the diagonal to one.

    Directions without curvature (collinear or constant columns, no penalty) are left alone.
    """
    scale = np.sqrt(np.diag(hessian))
    scale[scale == 0] = 1.0
    scaled, right = hessian / scale / scale[:, None], gradient / scale
    limit = 4 * len(right) * np.finfo(np.float64).eps
    try:
        factor, lower = linalg.cho_factor(scaled, check_finite=False)
        if np.diag(factor).min() ** 2 > limit:
            return -linalg.cho_solve((factor, lower), right, check_finite=False) / scale
    except linalg.LinAlgError:
        pass
    values, vectors = linalg.eigh(scaled, check_finite=False)
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=values > limit)
    return -(vectors @ (inverse * (vectors.T @ right))) / scale


class _Search:
    """Backtracking line search."""

    def __init__(self, objective: LinearObjective, block_map: BlockMap) -> None:
        self.objective = objective
        self.block_map = block_map

    def along(
        self, coef: np.ndarray, at: Evaluation, direction: np.ndarray, with_hessian: bool
    ) -> tuple[np.ndarray, Evaluation] | None:
        """Return the next point and its evaluation, or None if no step lowers the objective."""
        slope = float(at.gradient @ direction)
        wanted = 2 if with_hessian else 1
        step = 1.0
        for halvings in range(MAX_HALVINGS):
            candidate = coef + step * direction
            # The full step is nearly always taken: its derivatives come in the same pass.
            trial = self._evaluate(candidate, wanted if halvings == 0 else 1)
            lower = trial.value <= at.value + ARMIJO * step * slope
            if lower or self._equal_but_flatter(trial, at):
                if with_hessian and trial.hessian is None:
                    trial = self._evaluate(candidate, 2)
                return candidate, trial
            step *= 0.5
        return None

    def _equal_but_flatter(self, trial: Evaluation, at: Evaluation) -> bool:
        """Let the gradient decide where the objectives differ by rounding only."""
        noise = self.objective.value_noise * abs(at.value)
        return abs(trial.value - at.value) <= noise and trial.gradient_norm < at.gradient_norm

    def _evaluate(self, coef: np.ndarray, order: int) -> Evaluation:
        return self.objective.evaluate(coef, order, self.block_map)
