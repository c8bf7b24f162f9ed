"""Fit a mixture to a table, or choose one; show and save it."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..archive import results_of, write_results
from ..blocks import in_chunks, thread_count
from ..chunks import rows_of
from ..covariances import covariance_model
from ..gmm import GMM
from ..selection import Selection, aligned, check_types, select, silhouette, some_points
from ..validation import check_count, check_not_negative
from .columns import Data, points_of, read, source_of
from .labelling import check_table_file, labels, write_beside
from .pictures import check_features, check_plot, check_writable, write_picture
from .saying import fail, flush, note, notes, on_terminal, output_lost, progress, say, say_json

PRINTED = 20  # features in what is printed of a component
# The covariance model of a mixture in other units, where it is not the same.
IN_OTHER_UNITS = {"VII": "VEI", "EII": "EEI", "EVE": "EVV", "EEV": "EVV"}
IN_OTHER_UNITS |= {"VEV": "VVV", "VVE": "VVV"}


def run(args: Namespace, command: str) -> int:
    """Read, fit, show, save; the exit code."""
    try:
        check(args)
        data = read(args)
        check_size(args, len(data.X))
        shown = check_features(args, data.table.columns, args.plot)
    except (OSError, ValueError, TypeError, ImportError) as error:
        return fail(error, 2)
    try:
        with progress(args, f"fitting to {len(data.X)} rows"):
            model, search = fit(args, data)
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: no threads, no processes
        return fail(error, 1)
    code = 0
    try:
        show(args, data, model, search)
        flush()
    except OSError as error:  # go on: files may be asked for as well
        code = output_lost(error)
    try:
        with notes(args):
            write(args, data, model, search, shown)
    except BrokenPipeError as error:
        return output_lost(error)
    except (OSError, RuntimeError, TypeError, ValueError) as error:  # RuntimeError: no LaTeX
        return fail(error, 2)
    return code


# ---- What is asked for ---------------------------------------------------------------------------


def check(args: Namespace) -> None:
    """Find what is wrong before anything is read or fitted."""
    for name in ("max_iter", "n_clusters", "n_init"):
        if (value := getattr(args, name)) is not None:
            check_count(value, f"--{name}")
    check_count(args.seed, "--seed", minimum=0)
    if args.tol is not None:
        check_not_negative(args.tol, "--tol")
    low, high = args.find_num_clusters_range or (1, 1)
    if not 1 <= low <= high:
        raise ValueError(f"--find_num_clusters_range {low} {high}: give 1 or more, the lower first")
    check_types(types(args))
    thread_count(args.n_jobs)
    if args.engine == "dask" and args.n_jobs is not None:
        raise ValueError(
            "--n_jobs is not for --engine dask: DASK_NUM_WORKERS says how many threads"
        )
    if args.out is not None:
        check_out(args.out)
    if args.labels is not None:
        check_table_file("--labels", args.labels, args)
        if args.labels == "-" and args.json:
            raise ValueError("--labels - and --json both print to standard output: choose one")
    if not 0 < args.mass < 1:
        raise ValueError(f"--mass {args.mass:g} must lie between 0 and 1")
    if args.plot is not None:
        check_plot("--plot", Path(args.plot))


def check_out(name: str) -> None:
    """The folder can be made, or written to."""
    if not name:
        raise ValueError("--out '' names no folder: give one, or leave --out away")
    path = Path(name).absolute()
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    if not there.is_dir():
        raise ValueError(f"--out {name}: {there} is a file: name a folder")
    for folder in {there, path.parent} if there == path else {there}:  # files are made beside it
        check_writable(folder, f"--out {name}")


def check_size(args: Namespace, N: int) -> None:
    """There are rows enough for the components."""
    fewest, most = cluster_range(args)
    if N < fewest:
        raise ValueError(f"n_samples={N} is too few for {fewest} clusters: ask for fewer")
    if N < most:
        note(args, f"no more than {N} clusters are tried, for there are {N} rows")
        args.find_num_clusters_range[1] = N


def cluster_range(args: Namespace) -> tuple[int, int]:
    """The smallest and the largest number of components asked for."""
    return tuple(args.find_num_clusters_range or (args.n_clusters, args.n_clusters))


def types(args: Namespace) -> list[str]:
    """The covariance models asked for."""
    return [name.strip() for name in args.covariance_type.split(",")]


# ---- What is done --------------------------------------------------------------------------------


def fit(args: Namespace, data: Data) -> tuple[GMM, Selection | None]:
    """The mixture, and the search that chose it, if there was one.  Warnings become notes."""
    low, high = cluster_range(args)
    shared = {"max_iter": args.max_iter, "random_state": args.seed, "n_jobs": args.n_jobs}
    shared |= {"noise": args.noise, "conjugate_prior": args.conjugate_prior}
    given = {name: getattr(args, name) for name in ("tol", "n_init", "init_params")}
    shared |= {name: value for name, value in given.items() if value is not None}
    alone = args.n_clusters and len(types(args)) == 1 and types(args) != ["all"]
    table, units = standardised(data) if args.standardise else (data.table, None)
    points = points_of(table)
    with notes(args):
        if alone:
            search = None
            model = GMM(args.n_clusters, covariance_type=types(args)[0], **shared)
            model.fit(points, **data.weighted)
            late = "EM" * (not model.converged_)
        else:
            shared |= data.weighted | {"progress": on_terminal(args)}
            search = select(points, range(low, high + 1), types(args), args.criterion, **shared)
            model, n = search.best, len(search.rows)
            n_late = sum(not (row.converged or row.error) for row in search.rows)
            late = f"{n_late} of {n} fits" if n_late else ""
    if late:
        note(args, f"{late} did not converge in {args.max_iter} steps: raise --max_iter")
    return (model if units is None else in_units(args, model, data, *units)), search


def standardised(data: Data) -> tuple:
    """The table in units of each column's standard deviation; and their mean and that."""
    X = data.X.astype(np.float64)
    there = (1.0 if data.weights is None else data.weights[:, None]) * ~np.isnan(X)  # (N, D)
    total = there.sum(axis=0)
    centre = np.asarray((there * np.nan_to_num(X)).sum(axis=0) / total)
    scale = np.asarray(np.sqrt((there * np.nan_to_num(X - centre) ** 2).sum(axis=0) / total))
    return data.table._replace(X=(X - centre) / scale), (centre, scale)


