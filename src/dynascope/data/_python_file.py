"""Systems in Python files of the user: `file.py:Class`."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp

from .._errors import DynascopeError, InputError
from ..models._construct import close_name, construct, draws
from ..systems import AbstractNoisy, AbstractSystem, default_input, is_discrete, kind


def load_module(path: str | Path) -> ModuleType:
    """Import a Python file as a module of its own; files beside it can be imported by it.

    Raises:
        InputError: If the file does not exist or does not run; the message names the line.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise InputError(f"There is no file `{path.name}` in `{path.parent}`. Check the path.")
    name = f"dynascope_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"`{path.name}` cannot be imported as Python. Its name must end in `.py`.")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up while the class is made; `sys.path` is given back as it was.
    before = list(sys.path)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except DynascopeError:
        raise
    except Exception as error:
        raise InputError(_blame(f"`{path.name}` fails when it is imported", path, error)) from error
    finally:
        sys.path[:] = before
    return module


def system_from_file(
    path: str | Path, name: str = "", *, changes: Mapping[str, Any] | None = None, seed: int | None = None
) -> tuple[AbstractSystem, str]:
    """The system `name` of a Python file, and the name under which it was found.

    Args:
        path: The file.
        name: A class, an instance or a function without arguments that returns a system; empty takes what is called
            `system`, else the only class of systems in the file.
        changes: Parameters and settings by name.
        seed: Seed of a system whose class draws it at random.

    Raises:
        InputError: If there is no such system, it cannot be built, or its rule does not return a state.
    """
    module = load_module(path)
    file = Path(path).name
    name, found = _chosen(module, name, file)
    changes = dict(changes or {})
    if isinstance(found, AbstractSystem):
        system = found.replace(**changes) if changes else found
    elif inspect.isclass(found) and issubclass(found, AbstractSystem):
        if seed is not None and draws(found):
            changes["key"] = jax.random.key(seed)
        system = attempted(lambda: construct(found, changes), path, f"`{name}` of `{file}` cannot be built")
    elif callable(found) and not inspect.isclass(found):
        made = attempted(found, path, f"`{name}()` of `{file}` fails")
        if not isinstance(made, AbstractSystem):
            raise InputError(f"`{name}()` of `{file}` returns a {type(made).__name__}. It must return a system.")
        system = made.replace(**changes) if changes else made
    else:
        kinds = f"a {found.__name__}" if inspect.isclass(found) else f"a {type(found).__name__}"
        raise InputError(
            f"`{name}` of `{file}` is {kinds}, not a system. Subclass `AbstractFlow`, `AbstractMap` or a variant, or "
            f"wrap a function: `{name} = dynascope.flow(function, y0)`."
        )
    attempted(lambda: check_rule(system), path, f"`{name}` of `{file}` does not work")
    return system, name


def _chosen(module: ModuleType, name: str, file: str) -> tuple[str, Any]:
    offered = _offered(module)
    if name:
        if name in vars(module):
            return name, getattr(module, name)
        hint = close_name(name, offered)
        raise InputError(f"`{file}` has no `{name}`.{hint} " + _listing(offered))
    if "system" in vars(module):
        return "system", module.system
    if len(offered) == 1:
        return offered[0], getattr(module, offered[0])
    if not offered:
        raise InputError(
            f"`{file}` defines no system. Write a class that subclasses `AbstractFlow` or `AbstractMap`, or "
            "`system = dynascope.flow(function, y0)`."
        )
    raise InputError(f"`{file}` holds several systems: choose one as `{file}:{offered[0]}`. " + _listing(offered))


def _offered(module: ModuleType) -> list[str]:
    """Names of the concrete classes of systems defined in the module itself, and of its instances of systems."""
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, AbstractSystem)
        or (
            inspect.isclass(value)
            and issubclass(value, AbstractSystem)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
        )
    ]


def _listing(offered: list[str]) -> str:
    if not offered:
        return "It defines no system at all: subclass `AbstractFlow` or `AbstractMap`."
    return f"Its systems are {', '.join(f'`{n}`' for n in offered)}."


def check_rule(system: AbstractSystem) -> None:
    """Trace the rule once, without computing: it must return a state like the one it gets."""
    found = kind(system)
    y = system.initial_state()
    u = default_input(system)
    t = 0 if is_discrete(system) else 0.0
    rule: Any = system
    if found == "random map":
        after = jax.eval_shape(lambda y: rule.step(t, y, u, rule.draw(jax.random.key(0), t)), y)
    elif found == "map":
        after = jax.eval_shape(lambda y: rule.step(t, y, u), y)
    elif found == "delay flow":
        after = jax.eval_shape(lambda y: rule.vector_field(t, y, lambda _: y, u), y)
    else:
        after = jax.eval_shape(lambda y: rule.vector_field(t, y, u), y)
    method = "step" if is_discrete(system) else "vector_field"
    wanted, got = jax.tree.map(jnp.shape, y), jax.tree.map(jnp.shape, after)
    if wanted != got:
        raise InputError(
            f"`{method}` must return the structure and shape of the state, {wanted}, but returns {got}. "
            "Stack the components: `jnp.stack([dx, dy])`."
        )
    if isinstance(system, AbstractNoisy):
        jax.eval_shape(lambda y: system.diffusion(t, y, u), y)


def attempted(make: Any, path: str | Path, what: str) -> Any:
    """The value of `make()`; what the user's own code raises becomes an `InputError` that names the line."""
    try:
        return make()
    except DynascopeError:
        raise
    except Exception as error:
        raise InputError(_blame(what, Path(path).resolve(), error)) from error


def _blame(what: str, path: Path, error: Exception) -> str:
    """A sentence that says what failed, in which line of `path`, and how Python put it."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    if isinstance(error, SyntaxError) and error.lineno:
        lines.append(error.lineno)
    where = f" (line {lines[-1]})" if lines else ""
    text = " ".join(str(error).split())[:400]
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return f"{what}{where}: {said if said.endswith('.') else f'{said}.'}"
