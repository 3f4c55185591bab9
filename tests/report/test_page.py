"""The page: self-contained, escaped, deterministic, and true to what it was given."""

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import dynascope as ds
from dynascope import plots, report
from dynascope.analysis._verdict import Evidence
from dynascope.analysis.stability import fixed_points, lyapunov_spectrum
from dynascope.report._page import number

CODE = """
import numpy as np
import dynascope as ds

run = ds.trajectory(ds.build("lorenz"), None, np.linspace(0, 30, 3001))
figure = ds.plots.time_series(run)
"""
VOID = {"meta", "br", "img", "hr", "input", "link"}


class Reader(HTMLParser):
    """Elements with attributes, the text by element, and whether every element was closed."""

    def __init__(self) -> None:
        HTMLParser.__init__(self)
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.open: list[str] = []
        self.text: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self.open[-1:]:
            self.text.setdefault(tag, []).append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


@pytest.fixture(scope="module")
def lorenz() -> Any:
    return ds.trajectory(ds.build("lorenz"), None, np.linspace(0.0, 30.0, 3001))


@pytest.fixture(scope="module")
def flat(lorenz) -> report.Page:
    """A page without a figure that turns."""
    spectrum = lyapunov_spectrum(ds.build("lorenz"), duration=100)
    points = fixed_points(ds.build("lorenz"))
    return report.Page(
        "lorenz",
        "The Lorenz system is chaotic.",
        subtitle="A flow in 3 variables.",
        confidence=0.97,
        evidence=(
            Evidence("largest exponent", 0.90561, 0.0049, "Nearby states part."),
            Evidence("fixed points", "3, none stable", None, "It cannot rest."),
        ),
        sections=(
            report.Section("Time series", "x, y, z.", plots.svg(plots.time_series(lorenz), name="series"), code=CODE),
            report.Section(
                "Exponents", "", plots.svg(plots.plot(spectrum), name="le"), table=report.exponents_table(spectrum)
            ),
            report.Section("Points", "", plots.svg(plots.plot(points)), table=report.fixed_points_table(points)),
        ),
        notes=("Zero input was assumed.",),
        settings={"seed": 0, "solver": {"name": "RK4", "dt": 0.0025}, "transient": None},
        versions={"dynascope": "0.1.0"},
    )


@pytest.fixture(scope="module")
def turning(lorenz) -> report.Page:
    moving = plots.phase_portrait_3d(np.asarray(lorenz.flat), ("x", "y", "z"))
    still = plots.svg(plots.phase_portrait(lorenz), name="portrait")
    one, two = report.Section("Portrait", "", still, moving), report.Section("Portrait", "", still, moving)
    return report.Page("lorenz", "Chaos.", sections=(one, two))


def assert_self_contained(page: str) -> None:
    reader = read(page)
    for tag, attributes in reader.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        for name, value in attributes.items():
            if name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster"):
                assert str(value).startswith(("#", "data:image/png;base64,")), (tag, name, value)
            if name == "style":
                assert "url(" not in re.sub(r"url\((#|&quot;#)", "", str(value))
    for style in reader.text.get("style", []):
        assert "url(" not in style
        assert "@import" not in style
    policy = next(a["content"] for t, a in reader.elements if t == "meta" and "http-equiv" in a)
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert not re.search(r"https?:", policy)


def test_page_asks_for_nothing_from_elsewhere(flat, turning):
    assert_self_contained(report.render(flat))
    assert_self_contained(report.render(turning))


def test_without_a_turning_figure_the_page_is_small_and_has_no_script(flat):
    text = report.render(flat)
    assert len(text.encode()) < 1_500_000
    assert "<script" not in text


def test_script_is_put_in_once_and_the_still_figure_stays_for_print(turning):
    text = report.render(turning)
    assert len(text.encode()) < 7_000_000
    assert text.count(plots.plotly_source()[:200]) == 1
    assert text.count('class="still plate"') == 2
    css = "".join(read(text).text["style"])
    printed = css[css.index("@media print") :]
    assert ".live, html.turns .live { display: none !important; }" in printed
    assert ".still, html.turns .still { display: block !important; }" in printed
    # Without scripts nobody sets the class, and the still figure shows.
    assert re.search(r"^\.live \{ display: none; \}", css, flags=re.MULTILINE)
    with pytest.raises(ds.InputError, match="no `figure` for print"):
        report.Section("Portrait", interactive="<div></div>")


