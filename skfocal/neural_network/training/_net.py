"""Training by skorch, on batches that come whole."""

from typing import Any

import torch
from skorch import NeuralNet
from torch import Tensor, nn

from skfocal.neural_network._settings import Start, TrainingResult, TrainingSettings
from skfocal.neural_network.training._batches import Batch, RowBatches
from skfocal.neural_network.training._callbacks import check_callbacks
from skfocal.neural_network.training._optimizer import (
    load_optimizer_state,
    map_leaves,
    optimizer_arguments,
    read_optimizer_state,
    to_numpy,
)
from skfocal.neural_network.training._supervisor import StopTraining, Supervisor
from skfocal.nn import (
    LossModule,
    forward_with_memory,
    is_written_out,
    score_gradient,
    set_gradients,
)


class BatchNet(NeuralNet):
    """A skorch net that takes whole batches as they come.

    The dataset is its own iterator, and the optimizer is called once a batch without closures.
    """

    @property
    def _default_callbacks(self) -> list[Any]:
        return []  # they score and print in every epoch

    def get_dataset(self, X: Any, y: Any = None) -> Any:
        """Return X, which is a dataset."""
        return X

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Return the dataset, which yields batches."""
        return dataset

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **fit_params: Any
    ) -> None:
        """Train on all batches and record their mean loss."""
        if iterator is None:
            return
        self._set_training(training)
        self._by_hand = is_written_out(self.module_)
        total: Any = 0.0
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch)
            # A tensor: reading the number would wait for the device at every step.
            total = total + step["loss"] * len(batch[1])
            self.notify("on_batch_end", batch=batch, training=training, **step)
        self.history.record(f"{prefix}_loss", float(total) / iterator.n_rows)

    def train_step(self, batch: Batch, **fit_params: Any) -> dict[str, Tensor]:
        """Take one step of the optimizer."""
        X, target, weight = batch
        if self._by_hand:
            with torch.no_grad():
                scores, memory = forward_with_memory(self.module_, X)
                loss, gradient = score_gradient(self.criterion_, scores, target, weight)
                set_gradients(self.module_, memory, gradient)
        else:
            self.optimizer_.zero_grad()
            scores = self.module_(X)
            loss, gradient = score_gradient(self.criterion_, scores.detach(), target, weight)
            scores.backward(gradient)
        if len(self.callbacks_) > 1:  # the user's, besides ours
            parameters = list(self.module_.named_parameters())
            self.notify("on_grad_computed", named_parameters=parameters, batch=batch, training=True)
        self.optimizer_.step()
        return {"loss": loss, "y_pred": scores}


def train(
    module: nn.Module,
    criterion: LossModule,
    batches: RowBatches,
    supervisor: Supervisor,
    *,
    settings: TrainingSettings,
    start: Start | None,
    undecayed: list[str],
    owner: str,
) -> TrainingResult:
    """Train a module.

    Parameters
    ----------
    module : nn.Module
        Rows to scores of shape (n_members, n, n_scores); changed.
    criterion : LossModule
        With ``reduction="sum"``; changed by the schedule.
    batches : RowBatches
    supervisor : Supervisor
    settings : TrainingSettings
    start : Start or None
        Whose optimizer and history go on.
    undecayed : list of str
        Names of the parameters that weight decay leaves alone.
    owner : str
        The class of the estimator, for messages.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        If an entry of `callbacks` is not a skorch callback or cannot work here, or
        `skorch_params` are not arguments of a net.
    """
    net = _make_net(module, criterion, batches.device, supervisor, settings, undecayed, owner)
    if start is not None and start.optimizer_state is not None:
        load_optimizer_state(net.optimizer_, net.module_, start.optimizer_state)
    _run(net, batches, supervisor)
    result = supervisor.result
    state = map_leaves(result.best.state, Tensor, to_numpy)
    result.best = result.best._replace(state=state)
    if not result.diverged:  # or the moments are as useless as the weights were
        result.optimizer_state = read_optimizer_state(net.optimizer_, net.module_)
    # Joined afterwards: schedulers of skorch read a history that is there at the start as one of
    # their own optimizer.
    done, new = start.history if start else [], net.history.to_list()
    result.history = done + [row | {"epoch": row["epoch"] + len(done)} for row in new]
    return result


def _make_net(
    module: nn.Module,
    criterion: LossModule,
    device: torch.device,
    supervisor: Supervisor,
    settings: TrainingSettings,
    undecayed: list[str],
    owner: str,
) -> BatchNet:
    check_callbacks(settings.callbacks, settings.skorch_params, owner)
    arguments = optimizer_arguments(settings, undecayed) | settings.skorch_params
    try:
        return BatchNet(
            module,
            criterion,
            lr=settings.learning_rate_init,
            train_split=None,
            verbose=0,
            device=str(device),
            callbacks=[*settings.callbacks, ("supervisor", supervisor)],
            **arguments,
        ).initialize()
    except (TypeError, ValueError) as error:
        supervisor.close()
        raise ValueError(f"{owner}: net_params make no skorch net: {error}") from error


def _run(net: BatchNet, batches: RowBatches, supervisor: Supervisor) -> None:
    """Run the epochs; an interrupt ends them and leaves what has been reached."""
    net.notify("on_train_begin", X=batches, y=None)
    try:
        net.fit_loop(batches, epochs=supervisor.settings.epochs)
    except StopTraining:
        pass
    except KeyboardInterrupt:
        supervisor.result.interrupted = True
    finally:
        supervisor.close()
    net.notify("on_train_end", X=batches, y=None)
