"""The options of the commands, each declared once, and how they become the parameters of a command."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that a user may say after `dynascope COMMAND TARGET`; a command takes those that it names."""

    set: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change a parameter or setting; VALUE is a number, a list 1,2,3 or text.",
        ),
    ] = None
    n: Annotated[int | None, typer.Option("--n", metavar="N", help="Number of units of a network built by size.")] = (
        None
    )
    y0: Annotated[str | None, typer.Option("--y0", metavar="1,2,3", help="Initial state, one number per variable.")] = (
        None
    )
    t1: Annotated[
        float | None,
        typer.Option("--t1", metavar="TIME", help="How long to run after the transient, in the system's time unit."),
    ] = None
    dt: Annotated[
        float | None,
        typer.Option(
            "--dt", metavar="TIME", help="Interval of the output; of a recording, its sampling interval in seconds."
        ),
    ] = None
    transient: Annotated[
        float | None, typer.Option("--transient", metavar="TIME", help="Time to run first and leave out.")
    ] = None
    rtol: Annotated[
        float | None,
        typer.Option(
            "--rtol",
            metavar="SIZE",
            help="Relative tolerance.",
        ),
    ] = None
    input: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="FILE|noise|noise:STD|NUMBER",
            help="Input signal: a recording, Gaussian noise, or a constant. Without it the input is zero.",
        ),
    ] = None
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Seed of drawn networks, noise and random starts.")
    ] = None
    out: Annotated[str | None, typer.Option("--out", metavar="PATH", help="Where to write.")] = None
    k: Annotated[int | None, typer.Option("--k", metavar="K", help="Number of exponents, the largest first.")] = None
    region: Annotated[
        str | None,
        typer.Option(
            "--region", metavar="x=-2:2,y=0", help="Box of starts; what is not named is held at the initial state."
        ),
    ] = None
    cells: Annotated[
        int | None, typer.Option("--cells", metavar="N", help="Cells along each side of a picture of basins.")
    ] = None
    noise: Annotated[
        float | None,
        typer.Option("--noise", metavar="SHARE", help="Observation noise, as a share of each variable's deviation."),
    ] = None
    parameter: Annotated[
        str | None,
        typer.Option("--parameter", metavar="NAME", help="Parameter to vary; an entry of an array is NAME[0,1]."),
    ] = None
    low: Annotated[float | None, typer.Option("--from", metavar="VALUE", help="Least value of the parameter.")] = None
    high: Annotated[float | None, typer.Option("--to", metavar="VALUE", help="Greatest value of the parameter.")] = None
    second: Annotated[
        str | None,
        typer.Option("--and", metavar="NAME=FROM:TO", help="A second parameter: curves of bifurcations over both."),
    ] = None
    cycles: Annotated[
        bool, typer.Option("--cycles", help="With `--and`: curves of bifurcations of cycles of flows, too (slower).")
    ] = False
    orbits: Annotated[
        int | None,
        typer.Option("--orbits", metavar="N", help="Run orbits at N values, too, and compare them with the branches."),
    ] = None
    observe: Annotated[
        bool, typer.Option("--observe", help="Write what `observe` shows (a readout) instead of the state.")
    ] = False
    variable: Annotated[
        str | None, typer.Option("--variable", metavar="NAME", help="Recordings: which array or columns (NAME,NAME).")
    ] = None
    time: Annotated[
        str | None, typer.Option("--time", metavar="NAME", help="Recordings: which array or column is the time axis.")
    ] = None
    transpose: Annotated[
        bool | None,
        typer.Option("--transpose/--no-transpose", help="Recordings: channels come first / the axes are right."),
    ] = None
    missing: Annotated[
        str | None,
        typer.Option(
            "--missing", metavar="interpolate|drop|longest", help="Recordings: what to do about missing values."
        ),
    ] = None
    drop_constant: Annotated[bool, typer.Option("--drop-constant", help="Recordings: leave constant channels out.")] = (
        False
    )
    resample: Annotated[bool, typer.Option("--resample", help="Recordings: bring onto an even grid.")] = False
    prefix: Annotated[
        str | None, typer.Option("--prefix", metavar="NAME", help="Network files: which network, if there are several.")
    ] = None
    nonlinearity: Annotated[
        str | None, typer.Option("--nonlinearity", metavar="tanh|relu", help="Network files: of a simple RNN.")
    ] = None
    rectified: Annotated[
        int | None, typer.Option("--rectified", metavar="P", help="Network files: rectified units of an AL-RNN.")
    ] = None
    readout: Annotated[
        str | None, typer.Option("--readout", metavar="NAME", help="Network files: the linear layer to observe.")
    ] = None
    source: Annotated[
        str | None, typer.Option("--source", metavar="FILE.PY", help="Saved systems: the file of your own class.")
    ] = None
    analysis: Annotated[
        str | None,
        typer.Option(
            "--analysis",
            metavar="lyapunov|exponents|regime|fixed-points",
            help="What to compute; lyapunov by default. exponents is of fixed length, vectorised and without errors.",
        ),
    ] = None
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over", metavar="NAME=0:60:121|NAME=5,10,16", help="Vary a parameter: START:STOP:COUNT[:log] or a list."
        ),
    ] = None
    where: Annotated[
        str | None, typer.Option("--where", metavar="CONDITION", help="Leave points out, such as `a < b and b != 0`.")
    ] = None
    seeds: Annotated[int | None, typer.Option("--seeds", metavar="N", help="Run each point with N seeds.")] = None
    dask: Annotated[
        str | None,
        typer.Option("--dask", metavar="ADDRESS|local", help="Run on the workers of Dask: tcp://host:port, or local."),
    ] = None
    batch: Annotated[int | None, typer.Option("--batch", metavar="N", help="Points per unit of work.")] = None
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", metavar="SECONDS", help="Give up a point that takes longer.")
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on with the store if it exists (the default) / refuse.")
    ] = True
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Compute the points of the store that failed again.")
    ] = False
    allow_different_machine: Annotated[
        bool,
        typer.Option(
            "--allow-different-machine",
            help="Go on with a store begun on another kind of machine or with other versions; recorded.",
        ),
    ] = False
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="Kind of model to learn; without it, several are tried."),
    ] = None
    latent: Annotated[
        int | None, typer.Option("--latent", metavar="M", help="Size of the model's state, for models that have one.")
    ] = None
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="5m", help="Time of the search: 90, 90s, 5m, 1h; a minute by default."),
    ] = None
    all: Annotated[bool, typer.Option("--all", help="Run every study.")] = False
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes and no progress on standard error.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False


