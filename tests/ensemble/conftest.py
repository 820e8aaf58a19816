"""Tables that boosted trees are tested on."""

import numpy as np
import pytest
from sklearn.datasets import make_classification


@pytest.fixture(scope="module")
def table():
    """Two thousand rows, 5 % positives, some values missing."""
    X, y = make_classification(2000, 8, n_informative=4, weights=[0.95], flip_y=0, random_state=0)
    X[::7, 3] = np.nan
    return X, y


@pytest.fixture(scope="module")
def three_classes():
    X, y = make_classification(
        900, 6, n_informative=4, n_classes=3, weights=[0.7, 0.25], random_state=0
    )
    return X, np.array(["a", "b", "c"])[y]
