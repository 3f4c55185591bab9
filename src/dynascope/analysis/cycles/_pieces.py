"""Nodes between two events: passages along which the flow repels are cut into pieces along which it does not."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ._passages import NODE, Along, Passages, along, even, shared_out, shares_of

Array = NDArray[np.float64]

#: Growth of a difference along one piece that is allowed, and into how many pieces a passage may be cut: few choices,
#: as each is compiled.
_GROWTH, _COUNTS = 30.0, (1, 4, 16)


def course(passages: Passages, starts: Array, times: Array, value: float) -> Along:
    """What happens along the pieces."""
    return along(passages, jnp.asarray(starts), jnp.asarray(times), jnp.asarray(value))


def renewed(
    passages: Passages, starts: Array, times: Array, value: float, *, steps: int
) -> tuple[Passages, Array, Array]:
    """The same orbit on meshes of `steps` steps of equal changes, cut into as many pieces as it needs.

    The mesh and the pieces are those that follow from its course; where this is not finite the meshes become even and
    the pieces stay.

    Returns:
        Equations, states at the starts of the pieces, and times of the pieces.
    """
    seen = course(passages, starts, times, value)
    changes, used = np.asarray(seen.changes), int(passages.steps)
    if not (np.all(np.isfinite(changes)) and np.all(np.isfinite(np.asarray(seen.nodes)))):
        return _on(passages, passages.surfaces, even(len(starts), steps), times, steps), starts, times
    lengths = times[:, None] * np.asarray(passages.widths)
    grown = _growth(passages, seen, used)
    new: list[tuple[Array, float, Array, Array, int]] = []
    for pieces in np.split(np.arange(len(starts)), passages.begins[1:]):
        length, change, nodes = (np.concatenate(x[pieces, :used]) for x in (lengths, changes, np.asarray(seen.nodes)))
        cuts = _cuts(grown[pieces[0]])
        ends = [*cuts[1:], len(length)]
        for a, b in zip(cuts, ends, strict=True):
            surface = passages.surfaces[pieces[-1]] if b == len(length) else NODE
            new.append((nodes[a], float(length[a:b].sum()), length[a:b], change[a:b], surface))
    widths = shared_out([n[2] for n in new], [n[3] for n in new], steps)
    fresh_starts, fresh_times = np.array([n[0] for n in new]), np.array([n[1] for n in new])
    return _on(passages, tuple(n[4] for n in new), widths, fresh_times, steps), fresh_starts, fresh_times


def _on(passages: Passages, surfaces: tuple[int, ...], widths: Array, times: Array, steps: int) -> Passages:
    """The equations for other pieces."""
    p, shares = passages, shares_of(surfaces, times)
    return Passages(
        p.system, p.u, p.free, surfaces, jnp.asarray(shares), jnp.asarray(widths), jnp.asarray(steps), p.scale, p.unit
    )  # fmt: skip


def _growth(passages: Passages, seen: Along, used: int) -> dict[int, Array]:
    """How far differences across the flow have grown up to the end of each step of each passage, in logarithms.

    Along the flow a difference grows as the velocity does, as in the upstroke of a spike, and the time of the event
    makes up for it. What has shrunk may be disturbed again: no factor of growth counts for less than one.
    """
    scale = np.asarray(passages.scale)
    tangents = np.asarray(seen.tangents)[:, :used] * scale / scale[:, None]
    flows = np.asarray(seen.velocities)[:, : used + 1] / scale
    found = {}
    for pieces in np.split(np.arange(len(tangents)), passages.begins[1:]):
        base, top, grown = 0.0, 0.0, []
        frame = _across(flows[pieces[0], 0])
        for i in pieces:
            for tangent, flow in zip(tangents[i], flows[i, 1:], strict=True):
                left, sizes, right = np.linalg.svd(_across(flow) @ tangent @ frame)
                sizes = np.maximum(sizes, 1.0)
                frame = left * sizes @ right
                top = max(top, base + float(np.log(sizes[0])))
                grown.append(top)
                if sizes[0] > _GROWTH:
                    base, frame = top, np.eye(len(scale))
        found[int(pieces[0])] = np.array(grown)
    return found


def _across(flow: Array) -> Array:
    """The projection on what is orthogonal to the flow."""
    size = flow @ flow
    return np.eye(len(flow)) - (np.outer(flow, flow) / size if size > 0 else 0.0)


def _cuts(grown: Array) -> list[int]:
    """Numbers of the steps with which the pieces of a passage begin, so that each grows by as much."""
    needed = grown[-1] / np.log(_GROWTH)
    count = next((n for n in _COUNTS if n >= needed), _COUNTS[-1])
    inner = np.searchsorted(grown, grown[-1] * np.arange(1, count) / count) + 1
    return [0, *(int(i) for i in np.unique(inner) if i < len(grown))]
