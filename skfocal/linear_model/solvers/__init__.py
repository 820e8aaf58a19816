"""Solvers of the linear models: who minimises, one file each, and the policy that picks one."""

from skfocal.linear_model.solvers._lbfgs import lbfgs
from skfocal.linear_model.solvers._newton import newton
from skfocal.linear_model.solvers._policy import SOLVERS, choose_solver
from skfocal.linear_model.solvers._proximal import PROXIMAL_COEFFICIENTS, proximal_newton
from skfocal.linear_model.solvers._result import SolverResult
from skfocal.linear_model.solvers._sampled import sampled

__all__ = [
    "PROXIMAL_COEFFICIENTS",
    "SOLVERS",
    "SolverResult",
    "choose_solver",
    "lbfgs",
    "newton",
    "proximal_newton",
    "sampled",
]
