"""Linear models outside skfocal: as LogisticRegression, and as an ONNX graph."""

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from skfocal.linear_model._shift import score_shift
from skfocal.posterior import Posterior
from skfocal.tasks import get_task
from skfocal.utils._optional import needs_extra

# The map from score to log-odds is tabulated within this range, and is continued by lines.
_RANGE = 40
_PER_UNIT = 256
_OPSET = 17
_IR_VERSION = 8


def as_logistic_regression(
    coef: np.ndarray,
    intercept: np.ndarray,
    classes: np.ndarray,
    posterior: Posterior,
    settings: dict[str, Any],
) -> LogisticRegression:
    """Return a fitted LogisticRegression of the same probabilities; ValueError if there is none."""
    shift = score_shift(posterior, len(coef))
    if shift is None:
        raise ValueError(
            f"LogisticRegression cannot express the probabilities of {posterior.loss!r}: they are "
            "no shift of the scores. Use gamma=0 or probabilities='raw', or to_onnx()."
        )
    model = LogisticRegression(**settings)
    model.classes_, model.n_features_in_ = classes.copy(), coef.shape[1]
    model.coef_, model.intercept_ = coef.copy(), (intercept + shift).astype(coef.dtype)
    return model


def as_onnx(
    coef: np.ndarray, intercept: np.ndarray, classes: np.ndarray, posterior: Posterior, name: str
) -> Any:
    """Return an ONNX model from ``X`` to ``label`` and ``probabilities``."""
    with needs_extra("exporters", f"{name}.to_onnx"):
        from onnx import TensorProto, checker, helper
    nodes, constants = _graph(coef, intercept, posterior, helper)
    labels, label_type = _labels(classes, TensorProto, helper)
    nodes += [
        helper.make_node("ArgMax", ["wide"], ["code"], axis=1, keepdims=0),
        helper.make_node("Gather", ["classes", "code"], ["label"]),
        helper.make_node("Cast", ["wide"], ["probabilities"], to=TensorProto.FLOAT),
    ]
    tensors = [_tensor(key, value, helper) for key, value in constants.items()]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["n", coef.shape[1]])],
        [
            helper.make_tensor_value_info("label", label_type, ["n"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(classes)]),
        ],
        [*tensors, labels],
    )
    opset = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)
    checker.check_model(model)
    return model


def _graph(
    coef: np.ndarray, intercept: np.ndarray, posterior: Posterior, helper: Any
) -> tuple[list[Any], dict[str, np.ndarray]]:
    """Return the nodes from ``X`` to probabilities in columns, ``wide``, and their constants."""
    softmax = get_task(posterior.task).is_softmax
    shift = score_shift(posterior, len(coef))
    if shift is None and softmax:
        raise ValueError(
            f"to_onnx() is for two classes where the probabilities of {posterior.loss!r} are no "
            "shift of the scores; use gamma=0 or probabilities='raw' for more."
        )
    added = intercept.astype(np.float64) + (0.0 if shift is None else shift)
    constants = {"coef": coef.T.astype(np.float64), "added": added}
    node = helper.make_node
    nodes = [
        node("Cast", ["X"], ["rows"], to=helper.np_dtype_to_tensor_dtype(np.dtype(np.float64))),
        node("MatMul", ["rows", "coef"], ["products"]),
        node("Add", ["products", "added"], ["scores"]),
    ]
    if softmax:
        return [*nodes, node("Softmax", ["scores"], ["wide"], axis=1)], constants
    last = "scores"
    if shift is None:
        nodes += _tabulated(posterior, constants, helper)
        last = "log_odds"
    return [
        *nodes,
        node("Neg", [last], ["against"]),
        node("Concat", ["against", last], ["both"], axis=1),
        node("Sigmoid", ["both"], ["wide"]),
    ], constants


def _tabulated(posterior: Posterior, constants: dict[str, np.ndarray], helper: Any) -> list[Any]:
    """Return nodes that look up the log-odds of ``scores``, linear between knots and beyond.

    Any invertible loss has such a table; few have a formula that ONNX can write.
    """
    knots = np.arange(-_RANGE * _PER_UNIT, _RANGE * _PER_UNIT + 1) / _PER_UNIT
    values = posterior.log_odds(knots)
    constants |= {
        "values": values,
        "steps": np.diff(values),
        "low": np.array(-float(_RANGE)),
        "per_unit": np.array(float(_PER_UNIT)),
        "zero": np.array(0.0),
        "last": np.array(float(len(knots) - 2)),
    }
    node = helper.make_node
    integer = helper.np_dtype_to_tensor_dtype(np.dtype(np.int64))
    return [
        node("Sub", ["scores", "low"], ["above"]),
        node("Mul", ["above", "per_unit"], ["position"]),
        node("Floor", ["position"], ["floor"]),
        node("Clip", ["floor", "zero", "last"], ["cell"]),
        node("Cast", ["cell"], ["index"], to=integer),
        node("Sub", ["position", "cell"], ["way"]),
        node("Gather", ["values", "index"], ["value"]),
        node("Gather", ["steps", "index"], ["step"]),
        node("Mul", ["step", "way"], ["rise"]),
        node("Add", ["value", "rise"], ["log_odds"]),
    ]


def _tensor(name: str, value: np.ndarray, helper: Any) -> Any:
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor(name, kind, value.shape, value.ravel().tolist())


def _labels(classes: np.ndarray, types: Any, helper: Any) -> tuple[Any, int]:
    """Return the classes as a tensor of integers or strings."""
    values: list[Any]
    if np.issubdtype(classes.dtype, np.integer) or classes.dtype == bool:
        kind, values = types.INT64, [int(label) for label in classes]
    else:
        kind, values = types.STRING, [str(label).encode() for label in classes]
    return helper.make_tensor("classes", kind, [len(values)], values), kind
