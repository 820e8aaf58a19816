"""What boosted trees take as features and parameters, and what they refuse."""

import numpy as np
import pytest
from sklearn.base import clone

from skfocal import FocalBoostingClassifier
from skfocal.ensemble._focal_boosting import ROWS_OF_LEAF
from tests.ensemble.trees import SMALL, each_engine

# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("engine", "params", "words"),
    [
        ("hist", {"max_iter": 5}, "no parameters of its own"),
        ("lightgbm", {"boosting": "goss"}, "rare classes"),
        ("lightgbm", {"data_sample_strategy": "goss"}, "rare classes"),
        ("lightgbm", {"use_quantized_grad": True}, "gradient"),
        ("lightgbm", {"is_unbalance": True}, "class_weight"),
        ("lightgbm", {"scale_pos_weight": 3.0}, "class_weight"),
        ("lightgbm", {"objective": "binary"}, "the estimator's own"),
        ("lightgbm", {"num_leaves": 5}, "parameter of the estimator"),
        ("xgboost", {"sampling_method": "gradient_based"}, "gradient"),
        ("xgboost", {"scale_pos_weight": 3.0}, "class_weight"),
        ("xgboost", {"booster": "gblinear"}, "histograms"),
        ("xgboost", {"eta": 0.3}, "parameter of the estimator"),
    ],
)
def test_what_an_engine_cannot_follow_is_refused_in_one_sentence(engine, params, words, table):
    model = FocalBoostingClassifier(engine=engine, engine_params=params)
    with pytest.raises(ValueError, match=words) as caught:
        model.fit(*table)
    assert str(caught.value).startswith("FocalBoostingClassifier: ")
    assert repr(engine) in str(caught.value)


def test_engine_params_reach_the_engine(table):
    X, y = table
    model = FocalBoostingClassifier(
        engine="lightgbm", engine_params={"bagging_fraction": 0.5, "bagging_freq": 1}, **SMALL
    ).fit(X, y)
    assert "[bagging_fraction: 0.5]" in model.booster_.model_to_string()
    model = FocalBoostingClassifier(
        engine="xgboost", gamma=2.0, alpha=0.25, engine_params={"min_child_weight": 3.0}, **SMALL
    ).fit(X, y)
    config = model.booster_.save_config()
    assert '"min_child_weight":"3"' in config
    # The names of focal loss are those of other things in XGBoost.
    assert '"gamma":"0"' in config or '"min_split_loss":"0"' in config
    assert '"reg_alpha":"0"' in config or '"alpha":"0"' in config


def test_spark_is_refused_by_name(table):
    with pytest.raises(ValueError, match=r"takes objectives by name only.*DaskLGBMClassifier"):
        FocalBoostingClassifier(engine="spark").fit(*table)


def test_combinations_without_meaning_are_refused(table, three_classes):
    with pytest.raises(ValueError, match=r"monotonic_cst=.* needs two classes, got 3"):
        FocalBoostingClassifier(monotonic_cst=[1, 0, 0, 0, 0, 0]).fit(*three_classes)
    with pytest.raises(ValueError, match="interaction_cst must hold positions"):
        FocalBoostingClassifier(interaction_cst=[[0, 99]]).fit(*table)
    with pytest.raises(ValueError, match="categorical_features must be"):
        FocalBoostingClassifier(categorical_features=["colour"]).fit(*table)
    with pytest.raises(ValueError, match="is defined for binary and multilabel"):
        FocalBoostingClassifier(loss="asymmetric").fit(*three_classes)
    with pytest.raises(ValueError, match="infinity"):
        FocalBoostingClassifier().fit([[np.inf], [1.0]] * 10, [0, 1] * 10)


def test_a_missing_engine_says_how_to_install_it(table, monkeypatch):
    import sys

    for engine in ("lightgbm", "xgboost"):
        monkeypatch.setitem(sys.modules, engine, None)
        with pytest.raises(ImportError, match=r"pip install 'skfocal\[boosting\]'"):
            FocalBoostingClassifier(engine=engine).fit(*table)


