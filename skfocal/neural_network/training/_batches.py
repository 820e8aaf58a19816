"""Batches cut from tensors: no access to single rows, nothing to collate."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from skfocal.neural_network._scaling import Scaling

Batch = tuple[Tensor, Tensor, Tensor | None]


class RowBatches:
    """Batches of shuffled rows, in a new order each time they are iterated over.

    A dense table is kept once, scaled, in float32, and rows are gathered from it for each batch; a
    CSR table is scaled a batch at a time, and made dense unless it is thin. Batches differ in size
    by one row at most: the remainder of an even cut would take a full step with the noise of few
    rows.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, n_features)
    target : ndarray of shape (n,) or (n, n_labels)
    weight : ndarray of shape (n,) or (n_members, n), or None
    scaling : Scaling
    thin : bool
        Whether CSR rows stay sparse.
    batch_size : int
        Most rows of a batch.
    generator : torch.Generator
        Shuffles.
    device : torch.device
    """

    def __init__(
        self,
        X: Any,
        target: Any,
        weight: Any,
        *,
        scaling: Scaling,
        thin: bool,
        batch_size: int,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        self.n_rows = len(target)
        self.n_batches = -(-self.n_rows // batch_size)
        self.generator = generator
        self.device = device
        self._scaling, self._thin = scaling, thin
        self._X = X if sparse.issparse(X) else torch.from_numpy(scaling.apply(X)).to(device)
        self._target = torch.from_numpy(target).to(device)
        self._weight = None if weight is None else torch.from_numpy(weight).float().to(device)

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[Batch]:
        order = torch.randperm(self.n_rows, generator=self.generator)
        for rows in order.to(self.device).tensor_split(self.n_batches):
            weight = None if self._weight is None else self._weight[..., rows]
            yield self.take(rows), self._target[rows], weight

    def take(self, rows: Tensor) -> Tensor:
        """Return rows, scaled.

        Parameters
        ----------
        rows : Tensor of shape (m,) of int64

        Returns
        -------
        Tensor of shape (m, n_features) of float32
        """
        if isinstance(self._X, Tensor):
            return self._X[rows]
        chosen = self._X[rows.cpu().numpy()]
        return to_tensor(chosen, self._scaling, self._thin).to(self.device)


def to_tensor(X: Any, scaling: Scaling, thin: bool) -> Tensor:
    """Return scaled rows as a tensor of float32, sparse if they are thin."""
    if not thin:
        return torch.from_numpy(scaling.apply(X))
    rows = scaling.divide(X).tocoo()
    places = torch.from_numpy(np.stack(rows.coords).astype(np.int64))
    values = torch.from_numpy(rows.data)
    return torch.sparse_coo_tensor(places, values, rows.shape, check_invariants=False).coalesce()
