"""How long to train: what "auto" means for the size of batches and the number of epochs."""

from typing import NamedTuple


class Budget(NamedTuple):
    """About so many steps, in batches that fit the table.

    Attributes
    ----------
    steps : int
        Steps of the optimizer to come close to.
    epochs : int
        Most epochs: with more a network overfits a small table.
    smallest_batch, largest_batch : int
        Bounds of the rows of a batch.

    Examples
    --------
    >>> from skfocal.neural_network._budget import BUDGET
    >>> [BUDGET.batch_size(n) for n in (200, 3_000, 100_000)]
    [32, 75, 256]
    >>> [BUDGET.n_epochs(n, batch_size=256) for n in (3_000, 100_000, 1_000_000)]
    [20, 2, 1]
    """

    steps: int
    epochs: int
    smallest_batch: int
    largest_batch: int

    def batch_size(self, n_rows: int) -> int:
        """Return the rows of a batch with which all the steps fit into the epochs."""
        return min(max(n_rows * self.epochs // self.steps, self.smallest_batch), self.largest_batch)

    def n_epochs(self, n_rows: int, batch_size: int) -> int:
        """Return the number of epochs that comes closest to the number of steps."""
        n_batches = -(-n_rows // batch_size)
        return min(max(round(self.steps / n_batches), 1), self.epochs)


# Chosen by benchmarks/choose_defaults.py.
BUDGET = Budget(steps=800, epochs=20, smallest_batch=32, largest_batch=256)