# --- features -------------------------------------------------------------------------------------


@pytest.mark.slow
@each_engine
@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_categories_of_data_frames(engine, frame):
    module = pytest.importorskip(frame)
    rng = np.random.default_rng(0)
    colour = rng.choice(["blue", "green", "red", "white"], 600)
    size = rng.normal(size=600)
    y = ((colour == "green") | (colour == "white")) & (size > -1)
    if frame == "pandas":
        X = module.DataFrame({"size": size, "colour": module.Categorical(colour)})
    else:
        X = module.DataFrame(
            {"size": size, "colour": module.Series(colour, dtype=module.Enum(sorted(set(colour))))}
        )
    model = FocalBoostingClassifier(
        engine=engine, max_leaf_nodes=3, max_features=1.0, **SMALL | {"learning_rate": 0.3}
    ).fit(X, y)
    assert model.predict(X).dtype == bool
    assert (model.predict(X) == y).mean() > 0.98
    assert model.feature_names_in_.tolist() == ["size", "colour"]
    assert model.feature_importances_[1] > 0.3
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X[["colour", "size"]])


@each_engine
def test_unknown_categories_are_missing_values(engine):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 4, 600), rng.normal(size=600)]).astype(float)
    y = X[:, 0] % 2
    model = FocalBoostingClassifier(engine=engine, categorical_features=[0], **SMALL).fit(X, y)
    assert (model.predict(X) == y).all()
    unknown, missing = [[17.0, 0.0]], [[np.nan, 0.0]]
    np.testing.assert_array_equal(model.predict_proba(unknown), model.predict_proba(missing))


def test_sparse_rows_of_lightgbm_equal_dense_ones(table):
    from scipy import sparse

    X, y = table
    X = np.where(np.isnan(X) | (np.abs(X) < 1), 0.0, X)
    model = FocalBoostingClassifier(engine="lightgbm", **SMALL)
    dense = clone(model).fit(X, y).predict_proba(X)
    csr = sparse.csr_array(X)
    np.testing.assert_allclose(clone(model).fit(csr, y).predict_proba(csr), dense, atol=1e-9)
    for engine in ("hist", "xgboost"):
        with pytest.raises(TypeError, match=r"[Ss]parse"):
            clone(model).set_params(engine=engine).fit(csr, y)


@each_engine
def test_monotonic_and_interaction_constraints(engine, table):
    X, y = table
    sign = np.sign(np.corrcoef(np.nan_to_num(X[:, 0]), y)[0, 1]).astype(int)
    cst = [int(sign)] + [0] * 7
    model = FocalBoostingClassifier(
        engine=engine, monotonic_cst=cst, interaction_cst="no_interactions", **SMALL
    ).fit(X, y)
    grid = np.tile(np.nanmedian(X, axis=0), (50, 1))
    grid[:, 0] = np.linspace(-3, 3, 50)
    assert np.all(sign * np.diff(model.decision_function(grid)) >= -1e-6)
    # Without interactions the log-odds are a sum over the features.
    a, b = grid[:1].copy(), grid[:1].copy()
    a[0, 0], b[0, 1] = 2.0, 2.0
    both = a.copy()
    both[0, 1] = 2.0
    f = model.decision_function
    np.testing.assert_allclose(
        f(both) - f(a), f(b) - f(grid[:1] * [[0] + [1] * 7] + [[b[0, 0]] + [0] * 7]), atol=1e-5
    )


def test_the_defaults_are_those_that_the_study_ships():
    pytest.importorskip("torch")  # the study shares functions with that of the networks
    import choose_boosting_defaults as study

    wanted = study.BASE | study.CANDIDATES[study.SHIPPED]
    defaults = FocalBoostingClassifier().get_params() | {"min_samples_leaf": ROWS_OF_LEAF}
    assert {name: defaults[name] for name in wanted} == wanted
