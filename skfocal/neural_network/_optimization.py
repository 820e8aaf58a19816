"""Optimizers and courses of the learning rate: each is one entry here, and needs no torch."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class OptimizerChoice(NamedTuple):
    """A class of ``torch.optim`` by its name, and arguments for it."""

    name: str
    arguments: dict[str, Any]


OPTIMIZERS = {
    "adamw": OptimizerChoice("AdamW", {}),
    "adam": OptimizerChoice("Adam", {}),
    "sgd": OptimizerChoice("SGD", {"momentum": 0.9, "nesterov": True}),
}

# The learning rate relative to learning_rate_init, after a fraction t of the steps.
LEARNING_RATES: dict[str, Callable[[float], float]] = {
    "linear": lambda t: 1 - t,
    "constant": lambda t: 1.0,
    "cosine": lambda t: (1 + np.cos(np.pi * t)) / 2,
    # Up for a third of the way, then down; the initial value is the peak.
    "one-cycle": lambda t: (
        (1 - np.cos(3 * np.pi * t)) / 2 if t < 1 / 3 else (1 + np.cos(np.pi * (1.5 * t - 0.5))) / 2
    ),
}
