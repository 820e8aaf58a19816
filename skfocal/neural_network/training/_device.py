"""Where to train, on how many threads and from which seed, without a trace in torch's settings."""

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


def find_device(name: str, owner: str) -> torch.device:
    """Return a device that exists.

    Parameters
    ----------
    name : str
        ``"auto"`` is CUDA if there is one, else the CPU.
    owner : str
        The class of the estimator, for the message.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If torch knows no such device, or finds none here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.Generator(device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{owner}: device must be 'auto', 'cpu' or a device that torch finds here, such as "
            f"'cuda', got {name!r}: {reason}"
        ) from None
    return device


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators, and leave them as they were."""
    on_cuda = device.type == "cuda"
    with torch.random.fork_rng([device] if on_cuda else []):
        # Not torch.manual_seed, which seeds the devices that are not in use too.
        torch.default_generator.manual_seed(seed)
        if on_cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
