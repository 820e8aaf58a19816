"""Which rows are held out for early stopping."""

import numpy as np

# A class or label of so many rows is on both sides of every split.
_COMMON = 5


def stratified_split(
    codes: np.ndarray, fraction: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out the same share of each class.

    Parameters
    ----------
    codes : ndarray of shape (n,) of int
        Class of each row.
    fraction : float in (0, 1)
        Share to hold out. Each class keeps at least one row in training, and has at least one
        on the other side if it has 5.
    random : numpy.random.Generator

    Returns
    -------
    training, validation : ndarrays of int
        Sorted row numbers.
    """
    held_out = np.zeros(len(codes), dtype=bool)
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        count = round(fraction * len(rows))
        count = min(max(count, int(len(rows) >= _COMMON)), len(rows) - 1)
        held_out[random.choice(rows, count, replace=False)] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
