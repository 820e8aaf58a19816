"""The rows that a tree sees, and what trees say of the rows that they have not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from skfocal.ensemble._booster import Booster, Watch
from skfocal.ensemble._objective import Objective

# Of every `m` rows of a class a tree sees `k`; a larger m would not be noticed.
LARGEST_DENOMINATOR = 20


def as_share(subsample: float) -> Fraction:
    """Return a fraction of the rows as one of few."""
    return Fraction(subsample).limit_denominator(LARGEST_DENOMINATOR)


def check_unseen(share: Fraction, engine: type[Booster], engine_params: Mapping[str, Any]) -> None:
    """Raise ValueError where rows that trees have not seen cannot tell the intercept."""
    if share == 1:
        raise ValueError(
            "calibrate_intercept=True looks at rows that a tree has not seen, and subsample=1.0 "
            "leaves none; take a smaller subsample, such as 0.5, or calibrate_intercept=False."
        )
    if engine.changes_earlier_trees(engine_params):
        raise ValueError(
            "calibrate_intercept=True needs trees that stay as they were grown, and "
            f"engine_params={engine_params!r} changes them; set calibrate_intercept=False."
        )


class Bags:
    """A part of the rows for each tree.

    Rows of a class stand in groups of m, of which each tree sees k. Within m trees every row is
    seen k times; then the groups are turned anew. So a rare class has its share in every tree, and
    with one half a tree sees what the one before did not.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Classes of the rows.
    share : Fraction
        k / m, below 1.
    random : numpy.random.Generator
    """

    def __init__(self, codes: np.ndarray, share: Fraction, random: np.random.Generator) -> None:
        self._share = share
        self._random = random
        # Shuffled first: neighbours in the table may be copies of each other.
        order = random.permutation(len(codes))
        self._order = order[np.argsort(codes[order], kind="stable")].astype(np.uint32)
        self._place = np.empty(len(codes), np.uint8)

    def draw(self, number: int) -> np.ndarray:
        """Return which rows the tree of a number does not see; numbers follow each other."""
        k, m = self._share.as_integer_ratio()
        n_rows = len(self._order)
        if number % m == 0:
            turns = self._random.integers(m, size=-(-n_rows // m), dtype=np.uint8)
            places = turns[:, None] + np.arange(m, dtype=np.uint8)
            self._place[self._order] = places.reshape(-1)[:n_rows]
        return (self._place + np.uint8(number * k % m)) % np.uint8(m) >= k


@dataclass(frozen=True)
class OutOfBag:
    """What trees say of rows that they have not seen.

    Attributes
    ----------
    raw : ndarray of shape (n,) or (n, K)
        For each row the sum of the trees that have not seen it, scaled up to all trees.
    noise : ndarray of the shape of `raw`
        A random error like that of `raw`, which stands for all trees but is of fewer.
    """

    raw: np.ndarray
    noise: np.ndarray


class BaggedObjective(Objective):
    """An objective that shows each tree some of the rows, with weights that keep the totals.

    It adds up what trees say of rows that they have not seen, each tree as often as makes the
    expected sum that of all trees. The engines tell only the sum of the trees, so each tree is a
    difference of two sums.

    How much a turn of the groups adds to this sum beyond what its trees add to all is an error of
    mean 0 that depends on the draw of that turn alone. So with random signs these errors make
    another draw of the noise in the sum.

    Parameters
    ----------
    objective : Objective
    share : Fraction
        Of the rows that a tree sees.
    random : numpy.random.Generator
    follows : bool
        Whether to add up the trees.
    watch : Watch or None
        With early stopping: its best round is the one that counts.
    earlier : OutOfBag or None
        The result for the same rows and trees grown before. Without, those count as they are.
    """

    def __init__(
        self,
        objective: Objective,
        share: Fraction,
        random: np.random.Generator,
        follows: bool = True,
        watch: Watch | None = None,
        earlier: OutOfBag | None = None,
    ) -> None:
        super().__init__(objective.loss, objective.task)
        self._objective = objective
        self._share = share
        self._random = random
        self._follows = follows
        self._watch = watch
        self._earlier = earlier
        self._n_trees = 0
        # Of the trees that have not seen a row, times 1 - share: scaled up at the end alone. Single
        # precision, here and below, is far more than a mean of noisy rows needs.
        self._sum = np.empty(0, np.float32)
        # Of the turns that have ended, and how far the sum was then from that of all trees.
        self._noise = self._excess = self._sum
        # Of its own, so that the trees are the same if nobody follows them.
        self._signs = random.spawn(1)[0]
        self._best: tuple[int, np.ndarray, np.ndarray, np.ndarray] | None = None

    def differentiate(
        self,
        target: np.ndarray,
        raw: np.ndarray,
        sample_weight: np.ndarray | None,
        gradient: np.ndarray,
        curvature: np.ndarray,
    ) -> None:
        """Write gradient and curvature of all rows, both 0 where the next tree does not look."""
        if self._n_trees == 0:
            self._bags = Bags(target, self._share, self._random)
        if self._follows:
            self._end_tree(raw)
        self._unseen = self._bags.draw(self._n_trees)
        if self._follows:
            self._sum -= self._unseen_part(raw)
        self._n_trees += 1
        # A product takes a quarter of the time of a choice, here and below.
        weight = ~self._unseen * np.float32(1 / self._share)
        if sample_weight is not None:
            weight *= sample_weight
        self._objective.differentiate(target, raw, weight, gradient, curvature)

    def out_of_bag(self, raw: np.ndarray) -> OutOfBag:
        """Return what trees say of rows that they have not seen.

        Parameters
        ----------
        raw : ndarray of shape (n,) or (n, K)
            What all trees add up for the training rows.
        """
        if self._best is not None and self._best[0] == self._best_round:
            _, self._sum, self._noise, self._excess = self._best
        else:
            self._sum += self._unseen_part(raw)
        self._end_turn(raw)
        return OutOfBag(self._excess + raw, self._noise)

    @property
    def _best_round(self) -> int | None:
        # Of new trees at least one is kept, unless there are others.
        return None if self._watch is None else max(self._earlier is None, self._watch.best_round)

    def _end_tree(self, raw: np.ndarray) -> None:
        """Add the last tree to the sums of the rows that it did not see, or start them."""
        if self._n_trees:
            self._sum += self._unseen_part(raw)
            if self._n_trees % self._share.denominator == 0:
                self._end_turn(raw)
        else:
            earlier = self._earlier
            if earlier is None or earlier.raw.shape != raw.shape:
                earlier = OutOfBag(raw, np.zeros(raw.shape, np.float32))
            self._sum = np.array(earlier.raw, np.float32) * np.float32(1 - self._share)
            self._noise = earlier.noise
            self._excess = np.subtract(earlier.raw, raw, dtype=np.float32)
        if self._best_round == self._n_trees:
            self._best = self._n_trees, self._sum.copy(), self._noise, self._excess

    def _end_turn(self, raw: np.ndarray) -> None:
        """Add the error of the trees since the groups were turned to the noise."""
        # New arrays: those of the best round are kept.
        excess = self._sum / np.float32(1 - self._share)
        excess -= raw
        error = excess - self._excess
        signs = self._signs.integers(2, size=len(raw), dtype=np.int8) * np.int8(2) - np.int8(1)
        error *= signs.reshape(-1, *[1] * (raw.ndim - 1))
        error += self._noise
        self._noise, self._excess = error, excess

    def _unseen_part(self, raw: np.ndarray) -> np.ndarray:
        """Return zeros where the last tree has seen a row."""
        return raw * self._unseen.reshape(-1, *[1] * (raw.ndim - 1))
