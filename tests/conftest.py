"""What all tests share. `import dynascope` switches JAX to 64 bit for them, as it does for users."""

import gc
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs
import pytest

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # JAX writes an entry of its compilation cache in place, so that a second process may read half of it, which JAX
    # answers with a warning. Each worker gets a cache of its own, with the settings that dynascope would choose.
    folder = Path(platformdirs.user_cache_dir("dynascope")) / f"tests-{worker}"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

import equinox as eqx
import jax

import dynascope  # noqa: F401
from dynascope._types import Key

#: Mapped regions of memory beyond which compiled programs are let go of. Each program maps a few, Linux allows 65530,
#: and a process that asks for more is aborted.
_MANY = 20_000
_MAPPED = Path("/proc/self/maps")
#: Counting them takes 20 ms where there are many, so it is done after every sixteenth test only.
_TESTS = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def _forget_programs() -> Iterator[None]:
    """Let go of compiled programs after each module: thousands of them fill the memory of the machine."""
    yield
    _forget()


@pytest.fixture(autouse=True)
def _forget_many_programs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let go of them within a module of many cases, too."""
    yield
    if not hasattr(request.node, "callspec") or next(_TESTS) % 16 or not _MAPPED.exists():
        return
    if _MAPPED.read_bytes().count(b"\n") > _MANY:
        _forget()


def _forget() -> None:
    eqx.clear_caches()  # what Equinox holds of programs, before those themselves
    jax.clear_caches()
    gc.collect()


@pytest.fixture
def keys() -> Callable[[], Key]:
    """Fresh random keys, the same ones in every run: `keys()` gives the next."""
    state = [jax.random.key(20)]

    def draw() -> Key:
        state[0], key = jax.random.split(state[0])
        return key

    return draw


@pytest.fixture
def key(keys: Callable[[], Key]) -> Key:
    """One random key, the same in every run."""
    return keys()
