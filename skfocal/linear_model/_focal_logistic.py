"""Logistic regression with a focal loss, or any other loss of the margin."""

from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from skfocal._classifier import LOSS_CONSTRAINTS, Target
from skfocal.linear_model._block_loss import raw_scores
from skfocal.linear_model._dask import is_dask, read_dask
from skfocal.linear_model._linear_classifier import LinearClassifier
from skfocal.linear_model._objective import LinearObjective
from skfocal.linear_model._penalty import check_l1, l1_strength, l2_inverse
from skfocal.linear_model._reading import read_blocks
from skfocal.linear_model._rows import as_rows
from skfocal.linear_model._separation import are_separable
from skfocal.linear_model._shift import score_shift
from skfocal.linear_model.solvers import SOLVERS, SolverResult, choose_solver, proximal_newton
from skfocal.losses import MarginLoss
from skfocal.posterior import Posterior
from skfocal.tasks import get_task
from skfocal.utils._compat import Interval, StrOptions, _fit_context
from skfocal.utils._docs import documented
from skfocal.utils._threads import block_threads
from skfocal.utils._validation import validate_rows
from skfocal.utils._warnings import warn_user


@documented()
class FocalLogisticRegression(LinearClassifier):
    """Linear classifier that minimises a focal loss, or any other loss of the margin.

    With margin m_i of row i (its signed score; for K classes the score of the true class minus
    the log-sum-exp of the others), it minimises::

        C * sum_i w_i * loss(m_i) + (1 - l1_ratio) * 0.5 * ||coef||^2 + l1_ratio * ||coef||_1

    where w_i is the sample weight times the class weight. The intercept is not penalised. With
    ``gamma=0`` this *is* :class:`~sklearn.linear_model.LogisticRegression` with the same C: the
    baseline of every comparison.

    Parameters
    ----------
    gamma : float in [0, inf), default=2.0
        $gamma_meaning
    $alpha
    $loss
    $beta
    $class_weight
    $probabilities
    C : float in (0, inf], default=1.0
        Inverse strength of the penalty; ``np.inf`` for none. Without one, classes that can be
        separated have no minimum: a warning says so, and the coefficients are those of the last
        iteration.
    l1_ratio : float in [0, 1], default=0.0
        Share of the l1 penalty, which makes coefficients exactly 0; 0 is ridge, 1 lasso, between
        them elastic net. Above 0 it is for up to 4,096 coefficients, those of all classes counted,
        and the solver is a proximal Newton method, under ``solver="auto"`` or ``"newton"``.
    fit_intercept : bool, default=True
        Whether to fit an unpenalised intercept.
    solver : {"auto", "newton", "lbfgs", "sampled"}, default="auto"
        ``"newton"`` needs few passes over the rows, and memory quadratic in the number of
        coefficients; ``"lbfgs"`` needs more passes and linear memory; ``"sampled"`` takes the
        curvature from a sample and needs about five passes for the gradient of all rows; with too
        few rows it is Newton. ``"auto"`` is ``"sampled"`` from 8,192 rows on, if the sample has 80
        rows per column and there are at most 600 coefficients; otherwise Newton up to 100
        coefficients and L-BFGS beyond. All find the same minimum of a convex loss.
    calibrate_intercept : bool, default=False
        Add a constant to the log-odds, one for each class, so that the mean predicted risk on the
        rows of ``fit`` equals their event rate. At ``gamma=0`` the intercept does so by itself,
        and there is no constant; nor is there one without an intercept or for raw probabilities.
        Rows count by sample weight, and with ``probabilities="weighted"`` by class weight too.
        It takes a few vectors as long as the rows, and moves the mean by 1 to 4 % at ``gamma=2``,
        by 10 % and more at 20.
    tol : float in [0, inf), default=1e-6
        Bound on the largest absolute entry of the gradient, relative to ``sum_i w_i |slope_i|``,
        with the slope of the loss of row i in its score (for K classes, separately for each
        score). It bounds the relative imbalance between the gradients of the classes in the
        intercept, and means the same at any class frequency, gamma and unit of the weights. With
        float32 data a fit may stop at their rounding level.
    max_iter : int in [1, inf), default=200
        Maximum number of iterations of the solver.
    warm_start : bool, default=False
        Start from the coefficients of the last fit if they have the right shape.
    random_state : int, RandomState instance or None, default=None
        Draws the sample of ``solver="sampled"``, which decides how fast the fit is.
        None draws the same rows in every fit, so that fits are reproducible.
    verbose : int, default=0
        Print a line per iteration if positive.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients of the scores, before :attr:`probabilities` is applied.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts of the scores.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_iter_ : int
        Number of iterations of the solver.
    loss_ : MarginLoss
        The loss that was minimised, bound to the training set.
    class_weight_ : ndarray of shape (n_classes,)
        Weight of each class: normalised alpha times class_weight.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had string column names.

    Raises
    ------
    ValueError
        In ``fit``, if a parameter is outside its range, there is one class only, or a
        combination has no meaning: a float alpha with more than two classes, a loss that is
        not defined for the task, ``probabilities="posterior"`` with a loss that has no inverse,
        ``l1_ratio`` above 0 with many coefficients or another solver.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : The same model at ``gamma=0``.
    skfocal.posterior : How probabilities are recovered.

    Notes
    -----
    For gamma > 0 the objective is not convex. The solvers promise a stationary point at which
    the objective is not above its value at the start, no more.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, doi:10.1109/ICCV.2017.324

    Charoenphakdee et al., "On Focal Loss for Class-Posterior Probability Estimation: A
    Theoretical Perspective", CVPR 2021, arXiv:2011.09172

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skfocal import FocalLogisticRegression
    >>> X, y = make_classification(n_samples=2000, weights=[0.95], random_state=0)
    >>> model = FocalLogisticRegression(gamma=2.0).fit(X, y)
    >>> float(model.predict_proba(X)[:, 1].mean().round(3)), float(y.mean())
    (0.055, 0.055)
    """

    _parameter_constraints: dict = {
        **LOSS_CONSTRAINTS,
        "C": [Interval(Real, 0, None, closed="right"), Interval(Real, 0, None, closed="neither")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "calibrate_intercept": ["boolean"],
        "solver": [StrOptions({"auto", *SOLVERS})],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        gamma=2.0,
        alpha=None,
        *,
        loss="focal",
        beta=0.999,
        class_weight=None,
        probabilities="weighted",
        C=1.0,
        l1_ratio=0.0,
        fit_intercept=True,
        solver="auto",
        calibrate_intercept=False,
        tol=1e-6,
        max_iter=200,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.gamma = gamma
        self.alpha = alpha
        self.loss = loss
        self.beta = beta
        self.class_weight = class_weight
        self.probabilities = probabilities
        self.C = C
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.calibrate_intercept = calibrate_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix, Dask array or frame} of shape (n_samples, n_features)
            Training rows; float32 and float64 are kept, CSR is never made dense. The parts of a
            Dask collection stay where they are: sums over them travel, labels and weights once,
            and a sample of the rows.
        y : array-like of shape (n_samples,)
            Labels, of any type, of at least two classes; beside a Dask collection one that is cut
            alike, and `sample_weight` too.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a row of weight 0 counts as absent, but its label as a class.

        Returns
        -------
        FocalLogisticRegression
            The fitted estimator.
        """
        if is_dask(X):
            return self._fit(*read_dask(self, X, y, sample_weight))
        return self._fit(*validate_rows(self, X, y, sample_weight))

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_blocks(self, blocks):
        """Fit the model to blocks of rows that need not be in memory together.

        The same model as from :meth:`fit` on all rows. X is read block by block, about five to ten
        times over, and two blocks of it are in memory at a time; labels and weights of all rows
        are kept.

        Parameters
        ----------
        blocks : iterable, or callable that returns one
            Of tuples (X, y) or (X, y, sample_weight), each as for :meth:`fit`. Every pass goes
            through it again and must find the same rows: a list, an object with ``__iter__`` such
            as :class:`ParquetBlocks`, or a function that returns a new generator.

        Returns
        -------
        FocalLogisticRegression
            The fitted estimator.

        Raises
        ------
        ValueError
            If a block does not fit, with its number; if a later pass reads other rows.

        Examples
        --------
        >>> import numpy as np
        >>> from skfocal import FocalLogisticRegression
        >>> def blocks():
        ...     for seed in range(4):
        ...         X = np.random.default_rng(seed).normal(size=(1000, 3))
        ...         yield X, X[:, 0] > 1
        >>> FocalLogisticRegression().fit_blocks(blocks).coef_.shape
        (1, 3)
        """
        return self._fit(*read_blocks(self, blocks))

    def _fit(self, X, y, sample_weight):
        """Fit to rows that were checked."""
        if self.verbose:
            print(f"{type(self).__name__}: {X.shape[0]:,} rows of {X.shape[1]:,} columns were read")
        target = self._encode_target(y, sample_weight)
        loss = self._resolve_loss()
        self._check_compatibility(loss, target)
        if self.l1_ratio > 0 and np.isfinite(self.C):
            check_l1(type(self).__name__, self.l1_ratio, self.solver, X.shape[1], target)
        loss = loss.bind(target.counts)
        objective = self._make_objective(X, target, sample_weight, loss)
        name, result = self._solve(objective, self._start(objective, target))
        self._store(result, objective, target, loss)
        self._tell(name, result, self._is_separated(X, target, sample_weight))
        if self.calibrate_intercept and self.fit_intercept:
            self._calibrate(X, target, sample_weight)
        return self

    def _check_compatibility(self, loss: MarginLoss, target: Target) -> None:
        if loss.weighs_batch:
            raise ValueError(
                f"{type(self).__name__}: {loss!r} weighs each row by its batch, so there is no "
                "minimum to find; use it in skfocal.nn.LossModule or a neural estimator "
                "(hidden_layer_sizes=() is the linear one)."
            )
        super()._check_compatibility(loss, target)

    def _make_objective(self, X, target: Target, sample_weight, loss) -> LinearObjective:
        return LinearObjective(
            X,
            target.codes,
            sample_weight,
            target.class_weight,
            loss,
            task=get_task(target.task),
            C=l2_inverse(self.C, self.l1_ratio),
            fit_intercept=self.fit_intercept,
            has_l1=self.l1_ratio > 0 and np.isfinite(self.C),
        )

    def _start(self, objective: LinearObjective, target: Target) -> np.ndarray:
        """Return the coefficients of the last fit, or of the model without features."""
        constant = np.zeros(objective.shape)
        if self.fit_intercept:
            constant[:, -1] = _constant_scores(target, objective.X.dtype)
        if self.warm_start and hasattr(self, "coef_"):
            last = np.column_stack([self.coef_, self.intercept_])[:, : objective.shape[1]]
            # A class without weight has its intercept out of reach, from where no slope leads back.
            all_present = target.present.all() and not getattr(self, "_lacked_class", False)
            if last.shape == objective.shape and all_present:
                constant = last.astype(np.float64)
        # Softmax scores do not notice a vector added to all classes; the penalty does.
        return objective.centred(constant).ravel()

    def _solve(self, objective: LinearObjective, start: np.ndarray) -> tuple[str, SolverResult]:
        """Return the solver that was chosen, and what it found."""
        limits = {"tol": self.tol, "max_iter": self.max_iter, "verbose": self.verbose}
        l1 = l1_strength(self.C, self.l1_ratio, objective.total_weight)
        if l1 > 0:
            return "proximal Newton", proximal_newton(objective, start, l1=l1, **limits)
        name = choose_solver(objective) if self.solver == "auto" else self.solver
        # None draws the same rows every time, if there is anything to draw.
        random = None if self.random_state is None else check_random_state(self.random_state)
        return name, SOLVERS[name](objective, start, random=random, **limits)

    def _is_separated(self, X, target: Target, sample_weight) -> bool:
        """Return whether the coefficients have no minimum, which a penalty would give them."""
        if np.isfinite(self.C) or target.present.sum() < 2:
            return False
        task = get_task(target.task)
        columns = self._scores(X, target, sample_weight)
        return are_separable(X, target.codes, sample_weight, columns, task, self.fit_intercept)

    def _scores(self, X, target: Target, sample_weight) -> np.ndarray:
        """Return the scores of rows, perhaps part by part."""
        of_part = partial(raw_scores, coef=self.coef_, intercept=self.intercept_)
        parts = list(as_rows(X).map_parts(of_part, target.codes, sample_weight))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _tell(self, name: str, result: SolverResult, is_separated: bool) -> None:
        """Warn of a fit that has no minimum, or did not reach it."""
        head = type(self).__name__
        if is_separated:
            warn_user(
                f"{head}: the classes can be separated, so that without a penalty (C=inf) the "
                "coefficients grow with every iteration and have no minimum; use a finite C.",
                ConvergenceWarning,
            )
        elif not result.converged:
            warn_user(
                f"{head} did not converge: {result.message} after {result.n_iter} "
                f"iterations of {name}, with a relative gradient of "
                f"{result.gradient_norm:.2g} where tol={self.tol:g}. Scale the features, raise "
                "max_iter or tol, or lower C.",
                ConvergenceWarning,
            )

    def _store(self, result: SolverResult, objective, target: Target, loss: MarginLoss):
        table = objective.centred(result.coef.reshape(objective.shape))
        n_features = objective.X.shape[1]
        self.coef_ = table[:, :n_features].astype(objective.X.dtype)
        self.intercept_ = (
            table[:, -1].astype(objective.X.dtype)
            if self.fit_intercept
            else np.zeros(objective.n_scores, dtype=objective.X.dtype)
        )
        self._lacked_class = not target.present.all()
        self.classes_ = target.classes
        self.n_iter_ = max(1, result.n_iter)
        self.loss_ = loss
        self.class_weight_ = target.class_weight
        self._posterior = Posterior(loss, target.task, self.probabilities, target.class_weight)
        return self

    def _calibrate(self, X, target: Target, sample_weight) -> None:
        """Find the constant in log-odds that makes the mean risk of rows their event rate."""
        shift = score_shift(self._posterior, len(self.coef_))
        if shift is not None and self.probabilities == "weighted":
            return  # Of the gradients of cross-entropy, that in the intercept says it.
        with block_threads():  # sums in one order, whatever the number of threads
            scores = self._scores(X, target, sample_weight).astype(np.float64, copy=False)
            log_odds = self._posterior.log_odds(get_task(target.task).from_columns(scores))
            self._posterior = self._posterior.calibrated(log_odds, target.codes, sample_weight)


def _constant_scores(target: Target, dtype: np.dtype) -> np.ndarray:
    """Return the best scores without features, as cross-entropy has them.

    The weighted log-odds, not the loss's own best constant: that of a loss that gives up on hard
    rows lies where no row of the rare class pulls any more. A class without weight, whose best
    score is infinite, is where slopes underflow to exactly 0 in the precision of X, so that the
    start is a minimum for it.
    """
    share = target.counts * target.class_weight
    none = 2.0 * np.log(np.finfo(dtype).tiny)
    log_share = np.log(share / share.sum(), out=np.full(len(share), none), where=target.present)
    return get_task(target.task).contrast(log_share)
