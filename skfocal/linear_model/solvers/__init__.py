"""Solvers of the linear models: who minimises, one file each."""

from skfocal.linear_model.solvers._lbfgs import lbfgs
from skfocal.linear_model.solvers._newton import newton
from skfocal.linear_model.solvers._result import SolverResult

SOLVERS = {"lbfgs": lbfgs, "newton": newton}

__all__ = ["SOLVERS", "SolverResult", "lbfgs", "newton"]
