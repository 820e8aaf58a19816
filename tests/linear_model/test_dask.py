"""Dask collections: the model of all rows, whatever the parts, the workers and their fate."""

import os
import signal
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skfocal import FocalLogisticRegression
from skfocal.linear_model import _dask, _objective
from skfocal.linear_model._rows import Part, as_rows
from tests.linear_model.parts import SETTINGS, assert_same
from tests.linear_model.parts import table as any_table

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

# Uneven, one without rows, and one (rows 7 to 900, see `table`) without positives.
CHUNKS = (7, 893, 0, 1600, 500)


@pytest.fixture(autouse=True)
def threads():
    with dask.config.set(scheduler="threads", num_workers=2):
        yield


def table(n_classes=2):
    X, y, weight = any_table(n_classes=n_classes)
    y[7:900] = 0
    return X, y, weight


def cut(*arrays, chunks=CHUNKS):
    return [da.from_array(a, chunks=(chunks, *[(n,) for n in a.shape[1:]])) for a in arrays]


def frames(X, y, weight, sizes=(900, 0, 2100)):
    """The rows as parts of a Dask frame."""
    whole = pd.DataFrame(X, columns=list("abcd")).assign(y=np.where(y, "yes", "no"), w=weight)
    ends = np.cumsum(sizes)
    parts = [whole[end - n : end] for n, end in zip(sizes, ends, strict=True)]
    return whole, dd.from_delayed([dask.delayed(part) for part in parts], meta=whole[:0])


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_an_array_gives_the_model_of_all_rows(settings, n_classes):
    if n_classes > 2 and "l1_ratio" in settings:
        pytest.skip("for two classes")
    arrays = table(n_classes)
    for used in (arrays[:2], arrays):
        expected = FocalLogisticRegression(**settings).fit(*used)
        found = FocalLogisticRegression(**settings).fit(*cut(*used))
        assert_same(found, expected)
        assert_allclose(found.predict_proba(arrays[0]), expected.predict_proba(arrays[0]))
        again = FocalLogisticRegression(**settings).fit(*cut(*used))
        assert_array_equal(again.coef_, found.coef_)


def test_a_frame_gives_the_model_of_all_rows():
    whole, frame = frames(*table())
    names = list("abcd")
    expected = FocalLogisticRegression().fit(whole[names], whole["y"], whole["w"])
    found = FocalLogisticRegression().fit(frame[names], frame["y"], frame["w"])
    assert_same(found, expected)
    assert found.feature_names_in_.tolist() == names
    risk = frame[names].partitions[0].map_partitions(found.predict_proba).compute()
    assert_allclose(risk, expected.predict_proba(whole[names][:900]))


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix, np.float32])
def test_parts_of_any_type(kind):
    X, y, _ = table()
    X = np.where(np.abs(X) > 0.5, X, 0)
    rows = da.from_array(X, chunks=((800, 2200), 4)).map_blocks(kind, dtype=kind(X).dtype)
    found, expected = FocalLogisticRegression().fit(rows, y), FocalLogisticRegression()
    assert_same(found, expected.fit(kind(X), y), 1e-4 if kind is np.float32 else 1e-8)
    assert found.coef_.dtype == expected.coef_.dtype


def test_labels_and_columns_are_cut_like_the_rows():
    X, y, weight = table()
    expected = FocalLogisticRegression().fit(X, y, weight)
    rows = da.from_array(X, chunks=(1000, 3))
    assert_same(FocalLogisticRegression().fit(rows, da.from_array(y, chunks=999), weight), expected)


def test_many_rows_are_sampled(monkeypatch):
    monkeypatch.setattr(_objective, "TABULATED_ROWS", 0)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30_000, 4))
    y = X[:, 0] + rng.logistic(size=len(X)) > 3
    weight = rng.uniform(1, 2, size=len(X))
    for arrays in ((X, y), (X, y, weight)):
        chunks = (100, 17_000, 12_900)
        found = FocalLogisticRegression().fit(*cut(*arrays, chunks=chunks))
        assert_same(found, FocalLogisticRegression().fit(*arrays))


def test_a_sketch_of_correlated_columns():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6000, 40))
    X[:, 1:] += 3 * X[:, :1]
    y = X[:, 0] + rng.logistic(size=len(X)) > 3
    settings = {"solver": "lbfgs", "tol": 1e-9, "C": 1e3}
    found = FocalLogisticRegression(**settings).fit(*cut(X, y, chunks=(2500, 3500)))
    assert found.n_iter_ > 10
    assert_same(found, FocalLogisticRegression(**settings).fit(X, y), 1e-6)


