"""Saved values come back bit for bit, and nothing else comes back."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import dynascope as ds
from dynascope import analysis, data, models, series, systems
from dynascope._results import AbstractResult, output, provenance
from dynascope.analysis import stability
from dynascope.analysis.regime import regime_from_data
from dynascope.data import load, read_recording, save


def leaves_of(value: Any, path: str = "") -> dict[str, Any]:
    """Every part of a value by its path, modules and tuples included, so that nothing can be left out."""
    if isinstance(value, ds.RESULTS):
        return {path: value}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    elif isinstance(value, tuple) and "_fields" in vars(type(value)):
        parts = value._asdict()  # type: ignore[attr-defined]
    elif isinstance(value, dict):
        parts = value
    elif isinstance(value, tuple | list):
        parts = dict(enumerate(value))
    else:
        return {path: value}
    found: dict[str, Any] = {path: type(value)}
    for name, part in parts.items():
        found |= leaves_of(part, f"{path}.{name}")
    return found


def assert_same(a: Any, b: Any) -> None:
    """Equal types, structure and bits."""
    one, two = leaves_of(a), leaves_of(b)
    assert list(one) == list(two)
    for path, x in one.items():
        y = two[path]
        if isinstance(x, ds.RESULTS):
            assert bool(x == y), path
            continue
        assert type(x) is type(y), path
        if isinstance(x, jax.Array | np.ndarray | np.generic):
            if isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
                x, y = jax.random.key_data(x), jax.random.key_data(y)
            assert x.dtype == y.dtype, path
            assert np.shape(x) == np.shape(y), path
            assert np.asarray(x).tobytes() == np.asarray(y).tobytes(), path
        elif isinstance(x, float) and math.isnan(x):
            assert math.isnan(y), path
        else:
            assert x == y, path


def below(cls: type) -> list[type]:
    direct = [c for c in cls.__subclasses__() if c.__module__.startswith("dynascope")]
    return [c for d in direct for c in [d, *below(d)]]


for package in sorted(p.name for p in Path(analysis.__path__[0]).iterdir() if (p / "__init__.py").exists()):
    __import__(f"dynascope.analysis.{package}")
RESULT_CLASSES = sorted(below(AbstractResult), key=lambda c: c.__name__)

ODD = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1 / 3, 1e308])


def made_up(cls: type) -> Any:
    """A result of class `cls` with awkward contents in every field."""
    sizes: dict[str, int] = {}
    value = object.__new__(cls)
    for i, field in enumerate(dataclasses.fields(cls)):
        said = str(field.type)
        if field.name == "result":
            entry: Any = ds.RESULTS.interrupted
        elif field.name == "settings":
            entry = provenance(seed=3, y0=[1.0, math.inf], method={"name": "x", "array": (1, 2)}, none=None, 名="é")
        elif "dims" in field.metadata:
            shape = tuple(sizes.setdefault(d, len(sizes) % 4) for d in field.metadata["dims"])
            numbers = np.resize(ODD, shape)
            entry = (numbers, numbers.astype(np.float32), numbers + 1j * ODD[4], np.ones(shape, bool))[i % 4]
            entry = np.ones(shape, np.int64) if "int64" in said else entry
        elif "bool" in said:
            entry = True
        elif "int" in said and "float" not in said:
            entry = -7
        elif "float" in said:
            entry = (math.nan, -0.0, math.inf, 0.1)[i % 4]
        elif "tuple" in said:
            entry = ("stable node", "a, b", "ä")
        elif "str" in said:
            entry = "nats/ms"
        else:
            entry = None
        object.__setattr__(value, field.name, entry)
    return value


def test_results_were_found() -> None:
    assert {"LyapunovSpectrum", "FixedPoints", "RegimeFromData"} <= {c.__name__ for c in RESULT_CLASSES}


@pytest.mark.parametrize("suffix", [".nc", ".npz"])
@pytest.mark.parametrize("cls", RESULT_CLASSES, ids=lambda c: c.__name__)
def test_every_result_class_comes_back(cls: type, suffix: str, tmp_path: Path) -> None:
    value = made_up(cls)
    assert_same(load(save(value, tmp_path / f"r{suffix}")), value)


@pytest.fixture(scope="module")
def computed() -> dict[str, Any]:
    """Real results, from quick systems and a quick recording."""
    henon = ds.build("henon")
    run = ds.trajectory(henon, None, np.arange(1500))
    return {
        "spectrum": stability.lyapunov_spectrum(henon, duration=2000.0),
        "points": stability.fixed_points(henon),
        "regime": regime_from_data(np.asarray(run.flat)[200:]),
    }


@pytest.mark.parametrize("suffix", [".nc", ".npz"])
@pytest.mark.parametrize("name", ["spectrum", "points", "regime"])
def test_computed_result_comes_back(name: str, suffix: str, computed: dict[str, Any], tmp_path: Path) -> None:
    value = computed[name]
    assert_same(load(save(value, tmp_path / f"r{suffix}")), value)


def test_netcdf_of_a_result_has_names_and_units(computed: dict[str, Any], tmp_path: Path) -> None:
    with xr.open_dataset(save(computed["points"], tmp_path / "p.nc"), engine="h5netcdf") as stored:
        assert stored["states"].dims == ("fixed_point", "component")
        assert stored["states"].attrs["long_name"] == "fixed points"
        assert stored.attrs["class"] == "FixedPoints"
        np.testing.assert_array_equal(stored["eigenvalues_imag"], computed["points"].eigenvalues.imag)


def test_long_header_is_kept_too(tmp_path: Path) -> None:
    run = ds.Trajectory(
        ts=np.arange(3.0),
        ys=np.zeros((3, 20_000)),
        result=ds.RESULTS.successful,
        count=3,
        names=tuple(f"unit{i}" for i in range(20_000)),
        units=("1",) * 20_000,
    )
    assert_same(load(save(run, tmp_path / "wide.nc")), run)


def lstm_run() -> ds.Trajectory:
    return ds.trajectory(models.LSTM.draw(n=3, key=jax.random.key(0)), None, np.arange(6))


RUNS = {
    "array": lambda: ds.trajectory(ds.build("lorenz"), None, np.linspace(0, 1, 5)),
    "one component": lambda: ds.trajectory(ds.build("logistic"), None, np.arange(5)),
    "NamedTuple": lstm_run,
    "events": lambda: ds.trajectory(ds.build("izhikevich"), None, np.linspace(0, 50, 6)),
    "noise": lambda: ds.trajectory(ds.build("ornstein-uhlenbeck"), None, np.linspace(0, 1, 5), key=jax.random.key(0)),
    "delay": lambda: ds.trajectory(ds.build("mackey-glass"), None, np.linspace(0, 5, 5)),
    "many": lambda: ds.trajectory(ds.build("kuramoto", n=80), None, np.linspace(0, 1, 5)),
    "discrete": lambda: ds.trajectory(ds.build("hopfield", n=30), None, np.arange(3), key=jax.random.key(0)),
}


@pytest.mark.parametrize("suffix", [".nc", ".npz"])
@pytest.mark.parametrize("case", RUNS)
def test_trajectory_comes_back(case: str, suffix: str, tmp_path: Path) -> None:
    run = RUNS[case]()
    assert_same(load(save(run, tmp_path / f"run{suffix}")), run)


@pytest.mark.parametrize("suffix", [".nc", ".csv"])
@pytest.mark.parametrize("case", ["array", "many", "NamedTuple", "events"])
def test_saved_trajectory_is_a_recording(case: str, suffix: str, tmp_path: Path) -> None:
    run = RUNS[case]()
    found = read_recording(save(run, tmp_path / f"run{suffix}"), shortest=2, drop_constant=True, transpose=False)
    assert set(found.names) <= set(run.names)
    for name in found.names:
        np.testing.assert_array_equal(found.channel(name), np.asarray(run.flat)[:, run.names.index(name)])
    np.testing.assert_allclose(found.ts, run.ts, rtol=0, atol=1e-12)


@pytest.mark.parametrize("suffix", [".nc", ".npz", ".csv"])
def test_recording_comes_back(suffix: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = series.Recording(
        rng.normal(size=(200, 2)), dt=0.1, time_unit="ms", t0=-3.0, names=("V", "w"), units=("mV", "1"), notes=("ä",)
    )
    path = save(made, tmp_path / f"rec{suffix}")
    if suffix != ".csv":
        assert_same(load(path), made)
    if suffix != ".npz":
        again = read_recording(path)
        np.testing.assert_array_equal(again.values, made.values)
        assert (again.names, again.units, again.time_unit) == (made.names, made.units, "ms")
        assert again.dt == pytest.approx(0.1, rel=1e-9)


SYSTEMS = {
    "flow": lambda: ds.build("lorenz", rho=1 / 3),
    "SDE": lambda: ds.build("ornstein-uhlenbeck"),
    "hybrid": lambda: ds.build("izhikevich"),
    "delay": lambda: ds.build("mackey-glass", tau=13.0),
    "GRU": lambda: models.GRU.draw(n=4, inputs=2, layers=2, key=jax.random.key(1)),
    "LSTM": lambda: models.LSTM.draw(n=4, key=jax.random.key(1)),
    "32 bit": lambda: jax.tree.map(lambda x: x.astype(jnp.float32), ds.build("lorenz")),
    "driven": lambda: systems.driven(ds.build("gru", n=4), systems.Noise(jax.random.key(3), std=0.5)),
}


@pytest.mark.parametrize("case", SYSTEMS)
def test_system_comes_back(case: str, tmp_path: Path) -> None:
    system = SYSTEMS[case]()
    again = load(save(system, tmp_path / "system.safetensors"))
    assert_same(again, system)
    assert jax.tree.structure(again) == jax.tree.structure(system)


@pytest.mark.parametrize("name", models.names())
def test_every_system_of_the_catalogue_comes_back(name: str, tmp_path: Path) -> None:
    system = ds.build(name)
    again = load(save(system, tmp_path / "system.safetensors"))
    assert_same(again, system)
    assert_same(again.initial_state(), system.initial_state())


def test_header_of_a_system_says_what_it_is(tmp_path: Path) -> None:
    path = save(ds.build("hodgkin-huxley"), tmp_path / "hh.safetensors")
    text = path.read_bytes()
    length = int.from_bytes(text[:8], "little")
    header = json.loads(json.loads(text[8 : 8 + length])["__metadata__"]["dynascope"])
    assert header["class"] == "dynascope.models.neurons:HodgkinHuxley"
    assert header["version"] == ds.__version__
    assert header["units"]["C"] == "uF/cm2"


OWN = """
from typing import NamedTuple
import jax.numpy as jnp
import dynascope as ds

