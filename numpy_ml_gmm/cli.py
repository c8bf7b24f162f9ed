"""The command line: read a table, fit a mixture or choose one, show and save it.

    numpy_ml_gmm --n_clusters 2 --data_path old_faithful --plot faithful.png
    numpy_ml_gmm --find_num_clusters_range 1 9 --covariance_type all --data_path iris

Exit codes: 0 all went well, 1 the fit failed or memory is short, 2 the command or the data are
wrong or something cannot be written, 130 interrupted.
"""

import argparse
import os
import sys
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from . import __version__
from .archive import whole_file, write_results
from .blocks import thread_count
from .covariances import covariance_model
from .gmm import GMM
from .selection import CRITERIA, aligned, check_types, select, silhouette
from .tables import read_table
from .validation import ConvergenceWarning, DataWarning, check_count

__all__ = ["main", "parser"]

PROGRAM = "numpy_ml_gmm"
PANELS = 6  # features in a scatter-plot matrix
PRINTED = 20  # features in what is printed of a component


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def _print_message(self, message, file=None):  # argparse's own says nothing if it cannot
        print(message, end="", file=file)

    def error(self, message):
        self.exit(2, f"{PROGRAM}: error: {message} (--help shows the options)\n")


def parser():
    """The options; ``-`` and ``_`` in their names are alike.

    Examples
    --------
    >>> parser().parse_args(["--n_clusters", "2", "--data_path", "iris"]).criterion
    'bic'
    """
    p = Parser(prog=PROGRAM, description="Fit a Gaussian mixture by EM.", allow_abbrev=False)
    clusters = p.add_mutually_exclusive_group(required=True)
    clusters.add_argument("--n_clusters", type=int, metavar="K", help="number of components")
    clusters.add_argument(
        "--find_num_clusters_range",
        type=int,
        nargs=2,
        metavar=("LO", "HI"),
        help="choose the number of components from LO to HI, both included",
    )
    p.add_argument(
        "--data_path",
        required=True,
        metavar="DATA",
        help="a .npy, .npz or .csv file with a row for each sample, or old_faithful or iris",
    )
    header = p.add_mutually_exclusive_group()
    header.add_argument(
        "--header",
        action="store_true",
        default=None,
        help="the first line of a .csv names the columns, even if it holds numbers",
    )
    header.add_argument(
        "--no_header", dest="header", action="store_false", help="the first line is a row"
    )
    p.add_argument("--max_iter", type=int, default=100, help="most EM steps (default 100)")
    p.add_argument(
        "--covariance_type",
        default="full",
        metavar="TYPE",
        help="full, tied, diag, spherical, three letters such as VEV, several with commas, or all",
    )
    p.add_argument("--criterion", choices=CRITERIA, default="bic", help="what to choose by")
    p.add_argument("--seed", type=int, default=0, help="of the random starts (default 0)")
    p.add_argument("--n_jobs", type=int, help="threads or processes; -1 is every core")
    p.add_argument("--out", metavar="DIR", help="write labels, parameters and model.npz there")
    p.add_argument("--plot", metavar="FILE", help="draw the mixture: .png, .pdf, .svg")
    p.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return p


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        By default, what the shell passed.

    Returns
    -------
    int
        The exit code.

    Examples
    --------
    >>> main(["--n_clusters", "2", "--data_path", "old_faithful"])  # doctest: +ELLIPSIS
    old_faithful: 272 rows, 2 features
    <BLANKLINE>
    2 components, covariances full (VVV): converged after ... of EM
      log-likelihood      -1130.26...
    0
    """
    try:
        try:
            code = run(sys.argv[1:] if argv is None else argv)
        except SystemExit as done:  # from argparse
            code = done.code or 0
        flush()
        return code
    except KeyboardInterrupt:
        return 130
    except MemoryError as error:
        remedy = "use fewer columns or rows, or --covariance_type diag"
        return fail(f"not enough memory ({in_one_line(error)}): {remedy}", 1)
    except OSError as error:
        return output_lost(error)
    except ImportError as error:  # of what is loaded when it is needed
        return fail(f"a library cannot be loaded, perhaps for lack of memory: {error}", 1)
    except Exception as error:
        name = type(error).__name__
        return fail(f"{name}: {error}. That is a mistake in {PROGRAM}: please report it", 1)


def run(argv):
    """Parse, read, fit, show, save; the exit code."""
    args = parser().parse_args([alike(word) for word in argv])
    try:
        check(args)
        with notes():
            table = read_table(args.data_path, args.header)
        check_data(args, table)
    except (OSError, ValueError, TypeError) as error:
        return fail(error, 2)
    try:
        model, search = fit(args, table)
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: no threads, no processes
        return fail(error, 1)
    code = 0
    try:
        show(args, table.X, model, search)
        flush()
    except OSError as error:  # go on: files may be asked for as well
        code = output_lost(error)
    try:
        with notes():
            write(args, table.X, model, search)
    except BrokenPipeError as error:
        return output_lost(error)
    except (OSError, RuntimeError, TypeError, ValueError) as error:  # RuntimeError: no LaTeX
        return fail(error, 2)
    return code


# ---- What is said ------------------------------------------------------------------------------


def say(text):
    """Text on stdout; what its encoding lacks is escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def flush():
    """Whatever is wrong with stdout is seen now; it may be closed."""
    if sys.stdout is not None:
        sys.stdout.flush()


