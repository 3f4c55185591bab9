"""Which leaves of a model are trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax

from ..._errors import InputError
from ..._param import parameters


def learned_leaves(model: Any, trainable: Sequence[str] | None = None) -> Any:
    """A tree like `model` with True at the leaves that are trained: its learned weights, or those named.

    Raises:
        InputError: If the model has no learned weights, or a name is unknown.
    """
    known = parameters(model)
    if trainable is None:
        names = [name for name, (_, said) in known.items() if said["learned"]]
    else:
        names = [name for name in known if any(name == n or name.startswith(f"{n}.") for n in trainable)]
        lost = [n for n in trainable if not any(name == n or name.startswith(f"{n}.") for name in names)]
        if lost:
            raise InputError(
                f"`{type(model).__name__}` has no parameter `{lost[0]}` to train. It has "
                f"{', '.join(f'`{name}`' for name in known)}."
            )
    if not names:
        raise InputError(
            f"`{type(model).__name__}` has no learned weights. Name what is to be trained: `trainable=(...)`, out of "
            f"{', '.join(f'`{name}`' for name in known)}."
        )

    def leaves(tree: Any) -> list[Any]:
        return [_at(tree, name.split(".")) for name in names]

    nothing = jax.tree.map(lambda _: False, model)
    return eqx.tree_at(leaves, nothing, [True] * len(names))


def _at(tree: Any, path: Sequence[str]) -> Any:
    for name in path:
        tree = (
            tree[int(name)]
            if isinstance(tree, tuple)
            else tree[name]
            if isinstance(tree, dict)
            else getattr(tree, name)
        )
    return tree
