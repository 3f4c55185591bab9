"""A process that runs one sweep into a store: what the tests kill."""

import signal
import sys
from pathlib import Path
from typing import Any

import dynascope as ds
from dynascope.sweep import Dask, InProcess, Processes, Range, sweep
from tests.sweep import functions

GRID = {"r": Range(1.0, 3.0, 150)}
BATCH = 5


def run(store: Path | None, engine: Any, **options: Any) -> Any:
    """The sweep that the tests interrupt."""
    return sweep(functions.logged, ds.build("logistic"), GRID, store=store, engine=engine, batch=BATCH, **options)


if __name__ == "__main__":
    # A job in the background of a script ignores interrupts, and so do its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    where, which = sys.argv[1:3]
    engines = {"here": InProcess(), "processes": Processes(2), "dask": Dask(None if which == "dask" else which)}
    run(Path(where), engines.get(which, engines["dask"]))
