"""Speed of networks of spiking neurons: the benchmarks of Brette et al. (2007) against Brian2; memory and scaling.

    python benchmarks/speed_spiking.py --peer PYTHON [--rounds 9] [--large 200000]

PYTHON is the interpreter of an environment with `brian2==2.9.0` and `numpy<2.4`. Both sides take turns, record all
spikes and use the same precision; of each the shortest run counts. Of Brian2 in C++ it is the main loop alone, by the
clock of the generated program, which counts processor time (`std::clock`); of ours it is the processor time of the call
of `simulate` after one that has compiled it, recording and decoding of spikes included. Our weights are 32 bit numbers,
one per synapse, in both precisions; Brian2 has one for all. Results go to `results/speed_spiking.json`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import dynascope  # noqa: F401
from dynascope.models import PairSTDP
from dynascope.models.spiking import (
    CurrentReceptor,
    FixedInDegree,
    LeakyCells,
    Population,
    Projection,
    UniformDraw,
    cobahh_network,
    cuba_network,
    spiking_network,
)
from dynascope.solve import simulate

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "speed_spiking.json"
PARTS = ("cuba", "cobahh", "scaling", "learning")


def cast(network: Any, bits: int) -> Any:
    dtype = jnp.float32 if bits == 32 else jnp.float64
    return jax.tree.map(lambda x: x.astype(dtype) if eqx.is_inexact_array(x) else x, network)


def peer(python: str, network: str, bits: int, *, target: str, duration: float, last: str) -> dict[str, Any]:
    command = [python, str(HERE / "spiking_peer.py"), network, str(bits), target, str(duration), last]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def ours(network: Any, duration: float, rounds: int) -> dict[str, Any]:
    begin = time.perf_counter()
    run = simulate(network, duration)
    first = time.perf_counter() - begin
    walls, processor = [], []
    for _ in range(rounds):
        begin, used = time.perf_counter(), time.process_time()
        run = simulate(network, duration)
        walls.append(time.perf_counter() - begin)
        processor.append(time.process_time() - used)
    return {
        "seconds": min(walls),
        "processor_seconds": min(processor),
        "compile_seconds": first - min(walls),
        "rate": run.steps.size / network.size / duration * 1e3,
    }


def against_cpp(network: Any, python: str, *, bits: int, duration: float, rounds: int) -> dict[str, Any]:
    """Both sides in turn, `rounds` times, by processor time."""
    mine, theirs, walls = [], [], []
    network = cast(network, bits)
    with tempfile.TemporaryDirectory() as folder:
        built = peer(python, "cuba", bits, target="cpp", duration=duration, last=folder)
        compiled = ours(network, duration, 1)["compile_seconds"]
        for _ in range(rounds):
            found = ours(network, duration, 1)
            mine.append(found["processor_seconds"])
            walls.append(found["seconds"])
            subprocess.run(["./main"], cwd=folder, check=True, capture_output=True)
            theirs.append(float((Path(folder) / "results" / "last_run_info.txt").read_text().split()[0]))
        record = next((Path(folder) / "results").glob("_dynamic_array_spikemonitor_i_*"))
        rate = record.stat().st_size / 4 / network.size / duration * 1e3
    row = {
        "network": "cuba",
        "bits": bits,
        "simulated_ms": duration,
        "rounds": rounds,
        "ours": {
            "processor_seconds": min(mine),
            "seconds": min(walls),
            "compile_seconds": compiled,
            "rate": found["rate"],
        },
        "brian2": {"processor_seconds": min(theirs), "build_seconds": built["build"], "rate": rate},
        "ratio_of_processor_time": min(mine) / min(theirs),
    }
    print(json.dumps(row))
    return row


def against_cython(network: Any, python: str, *, duration: float, rounds: int) -> dict[str, Any]:
    """Both sides in turn, `rounds` times, by processor time."""
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(ours(cast(network, 64), duration, 1))
        theirs.append(peer(python, "cobahh", 64, target="cython", duration=duration, last="1"))
    keys = ("seconds", "processor_seconds")
    best = {key: min(one[key] for one in mine) for key in keys}
    other = {key: min(min(one[key]) for one in theirs) for key in keys}
    row = {
        "network": "cobahh",
        "bits": 64,
        "simulated_ms": duration,
        "rounds": rounds,
        "ours": best | {"compile_seconds": mine[0]["compile_seconds"], "rate": mine[0]["rate"]},
        "brian2": other | {"build_seconds": theirs[0]["build"], "rate": theirs[0]["rate"]},
        "ratio": best["seconds"] / other["seconds"],
        "ratio_of_processor_time": best["processor_seconds"] / other["processor_seconds"],
    }
    print(json.dumps(row))
    return row


def scaling(n: int, *, rule: PairSTDP | None = None) -> dict[str, Any]:
    """Current-based neurons with 100 synapses each and delays of their own: drawing, memory, one short run.

    With a rule the 80 excitatory ones learn.
    """
    duration = min(100.0, 1e7 / n)
    cells = LeakyCells((CurrentReceptor("exc", tau=5.0), CurrentReceptor("inh", tau=10.0)), tau=20.0, E_L=-49.0,
                       V_reset=-60.0, refractory=5.0)  # fmt: skip
    sizes = {"E": 4 * n // 5, "I": n - 4 * n // 5}
    parts = [Population(name, size, cells, {"V": UniformDraw(-60.0, -50.0)}) for name, size in sizes.items()]
    links = [
        Projection(pre, post, FixedInDegree(degree), receptor, weight, delay=UniformDraw(0.5, 3.0), plasticity=learns)
        for pre, receptor, weight, degree, learns in (("E", "exc", 1.3, 80, rule), ("I", "inh", -7.2, 20, None))
        for post in sizes
    ]
    begin = time.perf_counter()
    network = cast(spiking_network(parts, links, key=jax.random.key(0)), 32)
    drawn = time.perf_counter() - begin
    found = ours(network, duration, 1)
    row = {
        "neurons": n,
        "synapses": network.synapses.count + sum(one.synapses.count for one in network.learning),
        "bytes_per_synapse": network.synapses.bytes_per_synapse,
        **learners(network),
        "drawing_seconds": drawn,
        "simulated_ms": duration,
        "seconds_per_simulated_second": 1e3 / duration * found["seconds"],
        "processor_seconds_per_simulated_second": 1e3 / duration * found["processor_seconds"],
        "peak_bytes_of_the_process": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "rate": found["rate"],
    }
    print(json.dumps(row))
    return row


def learners(network: Any) -> dict[str, Any]:
    """Number of the synapses that learn, and the memory of each: of its network and of its weight of now."""
    if not network.learning:
        return {}
    count = sum(one.synapses.count for one in network.learning)
    weights = sum(one.weights.nbytes for one in network.initial_state().learning)
    arrays = jax.tree.leaves([(one.synapses, one.columns) for one in network.learning])
    size = (weights + sum(one.nbytes for one in arrays)) / count
    return {"synapses_that_learn": count, "bytes_per_synapse_that_learns": size}


def kept(name: str, rows: list[Any]) -> None:
    """Put the rows of one part in the place of those of an earlier run."""
    stored = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(stored | {name: rows}, indent=2) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", default="")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--only", choices=PARTS, default=None)
    options = parser.parse_args()
    wanted = (options.only,) if options.only else PARTS
    if options.peer and "cuba" in wanted:
        cuba = cuba_network(key=jax.random.key(0))
        how: dict[str, Any] = {"duration": 1000.0, "rounds": options.rounds}
        kept("cuba", [against_cpp(cuba, options.peer, bits=bits, **how) for bits in (32, 64)])
    if options.peer and "cobahh" in wanted:
        cobahh = cobahh_network(key=jax.random.key(0))
        kept("cobahh", [against_cython(cobahh, options.peer, duration=1000.0, rounds=min(5, options.rounds))])
    if "scaling" in wanted:
        sizes = np.geomspace(1000, options.large, round(np.log10(options.large / 1000)) + 1)
        kept("scaling", [scaling(round(n)) for n in sizes])
    if "learning" in wanted:
        kept("learning", [scaling(n, rule=PairSTDP(w_max=4.0)) for n in (1000, 10_000, 100_000)])
