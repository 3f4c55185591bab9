"""What is left after a fault: all that was finished, the same bits, and at most the units in flight twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import dynascope as ds
from dynascope import ComputationFailed, InputError
from dynascope.sweep import InProcess, Processes, Range, open_sweep, sweep
from tests.sweep import functions, runner

LOGISTIC = ds.build("logistic")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the points that were computed are noted."""
    monkeypatch.setenv("SWEEP_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """What the sweep of `runner` gives when nothing happens to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEP_LOG", str(tmp_path_factory.mktemp("log") / "log"))
        return runner.run(None, InProcess())


def counted(log: Path) -> Counter[str]:
    return Counter(log.read_text().split()) if log.exists() else Counter()


def started(store: Path, engine: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.sweep.runner", str(store), engine]
    process = subprocess.Popen(command, cwd=ROOT)
    _STARTED.append(process)
    return process


_STARTED: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """No process outlives its test."""
    yield
    while _STARTED:
        process = _STARTED.pop()
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], *, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "The process ended before the fault."
        assert time.monotonic() < end, "The process did not get so far."
        time.sleep(0.01)


@pytest.mark.parametrize("engine", ["here", pytest.param("processes", marks=pytest.mark.slow)])
def test_killed_at_any_moment_it_goes_on(engine: str, tmp_path: Path, log: Path, undisturbed: xr.Dataset) -> None:
    store = tmp_path / "a.zarr"
    for points in (3, 60):
        before = sum(counted(log).values())
        process = started(store, engine)
        wait_for(lambda at=before + points: sum(counted(log).values()) >= at, process)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        time.sleep(1.0)  # worker processes see that they are alone
    kept = int((open_sweep(store).status == 1).sum())
    assert kept >= 30
    before = counted(log)
    found = runner.run(store, InProcess())
    assert found.identical(undisturbed)
    again = counted(log)
    assert sum((again - before).values()) == 150 - kept
    in_flight = runner.BATCH * (1 if engine == "here" else 2)
    assert sum(again.values()) - 150 <= 2 * in_flight
    assert runner.run(store, InProcess()).identical(undisturbed)
    assert counted(log) == again


def test_finished_sweep_costs_nothing(tmp_path: Path, log: Path) -> None:
    arguments: Any = (functions.final, LOGISTIC, {"r": Range(1.0, 4.0, 100)})
    first = sweep(*arguments, store=tmp_path / "a.zarr")
    began = time.perf_counter()
    assert sweep(*arguments, store=tmp_path / "a.zarr").identical(first)
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"grid": {"r": [1.0, 2.5]}}, r"`grid.values.r`: \[\"r\", \[1.0, 2.0\]\] in the store"),
        ({"seeds": 2}, "`grid.dimensions.seed`: null in the store, 2 now"),
        ({"system": ds.build("henon"), "grid": {"a": [1.0, 2.0]}}, "`system.class`"),
        ({"system": LOGISTIC.replace(r=3.0)}, "`system.r`: 3.9|`system.r`"),
        ({"function": functions.mended}, "`function.name`"),
        ({"function": lambda s: s.r + 1}, "`function"),
        ({"outputs": ("value",)}, "`outputs`"),
        ({"batch": 1}, "`batch`: 2 in the store, 1 now"),
        ({"vectorise": False}, "execution"),
        ({"time_limit": 1.0}, "vectorised"),
    ],
)
def test_changed_settings_are_refused(changes: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"function": functions.final, "system": LOGISTIC, "grid": {"r": [1.0, 2.0]}}
    sweep(**arguments, store=tmp_path / "a.zarr")
    with pytest.raises(InputError, match=complaint):
        sweep(**arguments | changes, store=tmp_path / "a.zarr")


def test_changed_code_is_refused(tmp_path: Path) -> None:
    def made(text: str) -> Any:
        space: dict[str, Any] = {"__name__": "mine"}
        exec(text, space)
        return space["f"]

    grid = {"r": [1.0, 2.0]}
    helped = "def g(x): return x + {0}\ndef f(s): return g(s.r) * 2"
    sweep(made(helped.format(1)), LOGISTIC, grid, store=tmp_path / "a.zarr")
    sweep(made(helped.format(1)), LOGISTIC, grid, store=tmp_path / "a.zarr")
    with pytest.raises(InputError, match="another sweep"):
        sweep(made(helped.format(2)), LOGISTIC, grid, store=tmp_path / "a.zarr")


