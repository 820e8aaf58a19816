"""Multilayer perceptron with a focal loss, or any other loss of the margin."""

import numpy as np
from sklearn.utils.metaestimators import available_if

from skfocal._classifier import SingleLabelClassifier, Target
from skfocal.losses._math import add_half_rows
from skfocal.model_selection import class_split
from skfocal.neural_network._base import NETWORK_CONSTRAINTS, NeuralClassifier, fits_in_parts
from skfocal.neural_network._docs import documented
from skfocal.utils._compat import _fit_context
from skfocal.utils._labels import encode_known, encode_labels
from skfocal.utils._validation import drop_weightless, validate_rows
from skfocal.weights import class_counts


@documented
class FocalMLPClassifier(NeuralClassifier, SingleLabelClassifier):
    """Small neural networks with a focal loss, or any other loss of the margin.

    Several multilayer perceptrons are trained as one batched network, see
    :class:`skfocal.nn.TabularMLP`, and their probabilities are averaged. With margin m_i of row
    i (its signed score; for K classes the score of the true class minus the log-sum-exp of the
    others), each member minimises::

        mean_i w_i * loss(m_i)

    where w_i is the sample weight, divided by the mean of these, times the class weight.
    ``n_members=1, numeric_embedding=None`` is the plain perceptron.

    Parameters
    ----------
    gamma : float in [0, inf), default=1.0
        $gamma_meaning
    $alpha
    $loss
    $beta
    $class_weight
    $probabilities
    $calibration
    $network
    $training
    validation_fraction : float in (0, 1), default=0.1
        Share of each class that is held out; a class keeps at least one row in training.
    $stopping
    scoring : {"average_precision", "neg_log_loss"}, default="average_precision"
        What early stopping watches; neither depends on gamma. Average precision is the mean over
        the classes that have both outcomes in the held-out rows; without such a class it is the
        negative log loss.
    $running

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    loss_ : MarginLoss
        The loss in force when the weights were reached, bound to the training set.
    class_weight_ : ndarray of shape (n_classes,)
        Weight of each class in force then: normalised alpha times class_weight.
    intercept_ : ndarray of shape () or (n_classes,)
        Constant that `calibrate_intercept` adds to the log-odds, or log-probabilities.
    $fitted

    Raises
    ------
    ImportError
        In ``fit``, without torch or skorch.
    ValueError
        In ``fit``, if a parameter is outside its range, there is one class only, or a
        combination has no meaning: a float alpha with more than two classes, a loss that is
        not defined for the task, ``probabilities="posterior"`` with a loss that has no inverse.

    See Also
    --------
    skfocal.FocalLogisticRegression : The linear model, with a minimum that is found exactly.
    skfocal.posterior : How probabilities are recovered.

    Notes
    -----
    $defaults

    A loss or weight that becomes infinite or NaN ends the training with a ConvergenceWarning, an
    interrupt with a UserWarning; the best finite weights so far are kept.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, doi:10.1109/ICCV.2017.324

    Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning", NeurIPS
    2022, arXiv:2203.05556

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skfocal.neural_network import FocalMLPClassifier
    >>> X, y = make_classification(n_samples=500, weights=[0.9], random_state=0)
    >>> model = FocalMLPClassifier(gamma=2.0, n_members=2, max_epochs=20, random_state=0)
    >>> model.fit(X, y).predict_proba(X).shape
    (500, 2)
    """

    _parameter_constraints: dict = NETWORK_CONSTRAINTS

    def __init__(
        self,
        gamma=1.0,
        alpha=None,
        *,
        loss="focal",
        beta=0.999,
        class_weight=None,
        probabilities="weighted",
        calibrate_intercept=True,
        hidden_layer_sizes=(64,),
        activation="relu",
        dropout=0.1,
        batch_norm=False,
        n_members=8,
        numeric_embedding="periodic",
        warm_up=0,
        initial_bias="prior",
        optimizer="adamw",
        learning_rate_init=2e-3,
        weight_decay=1e-2,
        learning_rate="linear",
        batch_size="auto",
        max_epochs="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        scoring="average_precision",
        standardize=True,
        random_state=None,
        device="auto",
        warm_start=False,
        callbacks=None,
        module=None,
        net_params=None,
        verbose=0,
    ):
        self.gamma = gamma
        self.alpha = alpha
        self.loss = loss
        self.beta = beta
        self.class_weight = class_weight
        self.probabilities = probabilities
        self.calibrate_intercept = calibrate_intercept
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.n_members = n_members
        self.numeric_embedding = numeric_embedding
        self.warm_up = warm_up
        self.initial_bias = initial_bias
        self.optimizer = optimizer
        self.learning_rate_init = learning_rate_init
        self.weight_decay = weight_decay
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.scoring = scoring
        self.standardize = standardize
        self.random_state = random_state
        self.device = device
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.module = module
        self.net_params = net_params
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows; CSR is made dense a batch at a time.
        y : array-like of shape (n_samples,)
            Labels, of any type, of at least two classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a row of weight 0 counts as absent.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Rows that early stopping watches, instead of some held out from `X`.
        y_val : array-like of shape (n_val,), default=None
            Their labels, all of which occur in `y`.

        Returns
        -------
        FocalMLPClassifier
            The fitted estimator.
        """
        continued = self.warm_start and hasattr(self, "classes_")
        X, y, sample_weight = validate_rows(self, X, y, sample_weight, reset=not continued)
        classes, _ = self._encode_classes(y)
        X, y, sample_weight = drop_weightless(X, y, sample_weight)
        self._check_network()
        seed = self._draw_seed()
        (X_fit, y_fit, weight), held_out = self._hold_out(X, y, sample_weight, X_val, y_val, seed)
        target = self._encode_target(y_fit, weight, classes)
        if continued and not np.array_equal(target.classes, self.classes_):
            raise ValueError(
                f"{type(self).__name__}: warm_start continues with the classes "
                f"{self.classes_.tolist()}, got {target.classes.tolist()}."
            )
        if held_out is not None:
            X_held, y_held, weight_held = held_out
            held_out = (
                X_held,
                encode_known(y_held, target.classes, type(self).__name__),
                weight_held,
            )
        start = self._where_it_ended() if continued else None
        self._fit_rows(X_fit, target, weight, seed, start, held_out)
        if self.calibrate_intercept:
            codes = encode_known(y, target.classes, type(self).__name__)
            self._calibrate(X, codes, sample_weight, seed)
        return self

    @available_if(fits_in_parts)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on these rows, with a constant learning rate.

        The first call, or an earlier ``fit``, decides what depends on the training set as a
        whole: the scaling, the class weights and the initial bias. The method does not exist
        (AttributeError) with settings that need the whole set, such as ``alpha="balanced"``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels, among `classes`.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur; needed in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, relative to each other.

        Returns
        -------
        FocalMLPClassifier
            The estimator.
        """
        first = self._check_partial_fit(classes)
        if first and (classes is None or len(np.unique(classes)) < 2):
            raise ValueError(
                f"{type(self).__name__}: the first call of partial_fit needs classes=, all labels "
                f"that will ever occur, at least two of them, got {classes!r}."
            )
        X, y, sample_weight = validate_rows(self, X, y, sample_weight, reset=first)
        X, y, sample_weight = drop_weightless(X, y, sample_weight)
        self._check_network()
        known = np.unique(classes) if first else self.classes_
        target = self._encode_known(y, sample_weight, known, first)
        start = None if first else self._where_it_ended()
        self._fit_rows(X, target, sample_weight, self._draw_seed(), start, partial=True)
        return self

    def _split(self, y, random):
        return class_split(encode_labels(y)[1], self.validation_fraction, random)

    def _encode_known(self, y, sample_weight, classes, first) -> Target:
        codes = encode_known(y, classes, type(self).__name__)
        if first:
            counts = add_half_rows(class_counts(codes, sample_weight, len(classes)))
        else:
            counts = self._counts
        weight = self._weigh_classes(classes, counts)
        return Target(classes, codes, counts, weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
