"""Reports: their numbers, their files, and that the lines of Python on the page do what they say."""

import html
import json
import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from jax.flatten_util import ravel_pytree

import dynascope as ds
from dynascope.models import BCMRule
from dynascope.report._code import origin_of, snippets, written
from dynascope.report._report import plain
from dynascope.report._sentences import measured

#: What the command line promises of `report`, besides the paths.
CONTRACT = {
    "target", "kind", "dimension", "verdict", "attractors",
    "fixed_points", "lyapunov", "seconds", "settings", "versions",
}  # fmt: skip


def codes(page: str) -> list[str]:
    """All lines of Python that a page shows."""
    return [html.unescape(re.sub(r"<[^>]+>", "", c)) for c in re.findall(r"<code[^>]*>(.*?)</code>", page, re.DOTALL)]


def executed(page: str, folder: Path, monkeypatch: Any) -> list[dict[str, Any]]:
    """Run every snippet of a page; all must draw a figure."""
    monkeypatch.chdir(folder)
    scopes = []
    for code in codes(page):
        scope: dict[str, Any] = {}
        exec(compile(code, "page", "exec"), scope)
        assert scope["figure"].axes, code
        scopes.append(scope)
    return scopes


def strict(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def henon() -> Any:
    return ds.report_system(ds.build("henon"), target="henon")


@pytest.fixture(scope="module")
def oscillator() -> Any:
    return ds.report_system(ds.build("van-der-pol", mu=1.5), target="van-der-pol")


def test_numbers_of_a_map(henon):
    out = strict(json.dumps(henon.to_json(), allow_nan=False))
    assert set(out) >= CONTRACT
    assert (out["target"], out["kind"], out["dimension"]) == ("henon", "map", 2)
    assert set(out["verdict"]) == {"regime", "confidence", "evidence", "attributes"}
    assert out["verdict"]["regime"] == "chaos"
    assert len(out["fixed_points"]) == 2
    assert set(out["fixed_points"][0]) == {"state", "eigenvalues", "stability", "residual"}
    lyapunov = out["lyapunov"]
    contract = {"exponents", "stderr", "converged", "kaplan_yorke", "entropy_rate", "unit"}
    assert set(lyapunov) >= contract
    assert abs(lyapunov["exponents"][0] - 0.4192) < 3 * lyapunov["stderr"][0] + 1e-4
    assert sum(lyapunov["exponents"]) == pytest.approx(np.log(0.3), abs=1e-9)
    assert out["attractors"][0]["share"] == 1.0
    assert out["seconds"] > 0
    assert {"python", "jax", "dynascope"} <= set(out["versions"])
    assert out["settings"]["parameters"] == {"a": "1.4", "b": "0.3"}


def test_sentence_says_what_the_verdict_says(henon, oscillator):
    assert henon.sentence.startswith("henon is chaotic: nearby states separate at a rate of 0.4")
    assert "settles on a limit cycle with a period of" in oscillator.sentence
    period = oscillator.attractors[0]["period"]
    assert f"{period:.3f}" in oscillator.sentence
    assert oscillator.summary().startswith(oscillator.sentence)
    assert "verdict: limit cycle (confidence 0." in oscillator.summary()


def test_files(oscillator, tmp_path):
    paths = oscillator.save(tmp_path / "new" / "folder")
    assert set(paths) == {"page", "json", "nc"}
    assert strict(Path(paths["json"]).read_text(encoding="utf-8")) == oscillator.to_json()
    with xr.open_datatree(paths["nc"], engine="h5netcdf") as tree:
        run = oscillator.results["trajectory"]
        np.testing.assert_array_equal(tree["trajectory"]["x"].values, np.asarray(run.flat)[:, 0])
        np.testing.assert_array_equal(tree["trajectory"]["time"].values, np.asarray(run.ts))
        np.testing.assert_array_equal(tree["lyapunov"]["exponents"].values, oscillator.results["lyapunov"].exponents)
        np.testing.assert_array_equal(tree["fixed_points"]["states"].values, oscillator.results["fixed_points"].states)
        np.testing.assert_array_equal(tree["attractors"]["shares"].values, oscillator.results["attractors"].shares)
    page = Path(paths["page"]).read_text(encoding="utf-8")
    assert page == oscillator.html()
    assert "default-src 'none'" in page
    assert not re.search(r"""(src|href)=["']?https?:""", page)


def test_snippets_of_a_map_run_and_give_the_numbers_of_the_page(henon, tmp_path, monkeypatch):
    scopes = executed(henon.html(), tmp_path, monkeypatch)
    assert len(scopes) >= 4
    runs = [np.asarray(s["run"].flat) for s in scopes if "start" in s and "run" in s]
    np.testing.assert_array_equal(runs[0], np.asarray(henon.results["orbit"].flat))
    (points,) = [s["points"] for s in scopes if "points" in s]
    assert len(points) == 2
    (exponents,) = [s["exponents"] for s in scopes if "exponents" in s]
    found = henon.results["lyapunov"]
    assert abs(exponents.exponents[0] - found.exponents[0]) < 4 * np.hypot(exponents.stderr[0], found.stderr[0])


@pytest.mark.slow
def test_snippets_of_a_flow_run_and_give_the_series_of_the_page(oscillator, tmp_path, monkeypatch):
    scopes = executed(oscillator.html(), tmp_path, monkeypatch)
    shown = oscillator.results["trajectory"]
    np.testing.assert_allclose(np.asarray(scopes[0]["run"].flat), np.asarray(shown.flat), atol=1e-9)
    np.testing.assert_array_equal(np.asarray(scopes[0]["run"].ts), np.asarray(shown.ts))
    long = next(s["run"] for s in scopes if "start" in s and "run" in s)
    np.testing.assert_allclose(np.asarray(long.flat), np.asarray(oscillator.results["orbit"].flat), atol=1e-6)


class Leak(ds.AbstractMap):
    """x' = x / 2 + u + a cubic that keeps it bounded."""

    def initial_state(self):
        return jnp.zeros(2)

    def input_size(self):
        return 1

    def step(self, n, y, u):
        del n
        return jnp.tanh(0.5 * y + u[0] * jnp.array([1.0, 0.5]))

    def region(self):
        return ds.Box(-jnp.ones(2), jnp.ones(2))


def test_driven_system_of_a_user():
    """The page defines the input and the initial state, and says that it cannot define the system."""
    noise = ds.systems.Noise(jax.random.key(7), std=0.5)
    made = ds.report_system(Leak(), inputs=noise, y0=jnp.array([0.1, -0.2]), key=jax.random.key(2))
    assert made.verdict.regime == "contracting"
    assert "become alike at a rate of 0." in made.sentence
    assert made.target == "Leak"
    assert made.to_json()["settings"]["input"].startswith("ds.systems.Noise(")
    shown = codes(made.html())
    assert shown
    for code in shown:
        assert "# `system` is the Leak that was reported on" in code
        assert "inputs = ds.systems.Noise(key=jax.random.key(7), std=0.5)" in code
    scope: dict[str, Any] = {"system": Leak()}
    exec(compile(shown[0], "page", "exec"), scope)
    np.testing.assert_array_equal(np.asarray(scope["run"].flat), np.asarray(made.results["trajectory"].flat))
    told = ds.report_system(Leak(), inputs=noise, origin="system = Leak()\ninputs = None  # as given")
    assert "ds.systems.Noise" not in codes(told.html())[0]


def test_what_escapes_is_reported(tmp_path):
    """No attractor, a trajectory that ends early: still a page and strict JSON."""
    made = ds.report_system(ds.build("henon", a=5.0), target="henon")
    assert made.verdict.regime == "unbounded"
    assert made.sentence == "henon has no attractor: from every start tried, its state runs away to infinity."
    out = strict(Path(made.save(tmp_path)["json"]).read_text(encoding="utf-8"))
    assert out["attractors"] == []
    assert out["lyapunov"] == {}
    assert all("system = ds.build('henon', a=5.0)" in code for code in codes(made.html()))


def test_rest_is_reported():
    made = ds.report_system(ds.build("logistic", r=2.5), target="logistic")
    assert made.sentence == "logistic comes to rest at a fixed point."
    assert made.to_json()["lyapunov"]["exponents"][0] == pytest.approx(np.log(0.5), abs=1e-6)


def test_arguments_that_do_not_fit():
    with pytest.raises(ds.InputError, match="`t1` must be a positive time"):
        ds.report_system(ds.build("henon"), t1=-1.0)
    with pytest.raises(ds.InputError, match="takes no input"):
        ds.report_system(ds.build("henon"), inputs=1.0)


def lorenz_recording(seconds: float = 60.0) -> Any:
    run = ds.trajectory(ds.build("lorenz"), None, np.linspace(0.0, seconds + 20, round((seconds + 20) / 0.02) + 1))
    return np.asarray(run.flat)[1000:, 0]


@pytest.mark.slow
@pytest.mark.parametrize(("what", "budget"), [("lorenz", 3.0), ("noise", 0.0)])
def test_report_on_a_recording(what, budget, tmp_path, monkeypatch):
    values = lorenz_recording() if what == "lorenz" else np.random.default_rng(3).standard_normal(3000)
    file = tmp_path / "data.npy"
    np.save(file, values)
    made = ds.report_recording(ds.read_recording(file, dt=0.02), target=str(file), budget=budget, seed=1)
    out = strict(Path(made.save(tmp_path)["json"]).read_text(encoding="utf-8"))
    assert set(out) >= CONTRACT
    assert (out["kind"], out["dimension"]) == ("recording", 1)
    assert out["verdict"]["regime"] == ("chaos" if what == "lorenz" else "noise")
    assert ("looks chaotic" if what == "lorenz" else "filtered noise") in made.sentence
    if what == "lorenz":
        assert made.results["exponent"].exponent == pytest.approx(0.9056, rel=0.3)
    with xr.open_datatree(tmp_path / "report.nc", engine="h5netcdf") as tree:
        assert set(tree.children) == set(made.results)
    scopes = executed(made.html(), tmp_path, monkeypatch)
    assert len(scopes) >= 4
    np.testing.assert_allclose(scopes[0]["recording"].values[:, 0], values)


def test_lines_that_make_a_system():
    def again(code: str) -> Any:
        scope: dict[str, Any] = {"ds": ds, "np": np, "jax": jax}
        exec(code, scope)
        return scope["system"]

    assert origin_of(ds.build("lorenz"), "lorenz") == "system = ds.build('lorenz')"
    changed = ds.build("lorenz", rho=99.65)
    assert origin_of(changed, "lorenz") == "system = ds.build('lorenz', rho=99.65)"
    few: Any = ds.build("linear-flow").replace(A=jnp.array([[0.0, 2.0], [-2.0, -0.1]]))
    np.testing.assert_array_equal(again(origin_of(few, "linear-flow")).A, few.A)
    # Drawn with another key, or reported under another name: the page cannot know the lines.
    drawn = ds.build("rate-network", n=20, key=jax.random.key(5))
    assert origin_of(drawn, "rate-network").startswith("# `system` is the ")
    assert origin_of(changed, "mine.py:Lorenz").startswith("# `system` is the Lorenz that was reported on")


@pytest.mark.parametrize(
    "value",
    [
        ds.systems.Sine(amplitude=2.0, period=3.0),
        ds.systems.Noise(jax.random.key(3), 2, std=0.1),
        ds.systems.Recorded(np.arange(6.0).reshape(3, 2), dt=0.5, cyclic=True),
        ds.systems.Constant(np.array([1.0, 2.0])),
        ds.systems.Pieces.steps([1.0, 2.0], [0.0, 3.0, 0.0]),
        ds.systems.Ramp(0.0, 2.0, 1.0, 5.0) + ds.systems.Sine(period=3.0),
        ds.solve.RK4(0.01),
        ds.solve.LocatedEvents(ds.solve.RK4(0.02), max_events=16),
    ],
)
def test_written_values_come_back(value):
    code = written(value)
    assert code is not None
    again = eval(code, {"ds": ds, "np": np, "jax": jax})
    assert type(again) is type(value)
    for a, b in zip(jax.tree.leaves(again), jax.tree.leaves(value), strict=True):
        keys = jnp.issubdtype(a.dtype, jax.dtypes.prng_key)
        one, other = (jax.random.key_data(x) if keys else x for x in (a, b))
        np.testing.assert_array_equal(one, other)


def test_long_recordings_are_not_written_out():
    assert written(ds.systems.Recorded(np.zeros((1000, 1)))) is None


def test_plain_values():
    messy = {"a": np.float64("nan"), "b": (np.int64(3), np.True_), "c": np.array([1.0, np.inf]), 4: jnp.arange(2)}
    assert plain(messy) == {"a": None, "b": [3, True], "c": [1.0, None], "4": [0, 1]}
    assert plain(1 + 2j) == "(1+2j)"


@pytest.mark.parametrize(
    ("value", "error", "unit", "text"),
    [
        (0.90561, 0.0049, "1", "0.9056 ± 0.0049"),
        (14.6363, 0.01, "ms", "14.636 ± 0.010 ms"),
        (2.0, None, "1", "2"),
        (float("nan"), 0.1, "1", "unknown"),
        (3.0, float("inf"), "1", "3"),
        (123.4, 25.0, "1", "123 ± 25"),
    ],
)
def test_measured_values(value, error, unit, text):
    assert measured(value, error, unit) == text


def test_a_state_of_unequal_parts_is_resumed_whole() -> None:
    rule = BCMRule()
    start = np.array([2.0, 0.0, 2.0])
    said = snippets(rule, origin="", y0=None, inputs=None, key=jax.random.key(0), solver=None, start=start)
    scope: dict[str, Any] = {"system": rule, "np": np, "ravel_pytree": ravel_pytree}
    exec(said.resume, scope)
    assert jax.tree.structure(scope["start"]) == jax.tree.structure(rule.initial_state())
    np.testing.assert_array_equal(ravel_pytree(scope["start"])[0], start)
