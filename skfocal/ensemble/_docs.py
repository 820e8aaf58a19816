"""Text shared by the docstrings of the boosted classifiers."""

from skfocal.utils import _docs

_FRAGMENTS = {
    "trees": """\
engine : {"hist", "lightgbm", "xgboost"}, default="hist"
    What grows the trees: scikit-learn's histogram boosting, LightGBM or XGBoost
    (``pip install 'skfocal[boosting]'``).
n_estimators : int in [1, inf), default=200
    Rounds of boosting, each of one tree, or of one a class.
learning_rate : float in (0, inf), default=0.05
    Factor on the values of all leaves.
max_leaf_nodes : int in [2, inf) or None, default=31
    Most leaves of a tree.
max_depth : int in [1, inf) or None, default=None
    Most splits on the way to a leaf.
min_samples_leaf : int in [1, inf) or "auto", default="auto"
    Fewest rows of a leaf; ``"auto"`` is 5, but scikit-learn's 20 in fewer than 100 rows. Only
    ``"hist"`` counts rows. LightGBM takes a leaf's share of the total curvature for its share of
    the rows. XGBoost has no such floor and ignores it: ``min_child_weight`` in `engine_params`
    bounds the curvature of a leaf.
l2_regularization : float in [0, inf), default=10.0
    Added to the curvature of a leaf, of which a row has at most 1/4 at ``gamma=0``.
max_features : float in (0, 1], default=0.2
    Fraction of the features that each split may choose from, drawn anew.
subsample : float in [0.05, 1], default=0.5
    Fraction of each class that grows a tree, rounded to k of m rows with m up to 20. Within m
    trees every row is drawn k times; with 0.5 each tree takes the rows that the one before left
    out. Weights of the rows drawn make up for the others. ``"hist"`` counts the rows of a leaf
    whether drawn or not.
max_bins : int in [2, 255], default=255
    Most bins of the values of a feature.
categorical_features : array-like, "from_dtype" or None, default="from_dtype"
    A mask, positions or names of the columns that hold categories. ``"from_dtype"``: those of
    categorical type in a data frame of pandas or polars. Unknown categories are missing values.
monotonic_cst : array-like of int of shape (n_features,) or dict, default=None
    1 where the log-odds may not fall with a feature, -1 where they may not rise, else 0; a dict
    has names of features as keys. For two classes only.
interaction_cst : {"pairwise", "no_interactions"} or list of collections of int, default=None
    Groups of features that may meet on the way to a leaf.
early_stopping : bool, default=False
    Stop when `scoring` gets no better on rows that are held out, and drop the trees after the
    best round.
validation_fraction : float in (0, 1), default=0.1
    Fraction of each class that is held out for early stopping.
n_iter_no_change : int in [1, inf), default=10
    Rounds without improvement after which to stop.
tol : float in [0, inf), default=1e-7
    Improvement that counts.
scoring : {"neg_log_loss", "average_precision"}, default="neg_log_loss"
    What early stopping follows: scores of the probabilities with class weights undone, so that
    values compare over any loss, gamma and alpha.
warm_start : bool, default=False
    Add trees to those of the last fit, up to `n_estimators`.
engine_params : dict or None, default=None
    Further parameters under the engine's own names, such as ``{"bagging_fraction": 0.5}`` of
    LightGBM. What an engine cannot do with an objective from outside is refused: its own
    objectives and class weights, rows drawn by gradient (GOSS), quantised gradients.
calibrate_intercept : bool, default=True
    Add a constant to the log-odds such that their mean risk is the event rate, where each tree
    speaks of the rows alone that it has not seen. Otherwise boosted trees read low where events
    are rare. It takes no further fit, but needs `subsample` below 1. Tables of fewer than 100
    rows, or 5 of a class, are left as they are, and so are raw probabilities.
random_state : int, RandomState instance or None, default=None
    Draws features, and rows: those of each tree and those to hold out.
n_jobs : int or None, default=None
    Threads of the engine; None leaves the number to it, -1 is all processors. The trees do not
    depend on it.
verbose : int, default=0
    Let the engine print its progress if positive.""",
    "fitted": """\
booster_ : HistGradientBoostingClassifier, lightgbm.Booster or xgboost.Booster
    The engine's own fitted object. With an invertible loss it is an ordinary model of log loss,
    whose own probabilities are those of :meth:`predict_proba`: explainers and exporters need
    nothing of skfocal. (Not with several classes and a loss that has a function for each.)
feature_importances_ : ndarray of shape (n_features,)
    Total gain of the splits on each feature, divided by the sum over the features.
intercept_ : ndarray of shape () or (n_classes,)
    What `calibrate_intercept` has added to the log-odds.
n_iter_ : int
    Rounds of boosting.
validation_scores_ : list of float
    With early stopping, the score before the first tree and after each round.
classes_ : ndarray of shape (n_classes,)
    Labels.
loss_ : MarginLoss
    The loss that was minimised, bound to the training set.
class_weight_ : ndarray of shape (n_classes,)
    Weight of each class: normalised alpha times class_weight.
n_features_in_ : int
    Number of features.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the features, if X had string column names.""",
}

documented = _docs.documented(**_FRAGMENTS)
