"""Training, by skorch: the only file that knows it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.history import History
from torch import Tensor, nn
from tqdm import tqdm

from skfocal.losses import MarginLoss
from skfocal.neural_network._batches import Batch, RowBatches
from skfocal.neural_network._callbacks import check_callbacks
from skfocal.neural_network._optimizer import (
    OPTIMIZERS,
    RATES,
    load_optimizer_state,
    map_leaves,
    read_optimizer_state,
    to_numpy,
)
from skfocal.neural_network._rows import Scaling
from skfocal.nn import (
    AttachedSchedule,
    LossModule,
    State,
    forward_with_memory,
    is_written_out,
    score_gradient,
    set_gradients,
)


class StopTraining(KeyboardInterrupt):
    """Ends the epochs; skorch's callbacks stop a net by this kind of exception."""


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
        if len(self.callbacks_) > 1:  # the user's, beside ours
            parameters = list(self.module_.named_parameters())
            self.notify("on_grad_computed", named_parameters=parameters, batch=batch, training=True)
        self.optimizer_.step()
        return {"loss": loss, "y_pred": scores}


@dataclass
class Plan:
    """How long to train, and what happens from epoch to epoch."""

    epochs: int
    rate: str
    n_batches: int
    first_epoch: int = 0
    schedule: AttachedSchedule | None = None
    evaluate: Callable[[nn.Module, LossModule], float] | None = None
    patience: int = 10
    tol: float = 1e-4
    verbose: int = 0


@dataclass
class Outcome:
    """What training has led to."""

    state: dict[str, Any] = field(default_factory=dict)
    loss: MarginLoss | None = None
    reweighted: bool = True
    best_epoch: int = 0
    loss_curve: list[float] = field(default_factory=list)
    validation_scores: list[float] = field(default_factory=list)
    optimizer_state: Any = None
    diverged: bool = False
    interrupted: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)


class Supervisor(Callback):
    """Sets the learning rate and the loss, watches the epochs and keeps the best weights."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.outcome = Outcome()
        self._step = self._stale = 0
        self._threshold = -np.inf
        self._bar = tqdm(total=plan.epochs, unit="epoch", disable=not plan.verbose)
        self._last: dict[str, Any] = {}

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Keep the initial weights, in case that nothing better comes."""
        if self.plan.schedule is not None and self.plan.first_epoch:
            # They were reached with the loss of the epoch before.
            self.plan.schedule.step(self.plan.first_epoch - 1)
        self._last = self._snapshot(net)
        self._keep(self._last)

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Keep the last weights, after a look at what they make of the first rows."""
        if self.plan.evaluate is None and not self.outcome.diverged:
            net.module_.load_state_dict(self._last["state"])
            net.module_.eval()
            with torch.no_grad():
                scores = net.module_(X.take(torch.arange(min(X.n_rows, 256))))
            self.outcome.diverged = not bool(torch.isfinite(scores).all())
            if not self.outcome.diverged:
                self._keep(self._last)

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Set the loss of the epoch."""
        if self.plan.schedule is not None:
            self.plan.schedule.step(self.plan.first_epoch + len(self.outcome.loss_curve))

    def on_batch_begin(self, net: Any, batch: Any = None, training: Any = None, **kw: Any) -> None:
        """Set the learning rate of the step."""
        if self.plan.rate != "constant":
            share = self._step / (self.plan.epochs * self.plan.n_batches)
            for group in net.optimizer_.param_groups:
                group["lr"] = net.lr * RATES[self.plan.rate](share)
        self._step += 1

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Keep the weights if they are good, and stop if it gets no better."""
        outcome, plan = self.outcome, self.plan
        loss, weights = net.history[-1]["train_loss"], list(net.module_.parameters())
        if not np.isfinite(loss) or not _is_finite(weights):
            outcome.diverged = True
            raise StopTraining
        outcome.loss_curve.append(loss)
        self._bar.update()
        if plan.evaluate is None:
            # Weights can be finite and their scores not: those of the epoch before have just
            # been seen to work.
            self._keep(self._last)
            self._last = self._snapshot(net)
            return
        score = plan.evaluate(net.module_, net.criterion_)
        if score == -np.inf:  # of scores that are not finite
            outcome.diverged = True
            raise StopTraining
        # Of equals the last: a ranking that cannot get better may hide that the rest still does.
        if score >= max(outcome.validation_scores, default=-np.inf):
            self._keep(self._snapshot(net))
        outcome.validation_scores.append(score)
        self._stale = 0 if score > self._threshold + plan.tol else self._stale + 1
        self._threshold = max(self._threshold, score)
        if self._stale >= plan.patience:
            raise StopTraining

    def close(self) -> None:
        """Remove the progress bar."""
        self._bar.close()

    def _snapshot(self, net: Any) -> dict[str, Any]:
        # On the device: only what is kept in the end is brought back.
        return {
            "state": {name: value.clone() for name, value in net.module_.state_dict().items()},
            "loss": net.criterion_.loss,
            "reweighted": net.criterion_.reweighted,
            "best_epoch": self.plan.first_epoch + len(self.outcome.loss_curve),
        }

    def _keep(self, snapshot: dict[str, Any]) -> None:
        for name, value in snapshot.items():
            setattr(self.outcome, name, value)


def load_state(module: nn.Module, state: State) -> None:
    """Copy arrays into a module; raise ValueError if they are another network's."""
    shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    fitted = {name: value.shape for name, value in state.items()}
    if shapes != fitted:
        raise ValueError(
            f"The fitted network has the parameters {fitted}, those of the settings are {shapes}: "
            "a fit can be continued with the same layers only."
        )
    module.load_state_dict({name: torch.tensor(value) for name, value in state.items()})


