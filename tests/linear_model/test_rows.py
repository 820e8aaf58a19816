"""Sources of rows: blocks that cover the table, and their products."""

import numpy as np
import pytest
from scipy import sparse

from skfocal.linear_model import _rows
from skfocal.linear_model._rows import as_rows

KINDS = [np.asarray, np.asfortranarray, sparse.csr_array, sparse.csr_matrix]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def source(request, monkeypatch):
    monkeypatch.setattr(_rows, "BLOCK_ROWS", 30)
    monkeypatch.setattr(_rows, "SPARSE_ROWS", 30)
    monkeypatch.setattr(_rows, "GRAM_SIZE", 40)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 4)) * (rng.random((100, 4)) < 0.6)
    return X, as_rows(request.param(X))


def test_blocks_cover_all_rows_in_order(source):
    X, rows = source
    blocks = rows.blocks()
    assert rows.shape == X.shape
    assert [block.rows.start for block in blocks[1:]] == [block.rows.stop for block in blocks[:-1]]
    assert (blocks[0].rows.start, blocks[-1].rows.stop) == (0, 100)
    assert len(blocks) > 3


def test_blocks_are_views(source):
    _, rows = source
    for block in rows.blocks():
        if sparse.issparse(block.X):
            assert np.shares_memory(block.X.data, rows.X.data)
            assert np.shares_memory(block.X.indices, rows.X.indices)
        else:
            assert np.shares_memory(block.X, rows.X)


@pytest.mark.parametrize("n_scores", [None, 1, 3])
def test_products_of_a_block(source, n_scores):
    X, rows = source
    shape = () if n_scores is None else (n_scores,)
    rng = np.random.default_rng(1)
    for block in rows.blocks():
        part = X[block.rows]
        coef, in_scores = rng.random((4, *shape)), rng.random((len(part), *shape))
        np.testing.assert_allclose(block.scores(coef), part @ coef)
        np.testing.assert_allclose(block.sums(in_scores), part.T @ in_scores)
        weight = rng.random(len(part))
        gram = part.T @ np.diag(weight) @ part
        with_one = np.column_stack([part, np.ones(len(part))])
        bordered = with_one.T @ np.diag(weight) @ with_one
        for positive in (False, True):
            found = block.gram(weight, intercept=False, positive=positive)
            np.testing.assert_allclose(found, gram)
            found = block.gram(weight, intercept=True, positive=positive)
            np.testing.assert_allclose(found, bordered)
        np.testing.assert_allclose(block.squares().scores(coef), part**2 @ coef)
        np.testing.assert_allclose(block.magnitudes().scores(coef), np.abs(part) @ coef)


def test_some_rows_are_a_copy_in_single_precision(source):
    X, rows = source
    wanted = np.array([0, 3, 3, 99])
    taken = rows.take(wanted)
    assert taken.dtype == np.float32
    assert taken.shape == (4, 4)
    np.testing.assert_allclose(taken.blocks()[0].scores(np.eye(4)), X[wanted], rtol=1e-6)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_rows_beyond_single_precision_stay_in_double(kind):
    X = np.array([[1.0, 1e39], [2.0, 0.0]])
    assert as_rows(kind(X)).take(np.array([0, 1])).dtype == np.float64
    assert as_rows(kind(X)).take(np.array([1])).dtype == np.float32


def test_a_source_of_ones_own_is_taken_as_it_is(source):
    _, rows = source
    assert as_rows(rows) is rows
