"""Saved models: fitted to all rows, loaded without pickle, and what they say of other tables."""

import gzip
import json
import zipfile
from urllib.request import urlretrieve

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from skfocal import load_model
from skfocal.benchmark import predict_file
from skfocal.benchmark.compare import compare
from skfocal.utils._persistence import save_model

pytest.importorskip("skops")


def make_frame(n=60, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 4 == 0
    return pd.DataFrame(
        {
            "id": [f"row {k}" for k in range(n)],
            "size": rng.normal(size=n) + 4 * y,
            "paid": [f"{k},{k % 10}0 €" for k in range(n)],
            "day": [f"{k % 28 + 1:02}/03/2024" for k in range(n)],
            "town": rng.choice(["Rome", "Oslo", "Bern", None], n),
            "zip": rng.choice([10, 20, 30], n),
            "sick": np.where(y, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def comparison():
    methods = ["logistic", "logistic_smote", "logistic_threshold"]
    return compare(make_frame(), "sick", categorical=["zip"], methods=methods, preset="fast")


@pytest.fixture(scope="module")
def model(comparison):
    return comparison.fit_best("logistic")


def test_the_winner_is_fitted_to_all_rows_and_takes_the_raw_table(comparison, model):
    frame = make_frame()
    best = comparison.fit_best()
    assert (
        best[-1].about["method"]
        == {
            "logistic": "Logistic regression",
            "logistic_smote": "LR + SMOTE",
            "logistic_threshold": "LR, tuned threshold",
        }[comparison.winner]
    )
    assert model.predict(frame).tolist().count("yes") > 5
    assert model.classes_.tolist() == ["no", "yes"]
    assert model[-1].about["n_rows"] == len(frame)
    # The oracle: the chosen pipeline on the matrix of the benchmark itself.
    numeric, parameters = comparison._refit.table, json.loads(model[-1].about["parameters"])
    probability = model.predict_proba(frame)
    np.testing.assert_array_equal(model[0].transform(frame), numeric.X)
    expected = model[-1].estimator.predict_proba(numeric.X)
    np.testing.assert_array_equal(probability, expected)
    assert model[-1].estimator[-1].C == parameters["C"]
    with pytest.raises(ValueError, match="'dummy' was not part of the comparison"):
        comparison.fit_best("dummy")


@pytest.mark.parametrize("name", ["logistic_smote", "logistic_threshold"])
def test_steps_that_only_fits_need_are_left_out(comparison, name):
    model = comparison.fit_best(name)
    assert not any(hasattr(step, "fit_resample") for step in model[-1].estimator)
    above = model.predict_proba(make_frame())[:, 1] >= (model[-1].threshold or 0.5)
    assert (model.predict(make_frame()) == "yes").tolist() == above.tolist()


@pytest.mark.slow
def test_a_saved_model_predicts_the_same(model, tmp_path):
    save_model(model, tmp_path / "m.skops")
    loaded, frame = load_model(tmp_path / "m.skops"), make_frame(seed=3)
    expected = model.predict_proba(frame)
    for table in (frame, pl.from_pandas(frame), pa.Table.from_pandas(frame), frame[::-1][::-1]):
        np.testing.assert_array_equal(loaded.predict_proba(table), expected)
    shuffled = frame.drop(columns="sick")[list(reversed(frame.columns))[1:]]
    np.testing.assert_array_equal(loaded.predict_proba(shuffled), expected)
    rows = [loaded.predict_proba(frame[k : k + 1])[0] for k in (0, 7)]
    np.testing.assert_allclose(rows, expected[[0, 7]])


def test_cells_are_read_as_in_training_whatever_the_others_are(model):
    # Alone, this date would have the month first, and the price a thousand.
    frame = make_frame().assign(day="03/05/2024", paid="1,234")
    typed = frame.assign(day=pd.Timestamp("2024-05-03"), paid=1.234)
    np.testing.assert_allclose(model.predict_proba(frame), model.predict_proba(typed))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f.drop(columns=["size", "zip"]), "lacks the columns 'size', 'zip'"),
        (
            lambda f: f.rename(columns={"sick": "size"}),
            "several columns 'size'; rename all but one",
        ),
        (lambda f: f.assign(size="big"), "'size' held numbers .* 60 of 60 cells are none now"),
        (lambda f: f.assign(size=pd.Timestamp("2024-01-01")), "'size' held numbers .* dates now"),
        (lambda f: f.assign(day=3.5), "'day' held dates .* it holds numbers now"),
        (lambda f: f.assign(day="x"), "'day' held dates"),
        (lambda f: f.assign(size=[[1]] * 60), "'size' held numbers .* neither numbers nor names"),
    ],
)
def test_tables_of_another_form_are_refused(model, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        model.predict_proba(change(make_frame()))


def test_many_new_names_beside_missing_ones(model):
    frame = make_frame()
    frame["town"] = [f"town {k}" if k % 3 else None for k in range(len(frame))]
    _, findings = model[0].read(frame)
    assert sum(findings.new_names["town"].values()) == 40
    assert np.isfinite(model.predict_proba(frame)).all()


def test_predictions_of_a_file(model, tmp_path, monkeypatch):
    monkeypatch.setattr("skfocal.benchmark.reading._stream.N_ROWS_AT_ONCE", 13)
    monkeypatch.setattr("skfocal.benchmark.reading._stream.HEAD", 700)
    frame = make_frame()
    frame.loc[3, "town"], frame.loc[40, "size"], frame["new"] = "Bonn", 99.0, 1
    frame.to_csv(tmp_path / "new.csv", sep=";", index=False)
    n_rows, notes = predict_file(model, tmp_path / "new.csv", tmp_path / "p.csv", keep=["id"])
    assert n_rows == 60 and notes == [
        "'town' holds names that the model was not trained on, in 1 of 60 rows: 'Bonn'.",
        "'size' lies outside of what the model was trained on in 1 of 60 rows.",
        "Columns that the model does not use: 'sick', 'new'.",
    ]
    written = pd.read_csv(tmp_path / "p.csv")
    assert written.columns.tolist() == ["id", "probability_yes", "decision"]
    assert written["id"].tolist() == frame["id"].tolist()
    expected = model.predict_proba(frame)[:, 1]
    np.testing.assert_allclose(written["probability_yes"], expected, rtol=1e-8)
    assert written["decision"].tolist() == model.predict(frame).tolist()
    (tmp_path / "new.gz").write_bytes(gzip.compress((tmp_path / "new.csv").read_bytes()))
    frame.to_parquet(tmp_path / "new.parquet")
    (tmp_path / "old.csv").write_text(frame.to_csv(index=False), encoding="utf-16")
    for name in ("new.gz", "new.parquet", "old.csv"):
        predict_file(model, tmp_path / name, tmp_path / "q.csv", keep=["id"])
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "q.csv"), written)


