"""From the settings of an estimator to a trained network; needs torch."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from skfocal.losses import MarginLoss
from skfocal.neural_network._batches import RowBatches
from skfocal.neural_network._modules import make_module
from skfocal.neural_network._net import Outcome, Plan, fitted_net, load_state, train
from skfocal.neural_network._net_params import skorch_params
from skfocal.neural_network._rows import Scaling
from skfocal.neural_network._scoring import ValidationScorer
from skfocal.neural_network._threads import step_threads
from skfocal.nn import LossModule, State, TabularMLP, initial_bias
from skfocal.posterior import Posterior
from skfocal.tasks import get_task

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
    history: list[dict[str, Any]]


def find_device(name: str, owner: str) -> torch.device:
    """Return a device that exists.

    Parameters
    ----------
    name : str
        ``"auto"`` is CUDA if there is one, else the CPU.
    owner : str
        Who asks, for the message.

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
        torch.Generator(device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{owner}: device must be 'auto', 'cpu' or a device that torch finds here, such as "
            f"'cuda', got {name!r}: {reason}"
        ) from None
    return device


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
    device = find_device(model.device, type(model).__name__)
    n_done = task.start.n_epochs if task.start else 0
    # Another stream for each continuation, or it would see the same orders again.
    seed = task.seed + n_done
    with _module_randomness(model, seed, device):
        return _fit_seeded(model, task, device, seed, n_done)


def _fit_seeded(model: Any, task: Task, device: torch.device, seed: int, n_done: int) -> Outcome:
    generator = torch.Generator().manual_seed(seed)
    criterion = _make_criterion(task.loss, task.kind, task.class_weight).to(device)
    schedule = None if task.schedule is None else task.schedule.attach(criterion)
    module = _start_module(model, task, criterion.reweighted, generator).to(device)
    if isinstance(module, TabularMLP):
        module.generator = torch.Generator(device).manual_seed(seed)
    batch_rows = model._batch_rows(task.X.shape[0])
    batches = RowBatches(
        task.X,
        task.target,
        task.weight,
        scaling=task.scaling,
        batch_size=batch_rows,
        generator=generator,
        device=device,
    )
    plan = Plan(
        epochs=task.epochs,
        rate=task.rate,
        n_batches=len(batches),
        first_epoch=n_done,
        schedule=schedule,
        evaluate=_evaluator(task, device),
        patience=model.n_iter_no_change,
        tol=model.tol,
        verbose=model.verbose,
    )
    n_multiplications = batch_rows * sum(weight.numel() for weight in module.parameters())
    with step_threads(n_multiplications):
        return train(
            module,
            criterion,
            batches,
            plan,
            optimizer=model.optimizer,
            learning_rate=model.learning_rate_init,
            weight_decay=model.weight_decay,
            undecayed=[_output_bias(model)],
            optimizer_state=task.start.optimizer_state if task.start else None,
            history=task.start.history if task.start else None,
            callbacks=model.callbacks,
            net_params=skorch_params(model),
            owner=type(model).__name__,
        )


def _output_bias(model: Any) -> str:
    """Return the name of the parameter that holds the class frequencies."""
    return "bias" if model.module is not None else f"biases.{len(model._hidden_sizes())}"


def _module_randomness(model: Any, seed: int, device: torch.device) -> Any:
    """Seed torch's global generators for a user's module, and leave them as they were."""
    if model.module is None:
        return nullcontext()  # the built-in network has a generator of its own
    return _seeded(seed, device)


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    on_cuda = device.type == "cuda"
    with torch.random.fork_rng([device] if on_cuda else []):
        # Not torch.manual_seed, which seeds the devices that are not in use too.
        torch.default_generator.manual_seed(seed)
        if on_cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def rebuild_module(model: Any, n_features: int, n_scores: int, state: State) -> nn.Module:
    """Return the network of a fitted estimator, on the CPU and in evaluation mode."""
    with _module_randomness(model, 0, torch.device("cpu")):
        module = make_module(model, n_features, n_scores)
    load_state(module, state)
    return module.eval()


def rebuild_net(model: Any, module: nn.Module, kind: str, history: list[dict[str, Any]]) -> Any:
    """Return the skorch net of a fitted estimator."""
    criterion = _make_criterion(model.loss_, kind, model.class_weight_)
    probabilities = partial(_probabilities, model._current_posterior)
    return fitted_net(module, criterion, model._scaling, probabilities, history)


def _probabilities(posterior: Posterior, scores: torch.Tensor) -> torch.Tensor:
    members = scores.transpose(0, 1).double().numpy()
    return torch.from_numpy(posterior.to_probabilities(posterior.mean_log_odds(members)))


def score_rows(module: nn.Module, rows: np.ndarray) -> np.ndarray:
    """Return the scores of scaled rows, of shape (n_members, n, n_scores)."""
    with torch.no_grad():
        return module(torch.from_numpy(rows)).double().numpy()


def _make_criterion(loss: MarginLoss, kind: str, class_weight: np.ndarray) -> LossModule:
    weighted = not np.all(class_weight == 1)
    return LossModule(loss, kind, class_weight=class_weight if weighted else None, reduction="sum")


def _start_module(
    model: Any, task: Task, reweighted: bool, generator: torch.Generator
) -> nn.Module:
    bias = None
    if task.start is None and model.initial_bias is not None:
        bias = initial_bias(
            _make_criterion(task.loss, task.kind, task.class_weight),
            task.target,
            model.initial_bias,
            n_classes=len(task.class_weight),
            sample_weight=task.weight,
        )
        if model.initial_bias == "prior" and reweighted:
            bias = bias + _weight_shift(task)
    module = make_module(
        model, task.X.shape[1], task.n_scores, output_bias=bias, generator=generator
    )
    if task.start is not None:
        load_state(module, task.start.state)
    return module


def _weight_shift(task: Task) -> torch.Tensor:
    """Return what class weights add to the scores of the class frequencies.

    Early stopping watches a ranking, which is blind to weights: a network that starts without them
    can be stopped before it has learnt of them.
    """
    weight, form = task.class_weight, get_task(task.kind)
    logs = np.log(np.where(weight > 0, weight, 1.0))
    shift = form.centred(form.contrast(logs))
    return torch.as_tensor(shift / task.loss.score_scale, dtype=torch.get_default_dtype())


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
