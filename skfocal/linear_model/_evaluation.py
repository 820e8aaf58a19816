"""Value and derivatives of the objective at one point, and how far it is from a minimum."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

# Below this the slopes of all rows have underflowed, and so has what a gradient could say.
TINY = 1e-290


@dataclass
class Evaluation:
    """Value and derivatives of the objective at one point; what was not asked for is None.

    Attributes
    ----------
    value : float
    gradient : ndarray of shape (n_scores * n_columns,)
    slope_size : ndarray of shape (n_scores,)
        Weighted mean over the rows of the absolute slope of the loss in each score.
    hessian : ndarray of shape (n_scores * n_columns, n_scores * n_columns)
    """

    value: Any = None
    gradient: Any = None
    slope_size: Any = None
    hessian: Any = None

    @cached_property
    def gradient_norm(self) -> float:
        """Largest absolute entry of the gradient, relative to the slopes that it is the sum of.

        Not an absolute bound: the slopes themselves are as small as the share of the rarest
        class, or as its power gamma. At a rate of 1e-7 every gradient is below 1e-6.
        """
        entries = np.abs(self.gradient.reshape(len(self.slope_size), -1)).max(axis=1)
        return float((entries / np.maximum(self.slope_size, TINY)).max())

    def __iadd__(self, other: "Evaluation") -> "Evaluation":
        for name, value in vars(other).items():
            if value is not None:
                setattr(self, name, getattr(self, name) + value)
        return self
