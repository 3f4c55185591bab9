"""Samples from labelled tables and arrays: pandas and xarray objects."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._errors import InputError
from ._samples import COUNTERS, Samples, listed, seconds_of, split_label, standard_time_unit, time_name
from ._sampling import grid_of


def samples_of_table(
    frame: Any,
    *,
    variable: str | None = None,
    time: str | None = None,
    dt: float | None = None,
    decided: tuple[str, ...] = (),
) -> Samples:
    """Samples of a `pandas.DataFrame`: one row per moment, one column per channel.

    The time axis is, in this order: the column `time`; an index of dates or of named times; a column whose name
    says so; the first column if it rises throughout (with `dt` given, only if it also does so evenly). A column
    that only counts the rows is left out.

    Args:
        frame: The table.
        variable: Column or columns to use (separated by commas); None uses all.
        time: Name of the time column.
        dt: The sampling interval if the caller knows it.
        decided: Notes of what was concluded about the table before.

    Raises:
        InputError: If a name is unknown or a column holds no numbers.
    """
    frame = frame.rename(columns={c: str(c) for c in frame.columns})
    _require_distinct(list(frame.columns))
    notes = list(decided)
    times, unit, found = _index_times(frame, time)
    if found:
        notes.append(found)
    if times is None:
        column, unit, found = _time_column(frame, time, dt)
        if column is not None:
            times, frame = _dates(frame[column]), frame.drop(columns=column)
        if found:
            notes.append(found)
    first = str(frame.columns[0]) if len(frame.columns) > 1 else None
    if first is not None and _counts_rows(first, frame.iloc[:, 0]):
        notes.append(f"column `{first}` counts the rows and was left out")
        frame = frame.drop(columns=first)
    if variable is not None:
        frame = frame[_chosen(variable, list(frame.columns))]
    if not len(frame.columns):
        raise InputError("The table holds a time axis but no channel. Give a file with at least one more column.")
    if times is not None:
        times, dates = seconds_of(times)
        unit = "s" if dates else unit
        notes.extend([dates] if dates else [])
    labels = [split_label(str(c)) for c in frame.columns]
    units = tuple(u or "1" for _, u in labels) if any(u for _, u in labels) else None
    return Samples(
        values=_numbers(frame),
        times=times,
        names=tuple(name for name, _ in labels),
        units=units,
        time_unit=unit,
        notes=tuple(notes),
    )


def samples_of_pandas(data: Any, *, dt: float | None = None) -> Samples:
    """Samples of a `pandas.DataFrame` or `pandas.Series`."""
    import pandas as pd

    if isinstance(data, pd.Series):
        data = data.to_frame(name="x" if data.name is None else str(data.name))
    if not isinstance(data, pd.DataFrame):
        raise InputError(f"Cannot make a recording of a pandas `{type(data).__name__}`. Give a DataFrame or a Series.")
    return samples_of_table(data, dt=dt)


def samples_of_xarray(
    data: Any, *, variable: str | None = None, time: str | None = None, decided: tuple[str, ...] = ()
) -> Samples:
    """Samples of an `xarray.DataArray` or `xarray.Dataset`.

    Variables of a Dataset that have only the time dimension are its channels; a variable with two dimensions has
    to be the only one, or to be chosen.

    Raises:
        InputError: If several variables could be meant, or a name is unknown.
    """
    import xarray as xr

    if isinstance(data, xr.DataArray):
        return _of_array(data, time, decided)
    numeric = {str(k): v for k, v in data.data_vars.items() if v.dtype.kind in "iufcb" and v.ndim and v.size > 1}
    # Arrays over other dimensions (event times, masks of channels) are not the record where some are over time.
    timed = {k: v for k, v in numeric.items() if any(str(d) == time or time_name(str(d))[0] for d in v.dims)}
    numeric = timed or numeric
    if not numeric:
        raise InputError(f"The dataset holds no array of numbers: its variables are {listed(list(data)) or 'none'}.")
    chosen = list(numeric) if variable is None else _chosen(variable, list(numeric))
    if len(chosen) > 1:
        if {numeric[name].dims for name in chosen} != {numeric[chosen[0]].dims} or numeric[chosen[0]].ndim != 1:
            raise several_arrays({name: numeric[name].shape for name in numeric}, "The dataset")
        parts = [_of_array(numeric[name], time, decided) for name in chosen]
        return Samples(
            values=np.stack([p.values for p in parts], axis=1),
            times=parts[0].times,
            names=tuple(chosen),
            units=tuple(p.units[0] if p.units else "1" for p in parts),
            time_unit=parts[0].time_unit,
            time_leads=parts[0].time_leads,
            notes=(*parts[0].notes, f"variables {listed(chosen)} are the channels"),
        )
    return _of_array(numeric[chosen[0]], time, decided)


def several_arrays(shapes: dict[str, tuple[int, ...]], where: str) -> InputError:
    """The error for a source that holds several arrays, with the list of them."""
    shown = "; ".join(f"`{name}` {shape}" for name, shape in list(shapes.items())[:20])
    more = f"; and {len(shapes) - 20} more" if len(shapes) > 20 else ""
    example = next(iter(shapes))
    hint = "" if any(len(shape) != 1 for shape in shapes.values()) else _OF_SPIKES
    return InputError(
        f"{where} holds {len(shapes)} arrays: {shown}{more}. Choose one with `variable` "
        f"(command line: `--variable {example}`).{hint}"
    )


_OF_SPIKES = " Times of spikes are read from arrays `unit0`, `unit1`, ..., with `start` and `stop` beside them."


def _of_array(array: Any, time: str | None, decided: tuple[str, ...]) -> Samples:
    if array.ndim not in (1, 2):
        raise InputError(
            f"`{array.name or 'the array'}` has the dimensions {listed([str(d) for d in array.dims])} of shape "
            f"{array.shape}. A recording has time and, at most, channels: choose one entry of the others with `.isel`."
        )
    dims = [str(d) for d in array.dims]
    if time is not None and time not in dims:
        raise InputError(f"There is no dimension `{time}`. The dimensions are {listed(dims)}.")
    known = [d for d in dims if d == time or (time is None and time_name(d)[0])]
    leading = known[0] if known else dims[0]
    array = array.transpose(leading, ...)
    times, unit, notes = None, None, list(decided)
    if leading in array.coords:
        coordinate = array.coords[leading]
        times, dates = seconds_of(coordinate.values)
        unit = "s" if dates else standard_time_unit(coordinate.attrs.get("units")) or time_name(leading)[1]
        notes.extend([dates] if dates else [])
    names, units = None, None
    own = array.attrs.get("units")
    if array.ndim == 2:
        channel = array.dims[1]
        if channel in array.coords:
            names = tuple(str(v) for v in array.coords[channel].values)
        if "unit" in array.coords and array.coords["unit"].dims == (channel,):
            units = tuple(str(v) for v in array.coords["unit"].values)
        elif own is not None:
            units = (str(own),) * array.shape[1]
    else:
        names = (str(array.name),) if array.name is not None else None
        units = (str(own),) if own is not None else None
    return Samples(
        values=array.values,
        times=times,
        names=names,
        units=units,
        time_unit=unit,
        time_leads=bool(known),
        notes=tuple(notes),
    )


def _require_distinct(labels: list[str]) -> None:
    repeated = sorted({name for name in labels if labels.count(name) > 1}) if len(set(labels)) < len(labels) else []
    if repeated:
        raise InputError(f"Column names must differ, but {listed(repeated)} occurs more than once. Rename the columns.")


def _chosen(variable: str, names: list[str]) -> list[str]:
    """The entries of `names` that `variable` asks for: one name, or several separated by commas."""
    bare = {split_label(name)[0]: name for name in names}
    wanted = [variable] if variable in names or variable in bare else [v.strip() for v in variable.split(",")]
    unknown = [v for v in wanted if v not in names and v not in bare]
    if unknown:
        raise InputError(f"There is no variable {listed(unknown)}. There is: {listed(names)}.")
    return [v if v in names else bare[v] for v in wanted]


def _index_times(frame: Any, time: str | None) -> tuple[Any, str | None, str | None]:
    """Times, unit and note of the table's index if it is a time axis."""
    import pandas as pd

    index = frame.index
    label = "" if index.name is None else str(index.name)
    if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
        return index.values, "s", "the index is the time axis"
    named, unit = time_name(label)
    if label and (label == time or (time is None and named)):
        return index.values, unit, f"the index `{label}` is the time axis"
    return None, None, None


