"""The look of each plot: sizes, widths, shades and layers, as they are on record; and in the dark.

The record says that a look is meant, and no more.  After a change that is meant, look at the plots,
and renew it: ``python tests/test_looks.py``.
"""

import functools
import inspect
import json
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("agg")

import matplotlib.pyplot as plt

import numpy_ml_gmm
from numpy_ml_gmm import GMM, combine, load_iris, load_old_faithful, plots
from numpy_ml_gmm.plots.colours import contrast

VERSION = ".".join(matplotlib.__version__.split(".")[:2])
RECORD = Path(__file__).parent / "data" / "looks.json"
FAITHFUL, IRIS = load_old_faithful().X, load_iris().X
TWO = GMM.from_parameters(
    [0.4, 0.6], [[2.0, 55.0], [4.3, 80.0]], [[[0.1, 0.5], [0.5, 34]], [[0.17, 0.9], [0.9, 36]]]
)
THREE = GMM.from_parameters(
    [0.2, 0.3, 0.5], [[0.0, 0.0], [4.0, 1.0], [1.0, 5.0]], [1.0, 2.0, 0.5], covariance_type="VII"
)
NEEDLE = GMM.from_parameters([1.0], [[0.0, 0.0]], [[[1.0, 0.9998], [0.9998, 1.0]]])
SOME = np.random.default_rng(0).normal(2, 2, size=(40, 2))
ONE_FEATURE = GMM.from_parameters([0.4, 0.6], [[2.0], [4.3]], [0.06, 0.2], covariance_type="VII")
select = functools.cache(lambda K, types: numpy_ml_gmm.select(FAITHFUL, K, types, random_state=0))
DRAW = {
    "contours": lambda: plots.plot_contours(TWO, FAITHFUL),
    "contours, filled, with components": lambda: plots.plot_contours(
        THREE, filled=True, components=True
    ),
    "ellipses": lambda: plots.plot_ellipses(THREE),
    "intervals": lambda: plots.plot_ellipses(ONE_FEATURE),
    "responsibilities": lambda: plots.plot_responsibilities(TWO, FAITHFUL),
    "responsibilities of one feature": lambda: plots.plot_responsibilities(
        ONE_FEATURE, FAITHFUL[:, :1]
    ),
    "uncertainty": lambda: plots.plot_uncertainty(TWO, FAITHFUL),
    "uncertainty of one feature": lambda: plots.plot_uncertainty(ONE_FEATURE, FAITHFUL[:, :1]),
    "classification": lambda: plots.plot_classification(THREE, SOME),
    "classification of one feature": lambda: plots.plot_classification(
        ONE_FEATURE, FAITHFUL[:, :1]
    ),
    "density": lambda: plots.plot_density_1d(ONE_FEATURE, FAITHFUL[:, :1]),
    "conditional": lambda: plots.plot_conditional(TWO, [2.0, 4.5], FAITHFUL)[0],
    "scatter matrix": lambda: plots.plot_scatter_matrix(
        GMM(2, random_state=0).fit(IRIS[:, :3]), IRIS[:, :3]
    )[0, 0],
    "climb": lambda: plots.plot_log_likelihood(
        GMM(2, n_init=3, init_params="random", random_state=0).fit(FAITHFUL)
    ),
    "staircase": lambda: plots.plot_elbo(
        GMM(2, init_params="random", random_state=0), FAITHFUL, n_steps=6
    ),
    "table": lambda: plots.plot_selection(select((1, 2, 3), ("VVV", "EII"))),
    "table, near the best": lambda: plots.plot_selection(
        select((1, 2, 3), ("VVV", "EII", "EEE")), zoom=True
    ),
    "uncertainty surface": lambda: plots.plot_uncertainty_surface(THREE),
    "outliers": lambda: plots.plot_outliers(TWO, FAITHFUL, mass=0.95),
    "outliers of one feature": lambda: plots.plot_outliers(TWO, FAITHFUL, features=0),
    "profiles": lambda: plots.plot_profiles(THREE),
    "dendrogram": lambda: plots.plot_dendrogram(combine(THREE, SOME), names=["a", "b", "c"]),
    "combination": lambda: plots.plot_combination(combine(THREE, SOME))[0],
    "projection": lambda: plots.plot_projection(THREE, SOME),
    "contours too narrow for their names": lambda: plots.plot_contours(NEEDLE),
    "animation": lambda: first_frame(plots.animate_em([TWO], FAITHFUL)),
    "model": lambda: plots.plot_graphical_model(),
    "model, small": lambda: plots.plot_graphical_model(
        ax=plt.figure(figsize=(3, 2), layout="constrained").subplots()
    ),
    "model of data": lambda: plots.plot_graphical_model(TWO, FAITHFUL),
}
TRAITS = (
    *("zorder", "alpha", "linewidth", "linestyle", "marker", "markersize", "markeredgewidth"),
    *("fontsize", "ha", "va", "sizes", "width", "height", "boxstyle", "mutation_scale", "capstyle"),
    *("hatch", "visible", "color", "facecolor", "edgecolor", "position", "offsets"),
)


def plain(value):
    """A trait as text: numbers with three digits, and of many the first and the last.

    Rounding errors beside numbers of ordinary size are 0.
    """
    if isinstance(value, str) or not (np.iterable(value) or np.isscalar(value)):
        return str(value if value is None or isinstance(value, str) else type(value).__name__)
    try:
        values = np.asarray(value, float).ravel()
    except (TypeError, ValueError):
        return str(value)
    few = values if len(values) < 9 else (*values[:4], *values[-4:])
    return f"{len(values)}: " * (len(values) > 8) + " ".join(
        f"{0 if abs(v) < 1e-12 else v:.3g}" for v in few
    )


