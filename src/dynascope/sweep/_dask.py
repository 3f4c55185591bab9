"""Units on the workers of Dask: a local cluster, or one that is running already, from a laptop to Slurm."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import cloudpickle
import equinox as eqx
import numpy as np

from .._errors import ComputationFailed, InputError
from ._child import Child
from ._engines import AHEAD, AbstractEngine, available_cores
from ._identity import digest, machine_digest
from ._job import Job, Outcome, Task, Worker, block_of
from ._outputs import RAISED, Block

if TYPE_CHECKING:
    from distributed import Client, Future

#: Sweeps that a worker process of Dask keeps ready.
_KEPT = 2
#: Bytes from which on a sweep is sent once instead of with each task.
_LARGE = 65536


class Dask(AbstractEngine):
    """Units as tasks of Dask, which gives those of a lost worker to another one.

    Args:
        address: Address of a running scheduler, such as `cluster.scheduler_address` of a cluster of dask-jobqueue or
            `tcp://host:8786`; None starts a cluster of worker processes on this machine.
        workers: Processes of the local cluster; None takes one per core.
        retries: How often Dask repeats a unit whose worker failed.
        ahead: Units that each thread of a worker is given in advance, so that none waits for the next.
        timeout: Seconds after which a scheduler that does not answer is given up.
    """

    address: str | None = eqx.field(static=True, default=None)
    workers: int | None = eqx.field(static=True, default=None)
    retries: int = eqx.field(static=True, default=3)
    ahead: int = eqx.field(static=True, default=AHEAD)
    timeout: float = eqx.field(static=True, default=30.0)

    def __check_init__(self) -> None:
        if self.address is not None and self.workers is not None:
            raise InputError("`workers` is for the local cluster; one at an `address` has its own. Give one of them.")
        if (self.workers is not None and self.workers < 1) or self.retries < 0 or self.ahead < 1 or self.timeout <= 0:
            raise InputError(
                "`Dask` needs `workers` and `ahead` of at least 1, `retries` of at least 0 and a positive `timeout`."
            )

    def blocks(self, job: Job, tasks: Sequence[Task], limit: float | None) -> Iterator[Block]:
        with self._client(len(tasks)) as client:
            for block in _spread(client, job, tasks, limit=limit, engine=self):
                # Processes started from here have the same machine and versions as this one.
                yield block if self.address is not None else dataclasses.replace(block, machine=machine_digest())

    @contextlib.contextmanager
    def _client(self, tasks: int) -> Iterator[Client]:
        try:
            from dask import config
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise InputError("`Dask` needs the packages of `pip install 'dynascope[dask]'`.") from error
        with contextlib.ExitStack() as stack:
            stack.enter_context(config.set({"distributed.comm.timeouts.connect": f"{self.timeout}s"}))
            stack.enter_context(_quiet())
            if self.address is None:
                count = min(self.workers or available_cores(), tasks)
                # Without a page of its own: its port is taken where two sweeps run.
                options: dict[str, Any] = {"n_workers": count, "threads_per_worker": 1, "dashboard_address": None}
                cluster = stack.enter_context(LocalCluster(processes=True, **options))
                yield stack.enter_context(Client(cluster, set_as_default=False))
                return
            try:
                client = Client(self.address, timeout=self.timeout, set_as_default=False)
            except (OSError, ValueError) as error:
                raise InputError(
                    f"No scheduler of Dask answers at `{self.address}`: {error}. Start one with `dask scheduler`, or "
                    "leave `address` out."
                ) from error
            yield stack.enter_context(client)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask logs of lost workers from standard error: what matters is raised or recorded."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _spread(client: Client, job: Job, tasks: Sequence[Task], *, limit: float | None, engine: Dask) -> Iterator[Block]:
    from distributed import as_completed

    pickled = cloudpickle.dumps(job)
    name = f"sweep-{digest([pickled.hex(), limit])}"
    # A large one as the result of a task, not scattered: Dask makes it anew when the worker that holds it is lost. A
    # small one goes with each task, so that no worker waits for another.
    large = len(pickled) > _LARGE
    shared: Any = client.submit(bytes, pickled, key=f"{name}-job", retries=engine.retries) if large else pickled
    waiting = iter(tasks)
    running: dict[str, Task] = {}

    def submitted() -> Iterator[Future]:
        workers: Any = client.nthreads()
        threads = max(1, sum(workers.values()))
        while len(running) < engine.ahead * threads:
            task = next(waiting, None)
            if task is None:
                return
            key = f"{name}-{task.unit}"
            running[key] = task
            yield client.submit(
                compute, name, shared, task, limit, key=key, pure=False, retries=engine.retries, priority=-task.unit
            )

    futures = as_completed(list(submitted()), loop=client.loop)
    try:
        for future in futures:
            block = _gathered(client, future, running[future.key], job)
            key = future.key
            del future
            yield block
            # Only now is it in the store, and no longer in flight.
            del running[key]
            futures.update(list(submitted()))
    finally:
        with contextlib.suppress(Exception):
            client.cancel(list(futures.futures), force=True)
            if limit is not None:
                client.run(forget, name)


def _gathered(client: Client, future: Future, task: Task, job: Job) -> Block:
    from distributed import KilledWorker

    if future.status == "finished":
        with _lost_is_an_error():
            return future.result()
    if future.status == "error":
        error: Any = future.exception()
        if isinstance(error, KilledWorker):
            slots = np.arange(len(job.positions(task.unit))) if task.slots is None else np.asarray(task.slots)
            died = Outcome(None, {}, RAISED, "Every worker that was given this unit died.")
            return block_of(task.unit, slots, [died for _ in slots], {})
        raise ComputationFailed(f"A worker of Dask failed: {type(error).__name__}: {error}.") from error
    raise ComputationFailed(_LOST.format(client.status))


_LOST = (
    "The scheduler of Dask was lost ({}). What was finished is kept in the store, if there is one: call again to go on."
)


@contextlib.contextmanager
def _lost_is_an_error() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise ComputationFailed(_LOST.format(type(error).__name__)) from error


class _Bench:
    """What a worker process of Dask keeps between units: compiled programs, or processes under watch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[str, list[Worker | Child]] = {}

    def taken(self, name: str, make: Callable[[], Worker | Child]) -> Worker | Child:
        """One for a thread of its own: an idle one, else a new one."""
        with self._lock:
            idle = self._idle.setdefault(name, [])
            return idle.pop() if idle else make()

    def returned(self, name: str, one: Worker | Child) -> None:
        """Put one back; of old sweeps none are kept."""
        with self._lock:
            self._idle.setdefault(name, []).append(one)
            old = list(self._idle)[:-_KEPT]
        for other in old:
            self.forget(other)

    def forget(self, name: str) -> None:
        """Let go of a sweep."""
        with self._lock:
            idle = self._idle.pop(name, [])
        for one in idle:
            if isinstance(one, Child):
                one.stop()


_BENCH = _Bench()


def compute(name: str, pickled: bytes, task: Task, limit: float | None) -> Block:
    """A unit, in a worker of Dask."""

    def made() -> Worker | Child:
        job: Job = cloudpickle.loads(pickled)
        return Worker(job).prepared() if limit is None else Child(job, limit)

    one = _BENCH.taken(name, made)
    block = one.run(task)
    _BENCH.returned(name, one)
    return block


def forget(name: str) -> None:
    """Let go of a finished sweep, in a worker of Dask."""
    _BENCH.forget(name)