def test_predictions_that_cannot_be_made_leave_no_file(model, tmp_path):
    head = ",".join(make_frame().columns) + "\n"
    (tmp_path / "empty.csv").write_text(head)
    for source, keep, sentence in (
        (tmp_path / "none.csv", (), "There is no file"),
        (tmp_path / "empty.csv", (), "holds no rows of data"),
        (make_frame(), ["name"], "no column 'name' to keep"),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=sentence):
            predict_file(model, source, tmp_path / "p.csv", keep=keep)
    with pytest.raises(ValueError, match="does not say how a table is read"):
        predict_file(LogisticRegression(), make_frame(), tmp_path / "p.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["empty.csv"]


@pytest.mark.slow
def test_several_targets(tmp_path):
    frame = make_frame(80).assign(late=lambda f: (f["size"] > 0.5).astype(int))
    found = compare(
        frame, ["sick", "late"], drop=["id"], methods=["dummy", "logistic"], preset="fast"
    )
    model = found.fit_best()
    assert model.predict(frame).shape == model.predict_proba(frame).shape == (80, 2)
    predict_file(model, frame, tmp_path / "p.csv")
    written = pd.read_csv(tmp_path / "p.csv")
    assert written.columns.tolist() == ["probability_sick", "probability_late", "sick", "late"]
    assert written[["sick", "late"]].to_numpy().tolist() == model.predict(frame).tolist()


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        (FunctionTransformer(json.loads), "holds json.loads"),
        (FunctionTransformer(joblib.load), "joblib"),
        ({"x": pd.Timestamp("2024-01-01")}, "load_model trusts types of"),
    ],
)
def test_foreign_types_are_refused(thing, sentence, tmp_path):
    save_model(thing, tmp_path / "m.skops")
    with pytest.raises(ValueError, match=sentence):
        load_model(tmp_path / "m.skops")


@pytest.mark.parametrize("module", ["sklearn.datasets._base", "trap"])
def test_a_function_that_scikit_learn_imports_is_not_its_own(module, tmp_path, monkeypatch):
    save_model(FunctionTransformer(urlretrieve), tmp_path / "m.skops")
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    # What a forger would write: the same function under the name of a trusted package, and a
    # module that must not even be imported.
    with zipfile.ZipFile(tmp_path / "m.skops") as archive:
        schema = archive.read("schema.json").decode().replace('"urllib.request"', f'"{module}"')
    with zipfile.ZipFile(tmp_path / "f.skops", "w") as archive:
        archive.writestr("schema.json", schema)
    with pytest.raises(ValueError, match=rf"holds {module}\.urlretrieve"):
        load_model(tmp_path / "f.skops")


def test_what_is_no_file_of_skops_is_refused(tmp_path):
    joblib.dump(LogisticRegression(), tmp_path / "m.joblib")
    with pytest.raises(ValueError, match="is no file of skops"):
        load_model(tmp_path / "m.joblib")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load_model(tmp_path / "none.skops")
