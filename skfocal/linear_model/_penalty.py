"""The elastic net: its two strengths, and where it is served."""

from typing import Any

import numpy as np

from skfocal._classifier import Target
from skfocal.linear_model.solvers import PROXIMAL_COEFFICIENTS


def l2_inverse(C: float, l1_ratio: float) -> float:
    """Return the C of the squared part."""
    return C / (1.0 - l1_ratio) if l1_ratio < 1.0 else np.inf


def l1_strength(C: float, l1_ratio: float, total_weight: float) -> float:
    """Return the factor of ``||coef||_1`` beside the mean loss."""
    return l1_ratio / (C * total_weight)


def check_l1(model: Any, n_features: int, target: Target) -> None:
    """Refuse what the proximal Newton method does not do, before any work."""
    if model.l1_ratio == 0 or np.isinf(model.C):
        return
    head = f"{type(model).__name__}: l1_ratio={model.l1_ratio:g} "
    if target.task != "binary":
        raise ValueError(
            f"{head}is for two classes, got {len(target.classes)}; use l1_ratio=0, or "
            "OneVsRestClassifier."
        )
    if model.solver not in ("auto", "newton"):
        raise ValueError(f"{head}needs solver='auto' or 'newton', got {model.solver!r}.")
    if n_features >= PROXIMAL_COEFFICIENTS:
        raise ValueError(
            f"{head}is for fewer than {PROXIMAL_COEFFICIENTS:,} columns, got {n_features:,}; use "
            "l1_ratio=0, or select columns first."
        )
