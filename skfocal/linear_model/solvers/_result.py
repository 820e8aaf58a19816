"""What a solver returns."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SolverResult:
    """Outcome of a minimisation; solvers neither warn nor raise.

    Attributes
    ----------
    coef : ndarray of shape (n,)
        The best point found.
    value : float
        Objective there.
    gradient_norm : float
        Largest absolute entry of the gradient there.
    n_iter : int
        Number of iterations.
    converged : bool
        Whether the criterion was met.
    message : str
        Why it stopped.
    """

    coef: np.ndarray
    value: float
    gradient_norm: float
    n_iter: int
    converged: bool
    message: str
