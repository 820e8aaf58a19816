"""What every public estimator takes as X and y: labels, targets, containers, names, NaN."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from tests.estimators import every, single_label


@pytest.mark.slow
@pytest.mark.parametrize(
    "labels",
    [
        np.array([-1, 1]),
        np.array([5, 6]),
        np.array([False, True]),
        np.array(["a", "b"]),
        np.array(["a", "b"], dtype=object),
        np.array(["x", "y", "z"]),
    ],
    ids=str,
)
@single_label
def test_labels_of_every_type_give_the_same_fit(subject, labels):
    X, y = subject.table(n_classes=len(labels))
    model, expected = subject.make().fit(X, labels[y]), subject.make().fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), labels[expected.predict(X)])
    assert model.predict(X).dtype == labels.dtype
    assert model.classes_.tolist() == labels.tolist()


@single_label
def test_one_class_and_continuous_target(subject):
    X, _ = subject.table()
    with pytest.raises(ValueError, match="class"):
        subject.make().fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="continuous"):
        subject.make().fit(X, X[:, 0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "convert",
    [
        list,
        lambda y: y.astype(np.int8),
        lambda y: y.astype(np.uint8),
        lambda y: y.astype(np.float32),
        lambda y: y.astype(np.float64),
        lambda y: y.astype(bool),
        pd.Series,
        lambda y: pd.Series(y, dtype="Int64"),
    ],
    ids="list int8 uint8 float32 float64 bool series nullable".split(),
)
@single_label
def test_target_types(subject, convert):
    X, y = subject.table()
    np.testing.assert_array_equal(
        subject.make().fit(X, convert(y)).predict_proba(X),
        subject.make().fit(X, y).predict_proba(X),
    )


@single_label
def test_target_shapes(subject):
    X, y = subject.table()
    with pytest.warns(DataConversionWarning):
        model = subject.make().fit(X, y[:, None])
    np.testing.assert_array_equal(model.predict_proba(X), subject.make().fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match=r"1d|shape"):
        subject.make().fit(X, np.column_stack([y, y]))


@pytest.mark.slow
@single_label
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_a_column_of_labels_in_cross_val_predict_as_scikit_learn(subject, method):
    X, y = subject.table()
    outcomes = []
    for model in (LogisticRegression(), subject.make()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the column, and that one class is counted
            try:
                outcomes.append(cross_val_predict(model, X, y[:, None], method=method).shape)
            except (IndexError, ValueError) as error:
                outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def memmap_of(X, tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


@pytest.mark.slow
@pytest.mark.parametrize(
    "convert",
    [
        lambda X, _: X.astype(np.float32),
        lambda X, _: X.astype(int),
        lambda X, _: X.tolist(),
        lambda X, _: np.asfortranarray(X),
        lambda X, _: np.repeat(X, 2, axis=1)[:, ::2],
        memmap_of,
        # Names that would be arguments if a frame were unpacked.
        lambda X, _: pd.DataFrame(X, columns=["x", "X", "self", "sample_weight", "y", "batch"]),
        lambda X, _: pl.DataFrame(X, schema=list("abcdef")),
    ],
    ids="float32 int list fortran view memmap pandas polars".split(),
)
@every
def test_containers_of_rows(subject, convert, tmp_path):
    X, y = subject.table()
    X = np.round(3 * X)
    other = convert(X, tmp_path)
    probability = subject.make().fit(other, y).predict_proba(other)
    assert type(probability) is np.ndarray
    np.testing.assert_allclose(probability, subject.make().fit(X, y).predict_proba(X), atol=1e-5)


DAYS = np.datetime64("2020-01-01", "ns") + np.arange(7) * np.timedelta64(1, "D")


@pytest.mark.parametrize(
    ("times", "kind"),
    [
        (pd.Series(DAYS), "datetime64"),
        (pd.Series(DAYS).dt.tz_localize("UTC"), "UTC"),
        (pd.Series(DAYS - DAYS[0]), "timedelta64"),
        (pl.Series(DAYS).cast(pl.Date), "Date"),
        (pl.Series(DAYS), "Datetime"),
        (pl.Series(DAYS - DAYS[0]), "Duration"),
    ],
    ids="pandas zone timedelta polars datetime duration".split(),
)
@every
def test_dates_and_times_are_refused_by_name(subject, times, kind):
    X, y = subject.table()
    column = times[np.arange(len(X)) % len(times)]
    if isinstance(times, pl.Series):
        numbers = pl.DataFrame(X, schema=list("abcdef"))
        dated = numbers.with_columns(column.alias("c"))
    else:
        numbers = pd.DataFrame(X, columns=list("abcdef"))
        dated = numbers.assign(c=column.reset_index(drop=True))
    message = (
        rf"{type(subject.make()).__name__}: column 'c' holds dates or times \(.*{kind}.*\); give"
    )
    with pytest.raises(ValueError, match=message):
        subject.make().fit(dated, y)
    model = subject.make().fit(numbers, y)
    with pytest.raises(ValueError, match=message):
        model.predict_proba(dated)
    # Alone, they would become nanoseconds.
    with pytest.raises(ValueError, match="holds dates or times"):
        subject.make().fit(np.resize(DAYS, X.shape), y)


@every
def test_dicts_are_refused(subject):
    X, y = subject.table()
    with pytest.raises((ValueError, TypeError)):
        subject.make().fit({"a": X[:, 0]}, y)


@every
def test_feature_names(subject):
    X, y = subject.table()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = subject.make().fit(frame, y)
    assert model.feature_names_in_.tolist() == list("abcdef")
    assert model.n_features_in_ == 6
    for wrong in (frame[list("bacdef")], frame.rename(columns={"a": "z"}), frame[list("abcde")]):
        with pytest.raises(ValueError, match="feature"):
            model.predict(wrong)


def interfaces():
    """Contexts in which scikit-learn hands sparse rows on as matrices and, from 1.9, as arrays."""
    if "sparse_interface" not in sklearn.get_config():
        return [{}]
    return [{"sparse_interface": kind} for kind in ("spmatrix", "sparray")]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@every
def test_sparse_containers(subject, index, kind, form):
    if not subject.takes_sparse:
        pytest.skip("takes dense rows alone")
    X, y = subject.table()
    X[np.abs(X) < 0.7] = 0
    thin = getattr(sparse, f"{form}_{kind}")(X)
    if form == "coo":
        thin.coords = tuple(c.astype(index) for c in thin.coords)
    else:
        thin.indices, thin.indptr = thin.indices.astype(index), thin.indptr.astype(index)
    dense = subject.make_exact().fit(X, y).predict_proba(X)
    for interface in interfaces():
        with sklearn.config_context(**interface):
            probability = subject.make_exact().fit(thin, y).predict_proba(thin)
        subject.assert_equal(probability, dense)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@every
def test_nan_and_infinity_are_refused(subject, bad):
    X, y = subject.table()
    wrong = X.copy()
    wrong[3, 2] = bad
    weight = np.where(np.arange(len(X)) == 3, bad, 1.0)
    model = subject.make().fit(X, y)
    calls = [
        lambda: subject.make().fit(X, y, weight),
        lambda: subject.make().fit(X, np.where(y == 0, bad, y)),
    ]
    if not (subject.takes_nan and np.isnan(bad)):
        calls += [lambda: subject.make().fit(wrong, y), lambda: model.predict(wrong)]
    for call in calls:
        with pytest.raises(ValueError, match=r"NaN|infinity|unknown"):
            call()


@pytest.mark.parametrize("kind", ["period", "objects", "arrow"])
@every
def test_times_of_every_kind_are_refused_by_name(subject, kind):
    X, y = subject.table()
    days = pd.date_range("2020-01-01", periods=len(X))
    when = {"period": days.to_period("D"), "objects": days.date, "arrow": days}[kind]
    frame = pd.DataFrame(np.asarray(X)).rename(columns="x{}".format).assign(when=when)
    if kind == "arrow":
        frame = pytest.importorskip("pyarrow").Table.from_pandas(frame)
    with pytest.raises(ValueError, match="column 'when' holds dates or times"):
        subject.make().fit(frame, y)
