"""What a sweep returns, and that the same sweep gives the same bits wherever it runs."""

import dataclasses
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import dynascope as ds
from dynascope import ComputationFailed, InputError
from dynascope.sweep import AbstractEngine, Grid, InProcess, Processes, Range, Together, open_sweep, sweep
from tests.sweep import functions

LOGISTIC = ds.build("logistic")
WIDE = {"r": Range(2.5, 4.0, 90)}


def test_known_answer_of_each_point() -> None:
    found = sweep(functions.final, LOGISTIC, {"r": [1.5, 2.0, 2.5]})
    np.testing.assert_allclose(found.x, 1 - 1 / found.r, atol=1e-12)
    assert found.attrs["execution"] == "vectorised"
    assert found.status.values.tolist() == [1, 1, 1]
    assert "error" not in found


def test_keys_come_from_the_index_in_the_grid() -> None:
    found = sweep(functions.final, LOGISTIC, {"r": [2.0, 3.0]}, seeds=[0, 7])
    wanted = [[jax.random.uniform(jax.random.fold_in(jax.random.key(s), i)) for s in (0, 7)] for i in range(2)]
    np.testing.assert_array_equal(found.draw, wanted)
    alone = sweep(functions.final, LOGISTIC, {"r": [2.0, 3.0]}, seeds=[7])
    np.testing.assert_array_equal(found.draw[:, 1:], alone.draw)


def test_points_of_a_condition_keep_their_keys() -> None:
    grid: Any = {"r": [1.5, 2.0, 2.5, 3.0]}
    whole = sweep(functions.final, LOGISTIC, grid)
    part = sweep(functions.final, LOGISTIC, Grid(grid, where=lambda p: p["r"] > 1.7))
    np.testing.assert_array_equal(part.draw[1:], whole.draw[1:])
    assert np.isnan(part.draw[0])
    assert part.status.values.tolist() == [-1, 1, 1, 1]
    assert part.attrs["points"] == 3


def test_coordinates_units_and_settings() -> None:
    neuron = ds.build("hodgkin-huxley")
    found = sweep(lambda s: s.vector_field(0.0, s.initial_state(), None), neuron, {"I": [0.0, 5.0]})
    assert found.I.attrs == {"units": "uA/cm2", "long_name": "injected current"}
    settings = json.loads(found.attrs["settings"])
    assert settings["batch"] == 2
    assert settings["inputs"]["system"]["class"].endswith("HodgkinHuxley")
    assert settings["machines"][0]["jax"] == jax.__version__


@pytest.mark.parametrize("engine", [InProcess(), Processes(1), Processes(2)], ids=lambda e: type(e).__name__)
def test_every_engine_gives_the_same_bits(engine: Any) -> None:
    system = ds.models.RateNetwork.draw(n=48, key=jax.random.key(1))
    for function, what, grid in (
        (functions.network, system, {"g": Range(0.5, 3.0, 9)}),
        (functions.plain, LOGISTIC, {"r": Range(1.0, 4.0, 9)}),
    ):
        here = sweep(function, what, grid, seeds=2, batch=4, engine=InProcess())
        there = sweep(function, what, grid, seeds=2, batch=4, engine=engine)
        assert here.identical(there)


def test_padding_of_the_last_unit_changes_nothing() -> None:
    found = sweep(functions.final, LOGISTIC, WIDE, batch=16)
    first = sweep(functions.final, LOGISTIC, {"r": WIDE["r"].values()[:80]}, batch=16)
    np.testing.assert_array_equal(found.x[:80], first.x)


def test_text_and_numbers_of_a_function_that_cannot_be_traced(tmp_path: Path) -> None:
    found = sweep(functions.plain, LOGISTIC, {"r": [1.0, 2.0, 3.0]}, engine=InProcess())
    assert found.attrs["execution"] == "point by point"
    assert found.word.values.tolist() == ["low", "low", "high"]
    np.testing.assert_array_equal(found.square, [1.0, 4.0, 9.0])
    again = sweep(functions.plain, LOGISTIC, {"r": [1.0, 2.0, 3.0]}, engine=InProcess(), store=tmp_path / "a.zarr")
    assert again.equals(found)


def test_one_by_one_but_compiled() -> None:
    found = sweep(functions.final, LOGISTIC, {"r": [1.5, 2.0]}, vectorise=False, engine=InProcess())
    assert found.attrs["execution"] == "compiled point by point"
    np.testing.assert_allclose(found.x, 1 - 1 / found.r, atol=1e-12)


def test_lengths_that_differ_are_filled(tmp_path: Path) -> None:
    found = sweep(functions.ragged, LOGISTIC, {"r": [1.0, 3.0, 2.0]}, engine=InProcess(), batch=1)
    np.testing.assert_array_equal(found["values"], [[0, np.nan, np.nan], [0, 1, 2], [0, 1, np.nan]])
    np.testing.assert_array_equal(found.counts, [[0, -1, -1], [0, 1, 2], [0, 1, -1]])
    np.testing.assert_array_equal(found.complex_imag, [1, 3, 2])
    stored = sweep(
        functions.ragged, LOGISTIC, {"r": [1.0, 3.0, 2.0]}, engine=InProcess(), batch=1, store=tmp_path / "a.zarr"
    )
    assert stored.equals(found)


