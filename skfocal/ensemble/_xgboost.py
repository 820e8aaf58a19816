"""XGBoost, driven by an objective; the trained booster reads as one of plain log loss."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import expit

from skfocal.ensemble._booster import Booster, Gradients, Rows, TreeSettings, Watch, reasons
from skfocal.ensemble._objective import Objective
from skfocal.utils._optional import needs_extra

if TYPE_CHECKING:
    import xgboost


class XGBoostBooster(Booster):
    """An ``xgboost.Booster`` whose intercept is the start."""

    name = "xgboost"
    # It takes what a sparse matrix leaves out for missing, not for 0.
    takes_sparse = False
    refused = reasons(
        {
            "the objective is the estimator's own: see its loss, gamma, alpha and class_weight": (
                "objective num_class scale_pos_weight base_score"
            ),
            "early stopping follows the estimator's own metric, see its scoring": (
                "eval_metric disable_default_eval_metric early_stopping_rounds"
            ),
            "it draws rows by the size of their gradient, and loses those of a rare class or all "
            "others": "sampling_method",
            "only trees that are histograms of rows follow this objective": (
                "booster tree_method process_type"
            ),
            "it is a parameter of the estimator": (
                "n_estimators num_boost_round learning_rate eta max_leaves grow_policy max_depth "
                "reg_lambda lambda colsample_bynode max_bin monotone_constraints "
                "interaction_constraints feature_types seed random_state nthread n_jobs verbosity"
            ),
        }
    )

    def __init__(self, booster: "xgboost.Booster", start: np.ndarray) -> None:
        self._booster = booster
        self._start = start

    @classmethod
    def train(
        cls,
        settings: TreeSettings,
        rows: Rows,
        objective: Objective,
        start: np.ndarray,
        watch: Watch | None = None,
        before: Self | None = None,
    ) -> tuple[Self, np.ndarray | None]:
        """Grow trees; see :meth:`Booster.train`."""
        with needs_extra("boosting", "engine='xgboost'"):
            import xgboost

        earlier = 0 if before is None else before.n_rounds
        if before is not None:
            start = before._start
        train_set = xgboost.QuantileDMatrix(
            rows.X,
            rows.target,
            # For the quantiles of the bins alone: the objective weighs its derivatives itself.
            weight=rows.weight,
            max_bin=settings.max_bins,
            nthread=settings.n_threads,
            **_kinds(settings.categorical),
        )
        booster = xgboost.train(
            _translate(settings) | _log_loss(start),
            train_set,
            settings.n_estimators - earlier,
            obj=Gradients(objective, rows),
            xgb_model=None if before is None else before._booster,
            verbose_eval=bool(settings.verbose),
            **({} if watch is None else _watching(watch, train_set, settings, start, before)),
        )
        if watch is not None:
            return cls(booster[: max(1, earlier + watch.best_round)], start), None
        # Of the training rows it still knows the sums.
        raw = booster.predict(train_set, output_margin=True).astype(np.float64)
        return cls(booster, start), raw

    @property
    def native(self) -> "xgboost.Booster":
        """The ``xgboost.Booster``."""
        return self._booster

    @property
    def n_rounds(self) -> int:
        """Rounds of boosting."""
        return self._booster.num_boosted_rounds()

    def raw_prediction(self, X: Any) -> np.ndarray:
        """Return what the trees add up."""
        return self._booster.inplace_predict(X, predict_type="margin").astype(np.float64)

    def shift(self, constant: np.ndarray) -> None:
        """Add a constant to the intercept."""
        self._start = self._start + constant
        self._booster.set_param({"base_score": _log_loss(self._start)["base_score"]})

    def feature_importances(self, n_features: int) -> np.ndarray:
        """Return the total gain of the splits on each feature."""
        gain = self._booster.get_score(importance_type="total_gain")
        return np.array([gain.get(f"f{j}", 0.0) for j in range(n_features)])

    def __getstate__(self) -> dict[str, Any]:
        return {"model": bytes(self._booster.save_raw("ubj")), "start": self._start}

    def __setstate__(self, state: dict[str, Any]) -> None:
        with needs_extra("boosting", "engine='xgboost'"):
            import xgboost

        self._booster = xgboost.Booster()
        self._booster.load_model(bytearray(state["model"]))
        self._start = state["start"]


def _watching(
    watch: Watch,
    train_set: "xgboost.DMatrix",
    settings: TreeSettings,
    start: np.ndarray,
    before: Any,
) -> dict[str, Any]:
    """Return the arguments that make XGBoost follow a watch."""
    import xgboost

    class Stop(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            return watch.should_stop

    def score(raw: np.ndarray, _: Any) -> tuple[str, float]:
        return "score", watch.observe(raw.astype(np.float64))

    n_rows = watch.X.shape[0]
    constant = np.broadcast_to(start, (n_rows, *np.shape(start)))
    watch.observe(constant if before is None else before.raw_prediction(watch.X))
    held_out = xgboost.QuantileDMatrix(
        watch.X,
        np.zeros(n_rows),
        ref=train_set,
        max_bin=settings.max_bins,
        **_kinds(settings.categorical),
    )
    return {"evals": [(held_out, "held_out")], "custom_metric": score, "callbacks": [Stop()]}


def _translate(settings: TreeSettings) -> dict[str, Any]:
    params: dict[str, Any] = {
        "tree_method": "hist",
        "grow_policy": "lossguide" if settings.max_leaf_nodes else "depthwise",
        "learning_rate": settings.learning_rate,
        "max_leaves": settings.max_leaf_nodes or 0,
        "max_depth": settings.max_depth or 0,
        # The floor of the other engines; XGBoost's own, 1, is a thousand rows at a rate of 1e-3.
        "min_child_weight": 1e-3,
        "reg_lambda": settings.l2_regularization,
        "colsample_bynode": settings.max_features,
        "max_bin": settings.max_bins,
        "seed": settings.seed,
        "verbosity": int(bool(settings.verbose)),
        "disable_default_eval_metric": True,
    }
    if settings.n_threads is not None:
        params["nthread"] = settings.n_threads
    if settings.monotonic_cst is not None:
        params["monotone_constraints"] = tuple(settings.monotonic_cst.tolist())
    if settings.interaction_cst is not None:
        # As text: in a list the package looks for names of features, of which there are none.
        groups = [sorted(group) for group in settings.interaction_cst]
        params["interaction_constraints"] = str(groups)
    return params | dict(settings.engine_params)


def _log_loss(start: np.ndarray) -> dict[str, Any]:
    """Return the parameters by which a booster is one of log loss, with its intercept."""
    if np.ndim(start):
        return {
            "objective": "multi:softprob",
            "num_class": start.size,
            "base_score": start.tolist(),
        }
    return {"objective": "binary:logistic", "base_score": float(expit(start))}


def _kinds(categorical: np.ndarray | None) -> dict[str, Any]:
    if categorical is None:
        return {}
    kinds = ["c" if of_names else "q" for of_names in categorical]
    return {"feature_types": kinds, "enable_categorical": True}
