"""Every figure is drawn from a small real result, and holds what it must."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle
from matplotlib.ticker import ScalarFormatter

import dynascope as ds
from dynascope import plots
from dynascope.analysis.chaos import exponent_from_data, surrogate_test, zero_one
from dynascope.analysis.geometry import correlation_dimension, embedding, recurrence
from dynascope.analysis.rhythm import period, spectrum
from dynascope.analysis.spikes import firing_pattern
from dynascope.analysis.stability import fixed_points, lyapunov_spectrum
from dynascope.plots._style import envelope, measured
from dynascope.series import Recording
from tests.analysis import signals

LOGISTIC: Any = ds.build("logistic")
HENON: Any = ds.build("henon")


@pytest.fixture(scope="module")
def lorenz() -> Any:
    return ds.trajectory(ds.build("lorenz"), None, np.linspace(0.0, 60.0, 6001))


@pytest.fixture(scope="module")
def logistic() -> Any:
    return ds.trajectory(ds.build("logistic"), None, np.arange(1000))


@pytest.fixture(scope="module")
def series() -> np.ndarray:
    return signals.lorenz(3000)[:, 0]


def own_axes() -> tuple[Figure, Any]:
    figure = Figure()
    return figure, figure.subplots()


def texts(figure: Figure) -> set[str]:
    """Every label and title of a figure."""
    found = {t.get_text() for a in figure.axes for t in (*a.texts, a.xaxis.label, a.yaxis.label, a.title)}
    return found | {a.get_title(loc) for a in figure.axes for loc in ("left", "right")}


def xs(line: Any) -> np.ndarray:
    return np.asarray(line.get_xdata(), dtype=float)


def ys(line: Any) -> np.ndarray:
    return np.asarray(line.get_ydata(), dtype=float)


def outline(collection: Any) -> np.ndarray:
    """The corners of a filled area."""
    return np.asarray(collection.get_paths()[0].vertices)


def band(axes: Any) -> tuple[float, float]:
    """The lower and upper end of the first horizontal band."""
    for patch in axes.patches:
        if isinstance(patch, Rectangle):
            return patch.get_y(), patch.get_y() + patch.get_height()
        if isinstance(patch, Polygon):
            heights = patch.get_xy()[:, 1]
            return float(heights.min()), float(heights.max())
    raise AssertionError("there is no band")


def test_trajectory_of_a_flow(lorenz):
    figure = plots.plot(lorenz)
    assert {"x", "y", "z", "time"} <= texts(figure)
    x = np.asarray(ys(figure.axes[0].lines[0]))
    assert x.max() == np.asarray(lorenz.flat)[:, 0].max()
    assert figure.axes[-1].name == "3d"


def test_time_series_carry_units_and_events():
    run: Any = ds.trajectory(ds.build("leaky-integrate-and-fire"), None, np.arange(0.0, 100.0, 0.1))
    figure = plots.time_series(run)
    assert {"V (mV)", "time (ms)", "events"} <= texts(figure)
    (ticks,) = figure.axes[0].collections
    drawn = sorted(np.asarray(path.vertices)[0, 0] for path in ticks.get_paths())
    assert len(drawn) == int(run.events.count) > 3
    np.testing.assert_allclose(drawn, run.events.of(0))


def test_close_up_is_the_end_of_a_long_run(lorenz):
    figure = plots.time_series(lorenz)
    whole, part = figure.axes[0], figure.axes[1]
    (first, last), (start, stop) = (xs(a.lines[0])[[0, -1]] for a in (whole, part))
    assert (first, last, stop) == (0.0, 60.0, 60.0)
    assert 0.0 < stop - start < 0.25 * 60


def test_envelope_keeps_every_extreme():
    t = np.arange(100_000.0)
    x = np.random.default_rng(0).standard_normal(t.size)
    x[[12_345, 67_890]] = 50.0, -50.0
    ts, xs = envelope(t, x, bins=100)
    assert len(ts) <= 202 + 2
    assert (ts[xs.argmax()], ts[xs.argmin()]) == (12_345, 67_890)
    assert np.all(np.diff(ts) > 0)


def test_many_variables_are_an_image_and_a_principal_plane():
    rng = np.random.default_rng(1)
    phase = np.linspace(0, 20 * np.pi, 2000)
    plane, _ = np.linalg.qr(rng.standard_normal((30, 2)))
    activity = np.stack([3 * np.cos(phase), np.sin(phase)], axis=1) @ plane.T
    recording = Recording(activity, dt=0.01, units=("mV",) * 30)
    assert np.asarray(plots.time_series(recording).axes[0].images[0].get_array()).shape[0] == 30
    chosen = plots.projection(recording, dimensions=2)
    assert chosen.names == ("PC 1 (90 %)", "PC 2 (10 %)")
    np.testing.assert_allclose(np.abs(chosen.axes.T @ plane), np.eye(2), atol=2e-2)
    np.testing.assert_allclose(np.abs(chosen(activity)).max(axis=0), [3.0, 1.0], rtol=2e-2)


def test_portrait_of_a_plane_has_the_variables_as_axes():
    run = ds.trajectory(ds.build("van-der-pol"), None, np.linspace(0.0, 30.0, 1001))
    (axes,) = plots.phase_portrait(run).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == run.names
    assert len(xs(axes.lines[0])) == 1001


def test_portrait_of_a_map_in_one_variable_is_its_graph(logistic):
    figure, axes = own_axes()
    plots.phase_portrait(logistic, axes=axes)
    x, y = np.asarray(axes.lines[0].get_data())
    np.testing.assert_allclose(y, 4.0 * x * (1 - x), atol=1e-12)
    assert axes.lines[0].get_linestyle() == "None"
    assert figure is axes.get_figure()


def test_cobweb_climbs_from_the_graph_to_the_diagonal(logistic):
    (axes,) = plots.cobweb(LOGISTIC, logistic, steps=20).axes
    stair = np.stack(axes.lines[1].get_data(), axis=1)
    np.testing.assert_array_equal(stair[::2, 0], stair[::2, 1])
    np.testing.assert_allclose(stair[1::2, 1], 4 * stair[1::2, 0] * (1 - stair[1::2, 0]), atol=1e-12)
    grid = np.stack(axes.lines[2].get_data(), axis=1)
    np.testing.assert_allclose(grid[:, 1], 4 * grid[:, 0] * (1 - grid[:, 0]), atol=1e-12)
    with pytest.raises(ds.InputError, match="one state variable"):
        plots.cobweb(HENON, logistic)


def test_maxima_are_located_between_samples():
    t = np.arange(0.0, 100.0, 0.1)
    x = (1 + 0.3 * np.sin(0.37 * t)) * np.cos(t)
    fine = np.arange(0.0, 100.0, 1e-4)
    exact = plots.successive_maxima((1 + 0.3 * np.sin(0.37 * fine)) * np.cos(fine))
    np.testing.assert_allclose(plots.successive_maxima(x), exact, atol=2e-5)
    assert plots.successive_maxima(np.ones(50)).size == 0


def test_return_map_of_lorenz_is_the_cusp_of_z(lorenz):
    (axes,) = plots.return_map(lorenz).axes
    assert axes.get_xlabel() == "maximum of z"
    now, later = np.asarray(axes.lines[1].get_data())
    order = np.argsort(now)
    top = now[np.argmax(later)]
    rising = now[order] < top
    # One hump: it rises to the cusp and falls after it.
    assert np.all(np.diff(later[order][rising]) > -0.3)
    assert np.all(np.diff(later[order][~rising]) < 0.3)
    with pytest.raises(ds.InputError, match="no variable `w`"):
        plots.return_map(lorenz, variable="w")


def test_return_map_of_a_cycle_is_one_point_of_the_first_variable():
    run: Any = ds.trajectory(ds.build("van-der-pol"), [2.0, 0.0], np.linspace(0.0, 100.0, 5001))
    (axes,) = plots.return_map(run).axes
    assert axes.get_xlabel() == "maximum of x"
    width = np.diff(axes.get_xlim())[0]
    # The amplitude of the cycle is 2.009 for mu = 1.
    assert np.ptp(xs(axes.lines[1])) < 0.1 * width
    assert abs(xs(axes.lines[1])[-1] - 2.0086) < 0.01


def test_band_of_exponents_is_two_standard_errors_at_the_final_value():
    result = lyapunov_spectrum(ds.build("henon"), duration=5000)
    figure = plots.plot(result)
    for i, axes in enumerate(figure.axes[:2]):
        value, error = result.exponents[i], result.stderr[i]
        np.testing.assert_allclose(band(axes), (value - 2 * error, value + 2 * error))
        np.testing.assert_allclose(ys(axes.lines[1]), result.running[:, i])
        assert axes.get_xscale() == "log"
    assert measured(float(result.exponents[0]), float(result.stderr[0])) in texts(figure)
    assert "steps averaged over" in texts(figure)
    bars = figure.axes[2]
    np.testing.assert_allclose(
        [float(ys(line)[0]) for line in bars.lines if line.get_marker() == "D"], [result.exponents[0]]
    )


def test_spectrum_has_its_band_its_unit_and_its_line():
    result = spectrum(np.sin(2 * np.pi * 5.0 * np.arange(4000) * 0.01) + 0.1 * signals.white(4000), dt=0.01)
    (axes,) = plots.plot(result, time_unit="s").axes
    assert axes.get_xlabel() == "frequency (Hz)"
    (area,) = [c for c in axes.collections if isinstance(c, FillBetweenPolyCollection)]
    edge = outline(area)[:, 1]
    assert edge.max() == pytest.approx(result.upper[1:].max())
    (mark,) = [line for line in axes.lines if line.get_marker() == "v"]
    assert float(xs(mark)[0]) == pytest.approx(5.0, abs=0.01)


def test_return_times_show_mean_and_band():
    result = period(np.sin(2 * np.pi * np.arange(3000) / 100), dt=0.1)
    (axes,) = plots.plot(result, time_unit="ms").axes
    assert axes.get_ylabel() == "return time (ms)"
    np.testing.assert_allclose(band(axes), (result.period - 2 * result.stderr, result.period + 2 * result.stderr))
    assert ys(axes.lines[0])[0] == pytest.approx(10.0, abs=1e-3)


def test_fixed_points_lie_on_the_portrait_with_markers_of_their_stability(lorenz):
    result: Any = fixed_points(ds.build("lorenz", rho=20.0))
    left, right = plots.plot(result, trajectory=lorenz).axes
    drawn = {str(line.get_label()): line for line in left.lines if not str(line.get_label()).startswith("_")}
    assert {line.get_fillstyle() for name, line in drawn.items() if "stable focus" in name} == {"full"}
    assert {line.get_fillstyle() for name, line in drawn.items() if "saddle" in name} == {"left"}
    places = np.concatenate([np.stack(line.get_data(), axis=1) for line in drawn.values()])
    away = np.sqrt(8 / 3 * 19)
    for expected in ((0, 0), (away, away), (-away, -away)):
        assert np.abs(places - expected).sum(axis=1).min() < 1e-6
    values = np.concatenate([xs(line) for line in right.lines if line.get_marker() in ("o", "D")])
    np.testing.assert_allclose(np.sort(values), np.sort(result.eigenvalues.real.ravel()))
    assert right.get_xlabel() == "real part of the eigenvalues"


def test_embedding_shows_delay_and_dimension(series):
    result = embedding(series, dt=0.02)
    information, criteria, _ = plots.plot(result).axes
    assert float(xs(information.lines[1])[0]) == result.delay
    np.testing.assert_array_equal(ys(criteria.lines[0]), result.e1)
    assert float(xs(criteria.lines[3])[0]) == result.dimension


def test_recurrence_plot_has_the_recurrence_rate_of_its_threshold(series):
    unfolded = embedding(series, dt=0.02)
    result = recurrence(unfolded)
    matrix, shares, lengths = plots.plot(result, embedding=unfolded).axes
    image = np.asarray(matrix.images[0].get_array())
    assert np.array_equal(image, image.T)
    assert image.diagonal().all()
    assert 0.02 < image.mean() < 0.2
    assert {t.get_text() for t in shares.get_yticklabels()} == {"recurrence rate", "determinism", "laminarity"}
    assert lengths.get_xlabel() == "length (samples)"
    assert len(plots.plot(result).axes) == 2


def test_dimension_shows_slopes_of_every_embedding_and_the_value(series):
    result = correlation_dimension(series, dt=0.02, max_dimension=5, pairs=500_000)
    sums, slopes = plots.plot(result).axes
    assert len(sums.lines) == len(result.dimensions)
    if np.isfinite(result.value):
        spans = [p for p in slopes.patches if isinstance(p, Rectangle)]
        ends = [(p.get_y(), p.get_y() + p.get_height()) for p in spans]
        expected = (result.value - 2 * result.stderr, result.value + 2 * result.stderr)
        assert any(np.allclose(end, expected) for end in ends)


def test_divergence_draws_the_fitted_line_with_its_slope(series):
    result = exponent_from_data(series, dt=0.02)
    (axes,) = plots.plot(result, time_unit="s").axes
    (line,) = [x for x in axes.lines if str(x.get_label()) in ("fit", "best slope, no line")]
    t, s = np.asarray(line.get_data())
    assert (s[1] - s[0]) / (t[1] - t[0]) == pytest.approx(result.exponent)
    np.testing.assert_allclose(t, (result.fit_start, result.fit_stop))
    area = next(c for c in axes.collections if isinstance(c, FillBetweenPolyCollection))
    first = outline(area)
    at_zero = first[first[:, 0] == 0.0, 1]
    assert np.ptp(at_zero) == pytest.approx(4 * result.divergence_stderr[0])
    assert axes.get_xlabel() == "time since they were neighbours (s)"


def test_zero_one_and_surrogates_show_the_data():
    x = signals.logistic(1500)
    strength = zero_one(x)
    (axes,) = plots.plot(strength).axes
    np.testing.assert_allclose(band(axes), (strength.k - 2 * strength.stderr, strength.k + 2 * strength.stderr))
    test = surrogate_test(x, count=39, most=800)
    panels = plots.plot(test).axes
    for k, panel in enumerate(panels):
        assert sum(p.get_height() for p in panel.patches if isinstance(p, Rectangle)) == 39
        assert float(xs(panel.lines[0])[0]) == test.data[k]


def test_own_axes_are_used_and_settings_left_alone(lorenz):
    before = dict(mpl.rcParams)
    figure, axes = own_axes()
    assert plots.plot(lorenz, axes=axes) is figure
    assert len(axes.lines) == 1
    assert dict(mpl.rcParams) == before


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ds.InputError, match="no figure of a `dict`"):
        plots.plot({})
    with pytest.raises(ds.InputError, match="no variable `q`"):
        plots.time_series(Recording(np.random.default_rng(0).random((50, 2)), dt=1.0), variables=("q",))


def test_svg_repeats_holds_text_and_has_ids_of_its_own(lorenz):
    one = plots.svg(plots.time_series(lorenz), name="one", description='x < "y"')
    assert one == plots.svg(plots.time_series(lorenz), name="one", description='x < "y"')
    root = ET.fromstring(one)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert all(str(i).startswith("one-") for i in ids)
    targets = set(re.findall(r'(?:href="#|url\(#)([^")]*)', one))
    assert targets <= set(ids)
    assert "close-up of its end" in {e.text for e in root.iter("{http://www.w3.org/2000/svg}text")}
    assert "metadata" not in one
    assert not re.search(r"20\d\d-\d\d-\d\d", one)
    assert root.get("aria-label") == 'x < "y"'


def test_numbers_at_ticks_are_plain_text_unless_a_power_is_taken_out():
    figures = [plots.time_series(Recording(np.linspace(-x, x, 50)[:, None], dt=1.0)) for x in (4, 4e9)]
    plain, power = [re.findall(r"<text[^>]*>([^<]*)", plots.svg(figure)) for figure in figures]
    assert "\N{MINUS SIGN}4" in plain
    assert "\N{MINUS SIGN}4" not in power
    # The figures are left as they were.
    kept = [figure.axes[0].yaxis.get_major_formatter() for figure in figures]
    assert all(isinstance(x, ScalarFormatter) and x.get_useMathText() for x in kept)


def test_svg_of_many_dots_is_small_and_complete():
    run = ds.trajectory(ds.build("henon"), None, np.arange(3000))
    text = plots.svg(plots.phase_portrait(run))
    assert len(text) < 150_000
    assert max(d.count("h0") for d in re.findall(r' d="([^"]*)"', text)) == 3000


def test_names_from_files_are_no_mathematics():
    recording = Recording(np.random.default_rng(0).random((50, 2)), dt=1.0, names=("a$b$c", "<i>"))
    text = plots.svg(plots.time_series(recording))
    assert "a$b$c" in text
    assert "&lt;i&gt;" in text


def test_turning_portrait_is_a_fragment_of_its_own(lorenz):
    states = np.asarray(lorenz.flat)
    text = plots.phase_portrait_3d(states, ("x", "<script>", "z"), marks=np.zeros((1, 3)), name="a b")
    assert text == plots.phase_portrait_3d(states, ("x", "<script>", "z"), marks=np.zeros((1, 3)), name="a b")
    assert 'id="turning-a-b"' in text
    assert "<html" not in text
    assert 'title":{"text":"<script>' not in text
    assert not re.search(r'(src|href)="', text)
    with pytest.raises(ds.InputError, match="three names"):
        plots.phase_portrait_3d(states[:, :2], ("x", "y"))


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (0.90459, 0.0312, "0.905 ± 0.031"),
        (-14.5723, 0.002, "−14.5723 ± 0.0020"),
        (3.0, 0.0, "3"),
        (-np.inf, 0.0, "−∞"),
        (1234.5, 20.0, "1234 ± 20"),
    ],
)
def test_numbers_show_the_digits_of_their_error(value, error, expected):
    assert measured(value, error) == expected


def pattern(potential: bool) -> Any:
    times = np.linspace(0.0, 400.0, 4001)
    stimulus = np.where(times >= 50.0, 3.0, 0.0)
    v = -65.0 + np.mod(times, 40.0) / 4.0 if potential else None
    return firing_pattern(np.arange(80.0, 400.0, 40.0), times=times, stimulus=stimulus, potential=v)


def segments(axes: Any) -> Any:
    """The lines at the spikes."""
    return axes.collections[0].get_segments()


def test_firing_pattern_shows_spikes_over_the_stimulus() -> None:
    figure = plots.plot(pattern(potential=True))
    (axes,) = figure.axes
    assert "tonic spiking" in texts(figure)
    potential, stimulus = axes.lines
    assert ys(potential).min() == pytest.approx(-65.0)
    assert ys(stimulus).max() < ys(potential).min()
    jump = xs(stimulus)[np.argmax(np.diff(ys(stimulus)) > 0) + 1]
    assert jump == pytest.approx(50.0)
    assert len(segments(axes)) == 8


def test_firing_pattern_without_a_potential_and_in_given_axes() -> None:
    figure, axes = own_axes()
    assert plots.firing(pattern(potential=False), axes=axes) is figure
    assert len(segments(axes)) == 8
    assert axes.get_ylabel() == "spikes"


def test_grid_of_firing_patterns() -> None:
    figure = plots.firing_grid({f"panel {i}": pattern(potential=True) for i in range(5)}, columns=3)
    assert len(figure.axes) == 5
    assert {f"panel {i}" for i in range(5)} | {"100 ms"} <= texts(figure)
    with pytest.raises(ds.InputError, match="needs results and at least one column"):
        plots.firing_grid({})
