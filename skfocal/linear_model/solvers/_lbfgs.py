"""Limited-memory BFGS around a preconditioner."""

from collections.abc import Callable
from typing import Any

import numpy as np

from skfocal.linear_model._evaluation import Evaluation
from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model.solvers._line_search import wolfe_search
from skfocal.linear_model.solvers._memory import Memory, factorised
from skfocal.linear_model.solvers._result import SolverResult, has_settled, is_at_limit
from skfocal.utils._threads import BlockMap, block_threads

# The preconditioner is made anew where the slopes of the rows have changed by such a factor.
STALE = 30.0
# Correlated columns take hundreds of iterations. Where as many as these have not gained half of
# what is to be gained, rows are drawn, so many a coefficient, for the Hessian of a sketch.
SKETCH_AFTER = 10
SKETCH_ROWS = 8
SKETCH_COEFFICIENTS = 1000


def lbfgs(
    objective: LinearObjective,
    start: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    random: Any = None,
    verbose: int = 0,
) -> SolverResult:
    """Minimise by L-BFGS: memory and time linear in the number of coefficients.

    The preconditioner is the diagonal of the Hessian; up to 1,000 coefficients it becomes the
    Hessian of a sketch where that of the diagonal is slow.

    Parameters and result are those of :func:`skfocal.linear_model.solvers.newton`.
    """
    with block_threads() as block_map:
        model = _Curvature(objective, tol, block_map, random)
        coef, at = start, model.evaluate(start)
        model.restart(coef, at)
        converged, message = False, f"the limit of {max_iter} iterations was reached"
        for n_iter in range(max_iter + 1):
            if verbose:
                print(
                    f"lbfgs: iteration {n_iter}, objective {at.value:.9g}, "
                    f"gradient {at.gradient_norm:.3g}"
                )
            converged = at.gradient_norm <= tol
            if converged or n_iter == max_iter:
                break
            step = model.search(coef, at)
            if step is None:
                converged = is_at_limit(objective, coef, at)
                message = "the line search found no lower objective"
                break
            model.learn(n_iter, (coef, at), step)
            before, (coef, at) = at, step
            if has_settled(objective, coef, before, at, tol):
                converged = True
                break
    message = "converged" if converged else message
    return SolverResult(coef, at.value, at.gradient_norm, n_iter, converged, message)


Point = tuple[np.ndarray, Evaluation]


class _Curvature:
    """What is known of the curvature: a memory, and when its preconditioner is made anew."""

    def __init__(
        self, objective: LinearObjective, tol: float, block_map: BlockMap, random: Any
    ) -> None:
        self.objective = objective
        self.tol = tol
        self.block_map = block_map
        self.random = np.random.RandomState(0) if random is None else random

    def evaluate(self, coef: np.ndarray) -> Evaluation:
        return self.objective.evaluate(coef, 1, self.block_map)

    def restart(self, coef: np.ndarray, at: Evaluation) -> None:
        """Begin anew with the diagonal of the Hessian at a point."""
        self.memory = Memory(_diagonal_inverse(self.objective, coef, self.block_map))
        self.first = at

    def search(self, coef: np.ndarray, at: Evaluation) -> Point | None:
        """Return the next point, or None if none is lower."""
        noise = self.objective.value_noise
        direction = self.memory.direction(at.gradient)
        step = wolfe_search(self.evaluate, coef, at, direction, noise)
        if step is None and self.memory.clear():
            # A search that fails along a stale direction succeeds along a fresh one.
            direction = self.memory.direction(at.gradient)
            step = wolfe_search(self.evaluate, coef, at, direction, noise)
        return step

    def learn(self, n_iter: int, last: Point, point: Point) -> None:
        """Take notice of a step."""
        (before, before_at), (coef, at) = last, point
        if n_iter == SKETCH_AFTER and can_sketch(self.objective) and self._is_slow(at):
            n_rows = SKETCH_ROWS * self.objective.n_coefficients
            sketch = self.objective.sketch(coef, n_rows, self.random)
            self.memory.precondition(factorised(sketch))
        elif _differ(at.slope_size, self.first.slope_size):
            self.restart(coef, at)
        else:
            self.memory.add(coef - before, at.gradient - before_at.gradient)

    def _is_slow(self, at: Evaluation) -> bool:
        """Return whether more is left to gain than was gained so far."""
        return at.gradient_norm**2 > self.first.gradient_norm * self.tol


def can_sketch(objective: LinearObjective) -> bool:
    """Return whether the sketch of a Hessian is cheap, and small beside the rows."""
    n_coefficients = objective.n_coefficients
    return (
        objective.n_scores == 1
        and n_coefficients <= SKETCH_COEFFICIENTS
        and objective.n_rows >= 5 * SKETCH_ROWS * n_coefficients
    )


def _differ(slopes: np.ndarray, others: np.ndarray) -> bool:
    """Return whether the slopes of a score have another order of magnitude."""
    return bool(np.any(slopes > STALE * others) or np.any(others > STALE * slopes))


def _diagonal_inverse(
    objective: LinearObjective, coef: np.ndarray, block_map: Any
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what divides by the diagonal of the Hessian at `coef`.

    It gives every coefficient its own unit, and the first step its length: without it that is
    the gradient's, which is as small as the share of the rarest class.
    """
    diagonal = objective.diagonal(coef, block_map)
    inverse = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)

    def apply(vector: np.ndarray) -> np.ndarray:
        # Softmax scores do not notice a vector added to all classes, only the penalty does, so
        # weakly that a step along it would take many to come back.
        return objective.centred((inverse * vector).reshape(objective.shape)).ravel()

    return apply