def in_units(args: Namespace, model: GMM, data: Data, centre: np.ndarray, scale: np.ndarray) -> GMM:
    """The same mixture in the units of the table.

    Where the features' units differ, some covariance models are others there.
    """
    letters = covariance_model(model.covariance_type).letters
    theta, kind = model.theta, IN_OTHER_UNITS.get(letters, model.covariance_type)
    widths = scale**2 if theta.diagonal else np.outer(scale, scale)
    params = model.get_params() | {"covariance_type": kind}
    own = GMM(**params)
    vars(own).update(vars(model) | params)
    own.means_ = centre + scale * theta.means
    own.covariances_ = covariance_model(kind).contract(theta.covariances * widths)
    own._fitted_type = kind
    if args.noise:
        own.noise_box_ = model.noise_box_ * scale
        own.noise_box_[0] += centre
    vars(own).pop("log_posterior_", None)  # of means and covariances in other units
    own.log_likelihood_ = own.log_likelihood(data.X, **data.weighted)
    change = own.log_likelihood_ - model.log_likelihood_
    own.history_ = [[height + change for height in run] for run in model.history_]
    if kind != model.covariance_type:
        note(
            args,
            f"{letters} in standard deviations is {kind} in the units of the table, of which "
            "model.npz and the numbers below are; the table of a search is in the former",
        )
    return own


# ---- What is shown -------------------------------------------------------------------------------


def show(args: Namespace, data: Data, model: GMM, search: Selection | None) -> None:
    """Print the search, what was fitted and whether it converged, the criteria, the parameters."""
    if args.json:
        return say_json(as_values(args, data, model, search))
    if args.quiet or args.labels == "-":
        return None
    say(f"{source_of(args)}: {size_of(data)}\n")
    if search is not None:
        say(f"{search}\n")
    letters = covariance_model(model.covariance_type).letters
    name = model.covariance_type + (f" ({letters})" if letters != model.covariance_type else "")
    verb = "converged" if model.converged_ else "not converged"
    components = count(model.n_components, "component") + " and noise" * model.noise
    steps = count(model.n_iter_, "step")
    say(f"{components}, covariances {name}: {verb} after {steps} of EM")
    first = ["log-likelihood", f"{model.log_likelihood_:.4f}", "the sum over rows, in nats"]
    lines = aligned_lines([first, *criteria(model, data)])
    say("\n".join([*lines, "", *component_lines(model, data.table.columns)]))
    return None


