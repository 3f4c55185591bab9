"""Wrong inputs: each gets a message that says what to do, exit code 2, and no traceback."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynascope import InputError, build
from dynascope.data import save
from tests.cli.conftest import Outcome


def prepare(folder: Path) -> None:
    """The files that the table names."""
    rng = np.random.default_rng(0)
    wave = np.sin(0.1 * np.arange(500))
    np.save(folder / "wave.npy", wave)
    np.save(folder / "wide.npy", rng.normal(size=(3, 500)))
    np.save(folder / "short.npy", wave[:20])
    np.save(folder / "holes.npy", np.where(np.arange(500) == 7, np.nan, wave))
    np.save(folder / "flat.npy", np.ones(500))
    np.savez(folder / "two.npz", a=wave, b=wave)
    np.savetxt(folder / "pair.csv", rng.normal(size=(50, 2)), delimiter=",")
    (folder / "empty.csv").write_text("")
    (folder / "empty.pt").write_bytes(b"")
    (folder / "broken.npy").write_bytes(b"nonsense")
    (folder / "broken.safetensors").write_bytes(b"nonsense" * 4)
    (folder / "data.pkl").write_bytes(pickle.dumps([1, 2]))
    (folder / "faulty.py").write_text("x = 1\ny = x / 0\n")
    (folder / "syntax.py").write_text("def f(:\n")
    (folder / "nothing.py").write_text("x = 1\n")
    (folder / "notes.txt.bak").write_text("hello")
    save(build("lorenz"), folder / "saved.safetensors")


# The words, and what the message must say: what is wrong, and what to do.
WRONG: list[tuple[str, list[str]]] = [
    ("simulate lorentz", ["no system named `lorentz`", "Did you mean `lorenz`", "dynascope list"]),
    ("simulate HodgkinHuxley", ["Did you mean `hodgkin-huxley`?"]),
    ("simulate lorenz --set rho", ["not of the form NAME=VALUE", "--set I=10"]),
    ("simulate lorenz --set rho=", ["not of the form NAME=VALUE"]),
    ("simulate lorenz --set roh=28", ["no parameter `roh`", "`rho`"]),
    ("simulate lorenz --set rho=28 --set rho=29", ["given twice"]),
    ("simulate lorenz --set rho=high", ["`rho` must be a number", "'high'"]),
    ("simulate lorenz --set rho=nan", ["`rho` must be finite"]),
    ("simulate lorenz --set rho=1,2", ["A list does not fit `rho` of `Lorenz`"]),
    ("simulate hodgkin-huxley --set C=-1", ["`C` must lie in", "-1.0"]),
    ("simulate lorenz --n 10", ["not built by size", "Leave it out"]),
    ("simulate kuramoto --n 0", ["`n`", "at least 1"]),
    ("simulate kuramoto --n 10 --set n=12", ["say the same"]),
    ("simulate kuramoto --set n=2.5", ["whole number"]),
    ("simulate gru --set key=3", ["random key", "--seed"]),
    ("simulate lorenz --y0 1,2", ["has 2 number(s)", "has 3: x, y, z"]),
    ("simulate lorenz --y0 1,two,3", ["'two', which is no number"]),
    ("simulate lorenz --y0 1,2,inf", ["`--y0` must be finite"]),
    ("simulate lorenz --t1 -5", ["`--t1`", "positive", "-5"]),
    ("simulate lorenz --t1 10 --dt 20", ["longer than the run of 10", "shorter `--dt`"]),
    ("simulate lorenz --t1 1e12 --dt 1e-6", ["more than memory", "Raise `--dt`"]),
    ("simulate lorenz --transient=-1", ["`--transient`", "zero or more"]),
    ("simulate henon --t1 10.5", ["steps of a map", "whole"]),
    ("simulate henon --rtol 1e-6", ["error control of flows", "Leave it out"]),
    ("simulate lorenz --rtol 0", ["`--rtol` must be a positive number"]),
    ("simulate lorenz --noise -1", ["`--noise` must be a positive number"]),
    ("simulate lorenz --input 5", ["takes no input", "Leave it out"]),
    ("simulate gru --input pair.csv", ["2 channel(s)", "takes 1", "1 column(s)"]),
    ("simulate gru --input noise:loud", ["'loud', which is no number"]),
    ("simulate gru --input signal.csv", ["`--input signal.csv` does not exist"]),
    ("simulate gru --input loud", ["neither a number nor a recording"]),
    ("simulate hodgkin-huxley --input wave.npy --t1 5", ["interval", "--dt"]),
    ("simulate lorenz --out run.txt", ["must end in one of `.nc`, `.npz`, `.csv`"]),
    ("simulate lorenz --out nowhere/run.nc", ["there is no folder `nowhere`"]),
    ("simulate wave.npy", ["is a recording", "dynascope report wave.npy"]),
    ("simulate lorenz --transpose", ["No such option: --transpose", "dynascope simulate --help"]),
    ("simulate", ["Missing argument", "TARGET"]),
    ("simulate lorenz --t1 soon", ["--t1", "valid number", "dynascope simulate --help"]),
    ("simulat lorenz", ["No such command 'simulat'", "simulate"]),
    ("list --family robots", ["no family `robots`", "neurons"]),
    ("lyapunov lorenz --k 9", ["`k` must lie between 1 and the dimension 3"]),
    ("lyapunov henon --dt 0.1", ["is a map", "Leave `--dt` out"]),
    ("lyapunov lorenz --out spectrum.csv", ["must end in one of `.nc`, `.npz`"]),
    ("fixed-points ornstein-uhlenbeck", ["is noisy"]),
    ("fixed-points lorenz --transient 5", ["needs `--t1`", "Give both"]),
    ("report wave.npy", ["sampling interval", "--dt"]),
    ("report wave.npy --dt -1", ["`dt` must be a positive number"]),
    ("report wave.npy --dt 0.01 --set I=1", ["`--set` applies to a system", "is a recording"]),
    ("report wave.npy --dt 0.01 --y0 1 --t1 5", ["`--y0`, `--t1` applies to a system"]),
    ("report wide.npy --dt 0.01", ["--transpose"]),
    ("report short.npy --dt 0.01", ["20 samples, fewer than"]),
    ("report holes.npy --dt 0.01", ["1 NaN (first at row 7)", "interpolate"]),
    ("report holes.npy --dt 0.01 --missing guess", ["must be one of `interpolate`, `drop`, `longest`"]),
    ("report flat.npy --dt 0.01", ["constant"]),
    ("report two.npz --dt 0.01", ["--variable a"]),
    ("report two.npz --dt 0.01 --variable c", ["`c`", "`a`", "`b`"]),
    ("report empty.csv --dt 0.01", ["empty.csv"]),
    ("report broken.npy --dt 0.01", ["cannot be read as a NumPy array"]),
    ("report .", ["`.` is a folder"]),
    ("report missing.npy --dt 0.01", ["no file `missing.npy`"]),
    ("report waev.npy --dt 0.01", ["Did you mean `wave.npy`?"]),
    ("report data.pkl", ["pickle", "numpy.save"]),
    ("report notes.txt.bak", ["suffix `.bak`, for which there is no reader"]),
    ("report lorenz --variable x", ["`--variable` applies to a recording"]),
    ("report lorenz --budget 5m", ["`--budget` is the time to learn a system from a recording", "Leave it out"]),
    ("report wave.npy --dt 0.01 --budget soon", ["must be a positive time", "`0` for none"]),
    ("report lorenz --prefix rnn", ["`--prefix` applies to a network file"]),
    ("report lorenz --rtol 1e-6", ["fixed step", "`--dt`"]),
    ("report lorenz --out mine.py", ["is a file"]),
    ("report empty.pt", ["empty (0 bytes)"]),
    ("report broken.safetensors", ["not a valid safetensors file"]),
    ("report saved.safetensors --prefix rnn", ["`--prefix` applies to a network file", "a saved system"]),
    ("report saved.safetensors --set roh=1", ["no parameter `roh`"]),
    ("simulate mine.py", ["several systems", "`mine.py:Spring`"]),
    ("simulate mine.py:Sprng", ["no `Sprng`", "Did you mean `Spring`?"]),
    ("simulate mine:Spring", ["Did you mean `mine.py:Spring`?"]),
    ("simulate mine.py:Needy", ["`w` has no default", "--set w="]),
    ("simulate mine.py:Spring --set k=-1", ["`k` must lie in"]),
    ("simulate mine.py:Wrong", ["`vector_field` must return", "jnp.stack"]),
    ("simulate mine.py:Typo", ["`Typo` of `mine.py` does not work (line ", "sine"]),
    ("simulate mine.py:number", ["is a int, not a system"]),
    ("simulate mine.py:unmade", ["returns a int", "must return a system"]),
    ("simulate faulty.py", ["fails when it is imported (line 2)", "ZeroDivisionError"]),
    ("simulate syntax.py", ["fails when it is imported (line 1)", "SyntaxError"]),
    ("simulate nothing.py", ["defines no system"]),
    ("simulate gone.py:Spring", ["no file `gone.py`"]),
]


@pytest.fixture(autouse=True)
def no_report(reporting: Callable[[Callable[..., Any]], None]) -> None:
    """A report that is reached makes the test fail: the input was not refused."""

    def reached(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the report was started")

    reporting(reached)


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[words.replace(" ", "_") for words, _ in WRONG])
def test_wrong_input(words: str, said: list[str], dynascope: Callable[..., Outcome], folder: Path) -> None:
    prepare(folder)
    before = {p.name for p in folder.iterdir()}
    done = dynascope(*words.split())
    assert done.code == 2, done.err
    message = next(line for line in done.err.splitlines() if line.startswith("Error: "))
    for part in said:
        assert part in message
    assert message.endswith((".", "?"))
    assert "Traceback" not in done.err
    assert {p.name for p in folder.iterdir()} - before <= {"__pycache__"}


def test_wrong_input_with_json_is_one_object_too(dynascope: Callable[..., Outcome]) -> None:
    for words in ("simulate lorentz --json", "simulate lorenz --json --foo", "lyapunov mine.py:Sprng --json"):
        done = dynascope(*words.split())
        assert done.code == 2
        assert done.object["exit_code"] == 2
        assert f"Error: {done.object['error']}" in done.err


def test_pickled_module_is_refused_with_the_line_that_saves_it(dynascope: Callable[..., Outcome], folder: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save(torch.nn.GRU(2, 3), folder / "whole.pt")
    done = dynascope("report", "whole.pt")
    assert done.code == 2
    assert "torch.save(model.state_dict()" in done.err


def test_network_file_names_what_it_lacks(dynascope: Callable[..., Outcome], folder: Path) -> None:
    torch = pytest.importorskip("torch")
    prepare(folder)
    torch.save(torch.nn.Linear(2, 3).state_dict(), folder / "linear.pt")
    torch.save(torch.nn.GRU(2, 3, bidirectional=True).state_dict(), folder / "both.pt")
    torch.save(torch.nn.GRU(2, 3).state_dict(), folder / "gru.pt")
    assert "recurrent" in (done := dynascope("report", "linear.pt")).err
    assert done.code == 2
    assert "bidirectional" in (done := dynascope("report", "both.pt")).err
    assert done.code == 2
    assert "`nonlinearity` applies to" in (done := dynascope("report", "gru.pt", "--nonlinearity", "relu")).err
    assert done.code == 2
    assert "1 channel(s), but `GRU` takes 2" in (done := dynascope("simulate", "gru.pt", "--input", "wave.npy")).err
    assert done.code == 2


def test_debug_shows_the_traceback(dynascope: Callable[..., Outcome]) -> None:
    done = dynascope("simulate", "lorentz", "--debug")
    assert done.code == 2
    assert "Traceback" in done.err
    assert InputError.__name__ in done.err


def test_at_least_twenty_five() -> None:
    assert len(WRONG) >= 25
    assert len({words for words, _ in WRONG}) == len(WRONG)
