"""What the tests sweep: functions that workers can import."""

import os
import time
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

import dynascope as ds
from dynascope.solve import integrate


def final(system: Any, key: Any) -> dict[str, Any]:
    """The state after 50 steps, and a random number; can be traced."""
    run = integrate(system, system.initial_state(), jnp.arange(51))
    return {"x": run.ys[-1, 0], "draw": jax.random.uniform(key)}


def network(system: Any, key: Any) -> Any:
    """A network after some time: matrix products, whose bits may depend on threads."""
    y0 = jax.random.normal(key, system.initial_state().shape)
    return integrate(system, y0, jnp.linspace(0.0, 5.0, 6), solver=ds.solve.RK4(0.05)).ys[-1]


def plain(system: Any, key: Any) -> dict[str, Any]:
    """Cannot be traced: it wants a number."""
    r = float(system.r)
    return {"square": r * r, "draw": float(jax.random.uniform(key)), "word": "high" if r > 2 else "low"}


def logged(system: Any, key: Any) -> float:
    """Takes a moment, and leaves a line in the file that the environment names."""
    r = float(system.r)
    with Path(os.environ["SWEEP_LOG"]).open("a") as log:
        log.write(f"{r!r}\n")
    time.sleep(0.02)
    return r + float(jax.random.uniform(key))


def troubled(system: Any) -> float:
    """Raises at 1.5, is not a number at 2.0, never ends at 2.5 and kills its process at 3.0."""
    r = float(system.r)
    if r == 1.5:
        raise ValueError("this point is wrong")
    if r == 2.0:
        return float("nan")
    while r == 2.5:
        time.sleep(0.01)
    if r == 3.0:
        os._exit(7)
    return r


def mended(system: Any) -> float:
    """Raises at 1.5 unless the environment says that it was mended."""
    r = float(system.r)
    if r == 1.5 and "SWEEP_MENDED" not in os.environ:
        raise ValueError("this point is wrong")
    return r


def endless(system: Any, key: Any) -> Any:
    """Can be traced; never ends for r > 3."""
    del key
    return jax.lax.while_loop(lambda c: (system.r > 3) | (c < 10), lambda c: c + 1.0, system.r)


def refusing(system: Any) -> Any:
    """Can be traced; raises at run time for r > 3."""
    return eqx.error_if(system.r, system.r > 3, "r is too large.")


def ragged(system: Any) -> dict[str, Any]:
    """As many numbers as r says."""
    count = int(system.r)
    return {"values": jnp.arange(float(count)), "counts": jnp.arange(count), "complex": jnp.asarray(1j * count)}
