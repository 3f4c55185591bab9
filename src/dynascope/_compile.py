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


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """`function`, compiled as by `equinox.filter_jit`: for a short wait if its arguments are small, else for speed.

    Most analyses of small systems run for milliseconds once they are compiled, and compiling them takes seconds.
    """
    for_speed = eqx.filter_jit(function)
    # Its types do not say so, but it hands further keywords on to `jax.jit`.
    soon = eqx.filter_jit(function, compiler_options=_SOON)  # pyright: ignore[reportCallIssue]

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return (soon if _is_small((args, kwargs)) and _outermost() and _known() else for_speed)(*args, **kwargs)

    return cast("Callable[P, T]", call)


def _is_small(arguments: Any) -> bool:
    """Whether `arguments` have few numbers, none of them a tracer."""
    leaves = jax.tree.leaves(arguments)
    if any(isinstance(leaf, Tracer) for leaf in leaves):
        return False
    return sum(getattr(leaf, "size", 1) for leaf in leaves) < _SMALL


def _outermost() -> bool:
    """Whether no other function is being traced: options are for the outermost function that is compiled."""
    return get_opaque_trace_state() == _untraced()


@functools.cache
def _untraced() -> Any:
    """The state of JAX outside of all transformations: that of a new thread, whoever asks first."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(get_opaque_trace_state).result()


@functools.cache
def _known() -> bool:
    """Whether this version of XLA has the option."""
    try:
        jax.jit(lambda: 0, compiler_options=_SOON)()
    except jax.errors.JaxRuntimeError:
        return False
    return True
