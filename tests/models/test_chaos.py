"""Chaotic systems against the values that `dysts` gives at the same states (`benchmarks/dysts_fixtures.py`)."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from dynascope import models
from dynascope._param import parameters
from dynascope.models._registry import catalogue_name
from dynascope.systems import AbstractDelayFlow, AbstractFlow, AbstractMap, AbstractSystem, dimension, state_variables

_FIXTURES = np.load(Path(__file__).parents[1] / "data" / "dysts.npz")
ABOUT: dict[str, Any] = json.loads(str(_FIXTURES["about"]))["systems"]

#: Where our name is not theirs in kebab-case, or where changes make our system theirs.
RENAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "flow.ArnoldBeltramiChildress": ("arnold-beltrami-childress", {"A": 1.73205, "B": 1.41421}),
    "flow.BickleyJet": (
        "bickley-jet",
        # Their jet blows against the waves, in the paper along with them: U has the other sign.
        {"U": -6.266e-5, "R": 1 / 0.313922, "c1": 9.05854e-6, "c2": 1.28453e-5, "c3": 2.88863e-5},
    ),
    "flow.Bouali2": ("bouali2", {"mu": 1.5 * 0.0026667}),
    "flow.ChenLee": ("chen-lee", {"c": -0.38}),
    "flow.Chua": ("chua", {"m0": -1.142857, "m1": -0.71429}),
    "flow.DequanLi": ("dequan-li", {"c": 1.833}),
    "flow.DoubleGyre": ("double-gyre", {"eps": 0.1, "omega": 0.62832}),
    "flow.Duffing": ("duffing", {"delta": 0.1, "gamma": 0.35, "omega": 1.4}),
    "flow.ExcitableCell": ("excitable-cell", {"kC": 0.183333}),
    "flow.ForcedFitzHughNagumo": (
        "forced-fitzhugh-nagumo",
        {"I": 0.965, "f": 0.4008225, "c": 0.08, "omega": 0.043650793650793655},
    ),
    "flow.ForcedVanDerPol": ("forced-van-der-pol", {"a": 1.2, "mu": 8.53, "omega": 0.63}),
    "flow.GlycolyticOscillation": (
        "glycolytic-oscillation",
        {"nu": 1.0, "sigma1": 22.2222, "sigma2": 22.2222, "k_s": 4.422},
    ),
    "flow.Halvorsen": ("halvorsen", {"a": 1.4}),
    "flow.HindmarshRose": (
        "hindmarsh-rose",
        {"I": 0.0, "a": 0.49 / 0.03, "b": 1 / 0.03, "c": 0.0, "d": 1 / 0.03, "r": 1.25, "s": 1 / 0.03, "x_R": 0.0322},
    ),
    "flow.Hopfield": ("lewis-glass", {}),
    "flow.HyperJha": ("hyper-jia", {"b": 2.667}),
    "flow.HyperLorenz": ("hyper-lorenz", {"b": 2.667}),
    "flow.HyperRossler": ("hyper-roessler", {}),
    "flow.Lorenz": ("lorenz", {"beta": 2.667}),
    "flow.Lorenz84": ("lorenz84", {"a": 1.32, "b": 7.91, "F": 4.83, "G": 4.194}),
    "flow.Lorenz96": ("lorenz96", {"n": 4, "F": 20.0}),
    "flow.LorenzBounded": ("lorenz-bounded", {"beta": 2.667}),
    "flow.LorenzCoupled": ("lorenz-coupled", {"beta": 2.667}),
    "flow.LiuChen": ("liu-chen", {"a": 0.4, "b": 12.0, "c": 5.0}),
    "flow.LuChen": ("lu-chen", {"c": 18.0}),
    "flow.MacArthur": ("huisman-weissing", {}),
    "flow.MackeyGlass": ("mackey-glass", {"tau": 16.0}),
    "flow.MooreSpiegel": ("moore-spiegel", {"T": 40.0, "R": 130.0}),
    "flow.MultiChua": (
        "multi-chua",
        {
            "b": 14.286,
            "m": (-0.14285714, 0.28571429, -0.57142857, 0.28571429, -0.57142857, 0.28571429),
        },
    ),
    "flow.NewtonLiepnik": ("newton-leipnik", {}),
    "flow.NoseHoover": ("nose-hoover", {"T": 1.5}),
    "flow.SprottMore": ("sprott-more", {"width": 1e-9}),
    "flow.PanXuZhou": ("pan-xu-zhou", {"b": 2.6667}),
    "flow.PiecewiseCircuit": ("ucar-delay", {"delta": 3 / 2.24 - 1, "eps": 1 / 2.24**3, "tau": 4.9}),
    "flow.Rossler": ("roessler", {}),
    "flow.SwingingAtwood": ("swinging-atwood", {"g": 9.82}),
    "flow.Thomas": ("thomas", {"a": 10.0, "b": 1.85}),
    "flow.ThomasLabyrinth": ("thomas", {"a": 10.0, "b": 0.5}),
    "map.Baker": ("baker-map", {"c": 0.5}),
    "map.Chebyshev": ("chebyshev-map", {}),
    "map.Chirikov": ("standard-map", {}),
    "map.Circle": ("circle-map", {"K": -5.7}),
    "map.Duffing": ("duffing-map", {}),
    "map.Gauss": ("gauss-map", {}),
    "map.GumowskiMira": ("gumowski-mira", {"a": -1.2, "b": 0.0, "mu": -1.1}),
    "map.Hopalong": ("hopalong", {"a": -0.9, "b": 2.5, "c": 2.7}),
    "map.Ikeda": ("ikeda-map", {}),
    "map.KaplanYorke": ("kaplan-yorke", {"beta": 2.0}),
    "map.Logistic": ("logistic", {"r": 3.9}),
    "map.Pickover": ("clifford", {}),
    "map.Tent": ("tent-map", {}),
}

#: Where we follow the source and `dysts` does not: its name there, and what is different.
DIFFERENT: dict[str, str] = {
    "flow.BurkeShaw": "y grows there, y' = +y - s x z; Shaw has y' = -y - s x z.",
    "flow.CircadianRhythm": (
        "It has a fourth variable that feeds back on nothing, and light that multiplies where it should add."
    ),
    "flow.DoublePendulum": ("The mixed term of the momenta there has half its weight, so that energy is not kept."),
    "flow.StickSlipOscillator": (
        "The linear term of the friction there depends on v, in the paper on v - vs like the others."
    ),
    "flow.Torus": "It is a function of time only, whatever the state; ours is the flow whose orbits are these curves.",
    "flow.WindmiReduced": (
        "The pressure enters the voltage there as p**1 / 2, half of it; in the paper as its square root."
    ),
    "map.BlinkingVortexMap": "One call there is half a period, and which vortex is on changes from call to call.",
}


def _in_plane(period: float) -> Callable[[Any], jax.Array]:
    """From polar coordinates and time to the plane and the phase of the protocol."""
    return lambda y: jnp.array([y[0] * jnp.cos(y[1]), y[0] * jnp.sin(y[1]), 2 * jnp.pi * y[2] / period])


def _with_jet(y: Any) -> jax.Array:
    """From the fixed frame with time to the frame of the third wave with two phases."""
    c1, c2, c3 = 9.05854e-6, 1.28453e-5, 2.88863e-5
    k, time = 0.313922, y[2]
    return jnp.array([k * (y[1] - c3 * time), y[0], k * (c1 - c3) * time, 2 * k * (c2 - c3) * time])


#: Where our state is another function of theirs.
CHARTS: dict[str, Callable[[Any], jax.Array]] = {
    "flow.BickleyJet": _with_jet,
    "flow.BlinkingRotlet": _in_plane(3.0),
    "flow.BlinkingVortex": _in_plane(3.0),
    "flow.HindmarshRose": lambda y: jnp.array([y[0], y[1] / 0.03 - y[0], -y[2] / 0.03]),
    "flow.InteriorSquirmer": _in_plane(3.0),
    "flow.LidDrivenCavityFlow": lambda y: y * jnp.array([1.0, 1.0, 2 * jnp.pi / 1.1]),
    "flow.LiuChen": lambda y: -y,
    "flow.MooreSpiegel": lambda y: y * jnp.array([1.0, 1.0, 10.0]) / jnp.sqrt(13.0),
    "flow.NoseHoover": lambda y: y * jnp.array([1.0, 1.0, -1.0]),
    "map.Hopalong": lambda y: y - jnp.array([1.0, 2.0]),
}

#: Where numbers are rounded there, and the relative difference which that makes.
ROUNDED: dict[str, float] = {
    "flow.BelousovZhabotinsky": 1e-3,  # Thirteen combined coefficients in six digits.
    "flow.BickleyJet": 1e-3,  # Wave numbers which are not quite multiples of the first.
    "map.Baker": 1e-6,  # A stretch of 2 - 1e-10, so that digits do not run out.
    "map.KaplanYorke": 1e-4,  # A remainder modulo 0.99999995, for the same reason.
}


def ours(theirs: str) -> tuple[str, dict[str, Any]]:
    """Our name for a system of `dysts`, and the changes that make ours the same."""
    return RENAMED.get(theirs, (catalogue_name(type(theirs.split(".")[1], (), {})), {}))


SHARED = sorted(t for t in ABOUT if ours(t)[0] in models.names() and t not in DIFFERENT)


def rule(system: Any, y: jax.Array, past: jax.Array, t: float) -> jax.Array:
    match system:
        case AbstractFlow():
            return system.vector_field(t, y, None)
        case AbstractMap():
            return system.step(0, y, None)
        case AbstractDelayFlow():
            return system.vector_field(t, y, lambda s: past, None)
    raise AssertionError(type(system).__name__)


def test_every_system_of_dysts_is_in_the_catalogue() -> None:
    assert not sorted(t for t in ABOUT if ours(t)[0] not in models.names())


def carried(chart: Callable[[Any], jax.Array], y: Any, value: Any, theirs: str) -> tuple[Any, Any]:
    """State and velocity (for maps: image) of theirs in our coordinates."""
    if theirs.startswith("map."):
        return chart(y), chart(value)
    return jax.jvp(chart, (y,), (value,))


@pytest.mark.parametrize("theirs", SHARED)
def test_right_hand_side_equals_that_of_dysts(theirs: str) -> None:
    name, changes = ours(theirs)
    system = models.build(name, **changes)
    states, values = _FIXTURES[f"{theirs}.states"], _FIXTURES[f"{theirs}.values"]
    size = values.shape[1]
    if theirs in CHARTS:
        states, values = jax.vmap(lambda y, v: carried(CHARTS[theirs], y, v, theirs))(states, values)
        states, values, size = np.asarray(states), np.asarray(values), states.shape[1]
    with jax.disable_jit():
        found = np.stack([
            ravel_pytree(rule(system, state[:size], state[size:], ABOUT[theirs]["time"]))[0] for state in states
        ])  # fmt: skip
    scale = np.abs(values) + np.max(np.abs(values)) * 1e-3
    assert np.max(np.abs(found - values) / scale) < ROUNDED.get(theirs, 1e-12)


NAMES = tuple(entry["name"] for entry in models.catalogue() if entry["family"] == "chaos")


def flat_rule(system: AbstractSystem, flat: jax.Array) -> jax.Array:
    _, unravel = ravel_pytree(system.initial_state())
    return ravel_pytree(rule(system, unravel(flat), unravel(flat), 0.0))[0]


@pytest.mark.parametrize("name", NAMES)
def test_rule_is_finite_differentiable_and_keeps_precision(name: str) -> None:
    system = models.build(name)
    start = ravel_pytree(system.initial_state())[0]
    assert start.dtype == jnp.float64
    assert len({v.name for v in state_variables(system)}) == dimension(system) == start.size
    single = jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x, system)
    assert {leaf.dtype for leaf in jax.tree.leaves(single.initial_state())} == {jnp.dtype("float32")}
    moved = jax.eval_shape(lambda: flat_rule(single, ravel_pytree(single.initial_state())[0]))
    assert (moved.shape, moved.dtype) == (start.shape, jnp.float32)
    directions = jax.random.normal(jax.random.key(3), (3, start.size))
    h = 1e-6 * (1e-3 + jnp.abs(start))

    @eqx.filter_jit
    def checks(system: AbstractSystem) -> Any:
        gradient = eqx.filter_grad(lambda s: jnp.sum(flat_rule(s, start) ** 2))(system)
        velocity = flat_rule(system, start)
        exact = jax.vmap(lambda v: jax.jvp(lambda z: flat_rule(system, z), (start,), (h * v,))[1])(directions)
        central = jax.vmap(lambda v: (flat_rule(system, start + h * v) - flat_rule(system, start - h * v)) / 2)(
            directions
        )
        return gradient, velocity, exact, central

    gradient, velocity, exact, central = checks(system)
    assert np.all(np.isfinite(velocity))
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))
    scale = np.max(np.abs(exact)) + 1e-9 * np.max(np.abs(velocity))
    np.testing.assert_allclose(exact, central, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("name", NAMES)
def test_documentation_names_every_parameter_and_its_source(name: str) -> None:
    system = models.build(name)
    doc = type(system).__doc__ or ""
    assert re.search(r"\b(1[789]|20)\d\d\b", system.reference), "the reference has no year"
    assert "Reference:" in doc
    assert parameters(system), "there is nothing to vary"
    for parameter, (_, metadata) in parameters(system).items():
        assert re.search(rf"(?<![A-Za-z]){re.escape(parameter)}(?![A-Za-z])", doc), f"`{parameter}` is not in the doc"
        assert metadata["doc"], parameter
