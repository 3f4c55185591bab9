"""Lines of Python that a page shows: how to make the system and each figure."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from .._param import parameters
from ..models import build, catalogue, find
from ..systems import AbstractSystem


def origin_of(system: AbstractSystem, target: str) -> str:
    """Lines that make `system`: from the catalogue with its changed parameters, else a reminder of its class."""
    names = {entry["name"] for entry in catalogue()}
    if target in names and find(target) is type(system):
        return f"system = ds.build({target!r}{_changes(system, target)})"
    return f"# `system` is the {type(system).__name__} that was reported on"


def _changes(system: AbstractSystem, name: str) -> str:
    standard: Any = build(name)
    parts = []
    for field in dataclasses.fields(system):
        if field.metadata.get("role") == "setting" and getattr(system, field.name) != getattr(standard, field.name):
            parts.append(f"{field.name}={getattr(system, field.name)!r}")
    usual = parameters(standard)
    for key, (value, _) in parameters(system).items():
        array = np.asarray(value)
        if key in usual and np.array_equal(array, np.asarray(usual[key][0])):
            continue
        if array.ndim == 0:
            parts.append(f"{key}={float(array)!r}" if "." not in key else f"**{{{key!r}: {float(array)!r}}}")
    return "".join(f", {part}" for part in parts)
