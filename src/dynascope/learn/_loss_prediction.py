"""What spectra tell of the loss: predictions across folds, against the best single number and simple baselines."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._compile import compiled
from .._config import one_blas_thread
from .._errors import RESULTS, InputError
from .._random import seed_of
from .._results import AbstractResult, output, provenance
from .._types import Key
from ._aelle import AeLLE, AeLLETraining, fit_aelle

#: What is compared: AeLLE, the best single number, ridge on principal components, ridge on the hyper-parameters.
METHODS = ("AeLLE", "single feature", "principal components", "hyper-parameters")
#: Single numbers of a spectrum.
FEATURES = ("max", "mean", "variance", "|max|")
#: Interval reported, and weights of ridge to choose from.
_LEVEL, _PENALTIES = 0.95, np.logspace(-4, 4, 17)


class Comparison(eqx.Module):
    """How predictions are compared.

    Args:
        folds: Parts that the settings are divided into; each is predicted from the others.
        repeats: Times that settings are divided anew.
        components: Principal components of the spectrum that ridge takes.
        bootstrap: Resamplings of settings for the intervals.
    """

    folds: int = eqx.field(static=True, default=5)
    repeats: int = eqx.field(static=True, default=2)
    components: int = eqx.field(static=True, default=4)
    bootstrap: int = eqx.field(static=True, default=1000)

    def __check_init__(self) -> None:
        if self.folds < 2 or min(self.repeats, self.components) < 1 or self.bootstrap < 100:
            raise InputError(
                "`Comparison` needs at least 2 `folds`, 1 of `repeats` and `components`, and 100 of `bootstrap`, got "
                f"{self.folds}, {self.repeats}, {self.components} and {self.bootstrap}."
            )


class LossPrediction(AbstractResult):
    """Rank correlations of predicted and true loss, on settings that the predictor has not seen.

    A correlation is Spearman's, within each fold, averaged over folds and repeats. Intervals (95 %) are from resampling
    the settings with the predictions kept: they hold the chance in which settings were drawn, not that of the
    fits.

    Attributes:
        methods: Names of what is compared: `METHODS`.
        chosen: The single feature that the training folds chose, by repeat and fold.
        correlation: Rank correlation of each method.
        correlation_low: Lower end of its interval.
        correlation_high: Upper end.
        advantage: Correlation of AeLLE minus that of each method.
        advantage_low: Lower end of its interval.
        advantage_high: Upper end.
        features: Rank correlation of each of `FEATURES` with the loss, over all networks.
        separation: Share of networks put on the right side of the median loss by a line through the plane of the code's
            first two principal components, and the ends of its interval.
        predicted: Predictions across folds by method and repeat.
        targets: What was to be predicted.
        folds: Fold of each network in each repeat.
        plane: Code of one AeLLE in the plane of its first two principal components.
        held_out: Which networks that AeLLE has not seen.
    """

    methods: tuple[str, ...] = eqx.field(static=True)
    chosen: tuple[tuple[str, ...], ...] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    correlation: np.ndarray = output("method", doc="rank correlation with the loss")
    correlation_low: np.ndarray = output("method", doc="lower end of the 95 % interval")
    correlation_high: np.ndarray = output("method", doc="upper end of the 95 % interval")
    advantage: np.ndarray = output("method", doc="rank correlation of AeLLE minus that of the method")
    advantage_low: np.ndarray = output("method", doc="lower end of the 95 % interval")
    advantage_high: np.ndarray = output("method", doc="upper end of the 95 % interval")
    features: np.ndarray = output("feature", doc="rank correlation of single features with the loss")
    separation: np.ndarray = output("end", doc="share on the right side of the median: value, low, high")
    predicted: np.ndarray = output("method", "repeat", "network", doc="predictions across folds")
    targets: np.ndarray = output("network", doc="what was to be predicted")
    folds: np.ndarray = output("repeat", "network", doc="fold of each network")
    plane: np.ndarray = output("network", "axis", doc="code in its first two principal components")
    held_out: np.ndarray = output("network", doc="whether the plane was fitted without the network")

    def summary(self) -> str:
        """The correlations with intervals, and how much AeLLE adds to the best single feature."""
        parts = [
            f"{name} {self.correlation[i]:.2f} ({self.correlation_low[i]:.2f} to {self.correlation_high[i]:.2f})"
            for i, name in enumerate(self.methods)
        ]
        return (
            f"Rank correlation of predicted and true loss over {len(self.targets)} networks, across folds of settings: "
            f"{', '.join(parts)}. AeLLE adds {self.advantage[1]:.3f} ({self.advantage_low[1]:.3f} to "
            f"{self.advantage_high[1]:.3f}) to the best single feature."
        )


def loss_prediction(
    spectra: Any,
    targets: Any,
    *,
    hyperparameters: Any,
    settings: Any,
    code: int = 8,
    training: AeLLETraining | None = None,
    comparison: Comparison | None = None,
    key: Key,
) -> LossPrediction:
    """Predict what networks reach from their Lyapunov spectra, and compare with what simpler numbers tell.

    Settings of hyper-parameters are divided into folds, so that replicates of one setting are never on both sides.
    Everything (scales, the choice of the single feature, its sign, the weight of ridge) is taken from the training
    folds.

    Args:
        spectra: Shape `(network, point)`.
        targets: Shape `(network,)`, such as logarithms of losses.
        hyperparameters: Shape `(network, number)`, what ridge on hyper-parameters sees; give squares and products too
            where the loss may depend on them.
        settings: Shape `(network,)`, number of the setting of each.
        code: Length of the code of AeLLE.
        training: How AeLLE is trained.
        comparison: Folds, repeats, components and resamplings.
        key: Random key of the folds, the fits and the resampling.

    Returns:
        A `LossPrediction`.

    Raises:
        InputError: If shapes do not fit together, values are not finite, or there are fewer than three settings a fold.

    Reference:
        Vogt, Zheng & Shlizerman (2024), Lyapunov-guided representation of recurrent neural network performance, Neural
        Computing and Applications 36, 21211-21226.
    """
    comparison, training = comparison or Comparison(), training or AeLLETraining()
    x, y, h, groups = (np.asarray(a) for a in (spectra, targets, hyperparameters, settings))
    names, groups = np.unique(groups, return_inverse=True)
    _check(x, y, h, groups, 3 * comparison.folds)
    dividing, fitting, resampling = jax.random.split(key, 3)
    folds = _divided(len(names), comparison, dividing)[:, groups]
    train = folds[:, None, :] != np.arange(comparison.folds)[None, :, None]
    shape = (comparison.repeats, comparison.folds)
    keys = jax.random.split(fitting, shape)
    with one_blas_thread():
        fitted = _fitted(x.astype(np.float32), y.astype(np.float32), train.astype(np.float32), code, training, keys)
        predicted = np.empty((len(METHODS), *folds.shape))
        right, chosen = np.zeros(folds.shape), []
        for r, f in np.ndindex(shape):
            inside, outside = train[r, f], ~train[r, f]
            feature, single = _single_feature(x, y, inside)
            chosen.append(feature)
            predicted[:, r, outside] = [
                np.asarray(fitted[0])[r, f, outside],
                single[outside],
                _ridge(_components(x, inside, comparison.components), y, inside)[outside],
                _ridge(_standard(h, inside), y, inside)[outside],
            ]
            codes = np.asarray(fitted[1])[r, f]
            right[r, outside] = _separated(_components(codes, inside, 2), y, inside)[outside]
    weights = _resamplings(len(names), comparison.bootstrap, resampling)[:, groups]
    scores = np.array([_across_folds(predicted[m], y, folds, weights) for m in range(len(METHODS))])
    shares = (weights @ right.mean(axis=0)) / weights.sum(axis=1)
    return LossPrediction(
        methods=METHODS,
        chosen=tuple(tuple(chosen[r * shape[1] : (r + 1) * shape[1]]) for r in range(shape[0])),
        result=RESULTS.successful,
        settings=provenance(
            code=code, **_plain("training", training), **_plain("comparison", comparison),
            key=seed_of(key),
        ),
        **_interval("correlation", scores),
        **_interval("advantage", scores[0] - scores),
        features=np.array([_rank_correlation(v, y, np.ones((1, len(y))))[0] for v in _features(x).values()]),
        separation=np.array([shares[0], *np.quantile(shares[1:], _ends())]),
        predicted=predicted,
        targets=y,
        folds=folds,
        plane=_components(np.asarray(fitted[1])[0, 0], train[0, 0], 2),
        held_out=~train[0, 0],
    )  # fmt: skip


def _check(x: np.ndarray, y: np.ndarray, h: np.ndarray, groups: np.ndarray, least: int) -> None:
    if x.ndim != 2 or h.ndim != 2 or {len(x), len(h), len(groups)} != {y.size} or y.ndim != 1:
        raise InputError(
            "`spectra` and `hyperparameters` must be matrices with one row per network, `targets` and `settings` "
            f"vectors, got shapes {x.shape}, {h.shape}, {y.shape} and {groups.shape}."
        )
    if not all(np.all(np.isfinite(a)) for a in (x, y, h)):
        raise InputError(
            "`spectra`, `targets` or `hyperparameters` hold values that are NaN or infinite. Leave those networks out "
            "(`population.usable()`) and say how many there were."
        )
    if np.unique(groups).size < least:
        raise InputError(
            f"There must be at least three settings in each fold, {least} in all, got {np.unique(groups).size}. Train "
            "more networks or take fewer folds."
        )


def _plain(name: str, value: Any) -> dict[str, Any]:
    return {f"{name}.{k}": v for k, v in vars(value).items()}


def _divided(settings: int, comparison: Comparison, key: Key) -> np.ndarray:
    """The fold of each setting in each repeat."""
    keys = jax.random.split(key, comparison.repeats)
    even = jnp.arange(settings) % comparison.folds
    return np.asarray(jax.vmap(lambda k: jax.random.permutation(k, even))(keys))


def _resamplings(settings: int, count: int, key: Key) -> np.ndarray:
    """How often each setting is in each resampling, shape `(1 + count, settings)`; the first is the sample itself."""
    drawn = np.asarray(jax.random.randint(key, (count, settings), 0, settings))
    counts = np.stack([np.bincount(row, minlength=settings) for row in drawn])
    return np.concatenate([np.ones((1, settings)), counts])


@compiled
def _fitted(x: Any, y: Any, train: Any, code: int, training: AeLLETraining, keys: Key) -> tuple[Any, Any]:
    """Predictions `(repeat, fold, network)` and codes of one AeLLE per repeat and fold."""

    def one(weights: Any, key: Key) -> Any:
        model: AeLLE = fit_aelle(x, y, code=code, weights=weights, training=training, key=key)
        return jax.vmap(model.predict)(x), jax.vmap(model.encode)(x)

    return jax.vmap(jax.vmap(one))(train, keys)


def _features(x: np.ndarray) -> dict[str, np.ndarray]:
    """Each of `FEATURES` for all networks."""
    values = x.max(axis=1), x.mean(axis=1), x.var(axis=1), np.abs(x.max(axis=1))
    return dict(zip(FEATURES, values, strict=True))


def _single_feature(x: np.ndarray, y: np.ndarray, inside: np.ndarray) -> tuple[str, np.ndarray]:
    """The feature that goes best with the target inside, and its values with the sign that it has there."""
    ones = np.ones((1, int(inside.sum())))
    known = {name: _rank_correlation(v[inside], y[inside], ones)[0] for name, v in _features(x).items()}
    best = max(known, key=lambda name: abs(known[name]))
    return best, np.sign(known[best]) * _features(x)[best]


def _components(x: np.ndarray, inside: np.ndarray, count: int) -> np.ndarray:
    """Scores on the principal components of the rows inside, in units of their spread there."""
    centred = x - x[inside].mean(axis=0)
    axes = np.linalg.svd(centred[inside], full_matrices=False)[2][:count]
    return _standard(centred @ axes.T, inside)


def _standard(x: np.ndarray, inside: np.ndarray) -> np.ndarray:
    spread = x[inside].std(axis=0)
    return (x - x[inside].mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _ridge(x: np.ndarray, y: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Predictions of ridge regression for all rows; its weight is the best by leave-one-out inside."""
    a = np.concatenate([np.ones((len(x), 1)), x], axis=1)
    inner, goal = a[inside], y[inside]
    free = np.diag([0.0, *np.ones(x.shape[1])])
    best, coefficients = np.inf, np.zeros(a.shape[1])
    for penalty in _PENALTIES:
        solved = np.linalg.solve(inner.T @ inner + penalty * free, inner.T)
        leverage = np.sum(inner.T * solved, axis=0)
        error = np.mean(((goal - inner @ (solved @ goal)) / np.maximum(1 - leverage, 1e-9)) ** 2)
        if error < best:
            best, coefficients = error, solved @ goal
    return a @ coefficients


