"""The names and shapes that PyTorch gives the weights of recurrent networks, and what is wrong with them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError
from ._weights import SAVE_LINE

_KEY = re.compile(
    r"^(?:(?P<prefix>.+)\.)?(?P<field>weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)(?:_l(?P<layer>\d+))?"
    r"(?P<reverse>_reverse)?$"
)
_KINDS = {1: "RNN", 3: "GRU", 4: "LSTM"}


@dataclasses.dataclass(frozen=True)
class Stack:
    """A stack of recurrent layers whose names and shapes have been checked.

    Args:
        kind: `"RNN"`, `"GRU"` or `"LSTM"`.
        inputs: Input channels.
        units: Units (memory cells) per layer.
        outputs: Outputs per layer, fewer than `units` with projections.
        layers: Per layer the full key of each field (`weight_ih`, ...).
    """

    kind: str
    inputs: int
    units: int
    outputs: int
    layers: tuple[dict[str, str], ...]

    @property
    def description(self) -> str:
        """One line: kind, layers, units, inputs."""
        count = len(self.layers)
        depth = f"{count} layer{'s' if count > 1 else ''}"
        projected = f" projected to {self.outputs}" if self.outputs != self.units else ""
        bias = "" if any("bias_ih" in keys for keys in self.layers) else ", no biases"
        return f"{self.kind}, {depth} of {self.units} units{projected}, {self.inputs} input channel(s){bias}"


def recurrent_prefixes(weights: Mapping[str, Any]) -> list[str]:
    """Where recurrent weights lie: the parts of the keys before `.weight_ih_l0` or `.weight_ih`."""
    return list(dict.fromkeys(m["prefix"] or "" for m in map(_KEY.match, weights) if m))


def chosen(prefixes: Sequence[str], prefix: str | None, source: str) -> str:
    """The one of `prefixes` that is meant.

    Raises:
        InputError: If there are several and `prefix` does not single one out.
    """
    listed = ", ".join(f"`{p}`" if p else "the top (`--prefix ''`)" for p in prefixes)
    if prefix is None:
        if len(prefixes) == 1:
            return prefixes[0]
        raise InputError(
            f"{source} holds {len(prefixes)} recurrent networks: {listed}. Choose one with `--prefix` (`prefix=`)."
        )
    if prefix in prefixes:
        return prefix
    near = [p for p in prefixes if prefix and (p.endswith(f".{prefix}") or p.startswith(f"{prefix}."))]
    if len(near) == 1:
        return near[0]
    raise InputError(
        f"`prefix` {prefix!r} fits {'several' if near else 'no'} recurrent networks in {source}. It has: {listed}."
    )


def nothing_found(weights: Mapping[str, Any], source: str) -> str:
    """The message where there is no recurrent network at all, with what there is instead."""
    if not weights:
        return f"{source} holds no tensors at all. Save the network with {SAVE_LINE}."
    attention = [k for k in weights if re.search(r"attn|attention", k)]
    convolution = [k for k in weights if k.endswith("weight") and len(weights[k].shape) > 2]
    some = ", ".join(f"`{k}` {tuple(weights[k].shape)}" for k in list(weights)[:4])
    if attention:
        reason = f" `{attention[0]}` belongs to a transformer, which is not supported."
    elif convolution:
        reason = f" `{convolution[0]}` belongs to a convolutional network, which is not supported."
    else:
        reason = ""
    return (
        f"{source} holds no recurrent network: among its {len(weights)} tensor(s) are {some}.{reason} Supported are "
        "`nn.RNN`, `nn.GRU`, `nn.LSTM` and their cells, with keys such as `weight_hh_l0`."
    )


def stack_at(weights: Mapping[str, Any], prefix: str) -> Stack:
    """The checked layers at `prefix`.

    Raises:
        InputError: If a key is missing, a shape is wrong, or the network runs in both directions.
    """
    start = f"{prefix}." if prefix else ""
    matches = {k: m for k in weights if (m := _KEY.match(k)) and (m["prefix"] or "") == prefix}
    reverse = [k for k, m in matches.items() if m["reverse"]]
    if reverse:
        raise InputError(
            f"`{reverse[0]}` belongs to a bidirectional network, which reads its input from both ends and so is no "
            "system in time. Train it with `bidirectional=False`."
        )
    numbers = {m["layer"] for m in matches.values()}
    if None in numbers and len(numbers) > 1:
        raise InputError(
            f"The keys at `{prefix}` mix those of a cell (`weight_hh`) with those of layers (`weight_hh_l0`): "
            f"{', '.join(f'`{k}`' for k in matches)}. Save one network."
        )
    endings = [""] if None in numbers else [f"_l{i}" for i in range(1 + max(int(n) for n in numbers if n is not None))]
    layers = tuple(
        {
            f: start + f + e
            for f in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
            if start + f + e in weights
        }
        for e in endings
    )
    _check_complete(weights, layers, [start, *endings])
    return _measured(weights, layers)


def _check_complete(weights: Mapping[str, Any], layers: tuple[dict[str, str], ...], names: list[str]) -> None:
    start, *endings = names
    present = {field for keys in layers for field in keys} | {"weight_ih", "weight_hh"}
    if present & {"bias_ih", "bias_hh"}:
        present |= {"bias_ih", "bias_hh"}
    for keys, ending in zip(layers, endings, strict=True):
        for field in sorted(present, reverse=True):
            if field in keys:
                continue
            missing = f"{start}{field}{ending}"
            changed = [k for k in weights if missing in k or k.startswith(f"{start}parametrizations.{field}{ending}.")]
            hint = (
                f" `{changed[0]}` says that it is re-parametrised (pruning, weight normalisation): remove that before "
                "saving, or pass the live module to `from_torch`."
                if changed
                else " Save the whole network."
            )
            raise InputError(f"The key `{missing}` is missing.{hint}")


def _measured(weights: Mapping[str, Any], layers: tuple[dict[str, str], ...]) -> Stack:
    """Kind and sizes from the first layer; every other shape must follow from them."""
    first = layers[0]
    for key in first.values():
        dims = 1 if "bias" in key.split(".")[-1] else 2
        if len(weights[key].shape) != dims or 0 in tuple(weights[key].shape)[:1]:
            raise InputError(f"`{key}` has shape {tuple(weights[key].shape)}, expected {dims} dimension(s), not empty.")
    rows, outputs = (int(s) for s in weights[first["weight_hh"]].shape)
    inputs = int(weights[first["weight_ih"]].shape[1])
    units = outputs
    if "weight_hr" in first:
        units = int(weights[first["weight_hr"]].shape[1])
    if not outputs or rows % units or rows // units not in _KINDS or ("weight_hr" in first and rows != 4 * units):
        expected = "rows / columns of 1 (RNN), 3 (GRU) or 4 (LSTM; with projections there is also a key `weight_hr`)"
        if "weight_hr" in first:
            expected = f"({4 * units}, {outputs})"
        raise InputError(f"`{first['weight_hh']}` has shape {(rows, outputs)}, expected {expected}.")
    for i, keys in enumerate(layers):
        shapes = {
            "weight_ih": (rows, outputs if i else inputs),
            "weight_hh": (rows, outputs),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
            "weight_hr": (outputs, units),
        }
        for field, key in keys.items():
            got = tuple(weights[key].shape)
            if got != shapes[field]:
                kind = _KINDS[rows // units]
                raise InputError(
                    f"`{key}` has shape {got}, expected {shapes[field]} in layer {i} of this {kind} of {units} units."
                )
    return Stack(_KINDS[rows // units], inputs, units, outputs, layers)