def train(
    module: nn.Module,
    criterion: LossModule,
    batches: RowBatches,
    plan: Plan,
    *,
    optimizer: str,
    learning_rate: float,
    weight_decay: float,
    undecayed: list[str],
    optimizer_state: Any = None,
    history: list[dict[str, Any]] | None = None,
    callbacks: list[Any] | None = None,
    net_params: dict[str, Any] | None = None,
    owner: str = "",
) -> Outcome:
    """Train a module.

    Parameters
    ----------
    module : nn.Module
        Rows to scores of shape (n_members, n, n_scores); changed.
    criterion : LossModule
        With ``reduction="sum"``; changed by the schedule.
    batches : RowBatches
    plan : Plan
    optimizer : str
        A name from `OPTIMIZERS`.
    learning_rate, weight_decay : float
    undecayed : list of str
        Names of the parameters that weight decay leaves alone.
    optimizer_state : dict, default=None
        What an earlier outcome ended with, to continue.
    history : list of dict, default=None
        What was recorded up to there.
    callbacks : list of skorch callbacks, default=None
    net_params : dict, default=None
        Further arguments of the skorch net.
    owner : str
        Who trains, for messages.

    Returns
    -------
    Outcome
        The best weights by ``plan.evaluate``, else the last finite ones.

    Raises
    ------
    ValueError
        If `callbacks` holds something else, or a callback that cannot work here, or `net_params`
        are not arguments of a net.
    """
    optimizer_class, options = OPTIMIZERS[optimizer]
    check_callbacks(callbacks or [], net_params or {}, owner)
    supervisor = Supervisor(plan)
    arguments = {
        "optimizer__weight_decay": weight_decay,
        "optimizer__fused": True,
        # A second group costs a second call of the optimizer in every step.
        "optimizer__param_groups": [
            (name, {"weight_decay": 0.0}) for name in undecayed if weight_decay
        ],
        **{f"optimizer__{name}": value for name, value in options.items()},
        **(net_params or {}),
    }
    try:
        net = BatchNet(
            module,
            criterion,
            optimizer=optimizer_class,
            lr=learning_rate,
            train_split=None,
            verbose=0,
            device=str(batches.device),
            callbacks=[*(callbacks or []), ("supervisor", supervisor)],
            **arguments,
        ).initialize()
    except (TypeError, ValueError) as error:
        supervisor.close()
        raise ValueError(f"{owner}: net_params make no skorch net: {error}") from error
    if optimizer_state is not None:
        load_optimizer_state(net.optimizer_, net.module_, optimizer_state)
    _run(net, batches, plan, supervisor)
    outcome = supervisor.outcome
    outcome.state = map_leaves(outcome.state, Tensor, to_numpy)
    if not outcome.diverged:  # or the moments are as useless as the weights were
        outcome.optimizer_state = read_optimizer_state(net.optimizer_, net.module_)
    # Joined afterwards: schedulers of skorch read a history that is there at the start as one of
    # their own optimizer.
    done = history or []
    new = net.history.to_list()
    outcome.history = done + [row | {"epoch": row["epoch"] + len(done)} for row in new]
    return outcome


def _run(net: Any, batches: RowBatches, plan: Plan, supervisor: Supervisor) -> None:
    """Run the epochs; an interrupt ends them and leaves what has been reached."""
    net.notify("on_train_begin", X=batches, y=None)
    try:
        net.fit_loop(batches, epochs=plan.epochs)
    except StopTraining:
        pass
    except KeyboardInterrupt:
        supervisor.outcome.interrupted = True
    finally:
        supervisor.close()
    net.notify("on_train_end", X=batches, y=None)


def _is_finite(values: list[Tensor]) -> bool:
    # One number comes back from the device, not one for each tensor.
    return bool(torch.isfinite(torch.stack([value.detach().sum() for value in values]).sum()))


class _Scored(nn.Module):
    """Rows as a user has them to the scores of each member, rows first."""

    mean: Tensor
    scale: Tensor

    def __init__(self, module: nn.Module, scaling: Scaling) -> None:
        super().__init__()
        self.module = module
        self.register_buffer("mean", torch.tensor(scaling.mean))
        self.register_buffer("scale", torch.tensor(scaling.scale))

    def forward(self, X: Tensor) -> Tensor:
        """Return scores of shape (n, n_members, n_scores)."""
        rows = (X.double() - self.mean) / self.scale
        return self.module(rows.float()).transpose(0, 1)


def fitted_net(
    module: nn.Module,
    criterion: LossModule,
    scaling: Scaling,
    link: Callable[[Tensor], Tensor],
    history: list[dict[str, Any]],
) -> NeuralNet:
    """Return a skorch net that holds a trained module.

    Parameters
    ----------
    module : nn.Module
    criterion : LossModule
    scaling : Scaling
        Applied to the rows inside the net.
    link : callable
        Scores of shape (n, n_members, n_scores) to probabilities.
    history : list of dict
        What skorch recorded in training.

    Returns
    -------
    skorch.NeuralNet
        Initialized, on the CPU; ``predict_proba`` takes rows as the estimator does.
    """
    net = NeuralNet(
        _Scored(module, scaling),
        criterion,
        predict_nonlinearity=link,
        train_split=None,
        callbacks="disable",
        verbose=0,
    ).initialize()
    net.history = History(history)
    return net
