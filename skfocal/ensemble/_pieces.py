"""Functions of one number, made of cubic pieces of equal width, and lines beyond them."""

import numpy as np
from scipy.interpolate import PPoly


class Pieces:
    """A spline that looks up about as fast as an exponential.

    Parameters
    ----------
    spline : PPoly
        Cubic, with nodes of equal distance.
    """

    def __init__(self, spline: PPoly) -> None:
        self._ends = spline.x[[0, -1]]
        self._n_pieces = len(spline.x) - 1
        self._per_unit = self._n_pieces / (self._ends[1] - self._ends[0])
        self._slopes = spline(self._ends, 1)
        # As polynomials of the position within a piece, from 0 to 1; highest power first.
        self._powers = spline.c * self._per_unit ** -np.arange(3.0, -1, -1)[:, None]

    def clipped(self, x: np.ndarray) -> np.ndarray:
        """Return the spline at numbers of any float type; beyond its ends, the value there."""
        piece, place = self._place(x)
        result = self._powers[0].take(piece)
        for power in self._powers[1:]:
            result *= place
            result += power.take(piece)
        return result

    def line(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return value and slope; beyond its ends the spline goes on in a line."""
        piece, place = self._place(x)
        result, slope = self._powers[0].take(piece), np.zeros(x.shape)
        for power in self._powers[1:]:
            slope *= place
            slope += result
            result *= place
            result += power.take(piece)
        slope *= self._per_unit
        beyond = self.beyond(x, self._slopes)
        return (result if beyond is None else result + beyond), slope

    def beyond(self, x: np.ndarray, slopes: np.ndarray) -> np.ndarray | None:
        """Return what lines of two slopes add below and above; None if no number is there."""
        low, high = self._ends
        if not x.size or (x.min() >= low and x.max() <= high):
            return None
        return np.minimum(x - low, 0.0) * slopes[0] + np.maximum(x - high, 0.0) * slopes[1]

    def _place(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # In place: what fits into the cache decides the speed.
        place = np.clip(x, *self._ends).astype(np.float64, copy=False)
        place -= self._ends[0]
        place *= self._per_unit
        piece = np.minimum(place.astype(np.intp), self._n_pieces - 1)
        place -= piece
        return piece, place
