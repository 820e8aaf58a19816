"""The elastic net: its two strengths, and where it is served."""

import numpy as np

from skfocal._classifier import Target
from skfocal.linear_model.solvers import PROXIMAL_COEFFICIENTS
from skfocal.tasks import get_task


def l2_inverse(C: float, l1_ratio: float) -> float:
    """Return the C of the squared part."""
    return C / (1.0 - l1_ratio) if l1_ratio < 1.0 else np.inf


def l1_strength(C: float, l1_ratio: float, total_weight: float) -> float:
    """Return the factor of ``||coef||_1`` beside the mean loss."""
    return l1_ratio / (C * total_weight)


def check_l1(name: str, l1_ratio: float, solver: str, n_features: int, target: Target) -> None:
    """Refuse what the proximal Newton method does not do, before any work."""
    head = f"{name}: l1_ratio={l1_ratio:g} "
    if solver not in ("auto", "newton"):
        raise ValueError(f"{head}needs solver='auto' or 'newton', got {solver!r}.")
    n_scores = get_task(target.task).n_scores(target.class_weight)
    if n_features * n_scores >= PROXIMAL_COEFFICIENTS:
        of_classes = f" for each of {n_scores} classes" if n_scores > 1 else ""
        raise ValueError(
            f"{head}is for fewer than {PROXIMAL_COEFFICIENTS // n_scores:,} columns{of_classes}, "
            f"got {n_features:,}; use l1_ratio=0, or select columns first."
        )
