"""scikit-learn's perceptron, plain and behind every sampler."""

from typing import Any

from sklearn.neural_network import MLPClassifier

from skfocal.benchmark.arms._fold import make_arm
from skfocal.benchmark.arms._method import ALL, Method
from skfocal.benchmark.arms._samplers import SAMPLERS, sampler_arm, with_ratio

__all__ = ["METHODS"]

# The defaults of the library come first: a budget of 1 leaves them untouched. It stops early only
# where a setting says so.
_PERCEPTRON: tuple[dict[str, Any], ...] = (
    {},
    {"alpha": 1.0},
    {"early_stopping": True},
    {"hidden_layer_sizes": (32,), "alpha": 0.1},
    {"learning_rate_init": 0.01, "early_stopping": True},
    {"hidden_layer_sizes": (64, 64), "alpha": 0.1},
    {"learning_rate_init": 3e-4},
    {"alpha": 10.0},
)


def perceptron(fold, samplers=None, ratio=None, **settings):
    model = MLPClassifier(random_state=fold.random_state, **settings)
    return make_arm(fold, model, samplers, ratio)


METHODS = (
    Method(
        "mlp",
        "MLP",
        "baseline",
        perceptron,
        _PERCEPTRON,
        tasks=ALL,
        default_for=("multiclass", "multilabel"),
    ),
    *(
        sampler_arm(
            name,
            "mlp",
            "MLP",
            perceptron,
            with_ratio(_PERCEPTRON),
            default_for=("multiclass",) if name == "smote" else (),
        )
        for name in SAMPLERS
    ),
)
