"""Write the files that are generated from the source: the catalogue's index and the stubs of the lazy doors.

Run `python -m tools.generate` after adding a system or a public name; the tests fail until it was run.
"""

import importlib
import inspect
import json
import pkgutil
from pathlib import Path
from typing import Any

import dynascope
from dynascope import models
from dynascope.models import _facts
from dynascope.models._registry import catalogue_name
from dynascope.systems import AbstractSystem, dimension, kind
from tools.api_pages import exported as at_the_door

PACKAGE = Path(__file__).parents[1] / "src" / "dynascope"


def families() -> list[str]:
    """The folders of systems."""
    return sorted(module.name for module in pkgutil.iter_modules(models.__path__) if module.ispkg)


def exported(family: str) -> dict[str, Any]:
    """What a family offers, by name: all public names of its door but modules."""
    module = importlib.import_module(f"dynascope.models.{family}")
    return {k: v for k, v in sorted(vars(module).items()) if not k.startswith("_") and not inspect.ismodule(v)}


def entry(cls: type[AbstractSystem], name: str, module: str) -> dict[str, Any]:
    """What the index says of one system."""
    system: AbstractSystem = getattr(cls, "example", cls)()
    row = certified().get(name)
    known = row is not None and not row.undecided
    return {
        "name": name,
        "module": module,
        "class": cls.__name__,
        "kind": kind(system),
        "dimension": dimension(system),
        "family": system.family,
        "reference": " ".join(system.reference.split()),
        "regime": row.regime if row else None,
        "exponent": row.exponents[0] if row and known else None,
        "stderr": row.stderr[0] if row and known else None,
        "unit": row.unit if row else None,
    }


def certified() -> dict[str, models.Certificate]:
    """The certificates by name, read from the table itself: the index may not know a new system yet."""
    return vars(_facts)["_certificates"]()


def index() -> str:
    """The text of `_index.json`."""
    entries: dict[str, dict[str, Any]] = {}
    for family in families():
        for value in exported(family).values():
            if not (inspect.isclass(value) and issubclass(value, AbstractSystem)) or inspect.isabstract(value):
                continue
            name = catalogue_name(value)
            if not name:
                continue
            if name in entries:
                raise SystemExit(f"`{name}` names both {entries[name]['class']} and {value.__name__}: rename one.")
            entries[name] = entry(value, name, f"dynascope.models.{family}")
    lines = [json.dumps(entries[name], ensure_ascii=False) for name in sorted(entries)]
    return "[\n  " + ",\n  ".join(lines) + "\n]\n" if lines else "[]\n"


def door_stub() -> str:
    """The text of `__init__.pyi`: the public door as type checkers see it."""
    door, packages = vars(dynascope)["_DOOR"], vars(dynascope)["_PACKAGES"]
    modules = [f"from . import {name} as {name}" for name in packages]
    names = [f"from {door[name]} import {name} as {name}" for name in sorted(door, key=lambda n: (door[n], n))]
    return "\n".join([*modules, *names, "", "__version__: str", ""])


def models_stub() -> str:
    """The text of `models/__init__.pyi`."""
    lines = [f"from . import {family} as {family}" for family in families()]
    lines += [f"from .{module} import {name} as {name}" for name, module in at_the_door("dynascope.models")]
    names: dict[str, str] = {}
    for family in families():
        for name in exported(family):
            if name in names:
                raise SystemExit(f"`{name}` stands in both {names[name]} and {family}: rename one.")
            names[name] = family
    lines += [f"from .{family} import {name} as {name}" for name, family in names.items()]
    return "\n".join([*lines, ""])


#: Each generated file and what makes its text.
GENERATED = {
    PACKAGE / "_index.json": index,
    PACKAGE / "__init__.pyi": door_stub,
    PACKAGE / "models" / "__init__.pyi": models_stub,
}


def main() -> None:
    """Write every file whose text has changed."""
    for path, make in GENERATED.items():
        text = make()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(PACKAGE.parents[1])}")


if __name__ == "__main__":
    main()
