"""Networks of spiking neurons as maps: one step is a fixed length of time."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import jax
import jax.numpy as jnp

from ..._bits import after
from ..._errors import InputError
from ..._param import setting
from ..._types import Input, Key, State, Time
from ...systems import AbstractMap, AbstractRandomMap, AbstractSpiking, Variable
from ._benchmarks import brunel_parts, cobahh_parts, cuba_parts
from ._building import Population, Projection, assembled, span_of
from ._group import (
    Group,
    SpikingState,
    decays,
    just_fired,
    place_of,
    renamed,
    spread,
    stepped,
    taken,
    type_of,
    width,
)
from ._learning import Learning
from ._sources import AbstractBackground, PoissonCells, PoissonInput, RecordedCells, WhiteNoise
from ._table import Synapses, delivered

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class AbstractSpikingNetwork(AbstractSpiking):
    """What networks with and without noise share; `SpikingNetwork` and `NoisySpikingNetwork` are all there are.

    Implement nothing: the fields are those of `SpikingNetwork`.
    """

    #: No entry of the catalogue: the classes below are.
    catalogue_name = ""

    groups: AbstractVar[tuple[Group, ...]]
    synapses: AbstractVar[Synapses]
    learning: AbstractVar[tuple[Learning, ...]]
    background: AbstractVar[tuple[AbstractBackground, ...]]
    depth: AbstractVar[int]

    @property
    def size(self) -> int:
        """Number of neurons and sources."""
        return sum(group.size for group in self.groups)

    def span(self, population: str) -> tuple[int, int]:
        """The first unit of a population, and the first after it.

        Raises:
            InputError: If there is none of that name.
        """
        return span_of(self.populations, population)

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        found: list[Variable] = []
        for g, group in enumerate(self.groups):
            for one in group.cells.variables:
                found += [renamed(one, f"{one.name}{g}_{i}") for i in range(group.size)]
        for g, group in enumerate(self.groups):
            for one in group.cells.receptors:
                found += [Variable(f"{one.name}{g}_{i}") for i in range(group.size)]
        for g, group in enumerate(self.groups):
            found += [Variable(f"clock{g}_{i}", topology="discrete") for i in range(group.size)]
        found += [Variable(f"arriving{m}_{k}") for m in range(self._rows) for k in range(width(self.groups))]
        for k, one in enumerate(self.learning):
            found += one.variables(k)
        return tuple(found)

    def initial_state(self) -> State:
        like = type_of(self.groups)
        return SpikingState(
            cells=tuple(group.start for group in self.groups),
            synapses=jnp.concatenate([group.start_synapses for group in self.groups]).astype(like),
            clocks=tuple(jnp.zeros((group.size,), like) for group in self.groups),
            arriving=jnp.zeros((self._rows * width(self.groups),), like),
            learning=tuple(one.initial_state(like) for one in self.learning),
        )

    def fired(self, y: State) -> jax.Array:
        return self._fired(y.clocks)

    def of(self, y: State, population: str, name: str) -> jax.Array:
        """One variable, or the current or conductance of one receptor, of all neurons of a population.

        Args:
            y: A state, or states with any leading axes.
            population: Its name.
            name: Name of the variable or of the receptor.

        Raises:
            InputError: If there is no such population or variable.
        """
        g, begin, end = place_of(self.populations, self.groups, population)
        group = self.groups[g]
        names = [one.name for one in group.cells.variables]
        if name in names:
            return y.cells[g][names.index(name)][..., begin:end]
        kept = [one.name for one in group.cells.receptors]
        if name in kept:
            at = width(self.groups[:g]) + kept.index(name) * group.size
            return group.cells.receptors[kept.index(name)].gain * y.synapses[..., at + begin : at + end]
        known = ", ".join(f"`{one}`" for one in (*names, *kept)) or "none"
        raise InputError(f"Population `{population}` has no variable `{name}`. It has: {known}.")

    def input_size(self) -> int | None:
        return len(self.populations)

    def forcing_period(self) -> Any:
        return float(self.depth) if self.depth > 1 else None

    def spiking_step(self, n: Time, y: State, u: Input, *w: Any) -> tuple[State, jax.Array]:
        return self._advanced(n, y, u, w[0] if w else {})

    def _advanced(self, n: Time, y: SpikingState, u: Input, w: Mapping[str, Any]) -> tuple[SpikingState, jax.Array]:
        """The state after step `n`, and who fired; `w` holds what was drawn, by the number of the group."""
        cells, clocks, at = [], [], 0
        held = self._held(y.synapses, w)
        for g, group in enumerate(self.groups):
            size = group.size
            now = [held[at + k * size : at + (k + 1) * size] for k in range(len(group.cells.receptors))]
            at += size * len(now)
            x, clock = stepped(
                group,
                (y.cells[g], y.clocks[g]),
                now,
                dt=self.dt,
                drive=0.0 if u is None else spread(u, self.populations, self.groups, g),
                noise=n if isinstance(group.cells, RecordedCells) else w.get(f"noise{g}"),
            )
            cells.append(x)
            clocks.append(clock)
        fired = self._fired(clocks)
        left = held * after(decays(self.groups, self.dt, held.dtype), *clocks)
        # Without delays spikes join what is left of the earlier ones.
        ring = delivered(self.synapses, y.arriving if self._rows else left, fired, n, depth=self.depth)
        for rule, state in zip(self.learning, y.learning, strict=True):
            ring = rule.sent(ring, state, fired, n, depth=self.depth)
        pairs = zip(self.learning, y.learning, strict=True)
        learned = tuple(rule.advanced(state, fired, ring, dt=self.dt) for rule, state in pairs)
        if self._rows:
            left, ring = taken(n, ring, left, self.depth, *(one.weights for one in learned))
        else:
            left, ring = ring, y.arriving
        return SpikingState(tuple(cells), left, tuple(clocks), ring, learned), fired

    def _held(self, synapses: jax.Array, w: Mapping[str, Any]) -> jax.Array:
        """What all slots hold at the beginning of a step, with what came from outside."""
        if not any(f"arrivals{g}" in w for g in range(len(self.groups))):
            return synapses
        came = []
        for g, group in enumerate(self.groups):
            by_name = w.get(f"arrivals{g}", {})
            nothing = jnp.zeros((group.size,), synapses.dtype)
            came += [by_name.get(one.name, nothing) for one in group.cells.receptors]
        return synapses + jnp.concatenate(came)

    def _fired(self, clocks: Sequence[jax.Array]) -> jax.Array:
        found = [just_fired(group, clock, self.dt) for group, clock in zip(self.groups, clocks, strict=True)]
        return jnp.concatenate(found) if len(found) > 1 else found[0]

    @property
    def _rows(self) -> int:
        """Rows of the ring of spikes on their way, none where no synapse has a delay."""
        return self.depth if self.depth > 1 else 0

    def _drawn(self, key: Key) -> dict[str, Any]:
        """The noise of one step."""
        found: dict[str, Any] = {}
        like = type_of(self.groups)
        for g, group in enumerate(self.groups):
            if isinstance(group.cells, PoissonCells):
                found[f"noise{g}"] = jax.random.uniform(jax.random.fold_in(key, g), (group.size,), like)
        for k, one in enumerate(self.background):
            g, low, high = place_of(self.populations, self.groups, one.population)
            inner = jax.random.fold_in(key, len(self.groups) + k)
            outside = (low, self.groups[g].size - high)
            match one:
                case PoissonInput():
                    came = jnp.pad(one.arriving(inner, high - low, dt=self.dt), outside)
                    by_name = found.setdefault(f"arrivals{g}", {})
                    by_name[one.name] = by_name.get(one.name, 0.0) + came
                case WhiteNoise():
                    drawn = jnp.pad(one.sigma * jax.random.normal(inner, (high - low,), like), outside)
                    found[f"noise{g}"] = found.get(f"noise{g}", 0.0) + drawn
        return found


class SpikingNetwork(AbstractMap, AbstractSpikingNetwork):
    r"""A network of spiking neurons without noise, stepped by `dt`; made by `spiking_network`.

    One step: (1) what arrives at its beginning joins the currents and conductances, s_k -> s_k + gain sum_j w_kj;
    (2) the neurons move by their equations, refractory ones stand still, kicks of `DeltaReceptor` are added;
    (3) who is above threshold spikes, is reset and becomes refractory; (4) its spikes set out, to arrive after their
    delays.

    As a map it is Markov: what is on its way is part of the state, in a ring of rows that depends on the number of the
    step (`forcing_period`). Use `dynascope.solve.simulate` to record spikes; `trajectory`, sweeps,
    attractors and basins work too. Input channel k is a current into all neurons of population k. Spike times are ends
    of steps; derivatives are those of the flow between spikes and do not see that spikes move within their step, so
    that exponents are refused: `SpikingCircuit` has them.

    Args:
        groups: Neurons of one kind each.
        synapses: All synapses that do not learn.
        learning: Projections that learn.
        background: Not used here: `NoisySpikingNetwork` has it.
        populations: Names and sizes.
        dt: Length of a step, ms.
        depth: Rows of the ring of spikes on their way: one more than the longest delay in steps.

    Reference:
        Brette et al. (2007), Simulation of networks of spiking neurons: a review of tools and strategies, Journal of
        Computational Neuroscience 23, 349-398.

    Example:
        >>> network = SpikingNetwork.example(n=20)
        >>> network.size, network.populations
        (20, (('E', 16), ('I', 4)))
    """

    reference = (
        "Brette et al. (2007), Simulation of networks of spiking neurons: a review of tools and strategies, J. Comput. "
        "Neurosci. 23, 349-398"
    )
    family = "spiking"

    groups: tuple[Group, ...]
    synapses: Synapses
    learning: tuple[Learning, ...]
    background: tuple[AbstractBackground, ...]
    populations: tuple[tuple[str, int], ...] = setting(doc="names and sizes")
    dt: float = setting(doc="length of a step, ms")
    depth: int = setting(doc="rows of the ring of spikes on their way")

    @classmethod
    def example(cls, *, n: int = 40, key: Key | None = None) -> Self:
        """The network of current-based neurons of Vogels and Abbott, in small."""
        key = jax.random.key(0) if key is None else key
        return cls(**assembled(*cuba_parts(n), dt=0.1, key=key))

    def step(self, n: Time, y: State, u: Input) -> State:
        return self._advanced(n, y, u, {})[0]


class NoisySpikingNetwork(AbstractRandomMap, AbstractSpikingNetwork):
    r"""A network of spiking neurons with Poisson input or white noise, stepped by `dt`; made by `spiking_network`.

    The step is that of `SpikingNetwork`, s_k -> s_k + gain (sum_j w_kj + what comes from outside); sources
    (`PoissonCells`) and `background` (`PoissonInput`, `WhiteNoise`) draw anew in every step.

    Args:
        groups: Neurons of one kind each.
        synapses: All synapses that do not learn.
        learning: Projections that learn.
        background: Poisson trains and white noise from outside.
        populations: Names and sizes.
        dt: Length of a step, ms.
        depth: Rows of the ring of spikes on their way: one more than the longest delay in steps.

    Reference:
        Brunel (2000), Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons, Journal of
        Computational Neuroscience 8, 183-208.

    Example:
        >>> network = NoisySpikingNetwork.example(n=20)
        >>> network.populations
        (('E', 16), ('I', 4))
    """

    reference = (
        "Brunel (2000), Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons, J. "
        "Comput. Neurosci. 8, 183-208"
    )
    family = "spiking"

    groups: tuple[Group, ...]
    synapses: Synapses
    learning: tuple[Learning, ...]
    background: tuple[AbstractBackground, ...]
    populations: tuple[tuple[str, int], ...] = setting(doc="names and sizes")
    dt: float = setting(doc="length of a step, ms")
    depth: int = setting(doc="rows of the ring of spikes on their way")

    @classmethod
    def example(cls, *, n: int = 40, g: float = 5.0, eta: float = 2.0, J: float = 0.1, key: Key | None = None) -> Self:
        """The sparse network of Brunel, in small; its arguments are those of `brunel_network`."""
        key = jax.random.key(0) if key is None else key
        return cls(**assembled(*brunel_parts(n, g=g, eta=eta, J=J), dt=0.1, key=key))

    def draw(self, key: Key, n: Time) -> Any:
        del n
        return self._drawn(key)

    def step(self, n: Time, y: State, u: Input, w: Any) -> State:
        return self._advanced(n, y, u, w)[0]


def spiking_network(
    populations: Sequence[Population],
    projections: Sequence[Projection] = (),
    background: Sequence[AbstractBackground] = (),
    *,
    dt: float | str = 0.1,
    key: Key,
    weight_type: Any = jnp.float32,
) -> SpikingNetwork | NoisySpikingNetwork:
    """A network with drawn connections.

    Args:
        populations: In the order of the units. Neighbours in this list with the same parameters are stepped together.
        projections: Who is joined to whom, and how.
        background: `PoissonInput` and `WhiteNoise`.
        dt: Length of a step, ms.
        key: Random key; one key gives the same network.
        weight_type: Floating type of the weights of synapses that do not learn.

    Returns:
        A `NoisySpikingNetwork` if there is any background or `PoissonCells`, else a `SpikingNetwork`.

    Raises:
        InputError: If names, shapes or units do not fit.

    Example:
        >>> from dynascope.models.spiking import CurrentReceptor, FixedProbability, LeakyCells
        >>> cells = LeakyCells((CurrentReceptor("exc", tau=5.0),), drive=20.0)
        >>> network = spiking_network(
        ...     [Population("E", 100, cells)],
        ...     [Projection("E", "E", FixedProbability(0.1), "exc", weight=0.5, delay="1.5 ms")],
        ...     key=jax.random.key(0),
        ... )
        >>> network.depth
        16
    """
    fields = assembled(populations, projections, background, dt=dt, key=key, weight_type=weight_type)
    noisy = bool(background) or any(isinstance(one.cells, PoissonCells) for one in populations)
    return (NoisySpikingNetwork if noisy else SpikingNetwork)(**fields)


def cuba_network(*, n: int = 4000, key: Key, weight_type: Any = jnp.float32) -> SpikingNetwork:
    """The current-based network of Vogels and Abbott, as the benchmark of Brette et al. (2007) has it.

    Leaky neurons, four fifths of them excitatory, each pair joined with probability 80 / n; with 4000 neurons it keeps
    itself active irregularly at 5 to 6 Hz.

    Args:
        n: Number of neurons.
        key: Random key.
        weight_type: Floating type of the weights.
    """
    return SpikingNetwork(**assembled(*cuba_parts(n), dt=0.1, key=key, weight_type=weight_type))


def cobahh_network(*, n: int = 4000, key: Key, weight_type: Any = jnp.float32) -> SpikingNetwork:
    """The network of Hodgkin-Huxley neurons with conductances, as the benchmark of Brette et al. (2007) has it.

    Args:
        n: Number of neurons.
        key: Random key.
        weight_type: Floating type of the weights.
    """
    return SpikingNetwork(**assembled(*cobahh_parts(n), dt=0.1, key=key, weight_type=weight_type))


def brunel_network(
    *, n: int = 12500, g: float = 5.0, eta: float = 2.0, J: float = 0.1, delay: float = 1.5, key: Key
) -> NoisySpikingNetwork:
    """The sparse network of Brunel (2000), model A.

    Each neuron has 0.1 inputs from every excitatory and inhibitory neuron there is, and as many excitatory ones from
    outside, whose rate is `eta` times the one that alone would take the potential to the threshold.

    Args:
        n: Number of neurons, four fifths of them excitatory.
        g: Strength of inhibition relative to excitation.
        eta: Rate of the outside relative to threshold.
        J: Lift of the potential by an excitatory spike, mV.
        delay: Delay of all synapses, ms.
        key: Random key.
    """
    parts = brunel_parts(n, g=g, eta=eta, J=J, delay=delay)
    return NoisySpikingNetwork(**assembled(*parts, dt=0.1, key=key))
