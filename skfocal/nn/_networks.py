"""Network modules: perceptrons for tables, several trained as one."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

ACTIVATIONS = {
    "identity": lambda h: h,
    "logistic": torch.sigmoid,
    "relu": torch.relu,
    "tanh": torch.tanh,
}
# Width of the initial frequencies, in cycles per unit of the feature. Scaled features span a few
# units: most waves start below one cycle there and leave a smooth function.
_FREQUENCY_SCALE = 0.1


class TabularMLP(nn.Module):
    """Ensemble of multilayer perceptrons that runs as one batched network.

    All members see the same rows, and every layer is one batched matrix product; they differ by
    their initial weights and by what dropout removes. What the members read is shared: with
    ``numeric_embedding="periodic"`` each feature x becomes x and ``sin(2 pi c x + b)`` with
    learned frequencies c and phases b, which lets a small network bend sharply along a feature.

    Parameters
    ----------
    n_features : int in [1, inf)
        Number of features, which should be scaled to about unit variance.
    n_scores : int in [1, inf), default=1
        Scores of a row.
    hidden_layer_sizes : sequence of int in [1, inf), default=(64,)
        Width of each hidden layer; empty for linear members.
    n_members : int in [1, inf), default=8
        Perceptrons.
    numeric_embedding : {"periodic", None}, default="periodic"
        What the members read beside the features.
    n_frequencies : int in [1, inf), default=4
        Waves of each feature.
    activation : {"identity", "logistic", "relu", "tanh"}, default="relu"
        Function of the hidden units.
    dropout : float in [0, 1), default=0.1
        Share of the hidden units that is left out in training, rounded to a multiple of 1/256.
    output_bias : Tensor of shape () or (n_scores,), default=None
        Scores to start at, such as :func:`skfocal.nn.initial_bias`; None is 0.
    generator : torch.Generator, default=None
        Draws the initial weights; torch's own, which is global, if None.

    Attributes
    ----------
    generator : torch.Generator or None
        Draws what dropout leaves out; set it to a generator on the device of the module for
        results that can be repeated.

    Examples
    --------
    >>> import torch
    >>> from skfocal.nn import TabularMLP
    >>> network = TabularMLP(n_features=30, n_scores=1, n_members=8)
    >>> network(torch.zeros(5, 30)).shape
    torch.Size([8, 5, 1])
    """

    def __init__(
        self,
        n_features: int,
        n_scores: int = 1,
        *,
        hidden_layer_sizes: Sequence[int] = (64,),
        n_members: int = 8,
        numeric_embedding: str | None = "periodic",
        n_frequencies: int = 4,
        activation: str = "relu",
        dropout: float = 0.1,
        output_bias: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.dropout = dropout
        self.generator: torch.Generator | None = None
        n_inputs = n_features
        if numeric_embedding == "periodic":
            shape = n_features, n_frequencies
            waves = torch.randn(shape, generator=generator)
            self.frequencies = nn.Parameter(_FREQUENCY_SCALE * waves)
            self.phases = nn.Parameter(2 * math.pi * torch.rand(shape, generator=generator))
            n_inputs *= 1 + n_frequencies
        sizes = [n_inputs, *hidden_layer_sizes, n_scores]
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for n_in, n_out in pairwise(sizes):
            bound = 1 / math.sqrt(n_in)
            uniform = torch.rand((n_members, n_in, n_out), generator=generator)
            self.weights.append(nn.Parameter(bound * (2 * uniform - 1)))
            self.biases.append(nn.Parameter(torch.zeros(n_members, 1, n_out)))
        if output_bias is not None:
            with torch.no_grad():
                self.biases[-1] += output_bias

    def forward(self, X: Tensor) -> Tensor:
        """Return the scores of each member.

        Parameters
        ----------
        X : Tensor of shape (n, n_features)

        Returns
        -------
        Tensor of shape (n_members, n, n_scores)
        """
        if hasattr(self, "frequencies"):
            angles = (2 * math.pi * self.frequencies) * X.unsqueeze(-1) + self.phases
            X = torch.cat([X, torch.sin(angles).flatten(1)], 1)
        h = X.expand(len(self.weights[0]), -1, -1)
        activation = ACTIVATIONS[self.activation]
        last = len(self.weights) - 1
        for depth, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, h, weight)
            if depth < last:
                h = activation(h)
                if self.training and self.dropout:
                    h = _drop(h, self.dropout, self.generator)
        return h


def _drop(h: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    """Zero a share of the entries and scale the rest up.

    torch's dropout takes no generator, and its Bernoulli draws cost as much as the matrix
    products; a random byte for each entry is ten times cheaper.
    """
    n_dropped = round(256 * rate)
    words = torch.empty(-(-h.numel() // 8), dtype=torch.int64, device=h.device)
    words.random_(-(2**63), None, generator=generator)
    kept = words.view(torch.uint8)[: h.numel()].view(h.shape) >= n_dropped
    return h * kept.to(h.dtype).mul_(256 / (256 - n_dropped))
