"""Limited-memory BFGS, SciPy's."""

import numpy as np
from scipy.optimize import minimize

from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model.solvers._result import SolverResult
from skfocal.utils._threads import block_threads


def lbfgs(
    objective: LinearObjective,
    start: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    hessian: np.ndarray | None = None,
    verbose: int = 0,
) -> SolverResult:
    """Minimise by L-BFGS: memory and time linear in the number of coefficients.

    Parameters and result are those of :func:`skfocal.linear_model.solvers.newton`; `hessian` is
    not used.
    """
    n_iter, coef = 0, start
    with block_threads() as block_map:

        def function(point: np.ndarray) -> tuple[float, np.ndarray]:
            at = objective.evaluate(point, 1, block_map)
            return at.value, at.gradient

        while True:
            result = minimize(
                function,
                coef,
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": max_iter - n_iter, "gtol": tol, "ftol": 0.0, "maxls": 50},
            )
            progress = result.nit > 0 and not np.array_equal(result.x, coef)
            n_iter, coef = n_iter + result.nit, result.x
            norm = float(np.abs(result.jac).max())
            if verbose:
                print(
                    f"lbfgs: iteration {n_iter}, objective {result.fun:.12g}, gradient {norm:.3g}"
                )
            # A line search that fails on a stale memory succeeds after a fresh start.
            if norm <= tol or not progress or n_iter >= max_iter:
                break
    converged = norm <= max(tol, 0.0 if progress else objective.rounding_level())
    message = "converged" if converged else str(result.message).lower()
    return SolverResult(coef, float(result.fun), norm, n_iter, converged, message)
