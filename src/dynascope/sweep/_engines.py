"""Where units of work run: in this process, or in worker processes. Engines never decide what is computed."""

from __future__ import annotations

import os
import queue
import threading
from abc import abstractmethod
from collections.abc import Iterator, Sequence

import equinox as eqx

from .._errors import InputError
from ._child import Child
from ._job import Job, Task, Worker
from ._outputs import Block

#: Units in flight for each process: the one it computes, and one that waits for it or for the store.
AHEAD = 2


class AbstractEngine(eqx.Module):
    """A place where units run. Implement `blocks`; sweeps then run on it, with the same bits as everywhere else."""

    @abstractmethod
    def blocks(self, job: Job, tasks: Sequence[Task], limit: float | None) -> Iterator[Block]:
        """The block of each task, in whatever order they are finished.

        Args:
            job: What is computed.
            tasks: Units, or parts of them.
            limit: Seconds that one point may take; None for no limit.

        Raises:
            ComputationFailed: If the engine itself is lost; what was yielded before is kept.
        """


class InProcess(AbstractEngine):
    """Units one after the other in this process."""

    def blocks(self, job: Job, tasks: Sequence[Task], limit: float | None) -> Iterator[Block]:
        if limit is not None:
            raise InputError(
                "A point that never ends can only be stopped in a process of its own. Use `Processes()` or `Dask()` "
                "with a time limit."
            )
        worker = Worker(job)
        for task in tasks:
            yield worker.run(task)


class Processes(AbstractEngine):
    """Units in worker processes of this machine, each with one BLAS thread; a process that dies is replaced.

    Args:
        count: Number of processes; None takes one per core.
    """

    count: int | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.count is not None and self.count < 1:
            raise InputError(f"`count` of `Processes` must be at least 1, got {self.count}.")

    def blocks(self, job: Job, tasks: Sequence[Task], limit: float | None) -> Iterator[Block]:
        waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
        for task in tasks:
            waiting.put(task)
        done: queue.SimpleQueue[Block | BaseException] = queue.SimpleQueue()
        number = min(self.count or available_cores(), len(tasks))
        # Nobody runs far ahead of the store: what is not in it yet is lost when this process dies.
        room = threading.Semaphore(AHEAD * number)
        children = [Child(job, limit) for _ in range(number)]
        threads = [threading.Thread(target=_served, args=(c, waiting, done, room), daemon=True) for c in children]
        try:
            for thread in threads:
                thread.start()
            for _ in tasks:
                block = done.get()
                if isinstance(block, BaseException):
                    raise block
                yield block
                room.release()
        finally:
            for child in children:
                child.stop()


def _served(
    child: Child,
    waiting: queue.SimpleQueue[Task],
    done: queue.SimpleQueue[Block | BaseException],
    room: threading.Semaphore,
) -> None:
    while True:
        room.acquire()
        try:
            task = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            done.put(child.run(task))
        except BaseException as error:
            done.put(error)
            return


def available_cores() -> int:
    """Cores that this process may use."""
    if "sched_getaffinity" in dir(os):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
