"""Which solver for which table: the policy, on a page.

=================================== ======== =====================================================
table                               solver   why
=================================== ======== =====================================================
8,192 rows and more, of which 80    sampled  a sample knows the curvature, so that five passes of
a column fit into a sample                   the gradient over all rows suffice
others, up to 100 coefficients      newton   six passes, four with a Hessian, which is cheap here
                                             and knows correlated columns
others: wide or sparse tables,      lbfgs    time and memory linear in the coefficients; a Hessian
many classes                                 of p**2 numbers costs more than it saves
=================================== ======== =====================================================

Left out, since they bring less than 1.3 times: a Hessian in single precision for few rows, and a
solver for wide tables of uncorrelated columns (a pass takes no longer than to read the table
twice).
"""

from collections.abc import Callable

from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model.solvers._lbfgs import lbfgs
from skfocal.linear_model.solvers._newton import NEWTON_COEFFICIENTS, newton
from skfocal.linear_model.solvers._result import SolverResult
from skfocal.linear_model.solvers._sampled import can_sample, sampled

SOLVERS: dict[str, Callable[..., SolverResult]] = {
    "lbfgs": lbfgs,
    "newton": newton,
    "sampled": sampled,
}
# A sample with fewer rows for a column needs more passes than L-BFGS does without one, and a
# Hessian of more coefficients takes longer than the passes that it saves.
ROWS_PER_COLUMN = 80
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
    if n_coefficients <= SAMPLED_COEFFICIENTS and can_sample(objective, ROWS_PER_COLUMN):
        return "sampled"
    return "newton" if n_coefficients <= NEWTON_COEFFICIENTS else "lbfgs"
