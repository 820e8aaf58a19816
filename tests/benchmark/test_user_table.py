"""The sample of a user's table."""

import numpy as np
import pandas as pd
import pytest

from skfocal.benchmark._user_table import read_table


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    labels = np.where(np.arange(200) % 5 == 0, "yes", "no")
    return pd.DataFrame({"signal": rng.normal(size=200), "id": range(200), "churn": labels})


def test_sample_keeps_the_share_and_the_seed(frame):
    first, second = (read_table(frame, "churn", max_rows=50, random_state=3) for _ in range(2))
    assert first.y.sum() == 10 and len(first.y) == 50
    pd.testing.assert_frame_equal(first.X, second.X)
    assert first.notes[1:] == ("A stratified sample of 50 of the 200 rows was used (seed 3).",)
    rows = frame.set_index("signal").loc[first.X["signal"]]
    np.testing.assert_array_equal(rows["churn"] == "yes", first.y)


def test_a_sample_has_no_row_number_either(frame):
    assert list(read_table(frame, "churn", max_rows=50).X) == ["signal"]


def test_a_table_that_is_small_enough_is_kept(frame):
    assert len(read_table(frame, "churn", max_rows=200).y) == 200


def test_a_sample_that_cannot_be_drawn(frame):
    with pytest.raises(ValueError, match="max_rows must be an integer >= 2; got 1"):
        read_table(frame, "churn", max_rows=1)
    with pytest.raises(ValueError, match="too few for a stratified sample"):
        read_table(frame.assign(churn=["yes"] + ["no"] * 199), "churn", max_rows=50)


def test_the_data_set_of_a_table(frame):
    user = read_table(frame.assign(town=["Rome", "Oslo"] * 100), "churn")
    dataset = user.dataset
    assert dataset.name == dataset.family == "table"
    assert dataset.categorical == ("town",)
    assert dataset.X is user.X and dataset.y is user.y
