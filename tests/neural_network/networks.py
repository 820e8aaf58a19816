"""What the tests of the networks share: small settings, and tables to fit."""

import pytest
from sklearn.datasets import make_classification, make_multilabel_classification

from skfocal.neural_network import FocalMLPClassifier, MultiLabelFocalClassifier

MLP, MULTILABEL = FocalMLPClassifier, MultiLabelFocalClassifier
both = pytest.mark.parametrize("cls", [MLP, MULTILABEL], ids=lambda cls: cls.__name__)

SMALL = {"hidden_layer_sizes": (8,), "n_members": 2, "max_epochs": 3, "random_state": 0}
# Nothing random in an epoch: equal problems give equal networks.
EXACT = {"dropout": 0.0, "batch_size": 10_000, "learning_rate": "constant"}


def small(cls=MLP, **parameters):
    """Build a network that is quick to fit."""
    return cls(**(SMALL | parameters))


def crossed(cls=MLP, **parameters):
    return small(cls, **({"cross_fit": True} | parameters))


def classes_table(n_classes=2, n=200, rare=None):
    """Draw rows of classes; `rare` is the fraction of the second of two."""
    return make_classification(
        n_samples=n,
        n_features=6,
        n_informative=4,
        n_classes=n_classes,
        weights=None if rare is None else [1 - rare],
        random_state=0,
    )


def labels_table(n_labels=3, n=200):
    """Draw rows of several labels."""
    return make_multilabel_classification(
        n_samples=n, n_features=6, n_classes=n_labels, random_state=0
    )


def table(cls, n=200):
    """Draw what `cls` is for."""
    return classes_table(n=n) if cls is MLP else labels_table(n=n)