class State(NamedTuple):
    x: object
    v: object

class Spring(ds.AbstractFlow):
    k: object = ds.param(2.0)
    def initial_state(self):
        return State(jnp.asarray(1.0), jnp.asarray(0.0))
    def vector_field(self, t, y, u):
        return State(y.v, -self.k * y.x)
"""


def test_own_class_needs_its_file(tmp_path: Path) -> None:
    from dynascope.data._python_file import system_from_file

    file = tmp_path / "mine.py"
    file.write_text(OWN)
    system, _ = system_from_file(file, "Spring", changes={"k": 3.0})
    path = save(system, tmp_path / "mine.safetensors")
    run = save(ds.trajectory(system, None, np.linspace(0, 1, 4)), tmp_path / "run.nc")
    for saved in (path, run):
        with pytest.raises(ds.InputError, match=r'pass `source="mine\.py:(Spring|State)"`'):
            load(saved)
    again = load(path, source=f"{file}:Spring")
    assert float(again.k) == 3.0
    assert load(run, source=file).ys._fields == ("x", "v")


def refused(value: Any, path: Path, words: str) -> None:
    with pytest.raises(ds.InputError, match=words):
        save(value, path)
    assert not path.exists()


def test_what_holds_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    refused(ds.flow(lambda t, y, p: -y, [1.0]), path, "`function` is a function")
    cell = models.from_cell(eqx.nn.GRUCell(2, 3, key=jax.random.key(0)), hidden=3, inputs=2)
    refused(cell, path, "`cell` is a `GRUCell`")


def test_wrong_values_and_suffixes_are_refused(tmp_path: Path) -> None:
    refused(3.0, tmp_path / "x.nc", "A float cannot be saved")
    refused(ds.build("lorenz"), tmp_path / "x.nc", "A system is saved as `.safetensors`")
    refused(RUNS["array"](), tmp_path / "x.pkl", "A trajectory is saved as `.nc` or `.npz` or `.csv`")
    refused(RUNS["array"](), tmp_path / "no" / "x.csv", "There is no folder")
    refused(RUNS["array"](), tmp_path / "no" / "x.nc", "There is no folder")


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    def fails(name: str, words: str) -> None:
        with pytest.raises(ds.InputError, match=words):
            load(tmp_path / name)

    fails("x.pkl", "`save` writes")
    fails("x.nc", "There is no file")
    for name in ("bad.nc", "bad.npz", "bad.safetensors"):
        (tmp_path / name).write_bytes(b"nonsense" * 9)
    fails("bad.nc", "cannot be loaded")
    fails("bad.npz", "cannot be loaded")
    fails("bad.safetensors", "was not saved by Dynascope")
    np.savez(tmp_path / "foreign.npz", x=np.zeros(3))
    fails("foreign.npz", "was not saved by Dynascope")
    xr.Dataset({"x": ("t", np.zeros(3))}).to_netcdf(tmp_path / "foreign.nc", engine="h5netcdf")
    fails("foreign.nc", "was not saved by Dynascope")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("dynascope.models.canonical:Lorenz", "os:system"), "not one of Dynascope"),
        (("dynascope.models.canonical:Lorenz", "dynascope._config:os"), "not one of Dynascope"),
        (("dynascope.models.canonical:Lorenz", "dynascope.models.canonical:Gone"), "There is no class `Gone`"),
        (("dynascope.models.canonical:Lorenz", "dynascope.models.canonical:Henon"), "saved by another version"),
        (("dynascope.models.canonical:Lorenz", "dynascope.models:facts"), "There is no class `facts`"),
    ],
)
def test_changed_class_is_refused(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    path = save(ds.build("lorenz"), tmp_path / "x.safetensors")
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    head = raw[8 : 8 + length].decode().replace(*change).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + raw[8 + length :])
    with pytest.raises(ds.InputError, match=words):
        load(path)


def test_interrupted_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(RUNS["array"](), tmp_path / "x.npz")
    before = path.read_bytes()

    def stop(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", stop)
    with pytest.raises(KeyboardInterrupt):
        save(RUNS["one component"](), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.npz"]


def test_custom_result_of_another_package_is_refused(tmp_path: Path) -> None:
    class Local(AbstractResult):
        x: Any = output("a")
        result: Any  # pyright: ignore[reportGeneralTypeIssues]
        settings: dict[str, Any] = eqx.field(static=True)  # pyright: ignore[reportGeneralTypeIssues]

        def summary(self) -> str:
            return ""

    refused(Local(x=np.zeros(3), result=ds.RESULTS.successful, settings={}), tmp_path / "x.nc", "cannot be found again")


def test_public_functions_are_at_the_door() -> None:
    assert data.save is save
    assert data.load is load
