"""Systems by their catalogue name, from a generated index: no model is imported before it is asked for."""

import dataclasses
import difflib
import functools
import importlib
import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..systems import AbstractSystem


@functools.cache
def _index() -> dict[str, dict[str, Any]]:
    text = resources.files("dynascope").joinpath("_index.json").read_text("utf-8")
    return {entry["name"]: entry for entry in json.loads(text)}


def names() -> tuple[str, ...]:
    """The catalogue names of all systems, sorted."""
    return tuple(_index())


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """Entries of the catalogue, one dictionary per system; `ds.plot` draws a picture of each attractor."""

    entries: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, i: int) -> dict[str, Any]:
        return self.entries[i]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.entries)


def catalogue(*, family: str | None = None) -> Catalogue:
    """What the catalogue knows of each system without importing it.

    Args:
        family: Only the systems of this family.

    Returns:
        One dictionary per system with `name`, `kind`, `dimension`, `family`, `reference`, `module` and `class`;
        and from its certificate `regime`, `exponent` (the largest; None where not certified), its `stderr` and `unit`.

    Raises:
        InputError: If there is no such family; the message lists them.
    """
    families = sorted({entry["family"] for entry in _index().values()})
    if family is not None and family not in families:
        from .._errors import InputError

        raise InputError(f"There is no family `{family}`. There are {', '.join(f'`{f}`' for f in families)}.")
    return Catalogue(tuple(dict(entry) for entry in _index().values() if family in (None, entry["family"])))


def find(name: str) -> "type[AbstractSystem]":
    """The class of the system that the catalogue calls `name`.

    Raises:
        InputError: If there is none; the message lists close names.
    """
    entry = _index().get(name)
    if entry is None:
        from .._errors import InputError

        raise InputError(_unknown(name))
    return getattr(importlib.import_module(entry["module"]), entry["class"])


def build(name: str, **changes: Any) -> "AbstractSystem":
    """The system that the catalogue calls `name`, with its default parameters unless changed.

    Args:
        name: Its catalogue name, e.g. `"hodgkin-huxley"`.
        **changes: Parameters and settings by name, as in `AbstractSystem.replace`; for a network that is drawn at
            random also the arguments of its `example` (its size, its key); for one with presets `preset`, its name.

    Raises:
        InputError: If the system or one of the names is unknown, or a value is out of bounds.
    """
    cls = find(name)
    from ._construct import construct

    return construct(cls, changes)


def catalogue_name(cls: type) -> str:
    """The name of a class in the catalogue: its `catalogue_name`, or its own name in kebab-case.

    An empty `catalogue_name` leaves a class out.
    """
    own = vars(cls).get("catalogue_name")
    return kebab_case(cls.__name__) if own is None else own


def kebab_case(class_name: str) -> str:
    """The name of a class in lower case with hyphens.

    Name prefixes stay with their name (`FitzHughNagumo` is `fitzhugh-nagumo`), runs of capitals and digits stay
    whole (`LSTM` is `lstm`, `Lorenz96` is `lorenz96`).
    """
    return "-".join(re.findall(r"(?:Fitz|Mc)?[A-Z][a-z0-9]+|[A-Z]+[0-9]*(?![a-z])", class_name)).lower()


def _unknown(name: str) -> str:
    folded = name.strip().lower().replace("_", "-").replace(" ", "-").replace("ö", "oe")
    by_squeezed = {known.replace("-", ""): known for known in names()}
    close = difflib.get_close_matches(folded.replace("-", ""), by_squeezed, n=4, cutoff=0.6)
    hint = f" Did you mean {' or '.join(f'`{by_squeezed[c]}`' for c in close)}?" if close else ""
    return (
        f"There is no system named `{name}` in the catalogue.{hint} `dynascope list` shows all names; for a system "
        "of your own give `file.py:Class`."
    )
