"""Labels to codes: every type, in blocks, as NumPy's unique would."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.utils.fixes import parse_version

from skfocal.utils import _labels
from skfocal.utils._labels import encode_known, encode_labels, find_classes

KINDS = {
    "binary": np.array([0, 1]),
    "negative": np.array([-1, 1]),
    "with a gap": np.array([3, 7, 200]),
    "int8 from end to end": np.array([-128, 0, 127], dtype=np.int8),
    "uint8": np.array([0, 255], dtype=np.uint8),
    "uint64": np.array([0, 1], dtype=np.uint64),
    "uint64 beyond int64": np.array([2**63 + 1, 2**64 - 1], dtype=np.uint64),
    "uint64 beyond int64, close": np.array([2**64 - 200, 2**64 - 1], dtype=np.uint64),
    "int64 at both ends": np.array([-(2**63), 2**63 - 1]),
    "far apart": np.array([-(10**9), 5, 10**9]),
    "bool": np.array([False, True]),
    "only true": np.array([True]),
    "float": np.array([-1.0, 2.0]),
    "float16": np.array([0.0, 1.0], dtype=np.float16),
    "str": np.array(["a", "b", "longer"]),
    "object": np.array(["x", "y", "z"], dtype=object),
    "many": np.arange(1000) * 3,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", [7, 2**16])
def test_as_numpy_has_it(kind, block, monkeypatch):
    monkeypatch.setattr(_labels, "BLOCK", block)
    labels = KINDS[kind]
    y = labels[np.random.default_rng(0).integers(0, len(labels), 3 * len(labels))]
    expected, inverse = np.unique(y, return_inverse=True)
    classes, codes = encode_labels(y)
    np.testing.assert_array_equal(classes, expected)
    assert classes.dtype == y.dtype
    np.testing.assert_array_equal(codes, inverse)
    assert codes.dtype == np.min_scalar_type(len(classes) - 1)
    np.testing.assert_array_equal(find_classes(y), expected)
    np.testing.assert_array_equal(encode_known(y, expected, "Owner"), inverse)


def test_a_label_that_comes_late_is_found(monkeypatch):
    monkeypatch.setattr(_labels, "BLOCK", 10)
    for labels in (["a", "b", "0"], [0.0, 2.0, 1.0], [0, 1000, 500]):
        y = np.array(labels)[[0] * 10 + [1] * 10 + [0] * 10 + [2]]
        classes, codes = encode_labels(y)
        assert classes.tolist() == sorted(labels)
        np.testing.assert_array_equal(classes[codes], y)


@pytest.mark.parametrize(
    "y, message",
    [
        (np.array([0.0, 0.5, 1.0]), "continuous"),
        (np.r_[np.zeros(20), 0.5], "continuous"),  # beyond the first block
        (np.array([object(), object()]), "unknown"),
        pytest.param(
            np.array([b"a", b"b"]),
            "bytes",
            marks=pytest.mark.skipif(
                parse_version(sklearn.__version__) < parse_version("1.7"),
                reason="scikit-learn refuses bytes from 1.7 on",
            ),
        ),
    ],
    ids=["first", "late", "objects", "bytes"],
)
def test_no_classification_target_is_refused(y, message, monkeypatch):
    monkeypatch.setattr(_labels, "BLOCK", 5)
    with pytest.raises((TypeError, ValueError), match=message):
        encode_labels(y)


def test_unknown_labels_are_named():
    with pytest.raises(ValueError, match=r"Owner: y has the labels \[2\].*classes \[0, 1\]"):
        encode_known(np.array([0, 2, 1]), np.array([0, 1]), "Owner")
    with pytest.raises(ValueError, match=r"\['c'\].*\['a', 'b'\]"):
        encode_known(np.array(["a", "c"]), np.array(["a", "b"]), "Owner")


def test_labels_of_another_type_are_unknown():
    for y, classes in (([0, 1], ["a", "b"]), (["0", "1"], [0, 1])):
        with pytest.raises(ValueError, match="not among the classes"):
            encode_known(np.array(y), np.array(classes), "Owner")


def test_many_labels_do_not_warn_in_later_blocks(monkeypatch):
    monkeypatch.setattr(_labels, "BLOCK", 100)
    y = np.r_[np.zeros(100), np.arange(50.0), np.zeros(100)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(find_classes(y)) == 50
