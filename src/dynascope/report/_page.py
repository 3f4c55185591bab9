"""One self-contained HTML page: the verdict, its evidence, figures, settings. Nothing is loaded from elsewhere."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx

from .._errors import InputError
from .._results import provenance
from ..analysis._verdict import Evidence, Verdict
from ..plots import plotly_source
from ._style import CSS, SCRIPT

#: What the page may do, told to the browser: everything inline, nothing from the network.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "connect-src 'none'; form-action 'none'; base-uri 'none'"
)


class Table(eqx.Module):
    """Rows of text or numbers below a head; numbers are set flush right.

    Attributes:
        head: One title per column.
        rows: Each with one entry per column.
    """

    head: tuple[str, ...] = eqx.field(static=True, converter=tuple)
    rows: tuple[tuple[Any, ...], ...] = eqx.field(static=True)

    def __check_init__(self):
        for row in self.rows:
            if len(row) != len(self.head):
                raise InputError(f"The table has {len(self.head)} columns, but a row has {len(row)} entries: {row}.")


class Section(eqx.Module):
    """One figure or table of a page, with what one sees in it and how to get it in Python.

    Attributes:
        title: A few words; also the anchor of the section.
        caption: What one sees, in one or two sentences.
        figure: An SVG element, from `plots.svg`; empty for a section without a figure.
        interactive: An HTML fragment from `plots.phase_portrait_3d`; `figure` is shown in its place in print, without
            scripts and where the browser cannot draw in space.
        table: A `Table` below the figure.
        code: Python that makes the figure; it must run as it stands.
    """

    title: str = eqx.field(static=True)
    caption: str = eqx.field(static=True, default="")
    figure: str = eqx.field(static=True, default="")
    interactive: str = eqx.field(static=True, default="")
    table: Table | None = None
    code: str = eqx.field(static=True, default="")

    def __check_init__(self):
        if self.interactive and not self.figure:
            raise InputError(
                f"The section `{self.title}` has an interactive figure but no `figure` for print. Give both."
            )


class Page(eqx.Module):
    """A report as a page.

    Attributes:
        title: The target, such as `lorenz` or the name of a file.
        subtitle: What it is: kind, dimension, source.
        verdict: The verdict in one sentence, in plain words.
        confidence: From 0 to 1, or None where there is none to tell.
        evidence: The signs that the verdict rests on, the most telling first.
        sections: Figures, in the order of reading.
        notes: Sentences that the reader must know, such as assumptions and warnings.
        settings: Names and values of what the numbers depend on; nested ones are flattened with dots.
        versions: Versions of the software.
    """

    title: str = eqx.field(static=True)
    verdict: str = eqx.field(static=True)
    subtitle: str = eqx.field(static=True, default="", kw_only=True)
    confidence: float | None = eqx.field(static=True, default=None, kw_only=True)
    evidence: tuple[Evidence, ...] = eqx.field(default=(), kw_only=True)
    sections: tuple[Section, ...] = eqx.field(default=(), kw_only=True)
    notes: tuple[str, ...] = eqx.field(static=True, default=(), kw_only=True)
    settings: Mapping[str, Any] = eqx.field(static=True, default_factory=dict, kw_only=True)
    versions: Mapping[str, Any] = eqx.field(static=True, default_factory=dict, kw_only=True)

    def __check_init__(self):
        if self.confidence is not None and not 0.0 <= self.confidence <= 1.0:
            raise InputError(f"`confidence` must lie between 0 and 1; got {self.confidence}.")


def judged(
    title: str,
    sentence: str,
    verdict: Verdict,
    *,
    subtitle: str,
    sections: Sequence[Section],
    notes: tuple[str, ...],
    settings: Mapping[str, Any],
) -> Page:
    """A page with `sentence` for its verdict, the evidence for it, and the versions of now."""
    return Page(
        title,
        sentence,
        subtitle=subtitle,
        confidence=verdict.confidence,
        evidence=verdict.evidence,
        sections=tuple(sections),
        notes=notes,
        settings=settings,
        versions=provenance()["versions"],
    )


def render(page: Page) -> str:
    """`page` as the text of one HTML file that needs no other; equal pages give equal text.

    The script for figures that one can turn is put in once, and only if there is such a figure (5 MB).
    """
    turning = any(section.interactive for section in page.sections)
    script = f"<script>{SCRIPT}</script>\n<script>{_guarded(plotly_source())}</script>" if turning else ""
    anchors = _anchors(page.sections)
    body = "\n".join(
        part
        for part in (
            _header(page),
            _evidence(page.evidence),
            _notes(page.notes),
            _contents(page.sections, anchors),
            *(_section(section, anchor) for section, anchor in zip(page.sections, anchors, strict=True)),
            _settings(page.settings, page.versions),
            _footer(page.versions),
        )
        if part
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light">\n'
        f"<title>{_text(page.title)}: {_text(page.verdict)}</title>\n<style>{CSS}</style>\n{script}\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def write_page(page: Page, path: str | Path) -> Path:
    """Write `render(page)` to `path` and return the path.

    Raises:
        InputError: If the folder does not exist or cannot be written to.
    """
    target = Path(path)
    try:
        target.write_text(render(page), encoding="utf-8")
    except OSError as error:
        raise InputError(f"The page cannot be written to `{target}`: {error}. Choose another `--out`.") from error
    return target


def _text(value: Any) -> str:
    return html.escape(str(value))


def _prose(value: Any) -> str:
    """A sentence with proper signs: `±` and the minus before numbers."""
    text = str(value).replace("+-", "±")
    return html.escape(re.sub(r"(?<![\w.\-])-(?=\.?\d)", "−", text))


def _guarded(script: str) -> str:
    """A script that cannot end its own element early."""
    return re.sub(r"</(script)", r"<\\/\1", script, flags=re.IGNORECASE)


def number(value: Any, error: float | None = None) -> str:
    """A number as a person writes it: two digits of its standard error, a real minus, six digits at most.

    Args:
        value: A number, a text (returned as it is), or None (a dash).
        error: Its standard error, or None.
    """
    if value is None:
        return "–"
    if isinstance(value, str | bool) or not isinstance(value, int | float):
        return str(value)
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "∞" if value > 0 else "−∞"
    if error is None or not (math.isfinite(error) and error > 0):
        return _power(f"{value:.6g}")
    decimals = 1 - math.floor(math.log10(max(error, 1e-9 * abs(value))))
    if 0 <= decimals <= 6 and abs(value) < 1e7:
        return f"{value:.{decimals}f} ± {error:.{decimals}f}".replace("-", "−")
    if 6 < decimals <= 10 and 1e-3 <= abs(value) < 1e4:
        return f"{value:.{decimals}f} ± ".replace("-", "−") + _power(f"{error:.1e}")
    return f"{_power(f'{value:.6g}')} ± {_power(f'{error:.2g}')}"


def _power(text: str) -> str:
    """`-2.5e-08` as −2.5×10⁻⁸."""
    mantissa, _, exponent = text.replace("-", "−").partition("e")
    if not exponent:
        return mantissa
    digits = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    sign = "⁻" if exponent.startswith("−") else ""
    return f"{mantissa}×10{sign}{exponent.lstrip('−+').lstrip('0').translate(digits)}"


def _header(page: Page) -> str:
    subtitle = f'<p class="subtitle">{_prose(page.subtitle)}</p>' if page.subtitle else ""
    confidence = ""
    if page.confidence is not None:
        share = f"{100 * page.confidence:.0f}"
        confidence = (
            f'<p class="confidence"><span class="meter" aria-hidden="true"><span style="width:{share}%"></span></span>'
            f"confidence {page.confidence:.2f}</p>"
        )
    return (
        f'<header>\n<p class="target">{_text(page.title)}</p>\n<h1>{_prose(page.verdict)}</h1>\n'
        f"{confidence}{subtitle}\n</header>"
    )


def _evidence(evidence: Sequence[Evidence]) -> str:
    if not evidence:
        return ""
    rows = "\n".join(
        f'<tr><th scope="row">{_text(e.sign)}</th><td class="value">{_text(number(e.value, e.error))}</td>'
        f"<td>{_prose(e.meaning)}</td></tr>"
        for e in evidence
    )
    return (
        '<section id="evidence">\n<h2>Evidence</h2>\n<div class="wide"><table class="evidence">\n<thead><tr>'
        '<th scope="col">Sign</th><th scope="col">Value ± standard error</th><th scope="col">What it says</th>'
        f"</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>\n</section>"
    )


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    items = "".join(f"<li>{_prose(note)}</li>" for note in notes)
    return f'<section id="notes" class="notes">\n<h2>Please note</h2>\n<ul>{items}</ul>\n</section>'


def _anchors(sections: Sequence[Section]) -> list[str]:
    """An id per section, from its title, all different."""
    anchors: list[str] = []
    for section in sections:
        plain = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-") or "figure"
        count = sum(anchor == plain or anchor.startswith(f"{plain}--") for anchor in anchors)
        anchors.append(f"{plain}--{count + 1}" if count else plain)
    return anchors


def _contents(sections: Sequence[Section], anchors: Sequence[str]) -> str:
    if len(sections) < 3:
        return ""
    links = "\n".join(
        f'<a href="#{anchor}">{_text(section.title)}</a>' for section, anchor in zip(sections, anchors, strict=True)
    )
    return f'<nav aria-label="Figures">\n{links}\n</nav>'


def _section(section: Section, anchor: str) -> str:
    parts = [f"<h2>{_text(section.title)}</h2>"]
    caption = f"<figcaption>{_prose(section.caption)}</figcaption>" if section.caption else ""
    if section.interactive:
        turn = '<p class="hint live">Drag to turn.</p>'
        parts.append(
            f'<figure><div class="live">{section.interactive}</div>{turn}'
            f'<div class="still plate">{section.figure}</div>{caption}</figure>'
        )
    elif section.figure:
        parts.append(f'<figure><div class="plate">{section.figure}</div>{caption}</figure>')
    elif section.caption:
        parts.append(f"<p>{_prose(section.caption)}</p>")
    if section.table is not None:
        parts.append(_table(section.table))
    if section.code:
        parts.append(
            "<details><summary>How to get this in Python</summary>"
            f"<pre><code>{_text(section.code.strip())}</code></pre></details>"
        )
    return f'<section id="{anchor}">\n' + "\n".join(parts) + "\n</section>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_text(title)}</th>' for title in table.head)
    rows = "\n".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in table.rows)
    return f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>'


def _cell(value: Any) -> str:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return f"<td{' class=value' if numeric else ''}>{_text(number(value))}</td>"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value if isinstance(value, str) else _plain(value)))
    return rows


def _plain(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "automatic", True: "yes", False: "no"}[value]
    if isinstance(value, float):
        return f"{value:.8g}"
    return json.dumps(value, default=str, ensure_ascii=False)


def _settings(settings: Mapping[str, Any], versions: Mapping[str, Any]) -> str:
    blocks = []
    for title, rows in (("Settings", _flat(settings)), ("Versions", _flat(versions))):
        if rows:
            lines = "\n".join(f"<div><dt>{_text(k)}</dt><dd>{_text(v)}</dd></div>" for k, v in rows)
            blocks.append(f'<section id="{title.lower()}">\n<h2>{title}</h2>\n<dl>\n{lines}\n</dl>\n</section>')
    return "\n".join(blocks)


def _footer(versions: Mapping[str, Any]) -> str:
    version = versions.get("dynascope")
    return f"<footer>Made by Dynascope{f' {_text(version)}' if version else ''}.</footer>"