def _time_column(frame: Any, time: str | None, dt: float | None) -> tuple[str | None, str | None, str | None]:
    """Name, unit and note of the time column, if there is one."""
    columns = [str(c) for c in frame.columns]
    if time is not None:
        column = _chosen(time, columns)[0]
        return column, time_name(column)[1] or standard_time_unit(split_label(column)[1]), None
    for column in columns:
        named, unit = time_name(column)
        if named and len(columns) > 1:
            return column, unit, f"column `{column}` is the time axis, by its name"
    first = frame.iloc[:, 0] if len(columns) > 1 else None
    if first is None or first.dtype.kind not in "iuf" or _counts_rows(columns[0], first) or not _rises(first):
        return None, None, None
    if dt is not None and not grid_of(first.to_numpy()).even:
        return None, None, None
    unit = standard_time_unit(split_label(columns[0])[1])
    return columns[0], unit, f"column `{columns[0]}` is taken for the time axis, because it rises throughout"


def _rises(column: Any) -> bool:
    values = column.to_numpy()
    return len(values) > 2 and bool(np.all(np.diff(values) > 0))


def _counts_rows(label: str, column: Any) -> bool:
    """Whether a column holds 0, 1, 2, ... or 1, 2, 3, ... and its name claims no meaning beyond that."""
    if column.dtype.kind not in "iu" or len(column) < 2:
        return False
    values = column.to_numpy()
    consecutive = int(values[0]) in (0, 1) and bool(np.all(np.diff(values) == 1))
    return consecutive and (label.lower() in COUNTERS or label.startswith("column "))


def _dates(column: Any) -> Any:
    """The column as numbers or dates; text is read as dates."""
    import pandas as pd

    if column.dtype.kind in "iufmM":
        return column.to_numpy()
    try:
        return pd.to_datetime(column, utc=True).dt.tz_localize(None).to_numpy()
    except (ValueError, TypeError) as error:
        raise InputError(
            f"The time column `{column.name}` holds neither numbers nor dates (first entry {column.iloc[0]!r}). "
            "Give another column with `time`, or write dates like `2024-05-31 12:00:00`."
        ) from error


def _numbers(frame: Any) -> Any:
    """The table as one array of numbers."""
    for column in frame.columns:
        kind = frame[column].dtype.kind
        if kind not in "iufc":
            _reject_text(frame[column])
    return frame.to_numpy()


def _reject_text(column: Any) -> None:
    import pandas as pd

    numbers = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
    bad = np.flatnonzero(np.isnan(numbers) & column.notna().to_numpy())
    where = f"{column.iloc[int(bad[0])]!r} in row {int(bad[0])}" if bad.size else f"type `{column.dtype}`"
    raise InputError(
        f"Column `{column.name}` holds no numbers ({where}). Remove it from the table, choose other columns with "
        "`variable` (command line: `--variable NAME,NAME`), or mark missing values as `NaN`."
    )
