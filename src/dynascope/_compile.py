"""How functions are compiled: soon where their arguments are small, for throughput where they are large."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar, cast

import equinox as eqx
import jax
from jax.core import Tracer
from jax.extend.core import get_opaque_trace_state

P = ParamSpec("P")
T = TypeVar("T")

#: How many numbers all arguments together may have in a call of a small system.
_SMALL = 4096
#: XLA's older emitters: on a CPU they compile in two thirds of the time, but do not vectorise loops over large arrays,
#: which then take four times as long in double precision and eight times in single.
_SOON = {"xla_cpu_use_fusion_emitters": False}
#: Vectors as long as the processor has them: loops with many operations per number, such as those over phases, take
#: four fifths of the time, others what they took.
_WIDE = {"xla_cpu_prefer_vector_width": 512}


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """`function`, compiled as by `equinox.filter_jit`: for a short wait if its arguments are small, else for speed.

    Most analyses of small systems run for milliseconds once they are compiled, and compiling them takes seconds.
    """
    inner = eqx.filter_jit(function)
    # Its types do not say so, but it hands further keywords on to `jax.jit`.
    soon = eqx.filter_jit(function, compiler_options=_SOON)  # pyright: ignore[reportCallIssue]
    wide = eqx.filter_jit(function, compiler_options=_WIDE)  # pyright: ignore[reportCallIssue]

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        leaves = jax.tree.leaves((args, kwargs))
        if not _outermost(leaves):
            return inner(*args, **kwargs)
        small = sum(getattr(leaf, "size", 1) for leaf in leaves) < _SMALL
        return (soon if small else wide)(*args, **kwargs)

    return cast("Callable[P, T]", call)


def _outermost(leaves: list[Any]) -> bool:
    """Whether no other function is being traced: only the outermost function that is compiled takes options."""
    traced = any(isinstance(leaf, Tracer) for leaf in leaves)
    return not traced and get_opaque_trace_state() == _untraced() and _known()


@functools.cache
def _untraced() -> Any:
    """The state of JAX outside of all transformations: that of a new thread, whoever asks first."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(get_opaque_trace_state).result()


@functools.cache
def _known() -> bool:
    """Whether this version of XLA has the options."""
    try:
        jax.jit(lambda: 0, compiler_options=_SOON | _WIDE)()
    except jax.errors.JaxRuntimeError:
        return False
    return True
