"""The command `sweep`: an analysis over a grid of parameters, into a store and a page."""

from __future__ import annotations

import ast
import dataclasses
import functools
import operator
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .._errors import InputError
from ..analysis.stability import fixed_points, lyapunov_spectrum
from ..solve import step_for
from ..sweep import Dask, Grid, Random, Range, Sobol, Together, exponents, regime
from ..sweep import sweep as run_sweep
from ..systems import AbstractSystem, is_discrete
from ._answer import Answer
from ._options import Options, flag
from ._setup import input_of, span_of, start_of, stepper
from ._show import table
from ._targets import system_of
from ._values import changes, share

#: Points of a run that `--analysis exponents` averages over when there is no `--t1`, in solver steps.
_STEPS = 10_000
#: What is kept of each Lyapunov spectrum: its running means are for one run.
_KEPT = (
    "exponents", "stderr", "kaplan_yorke", "kaplan_yorke_stderr", "entropy_rate", "entropy_rate_stderr", "converged",
)  # fmt: skip
_SAMPLES: dict[str, Any] = {"random": Random, "sobol": Sobol}


def sweep(target: str, options: Options) -> Answer:
    """An analysis at every point of a grid."""
    samples: tuple[Any, ...] = ()
    if target.endswith(".toml"):
        target, options, samples = _from_file(Path(target), options)
    found, system = system_of(target, options, command="sweep")
    store = Path(options.out if options.out is not None else f"{found.name}-sweep.zarr")
    if store.suffix != ".zarr":
        raise InputError(f"`--out {store}` must end in .zarr: a sweep is stored in a folder of that kind.")
    if not options.resume and store.exists():
        raise InputError(f"`--no-resume`, but `{store}` exists. Give another `--out`, or leave `--no-resume` out.")
    axes = dict(map(over, options.over or []))
    if len(axes) != len(options.over or []):
        raise InputError("`--over` names a parameter twice. Give all its values at once.")
    if not axes and not samples:
        raise InputError("A sweep needs something to vary: add for instance `--over rho=0:60:121`.")
    parts = [axes] if axes else []
    where = None if options.where is None else condition(options.where)
    function, outputs, notes = _function(system, options)
    result = run_sweep(
        function,
        system,
        Grid(*parts, *samples, where=where),
        seeds=options.seeds,
        engine=_engine(options),
        store=store,
        outputs=outputs,
        batch=options.batch,
        time_limit=options.time_limit,
        retry_failed=options.retry_failed,
        allow_different_machine=options.allow_different_machine,
        progress=not options.quiet,
    )
    # Drawing is slow to load.
    from ..report import sweep_page, write_page

    page = write_page(sweep_page(result, store=str(store)), store.with_suffix(".html"))
    return _answer(target, result, store, page, (*found.notes, *notes))


def _answer(target: str, result: Any, store: Path, page: Path, notes: tuple[str, ...]) -> Answer:
    kinds = ("computed", "raised", "time_limit", "not_finite", "unsuccessful")
    counts = {name: int(result.attrs[name]) for name in kinds if name in result.attrs}
    dims = {str(name): int(result.sizes[name]) for name in result["status"].dims}
    outputs = [str(name) for name in result.data_vars if name not in ("status", "error")]
    rows = []
    for name in outputs:
        values = result[name].values
        if values.dtype.kind == "f" and np.isfinite(values).any():
            least, most = np.nanmin(values), np.nanmax(values)
            rows.append((name, f"{least:.5g}", f"{np.nanmean(values):.5g}", f"{most:.5g}"))
    facts = {
        "target": target,
        "function": result.attrs["function"],
        "execution": result.attrs["execution"],
        "points": int(result.attrs["points"]),
        **{name: counts.get(name, 0) for name in kinds},
        "dimensions": dims,
        "outputs": outputs,
        "file": str(store),
        "page": str(page),
        "notes": list(notes),
    }
    done = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    shape = " x ".join(f"{name} ({size})" for name, size in dims.items())
    body = f"\n{table([('output', 'least', 'mean', 'greatest'), *rows], right=(1, 2, 3))}" if rows else ""
    failed = (
        "\n  `--retry-failed` computes the failed points again" if sum(counts.values()) > counts["computed"] else ""
    )
    text = f"{target}: {facts['function']} over {shape}: {done}{body}{failed}\n  store  {store}\n  page   {page}"
    return Answer(facts, text)


