"""Network modules: perceptrons for tables, several trained as one."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skfocal.nn._activations import ACTIVATIONS
from skfocal.nn._forward import NORM_EPS

# Width of the initial frequencies, in cycles per unit of the feature. Scaled features span a few
# units: most waves start below one cycle there and leave a smooth function.
_FREQUENCY_SCALE = 0.1


class TabularMLP(nn.Module):
    """Ensemble of multilayer perceptrons that runs as one batched network.

    All members see the same rows, and every layer is one batched matrix product; they differ in
    their initial weights and their dropout. Their inputs are the same, without `own_waves`: with
    ``numeric_embedding="periodic"`` each feature x becomes x and ``sin(2 pi c x + b)`` with
    learned frequencies c and phases b, so that a small network can change sharply along a feature.

    Parameters
    ----------
    n_features : int in [1, inf)
        Number of features, which should be scaled to about unit variance.
    n_scores : int in [1, inf), default=1
        Number of scores per row.
    hidden_layer_sizes : sequence of int in [1, inf), default=(64,)
        Width of each hidden layer; empty for linear members.
    n_members : int in [1, inf), default=8
        Number of perceptrons.
    numeric_embedding : {"periodic", None}, default="periodic"
        Inputs of the members in addition to the features.
    n_frequencies : int in [1, inf), default=4
        Number of sine waves per feature.
    own_waves : bool, default=False
        Whether each member learns waves of its own, so that members share nothing.
    activation : {"identity", "logistic", "relu", "tanh"}, default="relu"
        Function of the hidden units.
    dropout : float in [0, 1), default=0.1
        Fraction of hidden units dropped in training, rounded to a multiple of 1/256.
    batch_norm : bool, default=False
        Whether each hidden unit is shifted and scaled to mean 0 and variance 1 over a batch, and
        then by learned numbers, before `activation`; in evaluation over a running mean of the
        batches. Batches then need two rows.
    output_bias : Tensor of shape () or (n_scores,), default=None
        Initial scores, such as :func:`skfocal.nn.initial_bias`; None is 0. Of shape
        (n_members, 1, n_scores) for other ones in each member.
    generator : torch.Generator, default=None
        Draws the initial weights; torch's own, which is global, if None.

    Attributes
    ----------
    generator : torch.Generator or None
        Draws the dropout; set it to a generator on the device of the module for reproducible
        results.

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
        own_waves: bool = False,
        activation: str = "relu",
        dropout: float = 0.1,
        batch_norm: bool = False,
        output_bias: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.dropout = dropout
        self.generator: torch.Generator | None = None
        n_inputs = n_features
        if numeric_embedding == "periodic":
            shape = [*((n_members, 1) if own_waves else ()), n_features, n_frequencies]
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
        if batch_norm:
            self.norms = nn.ModuleList(
                _MemberNorm(n_members * width) for width in hidden_layer_sizes
            )
        if output_bias is not None:
            with torch.no_grad():
                self.biases[-1] += output_bias

    def forward(self, X: Tensor) -> Tensor:
        """Return the scores of each member.

        Parameters
        ----------
        X : Tensor of shape (n, n_features)
            Without embedding it may be a sparse COO tensor.

        Returns
        -------
        Tensor of shape (n_members, n, n_scores)
        """
        h, _ = self.embed(X)
        last = len(self.weights) - 1
        # The units that dropout keeps are scaled up in the product of the next layer.
        scale = 1.0
        for depth, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = multiply(h, weight, bias, scale)
            if depth < last:
                if hasattr(self, "norms"):
                    h = self.norms[depth](h)
                h, mask, scale = self.activate(h)
                h = h if mask is None else h * mask
        return h

    def embed(self, X: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the inputs of the first layer.

        Parameters
        ----------
        X : Tensor of shape (n, n_features)

        Returns
        -------
        inputs : Tensor of shape (n_members, n, n_inputs)
            The features and then their waves; sparse rows as they are.
        angles : Tensor of shape ([n_members,] n, n_features, n_frequencies) or None
            The waves are the sines of these.
        """
        angles = None
        if hasattr(self, "frequencies"):
            angles = torch.addcmul(self.phases, 2 * math.pi * self.frequencies, X.unsqueeze(-1))
            waves = torch.sin(angles).flatten(-2)
            X = torch.cat([X.expand(*waves.shape[:-1], -1), waves], -1)
        if X.is_sparse:
            return X, None
        return X.expand(len(self.weights[0]), -1, -1), angles

    def activate(self, h: Tensor) -> tuple[Tensor, Tensor | None, float]:
        """Return the hidden units of a layer, and how some are dropped in training.

        Parameters
        ----------
        h : Tensor of shape (n_members, n, width)
            Pre-activations; may be overwritten.

        Returns
        -------
        h : Tensor of shape (n_members, n, width)
            Activations.
        mask : Tensor of shape (n_members, n, width) or None
            Factor of each unit; None where dropped units are 0 already.
        scale : float
            Factor that the next layer applies to the units.
        """
        activation = ACTIVATIONS[self.activation]
        n_dropped = min(round(256 * self.dropout), 255)
        if not (self.training and n_dropped):
            return activation.of_tensor(h), None, 1.0
        noise = _drop_noise(h.shape, n_dropped, self.generator, h.device)
        scale = 256 / (256 - n_dropped)
        if activation.zero_below:
            # Far below zero a unit is off, and its gradient too: no mask to multiply by, in
            # either direction.
            return activation.of_tensor(h.add_(noise, alpha=1e30)), None, scale
        return activation.of_tensor(h), (noise == 0).to(h.dtype), scale


def multiply(h: Tensor, weight: Tensor, bias: Tensor, scale: float) -> Tensor:
    """Return what a layer of every member makes of its inputs, or of sparse rows."""
    if h.is_sparse:
        return torch.stack([torch.sparse.mm(h, part) for part in weight]) + bias
    return torch.baddbmm(bias, h, weight, alpha=scale)


class _MemberNorm(nn.Module):
    """Batch normalisation of the hidden units of all members, each by itself."""

    mean: Tensor
    variance: Tensor

    def __init__(self, n_units: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_units))
        self.bias = nn.Parameter(torch.zeros(n_units))
        self.register_buffer("mean", torch.zeros(n_units))
        self.register_buffer("variance", torch.ones(n_units))

    def forward(self, h: Tensor) -> Tensor:
        """Return the units of shape (n_members, n, width), normalised over n."""
        n_members, n_rows, width = h.shape
        units = h.transpose(0, 1).reshape(n_rows, n_members * width)
        units = F.batch_norm(
            units, self.mean, self.variance, self.weight, self.bias, self.training, eps=NORM_EPS
        )
        return units.view(n_rows, n_members, width).transpose(0, 1).contiguous()


def _drop_noise(
    shape: torch.Size,
    n_dropped: int,
    generator: torch.Generator | None,
    device: torch.device,
) -> Tensor:
    """Return 0 where a unit is kept and a negative number where it is dropped.

    torch's dropout takes no generator, and drawing its mask costs more than the matrix products:
    here a random byte decides. All members use the same bytes, each member shifted by one more
    byte, so that no two of them drop the same units of a row.
    """
    n_members, n_rows, width = shape
    words = torch.empty(-(-(n_rows * width + n_members) // 8), dtype=torch.int64, device=device)
    words.random_(-(2**63), None, generator=generator)
    windows = words.view(torch.uint8).as_strided(shape, (1, width, 1))
    return windows.float().sub_(n_dropped).clamp_(max=0)
