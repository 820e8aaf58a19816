"""Which rows are held out: stratified by class, by groups of rows, or by any number of labels."""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

# A class or label of so many rows is on both sides of every split.
_COMMON = 5
_MOST_TRIALS = 20


def class_split(
    codes: np.ndarray, fraction: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out the same fraction of each class.

    Parameters
    ----------
    codes : ndarray of shape (n,) of int
        Class of each row.
    fraction : float in (0, 1)
        Fraction to hold out. Each class keeps at least one row in training, and has at least one
        on the other side if it has 5.
    random : numpy.random.Generator
        Draws the rows.

    Returns
    -------
    training : ndarray of int
        Sorted numbers of the rows to train on.
    validation : ndarray of int
        Sorted numbers of the rows held out.
    """
    held_out = np.zeros(len(codes), dtype=bool)
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        count = round(fraction * len(rows))
        count = min(max(count, int(len(rows) >= _COMMON)), len(rows) - 1)
        held_out[random.choice(rows, count, replace=False)] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def label_split(
    indicator: np.ndarray, fraction: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out about the same fraction of the positives of each label.

    Labels take turns, the one with the fewest positives left first: each of its rows goes to the
    side that lacks more of this label, or else more rows.

    Parameters
    ----------
    indicator : ndarray of shape (n, n_labels) of 0 and 1
        Labels of each row.
    fraction : float in (0, 1)
        Fraction to hold out. A label with 5 positives is wanted on both sides.
    random : numpy.random.Generator
        Draws the rows.

    Returns
    -------
    training : ndarray of int
        Sorted numbers of the rows to train on.
    validation : ndarray of int
        Sorted numbers of the rows held out.

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


def class_folds(
    y: np.ndarray, n_folds: int, random_state: int, groups: np.ndarray | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut folds that hold about the same fraction of each class.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Class of each row. One with fewer rows than folds is absent from some.
    n_folds : int
        Number of folds.
    random_state : int
        Seed of the shuffling.
    groups : ndarray of shape (n,), default=None
        Rows of one group stay together.

    Returns
    -------
    list of (training, test)
        Row numbers, a pair for each fold.
    """
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(n_folds, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        # Which classes may be absent from a fold is for the caller to say.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(splitter.split(np.zeros((len(y), 1)), y, groups))


def label_folds(
    indicator: np.ndarray, n_folds: int, random_state: int, groups: np.ndarray | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut folds that hold about equally many positives of each label.

    Labels that share rows constrain each other, so several cuts are tried until every label
    with as many positives as there are folds is in each of them; otherwise the best is taken.

    Parameters
    ----------
    indicator : ndarray of shape (n, n_labels) of 0 and 1
        Labels of each row.
    n_folds : int
        Number of folds.
    random_state : int
        Seed of the shuffling.
    groups : ndarray of shape (n,), default=None
        Rows of one group stay together; a group has each label that one of its rows has.

    Returns
    -------
    list of (training, test)
        Row numbers, a pair for each fold.

    References
    ----------
    As :func:`label_split`.
    """
    if groups is not None:
        names, codes = np.unique(groups, return_inverse=True)
        any_row = np.zeros((len(names), indicator.shape[1]), dtype=indicator.dtype)
        np.maximum.at(any_row, codes, indicator)
        folds = label_folds(any_row, n_folds, random_state)
        rows = [[np.flatnonzero(np.isin(codes, part)) for part in fold] for fold in folds]
        return [(train, test) for train, test in rows]
    positive, random = indicator.astype(bool), np.random.default_rng(random_state)
    best, fewest = np.empty(0), np.inf
    for _ in range(_MOST_TRIALS):
        fold = _deal_folds(positive, n_folds, random)
        missing = _count_missing(positive, fold, n_folds)
        if missing < fewest:
            best, fewest = fold, missing
        if not fewest:
            break
    return [(np.flatnonzero(best != k), np.flatnonzero(best == k)) for k in range(n_folds)]


def past_folds(
    time: np.ndarray, n_folds: int, groups: np.ndarray | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut folds that train on the past and test on what follows.

    The rows, in the order of time, are cut into one stretch more than there are folds, of about
    equally many rows. Fold k trains on the first k stretches and tests on the next one. Rows of
    the same time are never parted.

    scikit-learn's ``TimeSeriesSplit`` takes rows that are sorted already, and parts rows of the
    same time.

    Parameters
    ----------
    time : ndarray of shape (n,)
        Numbers that grow with time.
    n_folds : int >= 1
        Number of folds.
    groups : ndarray of shape (n,), default=None
        A group that has rows to test has none to train on.

    Returns
    -------
    list of (training, test)
        Row numbers, a pair for each fold, the earliest first.

    Raises
    ------
    ValueError
        If there are fewer different times than stretches.

    Examples
    --------
    >>> import numpy as np
    >>> from skfocal.model_selection import past_folds
    >>> [(train.tolist(), test.tolist()) for train, test in past_folds(np.array([3, 1, 2, 2]), 2)]
    [([1], [2, 3]), ([1, 2, 3], [0])]
    """
    times, codes = np.unique(time, return_inverse=True)
    if len(times) <= n_folds:
        raise ValueError(
            f"{n_folds} folds in the order of time need {n_folds + 1} different times; "
            f"there are {len(times)}."
        )
    ends = np.cumsum(np.bincount(codes))
    place = np.arange(n_folds)
    last = np.searchsorted(ends, (place + 1) * len(time) / (n_folds + 1))
    # Of many rows at one time several cuts would coincide: each takes one time more than the last,
    # and leaves one for each that follows.
    last = np.maximum.accumulate(last - place) + place
    last = np.minimum(last, len(times) - 1 - n_folds + place)
    stretch = np.searchsorted(last, codes)
    folds = []
    for k in place + 1:
        train, test = np.flatnonzero(stretch < k), np.flatnonzero(stretch == k)
        if groups is not None:
            train = train[~np.isin(groups[train], groups[test])]
        folds.append((train, test))
    return folds


def _deal_folds(positive: np.ndarray, n_folds: int, random: np.random.Generator) -> np.ndarray:
    """Return the fold of each row."""
    share = np.full(n_folds, 1 / n_folds)
    return _deal(positive, np.outer(share, positive.sum(axis=0)), share * len(positive), random)


def _count_missing(positive: np.ndarray, fold: np.ndarray, n_folds: int) -> int:
    """Return how often a label that could be in every fold is not in one."""
    counts = np.stack([positive[fold == k].sum(axis=0) for k in range(n_folds)])
    return int((counts[:, counts.sum(axis=0) >= n_folds] == 0).sum())


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
