"""One thread for small networks, without a trace in torch's settings."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from skfocal.utils._shared_state import SharedState

# Multiplications of a step up to which a second thread gains little, and costs ten times the
# step where another process has the core: threads then wait for each other in every operation.
_SMALL_STEP = 2**26

# Each thread has a setting of its own in torch, and changes and restores that.
_n_threads = SharedState(torch.get_num_threads, torch.set_num_threads)


@contextmanager
def step_threads(n_multiplications: int) -> Iterator[None]:
    """Let torch use one thread if a step is small, and as many as before afterwards.

    Parameters
    ----------
    n_multiplications : int
        Of the forward pass of a step.
    """
    if n_multiplications > _SMALL_STEP:
        yield
        return
    with _n_threads.enter() as (before, _):
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)