def _function(system: AbstractSystem, options: Options) -> tuple[Callable[..., Any], Any, tuple[str, ...]]:
    """The analysis with the options of the command line, its outputs to keep, and what had to be assumed."""
    inputs, assumed = input_of(system, options)
    t1, transient = span_of(system, options)
    shared: dict[str, Any] = {"y0": start_of(system, options), "inputs": inputs, "solver": stepper(system, options.dt)}
    rtol = share(options.rtol, option="--rtol")
    given: dict[str, Any] = {} if rtol is None else {"rtol": rtol}
    match options.analysis or "lyapunov":
        case "lyapunov":
            found: Any = functools.partial(
                lyapunov_spectrum, k=options.k, transient=transient, duration=t1, **shared, **given
            )
        case "exponents":
            _unused(options, ("rtol",))
            unit = 1.0 if is_discrete(system) else float(options.dt or step_for(system))
            # The step may not depend on the point: all lanes of a vectorised run take the same number of steps.
            solver = stepper(system, None if is_discrete(system) else unit)
            counts = {
                "steps": round(t1 / unit) if t1 else _STEPS,
                "transient_steps": round(transient / unit) if transient else _STEPS // 10,
            }
            found = functools.partial(exponents, k=options.k, **{**shared, "solver": solver}, **counts)
        case "fixed-points":
            _unused(options, ("t1", "transient", "dt", "k", "y0", "rtol"))
            found = functools.partial(fixed_points, inputs=inputs)
        case "regime":
            _unused(options, ("t1", "k", "rtol"))
            found = functools.partial(regime, transient=transient, **shared)
        case other:
            raise InputError(
                f"`--analysis` must be `lyapunov`, `exponents` (faster: of fixed length, without errors), `regime` or "
                f"`fixed-points`, got `{other}`."
            )
    return found, _KEPT if options.analysis in (None, "lyapunov") else None, assumed


def _unused(options: Options, names: tuple[str, ...]) -> None:
    wrong = [name for name in names if getattr(options, name) is not None]
    if wrong:
        raise InputError(f"`{flag(wrong[0])}` means nothing to `--analysis {options.analysis}`. Leave it out.")


def _engine(options: Options) -> Any:
    if options.dask is None:
        return None
    return Dask() if options.dask == "local" else Dask(options.dask)


def over(text: str) -> tuple[str, Any]:
    """`NAME=START:STOP:COUNT`, the same with `:log`, or `NAME=VALUE,VALUE,...`."""
    name, equals, values = (part.strip() for part in text.partition("="))
    if not (name and equals and values):
        raise InputError(f"`--over {text}` is not of the form NAME=START:STOP:COUNT or NAME=VALUE,VALUE.")
    return name, values_of(values, said=f"--over {text}")


def values_of(text: str, *, said: str) -> Any:
    """The values of one parameter as they are written on the command line."""
    parts = text.split(":")
    try:
        if len(parts) == 1:
            return [_number(part) for part in text.split(",") if part.strip()]
        start, stop, count = float(parts[0]), float(parts[1]), int(parts[2])
        if parts[3:] in ([], ["log"]):
            return Range(start, stop, count, log=bool(parts[3:]))
    except (ValueError, IndexError):
        pass
    raise InputError(f"`{said}` is not a range: write START:STOP:COUNT, such as 0:60:121, or 1e-3:1:20:log.")


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip()


_BINARY: dict[type, Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.And: np.logical_and, ast.Or: np.logical_or,
}  # fmt: skip


