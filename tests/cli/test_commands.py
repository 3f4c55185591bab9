"""The commands: what they print, write and return, against what the library says."""

import dataclasses
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import xarray as xr

import dynascope as ds
from dynascope.data import load, read_recording, save
from tests.cli.conftest import Outcome

Run = Callable[..., Outcome]


def test_list_has_every_system(dynascope: Run) -> None:
    listed = dynascope("list", "--json").object["systems"]
    assert [entry["name"] for entry in listed] != []
    assert {entry["name"] for entry in listed} == set(ds.models.names())
    assert all(set(entry) == {"name", "kind", "dimension", "family", "reference"} for entry in listed)


def test_list_is_grouped_and_aligned(dynascope: Run) -> None:
    lines = dynascope("list").out.splitlines()
    families = [line for line in lines if line and not line.startswith(" ")][:-1]
    assert families == sorted(families)
    rows = [line for line in lines if line.startswith("  ") and not line.startswith("  Regime")]
    column = rows[0].index(" map ")
    kinds = {line[column:].split("  ")[0].strip() for line in rows}
    assert kinds <= {"flow", "map", "sde", "random map", "hybrid", "delay flow"}
    one = dynascope("list", "--family", "canonical")
    assert "henon" in one.out
    assert "hodgkin-huxley" not in one.out


def test_version(dynascope: Run) -> None:
    assert dynascope("--version").out == f"{ds.__version__}\n"


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_help_names_the_commands(words: tuple[str, ...], dynascope: Run) -> None:
    done = dynascope(*words)
    assert done.code == 0
    for command in ("list", "report", "simulate", "lyapunov", "fixed-points", "study"):
        assert command in done.out
    assert "..." not in done.out.split("Commands:")[1]


COMMON = "--set --n --y0 --t1 --dt --transient --rtol --input --seed --out --json --quiet --debug"


@pytest.mark.parametrize("command", ["report", "simulate", "lyapunov", "fixed-points"])
def test_common_options_are_everywhere(command: str, dynascope: Run) -> None:
    words = set(dynascope(command, "--help").out.replace(",", " ").split())
    assert set(COMMON.split()) <= words


def test_simulate_writes_what_trajectory_gives(dynascope: Run, folder: Path) -> None:
    done = dynascope("simulate", "lorenz", "--t1", "2", "--dt", "0.01", "--set", "rho=20", "--y0", "1,2,3", "--json")
    facts = done.object
    assert done.code == 0
    assert (facts["file"], facts["shape"], facts["names"]) == ("lorenz.nc", [201, 3], ["x", "y", "z"])
    assert (facts["t0"], facts["t1"], facts["kind"]) == (0.0, 2.0, "flow")
    run = load(folder / "lorenz.nc")
    ts = 0.01 * np.arange(201)
    wanted = ds.trajectory(ds.build("lorenz", rho=20.0), jax.numpy.array([1.0, 2.0, 3.0]), ts)
    np.testing.assert_array_equal(run.ys, wanted.ys)
    np.testing.assert_array_equal(run.ts, ts)
    with xr.open_dataset("lorenz.nc", engine="h5netcdf") as stored:
        assert [n for n, v in stored.data_vars.items() if v.ndim] == ["x", "y", "z"]


@pytest.mark.parametrize("suffix", [".nc", ".npz", ".csv"])
def test_simulate_writes_three_formats(suffix: str, dynascope: Run) -> None:
    done = dynascope("simulate", "hodgkin-huxley", "--set", "I=10", "--t1", "5", "--out", f"v{suffix}")
    assert done.code == 0, done.err
    assert "t = 0 to 5 ms" in done.out
    found = load("v.npz") if suffix == ".npz" else read_recording(f"v{suffix}")
    assert found.names[0] == "V"
    assert found.units[0] == "mV"
    assert found.time_unit == "ms"


