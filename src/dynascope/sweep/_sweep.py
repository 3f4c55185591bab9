"""Many runs of one thing: a function of a system at every point of a grid, as one labelled dataset."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._errors import ComputationFailed, InputError
from ._collect import AbstractCollection, InMemory
from ._dataset import dataset, labels_of
from ._engines import AbstractEngine, InProcess, Processes
from ._grid import points_of
from ._identity import described, differences, digest, machine, machine_digest
from ._job import COMPILED, PLAIN, VECTORISED, Job, Task, Worker, check_names
from ._outputs import COMPUTED, Block
from ._progress import Counting
from ._store import ZarrStore, stored_points

if TYPE_CHECKING:
    import xarray as xr

#: Bytes that one vectorised unit may need, and most points of it.
_MEMORY, _MOST = 256 * 2**20, 16384
#: Lanes of the trial from which the memory of more lanes is foretold.
_TRIAL = 64
#: Units into which a large sweep is cut: fine enough that little is lost, coarse enough that files stay few.
_FEW, _MANY, _APART = 64, 1024, 16
#: Version of the layout of stores.
_FORMAT = 1


def sweep(
    function: Callable[..., Any],
    system: Any,
    grid: Any,
    *,
    seeds: Any = None,
    engine: AbstractEngine | None = None,
    store: str | Path | None = None,
    outputs: tuple[str, ...] | None = None,
    batch: int | None = None,
    vectorise: bool | None = None,
    time_limit: float | None = None,
    retry_failed: bool = False,
    allow_different_machine: bool = False,
    progress: bool = False,
) -> xr.Dataset:
    """A function of a system at every point of a grid of parameters, as one labelled dataset.

    A function that JAX can trace is vectorised: one program computes a unit of many points at once, in this process.
    Any other, such as an analysis that decides on the host how long to run, is called point by point in worker
    processes. A unit is a fixed number of consecutive points; the key of a point is `fold_in(key(seed), i)`, where i is
    its index in the grid. Engines decide only where a unit runs, so the same sweep gives the same bits on each of them.

    Args:
        function: An analysis such as `lyapunov_spectrum` (`functools.partial` sets its arguments), or a function of
            `(system)` or `(system, key)` that returns a number, an array or a tree of them.
        system: A system, changed by `replace` at each point, or a function of the swept values that makes one.
        grid: Mapping from names (dotted for nested parts) to values, or a `Grid`.
        seeds: None for one run of each point; a number n for n runs of each with seeds 0 to n - 1; or a list of seeds.
        engine: `InProcess()`, `Processes()` or `Dask()`; None takes the first for functions that can be traced, else
            the second.
        store: Folder of a Zarr store. Then the sweep may be interrupted at any moment: the same call goes on where it
            was, and costs nothing once it is finished.
        outputs: Names of the outputs to keep; None keeps all.
        batch: Points per unit; None chooses by memory and number of points.
        vectorise: True insists, and fails if the function cannot be traced; False computes point by point.
        time_limit: Seconds that one point may take, the compilation of a function that cannot be traced included. A
            point that takes longer is stopped and recorded. Such sweeps run point by point in worker processes.
        retry_failed: Compute again the points of the store that failed.
        allow_different_machine: Go on with a store that another kind of machine, or other versions, began; recorded in
            the manifest. The last bits of the numbers may then differ from point to point.
        progress: Show progress on standard error.

    Returns:
        A dataset whose dimensions are those of the grid. `status` says what became of each point, `error` why it
        failed, the attribute `settings` what made it.

    Raises:
        InputError: If something given does not fit, the store belongs to another sweep, or another process holds it.
        ComputationFailed: If no point succeeded, the store cannot be written, or the engine is lost.

    Example:
        >>> import dynascope as ds
        >>> def final(system):
        ...     return ds.trajectory(system, None, range(200)).flat[-1, 0]
        >>> found = ds.sweep.sweep(final, ds.build("logistic"), {"r": [1.5, 2.0, 2.5]})
        >>> [round(float(x), 6) for x in found.value]
        [0.333333, 0.5, 0.6]
    """
    points = points_of(grid, seeds)
    traceable = check_names(system, points)
    _check(batch, time_limit, vectorise)
    if vectorise and time_limit is not None:
        raise InputError("One point of a vectorised unit cannot be stopped. Leave out `vectorise` or `time_limit`.")
    inputs = {
        "function": described(function),
        "system": described(system),
        "grid": {
            "dimensions": points.dims,
            "values": {name: [dim, described(values)] for name, (dim, values) in points.coordinates.items()},
            "kept": described(points.kept),
        },
        "outputs": list(outputs) if outputs is not None else None,
    }
    labels = labels_of(system, points)
    job = Job(function, system, points, batch or 0, "", outputs)
    with contextlib.ExitStack() as stack:
        collection: AbstractCollection
        if store is None:
            job = _planned(job, traceable, vectorise, time_limit)
            collection, manifest = InMemory(len(points)), _manifest(job, inputs)
        else:
            collection = stack.enter_context(ZarrStore(store))
            job, manifest = _resumed(collection, job, inputs, allow_different_machine)
            if not job.execution:
                job = _planned(job, traceable, vectorise, time_limit)
                manifest = _manifest(job, inputs)
                collection.begin(manifest, points, job.batch, labels)
            else:
                collection.complete(points, job.batch, labels)
                _check_execution(job, vectorise, time_limit)
        tasks = _tasks(job, collection.status(), retry_failed)
        if tasks:
            _run(job, tasks, collection, engine=engine, limit=time_limit, progress=progress, manifest=manifest)
        status = collection.status()
        if not np.any(status == COMPUTED):
            first = next((str(e) for e in collection.errors() if e), "an output that is not a number")
            raise ComputationFailed(f"None of the {len(points)} points succeeded. The first failed with `{first}`.")
        return dataset(collection, points, labels=labels, manifest=manifest)


def open_sweep(path: str | Path) -> xr.Dataset:
    """The dataset of a stored sweep as far as it is, also while another process is writing it.

    Args:
        path: Folder of the store.

    Raises:
        InputError: If there is no store of a sweep.
    """
    store = ZarrStore(path).reading()
    points, labels = stored_points(path)
    return dataset(store, points, labels=labels, manifest=store.manifest or {})


def _check(batch: int | None, time_limit: float | None, vectorise: bool | None) -> None:
    if batch is not None and batch < 1:
        raise InputError(f"`batch` must be at least 1, got {batch}.")
    if time_limit is not None and not (math.isfinite(time_limit) and time_limit > 0):
        raise InputError(f"`time_limit` must be a positive number of seconds, got {time_limit}.")
    del vectorise


def _planned(job: Job, traceable: bool, vectorise: bool | None, limit: float | None) -> Job:
    """The job with its way of execution and its size of units."""
    execution = PLAIN
    worker = Worker(dataclasses.replace(job, batch=1, execution=VECTORISED))
    reason: Exception | None = None
    if traceable:
        try:
            worker.shapes()
            execution = COMPILED if limit is not None or vectorise is False else VECTORISED
        except Exception as error:
            reason = error
    if vectorise and execution != VECTORISED:
        why = f": {type(reason).__name__}: {reason}" if reason else ", because a setting or text is swept"
        raise InputError(f"The function cannot be traced{why}. Leave out `vectorise`.") from reason
    if job.batch:
        return dataclasses.replace(job, execution=execution)
    count = len(job.points)
    if execution != VECTORISED:
        size = max(1, min(_APART, count // _FEW), count // _MANY)
        return dataclasses.replace(job, execution=execution, batch=size)
    size = min(_MOST, max(_TRIAL, _power_of_two(count / _FEW)), _power_of_two(count))
    if size > 1:
        trial = min(size, _TRIAL)
        each = worker.memory(trial) / trial
        size = max(1, min(size, 2 ** int(math.log2(max(1.0, _MEMORY / each)))))
    return dataclasses.replace(job, execution=execution, batch=size)


def _power_of_two(number: float) -> int:
    return 2 ** max(0, math.ceil(math.log2(max(1.0, number))))


def _manifest(job: Job, inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "inputs": inputs,
        "hash": digest(inputs),
        "execution": job.execution,
        "batch": job.batch,
        "points": len(job.points),
        "units": job.units,
        "machines": [machine()],
    }


def _resumed(
    store: ZarrStore, job: Job, inputs: dict[str, Any], allow_different_machine: bool
) -> tuple[Job, dict[str, Any]]:
    """The job as the store says it was begun, after a check that it is the same; unchanged for an empty store."""
    if store.manifest is None:
        return job, {}
    manifest = store.manifest
    if manifest["format"] != _FORMAT:
        raise InputError(f"`{store.path}` has the layout {manifest['format']}, this version reads {_FORMAT}.")
    changed = differences(manifest["inputs"], inputs)
    if job.batch and job.batch != manifest["batch"]:
        changed += differences({"batch": manifest["batch"]}, {"batch": job.batch})
    if changed:
        listed = "; ".join(changed)
        raise InputError(
            f"`{store.path}` is the store of another sweep. What differs: {listed}. Give the same arguments to go on "
            "with it, or another `store`."
        )
    if not any(digest(known) == machine_digest() for known in manifest["machines"]):
        if not allow_different_machine and not store.finished:
            listed = "; ".join(differences(manifest["machines"][-1], machine()))
            raise InputError(
                f"`{store.path}` was begun on another kind of machine or with other versions: {listed}. The last bits "
                "may differ. Set `allow_different_machine=True` to go on all the same, which is recorded."
            )
        if allow_different_machine and not store.finished:
            store.extend(machine())
            manifest = dict(store.manifest)
    return dataclasses.replace(job, execution=manifest["execution"], batch=manifest["batch"]), manifest


def _check_execution(job: Job, vectorise: bool | None, limit: float | None) -> None:
    wanted = {True: VECTORISED, False: None, None: None}[vectorise]
    if (wanted and job.execution != wanted) or (vectorise is False and job.execution == VECTORISED):
        raise InputError(f"The store was begun with the execution `{job.execution}`. Leave out `vectorise`.")
    if limit is not None and job.execution == VECTORISED:
        raise InputError("The store was begun vectorised, where no point can be stopped alone. Leave out `time_limit`.")


def _tasks(job: Job, status: np.ndarray, retry_failed: bool) -> list[Task]:
    """The units, or the parts of them, that are still to be computed."""
    due = status == 0
    if retry_failed:
        due |= status > COMPUTED
    tasks: list[Task] = []
    for unit in np.unique(np.flatnonzero(due) // job.batch):
        wanted = due[job.positions(int(unit))]
        tasks.append(Task(int(unit), None if wanted.all() else tuple(np.flatnonzero(wanted).tolist())))
    return tasks


def _run(
    job: Job,
    tasks: list[Task],
    collection: AbstractCollection,
    *,
    engine: AbstractEngine | None,
    limit: float | None,
    progress: bool,
    manifest: dict[str, Any],
) -> None:
    if engine is None:
        engine = InProcess() if job.execution == VECTORISED else Processes()
    known = {digest(one) for one in manifest["machines"]}
    total = sum(len(job.positions(t.unit)) if t.slots is None else len(t.slots) for t in tasks)
    with (
        Counting(total, "Sweep", show=progress) as counting,
        contextlib.closing(_blocks(engine, job, tasks, limit)) as blocks,
    ):
        for block in blocks:
            if block.machine not in known:
                raise InputError(
                    "A worker runs on another kind of machine, or with other versions, than this process, so that the "
                    "last bits of its numbers may differ. Give all workers the same; nothing of it was kept."
                )
            collection.write(block, job.positions(block.unit)[block.slots])
            counting.advance(len(block.slots), int(np.sum(block.status != COMPUTED)))


def _blocks(engine: AbstractEngine, job: Job, tasks: list[Task], limit: float | None) -> Generator[Block]:
    yield from engine.blocks(job, tasks, limit)