def output_lost(error):
    """Nothing more can be printed: the exit code.  A reader that has left knows why."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1 if isinstance(error, BrokenPipeError) else fail(f"standard output: {error}", 2)


def fail(error, code):
    """One line on stderr; the exit code."""
    complain(f"error: {in_one_line(error)}")
    return code


def in_one_line(error):
    """What an error says, or its name."""
    return " ".join(str(error).split()) or type(error).__name__


def complain(text):
    """One line on stderr, if anybody reads it."""
    with suppress(OSError):
        if sys.stderr is not None:
            print(f"{PROGRAM}: {text}", file=sys.stderr)


@contextmanager
def notes():
    """Warnings in the body are lines on stderr that are no errors."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in caught:
        if not issubclass(warning.category, ConvergenceWarning):
            complain(f"note: {in_one_line(warning.message)}")


# ---- What is asked for -------------------------------------------------------------------------


def alike(word):
    """An option's name with ``_`` for ``-``; what is no long option stays as it is."""
    name, mark, value = word.partition("=")
    return "--" + name[2:].replace("-", "_") + mark + value if word.startswith("--") else word


def check(args):
    """Find what is wrong before anything is read or fitted."""
    for name in ("max_iter", "n_clusters"):
        if (value := getattr(args, name)) is not None:
            check_count(value, f"--{name}")
    check_count(args.seed, "--seed", minimum=0)
    low, high = args.find_num_clusters_range or (1, 1)
    if not 1 <= low <= high:
        raise ValueError(f"--find_num_clusters_range {low} {high}: give 1 or more, the lower first")
    check_types(types(args))
    thread_count(args.n_jobs)
    if args.out is not None:
        check_out(args.out)
    if args.plot is not None:
        check_plot(Path(args.plot))


def check_out(name):
    """The folder can be made, or written to."""
    if not name:
        raise ValueError("--out '' names no folder: give one, or leave --out away")
    path = Path(name).absolute()
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    if not there.is_dir():
        raise ValueError(f"--out {name}: {there} is a file: name a folder")
    for folder in {there, path.parent} if there == path else {there}:  # files are made beside it
        check_writable(folder, f"--out {name}")