def test_simulate_steps_and_tolerance(dynascope: Run) -> None:
    # x'' = -4 x from (1, 0): x = cos(2 t).
    errors = []
    for rtol in ("1e-3", "1e-10"):
        words = ("simulate", "mine.py:Spring", "--t1", "10", "--dt", "10", "--rtol", rtol, "--out", "s.npz")
        assert dynascope(*words).code == 0
        errors.append(abs(float(load("s.npz").ys[-1, 0]) - math.cos(20.0)))
    assert errors[1] < 1e-7 < 1e-4 * errors[0] + 1e-6
    assert errors[0] > 100 * errors[1]


def test_transient_is_left_out(dynascope: Run) -> None:
    dynascope("simulate", "lorenz", "--t1", "3", "--dt", "0.5", "--out", "whole.npz")
    facts = dynascope(
        "simulate", "lorenz", "--t1", "2", "--transient", "1", "--dt", "0.5", "--out", "late.npz", "--json"
    ).object
    assert (facts["t0"], facts["t1"], facts["shape"]) == (1.0, 3.0, [5, 3])
    # Chaos is slow to tell: within three time units the same orbit to the tolerance.
    np.testing.assert_allclose(load("late.npz").ys, load("whole.npz").ys[2:], rtol=1e-5)


def test_events_of_the_transient_are_left_out(dynascope: Run) -> None:
    words = ("simulate", "leaky-integrate-and-fire", "--dt", "1", "--t1", "50")
    dynascope(*words, "--transient", "100", "--out", "late.npz")
    times = load("late.npz").events.of(0)
    assert len(times)
    assert times.min() >= 100.0
    dynascope(*words[:4], "--t1", "150", "--out", "whole.npz")
    whole = load("whole.npz").events.of(0)
    np.testing.assert_allclose(times, whole[whole >= 100.0], rtol=1e-6)


def test_maps_count_steps(dynascope: Run) -> None:
    facts = dynascope("simulate", "henon", "--t1", "10", "--transient", "4", "--dt", "2", "--json").object
    assert (facts["t0"], facts["t1"], facts["shape"], facts["time_unit"]) == (4, 14, [6, 2], "step")


def test_seed_decides_noise_and_draws(dynascope: Run) -> None:
    def values(target: str, *words: str) -> np.ndarray:
        assert dynascope("simulate", target, "--t1", "5", "--out", "x.npz", *words).code == 0
        return np.asarray(load("x.npz").flat)

    for target, more in (("ornstein-uhlenbeck", ()), ("gru", ("--n", "4"))):
        one, again, other = (values(target, *more, "--seed", s) for s in ("1", "1", "2"))
        np.testing.assert_array_equal(one, again)
        assert not np.array_equal(one, other)
    assert values("rate-network", "--n", "7").shape[1] == 7


def test_observation_noise_has_the_size_asked_for(dynascope: Run) -> None:
    words = ("simulate", "lorenz", "--t1", "100", "--dt", "0.01")
    dynascope(*words, "--out", "clean.npz")
    dynascope(*words, "--noise", "0.1", "--out", "noisy.npz")
    clean, noisy = np.asarray(load("clean.npz").flat), np.asarray(load("noisy.npz").flat)
    ratio = (noisy - clean).std(axis=0) / clean.std(axis=0)
    # 10001 draws: the error of a standard deviation is 0.7 %.
    np.testing.assert_allclose(ratio, 0.1, rtol=0.03)


def test_observe_writes_the_readout(dynascope: Run) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            torch.nn.Module.__init__(self)
            self.rnn = torch.nn.GRU(1, 4, batch_first=True).double()
            self.out = torch.nn.Linear(4, 2).double()

    net = Net()
    torch.save(net.state_dict(), "net.pt")
    signal = np.sin(0.3 * np.arange(40))
    np.save("drive.npy", signal)
    words = ("simulate", "net.pt", "--input", "drive.npy", "--observe", "--t1", "30", "--out", "o.npz")
    done = dynascope(*words, "--json")
    assert done.object["names"] == ["observed0", "observed1"]
    assert "Note: The input has 40 samples" in done.err
    with torch.no_grad():
        hidden, _ = net.rnn(torch.tensor(signal)[None, :, None])
        wanted = net.out(hidden)[0].numpy()
    # The state at step n has seen the inputs 0 to n - 1.
    np.testing.assert_allclose(load("o.npz").ys[1:], wanted[:30], atol=1e-12)


