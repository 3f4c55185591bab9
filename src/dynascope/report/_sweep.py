"""The page of a sweep: how many points, which failed, and a figure of each output."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .. import plots
from .._errors import InputError
from ._page import Page, Section, Table

#: Most outputs that get a figure, most entries of one output, and most failed points that are listed.
_FIGURES, _ENTRIES, _FAILED = 12, 3, 20


def sweep_page(dataset: Any, *, store: str = "") -> Page:
    """The page of the dataset that `sweep` returned.

    Args:
        dataset: The dataset.
        store: Where it is stored, for the code that draws the figures.
    """
    manifest = json.loads(dataset.attrs["settings"])
    sizes = " x ".join(f"{name} ({dataset.sizes[name]})" for name in manifest["inputs"]["grid"]["dimensions"])
    kinds = ("raised", "time_limit", "not_finite", "unsuccessful", "missing")
    counts = {n: int(dataset.attrs.get(n, 0)) for n in kinds}
    bad = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
    points = int(dataset.attrs["points"])
    machine = manifest["machines"][-1]
    return Page(
        f"{dataset.attrs['function']} of {dataset.attrs['system']}",
        f"A sweep of {points} points: {bad if bad else 'all computed'}",
        subtitle=f"Over {sizes}; {dataset.attrs['execution']}, {manifest['batch']} points a unit.",
        sections=(*_figures(dataset, store), *_failures(dataset)),
        notes=(f"The store was continued on {len(manifest['machines'])} kinds of machine.",)
        if len(manifest["machines"]) > 1
        else (),
        settings={"store": store or "in memory", "hash": manifest["hash"], **manifest["inputs"]},
        versions={name: value for name, value in machine.items() if name not in ("code", "system")},
    )


def _figures(dataset: Any, store: str) -> list[Section]:
    grid = set(dataset["status"].dims)
    sections: list[Section] = []
    opened = f"import dynascope as ds\n\ndataset = ds.sweep.open_sweep({store!r})\n" if store else ""
    for name in [n for n in dataset.data_vars if n not in ("status", "error")]:
        own = [dataset.sizes[d] for d in dataset[name].dims if d not in grid]
        if dataset[name].dtype.kind == "b" or len(own) > 1 or len(sections) >= _FIGURES:
            continue
        for component in range(min(_ENTRIES, *own) if own else 1):
            try:
                figure = plots.sweep_figure(dataset, variable=name, component=component)
            except InputError:
                continue  # nothing finite, or one word everywhere: the table of failures says why
            title = f"{name} {component + 1}" if own and own[0] > 1 else str(name)
            told = dataset[name].attrs.get("long_name", "")
            code = f"{opened}figure = ds.plot(dataset, variable={name!r}, component={component})\n"
            drawn = plots.svg(figure, name=f"{name}-{component}")
            sections.append(Section(title, f"{told[:1].upper()}{told[1:]}.".lstrip("."), figure=drawn, code=code))
    return sections


def _failures(dataset: Any) -> list[Section]:
    if "error" not in dataset:
        return []
    where = np.argwhere(dataset["status"].values > 1)
    dims = [str(d) for d in dataset["status"].dims]
    swept = [str(n) for n in dataset.coords]
    rows = []
    for index in where[:_FAILED]:
        point = dataset.isel(dict(zip(dims, index.tolist(), strict=True)))
        rows.append((*(str(point[n].values) for n in swept), str(point["error"].values)))
    more = f" The first {_FAILED} of {len(where)}." if len(where) > _FAILED else ""
    caption = f"Points that failed; `sweep(..., retry_failed=True)` computes them again.{more}"
    return [Section("Failures", caption, table=Table((*swept, "error"), tuple(rows)))]
