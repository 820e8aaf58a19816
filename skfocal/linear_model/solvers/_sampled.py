"""Many rows: the Hessian of a sample of them carries L-BFGS over few passes of the gradient."""

from collections.abc import Callable

import numpy as np

from skfocal.linear_model._evaluation import Evaluation
from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model._sample import draw_rows, sample_size
from skfocal.linear_model.solvers._lbfgs import Memory, lbfgs
from skfocal.linear_model.solvers._newton import NEWTON_COEFFICIENTS, factorised, newton
from skfocal.linear_model.solvers._result import SolverResult
from skfocal.utils._threads import block_threads

# Below so many rows Newton's method on all of them is as fast.
MIN_ROWS = 8192
# What a sample must hold to describe the rows: rows for each column, and of each class.
ROWS_PER_COLUMN = 10
ROWS_PER_CLASS = 10
# The sample's own minimum is no nearer than this to that of all rows.
SAMPLE_TOL = 3e-3
# Where a pass shrinks the gradient less, the sample does not describe the rows: an iteration of
# Newton costs three such passes. (At 0.3 a hundred events of a million rows are given up, which
# need eight passes.)
CONTRACTION = 0.6


def sampled(
    objective: LinearObjective,
    start: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    random: np.random.RandomState | None = None,
    verbose: int = 0,
) -> SolverResult:
    """Minimise with the curvature of a sample and the gradient of all rows.

    The sample decides how fast the minimum is found, not where it is; as soon as a pass gains too
    little, Newton's method on all rows goes on, or L-BFGS where that has too many coefficients.

    Parameters and result are those of :func:`skfocal.linear_model.solvers.newton`; `random` draws
    the sample. The objective itself is computed only where Newton's method takes over.
    """
    random = np.random.RandomState(0) if random is None else random
    sample = draw_sample(objective, random)
    if sample is None:
        return newton(objective, start, tol=tol, max_iter=max_iter, verbose=verbose)
    if verbose:
        print(f"sampled: a sample of {sample.n_rows:,} rows gives start and curvature")
    coef = sampled(sample, start, tol=max(SAMPLE_TOL, tol), max_iter=max_iter, random=random).coef
    inverse = factorised(sample.evaluate(coef, 2).hessian)
    del sample  # its memory, before the passes over all rows need theirs
    coef, at, n_iter = _descend(objective, inverse, coef, tol, max_iter, verbose)
    if at.gradient_norm <= tol:
        return SolverResult(coef, at.value, at.gradient_norm, n_iter, True, "converged")
    go_on = newton if objective.n_coefficients <= NEWTON_COEFFICIENTS else lbfgs
    left = max_iter - n_iter
    return go_on(objective, coef, tol=tol, max_iter=left, verbose=verbose).after(n_iter)


def can_sample(objective: LinearObjective, rows_per_column: int = ROWS_PER_COLUMN) -> bool:
    """Return whether a sample holds so many rows for each column."""
    size = sample_size(objective.n_rows, objective.X.dtype)
    return objective.n_rows >= MIN_ROWS and size >= rows_per_column * objective.shape[1]


def draw_sample(
    objective: LinearObjective, random: np.random.RandomState
) -> LinearObjective | None:
    """Return the objective on a sample that describes it, or None if there is none."""
    if not can_sample(objective):
        return None
    size, n_classes = sample_size(objective.n_rows, objective.X.dtype), len(objective.class_weight)
    rows = draw_rows(objective.target, n_classes, objective.sample_weight, size, random)
    found = np.bincount(objective.target[rows], minlength=n_classes)
    if np.any(found[objective.class_totals > 0] < ROWS_PER_CLASS):
        return None
    return objective.take(rows)


def _descend(
    objective: LinearObjective,
    inverse: Callable[[np.ndarray], np.ndarray],
    coef: np.ndarray,
    tol: float,
    max_iter: int,
    verbose: int,
) -> tuple[np.ndarray, Evaluation, int]:
    """Return the last point from which the steps gained enough, what is there, and their number."""
    with block_threads() as block_map:
        memory = Memory(inverse)
        at = objective.slopes(coef, block_map)
        for n_iter in range(max_iter):
            if verbose:
                print(f"sampled: iteration {n_iter}, gradient {at.gradient_norm:.3g}")
            if at.gradient_norm <= tol:
                break
            point = coef + memory.direction(at.gradient)
            there = objective.slopes(point, block_map)
            if not there.gradient_norm <= max(tol, CONTRACTION * at.gradient_norm):
                break
            memory.add(point - coef, there.gradient - at.gradient)
            coef, at = point, there
    return coef, at, n_iter