def test_other_machines_are_refused_or_recorded(tmp_path: Path) -> None:
    store = tmp_path / "a.zarr"
    grid = {"r": Range(1.0, 2.0, 6)}
    first = sweep(functions.final, LOGISTIC, grid, store=store, batch=2)
    # As if another processor had begun the sweep and not come to its last unit.
    content = json.loads((store / "zarr.json").read_text())
    content["attributes"]["dynascope_sweep"]["machines"][0]["processor"] = "Abacus"
    (store / "zarr.json").write_text(json.dumps(content))
    assert sweep(functions.final, LOGISTIC, grid, store=store).equals(first)
    (store / "status" / "c" / "2").unlink()
    with pytest.raises(InputError, match='`processor`: "Abacus" in the store'):
        sweep(functions.final, LOGISTIC, grid, store=store)
    found = sweep(functions.final, LOGISTIC, grid, store=store, allow_different_machine=True)
    assert found.equals(first)
    assert [m["processor"] == "Abacus" for m in json.loads(found.settings)["machines"]] == [True, False]
    assert sweep(functions.final, LOGISTIC, grid, store=store).equals(first)


@pytest.mark.slow
def test_two_processes_on_one_store(tmp_path: Path, log: Path, undisturbed: xr.Dataset) -> None:
    store = tmp_path / "a.zarr"
    process = started(store, "here")
    wait_for(lambda: sum(counted(log).values()) >= 6, process)
    with pytest.raises(InputError, match="Another sweep is writing"):
        runner.run(store, InProcess())
    assert int((open_sweep(store).status == 1).sum()) > 0
    assert process.wait(60) == 0
    assert max(counted(log).values()) == 1
    assert runner.run(store, InProcess()).identical(undisturbed)


@pytest.mark.slow
def test_points_in_trouble_are_recorded(tmp_path: Path) -> None:
    grid = {"r": [1.0, 1.5, 1.7, 2.0, 2.5, 3.0, 3.5]}
    found = sweep(functions.troubled, LOGISTIC, grid, store=tmp_path / "a.zarr", time_limit=5.0, batch=4)
    assert found.status.values.tolist() == [1, 2, 1, 4, 3, 2, 1]
    np.testing.assert_array_equal(found.value, [1.0, np.nan, 1.7, np.nan, np.nan, np.nan, 3.5])
    words = ["", "ValueError: this point is wrong", "", "not a number", "5 s, the time limit", "exit code 7", ""]
    for text, wanted in zip(found.error.values.tolist(), words, strict=True):
        assert wanted in text
        assert bool(wanted) == bool(text)


def test_compiled_points_have_a_time_limit_too() -> None:
    found = sweep(functions.endless, LOGISTIC, {"r": [1.0, 3.5, 2.0]}, time_limit=2.0, engine=Processes(1))
    assert found.attrs["execution"] == "compiled point by point"
    assert found.status.values.tolist() == [1, 3, 1]
    np.testing.assert_array_equal(found.value, [10.0, np.nan, 10.0])


def test_failed_points_are_retried_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments: Any = (functions.mended, LOGISTIC, {"r": [1.0, 1.5, 2.0]})
    options: Any = {"store": tmp_path / "a.zarr", "engine": InProcess(), "batch": 3}
    assert sweep(*arguments, **options).status.values.tolist() == [1, 2, 1]
    monkeypatch.setenv("SWEEP_MENDED", "yes")
    assert sweep(*arguments, **options).status.values.tolist() == [1, 2, 1]
    found = sweep(*arguments, **options, retry_failed=True)
    assert found.status.values.tolist() == [1, 1, 1]
    assert "error" not in found
    np.testing.assert_array_equal(found.value, [1.0, 1.5, 2.0])


