"""Which learners are tried, and in which order: cheap and likely ones first."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import MappingProxyType

from ..._errors import InputError
from ...models.artificial import ALRNN, GRU, LSTM, RNN
from ...models.learned import DendriticPLRNN, NeuralODE, ShallowPLRNN
from ..preparation import Prepared
from ..regression import terms
from ._learners import DMD, EDMD, ESN, NVAR, AbstractLearner, SINDy, Trivial
from ._random_flow import RandomFlow
from ._trained import Family, Trained

#: Most terms of a polynomial model in the search.
_TERMS = 400
#: Candidates of each kind of flow that come first in the search.
_FIRST = 9
#: Units of an echo-state network in the search, unless told otherwise.
_UNITS = 300

Candidates = list[AbstractLearner]


def candidates(data: Prepared, *, model: str | None = None, latent: int | None = None) -> Candidates:
    """The learners that a search tries, in order.

    Args:
        data: What they are to learn from.
        model: Name of one kind of model; None takes all kinds in turn.
        latent: Size of the model's state, for kinds that have one.

    Raises:
        InputError: If there is no such model, or `latent` means nothing to it.
    """
    if latent is not None and latent < 1:
        raise InputError(f"`latent` must be at least 1, got {latent}.")
    if model is None:
        if latent is not None:
            raise InputError("`latent` is the size of one kind of model: name it with `model`, such as `echo-state`.")
        # Samples of a map are no samples of a flow, whose velocity could be read off.
        flows = [] if data.time_unit == "step" else [KINDS[name](data, None) for name in FLOWS if name in SEARCHED]
        others = [KINDS[name](data, None) for name in SEARCHED if name not in FLOWS]
        # Flows are one cheap regression each: the likely ones of them come before all that takes longer.
        return _in_turn([x[:_FIRST] for x in flows]) + _in_turn([*others, *(x[_FIRST:] for x in flows)])
    if model not in KINDS:
        raise InputError(f"There is no model `{model}` to fit. There is: {', '.join(KINDS)}.")
    if latent is not None and model not in SIZED:
        raise InputError(f"`latent` means nothing to `{model}`, whose size follows from the data. Leave it out.")
    return KINDS[model](data, latent)


def _in_turn(lists: list[Candidates]) -> Candidates:
    """The first of each list, then the second of each, and so on."""
    return [x for row in itertools.zip_longest(*lists) for x in row if x is not None]


def _nvar(data: Prepared, latent: int | None) -> Candidates:
    del latent
    shapes = [(2, 1, 2), (3, 1, 2), (2, 1, 3), (3, 1, 3), (2, 5, 2), (4, 2, 2), (1, 1, 2), (1, 1, 3)]
    shapes = [s for s in shapes if len(terms(data.channels * s[0], 1)) <= 60]
    shapes = [s for s in shapes if len(terms(data.channels * s[0], s[2])) <= _TERMS] or [(1, 1, 1)]
    return [NVAR(*shape, penalty) for penalty in (1e-6, 1e-9, 1e-3, 1e-1) for shape in shapes]


def _echo_state(data: Prepared, latent: int | None) -> Candidates:
    # Without noise for clean data, and soon with much of it: closed loops learned from noisy data diverge otherwise.
    units = _UNITS if latent is None else latent
    washout = min(100, max(map(len, data.train)) // 5)
    # Many channels together must not drive the units further than a few do.
    share = max(1.0, data.channels / 8) ** -0.5
    choices = [
        (0.9, 0.3, 1.0, 1e-8, 0.0), (0.9, 0.3, 1.0, 1e-4, 0.1), (0.4, 0.3, 1.0, 1e-6, 0.0),
        (0.6, 1.0, 1.0, 1e-4, 0.05), (0.9, 0.1, 1.0, 1e-8, 0.0), (0.9, 0.5, 0.3, 1e-4, 0.2),
        (0.4, 1.0, 1.0, 1e-3, 0.2), (0.9, 0.3, 0.5, 1e-6, 0.0), (1.2, 0.3, 1.0, 1e-6, 0.0),
        (0.9, 0.3, 1.0, 1e-5, 0.02), (0.9, 0.3, 0.2, 1e-6, 0.02), (0.9, 0.1, 1.0, 1e-2, 0.5),
    ]  # fmt: skip
    return [
        ESN(units=units, spectral_radius=r, input_scale=s * share, leak=a, penalty=p, noise=n, washout=washout)
        for r, s, a, p, n in choices
    ]


def _sindy(data: Prepared, latent: int | None) -> Candidates:
    del latent
    orders = [order for order in (2, 3, 5) if data.channels <= 12 and len(terms(data.channels, order)) <= _TERMS]
    windows = (9, 0, 21)
    return [
        SINDy(order, threshold, window) for threshold in (0.02, 0.005, 0.1) for window in windows for order in orders
    ]


def _random_flow(data: Prepared, latent: int | None) -> Candidates:
    del data
    # Short windows and small penalties first: both bend the velocities, and noise is averaged by many samples anyway.
    few, many = (100, 200) if latent is None else (latent, latent)
    choices = [
        (few, 9, 1e-9), (few, 7, 1e-7), (few, 7, 1e-9), (many, 7, 1e-9), (many, 9, 1e-9), (many, 5, 1e-9),
        (many, 13, 1e-9), (many, 7, 1e-7), (many, 9, 1e-6), (many, 21, 1e-7), (many, 21, 1e-5), (many, 9, 1e-3),
    ]  # fmt: skip
    return list(dict.fromkeys(RandomFlow(*choice) for choice in choices))


def _linear(data: Prepared, latent: int | None) -> Candidates:
    del latent
    return [NVAR(taps, 1, 1, 1e-8) for taps in (1, 2, 5, 10) if data.channels * taps <= _TERMS]


def _edmd(data: Prepared, latent: int | None) -> Candidates:
    del latent
    return [EDMD(order) for order in (2, 3, 4) if data.channels <= 12 and len(terms(data.channels, order)) <= _TERMS]


def _trained(family: Family, *, sizes: bool = True) -> Callable[[Prepared, int | None], Candidates]:
    def of(data: Prepared, latent: int | None) -> Candidates:
        del data
        widths = (None, 100) if sizes else (None,)
        return [
            Trained(family, latent=latent, width=width, updates=updates, noise=noise)
            for updates, noise in ((2000, 0.0), (8000, 0.0), (8000, 0.05), (30_000, 0.0))
            for width in widths
        ]

    return of


def _plrnn(data: Prepared, latent: int | None) -> Candidates:
    size = max(20, 2 * data.channels) if latent is None else latent
    return [Trained(ALRNN, latent=size, width=size, updates=updates) for updates in (2000, 8000, 30_000)]


#: Every kind of model that can be fitted, by name.
KINDS: MappingProxyType[str, Callable[[Prepared, int | None], Candidates]] = MappingProxyType(
    {
        "mean": lambda *_: [Trivial()],
        "persistence": lambda *_: [Trivial(persists=True)],
        "linear": _linear,
        "dmd": lambda *_: [DMD()],
        "edmd": _edmd,
        "nvar": _nvar,
        "sindy": _sindy,
        "random-flow": _random_flow,
        "echo-state": _echo_state,
        "shallow-plrnn": _trained(ShallowPLRNN),
        "al-rnn": _trained(ALRNN, sizes=False),
        "plrnn": _plrnn,
        "dendritic-plrnn": _trained(DendriticPLRNN, sizes=False),
        "rnn": _trained(RNN, sizes=False),
        "gru": _trained(GRU, sizes=False),
        "lstm": _trained(LSTM, sizes=False),
        "neural-ode": _trained(NeuralODE),
    }
)
#: Kinds that a search without a name goes through, cheap ones first; kinds that have a size of their own; and kinds
#: that take the data for samples of a flow.
SEARCHED = ("sindy", "random-flow", "nvar", "linear", "echo-state", "shallow-plrnn")
SIZED = (
    "random-flow", "echo-state", "shallow-plrnn", "al-rnn", "plrnn", "dendritic-plrnn", "rnn", "gru", "lstm",
    "neural-ode",
)  # fmt: skip
FLOWS = ("sindy", "random-flow", "neural-ode")
