"""What a solver returns, and when it may stop although `tol` is not met."""

from dataclasses import dataclass, replace

import numpy as np

from skfocal.linear_model._evaluation import Evaluation
from skfocal.linear_model._objective import LinearObjective


@dataclass(frozen=True)
class SolverResult:
    """Outcome of a minimisation; solvers neither warn nor raise.

    Attributes
    ----------
    coef : ndarray of shape (n,)
        The best point found.
    value : float or None
        Objective there, if the solver needed it.
    gradient_norm : float
        Largest absolute entry of the gradient there, relative to the slopes of the rows.
    n_iter : int
        Number of iterations.
    converged : bool
        Whether the criterion was met.
    message : str
        Why it stopped.
    """

    coef: np.ndarray
    value: float | None
    gradient_norm: float
    n_iter: int
    converged: bool
    message: str

    def after(self, n_iter: int) -> "SolverResult":
        """Return the outcome of a run that another one of `n_iter` iterations went before."""
        return replace(self, n_iter=self.n_iter + n_iter)


def has_settled(
    objective: LinearObjective, coef: np.ndarray, before: Evaluation, at: Evaluation, tol: float
) -> bool:
    """Return whether the step to `coef` has shown that further ones would change nothing."""
    gain = before.value - at.value
    if not objective.loss.traits.smooth:
        # The gradient jumps and need not become small; what is left to gain is.
        return gain <= tol * at.value
    if at.gradient_norm <= 0.5 * before.gradient_norm or gain > objective.value_noise * at.value:
        return False
    return at.gradient_norm <= objective.rounding_level(coef)


def is_at_limit(objective: LinearObjective, coef: np.ndarray, at: Evaluation) -> bool:
    """Return whether a failed line search means that `coef` is as good as a minimum.

    No lower point along a descent direction is rounding, unless the gradient says no, or a kink,
    at which the gradient says nothing.
    """
    return not objective.loss.traits.smooth or at.gradient_norm <= objective.rounding_level(coef)
