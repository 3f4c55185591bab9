"""One large system over several devices: its arrays in parts, everything else as before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from .._errors import InputError
from ..systems import AbstractSystem

S = TypeVar("S", bound=AbstractSystem)

#: Name of the axis of the mesh.
_UNITS = "units"


def sharded(system: S, *, devices: Sequence[Any] | None = None) -> S:
    """A copy of a network whose arrays over its units lie in equal parts on several devices.

    Arrays whose first axis is that of the units (frequencies, the rows of a weight matrix) are split along it, all
    other ones are copied to each device. JAX then splits the work of every compiled run accordingly: each device
    computes the velocity of its own units. Results agree with those of one device to rounding, since sums are taken in
    another order. It pays where a matrix is too large for one device, or its product takes much longer than the
    exchange of a state.

    Args:
        system: A network whose state has one entry per unit along the first axis.
        devices: Devices of one kind; None takes all.

    Raises:
        InputError: If the units do not divide evenly over the devices, or no array has one entry per unit.

    Example:
        >>> import dynascope as ds, jax
        >>> network = ds.solve.sharded(ds.models.Kuramoto.quantiles(n=64), devices=jax.devices()[:1])
        >>> network.omega.shape
        (64,)
    """
    mesh = Mesh(np.asarray(jax.devices() if devices is None else list(devices)), (_UNITS,))
    leaves = [leaf for leaf in jax.tree.leaves(system.initial_state()) if np.ndim(leaf)]
    units = leaves[0].shape[0] if leaves else 0
    if not units or units % mesh.size:
        raise InputError(
            f"`{type(system).__name__}` has {units} units, which do not divide over {mesh.size} devices. Choose a size "
            "that does, or fewer `devices`."
        )
    split = [leaf for leaf in jax.tree.leaves(system) if np.ndim(leaf) and leaf.shape[0] == units]
    if not split:
        raise InputError(f"No array of `{type(system).__name__}` has one entry per unit, so nothing can be split.")

    def placed(leaf: Any) -> Any:
        along = np.ndim(leaf) and leaf.shape[0] == units
        return jax.device_put(leaf, NamedSharding(mesh, PartitionSpec(_UNITS) if along else PartitionSpec()))

    return jax.tree.map(placed, system)