def test_vectorised_points_are_retried_with_the_same_bits(tmp_path: Path) -> None:
    arguments: Any = (functions.refusing, LOGISTIC, {"r": [1.0, 3.5, 2.0]})
    first = sweep(*arguments, store=tmp_path / "a.zarr")
    assert sweep(*arguments, store=tmp_path / "a.zarr", retry_failed=True).identical(first)


@pytest.mark.slow
def test_a_killed_worker_process_is_replaced(tmp_path: Path, log: Path, undisturbed: xr.Dataset) -> None:
    process = started(tmp_path / "a.zarr", "processes")
    wait_for(lambda: sum(counted(log).values()) >= 20, process)
    (first, *_) = children(process.pid)
    os.kill(first, signal.SIGKILL)
    assert process.wait(60) == 0
    assert open_sweep(tmp_path / "a.zarr").identical(undisturbed)
    assert sum(counted(log).values()) <= 150 + runner.BATCH


@pytest.mark.slow
def test_workers_end_with_their_parent(tmp_path: Path, log: Path) -> None:
    process = started(tmp_path / "a.zarr", "processes")
    wait_for(lambda: sum(counted(log).values()) >= 4, process)
    orphans = children(process.pid)
    process.kill()
    process.wait()
    end = time.monotonic() + 10
    while any(alive(pid) for pid in orphans) and time.monotonic() < end:
        time.sleep(0.1)
    assert len(orphans) == 2
    assert not any(alive(pid) for pid in orphans)


def children(pid: int) -> list[int]:
    """Worker processes of a process."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    listed = found.read_text().split() if found.exists() else []
    threads = Path(f"/proc/{pid}/task").iterdir() if not listed else []
    listed += [word for thread in threads for word in (thread / "children").read_text().split()]
    return [int(word) for word in listed]


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Let writing of files fail, as on a full disk, after a number of them."""
    import zarr.storage

    write = zarr.storage.LocalStore.set
    left = [10**9]

    async def limited(self: Any, *arguments: Any, **options: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        await write(self, *arguments, **options)

    monkeypatch.setattr(zarr.storage.LocalStore, "set", limited)

    def allow(count: int) -> None:
        left[0] = count

    yield allow
    left[0] = 10**9


@pytest.mark.parametrize("writes", [0, 3, 9, 20])
def test_a_full_disk_keeps_what_was_finished(
    writes: int, full: Callable[[int], None], tmp_path: Path, log: Path, undisturbed: xr.Dataset
) -> None:
    store = tmp_path / "a.zarr"
    full(writes)
    with pytest.raises(ComputationFailed, match="No space left"):
        runner.run(store, InProcess())
    full(10**9)
    computed = sum(counted(log).values())
    assert runner.run(store, InProcess()).identical(undisturbed)
    assert sum(counted(log).values()) <= 150 + runner.BATCH
    assert sum(counted(log).values()) > computed


@pytest.mark.slow
def test_interrupted_it_goes_on(tmp_path: Path, log: Path, undisturbed: xr.Dataset) -> None:
    process = started(tmp_path / "a.zarr", "here")
    wait_for(lambda: sum(counted(log).values()) >= 20, process)
    while process.poll() is None:
        # Python drops an interrupt that meets a destructor; who waits presses the keys again.
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
    assert process.returncode != 0
    assert int((open_sweep(tmp_path / "a.zarr").status == 1).sum()) >= 10
    assert runner.run(tmp_path / "a.zarr", InProcess()).identical(undisturbed)


def test_folders_that_are_no_store_are_refused(tmp_path: Path) -> None:
    import zarr

    arguments: Any = (functions.final, LOGISTIC, {"r": [1.0, 2.0]})
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thing").write_text("x")
    zarr.create_group(tmp_path / "group")
    for name, complaint in (("file", "is a file"), ("folder", "other things"), ("group", "not the store of a sweep")):
        with pytest.raises(InputError, match=complaint):
            sweep(*arguments, store=tmp_path / name)
        with pytest.raises(InputError, match="no store of a sweep"):
            open_sweep(tmp_path / name)
