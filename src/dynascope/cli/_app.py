"""The commands, and what becomes of their errors: exit codes 0, 2, 3 and 130."""

import contextlib
import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from typing import Annotated, Any

import typer

from ._options import RECORDING, RUN, SWEEP, SYSTEM, VOICE, Options, taking
from ._show import listing

DONE, BAD_INPUT, FAILED, INTERRUPTED = 0, 2, 3, 130

#: What every usage error of the parser is, whichever package it comes from.
_ParserError: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="dynascope",
    help="Point it at a neural network (by name, by equations, as a trained model or as recordings) and it tells you "
    "what kind of dynamical system it is.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 120},
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: What follows `dynascope`; None takes the arguments of the process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with _plain_warnings():
            code = app(args=words, prog_name="dynascope", standalone_mode=False)
    except _ParserError as error:
        return _complain(_usage(error), BAD_INPUT, as_json="--json" in words)
    except (KeyboardInterrupt, typer.Abort):
        return _complain("Interrupted.", INTERRUPTED, as_json="--json" in words)
    return code if isinstance(code, int) else DONE


@app.callback(invoke_without_command=True)
def _options_of_all(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        _print(metadata.version("dynascope"))
        raise typer.Exit(DONE)
    if context.invoked_subcommand is None:
        _print(context.get_help())
        raise typer.Exit(DONE)


@app.command("list")
def _list(
    family: Annotated[str | None, typer.Option("--family", metavar="NAME", help="Show one family only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """List the systems that are known by name."""
    from ..models import catalogue

    entries = sorted(catalogue(), key=lambda entry: (entry["family"], entry["name"]))
    families = sorted({entry["family"] for entry in entries})
    if family is not None and family not in families:
        raise typer.Exit(
            _complain(f"There is no family `{family}`. There is: {', '.join(families)}.", BAD_INPUT, as_json=as_json)
        )
    shown = [entry for entry in entries if family in (None, entry["family"])]
    if as_json:
        columns = ("name", "kind", "dimension", "family", "reference")
        _print(json.dumps({"systems": [{c: entry[c] for c in columns} for entry in shown]}, ensure_ascii=False))
    else:
        _print(listing(shown))


def _command(
    name: str, options: tuple[str, ...], *, notes: dict[str, str], study: bool = False
) -> Callable[[Any], None]:
    """Register the command `name`, whose body is the function of that name in `_commands`."""

    def register(described: Callable[[], None]) -> None:
        def run(target: str, chosen: Options) -> None:
            _performed(name, target, chosen)

        run.__doc__ = described.__doc__
        app.command(name)(taking((*options, *VOICE), notes=notes, study=study)(run))

    return register


@_command(
    "report",
    (*SYSTEM, *RUN, *RECORDING, "budget"),
    notes={
        "budget": "Time to learn a system from a recording; 10s by default, 0 for none.",
        "out": "Folder to write into; by default TARGET-report.",
        "t1": "How long the trajectory shown is.",
        "dt": "Sampling interval of a recording; of a system, the step of the solver.",
        "rtol": "Not for reports, which step at a fixed step: see --dt.",
    },
)
def _report() -> None:
    """Say what kind of dynamics it is, and write a page."""


@_command(
    "simulate",
    (*SYSTEM, *RUN, "noise", "observe"),
    notes={
        "out": "File to write: .nc, .npz or .csv; by default TARGET.nc.",
        "dt": "Interval of the output; of an input file without time axis, its sampling interval.",
        "rtol": "Relative tolerance of the solver (flows).",
    },
)
def _simulate() -> None:
    """Run a system and write its trajectory to a file."""


@_command(
    "lyapunov",
    (*SYSTEM, "k", *RUN),
    notes={
        "out": "File to write the result to: .nc or .npz.",
        "t1": "Time to average over; without it, until the largest exponent is known to --rtol.",
        "dt": "Step of the solver.",
        "rtol": "Relative precision asked of the largest exponent; 0.01 by default.",
    },
)
def _lyapunov() -> None:
    """Compute Lyapunov exponents with their errors."""


@_command(
    "fixed-points",
    (*SYSTEM, *RUN),
    notes={
        "out": "File to write the result to: .nc or .npz.",
        "y0": "A state to start Newton's method from, besides the random ones.",
        "t1": "Run the system for this time and start from the visited states too.",
        "dt": "Interval of the visited states.",
        "transient": "With --t1: time to leave out before.",
        "rtol": "Relative residual below which a point counts; 1e-10 by default.",
    },
)
def _fixed_points() -> None:
    """Find fixed points and their stability."""


@_command(
    "basins",
    (*SYSTEM, "region", "cells", "over", *RUN),
    notes={
        "out": "File to write: .nc or .npz for the shares, .png, .svg or .pdf for a picture.",
        "over": "Follow the attractors and their shares along a parameter: START:STOP:COUNT[:log] or a list.",
        "y0": "State at which components that --region does not name are held.",
        "t1": "Not for basins, which run until settled.",
        "transient": "Not for basins, which run until settled.",
        "dt": "Step of the solver.",
        "rtol": "Standard error of the shares at which to stop; 0.02 by default.",
    },
)
def _basins() -> None:
    """Find attractors and the share of starts that each attracts."""


@_command(
    "bifurcations",
    (*SYSTEM, "parameter", "low", "high", "second", "cycles", "orbits", "input", "out"),
    notes={"out": "File to write: .nc or .npz for the numbers, .png, .svg or .pdf for the diagram."},
)
def _bifurcations() -> None:
    """Follow equilibria, cycles and bifurcations over parameters."""


@_command(
    "sweep",
    (*SWEEP, *SYSTEM, "k", *RUN),
    notes={
        "out": "Store to write, NAME.zarr; by default TARGET-sweep.zarr. The page goes beside it.",
        "t1": "Time to average over at each point.",
        "dt": "Step of the solver.",
        "rtol": "Relative precision asked of the largest exponent; 0.01 by default.",
    },
)
def _sweep() -> None:
    """Run an analysis over a grid of parameters."""


@_command(
    "fit",
    ("model", "latent", "budget", "seed", "dt", "out", *RECORDING),
    notes={
        "out": "File to write the system to, .safetensors; by default TARGET-model.safetensors.",
        "dt": "Sampling interval of the recording, in seconds.",
        "seed": "Seed of drawn networks.",
    },
)
def _fit() -> None:
    """Learn a system from a recording, and judge it."""


@_command(
    "study",
    ("all", "seed", "out"),
    notes={"out": "Folder to write into; by default NAME-study.", "seed": "Seed of all draws; 0 is the published run."},
    study=True,
)
def _study() -> None:
    """Run a reproduced paper and judge its claims."""


def _performed(name: str, target: str, options: Options) -> None:
    """Run one command: its answer to standard output, everything else to standard error, its failure to a code."""
    began = time.perf_counter()
    speak = sys.stdout
    # The file of a user's own system may print; with `--json` nothing may mix with the answer.
    with contextlib.redirect_stdout(sys.stderr if options.json else speak):
        try:
            answer = getattr(_bodies(options, speak), name.replace("-", "_"))(target, options)
        except KeyboardInterrupt as stop:
            raise typer.Exit(_complain("Interrupted.", INTERRUPTED, as_json=options.json, out=speak)) from stop
        except Exception as error:
            if options.debug:
                traceback.print_exc()
            text, code = _explained(error)
            raise typer.Exit(_complain(text, code, as_json=options.json, out=speak)) from error
    if options.json:
        facts = {**answer.facts, "seconds": round(time.perf_counter() - began, 3)}
        _print(json.dumps(facts, allow_nan=False, ensure_ascii=False, default=str))
    else:
        _print(answer.text)
    if answer.failure:
        _complain(answer.failure, answer.code, as_json=False)
    raise typer.Exit(answer.code)


def _bodies(options: Options, speak: Any) -> Any:
    """The module of the commands' bodies. It loads JAX, which takes an interrupt for a fault of its own.

    Until it is loaded there is nothing to keep, so that an interrupt ends the process at once.
    """

    def stop(*_: Any) -> None:
        _complain("Interrupted.", INTERRUPTED, as_json=options.json, out=speak)
        speak.flush()
        os._exit(INTERRUPTED)

    if threading.current_thread() is not threading.main_thread():
        return importlib.import_module("._commands", __package__)
    before = signal.signal(signal.SIGINT, stop)
    try:
        return importlib.import_module("._commands", __package__)
    finally:
        signal.signal(signal.SIGINT, before)


def _print(text: str) -> None:
    """Print at once; if the reader has gone, as `head` does, that is no error, but nothing more can be written."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explained(error: Exception) -> tuple[str, int]:
    """What to tell the user of an error, and the exit code."""
    from .._errors import ComputationFailed, InputError

    if isinstance(error, InputError):
        return str(error), BAD_INPUT
    if isinstance(error, ComputationFailed):
        return str(error), FAILED
    said = " ".join(str(error).split())[:400]
    return f"Unexpected {type(error).__name__}: {said} (`--debug` shows where).", FAILED


def _usage(error: Any) -> str:
    """A parser's message as a sentence, with the command whose help says more."""
    text = error.format_message().strip()
    text = text if text.endswith((".", "?")) else f"{text}."
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "dynascope"
    return f"{text} `{command} --help` shows what it takes."


def _complain(text: str, code: int, *, as_json: bool, out: Any = None) -> int:
    """Say what went wrong on standard error, and with `--json` also as the object on standard output."""
    print(f"Error: {text}" if code != INTERRUPTED else text, file=sys.stderr)
    if as_json:
        print(json.dumps({"error": text, "exit_code": code}, ensure_ascii=False), file=out or sys.stdout)
    return code


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show a warning as one line without the line of code that raised it."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(f"Warning: {message}", file=sys.stderr)
        yield
