"""Blocks of rows: the model of all rows, however they are cut, and what is wrong with one."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from skfocal import FocalLogisticRegression
from skfocal.linear_model._rows import BLOCK_ROWS, ChunkedRows
from tests.linear_model.parts import SETTINGS, assert_same, table


def cut(*arrays, at=(0, 7, 900, 900, 2500)):
    """Return blocks of very different size, one of them without rows."""
    ends = [*at[1:], arrays[0].shape[0]]
    return [tuple(a[i:j] for a in arrays) for i, j in zip(at, ends, strict=True)]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_blocks_give_the_model_of_all_rows(settings, n_classes):
    if n_classes == 3 and settings.get("l1_ratio"):
        pytest.skip("for two classes")
    X, y, weight = table(n_classes=n_classes)
    model = FocalLogisticRegression(**settings)
    for arrays in ((X, y), (X, y, weight)):
        expected = FocalLogisticRegression(**settings).fit(*arrays)
        assert_same(model.fit_blocks(cut(*arrays)), expected)
        assert_allclose(model.predict_proba(X), expected.predict_proba(X), rtol=1e-7)


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix, pd.DataFrame, np.float32])
def test_blocks_of_any_type(kind):
    X, y, _ = table()
    X = np.where(np.abs(X) > 0.5, X, 0)
    whole = pd.DataFrame(X, columns=list("abcd")) if kind is pd.DataFrame else kind(X)
    cuts = [0, 0, 800, 1600, 3000]
    blocks = [(whole[i:j], y[i:j]) for i, j in itertools.pairwise(cuts)]
    expected = FocalLogisticRegression().fit(whole, y)
    found = FocalLogisticRegression().fit_blocks(blocks)
    assert_same(found, expected, 1e-4 if kind is np.float32 else 1e-8)
    assert found.coef_.dtype == expected.coef_.dtype
    if kind is pd.DataFrame:
        assert found.feature_names_in_.tolist() == list("abcd")


def test_many_rows_are_sampled_from_the_blocks():
    X, y, _ = table(40_000)
    blocks = cut(X, y, at=(0, 100, 2 * BLOCK_ROWS + 5, 30_000))
    expected = FocalLogisticRegression().fit(X, y)
    assert_same(FocalLogisticRegression().fit_blocks(lambda: iter(blocks)), expected)


def test_a_class_may_be_in_one_block_only():
    X, y, _ = table()
    order = np.argsort(y, kind="stable")
    words = np.array(["no", "yes"])[y]
    blocks = cut(X[order], words[order])
    assert len(set(blocks[0][1])) == 1
    assert_same(
        FocalLogisticRegression().fit_blocks(blocks), FocalLogisticRegression().fit(X, words)
    )


def test_two_blocks_are_in_memory_at_a_time():
    read_so_far = []

    def read():
        for number in range(6):
            read_so_far.append(number)
            yield np.full((3, 2), float(number))

    for chunk in ChunkedRows(read, (18, 2), np.dtype(float)).chunks():
        assert chunk.X[0, 0] == chunk.first // 3
        assert len(read_so_far) <= chunk.first // 3 + 2
    assert len(read_so_far) == 6


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_rows_are_taken_from_their_blocks(kind):
    X, _, _ = table(50)
    rows = np.array([0, 3, 3, 20, 21, 49])
    parts = [kind(X[i : i + 9]) for i in range(0, 50, 9)]
    found = ChunkedRows(lambda: iter(parts), (50, 4), X.dtype).take(rows).X
    found = found.toarray() if sparse.issparse(found) else found
    assert_allclose(found, X[rows].astype(np.float32))


def bad(position, **change):
    X, y, weight = table(60)
    blocks = [list(block) for block in cut(X, y, weight, at=(0, 20, 40))]
    for place, value in change.items():
        blocks[position]["Xyw".index(place)] = value
    return [tuple(block) for block in blocks]


nan_rows = np.ones((20, 4))
nan_rows[13, 2] = np.nan


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (bad(1, X=nan_rows), "block 1: row 13 has a value that is NaN or infinite"),
        (bad(2, X=sparse.csr_array(nan_rows)), "block 2: row 13 has a value"),
        (bad(1, X=np.ones((20, 3))), "block 1: X has 3 features, but"),
        (bad(0, X=np.ones(20)), "block 0: Expected 2D array"),
        (bad(1, y=[0, 1]), "block 1: 20 rows and 2 labels"),
        (bad(1, y=["a"] * 20), "numbers in some blocks"),
        (bad(2, w=-np.ones(20)), "block 2: Negative values"),
        (bad(2, w=np.ones(3)), "block 2: 20 rows and 3 weights"),
        (bad(2, w=None), "block 2: some blocks have a sample_weight"),
        ([(np.ones((2, 2)),)], r"block 0: must be \(X, y\) or"),
        ([np.ones((2, 2))], "block 0: must be .* got ndarray"),
        ([], "have no rows"),
        ([(np.ones((0, 2)), [])], "have no rows"),
        (iter([]), "gone through once only"),
        ([(np.ones((4, 2)), [0.5, 1.2, 3.3, 4])], "Unknown label type"),
        ([(np.ones((4, 2)), [1, 1, 1, 1])], "class"),
        ([(np.ones((2, 2)), [0, 1], [0, 0])], "at least one non-zero"),
    ],
)
def test_a_block_that_does_not_fit_is_named(blocks, message):
    with pytest.raises(ValueError, match=message):
        FocalLogisticRegression().fit_blocks(blocks)


def test_a_pass_that_reads_other_rows_is_told():
    X, y, _ = table()
    passes = []

    def read():
        passes.append(1)
        return cut(X, y)[: 6 - len(passes)]

    with pytest.raises(ValueError, match="2500 rows now and had 3000 in the first pass"):
        FocalLogisticRegression().fit_blocks(read)


def test_what_a_user_s_reader_raises_is_raised():
    X, y, _ = table()

    def read():
        yield X, y
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        FocalLogisticRegression().fit_blocks(read)


def test_a_line_tells_of_every_pass(capsys):
    X, y, _ = table(40_000)
    passes = []

    def read():
        passes.append(1)
        return cut(X, y, at=(0, 100, 30_000))

    FocalLogisticRegression(verbose=1).fit_blocks(read)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "FocalLogisticRegression: 40,000 rows of 4 columns were read"
    assert lines[1].startswith("sampled: a sample of ")
    assert all(line.startswith("sampled: iteration") for line in lines[2:])
    assert len(lines) == len(passes)
