"""The rows that a tree sees, and what trees say of the rows that they have not seen."""

from fractions import Fraction

import numpy as np

from skfocal.ensemble._booster import Watch
from skfocal.ensemble._objective import Objective

# Of every `m` rows of a class a tree sees `k`; a larger m would not be noticed.
LARGEST_DENOMINATOR = 20


def as_share(subsample: float) -> Fraction:
    """Return a fraction of the rows as one of few."""
    return Fraction(subsample).limit_denominator(LARGEST_DENOMINATOR)


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
        self._order = order[np.argsort(codes[order], kind="stable")]
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


class BaggedObjective(Objective):
    """An objective that shows each tree some of the rows, with weights that keep the totals.

    It adds up what trees say of rows that they have not seen, each tree as often as makes the
    expected sum that of all trees. The engines tell only the sum of the trees, so each tree is a
    difference of two sums.

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
    earlier : ndarray or None
        The result for the same rows and trees grown before. Without, those count as they are.
    """

    def __init__(
        self,
        objective: Objective,
        share: Fraction,
        random: np.random.Generator,
        follows: bool = True,
        watch: Watch | None = None,
        earlier: np.ndarray | None = None,
    ) -> None:
        super().__init__(objective.loss, objective.task)
        self._objective = objective
        self._share = share
        self._random = random
        self._follows = follows
        self._watch = watch
        self._earlier = earlier
        self._n_trees = 0
        self._sum = np.empty(0)
        self._best: tuple[int, np.ndarray | None] = (-1, None)

    def differentiate(
        self,
        target: np.ndarray,
        raw: np.ndarray,
        sample_weight: np.ndarray | None,
        gradient: np.ndarray,
        curvature: np.ndarray,
    ) -> None:
        """Write gradient and curvature of all rows, both 0 where the next tree does not look."""
        first = self._n_trees == 0
        if first:
            self._bags = Bags(target, self._share, self._random)
        elif self._follows:
            self._sum += self._unseen_part(raw)
        if self._follows and first:
            known = self._earlier is not None and self._earlier.shape == raw.shape
            self._sum = np.array(self._earlier if known else raw, dtype=np.float64)
        if self._watch is not None and self._watch.best_round == self._n_trees:
            self._best = self._n_trees, self._sum.copy() if self._follows else None
        self._unseen = self._bags.draw(self._n_trees)
        if self._follows:
            self._sum -= self._unseen_part(raw)
        self._n_trees += 1
        weight = np.where(self._unseen, 0.0, float(1 / self._share))
        if sample_weight is not None:
            weight *= sample_weight
        self._objective.differentiate(target, raw, weight, gradient, curvature)

    def out_of_bag(self, raw: np.ndarray) -> np.ndarray:
        """Return the sums of the trees that did not see a row, scaled up to all trees.

        Parameters
        ----------
        raw : ndarray of shape (n,) or (n, K)
            What all trees add up for the training rows.

        Returns
        -------
        ndarray of the shape of `raw`
        """
        n_trees, best = self._best
        if self._watch is not None and best is not None and self._watch.best_round == n_trees:
            return best
        return self._sum + self._unseen_part(raw)

    def _unseen_part(self, raw: np.ndarray) -> np.ndarray:
        """Return the rows that the last tree did not see, scaled up, and zeros elsewhere."""
        scale = self._unseen * float(1 / (1 - self._share))
        return raw * scale.reshape(-1, *[1] * (raw.ndim - 1))