#: What chooses and changes a system.
SYSTEM = ("set", "n", "seed", "source", "prefix", "nonlinearity", "rectified", "readout")
#: What every run of a system may be told.
RUN = ("y0", "t1", "dt", "transient", "rtol", "input", "out")
#: How a recording is read.
RECORDING = ("variable", "time", "transpose", "missing", "drop_constant", "resample")
#: What a sweep may be told.
SWEEP = (
    "analysis", "over", "where", "seeds", "dask", "batch", "time_limit", "resume", "retry_failed",
    "allow_different_machine",
)  # fmt: skip
#: How a command speaks.
VOICE = ("json", "quiet", "debug")

_SAYS = {field.name: field for field in dataclasses.fields(Options)}


def flag(name: str) -> str:
    """The option as it is typed: `drop_constant` is `--drop-constant`."""
    return f"--{name.replace('_', '-')}"


def given(options: Options, names: tuple[str, ...]) -> list[str]:
    """Those of `names` that the user has given."""
    return [name for name in names if getattr(options, name) != _SAYS[name].default]


def taking(
    names: tuple[str, ...], *, notes: dict[str, str], study: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command `run(target, options)` the parameters that Typer reads: TARGET and the options `names`.

    Args:
        names: Options that the command takes.
        notes: Help texts where this command means something of its own.
        study: Whether the command takes the NAME of a study, which may be left out, instead of TARGET.
    """

    def decorate(run: Callable[..., None]) -> Callable[..., None]:
        parameters = [
            inspect.Parameter(
                "target",
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default="" if study else inspect.Parameter.empty,
                annotation=_STUDY if study else _TARGET,
            )
        ]
        for name in names:
            field = _SAYS[name]
            kind: Any = field.type
            if name in notes:
                value, option = kind.__origin__, kind.__metadata__[0]
                kind = Annotated[value, _with_help(option, notes[name])]
            parameters.append(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=kind)
            )

        def command(target: str = "", **values: Any) -> None:
            run(target, Options(**values))

        command.__doc__ = run.__doc__
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        return command

    return decorate


_TARGET = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A name (see `dynascope list`), file.py:Class, a network file, a saved system or a recording.",
        show_default=False,
    ),
]
_STUDY = Annotated[
    str, typer.Argument(metavar="[NAME]", help="Name of a study; without it they are listed.", show_default=False)
]


def _with_help(option: Any, text: str) -> Any:
    changed = typer.Option(*option.param_decls, metavar=option.metavar, help=text)
    return changed
