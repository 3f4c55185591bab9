"""The labelled table of `benchmarks/forecasting.py`, and from it the leaderboard and the picture of its page."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import dynascope as ds
from benchmarks.forecasting import period_of

ROOT = Path(__file__).parents[1]
TABLE = Path(__file__).parent / "results" / "forecasting.nc"
PAGE, PICTURE = ROOT / "docs" / "forecasting.md", ROOT / "docs" / "images" / "forecasting.png"
#: What is shown: channels and samples a period.
SHOWN = (("multivariate", 15), ("univariate", 15), ("multivariate", 100))
#: Medians over all systems of the sMAPE of two periods in the result files of `dysts` (about 130 systems).
PUBLISHED = {
    ("univariate", 15): {"mean": 153.5, "linear": 105.2},
    ("multivariate", 100): {"neural-ode": 72.6, "nvar": 83.6, "echo-state": 102.4},
}
INK, BLUE, ORANGE = "#22303c", "#1b5e83", "#dd8a3d"


def table_of(found):
    """The table with dimensions `points`, `system`, `channels`, `seed` and `method`.

    No failure is left out: where something unforeseen was raised, the point counts as the worst forecast.
    """
    found = found.rename(draw="seed")
    asked = found.status.values > 0
    lost = asked & (found.status.values != 1)
    dims = found.status.dims

    def kept(name, worst):
        values = found[name].transpose(*dims).values.astype(float)
        return dims, np.where(lost, worst, np.where(asked, values, np.nan)).astype(np.float32)

    about = [period_of(str(name)) for name in found.system.values]
    period, exponent = (np.array(column, float) for column in zip(*about, strict=True))
    names = {r["name"]: r["dimension"] for r in ds.models.catalogue()}
    table = xr.Dataset(
        {
            "smape_short": (*kept("smape_short", 200.0), {"long_name": "sMAPE of two periods, 0 to 200"}),
            "smape_long": (*kept("smape_long", 200.0), {"long_name": "sMAPE of fifty periods, 0 to 200"}),
            "valid_periods": (*kept("valid", 0.0), {"units": "periods", "long_name": "valid prediction time"}),
            "failed": (*kept("failed", 1.0), {"long_name": "1 where a forecast raised or diverged"}),
            "fit_seconds": (*kept("fit_seconds", np.nan), {"units": "s", "long_name": "processor time, forecast too"}),
        },
        coords={
            **{name: found[name].values for name in ("points", "system", "channels", "seed", "method")},
            "period": ("system", period),
            "exponent": ("system", exponent),
            "dimension": ("system", [names[str(name)] for name in found.system.values]),
        },
    )
    scaled = table.valid_periods * table.period * table.exponent
    table["valid_lyapunov"] = scaled.transpose(*dims).astype(np.float32)
    table.valid_lyapunov.attrs = {
        "units": "Lyapunov times",
        "long_name": "valid prediction time, normalised error 0.4; none where the exponent is not surely positive",
    }
    return table


def of_systems(table, channels, points):
    """Medians over seeds for each system and method of one part of the table; systems not run yet are left out."""
    part = table.sel(channels=channels, points=points).drop_vars(("channels", "points"))
    medians = part.median("seed")
    run = medians.smape_short.notnull().all("method")
    return medians.isel(system=np.flatnonzero(run.values))


def ranks(part):
    """Mean over systems of the rank of each method by its sMAPE of two periods; equal ones share the mean rank."""
    values = part.smape_short.transpose("system", "method").values
    below = (values[:, :, None] > values[:, None, :]).sum(axis=2)
    same = (values[:, :, None] == values[:, None, :]).sum(axis=2)
    return (below + (same + 1) / 2).mean(axis=0)


def leaderboard(table, channels, points):
    """One part of the table as Markdown, best method first."""
    part = of_systems(table, channels, points)
    if not part.sizes["system"]:
        return "Not run yet."
    whole = table.sel(channels=channels, points=points).sel(system=part.system)
    rank = ranks(part)
    published = PUBLISHED.get((channels, points), {})
    lines = [
        "| method | mean rank | sMAPE, 2 periods (quartiles) | published | 50 periods "
        "| valid, Lyapunov times (quartiles) | failures | s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for i in np.argsort(rank):
        name = str(part.method.values[i])
        # `method` is also a word of xarray, for inexact labels: the dimension is named in a dictionary.
        row, all_runs = part.isel({"method": i}), whole.sel({"method": name})
        short, valid = (np.nanpercentile(row[v], [50, 25, 75]) for v in ("smape_short", "valid_lyapunov"))
        runs = int(all_runs.failed.notnull().sum())
        lines.append(
            f"| {name} | {rank[i]:.1f} | {short[0]:.0f} ({short[1]:.0f} to {short[2]:.0f}) | {published.get(name, '')} "
            f"| {float(row.smape_long.median()):.0f} | {valid[0]:.2f} ({valid[1]:.2f} to {valid[2]:.2f}) "
            f"| {int(all_runs.failed.sum())} of {runs} | {float(all_runs.fit_seconds.median()):.2f} |"
        )
    alone = table.sizes["system"] if channels == "univariate" else int((table.dimension > 1).sum())
    return f"{part.sizes['system']} of {alone} systems have been run.\n\n" + "\n".join(lines)


def between(text, mark, inner):
    """`text` with what stands between the two comments of `mark` replaced."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    before, _, rest = text.partition(begin)
    if not rest or end not in rest:
        raise SystemExit(f"The page has no place for `{mark}`.")
    return f"{before}{begin}\n{inner}\n\n{end}{rest.partition(end)[2]}"