def test_verdict_comes_first_and_evidence_has_value_error_and_meaning(flat):
    text = report.render(flat)
    reader = read(text)
    assert reader.text["h1"] == ["The Lorenz system is chaotic."]
    assert (
        text.index("<h1>") < text.index('id="evidence"') < text.index('id="time-series"') < text.index('id="settings"')
    )
    cells = reader.text["td"]
    assert "0.9056 ± 0.0049" in cells
    assert "Nearby states part." in cells
    assert "confidence 0.97" in text
    assert 'style="width:97%"' in text


def test_settings_are_flat_and_ids_differ(flat, turning):
    reader = read(report.render(flat))
    assert dict(zip(reader.text["dt"], reader.text["dd"], strict=True)) == {
        "seed": "0", "solver.name": "RK4", "solver.dt": "0.0025", "transient": "automatic", "dynascope": "0.1.0",
    }  # fmt: skip
    ids = [a["id"] for _, a in reader.elements if "id" in a]
    assert len(ids) == len(set(ids))
    anchors = [a["id"] for t, a in read(report.render(turning)).elements if t == "section"]
    assert anchors == ["portrait", "portrait--2"]


def test_links_of_the_contents_lead_somewhere(flat):
    reader = read(report.render(flat))
    links = [a["href"] for t, a in reader.elements if t == "a"]
    assert len(links) == 3
    assert {link[1:] for link in links} <= {a.get("id") for _, a in reader.elements}


def test_everything_given_is_escaped():
    bad = "<script>alert(1)</script>&\"'"
    section = report.Section(bad, bad, table=report.Table((bad,), ((bad,),)), code=f"x = {bad!r}")
    page = report.Page(
        bad, bad, subtitle=bad, evidence=(Evidence(bad, bad, None, bad),), sections=(section,) * 3, notes=(bad,),
        settings={bad: bad}, versions={bad: bad},
    )  # fmt: skip
    text = report.render(page)
    assert "<script" not in text
    reader = read(text)
    assert reader.text["h1"] == [bad]
    assert reader.text["code"] == [f"x = {bad!r}"] * 3


def test_code_is_shown_as_it_was_given_and_runs(flat):
    (code,) = read(report.render(flat)).text["code"]
    assert code == CODE.strip()
    scope: dict[str, Any] = {}
    exec(compile(code, "page", "exec"), scope)
    assert len(scope["figure"].axes) >= 3


def test_equal_pages_give_equal_text(flat):
    assert report.render(flat) == report.render(flat)


def test_writing(flat, tmp_path):
    path = report.write_page(flat, tmp_path / "page.html")
    assert path.read_text(encoding="utf-8") == report.render(flat)
    with pytest.raises(ds.InputError, match="cannot be written"):
        report.write_page(flat, tmp_path / "absent" / "page.html")


def test_table_of_fixed_points_rounds_away_what_is_below_the_error():
    table = report.fixed_points_table(fixed_points(ds.build("lorenz")))
    assert table.head == ("x", "y", "z", "Stability", "Leading eigenvalue")
    origin = next(row for row in table.rows if row[3] == "saddle")
    assert origin[:3] == (0.0, 0.0, 0.0)
    # (-11 + sqrt(1201)) / 2
    assert origin[4] == "11.83"
    with pytest.raises(ds.InputError, match="2 columns"):
        report.Table(("a", "b"), ((1,),))


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (0.90561, 0.0049, "0.9056 ± 0.0049"),
        (-13.6667, None, "−13.6667"),
        (None, None, "–"),
        ("3, none stable", None, "3, none stable"),
        (float("nan"), None, "not a number"),
        (-float("inf"), None, "−∞"),
        (12.0, 0.0, "12"),
        (1e-9, 2e-10, "1×10⁻⁹ ± 2×10⁻¹⁰"),
        (14.636210017, 2.5e-8, "14.636210017 ± 2.5×10⁻⁸"),
        (-6.02e23, None, "−6.02×10²³"),
    ],
)
def test_numbers(value, error, expected):
    assert number(value, error) == expected


def test_sentences_get_proper_signs():
    caption = "Exponents -0.5 +- 0.1, volume 20, 130-141, pp. x-1."
    text = report.render(report.Page("a", "b", sections=(report.Section("c", caption),)))
    assert "Exponents −0.5 ± 0.1, volume 20, 130-141, pp. x-1." in text


def test_confidence_is_a_share():
    with pytest.raises(ds.InputError, match="between 0 and 1"):
        report.Page("a", "b", confidence=1.2)
