"""Sweeps on Dask: the same bits, and what is left when workers, the scheduler or this process are lost."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import pytest
import xarray as xr

import dynascope as ds
from dynascope import ComputationFailed, InputError
from dynascope.sweep import Dask, InProcess, Range, open_sweep, sweep
from tests.sweep import functions, runner
from tests.sweep.test_faults import LOGISTIC, ROOT, counted, ended, log, started, undisturbed, wait_for

pytestmark = pytest.mark.slow
__all__ = ["ended", "log", "undisturbed"]


class Cluster:
    """A scheduler and workers of Dask as processes of their own, to be killed and stopped."""

    def __init__(self, folder: Path, *, workers: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self._folder = folder
        self._environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)} | _TIMES
        self.scheduler = self._run("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        self.workers = [self.worker() for _ in range(workers)]

    def worker(self) -> subprocess.Popen[bytes]:
        return self._run("worker", self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny")

    def _run(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words]
        with (self._folder / "dask.log").open("ab") as output:
            return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=output, stderr=output)

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


#: A scheduler that gives a silent worker up within seconds.
_TIMES = {
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
    "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "30s",
}


@pytest.fixture
def cluster(tmp_path: Path, log: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path, workers=2)
    yield made
    made.stop()


def test_local_cluster_gives_the_same_bits(tmp_path: Path) -> None:
    system = ds.models.RateNetwork.draw(n=48, key=jax.random.key(1))
    arguments: Any = (functions.network, system, {"g": Range(0.5, 3.0, 9)})
    here = sweep(*arguments, seeds=2, batch=4, engine=InProcess())
    there = sweep(*arguments, seeds=2, batch=4, engine=Dask(workers=2), store=tmp_path / "a.zarr")
    assert here.equals(there)


def test_points_in_trouble_are_recorded() -> None:
    grid = {"r": [1.0, 1.5, 2.0, 2.5, 3.0, 3.5]}
    found = sweep(functions.troubled, LOGISTIC, grid, time_limit=5.0, batch=2, engine=Dask(workers=1))
    assert found.status.values.tolist() == [1, 2, 4, 3, 2, 1]


def test_a_killed_worker_loses_at_most_its_units(cluster: Cluster, tmp_path: Path, log: Path, undisturbed: Any) -> None:
    process = started(tmp_path / "a.zarr", cluster.address)
    wait_for(lambda: sum(counted(log).values()) >= 20, process)
    cluster.workers[0].kill()
    assert process.wait(120) == 0
    assert open_sweep(tmp_path / "a.zarr").identical(undisturbed)
    # The lost worker's unit, and the finished ones that it had not yet handed over.
    assert sum(counted(log).values()) - 150 <= runner.BATCH * Dask().ahead


def test_a_stopped_worker_is_given_up(cluster: Cluster, tmp_path: Path, log: Path, undisturbed: xr.Dataset) -> None:
    process = started(tmp_path / "a.zarr", cluster.address)
    wait_for(lambda: sum(counted(log).values()) >= 20, process)
    cluster.workers[0].send_signal(signal.SIGSTOP)
    assert process.wait(120) == 0
    assert open_sweep(tmp_path / "a.zarr").identical(undisturbed)
    assert sum(counted(log).values()) - 150 <= runner.BATCH * Dask().ahead


def test_a_lost_scheduler_keeps_what_was_finished(
    cluster: Cluster, tmp_path: Path, log: Path, undisturbed: xr.Dataset
) -> None:
    store = tmp_path / "a.zarr"
    process = started(store, cluster.address)
    wait_for(lambda: sum(counted(log).values()) >= 30, process)
    cluster.scheduler.kill()
    assert process.wait(120) != 0
    time.sleep(0.5)
    kept = int((open_sweep(store).status == 1).sum())
    assert kept >= 10
    before = sum(counted(log).values())
    assert runner.run(store, InProcess()).identical(undisturbed)
    assert sum(counted(log).values()) - before == 150 - kept
    assert sum(counted(log).values()) - 150 <= 2 * Dask().ahead * runner.BATCH


def test_a_killed_process_leaves_no_worker_of_the_local_cluster(tmp_path: Path, log: Path, undisturbed: Any) -> None:
    store = tmp_path / "a.zarr"
    process = started(store, "dask")
    wait_for(lambda: sum(counted(log).values()) >= 20, process)
    process.kill()
    process.wait()
    time.sleep(3.0)
    before = sum(counted(log).values())
    time.sleep(1.0)
    assert sum(counted(log).values()) == before
    assert runner.run(store, InProcess()).identical(undisturbed)


def test_no_scheduler_is_a_sentence() -> None:
    with pytest.raises(InputError, match="No scheduler of Dask answers"):
        sweep(functions.final, LOGISTIC, {"r": [1.0]}, engine=Dask("tcp://127.0.0.1:9", timeout=2.0))


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"ahead": 0}, {"retries": -1}, {"address": "x", "workers": 1}])
def test_wrong_engines_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="`workers`"):
        Dask(**wrong)


def test_lost_scheduler_is_a_failure_of_the_computation(cluster: Cluster, tmp_path: Path, log: Path) -> None:
    import threading

    # Without a worker the sweep waits for one: then the test is to fail, not to wait too.
    end = time.monotonic() + 120

    def kill() -> None:
        while sum(counted(log).values()) < 10 and time.monotonic() < end:
            time.sleep(0.02)
        cluster.scheduler.kill()

    threading.Thread(target=kill, daemon=True).start()
    with pytest.raises(ComputationFailed, match="scheduler of Dask was lost"):
        runner.run(tmp_path / "b.zarr", Dask(cluster.address, timeout=5.0))
    assert sum(counted(log).values()) >= 10
