"""Newton's method with positive curvature and a backtracking line search.

Near the minimum the Hessian hardly changes: the last one is kept there, and corrected by the steps
as in L-BFGS.
"""

from typing import Any

import numpy as np

from skfocal.linear_model._evaluation import Evaluation
from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model.solvers._memory import Memory, factorised
from skfocal.linear_model.solvers._result import SolverResult, has_settled, is_at_limit
from skfocal.utils._threads import BlockMap, block_threads

# With p coefficients a Hessian costs p / 24 gradients and more; beyond so many, and p**2 numbers,
# the few steps of Newton's method are dearer than the many of L-BFGS.
NEWTON_COEFFICIENTS = 100
ARMIJO = 1e-4
MAX_HALVINGS = 40
# Below such a gradient the last Hessian and the memory of a few steps do as well as a new one,
# which takes as long as two gradients or more.
NEAR = 0.1
# Where a step along an old Hessian leaves more of the gradient than that, there is a new one.
CONTRACTION = 0.3


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
        memory: Memory | None = None
        smooth = objective.loss.traits.smooth
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
            if memory is None:
                if at.hessian is None:
                    at = objective.evaluate(coef, 2, block_map)
                memory = Memory(factorised(at.hessian))
            direction = memory.direction(at.gradient)
            order = 1 if smooth and at.gradient_norm < NEAR else 2
            step = _search(objective, coef, at, direction, order, block_map)
            if step is None:
                if at.hessian is None:  # the direction is of an old one
                    memory = None
                    continue
                converged = is_at_limit(objective, coef, at)
                message = "the line search found no lower objective"
                break
            last, before, (coef, at) = coef, at, step
            if has_settled(objective, coef, before, at, tol):
                converged = True
                break
            if order == 2 or at.gradient_norm > CONTRACTION * before.gradient_norm:
                memory = None
            else:
                memory.add(coef - last, at.gradient - before.gradient)
    message = "converged" if converged else message
    return SolverResult(coef, at.value, at.gradient_norm, n_iter, converged, message)


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
