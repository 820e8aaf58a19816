"""Which solver for which table: the policy, on a page.

==================================== ======== ====================================================
table                                solver   why
==================================== ======== ====================================================
many rows, up to 600 coefficients    sampled  a sample knows the curvature, so that four or five
                                              passes of the gradient over all rows suffice
few rows, up to 100 coefficients     newton   a Hessian costs p / 24 gradients for p coefficients,
                                              and makes five passes of some twenty
more coefficients, sparse rows       lbfgs    a Hessian of p**2 numbers costs more than it brings
==================================== ======== ====================================================
"""

from collections.abc import Callable

from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model.solvers._lbfgs import lbfgs
from skfocal.linear_model.solvers._newton import newton
from skfocal.linear_model.solvers._result import SolverResult
from skfocal.linear_model.solvers._sampled import is_sampled, sampled

SOLVERS: dict[str, Callable[..., SolverResult]] = {
    "lbfgs": lbfgs,
    "newton": newton,
    "sampled": sampled,
}
NEWTON_COEFFICIENTS = 100
SAMPLED_COEFFICIENTS = 600


def choose_solver(objective: LinearObjective) -> str:
    """Return the name of the solver that is fastest for a table.

    Parameters
    ----------
    objective : LinearObjective

    Returns
    -------
    str
        A key of `SOLVERS`.
    """
    n_coefficients = objective.n_coefficients
    if n_coefficients <= SAMPLED_COEFFICIENTS and is_sampled(objective):
        return "sampled"
    return "newton" if n_coefficients <= NEWTON_COEFFICIENTS else "lbfgs"
