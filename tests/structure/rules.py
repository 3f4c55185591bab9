"""The rules of the house, each a function from the source tree to the faults that it finds."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from tests.structure.source import Source, last_name

Rule = Callable[[Sequence[Source]], Iterator[str]]

# Each row may import the rows above it and itself. Folders in one row do not see each other.
LAYERS = (
    ("series",),
    ("systems",),
    ("solve", "models"),
    ("data",),
    ("analysis",),
    ("learn",),
    ("sweep", "plots"),
    ("report",),
    ("studies",),
    ("app", "cli"),
)
RANK = {name: rank for rank, row in enumerate(LAYERS) for name in row}

# Analyses must work on a system that they have never heard of.
NEVER = {("analysis", "models")}

# Figures are made in one place.
DRAWING = {"matplotlib", "plotly"}

# Optional packages, and packages too slow to load before they are used: the only ones imported inside functions.
OPTIONAL_OR_SLOW = {
    "dask", "diffrax", "distributed", "h5netcdf", "h5py", "lineax", "matplotlib", "neo", "netCDF4", "numba",
    "optimistix", "pandas", "platformdirs", "plotly", "pynwb", "rich", "safetensors", "scipy", "sklearn",
    "threadpoolctl", "torch", "typer", "xarray", "zarr",
}  # fmt: skip

# Where the package imports its own modules inside functions, because the command line must answer without JAX.
ANSWERS_WITHOUT_JAX = ("__init__.py", "cli/", "models/__init__.py", "models/_registry.py")

FOREIGN_BASES = {
    "ABC", "Enum", "Enumeration", "Exception", "Generic", "HTMLParser", "IntEnum", "JSONEncoder", "Module",
    "NamedTuple", "Protocol", "StrEnum", "TypedDict",
}  # fmt: skip
EXCEPTION = re.compile(r"(Error|Exception|Warning|Failed)$")
BAD_WORD = re.compile(r"(Utils?|Managers?|Helpers?|Base)(?![a-z])")
BAD_FUNCTION = re.compile(r"(^|_)(utils?|managers?|helpers?)(_|$)")
SEEDED = {"Generator", "PCG64", "SeedSequence", "default_rng"}
RAISED = {"BadParameter", "ComputationFailed", "InputError", "NotImplementedError", "TypeError", "ValueError"}


def layers(tree: Sequence[Source]) -> Iterator[str]:
    """A module imports only layers below its own."""
    for source in tree:
        for found in source.imports:
            if found.target.split(".")[0] != "dynascope":
                continue
            there = [*found.target.split("."), ""][1]
            where = f"`{source.path}:{found.line}`"
            if there in RANK:
                same = there == source.layer
                below = source.layer in RANK and RANK[there] < RANK[source.layer]
                at_root_door = source.path in ("__init__.py", "__main__.py")
                if not (same or below or at_root_door) or (source.layer, there) in NEVER:
                    yield f"{where} imports `{there}`, which `{source.layer or 'the root'}` must not know."
            elif not there.startswith("_"):
                yield f"{where} imports `{found.target}` through the public door: import it from where it is defined."
        if source.layer and source.layer not in RANK:
            yield f"`{source.path}` lies in `{source.layer}`, which is not in the list of layers."


def drawing(tree: Sequence[Source]) -> Iterator[str]:
    """Only `plots` imports matplotlib or plotly."""
    for source in tree:
        for found in source.imports:
            package = found.target.split(".")[0]
            if package in DRAWING and source.layer != "plots":
                yield f"`{source.path}:{found.line}` imports `{package}`, which only `plots` may."


def imports_inside_functions(tree: Sequence[Source]) -> Iterator[str]:
    """Imports stand at the top, except for optional or slow packages."""
    for source in tree:
        for found in source.imports:
            package = found.target.split(".")[0]
            if not found.inside_function or package in OPTIONAL_OR_SLOW:
                continue
            if package in ("dynascope", "jax", "equinox", "numpy") and source.path.startswith(ANSWERS_WITHOUT_JAX):
                continue
            yield f"`{source.path}:{found.line}` imports `{found.target}` inside a function: move it to the top."


def abstract_or_final(tree: Sequence[Source]) -> Iterator[str]:
    """A class is abstract, with a name that says so, or final; nobody overrides a concrete method."""
    classes = [(s, n) for s in tree for n in s.walk() if isinstance(n, ast.ClassDef)]
    abstract = {n.name: n for _, n in classes if n.name.startswith("Abstract")}
    for source, node in classes:
        where = f"`{source.path}:{node.lineno}`: `{node.name}`"
        for base in map(last_name, node.bases):
            if not (base.startswith("Abstract") or base in FOREIGN_BASES or EXCEPTION.search(base)):
                yield f"{where} subclasses `{base}`, which is final: wrap it instead."
        mine = _members(node)
        for ancestor in _ancestors(node, abstract):
            for name in sorted(mine & _concrete(ancestor)):
                yield f"{where} overrides `{name}`, a concrete method of `{ancestor.name}`."


def _members(node: ast.ClassDef) -> set[str]:
    names: set[str] = set()
    for item in node.body:
        match item:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
    return names


def _concrete(node: ast.ClassDef) -> set[str]:
    return {
        item.name
        for item in node.body
        if isinstance(item, ast.FunctionDef)
        and not item.name.startswith("__")
        and not {last_name(d) for d in item.decorator_list} & {"abstractmethod", "hook"}
    }


def _ancestors(node: ast.ClassDef, abstract: dict[str, ast.ClassDef]) -> Iterator[ast.ClassDef]:
    for base in map(last_name, node.bases):
        if base in abstract and abstract[base] is not node:
            yield abstract[base]
            yield from _ancestors(abstract[base], abstract)


def one_name_per_interface(tree: Sequence[Source]) -> Iterator[str]:
    """No two interfaces have one name."""
    seen: dict[str, str] = {}
    for source in tree:
        for node in source.walk():
            if isinstance(node, ast.ClassDef) and node.name.startswith("Abstract"):
                where = f"{source.path}:{node.lineno}"
                if node.name in seen:
                    yield f"`{where}` defines `{node.name}` again, first at `{seen[node.name]}`."
                seen.setdefault(node.name, where)


def names(tree: Sequence[Source]) -> Iterator[str]:
    """Modules are private; no name says Utils, Manager, Helper or Base."""
    for source in tree:
        if not source.stem.startswith("_") and source.layer != "studies":
            yield f"`{source.path}` is a public module: name it `_{source.stem}.py` and export its names by `__init__`."
        for node in source.walk():
            bad = isinstance(node, ast.ClassDef) and BAD_WORD.search(node.name)
            bad = bad or (isinstance(node, ast.FunctionDef) and BAD_FUNCTION.search(node.name))
            if bad and isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield f"`{source.path}:{node.lineno}`: the name `{node.name}` says nothing about what it does."
        if BAD_FUNCTION.search(source.stem):
            yield f"`{source.path}`: the name of this module says nothing about what it holds."


def forbidden(tree: Sequence[Source]) -> Iterator[str]:
    """No `super()`, `hasattr`, global random state, printing, setting of JAX, or `assert` in the library."""
    for source in tree:
        for node in source.walk():
            match node:
                case ast.Call(func=ast.Name(id="super" | "hasattr" as name)):
                    fault = f"`{name}`"
                case ast.Call(func=ast.Name(id="print")) if source.layer != "cli":
                    fault = "`print`"
                case ast.Assert():
                    fault = "`assert` (raise `InputError`, or return a code)"
                case ast.Attribute(
                    value=ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="random"), attr=name
                ) if name not in SEEDED:
                    fault = f"`np.random.{name}` (global random state)"
                case ast.Call(func=function, args=[], keywords=[]) if last_name(function) == "default_rng":
                    fault = "`default_rng()` without a seed"
                case ast.Attribute(value=ast.Name(id="jax"), attr="config") if source.path != "_config.py":
                    fault = "`jax.config`"
                case ast.ImportFrom(module="jax", names=imported) if any(a.name == "config" for a in imported):
                    fault = "`jax.config`"
                case ast.Import(names=imported) if any(a.name == "random" for a in imported):
                    fault = "the module `random` (global random state)"
                case ast.ImportFrom(module="random" | "numpy.random", level=0):
                    fault = "names imported from a module with global random state"
                case _:
                    continue
            yield f"`{source.path}:{node.lineno}` uses {fault}."


def full_stops(tree: Sequence[Source]) -> Iterator[str]:
    """What a user reads when something fails ends with a full stop."""
    for source in tree:
        for node in source.walk():
            match node:
                case ast.Raise(exc=ast.Call(func=function, args=[message, *_])) if last_name(function) in RAISED:
                    pass
                case ast.Call(func=function, args=[_, _, message]) if last_name(function) == "error_if":
                    pass
                case ast.Call(func=function, args=[message, *_]) if last_name(function) == "warn":
                    pass
                case ast.ClassDef(bases=[base], body=body) if last_name(base) == "Enumeration":
                    for item in body:
                        if isinstance(item, ast.Assign) and not _ends_well(item.value, empty=True):
                            yield f"`{source.path}:{item.lineno}`: the sentence of a code needs a full stop."
                    continue
                case _:
                    continue
            if not _ends_well(message):
                yield f"`{source.path}:{node.lineno}`: the message does not end with a full stop."


def _ends_well(message: ast.expr, *, empty: bool = False) -> bool:
    """Whether the text, as far as it can be read in the source, ends with a full stop."""
    match message:
        case ast.Constant(value=str(text)):
            return text.endswith(".") or (empty and not text)
        case ast.JoinedStr(values=[*_, ast.Constant(value=str(text)), ast.FormattedValue(value=ast.Name())]):
            return text.endswith(".")  # a hint, put behind a finished sentence
        case ast.JoinedStr(values=[*_, end]):
            return _ends_well(end)
        case ast.BinOp(op=ast.Add(), right=end):
            return _ends_well(end)
        case ast.IfExp(body=one, orelse=other):
            return _ends_well(one, empty=True) and _ends_well(other, empty=True)
        case ast.FormattedValue(value=ast.IfExp() as choice):
            return _ends_well(choice)
        case ast.FormattedValue(value=ast.Subscript(value=ast.Name(id="RESULTS"))):
            return True  # every sentence of `RESULTS` ends with one
        case ast.FormattedValue():
            return False
    return True  # made elsewhere: what makes it is checked there


def public_door(tree: Sequence[Source]) -> Iterator[str]:
    """A sub-package exports each public name once, as `from ._x import Name as Name`."""
    for source in tree:
        if source.stem != "__init__" or not source.layer:
            continue
        seen: set[str] = set()
        for found in source.imports:
            if found.inside_function or not found.relative:
                continue
            where = f"`{source.path}:{found.line}`"
            if found.alias != found.name:
                yield f"{where}: write `import {found.name} as {found.name}`, so that it is exported."
            if found.name.startswith("_"):
                yield f"{where} exports the private name `{found.name}`."
            if found.name in seen:
                yield f"{where} exports `{found.name}` twice."
            seen.add(found.name)


def positional_arguments(tree: Sequence[Source]) -> Iterator[str]:
    """A public function has at most four positional arguments; the rest are named."""
    exported = {i.target for s in tree if s.stem == "__init__" for i in s.imports if i.relative}
    for source in tree:
        module = ".".join(["dynascope", *source.parts, source.stem])
        public = [n for n in source.tree.body if not source.layer or f"{module}.{getattr(n, 'name', '')}" in exported]
        methods = [n for c in public if isinstance(c, ast.ClassDef) for n in c.body]
        for node in (*public, *methods):
            if not isinstance(node, ast.FunctionDef) or (node.name.startswith("_") and node.name != "__init__"):
                continue
            positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            count = len(positional) - (positional[:1] in (["self"], ["cls"]))
            if count > 4:
                yield f"`{source.path}:{node.lineno}`: `{node.name}` has {count} positional arguments, more than 4."


RULES: tuple[Rule, ...] = (
    layers,
    drawing,
    imports_inside_functions,
    abstract_or_final,
    one_name_per_interface,
    names,
    forbidden,
    full_stops,
    public_door,
    positional_arguments,
)