def size_of(data: Data) -> str:
    """How large the table is, and how much of it is missing."""
    missing = int(np.isnan(data.X).sum()) if data.X.dtype.kind == "f" else 0
    cells = f", {count(missing, 'cell')} missing" * bool(missing)
    return f"{count(len(data.X), 'row')}, {count(data.X.shape[1], 'feature')}{cells}"


def count(n: int, what: str) -> str:
    """A number of things."""
    return f"{n} {what}{'s' * (n != 1)}"


def criteria(model: GMM, data: Data) -> list[list[str]]:
    """The criteria by name, with a remark."""
    X, weighted = data.X, data.weighted
    d = f"{model.n_parameters()} parameters; smaller is better"
    rows = [
        ["AIC", f"{model.aic(X, **weighted):.4f}", d],
        ["BIC", f"{model.bic(X, **weighted):.4f}", "smaller is better"],
        ["ICL", f"{model.icl(X, **weighted):.4f}", "smaller is better"],
    ]
    s = silhouette_of(model, X)
    return rows + ([] if np.isnan(s) else [["silhouette", f"{s:.4f}", "larger is better"]])


def silhouette_of(model: GMM, X: np.ndarray) -> float:
    """The silhouette of the labels; of data in chunks, that of some rows."""
    if in_chunks(X):
        X = some_points(rows_of(X, 1)).X
    return silhouette(X, model.predict(X))


def aligned_lines(rows: list[list[str]]) -> list[str]:
    """A line for each name, value and remark."""
    return [f"  {name:15}{value:>14}  ({remark})" for name, value, remark in rows]


def component_lines(model: GMM, columns: list) -> list[str]:
    """Weight, mean and covariance of every component."""
    theta = model.theta
    D = theta.means.shape[1]
    F = min(D, PRINTED)
    names = [name if isinstance(name, str) else f"x{name}" for name in columns[:F]]
    lines = []
    for k, (weight, mean, Sigma) in enumerate(zip(*theta, strict=True)):
        table = [["", *names], ["mean", *map("{:.6g}".format, mean[:F])]]
        rows = np.diag(Sigma[:F]) if theta.diagonal else Sigma[:F, :F]  # (F, F)
        table += [["covariance" * (d == 0), *map("{:.6g}".format, S)] for d, S in enumerate(rows)]
        lines += [f"component {k}, weight {weight:.6g}"]
        lines += ["  " + line for line in aligned(table)] + [""]
    if model.noise:
        lines += [f"noise, label -1, weight {model.noise_weight_:.6g}", ""]
    if D > F:
        lines += [f"these are the first {F} of {D} features: --out DIR writes all of them", ""]
    return lines[:-1]


def as_values(args: Namespace, data: Data, model: GMM, search: Selection | None) -> dict:
    """What is shown, for programs."""
    values = {"data": args.data_path, "n_samples": len(data.X)}
    values |= results_of(model, data.X, data.weights)
    values["silhouette"] = silhouette_of(model, data.X)
    if search is not None:
        rows = [asdict(row) | {"model": None} for row in search.rows]
        values["criterion"] = search.criterion
        values["selection"] = [{k: v for k, v in row.items() if k != "model"} for row in rows]
    return values | {"notes": getattr(args, "notes", [])}


def write(
    args: Namespace, data: Data, model: GMM, search: Selection | None, shown: list | None
) -> None:
    """Write what was asked for, and say where it is."""
    where = {}
    if args.out:
        table = "" if search is None else str(search)
        write_results(args.out, model, data.X, table, data.weights)
        where["results"] = args.out
    if args.labels:
        write_beside(args.labels, data, lambda part: labels(model, part, args))
        where["labels"] = args.labels
    if args.plot:
        write_picture(args, args.plot, model, data.X, data.table.columns, shown)
        where["picture"] = args.plot
    if not (args.quiet or args.json or args.labels == "-"):
        for what, path in where.items():
            say(f"\n{what} in {path}")
