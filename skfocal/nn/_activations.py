"""Functions of hidden units: each is one entry here, for torch, for NumPy and for the gradient."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit


class Activation(NamedTuple):
    """A function of hidden units.

    Attributes
    ----------
    of_array : callable
        From pre-activations to activations, in NumPy.
    of_tensor : callable
        The same in torch, by a method of the tensor, since fitted models know their activation
        without torch; may overwrite the tensor.
    derivative : callable
        From ``torch.ops.aten`` to the function of d loss / d activation and the activation that
        returns d loss / d pre-activation.
    zero_below : bool
        Whether it is 0, and its derivative too, for every negative pre-activation.
    """

    of_array: Callable[[np.ndarray], np.ndarray]
    of_tensor: Callable[[Any], Any]
    derivative: Callable[[Any], Callable[[Any, Any], Any]]
    zero_below: bool = False


ACTIVATIONS = {
    "identity": Activation(
        of_array=lambda h: h,
        of_tensor=lambda h: h,
        derivative=lambda aten: lambda gradient, h: gradient,
    ),
    "logistic": Activation(
        of_array=expit,
        of_tensor=lambda h: h.sigmoid(),
        derivative=lambda aten: aten.sigmoid_backward,
    ),
    "relu": Activation(
        of_array=lambda h: np.maximum(h, 0),
        of_tensor=lambda h: h.relu_(),
        derivative=lambda aten: lambda gradient, h: aten.threshold_backward(gradient, h, 0),
        zero_below=True,
    ),
    "tanh": Activation(
        of_array=np.tanh,
        of_tensor=lambda h: h.tanh(),
        derivative=lambda aten: aten.tanh_backward,
    ),
}