def test_input_number_and_noise(dynascope: Run) -> None:
    def activity(*words: str) -> np.ndarray:
        assert dynascope("simulate", "gru", "--n", "3", "--t1", "50", "--out", "x.npz", *words).code == 0
        return np.asarray(load("x.npz").flat)

    silent, constant, noisy = activity(), activity("--input", "2.5"), activity("--input", "noise:0.5")
    # Other programs, other rounding; the network is weakly chaotic.
    np.testing.assert_allclose(activity("--input", "0"), silent, atol=1e-9)
    np.testing.assert_allclose(activity("--input", "noise:0"), silent, atol=1e-9)
    assert not np.array_equal(constant, silent)
    assert not np.array_equal(noisy, silent)


def test_own_systems(dynascope: Run) -> None:
    for target, rate in (("mine.py:Spring", 2.0), ("mine.py:made", 3.0)):
        done = dynascope("simulate", target, "--t1", "1", "--dt", "1", "--out", "x.npz", "--json")
        assert done.object["shape"] == [2, 2]
        assert "importing" in done.err
        np.testing.assert_allclose(load("x.npz").flat[-1, 0], math.cos(rate), atol=1e-7)
    dynascope("simulate", "mine.py:decay", "--set", "p.rate=2", "--t1", "1", "--dt", "1", "--out", "x.npz")
    np.testing.assert_allclose(load("x.npz").flat[-1, 0], math.exp(-2), atol=1e-7)
    assert dynascope("simulate", "mine.py:Needy", "--set", "w=1", "--t1", "1", "--quiet").code == 0
    assert not any("clitry" in p or p == os.getcwd() for p in sys.path)


def test_saved_systems_are_targets(dynascope: Run) -> None:
    save(ds.build("lorenz", rho=0.5), "rest.safetensors")
    facts = dynascope("fixed-points", "rest.safetensors", "--json").object
    assert [p["stability"] for p in facts["fixed_points"]] == ["stable node"]
    three = dynascope("fixed-points", "rest.safetensors", "--set", "rho=28", "--json").object
    assert len(three["fixed_points"]) == 3


def test_saved_own_class_needs_source(dynascope: Run) -> None:
    from dynascope.data._python_file import system_from_file

    save(system_from_file("mine.py", "Spring")[0], "spring.safetensors")
    done = dynascope("simulate", "spring.safetensors", "--t1", "1")
    assert done.code == 2
    assert "--source mine.py:Spring" in done.err
    assert dynascope("simulate", "spring.safetensors", "--t1", "1", "--source", "mine.py:Spring").code == 0


def test_lyapunov_of_henon(dynascope: Run) -> None:
    done = dynascope("lyapunov", "henon", "--t1", "20000", "--json", "--out", "spectrum.nc")
    facts = done.object
    one, two = facts["exponents"]
    assert one + two == pytest.approx(math.log(0.3), abs=1e-9)
    assert abs(one - 0.41922) < 4 * facts["stderr"][0]
    assert facts["unit"] == "nats per step"
    assert facts["kaplan_yorke"] == pytest.approx(1 + one / -two, abs=1e-3)
    assert facts["entropy_rate"] == pytest.approx(one)
    assert facts["settings"]["versions"]["dynascope"] == ds.__version__
    assert load("spectrum.nc").exponents.tolist() == facts["exponents"]
    text = dynascope("lyapunov", "henon", "--t1", "20000").out
    assert "Kaplan-Yorke dimension" in text
    assert "nats per step" in text


