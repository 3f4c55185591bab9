"""What TARGET means: the one place that turns it into a system or a recording."""

import dataclasses
from pathlib import Path
from typing import Any

import jax

from .._errors import InputError
from ..data import FileKind, holds_spike_trains, load, read_network, read_recording, read_spike_trains, sniff
from ..data._python_file import attempted, check_rule, system_from_file
from ..data._saving import is_saved_system
from ..models import find, names
from ..models._construct import close_name, construct, draws, sized
from ..series import MENDINGS, Recording, SpikeTrains
from ..systems import AbstractSystem
from ._options import RECORDING, Options, flag, given
from ._values import changes

_NETWORK = ("prefix", "nonlinearity", "rectified", "readout")
#: What a run of a system may be told, and a recording may not.
_OF_SYSTEMS = ("set", "n", "y0", "t1", "transient", "rtol", "input", "k", "noise", "observe")

#: What the options that do not apply everywhere apply to.
_OWNERS = (
    (RECORDING, "a recording"),
    (_NETWORK, "a network file"),
    (("source",), "a saved system of a class of your own"),
    (("n",), "a network built by size"),
)


@dataclasses.dataclass(frozen=True)
class Target:
    """What was found.

    Args:
        name: Short name, for files.
        value: The system or the recording.
        notes: What had to be assumed.
        origin: Lines of Python that make it; None where the library knows them itself.
    """

    name: str
    value: AbstractSystem | Recording | SpikeTrains
    notes: tuple[str, ...] = ()
    origin: str | None = None


def read_target(target: str, options: Options) -> Target:
    """The system or recording that `target` names.

    Raises:
        InputError: If there is no such thing, it cannot be read, or an option does not apply to it.
    """
    if target in names():
        _refuse(options, (*RECORDING, *_NETWORK, "source"), target, "a system of the catalogue")
        return Target(target, _named(target, options))
    kind = sniff(target)
    if kind is FileKind.PYTHON:
        _refuse(options, (*RECORDING, *_NETWORK, "source"), target, "a system")
        path, _, name = target.rpartition(":") if target.rpartition(":")[0].endswith(".py") else (target, "", "")
        system, found = system_from_file(path, name, changes=_changes(options), seed=options.seed)
        made = found if found == "system" else f"{found}(){_called('.replace', changes(options.set))}"
        return Target(found, system, (), f"from {Path(path).stem} import {found}\n\nsystem = {made}")
    if kind is FileKind.UNKNOWN or not Path(target).exists():
        raise _unknown(target, kind)
    if is_saved_system(target):
        _refuse(options, (*RECORDING, *_NETWORK, "n"), target, "a saved system")
        arguments = {} if options.source is None else {"source": options.source}
        origin = f"system = ds.load({target!r}{_listed(arguments)})"
        return Target(Path(target).stem, _replaced(load(target, **arguments), options), (), _changed(origin, options))
    if kind is FileKind.NETWORK:
        _refuse(options, (*RECORDING, "n", "source"), target, "a network file")
        chosen = {name: getattr(options, name) for name in _NETWORK}
        network = read_network(target, **chosen)
        notes = (f"{network.description}.", *network.notes) if network.description else network.notes
        origin = f"system = ds.read_network({target!r}{_listed(chosen)}).system"
        return Target(Path(target).stem, _replaced(network.system, options), notes, _changed(origin, options))
    _refuse(options, (*_NETWORK, *_OF_SYSTEMS, "source"), target, "a recording")
    if options.variable is None and holds_spike_trains(target):
        _refuse(options, ("dt", *RECORDING), target, "spike trains")
        trains = read_spike_trains(target)
        return Target(Path(target).stem, trains, trains.notes, f"trains = ds.read_spike_trains({target!r})")
    arguments = {"dt": options.dt, **reading(options)}
    recording = read_recording(target, **arguments)
    origin = f"recording = ds.read_recording({target!r}{_listed(arguments)})"
    return Target(Path(target).stem, recording, tuple(f"{n[:1].upper()}{n[1:]}." for n in recording.notes), origin)


