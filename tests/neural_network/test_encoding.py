"""Raw tables in the networks: categories, text, missing values, and what is refused in them."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone

from skfocal import load_model
from tests.neural_network.networks import MLP, both, classes_table, labels_table, small

N_ROWS = 120


def raw_table():
    """Draw two columns of numbers, one with gaps, and one of four names, of them one missing."""
    random = np.random.default_rng(0)
    numbers = random.normal(size=(N_ROWS, 2))
    numbers[::7, 1] = np.nan
    names = random.choice(np.array(["a", "b", "c", None]), N_ROWS)
    return pd.DataFrame({"x": numbers[:, 0], "name": names, "gaps": numbers[:, 1]})


def by_hand(frame):
    gaps = frame["gaps"].isna()
    kinds = [frame["name"] == kind for kind in "abc"] + [frame["name"].isna()]
    filled = frame["gaps"].fillna(frame["gaps"].median())
    return np.column_stack([frame["x"], filled, gaps, *kinds]).astype(float)


def target(cls):
    return (classes_table if cls is MLP else labels_table)(n=N_ROWS)[1]


CONTAINERS = {
    "text of pandas": (lambda frame: frame, "from_dtype"),
    "objects of pandas": (lambda frame: frame.astype({"name": object}), "from_dtype"),
    "categories of pandas": (lambda frame: frame.astype({"name": "category"}), "from_dtype"),
    "text of polars": (pl.from_pandas, "from_dtype"),
    "categories of polars": (
        lambda frame: pl.from_pandas(frame).cast({"name": pl.Categorical}),
        "from_dtype",
    ),
    "Arrow": (pa.Table.from_pandas, "from_dtype"),
    "a name": (lambda frame: frame, ["name"]),
    "a mask": (lambda frame: frame, [False, True, False]),
    "NumPy": (lambda frame: frame.astype(object).to_numpy(), [1]),
    "numbers of categories": (
        lambda frame: frame.assign(
            name=frame["name"].map({"a": 0.0, "b": 1.0, "c": 2.0})
        ).to_numpy(),
        [1],
    ),
}


@pytest.mark.parametrize(("convert", "given"), CONTAINERS.values(), ids=CONTAINERS)
def test_a_raw_table_equals_one_made_numeric_by_hand(convert, given):
    frame, y = raw_table(), target(MLP)
    raw = convert(frame)
    model = small(MLP, categorical_features=given).fit(raw, y)
    expected = small(MLP).fit(by_hand(frame), y).predict_proba(by_hand(frame))
    np.testing.assert_array_equal(model.predict_proba(raw), expected)
    assert model.n_features_in_ == 3


@both
def test_every_way_of_fitting_takes_raw_tables(cls, tmp_path):
    io = pytest.importorskip("skops.io")
    frame, y = raw_table(), target(cls)
    model = small(cls, early_stopping=True).fit(frame, y, X_val=frame, y_val=y)
    expected = model.predict_proba(frame)
    io.dump(model, tmp_path / "model.skops")
    for copy in (
        pickle.loads(pickle.dumps(model)),
        clone(model).fit(frame, y, X_val=frame, y_val=y),
        load_model(tmp_path / "model.skops"),
    ):
        np.testing.assert_array_equal(copy.predict_proba(frame), expected)
    continued = small(cls, warm_start=True).fit(frame, y).fit(frame, y)
    assert continued.n_epochs_ == 6
    classes = {"classes": [0, 1]} if cls is MLP else {}
    part = small(cls).partial_fit(frame, y, **classes).partial_fit(frame.assign(name="new"), y)
    encoded = part.encoder_.transform(frame)
    np.testing.assert_allclose(
        part.net_.predict_proba(encoded).reshape(expected.shape), part.predict_proba(frame), 1e-4
    )


@both
def test_a_numeric_table_without_gaps_stays_as_it_is(cls):
    X, y = (classes_table if cls is MLP else labels_table)(n=N_ROWS)
    model = small(cls).fit(X, y)
    assert model.encoder_.transform(X) is X
    # As before there were raw tables, whatever the parameter.
    assert len(model.mean_) == X.shape[1]
    np.testing.assert_array_equal(
        small(cls, categorical_features=None).fit(X, y).predict_proba(X), model.predict_proba(X)
    )


def test_bools_and_numbers_in_object_columns_are_numbers():
    frame, y = raw_table()[["x"]], target(MLP)
    flag = np.arange(N_ROWS) % 2 == 0
    expected = small().fit(frame.assign(flag=flag.astype(float)), y).predict_proba
    for column in (flag, flag.astype(object), pd.array(flag, dtype="boolean")):
        table = frame.assign(flag=column)
        np.testing.assert_array_equal(
            small().fit(table, y).predict_proba(table), expected(frame.assign(flag=flag * 1.0))
        )


def test_what_fit_has_not_seen():
    frame, y = raw_table(), target(MLP)
    frame.loc[[0, 1], "name"] = ["rare", "rarer"]
    model = small().fit(frame, y)
    rare = model.predict_proba(frame.assign(name="rare"))
    np.testing.assert_array_equal(model.predict_proba(frame.assign(name="never seen")), rare)
    np.testing.assert_array_equal(model.predict_proba(frame.assign(name="rarer")), rare)
    assert (rare != model.predict_proba(frame.assign(name=None))).any()
    # Gaps where there were none: the median, and in a table without any gaps the mean.
    gaps = model.predict_proba(frame.assign(x=np.nan))
    filled = model.predict_proba(frame.assign(x=frame["x"].median()))
    np.testing.assert_array_equal(gaps, filled)
    X = frame[["x"]].to_numpy()
    plain = small().fit(X, y)
    np.testing.assert_array_equal(
        plain.predict_proba(np.full((2, 1), np.nan)), plain.predict_proba([X.mean(0), X.mean(0)])
    )


def test_rows_without_weight_teach_no_medians_and_no_categories():
    frame, y = raw_table(), target(MLP)
    weight = np.ones(N_ROWS)
    weight[::3] = 0
    odd = frame.assign(
        gaps=frame["gaps"].where(weight > 0, 1e3), name=frame["name"].where(weight > 0, "z")
    )
    kept = weight > 0
    np.testing.assert_array_equal(
        small().fit(odd, y, weight).predict_proba(frame),
        small().fit(frame[kept], y[kept]).predict_proba(frame),
    )


def test_many_categories_are_kept_sparse():
    names = np.array([f"n{i % 40}" for i in range(400)])
    frame, y = pd.DataFrame({"name": names, "x": np.arange(400.0)}), np.arange(400) % 40 == 7
    model = small(max_epochs=20).fit(frame, y)
    assert model.encoder_.transform(frame).nnz == 799
    risk = model.predict_proba(frame)[:, 1]
    assert risk[y].min() > risk[~y].max()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="x"), "now missing:\n- x"),
        (lambda frame: frame[["name", "x", "gaps"]], "same order"),
        (lambda frame: frame.assign(x="text"), "could not convert string to float"),
        (lambda frame: frame.assign(x=np.inf), "infinity"),
        (lambda frame: frame.assign(name=1.5), "must hold text where they held text in fit"),
    ],
)
def test_other_columns_than_those_of_fit_are_refused(change, message):
    frame, y = raw_table(), target(MLP)
    model = small(max_epochs=1).fit(frame, y)
    with pytest.raises(ValueError, match=message):
        model.predict(change(frame))
