"""Small functions on trees of arrays."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer


def astype(tree: Any, dtype: Any) -> Any:
    """`tree` with every floating array cast to `dtype`, for instance a system in single precision.

    Random keys, integers and static fields are left alone.
    """

    def cast(leaf: Any) -> Any:
        if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating):
            return leaf.astype(dtype)
        return leaf

    return jax.tree.map(cast, tree)


def is_traced(*trees: Any) -> bool:
    """Whether any leaf is a tracer: whether we are inside `jit`, `vmap` or a derivative."""
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(trees))