def test_lyapunov_tells_when_a_sign_is_not_known(dynascope: Run) -> None:
    # At r = 3 the logistic map doubles its period: the exponent is nil, and no run can say so.
    facts = dynascope("lyapunov", "logistic", "--set", "r=3", "--t1", "500", "--json").object
    (doubt,) = [note for note in facts["notes"] if "not known" in note]
    assert doubt.startswith("The sign of exponent 1 is")
    assert doubt in dynascope("lyapunov", "logistic", "--set", "r=3", "--t1", "500").out
    facts = dynascope("lyapunov", "henon", "--t1", "20000", "--json").object
    assert not [note for note in facts["notes"] if "not known" in note]
    assert abs(facts["twin"] - facts["exponents"][0]) < 5 * (facts["twin_stderr"] + facts["stderr"][0])


def test_lyapunov_of_a_spring_at_a_given_step(dynascope: Run) -> None:
    # Eigenvalues +-2i: both exponents are zero, up to the damping of RK4, (2 dt)^6 / 144 / dt.
    facts = dynascope("lyapunov", "mine.py:Spring", "--dt", "0.01", "--t1", "100", "--transient", "1", "--json").object
    assert facts["settings"]["step"] == pytest.approx(0.01)
    np.testing.assert_allclose(facts["exponents"], 0.0, atol=0.02)
    assert sum(facts["exponents"]) == pytest.approx(0.0, abs=1e-6)
    assert len(dynascope("lyapunov", "mine.py:Spring", "--k", "1", "--t1", "100", "--json").object["exponents"]) == 1


