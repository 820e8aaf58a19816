"""Random batches, and modules that fit them."""

import pytest
import torch

from skfocal.losses import list_losses
from skfocal.losses._registry import get_loss_class
from skfocal.nn import LossModule

SHAPES = {"binary": (8,), "multilabel": (8, 3), "multiclass": (8, 3)}
POINTWISE = [name for name in list_losses() if not get_loss_class(name).weighs_batch]


def generator(seed=0):
    """Seed a generator of its own."""
    return torch.Generator().manual_seed(seed)


def counts_for(task):
    """Return class counts, for losses that want some."""
    return {"binary": [6.0, 2.0], "multilabel": [[6.0, 5.0, 4.0], [2.0, 3.0, 4.0]]}.get(
        task, [4.0, 3.0, 1.0]
    )


def make(name, task, **options):
    """Build the module of a loss, with class counts."""
    return LossModule(name, task, class_counts=counts_for(task), **options)


def batch(task, dtype=torch.float64, n=8, limit=6.0, seed=0):
    """Draw scores of at most `limit` in size, and their target."""
    shape = (n, *SHAPES[task][1:])
    scores = (2 * torch.rand(shape, generator=generator(seed), dtype=dtype) - 1) * limit
    high = 3 if task == "multiclass" else 2
    target_shape = (n,) if task == "multiclass" else shape
    return scores, torch.randint(0, high, target_shape, generator=generator(seed + 1))


def combinations(names=POINTWISE):
    """Pair each loss with each task that it is defined for."""
    return [
        pytest.param(name, task, id=f"{name}-{task}")
        for name in names
        for task in SHAPES
        if task in get_loss_class(name).tasks
    ]
