"""From the settings of an estimator to a trained network; needs torch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from skfocal.losses import MarginLoss
from skfocal.neural_network._batches import RowBatches
from skfocal.neural_network._forward import State
from skfocal.neural_network._net import Outcome, Plan, load_state, train
from skfocal.neural_network._rows import Scaling
from skfocal.neural_network._scoring import ValidationScorer
from skfocal.neural_network._threads import step_threads
from skfocal.nn import LossModule, TabularMLP, initial_bias

# Rows of a validation set that go through the network at once.
_EVALUATED_ROWS = 8192


@dataclass
class Task:
    """What a network is trained on, and where it starts."""

    kind: str  # "binary", "multilabel" or "multiclass"
    n_scores: int
    X: Any
    target: np.ndarray
    weight: np.ndarray | None
    loss: MarginLoss
    class_weight: np.ndarray
    scaling: Scaling
    seed: int
    epochs: int
    rate: str
    schedule: Any = None
    validation: tuple[Any, ValidationScorer] | None = None
    start: "Start | None" = None


@dataclass
class Start:
    """Where an earlier training has ended."""

    state: State
    optimizer_state: Any
    n_epochs: int


def find_device(name: str) -> torch.device:
    """Return a device that exists.

    Parameters
    ----------
    name : str
        ``"auto"`` is CUDA if there is one, else the CPU.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If torch knows no such device, or finds none here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device must be 'auto', 'cpu' or a device that torch finds here, such as 'cuda', got "
            f"{name!r}: {reason}"
        ) from None
    return device


def make_module(model: Any, n_features: int, n_scores: int, **options: Any) -> TabularMLP:
    """Return the network that the parameters of an estimator describe."""
    return TabularMLP(
        n_features,
        n_scores,
        hidden_layer_sizes=model._hidden_sizes(),
        n_members=model.n_members,
        numeric_embedding=model.numeric_embedding,
        activation=model.activation,
        dropout=model.dropout,
        **options,
    ).float()


def fit_network(model: Any, task: Task) -> Outcome:
    """Train the network of an estimator.

    Parameters
    ----------
    model : NeuralClassifier
        Gives the parameters; not changed.
    task : Task

    Returns
    -------
    Outcome
    """
    device = find_device(model.device)
    n_done = task.start.n_epochs if task.start else 0
    # Another stream for each continuation, or it would see the same orders again.
    generator = torch.Generator().manual_seed(task.seed + n_done)
    criterion = _make_criterion(task).to(device)
    module = _start_module(model, task, criterion, generator).to(device)
    module.generator = torch.Generator(device).manual_seed(task.seed + n_done)
    batches = RowBatches(
        task.X,
        task.target,
        task.weight,
        scaling=task.scaling,
        batch_size=model._batch_rows(),
        generator=generator,
        device=device,
    )
    plan = Plan(
        epochs=task.epochs,
        rate=task.rate,
        n_batches=len(batches),
        first_epoch=n_done,
        schedule=None if task.schedule is None else task.schedule.attach(criterion),
        evaluate=_evaluator(task, device),
        patience=model.n_iter_no_change,
        tol=model.tol,
        verbose=model.verbose,
    )
    n_multiplications = model._batch_rows() * sum(weight.numel() for weight in module.parameters())
    with step_threads(n_multiplications):
        return train(
            module,
            criterion,
            batches,
            plan,
            optimizer=model.optimizer,
            learning_rate=model.learning_rate_init,
            weight_decay=model.weight_decay,
            undecayed=[f"biases.{len(module.biases) - 1}"],
            optimizer_state=task.start.optimizer_state if task.start else None,
        )


def _make_criterion(task: Task) -> LossModule:
    weighted = not np.all(task.class_weight == 1)
    return LossModule(
        task.loss,
        task.kind,
        class_weight=task.class_weight if weighted else None,
        reduction="sum",
    )


def _start_module(
    model: Any, task: Task, criterion: LossModule, generator: torch.Generator
) -> TabularMLP:
    bias = None
    if task.start is None and model.initial_bias is not None:
        bias = initial_bias(
            criterion,
            task.target,
            model.initial_bias,
            n_classes=task.n_scores if task.kind == "multiclass" else None,
            sample_weight=task.weight,
        )
    module = make_module(
        model, task.X.shape[1], task.n_scores, output_bias=bias, generator=generator
    )
    if task.start is not None:
        load_state(module, task.start.state)
    return module


def _evaluator(task: Task, device: torch.device) -> Any:
    """Return the function that scores a network on the validation rows."""
    if task.validation is None:
        return None
    X, score = task.validation
    rows = torch.from_numpy(task.scaling.apply(X)).to(device)

    def evaluate(module: nn.Module, criterion: LossModule) -> float:
        module.eval()
        with torch.no_grad():
            parts = [module(part).cpu().numpy() for part in rows.split(_EVALUATED_ROWS)]
        scores = np.concatenate(parts, axis=1)
        if not np.all(np.isfinite(scores)):
            return -np.inf
        return score(criterion.loss, criterion.reweighted, scores)

    return evaluate
