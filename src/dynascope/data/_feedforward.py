"""Feed-forward networks of PyTorch as a chain of layers, for the exponents over depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .._errors import InputError
from ..models.artificial import Dense
from ._weights import as_float, import_torch


def _exact_gelu(x: Any) -> Any:
    return jax.nn.gelu(x, approximate=False)


def _rough_gelu(x: Any) -> Any:
    return jax.nn.gelu(x, approximate=True)


#: Modules without settings that matter here, and what they compute on one point.
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "Tanh": jnp.tanh,
    "ReLU": jax.nn.relu,
    "Sigmoid": jax.nn.sigmoid,
    "SiLU": jax.nn.silu,
    "Softsign": jax.nn.soft_sign,
    "Mish": jax.nn.mish,
}
#: Modules that do nothing to one flat point in evaluation.
_NOTHING = ("Identity", "Dropout", "AlphaDropout", "Flatten")


def layers_from_torch(module: Any) -> tuple[Callable[[Any], Any], ...]:
    """The layers of a live `torch.nn.Sequential` of linear layers and activations, in double precision.

    Sequences may be nested; dropout is off, as in evaluation. A residual block of your own is a function:
    `lambda x: x + block(x)`, with `block` made from its inner layers.

    Args:
        module: A `torch.nn.Sequential`, or a single `nn.Linear`.

    Returns:
        Functions of one point, for `depth_exponents`.

    Raises:
        InputError: If the module holds something else; the message names it.

    Example:
        >>> import torch
        >>> layers = layers_from_torch(torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh()))
        >>> len(layers), layers[0].weight.shape
        (2, (5, 3))
    """
    nn = import_torch("a live module").nn
    if not isinstance(module, nn.Module):
        raise InputError(f"`module` must be a `torch.nn.Module`, got {type(module).__name__}.")
    return tuple(_read(nn, module, "module"))


def _read(nn: Any, module: Any, name: str) -> list[Callable[[Any], Any]]:
    kind = type(module).__name__
    match module:
        case nn.Sequential():
            return [f for i, part in enumerate(module) for f in _read(nn, part, f"{name}[{i}]")]
        case nn.Linear():
            weight = as_float(f"{name}.weight", module.weight)
            bias = jnp.zeros(weight.shape[0]) if module.bias is None else as_float(f"{name}.bias", module.bias)
            return [Dense(weight, bias)]
        case nn.GELU():
            return [_rough_gelu if module.approximate == "tanh" else _exact_gelu]
        case nn.LeakyReLU():
            slope = float(module.negative_slope)
            return [lambda x: jax.nn.leaky_relu(x, slope)]
        case nn.ELU():
            alpha = float(module.alpha)
            return [lambda x: jax.nn.elu(x, alpha)]
    if type(module).__module__.startswith("torch.nn"):
        if kind in _FUNCTIONS:
            return [_FUNCTIONS[kind]]
        if kind in _NOTHING:
            return []
    known = ", ".join(f"`{k}`" for k in ("Sequential", "Linear", "GELU", "LeakyReLU", "ELU", *_FUNCTIONS, *_NOTHING))
    raise InputError(
        f"`{name}` is a `{kind}`, which is not read as a layer. Supported are {known}. Write other layers as functions "
        "of one point in JAX and give the list to `depth_exponents`."
    )
