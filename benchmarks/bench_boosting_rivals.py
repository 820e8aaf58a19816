"""Compare focal objectives for XGBoost: that of skfocal, of gbdtCBL and of imbalance-xgboost.

``python benchmarks/bench_boosting_rivals.py`` fits them on every fold of `core` tables of up to
7,000 rows and writes ``results/boosting_rivals.md``. It needs the extra ``rivals``.
"""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.metrics import average_precision_score, log_loss
from threadpoolctl import threadpool_limits

from choose_defaults import LEFT_OUT, folds_of, prepare
from skfocal import FocalBoostingClassifier
from skfocal.benchmark.datasets import dataset_info, list_datasets, load_dataset
from skfocal.ensemble import xgboost_objective

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
MOST_ROWS = 7000
GAMMA = 2.0
# The trees of imbalance-xgboost, its defaults.
DEEP = {"n_estimators": 10, "max_depth": 10, "learning_rate": 0.3}


def gbdt_cbl(X, y, trees):
    """Return XGBoost with gbdtCBL's focal loss, used as its README shows."""
    from gbdtCBL.binary import FLLoss
    from xgboost import XGBClassifier

    return XGBClassifier(objective=FLLoss(GAMMA), n_jobs=1, **trees).fit(X, y).predict_proba


def imbalance_xgboost(X, y, trees):
    """Return XGBoost with the objective of imbalance-xgboost, and its sigmoid.

    Its estimator passes an argument that XGBoost has dropped, so the objective is driven here.
    """
    import xgboost
    from imxgboost.focal_loss import Focal_Binary_Loss

    params = {"max_depth": trees.get("max_depth", 6), "eta": 0.3, "nthread": 1}
    model = xgboost.train(
        params,
        xgboost.DMatrix(X, y),
        trees.get("n_estimators", 100),
        obj=Focal_Binary_Loss(GAMMA).focal_binary_object,
    )

    def predict(X):
        risk = expit(model.predict(xgboost.DMatrix(X), output_margin=True))
        return np.column_stack([1 - risk, risk])

    return predict


def ours(X, y, trees, gamma=GAMMA):
    """Return XGBoost with our objective; gamma=0 is log loss."""
    from xgboost import XGBClassifier

    objective = xgboost_objective(gamma=gamma)
    model = XGBClassifier(
        objective=objective, base_score=objective.base_score(y), n_jobs=1, **trees
    )
    return model.fit(X, y).predict_proba


def untouched(X, y, trees):
    """Return FocalBoostingClassifier with its defaults."""
    return FocalBoostingClassifier(random_state=0, n_jobs=1).fit(X, y).predict_proba


METHODS = {
    "log loss": (lambda X, y, trees: ours(X, y, trees, 0.0), {}),
    "skfocal, gamma 2": (ours, {}),
    "gbdtCBL, gamma 2": (gbdt_cbl, {}),
    "imbalance-xgboost, gamma 2": (imbalance_xgboost, {}),
    "log loss, 10 deep trees": (lambda X, y, trees: ours(X, y, trees, 0.0), DEEP),
    "skfocal, gamma 2, 10 deep trees": (ours, DEEP),
    "gbdtCBL, gamma 2, 10 deep trees": (gbdt_cbl, DEEP),
    "imbalance-xgboost, gamma 2, 10 deep trees": (imbalance_xgboost, DEEP),
    "FocalBoostingClassifier(), untouched": (untouched, {}),
}


def run():
    """Return the figures of every fold."""
    for name in sorted(list_datasets("core"), key=lambda name: dataset_info(name).n_rows):
        if name in LEFT_OUT or dataset_info(name).n_rows > MOST_ROWS:
            continue
        table = load_dataset(name)
        y = np.asarray(table.y, dtype=int)
        for fold, (train, test) in folds_of(y, 0):
            X = prepare(table).fit(table.X.iloc[train]).transform(table.X)
            for method, (fit, trees) in METHODS.items():
                risk = fit(X[train], y[train], trees)(X[test])[:, 1]
                yield {
                    "family": table.family,
                    "dataset": name,
                    "fold": fold,
                    "method": method,
                    "average precision": average_precision_score(y[test], risk),
                    "log loss": log_loss(y[test], risk, labels=[0, 1]),
                    "mean risk / event rate": risk.mean() / y[test].mean(),
                }


def write(frame):
    """Write the table; a family counts once, and of the ratios the median is shown."""
    metrics = ["average precision", "log loss", "mean risk / event rate"]
    of_sets = frame.groupby(["family", "dataset", "method"])[metrics].mean()
    of_families = of_sets.groupby(["family", "method"]).mean()
    table = of_families[metrics[:2]].groupby("method").mean()
    table["mean risk / event rate: median"] = of_families[metrics[2]].groupby("method").median()
    gain = of_families["log loss"].unstack()
    table["families with less log loss than skfocal's"] = [
        int((gain[method] < gain[reference(method)]).sum()) for method in table.index
    ]
    text = TEXT.format(
        n_sets=frame["dataset"].nunique(),
        n_families=len(gain),
        table=table.loc[list(METHODS)].round(3).to_markdown(),
    )
    (RESULTS / "boosting_rivals.md").write_text(text, encoding="utf-8")


def reference(method):
    """Return our objective with the same trees."""
    deep = ", 10 deep trees"
    return "skfocal, gamma 2" + (deep if method.endswith(deep) else "")


TEXT = """\
# Focal objectives for XGBoost

{n_sets} tables of the `core` suite of up to 7,000 rows in {n_families} families, three folds each,
one-hot encoded. XGBoost with its default trees, and with ten trees of depth 10, the defaults of
imbalance-xgboost; gbdtCBL 0.2.0, imbalance-xgboost 0.8.1, whose estimator does not run with
XGBoost 3 (`feval` is gone), so that its objective is driven directly. Both are used as their
documents show: start at 0 or at XGBoost's default, probabilities by the sigmoid. skfocal is
`xgboost_objective` with its `base_score`.
Command: `python benchmarks/bench_boosting_rivals.py`.

{table}
"""

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        write(pd.DataFrame(run()))
