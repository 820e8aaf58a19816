"""Documentation of what both neural classifiers have in common."""

from collections.abc import Iterable
from string import Template

from skfocal.neural_network._budget import BUDGET
from skfocal.neural_network._cross_fitting import FOLDS
from skfocal.neural_network._encoding import MOST_CATEGORIES
from skfocal.neural_network._optimization import LEARNING_RATES, OPTIMIZERS
from skfocal.neural_network._parameters import MOST_EMBEDDED
from skfocal.nn import ACTIVATIONS
from skfocal.utils import _docs

_FRAGMENTS = {
    "network": """\
hidden_layer_sizes : int or array-like of int in [1, inf), default=(64,)
    Width of each hidden layer of a member; ``()`` makes the network linear.
activation : {$activations}, default="relu"
    Function of the hidden units.
dropout : float in [0, 1), default=0.1
    Fraction of hidden units dropped in each step, rounded to a multiple of 1/256.
batch_norm : bool, default=False
    Normalise each hidden unit over the batch before `activation`; batches need at least two rows.
n_members : int in [1, inf), default=8
    Number of perceptrons, which differ in their initial weights and their dropout.
numeric_embedding : {"auto", "periodic", None}, default="auto"
    ``"periodic"``: the inputs of the network are each feature and four sine waves of it, of
    learned frequency and phase. ``"auto"`` is that up to $most_embedded features, and None above.
    Without waves, CSR rows of more features stay sparse; they are then divided by the largest
    absolute value of each feature, instead of standardized.""",
    "calibration": """\
calibrate_intercept : bool, default=True
    Add a constant to the log-odds, one for each class or label, so that the mean predicted risk on
    the rows of ``fit`` equals their event rate; without it networks predict too low a risk where
    events are rare. Rows count by sample weight, and with ``probabilities="weighted"`` by class
    weight too. All rows of `X` are used, including those held out by early stopping, but not
    `X_val`; above 65,536 rows a random sample. A network that has overfit still predicts too low
    on new rows: use `cross_fit`, whose scores are of rows not seen, or `early_stopping`. The
    constant does not apply to raw probabilities, and
    ``partial_fit`` leaves it unchanged (0 before any ``fit``).""",
    "training": """\
warm_up : int in [0, inf) or skfocal.nn.Schedule, default=0
    Epochs of cross-entropy before the loss, or a schedule of losses and class weights.
initial_bias : {"prior", "best"} or None, default="prior"
    Initial scores, see :func:`skfocal.nn.initial_bias`; None is 0. ``"prior"`` uses the class
    frequencies weighted by alpha and class_weight.
optimizer : {$optimizers}, default="adamw"
    ``"sgd"`` has a Nesterov momentum of 0.9.
learning_rate_init : float in (0, inf), default=2e-3
    Largest learning rate.
weight_decay : float in [0, inf), default=1e-2
    Decay of all parameters except the output bias, which holds the class frequencies.
learning_rate : {$learning_rates}, default="linear"
    Schedule of the rate over the steps: constant, down to 0 along a line or half a cosine, or up
    for a third of the steps and then down.
batch_size : int in [1, inf) or "auto", default="auto"
    Largest number of rows in a batch; ``"auto"`` gives $steps steps in $epochs epochs, within
    $smallest_batch to $largest_batch rows. The rows of an epoch are divided evenly.
max_epochs : int in [1, inf) or "auto", default="auto"
    Number of epochs; ``"auto"`` comes closest to $steps steps, from 1 to $epochs epochs.
cross_fit : bool or "auto", default=False
    Let each member leave out some of the rows, so that one fit gives an out-of-fold score of each,
    ``oof_decision_function_``. The rows are cut into as many folds as members, or once into
    $folds for every $folds members, stratified by classes or labels; each member leaves out another
    fold. `early_stopping` then watches these scores, with no row held out, and they tell the
    constant of `calibrate_intercept`. Members share no waves then, which takes more time.
    ``"auto"`` does so where it is possible: with at least two members, no `module` of your own and
    no `warm_start`, a loss that does not weight its batch, and rows of which each member sees every
    class.
early_stopping : bool, default=False
    Stop when `scoring` no longer improves on held-out rows, and keep the weights of the best
    epoch; ties go to the later epoch.""",
    "stopping": """\
n_iter_no_change : int in [1, inf), default=10
    Number of epochs without improvement after which training stops.
tol : float in [0, inf), default=1e-4
    Smallest change of the score that counts as an improvement.""",
    "running": """\
categorical_features : None, "from_dtype" or array-like, default="from_dtype"
    Columns of categories, which become indicators; rare ones share one, up to $most_categories
    a column. ``"from_dtype"``: the columns of a data frame that hold categories or text; else a
    mask, positions or names of columns. Missing ones are a category of their own. A category
    that was not there in fit counts as rare, or as none if no category was.
standardize : bool, default=True
    Shift and scale the features to mean 0 and variance 1 over the training rows.
random_state : int, RandomState instance or None, default=None
    Seeds initial weights, batches, dropout and the held-out rows.
device : str, default="auto"
    Where to train, such as ``"cpu"`` or ``"cuda"``; ``"auto"`` is CUDA if there is one.
    Prediction runs on the CPU, without torch.
warm_start : bool, default=False
    Continue from the weights of the last fit, with a new constant of `calibrate_intercept`.
callbacks : list of skorch callbacks or None, default=None
    Receive the ``on_*`` events of the skorch net inside, as skorch documents; used as they are,
    without a copy, so that what they recorded can be read. One that sets the
    learning rate needs ``learning_rate="constant"``; losses are recorded per epoch, not per batch.
    Callbacks that score or stop early are refused: `early_stopping` and `scoring` do that.
module : class or callable, default=None
    Makes a network of your own, ``module(n_features, n_scores)``: a ``torch.nn.Module`` from
    rows of shape (n, n_features), float32, to scores of shape (n, n_scores), or (n,) for one
    score. It replaces the network described by `hidden_layer_sizes`, `activation`, `dropout`,
    `batch_norm`, `n_members` and `numeric_embedding`; `initial_bias` is added to its scores. It
    draws from torch's global generator, which is seeded for the fit and restored afterwards. Such
    a model keeps its torch state, as ``module_``, and needs torch to predict.
net_params : dict or None, default=None
    Escape hatch to skorch: further arguments of the ``skorch.NeuralNet`` inside, such as
    ``optimizer__betas``, and of `module`, as ``module__<parameter>``.
verbose : int, default=0
    Show a progress bar if positive.""",
    "fitted": """\
mean_, scale_ : ndarrays of shape (n_inputs,)
    Shift and scale of the features, or of what ``encoder_.transform`` makes of them.
encoder_ : object
    Its ``transform`` makes numbers without gaps of a table with categories or missing values, and
    leaves other tables alone.
loss_curve_ : list of float
    Mean loss of each epoch, summed over the members.
oof_decision_function_ : ndarray of the shape of ``decision_function(X)``
    Log-odds of each row of ``fit`` from the members that have not seen it, with `cross_fit` only:
    of the mean of their probabilities. Fewer members are averaged than in prediction, so these
    scores are a little worse than those of new rows. Labels reach their own score only through what
    all members share: class weights that are made from class counts, the epoch of
    `early_stopping`, and the constant of `calibrate_intercept`. No member has seen a row of weight
    0, so all are averaged there.
n_epochs_ : int
    Number of epochs, including those of earlier fits that were continued.
validation_scores_ : list of float
    Score of each epoch on the held-out rows, with early stopping only.
best_epoch_ : int
    Number of epochs after which the score was best, with early stopping only.
net_ : skorch.NeuralNet
    The trained network as a skorch net on the CPU, rebuilt on each access: its ``predict_proba``
    takes what ``encoder_.transform`` makes of rows, its ``history`` covers the training, including
    earlier fits that were continued, and skorch's own tools apply to it.
module_ : torch.nn.Module
    The trained network on the CPU, with a `module` of your own only.
n_features_in_ : int
    Number of features.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the features, if X had string column names.""",
    "defaults": """\
The defaults, including gamma and the budget of steps, were chosen on 22 binary tables of the
``core`` suite (155 to 45,211 rows) by the mean rank in average precision and log loss, among
settings that take at most about 30 times as long as LightGBM. When each family of tables is left
out in turn, the others choose the same settings. See ``benchmarks/results/defaults.md``. More
epochs overfit small tables; from about ten thousand rows on they can help.""",
}


def _options(table: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in table)


_VALUES = {
    "activations": _options(ACTIVATIONS),
    "optimizers": _options(OPTIMIZERS),
    "learning_rates": _options(LEARNING_RATES),
    "folds": FOLDS,
    "most_categories": MOST_CATEGORIES,
    "most_embedded": f"{MOST_EMBEDDED:,}",
    **BUDGET._asdict(),
}

documented = _docs.documented(
    **{name: Template(text).substitute(_VALUES) for name, text in _FRAGMENTS.items()}
)
