"""Fixtures of the tests of the networks."""

from typing import NamedTuple

import pytest
import torch

from skfocal.nn import TabularMLP


class Pass(NamedTuple):
    training: bool
    X: torch.Tensor
    others: tuple  # arguments beside X
    n_threads: int


@pytest.fixture
def passes(monkeypatch):
    """Every pass of rows through a network."""
    seen = []
    # The first layer of a pass, with autograd and without it.
    original = TabularMLP.embed

    def embed(self, X, *args, **kwargs):
        others = (*args, *kwargs)
        seen.append(Pass(self.training, X.detach().clone(), others, torch.get_num_threads()))
        return original(self, X, *args, **kwargs)

    monkeypatch.setattr(TabularMLP, "embed", embed)
    return seen


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)
