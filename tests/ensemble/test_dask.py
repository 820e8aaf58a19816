"""LightGBM's own estimator for Dask with our objective: trees of workers in their own processes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skfocal.ensemble import lightgbm_objective

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")
lightgbm = pytest.importorskip("lightgbm")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning:lightgbm")
def test_workers_grow_honest_trees():
    # Few values: bins are then the same, from whatever rows a worker finds them.
    rng = np.random.default_rng(0)
    X = rng.integers(0, 12, size=(4000, 4)).astype(float)
    y = (X[:, 0] - X[:, 1] + 3 * rng.logistic(size=len(X)) > 9).astype(int)
    objective = lightgbm_objective("focal", gamma=2.0)
    start = objective.start(y)
    settings = {"objective": objective, "n_estimators": 10, "num_leaves": 7, "verbose": -1}
    alone = lightgbm.LGBMClassifier(n_jobs=1, **settings)
    alone.fit(X, y, init_score=objective.init_score(y))
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    with cluster, distributed.Client(cluster) as client:
        rows, labels = da.from_array(X, chunks=(1000, 4)), da.from_array(y, chunks=1000)
        scores = da.full(len(y), start, chunks=1000)
        model = lightgbm.DaskLGBMClassifier(client=client, **settings)
        model.fit(rows, labels, init_score=scores)
        raw = model.predict(rows, raw_score=True).compute()
    assert_allclose(raw, alone.predict(X, raw_score=True), atol=1e-5)
    risk = objective.to_probability(raw + start)[:, 1]
    assert risk.mean() == pytest.approx(y.mean(), rel=0.03)
