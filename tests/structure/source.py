"""The source tree as parsed modules, for the rules of `rules.py`."""

import ast
import dataclasses
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "dynascope"


@dataclasses.dataclass(frozen=True)
class Import:
    """One imported thing: its full dotted name, and where the statement stands."""

    target: str
    line: int
    inside_function: bool
    name: str
    alias: str | None
    relative: bool


@dataclasses.dataclass(frozen=True)
class Source:
    """One module of the package: its path below `src/dynascope` and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders that contain the module, below the package."""
        return tuple(self.path.split("/")[:-1])

    @property
    def stem(self) -> str:
        return self.path.split("/")[-1].removesuffix(".py")

    @property
    def layer(self) -> str:
        """The sub-package of the module, or `""` for the modules at the root."""
        return self.parts[0] if self.parts else ""

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self.tree, ("dynascope", *self.parts), inside=False))

    def walk(self) -> Iterator[ast.AST]:
        return ast.walk(self.tree)


def _imports(node: ast.AST, package: tuple[str, ...], *, inside: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                for alias in child.names:
                    yield Import(alias.name, child.lineno, inside, alias.name, alias.asname, False)
            case ast.ImportFrom():
                start = package[: len(package) - child.level + 1] if child.level else ()
                stem = ".".join([*start, *([child.module] if child.module else [])])
                for alias in child.names:
                    target = f"{stem}.{alias.name}"
                    yield Import(target, child.lineno, inside, alias.name, alias.asname, bool(child.level))
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if _last(function) in (
                "import_module",
                "__import__",
            ):
                yield Import(_absolute(name, package), child.lineno, inside, name, None, name.startswith("."))
            case _:
                deeper = inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from _imports(child, package, inside=deeper)


def _absolute(name: str, package: tuple[str, ...]) -> str:
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    return ".".join([*package[: len(package) - level + 1], name.lstrip(".")])


def _last(node: ast.expr) -> str:
    """The last part of a dotted name: `Module` of `eqx.Module`, also of `Module[int]` and `Module(...)`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=inner) | ast.Call(func=inner):
            return _last(inner)
    return ""


last_name = _last


def sources() -> list[Source]:
    """Every module of the package."""
    return [Source(str(p.relative_to(PACKAGE)), p.read_text("utf-8")) for p in sorted(PACKAGE.rglob("*.py"))]
