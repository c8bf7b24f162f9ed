r"""Draw every picture in this folder: ``python img/make_pictures.py [folder]``.

Each picture is a function that returns a figure, under the picture's name in
``PICTURES``.  All randomness is seeded, fonts are drawn as outlines and no date is
written, so the files are the same, byte for byte, each time.  Fitted parameters
are rounded to six digits first: the last ones depend on the machine.
"""

import json
import sys
import warnings
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from numpy_ml_gmm import GMM, ConvergenceWarning, load_old_faithful, plots, select
from numpy_ml_gmm.covariances import MODELS, NAMES
from numpy_ml_gmm.selection import Selection

STYLE = {
    "svg.hashsalt": "numpy_ml_gmm",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "mathtext.fontset": "cm",
    "axes.edgecolor": "#52606d",
    "axes.labelcolor": plots.INK,
    "text.color": plots.INK,
    "xtick.color": "#52606d",
    "ytick.color": "#52606d",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 12,
    "legend.frameon": False,
}


def fitted(X, *args, **kwargs):
    """A fitted model, with parameters rounded to six digits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = GMM(*args, random_state=0, **kwargs).fit(X)
    return rounded(model)


def rounded(model):
    """The model, with parameters rounded to six digits."""
    for name in "weights_", "means_", "covariances_":
        setattr(model, name, significant(getattr(model, name)))
    return model


def ordered(model, reverse=False):
    """The model, with its components from left to right, or from right to left."""
    order = np.argsort(model.means_[:, 0])[:: -1 if reverse else 1]
    for name in "weights_", "means_", "covariances_":
        setattr(model, name, getattr(model, name)[order])
    return model


def significant(values, digits=6):
    """Values rounded to so many digits of the largest."""
    values = np.asarray(values, dtype=np.float64)
    size = np.abs(values).max(initial=0)
    return np.round(values, digits - 1 - int(np.floor(np.log10(size)))) if size else values


# --- the README's first picture --------------------------------------------------------------


def faithful():
    """Old Faithful: responsibilities, density and components, with both marginals."""
    X = load_old_faithful().X
    model = ordered(fitted(X, 2), reverse=True)  # the long eruptions first
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    grid = {"width_ratios": [5, 1], "height_ratios": [1, 4.4], "wspace": 0.02, "hspace": 0.02}
    (top, corner), (main, side) = figure.subplots(2, 2, gridspec_kw=grid)
    plots.plot_contours(model, filled=True, labels=False, linewidths=0.6, alpha=0.5, ax=main)
    plots.plot_responsibilities(model, X, ax=main)
    plots.plot_ellipses(model, ax=main, linewidth=2.6)
    main.set(xlabel="eruption (minutes)", ylabel="waiting for the next eruption (minutes)")
    main.set(xlim=(1.15, 5.75), ylim=(36, 103))
    for pi, (x, y), name in zip(model.weights_, model.means_, ("long", "short"), strict=True):
        main.text(x + 0.95, y - 15.5, rf"{name}: $\pi = {pi:.2f}$", fontsize=13, ha="center")
    name_rings(main, model.means_[0], model.covariances_[0])
    marginals(model, X, main, top, side)
    responsibility_key(main)
    total = f"log-likelihood\n\N{MINUS SIGN}{-model.log_likelihood(X):.2f} nats"
    corner.text(0.5, 0.4, total, ha="center", fontsize=9.5, color="#52606d", linespacing=1.5)
    corner.axis("off")
    return figure


def name_rings(ax, mu, Sigma):
    """Write the masses on the contours about one mean, on the lower right."""
    u = np.linalg.cholesky(Sigma) @ [0.15, -0.99]
    for mass in plots.MASSES:
        point = mu + np.sqrt(-2 * np.log(1 - mass)) * u
        box = {
            "boxstyle": "round,pad=0.15",
            "facecolor": "white",
            "edgecolor": "none",
            "alpha": 0.85,
        }
        style = {"fontsize": 9, "ha": "center", "va": "center", "bbox": box, "zorder": 5}
        ax.text(*point, f"{100 * mass:.0f} %", **style)


def marginals(model, X, main, top, side):
    """The marginals, above the main panel and, turned, on its right."""
    plots.plot_density_1d(model, X, features=0, ax=top)
    scratch = plots.plot_density_1d(model, features=1, ax=Figure().subplots())
    bars = {"orientation": "horizontal", "color": plots.FAINT, "alpha": 0.35}
    side.hist(X[:, 1], 30, density=True, **bars)
    for line in scratch.lines:
        style = {"linestyle": line.get_linestyle(), "linewidth": line.get_linewidth()}
        side.plot(line.get_ydata(), line.get_xdata(), color=line.get_color(), **style)
        if line.get_label() != "mixture":
            shade = {"color": line.get_color(), "alpha": 0.3, "linewidth": 0}
            side.fill_betweenx(line.get_xdata(), line.get_ydata(), **shade)
    top.set(xlim=main.get_xlim(), xlabel="", ylabel="")
    side.set(ylim=main.get_ylim(), xlim=(0, None))
    for ax in (top, side):
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)


def responsibility_key(ax):
    """A bar from the colour of the first component to that of the second."""
    key = ax.inset_axes([0.04, 0.9, 0.26, 0.03])
    colours = LinearSegmentedColormap.from_list("two", plots.palette(2))
    key.pcolormesh(np.linspace(0, 1, 65), [0, 1], np.linspace(0, 1, 64)[None], cmap=colours)
    key.set(yticks=[], xticks=[0, 0.5, 1])
    key.set_title("responsibility of the short eruptions", fontsize=10, ha="left", x=0)
    key.tick_params(labelsize=9, length=0)
    key.spines[:].set_visible(False)


# --- the model and EM ------------------------------------------------------------------------


def graphical_model():
    """Plates."""
    figure = Figure(figsize=(7.6, 4), layout="constrained")
    plots.plot_graphical_model(ax=figure.subplots())
    return figure


def staircase():
    """ELBO, KL and log-likelihood at half steps."""
    model = GMM(2, means_init=[[2.9, 76.0], [4.1, 66.0]], var_smoothing=0)
    X = load_old_faithful().X
    figure = Figure(figsize=(8.6, 4.8), layout="constrained")
    ax = figure.subplots()
    elbo, log_p = plots.half_steps(model, X, 6).T
    plots.plot_elbo(model, X, n_steps=6, ax=ax)
    ax.text(1.5, (elbo[1] + log_p[1]) / 2, "KL", ha="center", va="center", fontsize=13)
    riser, gap = (log_p[2] + log_p[3]) / 2, (elbo[3] + log_p[3]) / 2
    note(ax, "M step: $\\theta$ moves,\na gap opens", (2.96, riser), (0.5, riser + 6))
    note(ax, "E step: $q$ becomes $r$,\nthe gap closes", (4.04, gap), (5.6, gap - 8))
    ax.set_ylabel("nats, summed over 272 eruptions")
    ax.legend(loc="lower right", fontsize=12)
    return figure


def note(ax, text, point, place):
    """A remark with an arrow."""
    arrow = {"arrowstyle": "-|>", "color": "#52606d", "linewidth": 1}
    ax.annotate(text, point, place, arrowprops=arrow, fontsize=10.5, va="center")


def singularity():
    """The likelihood has no maximum: one component on a point, narrower and narrower."""
    x = np.random.default_rng(5).normal([0, 4.5], [1, 0.8], size=(12, 2)).reshape(-1, 1)
    point = float(np.sort(x[:, 0])[14])
    figure = Figure(figsize=(9.4, 4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.1, 1])
    draw_spike(left, x, point)
    draw_divergence(right, x, point)
    return figure


def draw_spike(ax, x, point, sd=0.02):
    """The density: a bell and a spike."""
    plots.plot_density_1d(collapsing(x, point, sd), ax=ax)
    ax.plot(x[:, 0], np.full(len(x), 0.012), "|", color=plots.INK, markersize=14)
    ax.set(xlim=(-5, 9), ylim=(0, 0.5), xlabel="$x$", title="one component on a single point")
    text = (
        rf"$\sigma = {sd}$: the spike is"
        + f"\n{0.1 / sd / np.sqrt(2 * np.pi):.0f} high, off this page"
    )
    ax.text(point + 0.35, 0.48, text, va="top")


def draw_divergence(ax, x, point):
    """The log-likelihood as the spike narrows."""
    sds = np.geomspace(1e-8, 3, 300)
    values = [collapsing(x, point, sd).log_likelihood(x) for sd in sds]
    ax.plot(sds, values, linewidth=2.4, color=plots.COLOURS["vermilion"])
    sane = fitted(x, 2).log_likelihood(x)
    ax.axhline(sane, color=plots.COLOURS["blue"], linestyle=plots.LINES[1], linewidth=1.6)
    ax.text(4, sane + 0.3, "the two groups, fitted", ha="right", color=plots.COLOURS["blue"])
    slope = r"$\log p(X \mid \theta) \approx -\log \sigma + \mathrm{const}$"
    ax.text(8e-9, -53.5, slope, fontsize=13)
    ax.set(xscale="log", xlabel=r"$\sigma$ of that component", ylabel="log-likelihood (nats)")
    ax.set_title("the likelihood has no maximum")


def collapsing(x, point, sd):
    """One component on all the data, one on a single point."""
    means = [[float(x.mean())], [point]]
    return GMM.from_parameters([0.9, 0.1], means, [[[float(x.var())]], [[sd * sd]]])


# --- choices ---------------------------------------------------------------------------------


def covariance_models():
    """All fourteen, fitted to the same points."""
    X, z = three_groups()
    figure = Figure(figsize=(9, 8.8), layout="constrained")
    panels = figure.subplots(4, 4, sharex=True, sharey=True)
    rows = ["EII VII", "EEI VEI EVI VVI", "EEE VEE EVE VVE", "EEV VEV EVV VVV"]
    for axes, row in zip(panels, rows, strict=True):
        for ax, letters in zip(axes, row.split(), strict=False):
            draw_model(ax, X, z, letters)
    for ax in panels.ravel():
        ax.set(aspect="equal", xticks=[], yticks=[], xlabel="", ylabel="")
        ax.spines[:].set_visible(False)
    panels[0, 3].remove()
    explain_letters(panels[0, 2])
    return figure


def three_groups():
    """Three clusters that differ in volume, shape and orientation, and their labels."""
    rng = np.random.default_rng(4)
    shapes = [[[0.35, 0.1], [0.1, 0.2]], [[2.2, 1.5], [1.5, 1.4]], [[0.3, -0.5], [-0.5, 2.0]]]
    means = [[-3.2, -1.6], [0.4, 2.0], [3.4, -1.2]]
    groups = [
        mu + rng.normal(size=(70, 2)) @ np.linalg.cholesky(S).T
        for mu, S in zip(means, shapes, strict=True)
    ]
    return np.concatenate(groups), np.repeat([0, 1, 2], 70)


def draw_model(ax, X, z, letters):
    """One covariance model: its fit, its name, its number of parameters."""
    model = fitted(X, 3, covariance_type=letters, init_params=z, n_init=1)
    plots.plot_responsibilities(model, X, ax=ax, s=7, linewidths=0)
    plots.plot_ellipses(model, ax=ax, linewidth=1.8, linestyle="-")
    names = {three: name for name, three in NAMES.items()}
    df = MODELS[letters].n_parameters(3, 2)
    title = f"{letters}  {names.get(letters, '')}".strip()
    ax.set_title(f"{title}\n{df} parameter{'s' * (df > 1)}", fontsize=10)


def explain_letters(ax):
    """What the letters stand for, across two panels."""
    lines = (
        r"$\Sigma_k = \lambda_k D_k A_k D_k^\top$",
        r"volume $\lambda$, shape $A$, orientation $D$, each",
        "E: equal in all components",
        "V: varying from one to the next",
        "I: the identity",
    )
    for line, text in enumerate(lines):
        size = 16 if line == 0 else 11
        ax.text(
            0.1, 0.85 - 0.16 * line, text, transform=ax.transAxes, fontsize=size, in_layout=False
        )


N_STARTS = 60


def local_optima():
    """Random starts of EM, and the optima that they reach."""
    X = load_old_faithful().X
    runs = [one_run(X, seed) for seed in range(N_STARTS)]
    ends = np.array([round(run.log_likelihood_, 1) for run in runs])
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    panels = figure.subplot_mosaic("abc;ddd", height_ratios=[1.25, 1])
    common = sorted((end for end, _ in Counter(ends).most_common(3)), reverse=True)
    for name, end in zip("abc", common, strict=True):
        draw_optimum(panels[name], X, runs[int(np.argmax(ends == end))], end, (ends == end).sum())
    draw_runs(panels["d"], runs)
    return figure


def one_run(X, seed):
    """EM from three random points as means; the components from left to right."""
    model = GMM(3, n_init=1, init_params="random_from_data", tol=1e-9, random_state=seed)
    return ordered(rounded(model.fit(X)))


def draw_optimum(ax, X, model, end, count):
    plots.plot_responsibilities(model, X, ax=ax, s=12)
    plots.plot_ellipses(model, ax=ax)
    ax.set(xlabel="eruption (min)", ylabel="waiting (min)", xlim=(1, 5.9), ylim=(35, 104))
    ax.set_title(f"\N{MINUS SIGN}{-end:.1f} nats, {count} of {N_STARTS} starts", fontsize=11)


def draw_runs(ax, runs):
    """Every climb; those that reach the best in colour."""
    ends = np.array([run.log_likelihood_ for run in runs])
    history = SimpleNamespace(history_=[run.history_[-1] for run in runs], best_restart_=0)
    colour = plots.COLOURS["vermilion"]
    history.best_restart_ = best = int(ends.argmax())
    plots.plot_log_likelihood(
        history, ax=ax, color=colour, linewidth=1.4, label="reaching the best"
    )
    for i in np.flatnonzero(ends > ends[best] - 0.05):
        ax.plot(np.arange(1, len(history.history_[i]) + 1), history.history_[i], color=colour)
    ax.set(xscale="log", ylim=(-1172, -1111), ylabel="log-likelihood (nats)")
    ax.set_title(f"Old Faithful, K = 3: {len(runs)} random starts of EM")
    ax.legend(loc="lower right")


def selection():
    """BIC finds the density, ICL the clusters."""
    names = "EEI", "VVI", "EEE", "VEE", "VVE", "VVV"
    table = select(load_old_faithful().X, range(2, 7), names)
    figure = Figure(figsize=(9.4, 4.3), layout="constrained")
    panels = figure.subplots(1, 2)
    whats = "components describe the density", "components are the clusters"
    for ax, criterion, what in zip(panels, ("bic", "icl"), whats, strict=True):
        plots.plot_selection(table, criterion=criterion, zoom=150, ax=ax)
        best = Selection(table.rows, criterion).top(1)[0]
        ax.set_title(f"{criterion.upper()}: {best.n_components} {what}")
    return figure


# --- speed --------------------------------------------------------------------------------------


def scaling():
    """What benchmarks/scaling.py has measured."""
    results = Path(__file__).parents[1] / "benchmarks" / "scaling.json"
    rows_of = json.loads(results.read_text())["rows"]
    figure = Figure(figsize=(9.4, 3.6), layout="constrained")
    panels = figure.subplots(1, len(rows_of), sharey=True)
    for ax, (letter, rows) in zip(panels, rows_of.items(), strict=True):
        place, middle = "NDK".index(letter), rows[len(rows) // 2]["case"]
        for name, style in ("scikit-learn", "o-"), ("oneDAL", "s--"):
            some = [row for row in rows if name in row["ms"]]
            ratios = [row["ms"][name][1] / row["ms"]["ours"][1] for row in some]
            ax.plot([row["case"][place] for row in some], ratios, style, ms=4, label=name)
        ax.axhline(1, color="#52606d", linewidth=0.8)
        others = [f"${a} = {n:,}$" for a, n in zip("NDK", middle, strict=False) if a != letter]
        ax.set(xscale="log", yscale="log", xlabel=f"${letter}$", title=", ".join(others))
    ticks = 0.03, 0.1, 0.3, 1, 3, 10, 30
    panels[0].set(ylabel="their time / ours", yticks=ticks, yticklabels=map(str, ticks))
    panels[0].minorticks_off()
    panels[-1].legend()
    return figure


PICTURES = {
    "faithful.svg": faithful,
    "graphical_model.svg": graphical_model,
    "staircase.svg": staircase,
    "singularity.svg": singularity,
    "covariance_models.svg": covariance_models,
    "local_optima.svg": local_optima,
    "selection.svg": selection,
    "scaling.svg": scaling,
}


def draw(name, folder):
    """Draw one picture into a folder."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        figure = PICTURES[name]()
        figure.savefig(Path(folder, name), metadata={"Date": None}, facecolor="white")


def main(folder=Path(__file__).parent):
    """Draw all of them."""
    Path(folder).mkdir(exist_ok=True)
    for name in PICTURES:
        draw(name, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