def _separated(plane: np.ndarray, y: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Whether a line fitted inside puts each network on the right side of the median inside."""
    side = np.where(y > np.median(y[inside]), 1.0, -1.0)
    return np.sign(_ridge(plane, side, inside)) == side


def _across_folds(predicted: np.ndarray, y: np.ndarray, folds: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rank correlation within each fold, averaged over folds and repeats, for each row of weights."""
    total, count = np.zeros(len(weights)), np.zeros(len(weights))
    for repeat, fold in zip(predicted, folds, strict=True):
        for number in np.unique(fold):
            part = fold == number
            # A resampling may leave hardly anything of a small fold: then that fold has no say in it.
            told = np.sum(weights[:, part] > 0, axis=1) > 2
            if np.any(told):
                total[told] += _rank_correlation(repeat[part], y[part], weights[told][:, part])
            count += told
    return total / np.maximum(count, 1)


def _rank_correlation(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Spearman's correlation where each entry counts as often as its weight says, one per row of weights."""
    ranks = [_ranks(v, weights) for v in (a, b)]
    total = weights.sum(axis=1, keepdims=True)
    p, q = (r - np.sum(weights * r, axis=1, keepdims=True) / total for r in ranks)
    power = np.sum(weights * p**2, axis=1) * np.sum(weights * q**2, axis=1)
    # Of a constant no rank says anything: it correlates with nothing.
    return np.sum(weights * p * q, axis=1) / np.sqrt(np.where(power > 0, power, np.inf))


def _ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean ranks; equal values share theirs."""
    distinct, place = np.unique(values, return_inverse=True)
    mass = weights @ (place[:, None] == np.arange(len(distinct)))
    return (np.cumsum(mass, axis=1) - 0.5 * mass)[:, place]


def _ends() -> tuple[float, float]:
    return (1 - _LEVEL) / 2, (1 + _LEVEL) / 2


def _interval(name: str, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Value and ends of the interval; the first column of `scores` is the sample itself."""
    low, high = np.quantile(scores[:, 1:], _ends(), axis=1)
    return {name: scores[:, 0], f"{name}_low": low, f"{name}_high": high}