def check_writable(folder, option):
    """Files can be made in the folder."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"{option}: you may not write to {folder}; name another folder")


def check_plot(path):
    """The picture's folder and format must exist."""
    from matplotlib.backend_bases import FigureCanvasBase

    formats = FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        raise ValueError(f"--plot {path} must end in one of .{', .'.join(sorted(formats))}")
    if not path.parent.is_dir():
        raise ValueError(f"--plot {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise ValueError(f"--plot {path} is a folder: name a file")
    check_writable(path.parent, f"--plot {path}")


def check_data(args, table):
    """One component fits any sound data: what fails here is wrong with the data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the fit itself warns
        GMM(1, covariance_type="diag").fit(table)
    N, (fewest, most) = len(table.X), cluster_range(args)
    if N < fewest:
        raise ValueError(f"n_samples={N} is too few for {fewest} clusters: ask for fewer")
    if N < most:
        complain(f"note: no more than {N} clusters are tried, for there are {N} rows")
        args.find_num_clusters_range[1] = N


def cluster_range(args):
    """The smallest and the largest number of components asked for."""
    return args.find_num_clusters_range or (args.n_clusters, args.n_clusters)


# ---- What is done ------------------------------------------------------------------------------


def types(args):
    """The covariance models asked for."""
    return [name.strip() for name in args.covariance_type.split(",")]


def fit(args, table):
    """The mixture, and the search that chose it, if there was one.  Warnings become notes."""
    low, high = cluster_range(args)
    shared = {"max_iter": args.max_iter, "random_state": args.seed, "n_jobs": args.n_jobs}
    alone = args.n_clusters and len(types(args)) == 1 and types(args) != ["all"]
    with notes():
        if alone:
            search = None
            model = GMM(args.n_clusters, covariance_type=types(args)[0], **shared).fit(table)
            late = "EM" * (not model.converged_)
        else:
            bar = sys.stderr is not None and sys.stderr.isatty()
            search = select(
                table, range(low, high + 1), types(args), args.criterion, progress=bar, **shared
            )
            model, n = search.best, len(search.rows)
            late = sum(not (row.converged or row.error) for row in search.rows)
            late = f"{late} of {n} fits" if late else ""
    if late:
        complain(f"note: {late} did not converge in {args.max_iter} steps: raise --max_iter")
    return model, search


def show(args, X, model, search):
    """Print the search, what was fitted and whether it converged, the criteria, the parameters."""
    say(f"{args.data_path}: {len(X)} rows, {X.shape[1]} features\n")
    if search is not None:
        say(f"{search}\n")
    letters = covariance_model(model.covariance_type).letters
    name = model.covariance_type + (f" ({letters})" if letters != model.covariance_type else "")
    verb = "converged" if model.converged_ else "not converged"
    components = f"{model.n_components} component" + "s" * (model.n_components > 1)
    steps = f"{model.n_iter_} step" + "s" * (model.n_iter_ > 1)
    say(f"{components}, covariances {name}: {verb} after {steps} of EM")
    say("\n".join([*criterion_lines(model, X), "", *component_lines(model)]))


def criterion_lines(model, X):
    """The log-likelihood and the criteria, a line each."""
    rows = [
        ["log-likelihood", f"{model.log_likelihood_:.4f}", "the sum over rows, in nats"],
        ["AIC", f"{model.aic(X):.4f}", f"{model.n_parameters()} parameters; smaller is better"],
        ["BIC", f"{model.bic(X):.4f}", "smaller is better"],
        ["ICL", f"{model.icl(X):.4f}", "smaller is better"],
    ]
    s = silhouette(X, model.predict(X))
    rows += [] if np.isnan(s) else [["silhouette", f"{s:.4f}", "larger is better"]]
    return [f"  {name:15}{value:>14}  ({remark})" for name, value, remark in rows]


def component_lines(model):
    """Weight, mean and covariance of every component."""
    theta = model.theta
    D = theta.means.shape[1]
    F = min(D, PRINTED)
    names = getattr(model, "feature_names_in_", [f"x{d}" for d in range(F)])[:F]
    lines = []
    for k, (weight, mean, Sigma) in enumerate(zip(*theta, strict=True)):
        table = [["", *names], ["mean", *map("{:.6g}".format, mean[:F])]]
        rows = np.diag(Sigma[:F]) if theta.diagonal else Sigma[:F, :F]  # (F, F)
        table += [["covariance" * (d == 0), *map("{:.6g}".format, S)] for d, S in enumerate(rows)]
        lines += [f"component {k}, weight {weight:.6g}"]
        lines += ["  " + line for line in aligned(table)] + [""]
    if D > F:
        lines += [f"these are the first {F} of {D} features: --out DIR writes all of them", ""]
    return lines[:-1]


def write(args, X, model, search):
    """Write what was asked for, and say where it is."""
    if args.out:
        write_results(args.out, model, X, "" if search is None else str(search))
        say(f"\nresults in {args.out}")
    if args.plot:
        with whole_file(args.plot) as path:
            picture(model, X).savefig(path, dpi=150)
        say(f"\npicture in {args.plot}")


def picture(model, X):
    """A figure of the mixture: a density, contours, or every pair of features."""
    from matplotlib.figure import Figure

    from . import plots

    D = X.shape[1]
    figure = Figure(layout="constrained", figsize=(6.4, 4.8) if D < 3 else (9, 9))
    if D == 1:
        plots.plot_density_1d(model, X, ax=figure.subplots())
    elif D == 2:
        ax = plots.plot_responsibilities(model, X, ax=figure.subplots())
        plots.plot_ellipses(
            model, masses=0.5, ax=plots.plot_contours(model, ax=ax, masses=(0.9, 0.99))
        )
    else:
        F = min(D, PANELS)
        if D > F:
            complain(f"note: the picture shows the first {F} of {D} features")
        plots.plot_scatter_matrix(model, X, features=range(F), ax=figure.subplots(F, F))
    return figure