def condition(text: str) -> Callable[[dict[str, np.ndarray]], Any]:
    """A condition on parameters from text, such as `a < b and c != 0`: names, numbers, arithmetic and comparisons."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise InputError(f"`--where {text}` cannot be read: {error.msg}. Write for instance `a < b`.") from error

    def value(node: ast.AST, point: dict[str, np.ndarray]) -> Any:
        match node:
            case ast.Constant(value=int() | float() | str() as constant):
                return constant
            case ast.Name() | ast.Attribute() if ast.unparse(node) in point:
                return point[ast.unparse(node)]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -value(inner, point)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return np.logical_not(value(inner, point))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _BINARY[type(op)](value(left, point), value(right, point))
            case ast.BoolOp(op=op, values=values):
                return functools.reduce(_BINARY[type(op)], [value(v, point) for v in values])
            case ast.Compare(left=left, ops=ops, comparators=rights) if all(type(op) in _BINARY for op in ops):
                sides = [value(side, point) for side in (left, *rights)]
                pairs = zip(ops, sides[:-1], sides[1:], strict=True)
                return functools.reduce(np.logical_and, [_BINARY[type(op)](a, b) for op, a, b in pairs])
        raise InputError(f"`--where {text}` may hold swept names, numbers, arithmetic and comparisons only.")

    return lambda point: value(tree, point)


def _from_file(path: Path, options: Options) -> tuple[str, Options, tuple[Any, ...]]:
    """Target, options and samples of a sweep file; what is given on the command line comes first."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"The sweep file `{path}` cannot be read: {error}.") from error
    if not isinstance(target := content.pop("target", None), str):
        raise InputError(f'The sweep file `{path}` names no system: add a line `target = "lorenz"`.')
    samples = tuple(_sample(part, path) for part in content.pop("sample", []))
    samples += tuple(Together(_plain(part), dim=part.get("dim", "point")) for part in content.pop("together", []))
    filled: dict[str, Any] = {}
    for name, value in content.items():
        field = name.replace("-", "_")
        if field == "over":
            filled["over"] = [f"{n}={_written(v)}" for n, v in _flat(value).items()]
        elif field == "set":
            filled["set"] = [f"{n}={_written(v)}" for n, v in _flat(value).items()]
        elif field in _SWEPT:
            filled[field] = value
        else:
            raise InputError(f"The sweep file `{path}` has an unknown entry `{name}`. It may have: {_listed()}.")
    changes(filled.get("set"))
    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(Options)}
    kept = {n: v for n, v in filled.items() if given[n] in (None, False) or n == "resume"}
    return target, dataclasses.replace(options, **kept), samples


#: What a sweep file may say besides target, parameters and samples.
_SWEPT = (
    "analysis", "where", "seeds", "batch", "time_limit", "dask", "out", "t1", "transient", "dt", "k", "n", "seed",
    "input", "rtol",
)  # fmt: skip


def _listed() -> str:
    return ", ".join(f"`{name}`" for name in ("target", "over", "set", "sample", "together", *_SWEPT))


def _flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Dotted names, which TOML reads as nested tables, put together again."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def _written(value: Any) -> str:
    return ",".join(str(v) for v in value) if isinstance(value, list) else str(value)


def _plain(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _flat(part).items() if name != "dim"}


def _sample(part: dict[str, Any], path: Path) -> Any:
    kind = _SAMPLES.get(str(part.get("kind")))
    box = _flat(part.get("box", {}))
    if kind is None or not box or not isinstance(part.get("count"), int):
        raise InputError(
            f"A `[[sample]]` of `{path}` needs `kind` (`random` or `sobol`), `count` and `box`, a table of "
            "intervals such as `box = { rho = [0, 60] }`."
        )
    options = {name: part[name] for name in ("seed", "dim") if name in part}
    intervals = {name: (float(ends[0]), float(ends[1])) for name, ends in box.items()}
    return kind(intervals, part["count"], log=tuple(part.get("log", ())), **options)
