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


def iterative_split(
    indicator: np.ndarray, fraction: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out about the same share of the positives of each label.

    Labels take turns, the one with the fewest positives left first: each of its rows goes to the
    side that lacks more of this label, or else more rows.

    Parameters
    ----------
    indicator : ndarray of shape (n, n_labels) of 0 and 1
    fraction : float in (0, 1)
        Share to hold out. A label with 5 positives is wanted on both sides.
    random : numpy.random.Generator

    Returns
    -------
    training, validation : ndarrays of int
        Sorted row numbers.

    References
    ----------
    Sechidis et al., "On the Stratification of Multi-Label Data", ECML PKDD 2011,
    doi:10.1007/978-3-642-23808-6_10
    """
    positive = indicator.astype(bool)
    totals = positive.sum(axis=0)
    held_out = np.maximum(fraction * totals, totals >= _COMMON)
    side = _deal(
        positive,
        np.stack([totals - held_out, held_out]),
        np.array([1 - fraction, fraction]) * len(positive),
        random,
    )
    return np.flatnonzero(side == 0), np.flatnonzero(side == 1)


def iterative_folds(indicator: np.ndarray, n_folds: int, random: np.random.Generator) -> np.ndarray:
    """Cut folds that hold about equally many positives of each label.

    Parameters
    ----------
    indicator : ndarray of shape (n, n_labels) of 0 and 1
    n_folds : int
    random : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n,) of int
        Fold of each row. A label with `n_folds` positives has nearly always one in each.

    References
    ----------
    As :func:`iterative_split`.
    """
    positive = indicator.astype(bool)
    share = np.full(n_folds, 1 / n_folds)
    return _deal(positive, np.outer(share, positive.sum(axis=0)), share * len(positive), random)


def _deal(
    positive: np.ndarray,
    lacking: np.ndarray,
    lacking_rows: np.ndarray,
    random: np.random.Generator,
) -> np.ndarray:
    """Return the side that each row goes to.

    `lacking`, of shape (n_sides, n_labels), and `lacking_rows` are the positives and the rows
    that each side is to have.
    """
    side = np.full(len(positive), -1)

    def assign(row: int, label: int | None) -> None:
        wanted = np.zeros(len(lacking)) if label is None else lacking[:, label]
        chosen = max(range(len(lacking)), key=lambda s: (wanted[s], lacking_rows[s]))
        side[row] = chosen
        lacking[chosen] -= positive[row]
        lacking_rows[chosen] -= 1

    while True:
        left = positive[side < 0].sum(axis=0)
        if not left.any():
            break
        label = int(np.argmin(np.where(left > 0, left, len(positive) + 1)))
        for row in random.permutation(np.flatnonzero((side < 0) & positive[:, label])):
            assign(row, label)
    for row in random.permutation(np.flatnonzero(side < 0)):
        assign(row, None)
    return side
