"""What is known of the inverse of the Hessian: a factor of it, corrected by the last steps."""

from collections import deque
from collections.abc import Callable

import numpy as np
from scipy import linalg
from scipy.linalg import lapack

# Steps that are remembered; more make each step more expensive and save few.
MEMORY = 10


def factorised(hessian: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return what multiplies by the inverse of a Hessian.

    The diagonal is scaled to one first. Directions without curvature (collinear or constant
    columns, no penalty) are left alone.
    """
    scale = np.sqrt(np.diag(hessian))
    scale[scale == 0] = 1.0
    limit = 4 * len(scale) * np.finfo(np.float64).eps
    # LAPACK itself, in place: on a small table SciPy's checks of its input take longer than the
    # solution, and on a wide one a copy is a tenth of the rows.
    factor, failed = lapack.dpotrf(_scaled(hessian, scale).T, overwrite_a=True)
    if not failed and np.diag(factor).min() ** 2 > limit:
        return lambda vector: lapack.dpotrs(factor, vector / scale)[0] / scale
    values, vectors = linalg.eigh(_scaled(hessian, scale), check_finite=False)
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=values > limit)
    return lambda vector: (vectors @ (inverse * (vectors.T @ (vector / scale)))) / scale


def _scaled(hessian: np.ndarray, scale: np.ndarray) -> np.ndarray:
    scaled = hessian / scale
    scaled /= scale[:, None]
    return scaled


class Memory:
    """The inverse of the Hessian: a preconditioner, corrected by the last steps."""

    def __init__(self, inverse: Callable[[np.ndarray], np.ndarray]) -> None:
        self.inverse = inverse
        self.pairs: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=MEMORY)
        self.scale = 1.0

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return the step that the memory proposes, by the two-loop recursion."""
        vector, along = gradient.copy(), []
        for step, change, product in reversed(self.pairs):
            along.append(float(step @ vector) / product)
            vector -= along[-1] * change
        vector = self.scale * self.inverse(vector)
        for (step, change, product), projection in zip(self.pairs, reversed(along), strict=True):
            vector += (projection - float(change @ vector) / product) * step
        return -vector

    def add(self, step: np.ndarray, change: np.ndarray) -> None:
        """Remember a step and how it changed the gradient, if it met positive curvature."""
        product, inverse_change = float(step @ change), self.inverse(change)
        size = float(change @ inverse_change)
        if product > np.finfo(np.float64).eps * size > 0:
            self.pairs.append((step, change, product))
            self.scale = product / size

    def precondition(self, inverse: Callable[[np.ndarray], np.ndarray]) -> None:
        """Take another preconditioner, and keep the steps."""
        self.inverse, self.scale = inverse, 1.0

    def clear(self) -> bool:
        """Forget all steps; return whether there were any."""
        had_any = bool(self.pairs)
        self.pairs.clear()
        self.scale = 1.0
        return had_any
