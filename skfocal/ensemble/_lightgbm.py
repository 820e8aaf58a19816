"""LightGBM with a custom objective; the trained booster is stored as one of plain log loss."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse

from skfocal.ensemble._booster import Booster, Gradients, Rows, TreeSettings, Watch, reasons
from skfocal.ensemble._objective import Objective
from skfocal.utils._optional import needs_extra

if TYPE_CHECKING:
    import lightgbm

# Most leaves that LightGBM takes.
MAX_LEAVES = 131_072
# How a model text names log loss.
BINARY = ("binary", "sigmoid:1")


# The names of one parameter.
BOOSTING = ("boosting", "boosting_type", "boost")


class LightGBMBooster(Booster):
    """A ``lightgbm.Booster`` that holds the start in its first trees."""

    name = "lightgbm"
    takes_sparse = True
    refused = reasons(
        {
            "the objective is the estimator's own: see its loss, gamma, alpha and class_weight": (
                "objective objective_type app application loss num_class num_classes "
                "is_unbalance unbalance unbalanced_sets scale_pos_weight boost_from_average sigmoid"
            ),
            "early stopping follows the estimator's own metric, see its scoring": (
                "metric metrics metric_types early_stopping_round early_stopping_rounds "
                "early_stopping n_iter_no_change early_stopping_min_delta first_metric_only"
            ),
            "it draws or rounds rows by the size of their gradient, and loses those of a rare "
            "class or all others": (
                "use_quantized_grad num_grad_quant_bins quant_train_renew_leaf stochastic_rounding "
                "top_rate other_rate"
            ),
            "its leaves hold no single value, so the start cannot be stored in them": (
                "linear_tree linear_trees linear_lambda"
            ),
            "it is a parameter of the estimator": (
                "num_iterations num_iteration n_iter num_tree num_trees num_round num_rounds "
                "nrounds num_boost_round n_estimators max_iter learning_rate shrinkage_rate eta "
                "num_leaves num_leaf max_leaves max_leaf max_leaf_nodes max_depth "
                "min_data_in_leaf min_data_per_leaf min_data min_child_samples min_samples_leaf "
                "lambda_l2 reg_lambda lambda l2_regularization feature_fraction_bynode "
                "sub_feature_bynode colsample_bynode max_bin max_bins monotone_constraints mc "
                "monotone_constraint monotonic_cst interaction_constraints categorical_feature "
                "cat_feature categorical_column cat_column categorical_features seed random_seed "
                "random_state num_threads num_thread nthread nthreads n_jobs verbosity verbose"
            ),
        }
    )

    def __init__(self, booster: "lightgbm.Booster") -> None:
        self._booster = booster

    @classmethod
    def check(cls, engine_params: Mapping[str, Any]) -> None:
        """Raise ValueError for parameters that cannot be followed with this objective."""
        super().check(engine_params)
        for key in (*BOOSTING, "data_sample_strategy"):
            if engine_params.get(key, "gbdt") not in ("gbdt", "dart", "bagging"):
                raise ValueError(
                    f"engine_params[{key!r}]={engine_params[key]!r} is refused by "
                    "engine='lightgbm': it does not go with an objective of rare classes; take "
                    "'gbdt', 'dart', or 'bagging' as a strategy."
                )

    @classmethod
    def changes_earlier_trees(cls, engine_params: Mapping[str, Any]) -> bool:
        """Return whether trees are dropped and scaled again (DART)."""
        return any(engine_params.get(key) == "dart" for key in BOOSTING)

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
        with needs_extra("boosting", "engine='lightgbm'"):
            import lightgbm

        earlier = 0 if before is None else before.n_rounds
        train_set = lightgbm.Dataset(
            _as_matrix(rows.X),
            rows.target,
            init_score=_repeat(start, rows.X.shape[0]) if before is None else None,
            categorical_feature=_positions(settings.categorical),
            # Features that cannot be split stay: without any, a custom objective fails.
            params={"verbosity": -1, "feature_pre_filter": False},
            free_raw_data=before is None,
        )
        booster = lightgbm.train(
            _translate(settings, start) | {"objective": Gradients(objective, rows)},
            train_set,
            settings.n_estimators - earlier,
            init_model=None if before is None else before._booster,
            # Otherwise it is copied through text, as it is below.
            keep_training_booster=True,
            **({} if watch is None else _watching(watch, train_set, start, before)),
        )
        kept = earlier + settings.n_estimators
        if watch is not None:
            kept = max(1, earlier + watch.best_round)
        raw = _training_sums(booster) if watch is None else None
        if before is None:
            _add_to_first_trees(booster, np.atleast_1d(start))
        return cls(_as_log_loss(booster, kept, start)), raw

    @property
    def native(self) -> "lightgbm.Booster":
        """The ``lightgbm.Booster``."""
        return self._booster

    @property
    def n_rounds(self) -> int:
        """Rounds of boosting."""
        return self._booster.current_iteration()

    def raw_prediction(self, X: Any) -> np.ndarray:
        """Return what the trees add up."""
        return np.asarray(self._booster.predict(_as_matrix(X), raw_score=True))

    def shift(self, constant: np.ndarray) -> None:
        """Add a constant to the leaves of the first tree, or one to those of each class."""
        _add_to_first_trees(self._booster, np.atleast_1d(constant))

    def feature_importances(self, n_features: int) -> np.ndarray:
        """Return the total gain of the splits on each feature."""
        return self._booster.feature_importance("gain")

    def __getstate__(self) -> dict[str, str]:
        return {"model": self._booster.model_to_string()}

    def __setstate__(self, state: dict[str, str]) -> None:
        with needs_extra("boosting", "engine='lightgbm'"):
            import lightgbm

        self._booster = lightgbm.Booster(model_str=state["model"])


def _watching(
    watch: Watch, train_set: "lightgbm.Dataset", start: np.ndarray, before: Any
) -> dict[str, Any]:
    """Return the arguments that make LightGBM stop by a watch."""
    from lightgbm.callback import EarlyStopException

    n_rows = watch.X.shape[0]
    watch.observe(_repeat(start, n_rows) if before is None else before.raw_prediction(watch.X))
    init_score = _repeat(start, n_rows) if before is None else None
    held_out = train_set.create_valid(_as_matrix(watch.X), np.zeros(n_rows), init_score=init_score)

    def score(raw: np.ndarray, _: Any) -> tuple[str, float, bool]:
        return "score", watch.observe(raw), True

    def stop(environment: Any) -> None:
        if watch.should_stop:
            raise EarlyStopException(environment.iteration, environment.evaluation_result_list)

    return {"valid_sets": [held_out], "feval": score, "callbacks": [stop]}


def _translate(settings: TreeSettings, start: np.ndarray) -> dict[str, Any]:
    leaves = settings.max_leaf_nodes
    if leaves is None:
        leaves = MAX_LEAVES if settings.max_depth is None else 2**settings.max_depth
    params: dict[str, Any] = {
        "num_class": start.size,
        "learning_rate": settings.learning_rate,
        "num_leaves": min(leaves, MAX_LEAVES),
        "max_depth": -1 if settings.max_depth is None else settings.max_depth,
        "min_data_in_leaf": settings.min_samples_leaf,
        "lambda_l2": settings.l2_regularization,
        "feature_fraction_bynode": settings.max_features,
        "max_bin": settings.max_bins,
        "seed": settings.seed,
        # The same sums for any number of threads.
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": settings.n_threads or 0,
        "verbosity": settings.verbose or -1,
        "metric": "none",
        "feature_pre_filter": False,
    }
    if settings.monotonic_cst is not None:
        params["monotone_constraints"] = settings.monotonic_cst.tolist()
    if settings.interaction_cst is not None:
        params["interaction_constraints"] = [sorted(group) for group in settings.interaction_cst]
    return params | dict(settings.engine_params)


def _as_matrix(X: Any) -> Any:
    """Return CSR as a matrix: LightGBM predicts no sparse arrays."""
    return sparse.csr_matrix(X) if sparse.issparse(X) else X


def _repeat(start: np.ndarray, n_rows: int) -> np.ndarray:
    return np.tile(start, (n_rows, 1)) if np.ndim(start) else np.full(n_rows, float(start))


def _positions(mask: np.ndarray | None) -> list[int]:
    return [] if mask is None else np.flatnonzero(mask).tolist()


def _training_sums(booster: "lightgbm.Booster") -> np.ndarray:
    """Return what the trees add up for the training rows, which the booster still knows."""
    found: list[np.ndarray] = []

    def remember(raw: np.ndarray, _: Any) -> tuple[str, float, bool]:
        found.append(np.array(raw))
        return "", 0.0, True

    booster.eval_train(remember)
    return found[0]


def _add_to_first_trees(booster: "lightgbm.Booster", constants: np.ndarray) -> None:
    """Add a constant to all leaves of the first tree, or one to those of each class."""
    trees = booster.dump_model(num_iteration=1)["tree_info"]
    for number, (tree, constant) in enumerate(zip(trees, constants, strict=True)):
        for leaf in range(tree["num_leaves"]):
            value = booster.get_leaf_output(number, leaf)
            booster.set_leaf_output(number, leaf, value + float(constant))


def _as_log_loss(
    booster: "lightgbm.Booster", n_rounds: int, start: np.ndarray
) -> "lightgbm.Booster":
    """Return a booster of the first rounds, declared as one of plain log loss."""
    import lightgbm

    text = booster.model_to_string(num_iteration=n_rounds)
    name, details = ("multiclass", f"num_class:{start.size}") if start.ndim else BINARY
    # A custom objective leaves no line behind; without one, predictions are what trees add up.
    # Exporters read the parameter.
    text = text.replace("\nfeature_names=", f"\nobjective={name} {details}\nfeature_names=", 1)
    text = text.replace("\n[objective: custom]", f"\n[objective: {name}]", 1)
    return lightgbm.Booster(model_str=text)
