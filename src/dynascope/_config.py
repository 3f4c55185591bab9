"""The one place that configures JAX: 64-bit numbers, loops as single kernels, and the persistent compilation cache.

`import dynascope` calls `configure` before JAX is loaded (environment variables) or after (`jax.config`).
Choices that the user made explicitly are left alone.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator

_X64 = "JAX_ENABLE_X64"
_CACHE = "JAX_COMPILATION_CACHE_DIR"
_FALSE = ("", "0", "false", "no", "off")
_FLAGS = "XLA_FLAGS"
#: On a CPU, XLA compiles a loop into one kernel only if a pass moves less than 1 kB; every other loop calls one kernel
#: per fused operation and pass. With 64 kB the loops of small systems run 4 to 14 times faster (tangent vectors,
#: events, delays, noise); loops over large arrays are left alone.
_SMALL_LOOPS = "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=65536"


def configure() -> None:
    """Switch JAX to 64 bit, its small loops to single kernels and its cache on, unless the user chose otherwise."""
    if os.environ.get(_X64, "1").lower() in _FALSE:
        warnings.warn(
            f"`{_X64}={os.environ[_X64]}` is set: dynascope leaves JAX at 32 bit. Lyapunov spectra, fixed "
            f"points and verdicts need 64 bit and will refuse to run. Unset `{_X64}` to use them.",
            stacklevel=3,
        )
    else:
        _set("jax_enable_x64", _X64, True, "1")
    flags = os.environ.get(_FLAGS, "")
    if "xla_backend_extra_options" not in flags:
        # First, because XLA stops reading at a word that is no flag.
        os.environ[_FLAGS] = f"{_SMALL_LOOPS} {flags}".strip()
    if not os.environ.get(_CACHE) and os.environ.get("DYNASCOPE_CACHE", "1").lower() not in _FALSE:
        folder = _cache_folder()
        _set("jax_compilation_cache_dir", _CACHE, folder, folder)
        name = "jax_persistent_cache_min_compile_time_secs"
        _set(name, name.upper(), 0.0, "0")
        name = "jax_persistent_cache_min_entry_size_bytes"
        _set(name, name.upper(), -1, "-1")


def _cache_folder() -> str:
    import platformdirs

    return os.path.join(platformdirs.user_cache_dir("dynascope"), "jax")


def _set(name: str, variable: str, value: object, text: str) -> None:
    """Set an option of JAX: directly if JAX is loaded, else through the variable that it reads when it loads."""
    if "jax" in sys.modules:
        sys.modules["jax"].config.update(name, value)
    else:
        os.environ.setdefault(variable, text)


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep LAPACK to one thread for many small factorisations: several threads only wait for each other.

    Measured: on a busy machine a QR factorisation of a 512 x 512 matrix takes five times longer with two threads than
    with one. A number of threads that the user chose through `OPENBLAS_NUM_THREADS` stays.
    """
    if os.environ.get("OPENBLAS_NUM_THREADS"):
        yield
        return
    import threadpoolctl

    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
        yield
