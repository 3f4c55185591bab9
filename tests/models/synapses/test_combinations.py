"""Every combination of neuron, synapse and plasticity keeps the promises of a system, and can be saved."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import dynascope as ds
from dynascope.models import AdEx, FitzHughNagumo, LeakyIntegrateAndFire, RefractoryIntegrateAndFire, WangBuzsaki
from dynascope.models.synapses import (
    ConductanceSynapse,
    CurrentSynapse,
    DeltaSynapse,
    GapJunction,
    GradedCircuit,
    GradedSynapse,
    NMDASynapse,
    PairSTDP,
    SpikingCircuit,
    TripletSTDP,
    TsodyksMarkramSynapse,
)
from tests.models import test_conformance as conformance

MUTUAL = 1.0 - jnp.eye(2)

#: One of each combination of parts, for the promises that every system of the catalogue keeps.
CIRCUITS = {
    "learning": SpikingCircuit(
        AdEx(), TsodyksMarkramSynapse(ConductanceSynapse(), tau_facil=50.0), 10.0 * MUTUAL, PairSTDP(w_max=20.0)
    ),
    "flows": SpikingCircuit(WangBuzsaki(), NMDASynapse(), 0.1 * MUTUAL, TripletSTDP(), plastic=((0, 1),)),
    "kicks": SpikingCircuit(LeakyIntegrateAndFire(I=jnp.array([1.8, 2.0])), DeltaSynapse(), 0.5 * MUTUAL),
    "refractory": SpikingCircuit(RefractoryIntegrateAndFire(), CurrentSynapse(), 0.5 * MUTUAL),
    "electrical": SpikingCircuit(LeakyIntegrateAndFire(), GapJunction(), 0.01 * MUTUAL),
    "graded": GradedCircuit(FitzHughNagumo(), GradedSynapse(V_half=1.0, K=0.1, E=-2.0), 0.1 * MUTUAL),
}


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize(
    "promise",
    [
        conformance.test_initial_state,
        conformance.test_region_is_a_box,
        conformance.test_no_input_is_zero_input,
        conformance.test_parameters_are_array_leaves_with_unit_and_meaning,
    ],
    ids=lambda promise: promise.__name__.removeprefix("test_"),
)
def test_every_combination_of_parts_is_a_system(promise: Any, name: str) -> None:
    promise(CIRCUITS[name])


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize(
    "promise",
    [
        conformance.test_batches_over_states_and_models_and_stays_finite,
        conformance.test_gradients_with_respect_to_parameters_are_finite,
        conformance.test_resets_leave_their_guard,
    ],
    ids=lambda promise: promise.__name__.removeprefix("test_"),
)
def test_every_combination_of_parts_moves_as_systems_do(promise: Any, name: str) -> None:
    promise(CIRCUITS[name], conformance.starts_of(CIRCUITS[name]))


@pytest.mark.parametrize("name", CIRCUITS)
def test_single_precision_is_kept(name: str) -> None:
    conformance.test_rule_keeps_structure_shape_and_precision(CIRCUITS[name], jnp.float32)


def test_circuits_are_saved_whole(tmp_path: Path) -> None:
    for name, circuit in CIRCUITS.items():
        ds.save(circuit, tmp_path / f"{name}.safetensors")
        again: Any = ds.load(tmp_path / f"{name}.safetensors")
        assert jax.tree.structure(again) == jax.tree.structure(circuit)
        assert jnp.array_equal(again.W, circuit.W)
