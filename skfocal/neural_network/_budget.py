"""How long to train: what "auto" means for the size of batches and the number of epochs."""

# About so many steps, but on a small table no more than so many epochs, beyond which a network
# overfits it; batches are then small enough for all the steps, within these bounds.
# benchmarks/choose_defaults.py has chosen the numbers.
STEPS = 800
EPOCHS = 20
SMALLEST_BATCH, LARGEST_BATCH = 32, 256


def choose_batch_size(n_rows: int) -> int:
    """Return the rows of a batch.

    Examples
    --------
    >>> from skfocal.neural_network._budget import choose_batch_size
    >>> [choose_batch_size(n) for n in (200, 3_000, 100_000)]
    [32, 75, 256]
    """
    return min(max(n_rows * EPOCHS // STEPS, SMALLEST_BATCH), LARGEST_BATCH)


def choose_epochs(n_rows: int, batch_size: int) -> int:
    """Return the number of epochs that comes closest to the number of steps.

    Examples
    --------
    >>> from skfocal.neural_network._budget import choose_epochs
    >>> [choose_epochs(n, 256) for n in (3_000, 100_000, 1_000_000)]
    [20, 2, 1]
    """
    n_batches = -(-n_rows // batch_size)
    return min(max(round(STEPS / n_batches), 1), EPOCHS)
