"""A trained network and the scores of rows: NumPy alone, unless the network is the user's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import gen_batches

from skfocal.neural_network._cross_fitting import unseen_scores
from skfocal.neural_network._scaling import Scaling
from skfocal.neural_network._settings import NetworkSettings
from skfocal.nn import State, forward
from skfocal.utils._blocks import map_rows

# Numbers that the widest layer of all members holds at once; on wide tables more, since each block
# reads all weights.
BLOCK = 2**18
FEWEST_ROWS = 128
# Rows whose scores of all members are held, to choose from.
_SCORED_ROWS = 2**13

Score = Callable[[Any], np.ndarray]


@dataclass(frozen=True)
class FittedNetwork:
    """The weights of a network, and what its rows are scaled by.

    Parameters
    ----------
    settings : NetworkSettings
    n_scores : int
    scaling : Scaling
    arrays : dict of ndarray, or None
        Its weights by name; None with a module.
    module : torch.nn.Module or None
        A trained network of the user's, in evaluation mode.
    """

    settings: NetworkSettings
    n_scores: int
    scaling: Scaling
    arrays: State | None
    module: Any = None

    @property
    def state(self) -> State:
        """The weights as arrays."""
        if self.arrays is not None:
            return self.arrays
        return {name: value.numpy() for name, value in self.module.state_dict().items()}

    def map_scores(
        self, X: Any, convert: Callable[[np.ndarray], np.ndarray], dtype: Any = np.float64
    ) -> np.ndarray:
        """Return what `convert` makes of the members' scores, from blocks of rows.

        Parameters
        ----------
        X : {ndarray, CSR} of shape (n, n_features)
            Rows as the user has them.
        convert : callable
            From scores of shape (n_members, m, n_scores) to an array with m rows.
        dtype : float dtype, default=float64
            Of the computation: in float64, though the weights are float32, rounding does not show
            whether a row is predicted alone or among others.

        Returns
        -------
        ndarray with n rows
        """
        thin = self.settings.keeps_sparse(X, self.scaling)
        scale = self.scaling.divide if thin else self.scaling.apply
        score, n_rows = self._of_module() if self.arrays is None else self._of_arrays(dtype, thin)
        return map_rows(lambda rows: convert(score(scale(rows))), X, n_rows)

    def unseen_scores(self, X: Any, left_out: np.ndarray) -> np.ndarray:
        """Return the scores of rows by the members that have left them out.

        Parameters
        ----------
        X : {ndarray, CSR} of shape (n, n_features)
        left_out : ndarray of shape (n_cuts, n)

        Returns
        -------
        ndarray of shape (n_cuts, n, n_scores)
        """
        parts = [
            unseen_scores(
                self.map_scores(X[rows], lambda members: members.swapaxes(0, 1)).swapaxes(0, 1),
                left_out[:, rows],
            )
            for rows in gen_batches(X.shape[0], _SCORED_ROWS)
        ]
        return np.concatenate(parts, axis=1)

    def _of_arrays(self, dtype: Any, thin: bool) -> tuple[Score, int]:
        """Return a function from scaled rows to scores, and the rows of a block."""
        # Cast once, and not for every block; but few of the first weights meet sparse rows.
        kept = {"weights.0"} if thin else set()
        state = {
            name: value if name in kept else value.astype(dtype, copy=False)
            for name, value in self.state.items()
        }
        weights = [value for name, value in state.items() if name.startswith("weights.")]
        width = max(max(w.shape[1], w.shape[0] * w.shape[2]) for w in weights)
        if self.settings.own_waves:
            width = max(width, weights[0].shape[0] * weights[0].shape[1])

        def score(rows: Any) -> np.ndarray:
            return forward(state, rows.astype(dtype, copy=False), self.settings.activation)

        return score, max(FEWEST_ROWS, BLOCK // width)

    def _of_module(self) -> tuple[Score, int]:
        # A method of the module, so that torch, which is loaded with it, is not imported here.
        return self.module.score_rows, max(1, BLOCK // len(self.scaling.mean))
