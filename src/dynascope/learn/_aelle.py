"""AeLLE: an autoencoder of Lyapunov spectra whose code also tells how well the network does."""

from __future__ import annotations

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._errors import InputError
from .._types import Key, Scalar, Vector
from ._adam import Adam


class AeLLETraining(eqx.Module):
    """How an `AeLLE` is trained: by Adam on all spectra in every step, in stages of growing weight of the prediction.

    Args:
        alphas: Weight of the prediction in each stage.
        steps: Steps of each stage.
        rate: Learning rate.
        dropout: Share of hidden units left out at random in every step.
    """

    alphas: tuple[float, ...] = eqx.field(static=True, default=(5.0, 5.0, 10.0, 20.0), converter=tuple)
    steps: int = eqx.field(static=True, default=300)
    rate: float = eqx.field(static=True, default=2e-3)
    dropout: float = eqx.field(static=True, default=0.1)

    def __check_init__(self) -> None:
        if not self.alphas or self.steps < 1 or self.rate <= 0 or not 0 <= self.dropout < 1:
            raise InputError(
                "`AeLLETraining` needs at least one weight in `alphas`, positive `steps` and `rate`, and `dropout` in "
                f"[0, 1), got {self.alphas}, {self.steps}, {self.rate} and {self.dropout}."
            )


class Layer(eqx.Module):
    """An affine map from `weight.shape[1]` to `weight.shape[0]` numbers."""

    weight: jax.Array
    bias: jax.Array

    def __call__(self, x: Vector) -> Vector:
        return self.weight @ x + self.bias


class AeLLE(eqx.Module):
    r"""An autoencoder of spectra with a linear prediction head.

    $z = E(x)$, $\hat x = D(z)$, $\hat y = w \cdot z + b$, where x is a spectrum in units of the spread over its
    training set, E has tanh layers of a half and a quarter of its length and a tanh code, and D is its mirror. Made by
    `fit_aelle`.

    Reference:
        Vogt, Zheng & Shlizerman (2024), Lyapunov-guided representation of recurrent neural network performance, Neural
        Computing and Applications 36, 21211-21226.
    """

    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    head: Layer
    centre: jax.Array
    scale: jax.Array
    target_centre: jax.Array
    target_scale: jax.Array

    def encode(self, spectrum: Vector) -> Vector:
        """The code of a spectrum, between -1 and 1."""
        return _through(self.encoder, self._standard(spectrum), last=jnp.tanh)

    def decode(self, code: Vector) -> Vector:
        """The spectrum that a code stands for."""
        return self.centre + self.scale * _through(self.decoder, code)

    def predict(self, spectrum: Vector) -> Scalar:
        """What the network with this spectrum is expected to reach."""
        return self.target_centre + self.target_scale * self.head(self.encode(spectrum))[0]

    def _standard(self, spectrum: Vector) -> Vector:
        return (jnp.asarray(spectrum, self.centre.dtype) - self.centre) / self.scale


def fit_aelle(
    spectra: Any,
    targets: Any,
    *,
    code: int = 8,
    weights: Any = None,
    training: AeLLETraining | None = None,
    key: Key,
) -> AeLLE:
    r"""Fit an `AeLLE` to spectra and what their networks reached.

    Minimises $\langle |x - \hat x| \rangle + \alpha \langle (y - \hat y)^2 \rangle$ over the spectra, both parts in
    units of the spread over the spectra. A pure function: it may be compiled, and batched over keys and `weights`,
    which say what belongs to the training set.

    Args:
        spectra: Shape `(network, point)`, brought to one length by `resampled`.
        targets: Shape `(network,)`, such as logarithms of losses.
        code: Length of the code.
        weights: Weight of each spectrum in the fit, 0 for one left out; None weighs all alike.
        training: Stages, rate and dropout.
        key: Random key of the starting weights and of dropout.

    Raises:
        InputError: If shapes do not fit together or `code` is not positive.

    Reference:
        Vogt, Zheng & Shlizerman (2024), Neural Computing and Applications 36, 21211-21226.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> gaps = jnp.linspace(0.1, 2.0, 30)
        >>> spectra = -gaps[:, None] * jnp.linspace(0.5, 1.0, 16)
        >>> model = fit_aelle(spectra, gaps, code=2, training=AeLLETraining(steps=100), key=jax.random.key(0))
        >>> bool(abs(model.predict(spectra[15]) - gaps[15]) < 0.1)
        True
    """
    training = training or AeLLETraining()
    x, y = jnp.asarray(spectra), jnp.asarray(targets)
    if x.ndim != 2 or y.shape != x.shape[:1] or x.shape[1] < 4:
        raise InputError(
            f"`spectra` must have shape (network, point) with at least 4 points, and `targets` (network,), got "
            f"{x.shape} and {y.shape}."
        )
    if code < 1:
        raise InputError(f"`code` must be at least 1, got {code}.")
    w = jnp.ones_like(y) if weights is None else jnp.asarray(weights, y.dtype)
    starting, dropping = jax.random.split(key)
    model = _start(x, y, w / w.sum(), code, starting)
    learned, fixed = eqx.partition(model, _learned(model))
    goal = jax.vmap(model._standard)(x), (y - model.target_centre) / model.target_scale
    optimiser = Adam(training.rate)
    alphas = jnp.repeat(jnp.asarray(training.alphas), training.steps)
    keys = jax.random.split(dropping, len(alphas))

    def step(carry: Any, now: Any) -> Any:
        learned, state = carry
        alpha, key = now
        gradient = jax.grad(
            lambda m: _misfit(eqx.combine(m, fixed), goal, w / w.sum(), alpha, (training.dropout, key))
        )(learned)
        return optimiser.step(learned, gradient, state), None

    (learned, _), _ = jax.lax.scan(step, (learned, optimiser.start(learned)), (alphas, keys))
    return eqx.combine(learned, fixed)


