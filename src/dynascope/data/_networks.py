"""Trained networks: from the weights of PyTorch to a system that every analysis accepts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from .._errors import InputError
from ..models.artificial import ALRNN, GRU, LSTM, RNN, OutputProjection, Readout, RecurrentLayer
from ..systems._base import AbstractMap
from ._recurrent_keys import Stack, chosen, nothing_found, recurrent_prefixes, stack_at
from ._weights import as_float, import_torch, load_weights


class NetworkFile(eqx.Module):
    """A network that was read, and what had to be assumed to read it.

    Args:
        system: The network as a map with input.
        notes: Sentences on assumed defaults and on what the file holds besides.
        description: One line: kind, layers, units, inputs.
        prefix: Where in the file the network was found, `""` at the top.
    """

    system: AbstractMap
    notes: tuple[str, ...] = eqx.field(static=True, default=())
    description: str = eqx.field(static=True, default="")
    prefix: str = eqx.field(static=True, default="")


def read_network(
    path: str | Path,
    *,
    prefix: str | None = None,
    nonlinearity: str | None = None,
    rectified: int | None = None,
    readout: str | None = None,
) -> NetworkFile:
    """Read a trained recurrent network: `torch.nn.RNN`, `GRU`, `LSTM`, their cells, or an AL-RNN.

    No code from the file is run.

    Args:
        path: `.pt`, `.pth`, `.bin` or `.ckpt` (a state_dict, or a checkpoint that contains one; needs PyTorch), or
            `.safetensors` (does not).
        prefix: Which network, where the file holds several: the part of the keys before `.weight_hh_l0`.
        nonlinearity: `"tanh"` or `"relu"` for a simple RNN, which its weights do not tell; None assumes tanh.
        rectified: Number P of rectified units of an AL-RNN, which its weights do not tell.
        readout: Name of the linear layer that `observe` should show; None takes the only one that fits, if any.

    Returns:
        The network as a system, with notes on every assumption.

    Raises:
        InputError: If the file cannot be opened safely or holds no network that is supported; the message names the
            key at fault.
    """
    return from_state_dict(
        load_weights(path),
        prefix=prefix,
        nonlinearity=nonlinearity,
        rectified=rectified,
        readout=readout,
        source=f"`{path}`",
    )


def from_state_dict(
    weights: Mapping[str, Any],
    *,
    prefix: str | None = None,
    nonlinearity: str | None = None,
    rectified: int | None = None,
    readout: str | None = None,
    source: str = "The state_dict",
) -> NetworkFile:
    """A network from weights by name (tensors of torch, NumPy or JAX); arguments and errors as in `read_network`.

    Args:
        weights: Names as in PyTorch, such as `rnn.weight_hh_l0`.
        prefix: Which network, where there are several.
        nonlinearity: `"tanh"` or `"relu"` for a simple RNN.
        rectified: Number P of rectified units of an AL-RNN.
        readout: Name of the linear layer to observe.
        source: What error messages call the weights.
    """
    recurrent, almost_linear = recurrent_prefixes(weights), _almost_linear_prefixes(weights)
    if not recurrent and not almost_linear:
        raise InputError(nothing_found(weights, source))
    at = chosen([*recurrent, *almost_linear], prefix, source)
    if at in almost_linear:
        _refuse(nonlinearity is not None, "nonlinearity", "a simple RNN", "an AL-RNN")
        _refuse(readout is not None, "readout", "an RNN, GRU or LSTM", "an AL-RNN")
        return _almost_linear(weights, at, rectified)
    stack = stack_at(weights, at)
    _refuse(rectified is not None, "rectified", "an AL-RNN", f"a {stack.kind}")
    _refuse(nonlinearity is not None and stack.kind != "RNN", "nonlinearity", "a simple RNN", f"a {stack.kind}")
    if nonlinearity not in (None, "tanh", "relu"):
        raise InputError(f"`nonlinearity` must be `tanh` or `relu`, got {nonlinearity!r}.")
    read, notes = _readout(weights, stack, readout)
    if stack.kind == "RNN" and nonlinearity is None:
        notes = (
            "`nonlinearity` tanh is assumed, as a state_dict does not tell; pass `--nonlinearity relu` "
            '(`nonlinearity="relu"`) if the network was trained with relu.',
            *notes,
        )
    return NetworkFile(_system(weights, stack, nonlinearity or "tanh", read), notes, stack.description, at)


def from_torch(module: Any, *, prefix: str | None = None, readout: str | None = None) -> AbstractMap:
    """The recurrent network inside a live `torch.nn.Module` as a system; dropout is off, as in evaluation.

    Weights are taken as they act, after pruning, weight normalisation or other parametrisations.

    Args:
        module: An `nn.RNN`, `nn.GRU`, `nn.LSTM`, one of their cells, or a module with one of them inside.
        prefix: Name of the submodule, where there are several.
        readout: Name of the linear layer that `observe` should show; None takes the only one that fits, if any.

    Returns:
        A map with input, equal to the module's own step.

    Raises:
        InputError: If there is no recurrent module, several and no `prefix`, or an unsupported one.

    Example:
        >>> import torch
        >>> system = from_torch(torch.nn.GRU(3, 16, num_layers=2))
        >>> system.step(0, system.initial_state(), None).shape
        (32,)
    """
    nn = import_torch("a live module").nn
    if not isinstance(module, nn.Module):
        raise InputError(f"`module` must be a `torch.nn.Module`, got {type(module).__name__}.")
    found = {k: m for k, m in module.named_modules() if isinstance(m, nn.RNNBase | nn.RNNCellBase)}
    stored = module.state_dict()
    if not found:
        raise InputError(nothing_found(stored, f"The module `{type(module).__name__}`"))
    at = chosen(list(found), prefix, f"The module `{type(module).__name__}`")
    cell = found[at]
    depth = getattr(cell, "num_layers", 0)
    endings = [f"_l{i}{way}" for i in range(depth) for way in ("", "_reverse")] or [""]
    fields = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    start = f"{at}." if at else ""
    live = {start + f + e: getattr(cell, f + e, None) for e in endings for f in fields}
    beside = {k: v for k, v in stored.items() if not (k.startswith(start) if start else True)}
    return from_state_dict(
        {k: v for k, v in live.items() if v is not None} | beside,
        prefix=at,
        nonlinearity=getattr(cell, "nonlinearity", None),
        readout=readout,
        source=f"The module `{type(module).__name__}`",
    ).system


def _refuse(given: bool, option: str, use: str, got: str) -> None:
    if given:
        raise InputError(f"`{option}` applies to {use}, but the network is {got}. Leave `{option}` out.")


def _system(weights: Mapping[str, Any], stack: Stack, nonlinearity: str, readout: Readout | None) -> AbstractMap:
    layers, projections = [], []
    for keys in stack.layers:
        arrays = {field: as_float(key, weights[key]) for field, key in keys.items()}
        zeros = jnp.zeros(arrays["weight_hh"].shape[0])
        biases = (arrays.get("bias_ih", zeros), arrays.get("bias_hh", zeros))
        layers.append(RecurrentLayer(arrays["weight_ih"], arrays["weight_hh"], *biases))
        if "weight_hr" in arrays:
            projections.append(OutputProjection(arrays["weight_hr"]))
    match stack.kind:
        case "RNN":
            return RNN(tuple(layers), readout=readout, nonlinearity=nonlinearity)
        case "GRU":
            return GRU(tuple(layers), readout=readout)
        case _:
            return LSTM(tuple(layers), tuple(projections), readout=readout)


def _readout(weights: Mapping[str, Any], stack: Stack, name: str | None) -> tuple[Readout | None, tuple[str, ...]]:
    """The linear layer on top of the network, where it is clear which, and notes on the layers beside it."""
    own = {key for keys in stack.layers for key in keys.values()}
    linear = {
        key.removesuffix(".weight"): tuple(tensor.shape)
        for key, tensor in weights.items()
        if key not in own and (key.endswith(".weight") or key == "weight") and len(tensor.shape) >= 2
    }
    fitting = {k: s for k, s in linear.items() if len(s) == 2 and s[1] == stack.outputs and f"{k}.bias" in weights}
    if name is not None:
        names = [k for k in linear if k == name or k.endswith(f".{name}")]
        if len(names) != 1 or linear[names[0]][1:] != (stack.outputs,):
            fits = ", ".join(f"`{k}` {s}" for k, s in fitting.items()) or "none"
            raise InputError(
                f"`readout` must name one linear layer whose weight has {stack.outputs} columns, got {name!r}. "
                f"Layers that fit: {fits}."
            )
        taken = names[0]
    else:
        # Layers that feed the input explain themselves; if another one remains, the way out is not one linear layer.
        others = [k for k, s in linear.items() if not (s[0] == stack.inputs and k not in fitting)]
        taken = others[0] if len(others) == 1 and others[0] in fitting else None
    notes = []
    if taken is not None:
        bias = weights.get(f"{taken}.bias")
        out = linear[taken][0]
        notes.append(f"`{taken}` ({stack.outputs} -> {out}) is taken as the readout; it does not act on the dynamics.")
        weight = as_float(f"{taken}.weight", weights[f"{taken}.weight"])
        read = Readout(weight, jnp.zeros(out) if bias is None else as_float(f"{taken}.bias", bias))
    else:
        read = None
    left = [k for k in linear if k != taken]
    if left:
        some = ", ".join(f"`{k}`" for k in left[:6]) + (f" and {len(left) - 6} more" if len(left) > 6 else "")
        choice = f" Name the readout with `--readout {next(iter(fitting))}`." if fitting and taken is None else ""
        notes.append(f"Left out, as only the recurrent part is the system: {some}.{choice}")
    return read, tuple(notes)


def _almost_linear_prefixes(weights: Mapping[str, Any]) -> list[str]:
    found = []
    for key, tensor in weights.items():
        start = key[:-1]
        if key.split(".")[-1] != "W" or len(tensor.shape) != 2 or not {start + "A", start + "h"} <= set(weights):
            continue
        m = tuple(tensor.shape)[:1]
        if tuple(weights[start + "A"].shape) == tuple(weights[start + "h"].shape) == m == tuple(tensor.shape)[1:]:
            found.append(start.removesuffix("."))
    return found


def _almost_linear(weights: Mapping[str, Any], at: str, rectified: int | None) -> NetworkFile:
    start = f"{at}." if at else ""
    a, w, h = (as_float(start + name, weights[start + name]) for name in ("A", "W", "h"))
    if rectified is None:
        raise InputError(
            f"The keys `{start}A`, `{start}W`, `{start}h` are those of an AL-RNN of {a.size} units, but weights do not "
            "tell how many of them are rectified. Give the number P of the training: `--rectified 2` (`rectified=2`)."
        )
    lift = weights.get(start + "B")
    shape = () if lift is None else tuple(int(size) for size in lift.shape)
    notes, observed = (), None
    if len(shape) == 2 and shape[1] == a.size >= shape[0]:
        observed = shape[0]
        notes = (
            f"`{start}B` maps data to a first state, and no more: the start is zero here. Its {observed} rows say that "
            f"the first {observed} units are observed.",
        )
    system = ALRNN(a, w, h, rectified=rectified, observed=observed)
    return NetworkFile(system, notes, f"AL-RNN, {a.size} units, {rectified} of them rectified", at)
