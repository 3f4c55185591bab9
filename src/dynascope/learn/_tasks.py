"""Tasks that need a memory: sequences with what a network should answer."""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from .._errors import InputError
from .._types import Key

if TYPE_CHECKING:
    from typing import ClassVar as AbstractClassVar
else:
    from equinox import AbstractClassVar


class Trial(NamedTuple):
    """One sequence of a task.

    Attributes:
        inputs: Shape `(time, channels)`.
        targets: Shape `(time, outputs)`.
        counts: Shape `(time,)`: 1 where the answer counts, else 0.
    """

    inputs: jax.Array
    targets: jax.Array
    counts: jax.Array


class AbstractTask(eqx.Module):
    """A task of memory. Implement `trial`, one random sequence; batches are made by `vmap` over keys.

    Targets have variance 1 where they count, so that a mean squared error of 1 is that of a network which always says
    the mean.
    """

    inputs: AbstractClassVar[int]
    outputs: AbstractClassVar[int]

    @abstractmethod
    def trial(self, key: Key, length: int) -> Trial:
        """One random sequence of `length` steps."""


class DelayedSine(AbstractTask):
    r"""Repeat a sum of sines with a delay: the target is $u_{t-d}$.

    $u_t = \sqrt{2/K} \sum_k \sin(2\pi f_k t + \phi_k)$ with frequencies uniform in [0.01, 0.2] per step and random
    phases.

    Args:
        delay: Steps d to hold the signal.
        tones: Number K of sines; one sine is foreseeable, many are like noise.

    Example:
        >>> import jax
        >>> trial = DelayedSine(delay=5).trial(jax.random.key(0), 40)
        >>> trial.inputs.shape, bool(trial.targets[25, 0] == trial.inputs[20, 0])
        ((40, 1), True)
    """

    delay: int = eqx.field(static=True, default=10)
    tones: int = eqx.field(static=True, default=3)
    inputs: ClassVar[int] = 1
    outputs: ClassVar[int] = 1

    def __check_init__(self) -> None:
        _check_positive(delay=self.delay, tones=self.tones)

    def trial(self, key: Key, length: int) -> Trial:
        pitch, shift = jax.random.split(key)
        frequencies = jax.random.uniform(pitch, (self.tones,), minval=0.01, maxval=0.2)
        phases = jax.random.uniform(shift, (self.tones,))
        times = jnp.arange(-self.delay, length)
        waves = jnp.sin(2 * jnp.pi * (times[:, None] * frequencies + phases))
        signal = jnp.sqrt(2 / self.tones) * waves.sum(axis=1)
        counts = (jnp.arange(length) >= self.delay).astype(float)
        return Trial(signal[self.delay :, None], signal[:length, None], counts)


class SequentialParity(AbstractTask):
    """Say whether the last `window` of random signs hold an odd number of minuses: the target is their product.

    Args:
        window: How many signs count.
    """

    window: int = eqx.field(static=True, default=3)
    inputs: ClassVar[int] = 1
    outputs: ClassVar[int] = 1

    def __check_init__(self) -> None:
        _check_positive(window=self.window)

    def trial(self, key: Key, length: int) -> Trial:
        signs = jax.random.rademacher(key, (length + self.window - 1,), float)
        last = jnp.stack([signs[i : i + length] for i in range(self.window)])
        counts = (jnp.arange(length) >= self.window - 1).astype(float)
        return Trial(signs[self.window - 1 :, None], last.prod(axis=0)[:, None], counts)


class Copy(AbstractTask):
    """Hear `symbols` random signs, wait, and say them when a second channel asks for them; then again with new ones.

    Args:
        symbols: How many signs to keep.
        delay: Steps of waiting between hearing and saying.
    """

    symbols: int = eqx.field(static=True, default=4)
    delay: int = eqx.field(static=True, default=8)
    inputs: ClassVar[int] = 2
    outputs: ClassVar[int] = 1

    def __check_init__(self) -> None:
        _check_positive(symbols=self.symbols, delay=self.delay)

    def trial(self, key: Key, length: int) -> Trial:
        period = 2 * self.symbols + self.delay
        rounds = -(-length // period)
        signs = jax.random.rademacher(key, (rounds, self.symbols), float)
        wait, silence = jnp.zeros((rounds, self.delay)), jnp.zeros((rounds, self.symbols))
        heard = jnp.concatenate([signs, wait, silence], axis=1).reshape(-1)[:length]
        said = jnp.concatenate([silence, wait, signs], axis=1).reshape(-1)[:length]
        asked = jnp.abs(said)
        return Trial(jnp.stack([heard, asked], axis=1), said[:, None], asked)


def _check_positive(**sizes: int) -> None:
    for name, value in sizes.items():
        if value < 1:
            raise InputError(f"`{name}` must be at least 1, got {value}.")
