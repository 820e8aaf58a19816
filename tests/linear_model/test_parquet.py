"""Rows of Parquet files as blocks: the same as the frame that was written."""

import numpy as np
import pandas as pd
import pytest

from skfocal import FocalLogisticRegression
from skfocal.linear_model import ParquetBlocks

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    for part, rows in (("a", frame()[:700]), ("b", frame()[700:])):
        rows.to_parquet(folder / f"{part}.parquet", row_group_size=300, index=False)
    return folder


def frame():
    rng = np.random.default_rng(0)
    numbers = pd.DataFrame(rng.standard_normal((1000, 2)), columns=["x", "y y"])
    numbers["count"] = rng.integers(0, 9, size=1000)
    numbers["flag"] = rng.random(1000) < 0.5
    numbers["weight"] = rng.uniform(1, 2, size=1000)
    numbers["event"] = np.where(rng.logistic(size=1000) < numbers["x"] - 1, "yes", "no")
    return numbers


@pytest.mark.parametrize("weight", [None, "weight"])
def test_a_folder_gives_the_model_of_the_frame(folder, weight):
    features = ["x", "y y", "count", "flag"]
    blocks = ParquetBlocks(folder, "event", columns=features, weight=weight, block_rows=130)
    assert all(len(block[0]) <= 130 for block in blocks)
    rows = frame()
    np.testing.assert_array_equal(np.concatenate([block[1] for block in blocks]), rows["event"])
    weights = None if weight is None else rows["weight"]
    expected = FocalLogisticRegression().fit(rows[features].astype(float), rows["event"], weights)
    found = FocalLogisticRegression().fit_blocks(blocks)
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-8)
    assert found.feature_names_in_.tolist() == features


def test_columns_are_all_but_label_and_weight(folder):
    assert ParquetBlocks(folder, "event", weight="weight").columns == ["x", "y y", "count", "flag"]
    assert ParquetBlocks(folder / "a.parquet", "event").columns[-1] == "weight"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "evnt"}, "no column 'evnt'; it has"),
        ({"target": "event", "columns": ["x", "z"]}, "no column 'z'"),
        ({"target": "event", "weight": "w"}, "no column 'w'"),
        ({"target": "flag"}, r"the columns \['event'\] are not numeric"),
        ({"target": "event", "block_rows": 0}, "at least 1, got 0"),
    ],
)
def test_a_column_that_does_not_fit_is_named(folder, settings, message):
    with pytest.raises(ValueError, match=message):
        ParquetBlocks(folder, **settings)


def test_a_missing_value_has_its_block_and_row(tmp_path):
    rows = frame()
    rows.loc[250, "x"] = np.nan
    rows.to_parquet(tmp_path / "rows.parquet")
    blocks = ParquetBlocks(tmp_path / "rows.parquet", "event", columns=["x"], block_rows=200)
    with pytest.raises(ValueError, match="block 1: row 50 has a value that is NaN"):
        FocalLogisticRegression().fit_blocks(blocks)
