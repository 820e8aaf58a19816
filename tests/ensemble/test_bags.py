"""The rows of each tree, and what trees say of rows that they have not seen."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skfocal import FocalBoostingClassifier
from skfocal.ensemble._bags import BaggedObjective, Bags, OutOfBag, as_share
from skfocal.ensemble._focal_boosting import ENGINES
from skfocal.ensemble._objective import make_objective
from skfocal.losses import FocalLoss
from skfocal.tasks import get_task

HALF = Fraction(1, 2)


@given(
    share=st.floats(0.05, 0.97).map(as_share),
    counts=st.lists(st.integers(1, 60), min_size=2, max_size=4),
    seed=st.integers(0, 2**31),
)
def test_of_every_class_each_tree_sees_its_share_and_all_rows_are_seen_equally(share, counts, seed):
    codes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    bags = Bags(codes, share, np.random.default_rng(seed))
    k, m = share.as_integer_ratio()
    unseen = np.array([bags.draw(number) for number in range(2 * m)])
    assert (unseen.reshape(2, m, -1).sum(axis=1) == m - k).all()
    for code, count in enumerate(counts):
        seen = (~unseen[:, codes == code]).sum(axis=1)
        # Groups at both ends may hold rows of other classes.
        assert (abs(seen - float(share) * count) < 2 * min(k, m - k) + 1).all()


def test_groups_are_turned_anew():
    bags = Bags(np.zeros(200, int), HALF, np.random.default_rng(0))
    first, second, third = (bags.draw(number) for number in range(3))
    assert (second == ~first).all()
    assert 50 < (third != first).sum() < 150


class Sums:
    """Sums of trees as an engine tells them, for an objective that is only followed."""

    def __init__(self, n_trees, shape, seed=0):
        rng = np.random.default_rng(seed)
        self.target = rng.integers(2, size=shape[0])
        self.trees = rng.normal(size=(n_trees, *shape))
        self.start = np.full(shape, -2.0)

    def after(self, n_trees):
        return self.start + self.trees[:n_trees].sum(axis=0)

    def follow(self, n_trees, share=HALF, watch=None, best=(), seed=1, **settings):
        """Return the objective after so many trees, and the rows that each did not see."""
        task = get_task("binary" if self.start.ndim == 1 else "multiclass")
        plain = make_objective(FocalLoss(1.0), task)
        bagged = BaggedObjective(plain, share, np.random.default_rng(seed), watch=watch, **settings)
        unseen = []
        for number in range(n_trees):
            raw = self.after(number)
            gradient, curvature = np.empty_like(raw), np.empty_like(raw)
            if watch is not None:
                watch.best_round = best[number]
            bagged.differentiate(self.target, raw, None, gradient, curvature)
            of_rows = gradient.reshape(len(raw), -1)
            unseen.append((of_rows == 0).all(axis=1))
            expected = np.empty_like(raw), np.empty_like(raw)
            plain.differentiate(self.target, raw, None, *expected)
            seen = ~unseen[-1]
            assert gradient[seen] == pytest.approx(expected[0][seen] / float(share))
            assert curvature[seen] == pytest.approx(expected[1][seen] / float(share))
            assert not curvature[~seen].any()
        return bagged, np.array(unseen)


@pytest.mark.parametrize("shape", [(40,), (40, 3)])
@pytest.mark.parametrize("share", [HALF, Fraction(2, 3), Fraction(1, 4)])
def test_a_row_is_told_by_the_trees_that_have_not_seen_it(shape, share):
    sums = Sums(7, shape)
    bagged, unseen = sums.follow(7, share)
    weight = unseen.reshape(7, 40, *[1] * (len(shape) - 1)) / float(1 - share)
    expected = sums.start + (sums.trees * weight).sum(axis=0)
    assert bagged.out_of_bag(sums.after(7)).raw == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("share", [HALF, Fraction(2, 3), Fraction(1, 4)])
def test_the_noise_is_like_that_of_the_sums_and_does_not_depend_on_it(share):
    n_trees = 2 * share.denominator + 1
    sums = Sums(n_trees, (40, 3))
    total = sums.after(n_trees)
    drawn = [sums.follow(n_trees, share, seed=seed)[0].out_of_bag(total) for seed in range(400)]
    errors, noises = (
        np.array([one.raw - total for one in drawn]),
        np.array([d.noise for d in drawn]),
    )
    size = np.mean(errors**2)
    assert size > 1
    assert np.mean(noises**2) == pytest.approx(size, rel=0.02)
    # Over 400 x 40 rows; errors of classes go together.
    assert abs(np.mean(noises * errors)) < 0.03 * size
    between = [np.mean(of[..., 0] * of[..., 1]) for of in (errors, noises)]
    assert between[0] == pytest.approx(between[1], abs=0.03 * size)


class Stub:
    best_round = 0


@pytest.mark.parametrize("best", [1, 2, 4, 5])
def test_with_early_stopping_the_trees_after_the_best_round_do_not_count(best):
    sums = Sums(5, (30,))
    # As it is known before each tree, and then after the last.
    known = [min(best, number) for number in range(5)]
    watch = Stub()
    stopped, _ = sums.follow(5, watch=watch, best=known)
    watch.best_round = best
    whole, _ = sums.follow(best)
    one, other = (bagged.out_of_bag(sums.after(best)) for bagged in (stopped, whole))
    assert one.raw == pytest.approx(other.raw)
    # The sign of a turn that has not ended is drawn at the end.
    assert abs(one.noise) == pytest.approx(abs(other.noise))


def test_trees_added_later_go_on_from_what_was_known():
    sums = Sums(4, (30,))
    earlier = OutOfBag(np.linspace(-1, 1, 30), np.linspace(0, 1, 30))
    fewer = OutOfBag(earlier.raw[:-1], earlier.noise[:-1])
    plain, continued, other_rows = (
        sums.follow(4, earlier=known)[0].out_of_bag(sums.after(4))
        for known in (None, earlier, fewer)
    )
    assert continued.raw - plain.raw == pytest.approx(earlier.raw - sums.start)
    assert continued.noise - plain.noise == pytest.approx(earlier.noise, abs=1e-5)
    assert (other_rows.raw == plain.raw).all()
    assert (other_rows.noise == plain.noise).all()


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    y = (np.arange(400) < 40).astype(int)
    return rng.normal(size=(400, 3)) + y[:, None], y


def test_the_intercept_needs_rows_that_a_tree_has_not_seen(rows):
    with pytest.raises(ValueError, match=r"subsample=1\.0 leaves none; take a smaller subsample"):
        FocalBoostingClassifier(subsample=1.0).fit(*rows)
    model = FocalBoostingClassifier(subsample=1.0, calibrate_intercept=False, n_estimators=2)
    assert model.fit(*rows).intercept_ == 0


@pytest.mark.parametrize("key", ["boosting", "boosting_type", "boost"])
def test_the_intercept_needs_trees_that_stay(rows, key):
    pytest.importorskip("lightgbm")
    model = FocalBoostingClassifier(engine="lightgbm", engine_params={key: "dart"})
    with pytest.raises(ValueError, match="needs trees that stay as they were grown"):
        model.fit(*rows)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("engine", ["hist", "lightgbm", "xgboost"])
def test_what_is_known_of_the_training_rows_is_what_the_trees_add_up(
    monkeypatch, engine, n_classes
):
    if engine != "hist":
        pytest.importorskip(engine)
    booster_class, known = ENGINES[engine], []
    train = booster_class.train

    def remember(settings, rows, *args):
        booster, raw = train(settings, rows, *args)
        known.append((raw, booster.raw_prediction(rows.X)))
        return booster, raw

    monkeypatch.setattr(booster_class, "train", remember)
    rng = np.random.default_rng(0)
    y = np.arange(300) % n_classes
    X = rng.normal(size=(300, 3)) + y[:, None]
    model = FocalBoostingClassifier(engine=engine, n_estimators=7, n_jobs=1, random_state=0)
    model.fit(X, y)
    model.set_params(n_estimators=9, warm_start=True).fit(X, y)
    for raw, expected in known:
        assert raw.std() > 0.1
        np.testing.assert_allclose(raw, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("engine", ["hist", "lightgbm", "xgboost"])
def test_trees_and_their_overfit_are_reproducible_on_every_engine(rows, engine):
    X, y = rows
    settings = {"engine": engine, "n_estimators": 30, "learning_rate": 0.2, "random_state": 0}
    one, other = (FocalBoostingClassifier(**settings, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 2))
    assert (one.predict_proba(X) == other.predict_proba(X)).all()
    assert one.intercept_ == other.intercept_ > 0
