"""Focal logistic regression: its zero point, focal loss, and focal loss with class weights."""

from functools import partial

from skfocal.benchmark.arms._fold import make_arm
from skfocal.benchmark.arms._linear import C_GRID
from skfocal.benchmark.arms._method import BINARY, SEVERAL, Method, grid
from skfocal.linear_model import FocalLogisticRegression

__all__ = ["METHODS"]

# Gamma = 0 is left to `focal_zero`, so that what gamma adds can be read off. This grid, and not the
# search space of the loss, is what the tables of the README were measured with.
_GAMMA_C = grid(gamma=(1.0, 2.0), C=(0.1, 10.0)) + grid(gamma=(0.5, 4.0), C=(0.1, 10.0))


def focal(fold, C, gamma, alpha=None, probabilities="weighted"):
    model = FocalLogisticRegression(
        gamma=gamma,
        alpha=alpha,
        C=C,
        probabilities=probabilities,
        random_state=fold.random_state,
    )
    return make_arm(fold, model)


def _weighted_arm(name, label, alpha):
    build = partial(focal, alpha=alpha, probabilities="posterior")
    return Method(f"focal_{name}", label, "focal", build, _GAMMA_C, default_for=BINARY)


METHODS = (
    Method(
        "focal_zero",
        "Focal LR, gamma 0",
        "focal",
        partial(focal, gamma=0.0),
        C_GRID,
        tasks=SEVERAL,
        default_for=SEVERAL,
    ),
    Method(
        "focal",
        "Focal LR",
        "focal",
        focal,
        _GAMMA_C,
        tasks=SEVERAL,
        default_for=SEVERAL,
        zero_point="focal_zero",
    ),
    _weighted_arm("balanced", "Focal LR, balanced alpha", "balanced"),
    _weighted_arm("effective", "Focal LR, effective alpha", "effective"),
)
