"""One thread for small networks, without a trace in torch's settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

# Multiplications of a step up to which a second thread gains little, and costs ten times the
# step where another process has the core: threads then wait for each other in every operation.
_SMALL_STEP = 2**26

_lock = Lock()
_users = 0
_before = 1


@contextmanager
def step_threads(n_multiplications: int) -> Iterator[None]:
    """Let torch use one thread if a step is small, and as many as before afterwards.

    The setting belongs to the process. Fits that overlap in time would restore each other's, so
    the first one in stores what it finds, and everyone restores that.

    Parameters
    ----------
    n_multiplications : int
        Of the forward pass of a step.
    """
    global _users, _before
    if n_multiplications > _SMALL_STEP:
        yield
        return
    with _lock:
        if _users == 0:
            _before = torch.get_num_threads()
        _users += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            torch.set_num_threads(_before)
