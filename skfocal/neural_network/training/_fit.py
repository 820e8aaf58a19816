"""From settings and rows to a trained network."""

import numpy as np
import torch
from torch import Tensor, nn

from skfocal.losses import MarginLoss
from skfocal.neural_network._cross_fitting import member_weights
from skfocal.neural_network._settings import (
    NetworkSettings,
    Problem,
    Start,
    TrainingResult,
    TrainingSettings,
)
from skfocal.neural_network.training._batches import RowBatches
from skfocal.neural_network.training._device import find_device, step_threads
from skfocal.neural_network.training._module import (
    load_state,
    make_module,
    module_randomness,
    name_output_bias,
)
from skfocal.neural_network.training._net import train
from skfocal.neural_network.training._supervisor import Supervisor
from skfocal.neural_network.training._validation import make_evaluator
from skfocal.nn import LossModule, TabularMLP, initial_bias
from skfocal.tasks import get_task


def fit_network(
    network: NetworkSettings,
    settings: TrainingSettings,
    problem: Problem,
    start: Start | None = None,
) -> TrainingResult:
    """Train a network.

    Parameters
    ----------
    network : NetworkSettings
    settings : TrainingSettings
    problem : Problem
    start : Start, default=None
        Where an earlier training of the same network has ended; None begins anew.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        If there is no such device, the settings make no network, or not one that `start` fits.
    """
    device = find_device(settings.device, network.owner)
    # Another stream for each continuation, or it would see the same orders again.
    seed = settings.seed + (start.n_epochs if start else 0)
    with module_randomness(network, seed, device):
        return _fit_seeded(network, settings, problem, start, device, seed)


def make_criterion(loss: MarginLoss, task: str, class_weight: np.ndarray) -> LossModule:
    """Return the criterion of a training, which sums over the items of a batch."""
    weighted = not np.all(class_weight == 1)
    return LossModule(loss, task, class_weight=class_weight if weighted else None, reduction="sum")


def _fit_seeded(
    network: NetworkSettings,
    settings: TrainingSettings,
    problem: Problem,
    start: Start | None,
    device: torch.device,
    seed: int,
) -> TrainingResult:
    generator = torch.Generator().manual_seed(seed)
    criterion = make_criterion(problem.loss, problem.task, problem.class_weight).to(device)
    schedule = None if settings.schedule is None else settings.schedule.attach(criterion)
    rows, weight = problem.rows, problem.rows.weight
    if rows.left_out is not None:
        weight = member_weights(rows.left_out, weight, network.n_members)
    how = None if start else settings.initial_bias
    bias = _first_bias(problem, weight, how, criterion.reweighted)
    module = _start_module(network, problem, start, bias, generator).to(device)
    if isinstance(module, TabularMLP):
        module.generator = torch.Generator(device).manual_seed(seed)
    batches = RowBatches(
        rows.X,
        rows.codes,
        weight,
        scaling=problem.scaling,
        thin=network.keeps_sparse(rows.X, problem.scaling),
        batch_size=settings.batch_size,
        generator=generator,
        device=device,
    )
    supervisor = Supervisor(
        settings,
        n_batches=len(batches),
        first_epoch=start.n_epochs if start else 0,
        schedule=schedule,
        evaluate=make_evaluator(network, problem, settings.scoring, device),
    )
    with step_threads(_count_multiplications(module, settings.batch_size)):
        return train(
            module,
            criterion,
            batches,
            supervisor,
            settings=settings,
            start=start,
            undecayed=[name_output_bias(network)],
            owner=network.owner,
        )


def _start_module(
    network: NetworkSettings,
    problem: Problem,
    start: Start | None,
    bias: Tensor | None,
    generator: torch.Generator,
) -> nn.Module:
    n_features = problem.rows.X.shape[1]
    module = make_module(network, n_features, problem.n_scores, bias, generator)
    if start is not None:
        load_state(module, start.state)
    return module


def _count_multiplications(module: nn.Module, n_rows: int) -> int:
    """Return those of a forward pass, about."""
    return n_rows * sum(weight.numel() for weight in module.parameters())


def _first_bias(
    problem: Problem, weight: np.ndarray | None, how: str | None, reweighted: bool
) -> Tensor | None:
    """Return the scores to start at, of each member if rows weigh differently; None is 0."""
    if how is None:
        return None
    criterion = make_criterion(problem.loss, problem.task, problem.class_weight)

    def start_at(weight: np.ndarray | None) -> Tensor:
        codes, n_classes = problem.rows.codes, len(problem.class_weight)
        bias = initial_bias(criterion, codes, how, n_classes=n_classes, sample_weight=weight)
        return bias + _weight_shift(problem) if how == "prior" and reweighted else bias

    if weight is None or weight.ndim == 1:
        return start_at(weight)
    return torch.stack([start_at(row) for row in weight]).view(len(weight), 1, -1)


def _weight_shift(problem: Problem) -> Tensor:
    """Return what class weights add to the scores of the class frequencies.

    Early stopping watches a ranking, which does not depend on weights: a network that starts
    without them could be stopped before it has learnt them.
    """
    weight, form = problem.class_weight, get_task(problem.task)
    logs = np.log(np.where(weight > 0, weight, 1.0))
    shift = form.centred(form.contrast(logs))
    return torch.as_tensor(shift / problem.loss.score_scale, dtype=torch.get_default_dtype())