def _through(layers: tuple[Layer, ...], x: Any, *, last: Any = None, drop: Any = None) -> Any:
    """`x` through tanh layers; the last is linear unless `last` is given."""
    for i, layer in enumerate(layers[:-1]):
        x = jnp.tanh(layer(x))
        x = x if drop is None else x * drop[i]
    x = layers[-1](x)
    return x if last is None else last(x)


def _start(x: Any, y: Any, w: Any, code: int, key: Key) -> AeLLE:
    points = x.shape[1]
    widths = (points, points // 2, points // 4, code)
    pairs = list(itertools.pairwise(widths))
    encoder, decoder, (head,) = _layers(key, [pairs, [(b, a) for a, b in pairs[::-1]], [(code, 1)]], x.dtype)
    centre, middle = w @ x, w @ y
    # One scale for all ranks: their differences in spread are part of what a spectrum says.
    scale = jnp.sqrt(jnp.mean(w @ (x - centre) ** 2))
    spread = jnp.sqrt(w @ (y - middle) ** 2)
    tiny = jnp.finfo(x.dtype).tiny
    return AeLLE(
        encoder=encoder,
        decoder=decoder,
        head=head,
        centre=centre,
        scale=jnp.maximum(scale, tiny),
        target_centre=middle,
        target_scale=jnp.maximum(spread, tiny),
    )


def _layers(key: Key, shapes: list[list[tuple[int, int]]], dtype: Any) -> list[tuple[Layer, ...]]:
    """Layers of the given numbers of inputs and outputs, without biases at the start, from one draw.

    A draw for each layer takes minutes to compile inside a larger program.
    """
    flat = [pair for part in shapes for pair in part]
    drawn = jax.random.normal(key, (sum(a * b for a, b in flat),), dtype)
    pieces = iter(jnp.split(drawn, np.cumsum([a * b for a, b in flat])[:-1]))
    return [
        tuple(Layer(next(pieces).reshape(b, a) / np.sqrt(a).astype(dtype), jnp.zeros(b, dtype)) for a, b in part)
        for part in shapes
    ]


def _learned(model: AeLLE) -> Any:
    none = jax.tree.map(lambda _: False, model)
    parts = (model.encoder, model.decoder, model.head)
    return eqx.tree_at(lambda m: (m.encoder, m.decoder, m.head), none, jax.tree.map(lambda _: True, parts))


def _misfit(model: AeLLE, goal: tuple[Any, Any], w: Any, alpha: Any, noise: tuple[float, Key]) -> Any:
    x, y = goal
    share, key = noise
    hidden = [len(layer.bias) for part in (model.encoder, model.decoder) for layer in part[:-1]]
    # One draw for all layers: a random generator for each would take longer to compile than all the rest.
    kept = jax.random.bernoulli(key, 1 - share, (len(x), sum(hidden))).astype(x.dtype) / (1 - share)

    def one(x: Any, y: Any, kept: Any) -> Any:
        drops = jnp.split(kept, np.cumsum(hidden)[:-1])
        z = _through(model.encoder, x, last=jnp.tanh, drop=drops[: len(model.encoder) - 1])
        again = _through(model.decoder, z, drop=drops[len(model.encoder) - 1 :])
        return jnp.mean(jnp.abs(x - again)) + alpha * (y - model.head(z)[0]) ** 2

    return w @ jax.vmap(one)(x, y, kept)
