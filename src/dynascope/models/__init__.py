"""Which systems there are: one file per system, in folders by family.

Names load when they are first used: `dynascope list` needs only the catalogue, not the systems. Look a system up
by its catalogue name with `build("lorenz")`, or import its class: `from dynascope.models import Lorenz`.
"""

from importlib import import_module as _import_module
from pkgutil import iter_modules as _iter_modules

from ._facts import Certificate as Certificate
from ._facts import Fact as Fact
from ._facts import certificate as certificate
from ._facts import facts as facts
from ._registry import Catalogue as Catalogue
from ._registry import build as build
from ._registry import catalogue as catalogue
from ._registry import find as find
from ._registry import names as names

_FAMILIES = tuple(sorted(module.name for module in _iter_modules(__path__) if module.ispkg))


def __getattr__(name: str) -> object:
    """Load a family, or a public name of any family, where it is first used (PEP 562)."""
    if name in _FAMILIES:
        return _import_module(f".{name}", __name__)
    if not name.startswith("_"):
        for family in _FAMILIES:
            offered = vars(_import_module(f".{family}", __name__))
            if name in offered:
                globals()[name] = offered[name]
                return offered[name]
    raise AttributeError(f"`{__name__}` has no system `{name}`; `{__name__}.names()` lists the catalogue.")