def spoilt(**change):
    X, y, weight = table()
    X[920, 1] = change.get("X", 0)
    weight[8] = change.get("w", 1)
    return cut(X, y, weight)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: spoilt(X=np.nan), r"fit, block 3: row 20 has a value that is NaN or infinite"),
        (lambda: spoilt(w=-1.0), "block 1: Negative values"),
        (lambda: (spoilt()[0], np.zeros(10)), "y has 10 rows and X has 3000"),
        (lambda: (spoilt()[0], spoilt()[1][:10]), "y has 10 rows and X has 3000"),
        (lambda: (spoilt()[0], np.zeros(3000)), "class"),
        (lambda: (spoilt()[0], spoilt()[1], da.zeros(3000)), "at least one non-zero"),
        (lambda: (spoilt()[1], spoilt()[1]), "must have two dimensions, got 1"),
        (lambda: (frames(*table())[1][["a"]], np.zeros(3000)), "y must be a Dask collection cut"),
        (
            lambda: (frames(*table())[1][["a"]], frames(*table(), sizes=(2000, 1000))[1]["y"]),
            "y has 2 parts and X has 3",
        ),
        (
            lambda: (
                frames(*table())[1][["a"]],
                frames(*table(), sizes=(800, 100, 2100))[1]["y"],
            ),
            "block 0: 900 rows and 800 labels",
        ),
        (lambda: (frames(*table())[1][["a", "y"]], frames(*table())[1]["y"]), "block 0: could not"),
        (lambda: (da.zeros((0, 2)), da.zeros(0)), "have no rows"),
    ],
)
def test_what_does_not_fit_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        FocalLogisticRegression().fit(*make())


def test_parts_that_change_are_told():
    X, y, _ = table()
    passes = []

    def load():
        passes.append(1)
        return X[len(passes) // 2 :]

    rows = da.from_delayed(dask.delayed(load, pure=False)(), (np.nan, 4), dtype=float)
    labels = da.from_delayed(dask.delayed(lambda: y)(), (np.nan,), dtype=int)
    with pytest.raises(ValueError, match="2999 rows now and had 3000 in the first pass"):
        FocalLogisticRegression().fit(rows, labels)


def test_arrays_that_travelled_give_the_same_bits():
    def moved(values):
        """Return a copy that begins at an odd address."""
        copy = np.frombuffer(b" " + values.tobytes(), dtype=values.dtype, offset=1)
        assert not copy.flags.aligned
        return copy.reshape(values.shape)

    rng = np.random.default_rng(0)
    X, weight, coef = rng.normal(size=(300, 30)), rng.uniform(size=300), rng.normal(size=(30, 3))
    codes = np.zeros(300, dtype=np.uint8)

    def function(part, block_map, coef):
        return part.chunk.X.T @ (part.sample_weight[:, None] * (part.chunk.X @ coef))

    here = _dask._call(partial(function, coef=coef), Part(as_rows(X), codes, weight))
    there = Part(as_rows(moved(X)), codes, moved(weight))
    assert_array_equal(_dask._call(partial(function, coef=moved(coef)), there), here)


@pytest.mark.slow
def test_a_worker_that_dies_changes_nothing(tmp_path):
    X, y, _ = table()
    expected = FocalLogisticRegression().fit(*cut(X, y, chunks=(1000, 1200, 800)))

    def load(part, folder=str(tmp_path)):
        """Note the pass; in the third one the process that has these rows is killed."""
        (Path(folder) / f"{len(part)} {uuid4().hex}").touch()
        if len(part) == 1200 and len(list(Path(folder).glob("1200 *"))) == 3:
            (Path(folder) / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return part

    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    with cluster, distributed.Client(cluster) as client:
        rows, labels = cut(X, y, chunks=(1000, 1200, 800))
        rows = rows.map_blocks(load, dtype=float, meta=np.empty((0, 0)))
        found = FocalLogisticRegression().fit(rows, labels)
        client.wait_for_workers(2, timeout=60)  # its restart would race with the end
    assert (tmp_path / "killed").exists()
    assert_array_equal(found.coef_, expected.coef_)
    assert_array_equal(found.intercept_, expected.intercept_)