def system_of(target: str, options: Options, *, command: str) -> tuple[Target, AbstractSystem]:
    """The target, which must be a system.

    Raises:
        InputError: If it is a recording.
    """
    if sniff(target) is FileKind.RECORDING and Path(target).exists():
        raise InputError(
            f"`{target}` is a recording, and `{command}` needs a system. `dynascope report {target}` finds what a "
            "recording alone can tell."
        )
    found = read_target(target, options)
    if not isinstance(found.value, AbstractSystem):
        raise InputError(f"`{target}` is no system. `dynascope list` shows those known by name.")
    return found, found.value


def reading(options: Options) -> dict[str, Any]:
    """The options for recordings as arguments of `read_recording`."""
    if options.missing is not None and options.missing not in MENDINGS:
        choices = ", ".join(f"`{name}`" for name in MENDINGS)
        raise InputError(f"`--missing` must be one of {choices}, got `{options.missing}`.")
    return {
        "variable": options.variable,
        "time": options.time,
        "transpose": options.transpose,
        "missing": None if options.missing is None else MENDINGS[options.missing],
        "drop_constant": options.drop_constant,
        "resample": options.resample,
    }


def _listed(arguments: dict[str, Any]) -> str:
    """Arguments as they are written in Python, without those that were left at None or False."""
    said = {k: f"ds.series.{v}" if k == "missing" else repr(v) for k, v in arguments.items() if v not in (None, False)}
    return "".join(f", {k}={v}" for k, v in said.items())


def _called(method: str, wanted: dict[str, Any]) -> str:
    return f"{method}(**{wanted!r})" if wanted else ""


def _changed(origin: str, options: Options) -> str:
    return origin + _called(".replace", changes(options.set))


def _named(name: str, options: Options) -> AbstractSystem:
    cls = find(name)
    wanted = _changes(options)
    if options.seed is not None and draws(cls):
        wanted["key"] = jax.random.key(options.seed)
    if options.n is not None and not sized(cls):
        raise InputError(f"`{name}` is not built by size, so `--n` means nothing here. Leave it out.")
    return _fitting(construct(cls, wanted), wanted)


def _changes(options: Options) -> dict[str, Any]:
    wanted = changes(options.set)
    if options.n is not None:
        if "n" in wanted:
            raise InputError("`--n` and `--set n=...` say the same. Give one of them.")
        wanted["n"] = options.n
    return wanted


def _replaced(system: AbstractSystem, options: Options) -> AbstractSystem:
    wanted = changes(options.set)
    return _fitting(system.replace(**wanted), wanted) if wanted else system


def _fitting(system: AbstractSystem, wanted: dict[str, Any]) -> AbstractSystem:
    """`system`, once its rule was seen to accept the lists among `wanted`: a number may have become an array."""
    lists = ", ".join(f"`{name}`" for name, value in wanted.items() if isinstance(value, list))
    if lists:
        attempted(lambda: check_rule(system), "", f"A list does not fit {lists} of `{type(system).__name__}`")
    return system


def _refuse(options: Options, unfit: tuple[str, ...], target: str, what: str) -> None:
    wrong = given(options, unfit)
    if wrong:
        listed = ", ".join(f"`{flag(name)}`" for name in wrong)
        belongs = next((owner for group, owner in _OWNERS if wrong[0] in group), "a system")
        raise InputError(f"{listed} applies to {belongs}, but `{target}` is {what}. Leave it out.")


def _unknown(target: str, kind: FileKind) -> InputError:
    """The error for a target that is neither a known name nor a readable file."""
    path = Path(target)
    module, _, name = target.partition(":")
    if name and Path(f"{module}.py").is_file():
        return InputError(f"There is no target `{target}`. Did you mean `{module}.py:{name}`?")
    if path.is_dir():
        return InputError(f"`{target}` is a folder. Give the path of a file in it.")
    if path.exists():
        try:
            read_recording(path)
        except InputError as error:
            return error
    if kind is not FileKind.UNKNOWN or path.suffix or path.parent != Path():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = close_name(path.name, beside)
        return InputError(
            f"There is no file `{target}`.{hint} Check the path; `dynascope list` shows built-in systems."
        )
    try:
        find(target)
    except InputError as error:
        return error
    return InputError(f"`{target}` is no target.")