def test_an_analysis_is_flattened_to_its_fields() -> None:
    analysis = functools.partial(ds.lyapunov_spectrum, duration=4000, transient=100)
    found = sweep(analysis, ds.build("henon"), {"a": [1.3, 1.4]}, engine=InProcess(), outputs=("exponents", "stderr"))
    alone = analysis(ds.build("henon", a=1.4), key=jax.random.key(0))
    np.testing.assert_array_equal(found.exponents[1], alone.exponents)
    np.testing.assert_allclose(found.exponents.sum("exponent"), np.log(0.3), atol=1e-9)
    assert set(found.data_vars) == {"exponents", "stderr", "status"}
    assert found.exponents.dims == ("a", "exponent")


def test_a_system_may_be_made_by_a_function() -> None:
    found = sweep(
        lambda system: system.initial_state().sum(),
        lambda name, scale: ds.build(name) if scale else None,
        Together({"name": ["lorenz", "henon"], "scale": [1, 2]}, dim="which"),
        engine=InProcess(),
    )
    wanted = [float(ds.build(name).initial_state().sum()) for name in ("lorenz", "henon")]
    np.testing.assert_array_equal(found.value, wanted)
    assert found.name.values.tolist() == ["lorenz", "henon"]


def test_a_setting_may_be_swept() -> None:
    found = sweep(lambda s: s.initial_state().size, ds.build("lorenz96"), {"n": [5, 8]}, engine=InProcess())
    assert found.value.values.tolist() == [5, 8]


def test_a_point_that_raises_in_a_vectorised_unit_is_found() -> None:
    found = sweep(functions.refusing, LOGISTIC, {"r": [1.0, 3.5, 2.0, 3.2, 0.5]})
    assert found.attrs["execution"] == "vectorised"
    np.testing.assert_array_equal(found.value, [1.0, np.nan, 2.0, np.nan, 0.5])
    assert found.status.values.tolist() == [1, 2, 1, 2, 1]
    assert "too large" in str(found.error[1].values)
    assert found.attrs["raised"] == 2


def test_outputs_that_are_no_number_are_counted() -> None:
    found = sweep(lambda s: jnp.sqrt(s.r - 2), LOGISTIC, {"r": [1.0, 3.0]})
    assert found.status.values.tolist() == [4, 1]
    assert found.attrs["not_finite"] == 1


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"grid": {"rr": [1.0]}}, "no parameter `rr`"),
    ({"grid": {"r": [1.0, -3.0]}}, "must lie in"),
    ({"function": functions.plain, "vectorise": True}, "cannot be traced"),
    ({"batch": 0}, "`batch`"),
    ({"time_limit": -1.0}, "`time_limit`"),
    ({"time_limit": 1.0, "engine": InProcess()}, "process of its own"),
    ({"time_limit": 1.0, "vectorise": True}, "cannot be stopped"),
    ({"outputs": ("none",)}, "no output `none`"),
    ({"system": 3.0}, "must be a system"),
]


@pytest.mark.parametrize(("changes", "complaint"), WRONG)
def test_wrong_arguments_are_refused(changes: dict[str, Any], complaint: str) -> None:
    arguments: dict[str, Any] = {"function": functions.final, "system": LOGISTIC, "grid": {"r": [1.0, 2.0]}} | changes
    with pytest.raises((InputError, ComputationFailed), match=complaint):
        sweep(**arguments)


def test_a_sweep_in_which_nothing_succeeds_raises() -> None:
    with pytest.raises(ComputationFailed, match="this point is wrong"):
        sweep(functions.troubled, LOGISTIC, {"r": [1.5]}, engine=InProcess())


def test_store_is_opened_by_xarray_and_by_us(tmp_path: Path) -> None:
    found = sweep(functions.final, LOGISTIC, {"r": [1.5, 2.0, 2.5]}, seeds=2, store=tmp_path / "a.zarr")
    assert open_sweep(tmp_path / "a.zarr").identical(found)
    with xr.open_zarr(tmp_path / "a.zarr", consolidated=False, chunks=None) as flat:
        np.testing.assert_array_equal(flat.x, found.x.values.ravel())
        np.testing.assert_array_equal(flat.r, np.repeat([1.5, 2.0, 2.5], 2))


class Elsewhere(AbstractEngine):
    """An engine of one's own: the same work, backwards, on a machine that may be another one."""

    machine: str | None = None

    def blocks(self, job: Any, tasks: Any, limit: float | None) -> Iterator[Any]:
        for block in InProcess().blocks(job, tasks[::-1], limit):
            yield block if self.machine is None else dataclasses.replace(block, machine=self.machine)


def test_an_engine_of_ones_own(tmp_path: Path) -> None:
    arguments: Any = (functions.final, LOGISTIC, WIDE)
    here = sweep(*arguments, batch=16)
    assert sweep(*arguments, batch=16, engine=Elsewhere()).identical(here)
    with pytest.raises(InputError, match="another kind of machine"):
        sweep(*arguments, batch=16, engine=Elsewhere("another"), store=tmp_path / "a.zarr")
    assert int((open_sweep(tmp_path / "a.zarr").status != 0).sum()) == 0
