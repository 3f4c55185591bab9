"""How every figure looks: colours, type, labels, thinning, and the way to SVG."""

from __future__ import annotations

import functools
import html
import io
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, ScalarFormatter
from numpy.typing import NDArray

Array = NDArray[Any]
P = ParamSpec("P")
R = TypeVar("R")

INK, MUTED, FAINT = "#22303c", "#6b7785", "#d9dee3"
ACCENT, WARM, PALE = "#1b5e84", "#c8641b", "#8fb8cf"
#: Colours that differ in lightness as well as in hue, so that they stay apart in grey and for colour-blind eyes.
CYCLE = (ACCENT, "#dd8a3d", "#6aa893", "#8b4573", "#97a1ab", "#22303c")
#: Sequential map of even lightness.
SEQUENTIAL = "cividis"
#: Width of a figure that fills the column of a page, in inches.
WIDTH = 7.4

STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.formatter.limits": (-4, 5),
    "axes.formatter.use_mathtext": True,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.7,
    "axes.prop_cycle": cycler(color=CYCLE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "axes.xmargin": 0.02,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.size": 9,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "mathtext.default": "regular",
    "path.simplify": True,
    "path.simplify_threshold": 0.1,
    "savefig.dpi": 150,
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8,
    "xtick.major.size": 3,
    "xtick.major.width": 0.7,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
    "ytick.major.size": 3,
    "ytick.major.width": 0.7,
}


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """`draw` under the style of the house; the user's own matplotlib settings are back afterwards."""

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return wrapped


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure of its own, unknown to pyplot."""
    return Figure(figsize=(width, height), layout="constrained")


def root(axes: Axes) -> Figure:
    """The whole figure that `axes` lie in."""
    figure = axes.get_figure(root=True)
    if figure is None:
        figure = new_figure(3.0)
        figure.add_axes(axes)
    return figure


def label(name: str, unit: str = "1") -> str:
    """`name (unit)`, without the unit where there is none; a dollar stays a dollar."""
    text = name if unit in ("", "1") else f"{name} ({unit})"
    return text.replace("$", r"\$")


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def subscript(number: int) -> str:
    """A number set below the line, in plain text."""
    return str(number).translate(_LOWERED)


def plain_powers(axis: Axis) -> None:
    """Powers of ten at the ticks of a logarithmic axis, in plain text: parsing TeX takes longer than drawing."""

    def power(value: float, position: int | None) -> str:
        del position
        exponent = round(math.log10(value)) if value > 0 else 0
        if value <= 0 or not math.isclose(value, 10.0**exponent, rel_tol=1e-6):
            return ""
        return f"{value:g}" if 0 <= exponent <= 2 else f"10{str(exponent).translate(_RAISED)}"

    axis.set_major_formatter(FuncFormatter(power))
    axis.set_minor_locator(NullLocator())


def time_label(unit: str) -> str:
    """The label of a time axis."""
    return "step" if unit == "step" else label("time", unit)


def per_unit(unit: str) -> str:
    """The unit of a frequency when time is counted in `unit`."""
    return {"s": "Hz", "1": "per time unit", "": "per time unit", "step": "per step", "ms": "kHz"}.get(
        unit, f"1/{unit}"
    )


def rate_unit(unit: str) -> str:
    """The unit of an exponent when time is counted in `unit`."""
    return "nats per " + {"1": "time unit", "": "time unit"}.get(unit, unit)


def envelope(ts: Array, x: Array, *, bins: int = 900) -> tuple[Array, Array]:
    """A long series by the lowest and the highest sample of each of `bins` stretches: it looks like all of it."""
    size = len(x) // bins
    if size <= 2:
        return ts, x
    whole = x[: bins * size].reshape(bins, size)
    first = np.arange(bins) * size
    pair = np.stack([first + whole.argmin(axis=1), first + whole.argmax(axis=1)], axis=1)
    kept = np.concatenate([[0], np.sort(pair, axis=1).ravel(), np.arange(bins * size, len(x)), [len(x) - 1]])
    kept = np.unique(kept)
    return ts[kept], x[kept]


def padded(low: float, high: float, *, by: float = 0.06, least: float = 0.0) -> tuple[float, float]:
    """Limits a little wider than low ... high and at least `least` wide."""
    extra = max(by * (high - low), 0.5 * (least - (high - low)), 1e-9 * max(abs(low), abs(high)), 1e-12)
    return low - extra, high + extra


def note(axes: Axes, text: str, *, x: float = 0.985, y: float = 0.96, ha: str = "right") -> None:
    """A small remark inside the frame, by default in its upper right corner."""
    axes.text(
        x, y, text, transform=axes.transAxes, ha=ha, va="top", fontsize=8, color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
    )  # fmt: skip


def measured(value: float, error: float) -> str:
    """`value ± standard error`, with two digits of the error; the error is left out where there is none."""
    if not np.isfinite(value):
        return "−∞" if value == -np.inf else "∞" if value == np.inf else "unknown"
    if not (np.isfinite(error) and error > 0):
        return f"{value:.4g}".replace("-", "−")
    # Below a millionth of the value the error is rounding; twelve decimals are more than any plot can show.
    decimals = int(np.clip(1 - np.floor(np.log10(max(error, 1e-6 * abs(value)))), 0, 12))
    if decimals > 6 or abs(value) >= 1e6:
        return f"{value:.4g} ± {error:.1g}".replace("-", "−")
    return f"{value:.{decimals}f} ± {error:.{decimals}f}".replace("-", "−")


def counted(number: int) -> str:
    """A whole number with its thousands set apart."""
    return f"{number:,}".replace(",", " ")


_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_DATA = re.compile(r'( d|points)="([^"]*)"')
_USE = re.compile(r'<use xlink:href="#([^"]+)" x="([^"]+)" y="([^"]+)" style="fill: (#[0-9a-f]+)[^"]*"/>\s*')
#: From so many equal dots on they become one path.
_MANY = 200
_SALT = "dynascope"
#: Pixels of the page per point of a figure: text of 8 points is as large as the small print of the page.
_SCALE = 1.42


@styled
def svg(figure: Figure, *, name: str = "figure", description: str = "") -> str:
    """`figure` as an SVG element to be set into an HTML page.

    Text stays text, so that it can be searched and takes the font of the page; the same figure gives the same string.

    Args:
        figure: Any matplotlib figure.
        name: Put before every id, so that several figures on one page do not share ids. Letters, digits, `-`.
        description: Read aloud instead of the picture.
    """
    name = re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-") or "figure"
    text = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": _SALT}), _plain_numbers(figure):
        figure.savefig(text, format="svg", metadata=nothing)
    body = text.getvalue()
    body = body[body.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = _merged_dots(body)
    body = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", body)
    # A hundredth of a point is finer than any screen; the rest of the digits is half of the page.
    body = _DATA.sub(lambda m: f'{m[1]}="{_NUMBER.sub(_rounded, " ".join(m[2].split()))}"', body)
    view = re.search(r'viewBox="([^"]*)"', body)
    width = float(view[1].split()[2]) if view else 0.0
    head = (
        f'<svg viewBox="{view[1] if view else ""}" role="img" aria-label="{html.escape(description or name)}" '
        f'style="--width:{_SCALE * width:.0f}px;max-width:var(--width);stroke-linejoin:round;'
        'stroke-linecap:butt" xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return head + body[body.index(">") + 1 :].strip()


@contextmanager
def _plain_numbers(figure: Figure) -> Iterator[None]:
    """Numbers at ticks as plain text: parsing them as TeX takes a third of drawing. Powers of ten stay TeX."""
    changed = []
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        numbers = axis.get_major_formatter()
        if isinstance(numbers, ScalarFormatter) and numbers.get_useMathText():
            numbers.format_ticks(axis.get_majorticklocs().tolist())  # finds out whether a power is taken out
            if not numbers.get_offset():
                numbers.set_useMathText(False)
                changed.append(numbers)
    try:
        yield
    finally:
        for numbers in changed:
            numbers.set_useMathText(True)


def _merged_dots(body: str) -> str:
    """Hundreds of equal dots as one path of strokes without length and with round ends: a tenth of the text."""
    parts: list[str] = []
    end = 0
    uses = list(_USE.finditer(body))
    start = 0
    for k in range(1, len(uses) + 1):
        joined = (
            k < len(uses) and uses[k].start() == uses[k - 1].end() and uses[k].group(1, 4) == uses[start].group(1, 4)
        )
        if joined:
            continue
        radius = _radius(body, uses[start][1])
        if k - start >= _MANY and radius is not None:
            moves = "".join(f"M{float(u[2]):.2f} {float(u[3]):.2f}h0" for u in uses[start:k])
            style = f"fill:none;stroke:{uses[start][4]};stroke-width:{2 * radius:.2f};stroke-linecap:round"
            parts += [body[end : uses[start].start()], f'<path d="{moves}" style="{style}"/>']
            end = uses[k - 1].end()
        start = k
    return "".join(parts) + body[end:]


def _radius(body: str, marker: str) -> float | None:
    """The radius of a round marker, or None for any other: only a circle is drawn by curves alone, from (0, radius)."""
    at = body.find(f'<path id="{marker}" d="')
    outline = re.match(r"M 0 ([\d.]+)\s+C ([^\"]*)", body[at:].split(' d="', 1)[-1][:2000]) if at >= 0 else None
    return None if outline is None or "L" in outline[2] else float(outline[1])


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
