"""Forecasts of the chaotic flows of the catalogue by nine methods, as a sweep: resumable, in pieces, on a cluster too.

    python -m benchmarks.forecasting [--store forecasting.zarr] [--minutes 110] [--engine in-process] [--only lorenz]
    python -m benchmarks.forecasting --table [--store forecasting.zarr]

The protocol is that of Gilpin (2021, 2023): 15 (or 100) samples a period, ten periods to learn from, two to forecast;
here the forecast goes on for fifty, as in the long task of 2023. `univariate` shows the first channel only. The period
is that stored by `dysts` where it has the system with our parameters, else 1.5 certified time scales; the exponent is
our certified one. A phase on the circle is shown as its cosine and sine; systems with delays show their one component.

Regressions and reservoirs choose their settings by a forecast of the last two of the ten periods, then learn again from
all ten. Networks have one setting each and a fixed number of updates; one channel is unfolded for them into five
delayed copies. A forecast that raises, or is not finite (or beyond a million standard deviations) at some step of the
long horizon, is a failure: it counts 200 from there on.

The store goes on where it was: call it again after an interruption, or after the minutes are over. `--engine` takes
`processes` or the address of a Dask scheduler as well. With `--table` the store is read: `results/forecasting.nc` is
the labelled table, `docs/forecasting.md` gets its tables and picture.
"""

import argparse
import functools
import json
import signal
import time
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import dynascope as ds
from dynascope.learn.fitting._trivial import Mean, Persistence
from dynascope.learn.measures import NRMSEThreshold, smape
from dynascope.learn.preparation import Standardisation
from dynascope.learn.regression import fit_next_generation
from dynascope.learn.reservoirs import LinearReadout, echoes, fit_echo_state
from dynascope.learn.training import (
    GeneralisedTeacherForcing,
    RectifiedAdam,
    SampledFlow,
    SparseTeacherForcing,
    Windows,
    train,
)
from dynascope.models import ALRNN, GRU, AutoregressiveNetwork, EchoState, NeuralODE, ShallowPLRNN
from dynascope.solve import RK4
from dynascope.sweep import Dask, Grid, InProcess, Processes, open_sweep, sweep
from dynascope.systems import kind, state_variables

#: Samples a period of the protocol, and of the runs that both are taken from.
POINTS, FINE = (15, 100), 300
#: Periods that pass before a stretch, that are learned from, of which settings are chosen by, and that are forecast.
SETTLED, LEARNED, CHOSEN, SHORT, LONG = 20, 10, 2, 2, 50
#: Beyond so many standard deviations a forecast has diverged.
FAR = 1e6
#: Systems with three draws (stretch of the orbit and random numbers); all others have one.
THRICE = (
    "aizawa", "arneodo", "burke-shaw", "chen", "chua", "dadras", "finance", "halvorsen", "hyper-lorenz", "hyper-qi",
    "lorenz", "lorenz84", "newton-leipnik", "rikitake-dynamo", "roessler", "rucklidge", "shimizu-morioka", "sprott-b",
    "sprott-k", "thomas",
)  # fmt: skip
#: Canonical systems that belong to the family `chaos` by what they do.
ALSO = ("lorenz", "roessler", "mackey-glass")
#: Steps of the optimiser; points and number of windows in each.
UPDATES, WINDOWS = 1000, Windows(length=8, batch=32)


class Case(NamedTuple):
    """One point of the sweep."""

    system: str
    method: str
    channels: str
    points: int
    draw: int


class History(NamedTuple):
    """What a method is given: samples in standard units, samples a period, random key."""

    z: np.ndarray
    points: int
    key: jax.Array


class Forecast(NamedTuple):
    """Samples after the history, in standard units, and the settings that were chosen."""

    z: np.ndarray
    chosen: str = ""


def systems():
    """Names of all chaotic flows and delay flows of the catalogue."""
    rows = [r for r in ds.models.catalogue() if r["kind"] in ("flow", "delay flow")]
    return [r["name"] for r in rows if r["family"] == "chaos" or r["name"] in ALSO]


