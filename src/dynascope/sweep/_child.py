"""A worker process under watch: it computes units, is stopped when a point never ends, and replaced when it dies."""

from __future__ import annotations

import dataclasses
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

import cloudpickle
import jax
import numpy as np

from .._errors import ComputationFailed
from ._identity import machine_digest
from ._job import VECTORISED, Job, Outcome, Task, Worker, block_of, said
from ._outputs import RAISED, TIME_LIMIT, Block

#: Deaths of a process under one unit after which its points are held to blame.
_DEATHS = 2
#: Seconds that a process may take to start.
_START = 120.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Child:
    """One worker process.

    Args:
        job: What it computes.
        limit: Seconds that one point may take, its compilation included; None for no limit.
    """

    def __init__(self, job: Job, limit: float | None) -> None:
        self._job, self._limit = job, limit
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._stopped = threading.Event()

    def run(self, task: Task) -> Block:
        """The block of a task, whatever becomes of the process."""
        if self._job.execution == VECTORISED:
            return self._whole(task)
        positions = self._job.positions(task.unit)
        slots = np.arange(len(positions)) if task.slots is None else np.asarray(task.slots)
        found: dict[int, Outcome] = {}
        deaths = 0
        while len(found) < len(slots):
            left = [int(s) for s in slots if int(s) not in found]
            ended = self._points(positions, left, found)
            if ended is None:
                continue
            deaths += ended.status == RAISED
            # A process may be killed from outside; only at the second time is the point held to blame.
            if ended.status == TIME_LIMIT or deaths >= _DEATHS:
                found[next(s for s in left if s not in found)] = ended
        return block_of(task.unit, slots, [found[int(s)] for s in slots], {})

    def stop(self) -> None:
        """End the process."""
        self._stopped.set()
        self._end()

    def _points(self, positions: np.ndarray, slots: list[int], found: dict[int, Outcome]) -> Outcome | None:
        """Compute points one by one; how the process ended, if it did, at the first slot not yet found."""
        for slot in slots:
            answer, lost = self._asked(("point", int(positions[slot])))
            if lost is not None:
                return lost
            found[slot] = answer
        return None

    def _whole(self, task: Task) -> Block:
        lost: Outcome | None = None
        for _ in range(_DEATHS):
            block, lost = self._asked(("unit", task))
            if lost is None:
                # The process is of this machine, started with what this one has.
                return dataclasses.replace(block, machine=machine_digest())
        positions = self._job.positions(task.unit)
        slots = np.arange(len(positions)) if task.slots is None else np.asarray(task.slots)
        return block_of(task.unit, slots, [lost for _ in slots if lost is not None], {})

    def _asked(self, question: Any) -> tuple[Any, Outcome | None]:
        """The answer of the process, or None and how it ended."""
        pipe = self._started()
        try:
            pipe.send(question)
            if not pipe.poll(self._limit):
                self._end()
                return None, Outcome(None, {}, TIME_LIMIT, f"Not finished within {self._limit:g} s, the time limit.")
            answer = pipe.recv()
        except (EOFError, OSError):
            code = self._end()
            if self._stopped.is_set():
                raise ComputationFailed("The worker process was stopped.") from None
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            return None, Outcome(None, {}, RAISED, f"The worker process died ({how}).")
        if isinstance(answer, BaseException):
            raise answer
        return answer, None

    def _started(self) -> Connection:
        if self._pipe is not None:
            return self._pipe
        secret = secrets.token_bytes(16)
        with Listener(authkey=secret) as listener:
            command = [sys.executable, "-c", "from dynascope.sweep._child import serve; serve()"]
            # Standard output belongs to the answer of the command line.
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=2, env=worker_environment())
            words = f"{listener.address}\n{secret.hex()}\n{os.getpid()}\n"
            if self._process.stdin is None:
                raise ComputationFailed("The worker process has no standard input.")
            self._process.stdin.write(words.encode())
            self._process.stdin.close()
            self._pipe = _accepted(listener, self._process)
        self._pipe.send((list(sys.path), cloudpickle.dumps(self._job)))
        answer = self._pipe.recv()
        if isinstance(answer, str):
            raise ComputationFailed(f"The worker process cannot read the sweep: {answer}.")
        return self._pipe

    def _end(self) -> int | None:
        """Kill the process; the code that it ended with."""
        process, self._process = self._process, None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if process is None:
            return None
        if process.poll() is None:
            # A dead process takes a moment to be known as dead, and its own code says more than ours.
            try:
                process.wait(0.2 if not self._stopped.is_set() else 0.0)
            except subprocess.TimeoutExpired:
                process.kill()
        return process.wait()


def worker_environment() -> Mapping[str, str]:
    """The environment of a worker: this one, with one BLAS thread and the precision that JAX has here."""
    wide = jax.dtypes.canonicalize_dtype(float) == np.float64
    return os.environ | dict.fromkeys(_THREADS, "1") | {"JAX_ENABLE_X64": "1" if wide else "0"}


def _accepted(listener: Listener, process: subprocess.Popen[bytes]) -> Connection:
    """The connection of the new process; an error if it ends before it calls."""
    accepted: list[Connection | BaseException] = []

    def accept() -> None:
        try:
            accepted.append(listener.accept())
        except Exception as error:
            accepted.append(error)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    end = time.monotonic() + _START
    while thread.is_alive() and process.poll() is None and time.monotonic() < end:
        thread.join(0.05)
    thread.join(0.5)
    if not accepted or isinstance(accepted[0], BaseException):
        process.kill()
        process.wait()
        raise ComputationFailed(f"A worker process could not be started (exit code {process.returncode}).")
    return accepted[0]


def serve() -> None:
    """The body of a worker process: answer questions until the other side is gone."""
    address, secret, parent = (sys.stdin.readline().strip() for _ in range(3))
    _leave_with(int(parent))
    with Client(address, authkey=bytes.fromhex(secret)) as pipe:
        path, pickled = pipe.recv()
        try:
            sys.path[:] = path
            worker = Worker(cloudpickle.loads(pickled)).prepared()
        except Exception as error:
            pipe.send(said(error))
            return
        pipe.send(None)
        while True:
            try:
                kind, what = pipe.recv()
            except (EOFError, OSError):
                return
            try:
                answer: Any = worker.point(what) if kind == "point" else worker.run(what)
            except Exception as error:
                answer = ComputationFailed(f"A worker process failed: {said(error)}.")
            try:
                pipe.send(answer)
            except OSError:
                return


def _leave_with(parent: int) -> None:
    """End this process when its parent has gone, even in the middle of a computation."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
