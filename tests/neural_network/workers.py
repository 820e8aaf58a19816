"""What tests run in worker processes: workers import this module and nothing beside it."""

from unittest import mock

import torch
from threadpoolctl import threadpool_info

from skfocal.nn import TabularMLP


def threads_in_fit(model, X, y):
    """Return the numbers of threads, torch's and BLAS's, that passes through the network see."""
    seen = set()
    original = TabularMLP.embed

    def embed(self, X):
        seen.add(torch.get_num_threads())
        seen.update(pool["num_threads"] for pool in threadpool_info())
        return original(self, X)

    with mock.patch.object(TabularMLP, "embed", embed):
        model.fit(X, y)
    return seen