@functools.cache
def periods():
    """Periods stored by `dysts`, where its system has our parameters within one percent."""
    from tools.dysts_names import FIXTURES, ours

    about = json.loads(str(np.load(FIXTURES / "dysts.npz")["about"]))["systems"]
    found = {}
    for theirs, figures in about.items():
        name, changes = ours(theirs)
        if figures["kind"] != "map" and name in ds.models.names() and _alike(ds.build(name), changes):
            found[name] = figures["period"]
    return found


def _alike(system, changes):
    return all(np.allclose(getattr(system, k), v, rtol=0.01) for k, v in changes.items())


def period_of(name):
    """The period of a system, and its largest exponent (NaN where it is not known to be positive)."""
    row = ds.models.certificate(name)
    largest, error = row.exponents[0], row.stderr[0]
    period = periods().get(name, 1.5 * row.time_scale if row.time_scale else np.nan)
    return period, largest if largest is not None and largest > 3 * error else np.nan


@functools.lru_cache(maxsize=2)
def orbit(name, draws):
    """The channels of a long run, `FINE` samples a period: shape `(draws, time, channel)`."""
    system, row = ds.build(name), ds.models.certificate(name)
    interval = period_of(name)[0] / FINE
    length = (LEARNED + LONG) * FINE
    ts = interval * np.arange((SETTLED * FINE) + draws * length)
    if kind(system) == "delay flow":
        run = ds.trajectory(system, None, ts)
    else:
        start = ravel_pytree(system.initial_state())[1](jnp.asarray(row.start))
        run = ds.trajectory(system, start, ts, solver=RK4(interval / np.ceil(interval / row.step)))
    y = np.asarray(run.flat)[SETTLED * FINE :]
    columns = []
    for x, variable in zip(y.T, state_variables(system), strict=True):
        turned = 2 * np.pi * x / variable.period
        columns += [np.cos(turned), np.sin(turned)] if variable.topology == "circle" else [x]
    return np.stack(columns, axis=1).reshape(draws, length, -1)


