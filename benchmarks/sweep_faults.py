"""Faults of sweeps that are too long, or need root, for the tests: what is left, and what is computed twice.

`kill -9` at 20 random moments; a worker of Dask killed, and one cut off from the network for 30 s (network namespaces,
root); a full disk (a small tmpfs, root). Every sweep must end with the bits of an undisturbed one. Run
`python benchmarks/sweep_faults.py` from the root of the repository; `--kills 3` for a small run, which writes nothing.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dynascope import ComputationFailed
from dynascope.sweep import InProcess, open_sweep
from dynascope.sweep._engines import AHEAD

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from tests.sweep import runner  # noqa: E402

#: Addresses of the scheduler and of the workers, in namespaces that know no other network.
NET, SCHEDULER = "10.77.0", "10.77.0.1"


def counted(log: Path) -> Counter[str]:
    """How often each point was computed."""
    return Counter(log.read_text().split()) if log.exists() else Counter()


def started(store: Path, engine: str) -> subprocess.Popen[bytes]:
    """The sweep in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "tests.sweep.runner", str(store), engine], cwd=HERE.parent)


def checked(store: Path, log: Path, wanted: Any, *, lost: int) -> dict[str, Any]:
    """Finish the sweep here; whether it is what it should be, and how many points were computed more than once."""
    same = bool(runner.run(store, InProcess()).identical(wanted))
    twice = sum(counted(log).values()) - len(wanted.r)
    return {"identical": same, "computed_twice": twice, "in_flight": lost, "passed": same and twice <= lost}


def kills(count: int, engine: str, wanted: Any, folder: Path) -> dict[str, Any]:
    """One sweep after the other, each killed at a random moment and finished, `count` times."""
    random = np.random.default_rng(7)
    rows = []
    for i in range(count):
        store, log = folder / f"{engine}-{i}.zarr", folder / f"{engine}-{i}.log"
        os.environ["SWEEP_LOG"] = str(log)
        process = started(store, engine)
        # At any number of points, or before the first one; then at any moment of the next.
        points = int(random.integers(0, len(wanted.r)))
        while points and process.poll() is None and sum(counted(log).values()) < points:
            time.sleep(0.005)
        time.sleep(float(random.uniform(0.0, 0.1 if points else 5.0)))
        process.kill()
        process.wait()
        time.sleep(1.5)
        kept = int((open_sweep(store).status == 1).sum()) if (store / "error").exists() else 0
        units = 1 if engine == "here" else AHEAD * 2
        rows.append({"kept": kept, **checked(store, log, wanted, lost=runner.BATCH * units)})
    told = {key: [r[key] for r in rows] for key in ("kept", "identical", "computed_twice")}
    return {"kills": count, "passed": sum(r["passed"] for r in rows), "in_flight": rows[0]["in_flight"], **told}


@contextmanager
def tmpfs(megabytes: int) -> Iterator[Path]:
    """A disk of this size."""
    folder = Path(tempfile.mkdtemp())
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def full_disk(wanted: Any, folder: Path) -> dict[str, Any]:
    """A disk that fills up after some units; room is made and the sweep called again."""
    os.environ["SWEEP_LOG"] = str(folder / "disk.log")
    with tmpfs(1) as disk:
        ballast = disk / "ballast"
        free = shutil.disk_usage(disk).free
        ballast.write_bytes(bytes(free - 200_000))
        said = ""
        try:
            runner.run(disk / "a.zarr", InProcess())
        except ComputationFailed as error:
            said = str(error)
        ballast.unlink()
        kept = int((open_sweep(disk / "a.zarr").status == 1).sum())
        found = checked(disk / "a.zarr", folder / "disk.log", wanted, lost=runner.BATCH)
    return {"kept": kept, "said": said.split(":")[-1].strip(), **found, "passed": found["passed"] and bool(said)}


@contextmanager
def network(workers: int) -> Iterator[Callable[[int, bool], None]]:
    """A bridge with one namespace for each worker; the value cuts the link of one, or mends it."""

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True)

    ip("link", "add", "dsbr", "type", "bridge")
    try:
        ip("addr", "add", f"{SCHEDULER}/24", "dev", "dsbr")
        ip("link", "set", "dsbr", "up")
        for i in range(workers):
            ip("netns", "add", f"ds{i}")
            ip("link", "add", f"dsv{i}", "type", "veth", "peer", "name", "eth0", "netns", f"ds{i}")
            ip("link", "set", f"dsv{i}", "master", "dsbr", "up")
            ip("-n", f"ds{i}", "addr", "add", f"{NET}.{10 + i}/24", "dev", "eth0")
            ip("-n", f"ds{i}", "link", "set", "eth0", "up")
            ip("-n", f"ds{i}", "link", "set", "lo", "up")
        yield lambda i, up: ip("link", "set", f"dsv{i}", "up" if up else "down")
    finally:
        for i in range(workers):
            subprocess.run(["ip", "netns", "del", f"ds{i}"], check=False)
        subprocess.run(["ip", "link", "del", "dsbr"], check=False)


def cut_off(wanted: Any, folder: Path) -> dict[str, Any]:
    """A worker of Dask whose network is gone for 30 s in the middle of a sweep."""
    os.environ["SWEEP_LOG"] = str(folder / "cut.log")
    times = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "15s", "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s"}
    environment = os.environ | times
    dask = [sys.executable, "-m", "dask"]
    quiet: dict[str, Any] = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with network(2) as link:
        address = f"tcp://{SCHEDULER}:8799"
        plain = ["--no-dashboard"]
        processes = [subprocess.Popen([*dask, "scheduler", "--host", SCHEDULER, "--port", "8799", *plain], **quiet)]
        for i in range(2):
            inside = ["ip", "netns", "exec", f"ds{i}", *dask, "worker", address, "--host", f"{NET}.{10 + i}"]
            processes.append(subprocess.Popen([*inside, "--nthreads", "1", "--no-nanny", *plain], **quiet))
        try:
            began = time.monotonic()
            sweep = started(folder / "cut.zarr", address)
            while sum(counted(folder / "cut.log").values()) < 20:
                time.sleep(0.05)
            link(0, False)
            time.sleep(30.0)
            link(0, True)
            code = sweep.wait(300)
            seconds = time.monotonic() - began
        finally:
            for process in processes:
                process.kill()
                process.wait()
    found = checked(folder / "cut.zarr", folder / "cut.log", wanted, lost=2 * runner.BATCH)
    return {"exit_code": code, "seconds": seconds, **found, "passed": found["passed"] and code == 0}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    chosen = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["SWEEP_LOG"] = str(folder / "log")
        wanted = runner.run(None, InProcess())
        for engine in ("here", "processes", "dask"):
            count = chosen.kills if engine == "here" else max(2, chosen.kills // 4)
            found[f"kill -9, {engine}"] = kills(count, engine, wanted, folder)
        if os.geteuid() == 0:
            found["full disk"] = full_disk(wanted, folder)
            if shutil.which("ip"):
                found["worker cut off for 30 s"] = cut_off(wanted, folder)
    print(json.dumps(found, indent=1))
    if chosen.kills >= 20:
        (HERE / "results" / "sweep_faults.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