def test_minus_infinity_is_null_with_a_note(dynascope: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def wiped_out(system: Any, **asked: Any) -> Any:
        spectrum = ds.lyapunov_spectrum(system, duration=asked["duration"])
        return dataclasses.replace(spectrum, exponents=np.array([-0.5, -np.inf]))

    monkeypatch.setattr("dynascope.cli._commands.lyapunov_spectrum", wiped_out)
    facts = dynascope("lyapunov", "henon", "--t1", "200", "--json").object
    assert facts["exponents"] == [-0.5, None]
    assert any("minus infinity" in note for note in facts["notes"])
    assert "-inf" in dynascope("lyapunov", "henon", "--t1", "200").out


def test_fixed_points_of_lorenz(dynascope: Run) -> None:
    facts = dynascope("fixed-points", "lorenz", "--json", "--out", "points.npz").object
    found = sorted(p["state"] for p in facts["fixed_points"])
    c = math.sqrt(8 / 3 * 27)
    np.testing.assert_allclose(found, [[-c, -c, 27], [0, 0, 0], [c, c, 27]], atol=1e-9)
    origin = min(facts["fixed_points"], key=lambda p: abs(p["state"][2]))
    assert origin["stability"] == "saddle"
    largest = (-11 + math.sqrt(121 + 4 * 10 * 27)) / 2
    assert max(re for re, _ in origin["eigenvalues"]) == pytest.approx(largest)
    assert all(p["residual"] < 1e-9 for p in facts["fixed_points"])
    assert facts["names"] == ["x", "y", "z"]
    assert len(load("points.npz")) == 3
    text = dynascope("fixed-points", "lorenz").out
    assert "saddle focus" in text
    assert "x = 0, y = 0, z = 0" in text


def test_fixed_points_start_from_visited_states(dynascope: Run) -> None:
    plain = dynascope("fixed-points", "gru", "--n", "4", "--json").object
    more = dynascope("fixed-points", "gru", "--n", "4", "--t1", "100", "--json").object
    one = dynascope("fixed-points", "gru", "--n", "4", "--y0", "0,0,0,0", "--json").object
    starts = [x["settings"]["starts"] for x in (plain, more, one)]
    assert starts == [256, 256 + 101, 257]


def test_no_fixed_point_is_an_answer(dynascope: Run) -> None:
    Path("drift.py").write_text(
        "import jax.numpy as jnp\nimport dynascope as ds\nsystem = ds.flow(lambda t, y, p: 1 + y**2, [0.0])\n"
    )
    done = dynascope("fixed-points", "drift.py", "--json")
    assert (done.code, done.object["fixed_points"]) == (0, [])


def test_divergence_is_3_and_keeps_what_was_reached(dynascope: Run) -> None:
    done = dynascope("simulate", "mine.py:Explosion", "--t1", "2", "--dt", "0.01", "--json")
    assert done.code == 3
    assert "Error: The state became infinite" in done.err
    facts = done.object
    assert facts["result"].startswith("The state became infinite")
    run = load(facts["file"])
    assert 0.97 < run.ts[-1] < 1.01  # x = 1 / (1 - t)
    np.testing.assert_allclose(run.flat[:90, 0], 1 / (1 - run.ts[:90]), rtol=1e-5)
    assert not run.successful


def test_divergence_of_an_analysis_is_3(dynascope: Run) -> None:
    done = dynascope("lyapunov", "mine.py:Explosion", "--dt", "0.01", "--transient", "2", "--t1", "1", "--json")
    assert done.code == 3
    assert done.object["exit_code"] == 3
    assert "became infinite" in done.object["error"]


def test_interrupt_keeps_what_is_done(dynascope: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import dynascope.solve._trajectory as driver

    calls = []
    advance = vars(driver)["_advance"]

    def stopping(*args: Any) -> Any:
        calls.append(1)
        if len(calls) > 2:
            raise KeyboardInterrupt
        return advance(*args)

    monkeypatch.setattr(driver, "_advance", stopping)
    monkeypatch.setattr(driver, "_CHUNK", 30)
    done = dynascope("simulate", "lorenz", "--t1", "1", "--dt", "0.01", "--json")
    assert done.code == 130
    assert done.object["shape"] == [21, 3]
    assert "Interrupted: what was finished is kept." in done.err
    assert load("lorenz.nc").ts[-1] == pytest.approx(0.2)


def test_interrupt_elsewhere_is_130(dynascope: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dynascope.cli._commands.lyapunov_spectrum", stop)
    done = dynascope("lyapunov", "henon", "--json")
    assert done.code == 130
    assert done.object == {"error": "Interrupted.", "exit_code": 130}


def test_a_fault_of_ours_is_3_without_traceback(dynascope: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("dynascope.cli._commands.lyapunov_spectrum", broken)
    done = dynascope("lyapunov", "henon")
    assert done.code == 3
    assert "Unexpected ZeroDivisionError: oh" in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in dynascope("lyapunov", "henon", "--debug").err


class Fake:
    """A report that remembers what it was asked."""

    def __init__(self, **asked: Any) -> None:
        self.asked = asked

    def summary(self) -> str:
        return "It is chaotic."

    def to_json(self) -> dict[str, Any]:
        return {"target": self.asked["target"], "verdict": {"regime": "chaos"}}

    def save(self, folder: str) -> dict[str, str]:
        return {name: f"{folder}/report.{name}" for name in ("page", "json", "nc")}


@pytest.fixture
def asked(reporting: Callable[[Callable[..., Any]], None]) -> list[tuple[Any, dict[str, Any]]]:
    """What the reports were asked, in order."""
    seen: list[tuple[Any, dict[str, Any]]] = []

    def report(value: Any, **asked: Any) -> Fake:
        seen.append((value, asked))
        return Fake(**asked)

    reporting(report)
    return seen


def test_report_passes_everything_on(dynascope: Run, asked: list[Any]) -> None:
    words = "--set I=10 --y0 -60,0.1,0.5,0.3 --t1 50 --transient 20 --dt 0.01 --input 1.5 --seed 4 --out here"
    done = dynascope("report", "hodgkin-huxley", *words.split(), "--json")
    assert done.code == 0, done.err
    facts = done.object
    assert (facts["page"], facts["verdict"]["regime"]) == ("here/report.page", "chaos")
    ((system, options),) = asked
    assert float(system.I) == 10.0
    assert np.asarray(jax.tree.leaves(options["y0"])[0]).ravel()[0] == -60.0
    assert (options["t1"], options["transient"], options["target"]) == (50.0, 20.0, "hodgkin-huxley")
    assert float(options["solver"].dt) == 0.01
    assert options["inputs"](0.0).tolist() == [1.5]
    assert jax.random.key_data(options["key"]).tolist() == jax.random.key_data(jax.random.key(4)).tolist()


def test_report_of_a_recording(dynascope: Run, asked: list[Any]) -> None:
    values = np.sin(0.1 * np.arange(300))
    values[7] = np.nan
    np.save("wave.npy", np.stack([values, values]))
    words = "--dt 0.01 --transpose --missing interpolate --seed 2 --budget 2m"
    done = dynascope("report", "wave.npy", *words.split())
    assert done.code == 0, done.err
    assert "It is chaotic." in done.out
    assert "wave-report/report.page" in done.out
    ((recording, options),) = asked
    assert recording.shape == (300, 2)
    assert (recording.dt, options["seed"], options["budget"]) == (0.01, 2, 120.0)
    made = eval(options["origin"].removeprefix("recording = "), {"ds": ds})
    np.testing.assert_array_equal(made.values, recording.values)


def test_report_of_a_network_says_what_it_assumed(dynascope: Run, asked: list[Any]) -> None:
    torch = pytest.importorskip("torch")
    torch.save(torch.nn.RNN(2, 3).state_dict(), "rnn.pt")
    done = dynascope("report", "rnn.pt", "--set", "gain=1.5")
    assert "Note: `nonlinearity` tanh is assumed" in done.err
    assert dynascope("report", "rnn.pt", "--quiet", "--nonlinearity", "relu").err == ""
    (system, options), (other, quiet) = asked
    assert float(system.gain) == 1.5
    assert any("tanh is assumed" in note for note in options["notes"])
    assert not any("assumed" in note for note in quiet["notes"])
    scope: dict[str, Any] = {"ds": ds}
    exec(options["origin"], scope)
    assert type(scope["system"]) is type(system)
    assert float(scope["system"].gain) == 1.5
    assert other.nonlinearity == "relu"


@pytest.mark.slow
def test_report_end_to_end(dynascope: Run, folder: Path) -> None:
    facts = dynascope("report", "mine.py:Spring", "--set", "k=1", "--out", "spring", "--json", "--quiet").object
    keys = "target kind dimension verdict attractors fixed_points lyapunov seconds settings versions page"
    assert set(keys.split()) <= set(facts)
    assert {"regime", "confidence", "evidence"} <= set(facts["verdict"])
    # A spring without friction keeps its energy: it has no attractor.
    assert facts["verdict"]["regime"] == "conservative"
    for kind in ("page", "json", "nc"):
        assert (folder / facts[kind]).stat().st_size > 0
    np.save("wave.npy", np.sin(0.1 * np.arange(3000)))
    done = dynascope("report", "wave.npy", "--dt", "0.1", "--json", "--quiet")
    assert done.object["verdict"]["regime"] == "limit cycle"


def test_quiet_is_silent_on_standard_error(dynascope: Run) -> None:
    assert dynascope("simulate", "gru", "--n", "3", "--t1", "5", "--quiet").err == ""


SLOW = ("jax", "equinox", "diffrax", "torch", "scipy", "xarray", "matplotlib", "plotly", "numpy", "rich")


@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["--help"], ["report", "--help"], ["--version"]])
def test_quick_answers_load_neither_jax_nor_models(words: list[str]) -> None:
    code = (
        "import sys\nfrom dynascope.cli import main\n"
        f"code = main({words!r})\n"
        f"slow = [m for m in {SLOW} if m in sys.modules]\n"
        "slow += [m for m in sys.modules if m.startswith('dynascope.models.') and m.count('.') > 2]\n"
        "print(code, slow, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "0 []"


def test_module_is_the_command(folder: Path) -> None:
    words = [sys.executable, "-m", "dynascope", "simulate", "mine.py:Explosion", "--t1", "2", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 3
    assert json.loads(done.stdout)["names"] == ["y0"]
    assert "Traceback" not in done.stderr


def test_closed_pipe_is_no_error(folder: Path) -> None:
    words = f"{sys.executable} -m dynascope list | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0"