def picture(table):
    """Errors and valid times of all systems, one row of dots for each method."""
    parts = [(c, p, of_systems(table, c, p)) for c, p in SHOWN]
    parts = [x for x in parts if x[2].sizes["system"]]
    figure = Figure(figsize=(3.5 * len(parts) + 1.2, 6.6), layout="constrained")
    axes = np.atleast_2d(figure.subplots(2, len(parts), squeeze=False, sharey="col"))
    for column, (channels, points, part) in zip(axes.T, parts, strict=True):
        order = np.argsort(-ranks(part))
        names = [str(part.method.values[i]) for i in order]
        count = part.sizes["system"]
        column[0].set_title(f"{channels}, {points} a period\n{count} systems", fontsize=9, loc="left")
        for panel, name in zip(column, ("smape_short", "valid_lyapunov"), strict=True):
            _rows(panel, [part[name].isel({"method": i}).values for i in order], names)
        for y, name in enumerate(names):
            if name in PUBLISHED.get((channels, points), {}):
                column[0].plot(PUBLISHED[channels, points][name], y, marker="D", ms=5, color=ORANGE, mec="white")
        column[0].set_xlim(0, 205)
        column[0].set_xlabel("sMAPE of two periods (200 is worst)", fontsize=8)
        column[1].set_xscale("symlog", linthresh=0.1)
        column[1].set_xlim(-0.005, None)
        column[1].set_xlabel("valid prediction time, Lyapunov times", fontsize=8)
    return figure


def _rows(panel, columns, names):
    rng = np.random.default_rng(0)
    for y, values in enumerate(columns):
        values = values[np.isfinite(values)]
        panel.plot(values, y + rng.uniform(-0.22, 0.22, len(values)), ".", ms=5, color=BLUE, alpha=0.5, mec="none")
        low, middle, high = np.percentile(values, [25, 50, 75])
        panel.plot([low, high], [y, y], color=INK, lw=1.2)
        panel.plot([middle, middle], [y - 0.3, y + 0.3], color=INK, lw=2.2)
    panel.set_yticks(range(len(names)), names, fontsize=8)
    panel.tick_params(axis="x", labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)


def published(found):
    """Write the table, and from it the page's tables and picture."""
    table = table_of(found)
    table.attrs = {"source": "benchmarks/forecasting.py", "settings": str(found.attrs.get("settings", ""))[:4000]}
    compressed = {name: {"zlib": True, "complevel": 9} for name in table.data_vars}
    table.to_netcdf(TABLE, engine="h5netcdf", encoding=compressed)
    drawn(table)


def drawn(table):
    """The page's tables and picture."""
    text = PAGE.read_text("utf-8")
    for channels, points in SHOWN:
        text = between(text, f"{channels}, {points} samples", leaderboard(table, channels, points))
    PAGE.write_text(text, "utf-8")
    picture(table).savefig(PICTURE, dpi=150)
    print(text)