def look_of(artist):
    """The traits that a line, a patch, a text or a collection has, in a line."""
    getters = {trait: getattr(artist, f"get_{trait}", None) for trait in TRAITS}
    traits = {trait: plain(get()) for trait, get in getters.items() if get is not None}
    if isinstance(artist, plt.Text):
        traits["text"] = artist.get_text()
    if arrow := getattr(artist, "arrow_patch", None):
        traits["arrow"] = look_of(arrow)
    if hasattr(artist, "get_path"):
        traits["path"] = plain(artist.get_path().vertices)
    return ", ".join([type(artist).__name__, *(f"{name} {v}" for name, v in traits.items())])


def look(figure):
    """What is drawn in each axes of a figure, and how, line by line."""
    lines = [f"figure {plain(figure.get_size_inches())}"]
    for ax in figure.axes:
        grid, legend = ax.get_subplotspec().get_gridspec(), ax.get_legend()
        axis = [(a.get_visible(), a.get_tick_params()) for a in (ax.xaxis, ax.yaxis)]
        lines.append(
            f"axes, widths {grid.get_width_ratios()}, aspect {ax.get_aspect()}, "
            f"margins {ax.margins()}, frame {ax.axison}, ticks {axis}, limits "
            f"{plain(ax.get_xlim())} {plain(ax.get_ylim())}"
        )
        lines += [look_of(text) for text in legend.get_texts()] if legend else []
        drawn = [*ax.lines, *ax.collections, *ax.patches, *ax.texts, *ax.images]
        lines += list(dict.fromkeys(map(look_of, drawn)))  # many may look alike
    return lines


def first_frame(animation):
    """The axes of an animation that nobody will show."""
    animation._draw_was_started = True  # or Matplotlib warns of it
    return animation._fig.axes[0]


def drawn(name):
    """The look of a plot by its name in :data:`DRAW`."""
    try:
        return look(DRAW[name]().figure)
    finally:
        plt.close("all")


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.ConvergenceWarning")
@pytest.mark.parametrize("name", DRAW)
def test_each_plot_looks_as_it_is_meant_to(name):
    record = json.loads(RECORD.read_text("utf-8"))
    if record["Matplotlib"] != VERSION:
        pytest.skip(
            f"the record is of Matplotlib {record['Matplotlib']}, which has its own defaults"
        )
    assert drawn(name) == record[name]


def test_every_plot_has_a_look():
    drawn_here = set(re.findall(r"plots\.(\w+)\(", inspect.getsource(inspect.getmodule(look))))
    assert {name for name in plots.__all__ if name.startswith(("plot_", "animate_"))} <= drawn_here


def background(ax):
    """The colour behind what is drawn in an axes."""
    return matplotlib.colors.to_rgb(ax.get_facecolor() if ax.axison else ax.figure.get_facecolor())


def texts_of(ax):
    """Texts in an axes, those of its axes and its legend included, with what is behind them."""
    legend = ax.get_legend()
    outside = [ax.title, ax.xaxis.label, ax.yaxis.label, ax.xaxis.offsetText, ax.yaxis.offsetText]
    outside += [*ax.get_xticklabels(), *ax.get_yticklabels()] if ax.axison else []
    beside = [t for t in ax.texts if t.get_transform() != ax.transData and t.get_position()[0] > 1]
    inside = [text for text in ax.texts if text not in beside]
    outside += beside
    pairs = [(text, background(ax)) for text in inside]
    pairs += [(text, matplotlib.colors.to_rgb(ax.figure.get_facecolor())) for text in outside]
    if legend:
        behind = matplotlib.colors.to_rgb(legend.get_frame().get_facecolor())
        pairs += [(text, behind) for text in [*legend.get_texts(), legend.get_title()]]
    return [(t, behind) for t, behind in pairs if t.get_visible() and t.get_text()]


def strokes_of(ax):
    """The colours of lines, edges and points that are to be seen, shades of areas left out."""
    found = [line.get_color() for line in ax.lines if len(line.get_xdata())]
    found += [patch.get_edgecolor() for patch in ax.patches if type(patch).__name__ != "Rectangle"]
    for collection in ax.collections:
        if type(collection).__name__ == "PathCollection" and len(collection.get_offsets()):
            found += [*collection.get_facecolors(), *collection.get_edgecolors()]
        elif type(collection).__name__ == "QuadContourSet" and not collection.filled:
            found += list(collection.get_edgecolors())
    return [matplotlib.colors.to_rgb(colour) for colour in found]


@pytest.mark.filterwarnings("ignore::numpy_ml_gmm.ConvergenceWarning")
@pytest.mark.parametrize(
    ("name", "style"),
    [(name, "dark_background") for name in DRAW]
    + [(name, {"axes.facecolor": "#202428"}) for name in ("contours", "table", "uncertainty")],
    ids=str,
)
def test_each_plot_can_be_read_in_the_dark(name, style):
    with plt.style.context(style):
        figure = DRAW[name]().figure
        for ax in figure.axes:
            for text, behind in texts_of(ax):
                colour = matplotlib.colors.to_rgb(text.get_color())
                assert contrast(colour, behind) >= 4.5, text
            behind = background(ax)
            seen = [colour for colour in strokes_of(ax) if not np.allclose(colour, behind)]
            assert seen and min(contrast(colour, behind) for colour in seen) >= 3
            assert not ax.axison or max(behind) < 0.2  # the style was used
    plt.close("all")


if __name__ == "__main__":
    looks = {"Matplotlib": VERSION} | {name: drawn(name) for name in DRAW}
    RECORD.write_text(json.dumps(looks, indent=1) + "\n")
