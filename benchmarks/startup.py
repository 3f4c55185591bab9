"""How long the command line takes to answer.

    python benchmarks/startup.py [--rounds 5]

Wall and CPU seconds of whole processes: `dynascope list` and `dynascope --help` (least of the rounds; under 1 s), and
`dynascope report lorenz` with an empty compilation cache (once; under 20 s) and with the cache that this left (least of
three; under 8 s). The figures go to `results/startup.json`.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent


def seconds(arguments: list[str], *, cache: str, folder: str) -> dict[str, float]:
    """Wall and CPU seconds of one process."""
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": cache}
    environment |= {
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "dynascope", *arguments]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall": wall, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def least(runs: list[dict[str, float]]) -> dict[str, float]:
    """The least wall and the least CPU time."""
    return {clock: min(run[clock] for run in runs) for clock in ("wall", "cpu")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as folder:
        for arguments in (["list"], ["--help"]):
            runs = [seconds(arguments, cache=cache, folder=folder) for _ in range(rounds)]
            found["dynascope " + arguments[0]] = least(runs) | {"target": 1}
        report = ["report", "lorenz"]
        found["dynascope report lorenz, cold"] = seconds(report, cache=cache, folder=folder) | {"target": 20}
        warm = [seconds(report, cache=cache, folder=folder) for _ in range(3)]
        found["dynascope report lorenz, warm"] = least(warm) | {"target": 8}
    for name, took in found.items():
        print(f"{name}: {took['wall']:.2f} s wall, {took['cpu']:.2f} s CPU (under {took['target']} s)")
    (HERE / "results" / "startup.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