def task(case):
    """History and future in the units of the system: shapes `(10 points, channel)` and `(50 points, channel)`."""
    # A system has one run, whatever the draw, so that a draw is a later stretch of it.
    whole = orbit(case.system, 3 if case.system in THRICE else 1)[case.draw][:: FINE // case.points]
    whole = whole[:, :1] if case.channels == "univariate" else whole
    moving = np.ptp(whole[: LEARNED * case.points], axis=0) > 1e-9
    return np.split(whole[:, moving], [LEARNED * case.points])


def measured(case):
    """What one method makes of one system: the outputs of the sweep."""
    history, future = task(case)
    standard = Standardisation.of([history])
    key = jax.random.fold_in(jax.random.key(case.draw), sum(map(ord, case.system)))
    began = time.process_time()
    said = ""
    try:
        made, said = METHODS[case.method](History(standard(history), case.points, key), len(future))
    except (ds.InputError, ds.ComputationFailed) as error:
        made, said = np.full(future.shape, np.nan), f"failed: {error}"
    seconds = time.process_time() - began
    made = np.where(np.logical_or.accumulate(~(np.abs(made).max(axis=1) < FAR))[:, None], np.nan, made)
    shown = standard.undo(made)[None]
    short = SHORT * case.points
    valid = NRMSEThreshold(0.4).lengths(made[None], standard(future)[None])[0]
    return {
        "smape_short": smape(shown[:, :short], future[None, :short])[0],
        "smape_long": smape(shown, future[None])[0],
        "valid": valid / case.points,
        "failed": not np.isfinite(made).all(),
        "fit_seconds": seconds,
        "chosen": said,
    }


@eqx.filter_jit
def ahead(model, y, steps, *, show):
    """What a map shows after each of its next steps."""

    def step(y, n):
        after = model.step(n, y, None)
        return after, show(model, after)

    return jax.lax.scan(step, y, jnp.arange(steps))[1]


def seen(model, y):
    """The channels that a map observes."""
    return model.observe(0, y, None)


def trivial(make):
    """A forecast that learns nothing."""

    def forecast(history, steps):
        last = jnp.asarray(history.z[-1])
        return Forecast(np.asarray(ahead(make(last), last, steps, show=seen)))

    return forecast


def best_of(choices, learn):
    """Learn with each of `choices` from all but the last periods, and with the best one from all.

    Args:
        choices: Settings, a function of the history.
        learn: A function of samples, a setting, the number of steps, and the history, to the forecast.
    """

    def forecast(history, steps):
        known, held = history.z[: -CHOSEN * history.points], history.z[-CHOSEN * history.points :]
        errors, found = [], choices(history)
        for choice in found:
            try:
                miss = np.abs(learn(known, choice, len(held), history) - held)
            except ds.InputError:
                miss = np.full_like(held, np.inf)
            errors.append(np.mean(np.where(miss < 2, miss, 2)))
        chosen = found[int(np.argmin(errors))]
        return Forecast(learn(history.z, chosen, steps, history), str(chosen))

    return forecast


def by_regression(samples, choice, steps, history):
    """A polynomial of past samples."""
    del history
    taps, spacing, order, penalty = choice
    model = fit_next_generation([samples], taps=taps, spacing=spacing, order=order, penalty=penalty)
    y = jnp.asarray(samples[::-1][: model.memory])
    return np.asarray(ahead(model, y, steps, show=seen))


def linear_choices(history):
    """Taps, spacing, order and penalty; some reach a period back."""
    s = history.points // 15
    return [(k, d, 1, p) for k, d in ((1, 1), (4, 1), (10, 1), (15, s)) for p in (1e-8, 1e-4, 1e-2)]


def polynomial_choices(history):
    """The same of order two, with no more terms than a thousand."""
    channels, s = history.z.shape[1], history.points // 15
    reach = ((1, 1), (2, 1), (3, 1), (2, s), (4, s), (8, s))
    most = [(k, d) for k, d in dict.fromkeys(reach) if (k * channels + 1) * (k * channels + 2) / 2 < 1000]
    return [(k, d, 2, p) for k, d in most for p in (1e-8, 1e-5, 1e-2)]


@functools.lru_cache(maxsize=8)
def reservoir(channels, draw):
    """A network of 300 units; systems with equally many channels share it."""
    return EchoState.draw(n=300, inputs=channels, bias=0.3, input_scale=0.3, key=jax.random.key(draw))


def by_reservoir(samples, choice, steps, history):
    """An echo-state network closed on itself."""
    radius, leak, penalty = choice
    network = reservoir(samples.shape[1], 0).replace(spectral_radius=radius, leak=leak)
    loop = fit_echo_state(network, [samples], readout=LinearReadout(), penalty=penalty, washout=2 * history.points)
    y = echoes(network, jnp.asarray(samples))[-1]
    # The state has heard the last sample: its readout is the first of the forecast.
    return np.concatenate([np.asarray(loop.rule(0, y))[None], np.asarray(ahead(loop, y, steps - 1, show=fed_back))])


def fed_back(loop, y):
    """What a closed loop hears next."""
    return loop.rule(0, y)


def reservoir_choices(history):
    """Spectral radius, leak and penalty."""
    del history
    return [(r, a, p) for r, a in ((0.4, 1.0), (0.9, 1.0), (0.9, 0.3)) for p in (1e-9, 1e-6, 1e-3)]


def by_training(draw, forcing):
    """A network trained by back-propagation through forced runs.

    Args:
        draw: A function of channels and key to the network.
        forcing: How the data pull.
    """

    def forecast(history, steps):
        z = history.z
        if z.shape[1] == 1:
            back = history.points // 15 * np.arange(5)
            z = np.concatenate([z[back[-1] - b : len(z) - b] for b in back], axis=1)
        first, second = jax.random.split(history.key)
        found = train(
            draw(z.shape[1], first),
            z,
            forcing=forcing,
            optimiser=RectifiedAdam(3e-2, 1e-4, clip=10.0),
            updates=UPDATES,
            windows=WINDOWS,
            key=second,
        )
        model = found.model
        made = ahead(model, model.initial_state(), steps, show=seen)
        return Forecast(np.asarray(made)[:, : history.z.shape[1]])

    return forecast


def gru(channels, key):
    """A gated recurrent network that hears its prediction."""
    return AutoregressiveNetwork.draw(GRU, n=32, observed=channels, key=key)


def neural_ode(channels, key):
    """A neural flow seen at samples."""
    return SampledFlow(NeuralODE.draw(n=channels, width=32, key=key), 0.2)


def al_rnn(channels, key):
    """An almost-linear network with hidden components."""
    n = max(20, 2 * channels)
    drawn = ALRNN.draw(n=n, rectified=n // 2, key=key)
    return ALRNN(drawn.a, drawn.weight, drawn.bias, rectified=n // 2, observed=channels)


def shallow_plrnn(channels, key):
    """A shallow piecewise-linear network of the channels."""
    return ShallowPLRNN.draw(n=channels, hidden=50, observed=channels, key=key)


METHODS = {
    "mean": trivial(lambda last: Mean(jnp.zeros_like(last))),
    "persistence": trivial(Persistence),
    "linear": best_of(linear_choices, by_regression),
    "nvar": best_of(polynomial_choices, by_regression),
    "echo-state": best_of(reservoir_choices, by_reservoir),
    "gru": by_training(gru, SparseTeacherForcing(4)),
    "neural-ode": by_training(neural_ode, GeneralisedTeacherForcing(0.2)),
    "al-rnn": by_training(al_rnn, SparseTeacherForcing(4)),
    "shallow-plrnn": by_training(shallow_plrnn, GeneralisedTeacherForcing(0.2)),
}


def wanted(at):
    """Which points of the grid are computed: three draws of some systems, 100 samples of all channels of all."""
    single = np.isin(at["system"], [r["name"] for r in ds.models.catalogue() if r["kind"] == "delay flow"])
    whole = at["channels"] == "multivariate"
    thrice = np.isin(at["system"], THRICE) & (at["points"] == POINTS[0])
    return ((at["draw"] == 0) | thrice) & ~(single & whole) & ((at["points"] == POINTS[0]) | whole)


def swept(store, names, methods, *, engine=None, points=POINTS, other=False, progress=False):
    """The sweep: every method on every system, in units of the methods of one system.

    `other` goes on with a store that another version or machine began.
    """
    grid = Grid(
        {
            "points": list(points),
            "system": list(names),
            "channels": ["multivariate", "univariate"],
            "draw": [0, 1, 2],
            "method": list(methods),
        },
        where=wanted,
    )
    return sweep(
        measured,
        Case,
        grid,
        engine=engine or InProcess(),
        store=store,
        batch=len(methods),
        allow_different_machine=other,
        progress=progress,
    )


def engine_of(text):
    """Where units run."""
    return {"in-process": InProcess(), "processes": Processes()}.get(text) or Dask(text)


def main():
    """Run a piece of the sweep, or make the table of what there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, default=Path("forecasting.zarr"))
    parser.add_argument("--minutes", type=float, default=110.0)
    parser.add_argument("--engine", default="in-process")
    parser.add_argument("--only", nargs="+", default=None)
    parser.add_argument("--methods", nargs="+", choices=tuple(METHODS), default=list(METHODS))
    parser.add_argument("--other", action="store_true", help="go on with a store of another version or machine")
    parser.add_argument("--table", action="store_true")
    chosen = parser.parse_args()
    if chosen.table:
        from benchmarks.forecasting_table import published

        published(open_sweep(chosen.store))
        return
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(max(1, int(60 * chosen.minutes)))
    try:
        swept(
            chosen.store,
            chosen.only or systems(),
            chosen.methods,
            engine=engine_of(chosen.engine),
            other=chosen.other,
            progress=True,
        )
    except KeyboardInterrupt:
        print("Stopped; what is finished is kept. Call again to go on.")


if __name__ == "__main__":
    main()
