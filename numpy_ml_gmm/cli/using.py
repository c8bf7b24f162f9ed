"""Use a saved mixture: predict, score, sample, impute, plot."""

import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..gmm import GMM
from ..validation import check_count
from .columns import Data, names_of, read, source_of
from .fitting import aligned_lines, criteria, size_of
from .labelling import (
    as_cells,
    check_table_file,
    header_of,
    labels,
    with_mark,
    write_beside,
    write_table,
)
from .options import CRITERIA
from .pictures import check_features, check_plot, write_picture
from .saying import fail, flush, notes, output_lost, say, say_json


def run(args: Namespace, command: str) -> int:
    """Load the model, read the table, do what is asked; the exit code."""
    try:
        check(args, command)
        model = load(args.model)
        model.random_state = np.random.default_rng(getattr(args, "seed", 0))
        with notes(args):
            ACTIONS[command](args, model)
        flush()
    except BrokenPipeError as error:
        return output_lost(error)
    except (OSError, RuntimeError, TypeError, ValueError, ImportError) as error:
        return fail(error, 2)
    return 0


def check(args: Namespace, command: str) -> None:
    """Find what is wrong before anything is read."""
    for name in ("n_samples", "draws"):
        if getattr(args, name, None) is not None:
            check_count(getattr(args, name), f"--{name}")
    check_count(getattr(args, "seed", 0), "--seed", minimum=0)
    if not 0 < getattr(args, "mass", 0.5) < 1:
        raise ValueError(f"--mass {args.mass:g} must lie between 0 and 1")
    if command == "plot":
        check_plot("--out", Path(args.out))
    elif args.out is not None:
        check_table_file("--out", args.out, args)
    if getattr(args, "engine", None) == "dask" and command in ("predict", "impute"):
        if args.json:
            raise ValueError("--json holds all rows at once: with --engine dask name --out FILE")
        if command == "impute" and args.out.lower().endswith(".parquet"):
            raise ValueError(f"--out {args.out}: impute writes .csv, .tsv or .txt")


def load(name: str) -> GMM:
    """The saved mixture, or that in a folder of results."""
    path = Path(name)
    if path.is_dir():
        path = path / "model.npz"
    if not path.exists():
        raise ValueError(f"--model {name}: there is no file {path}; fit with --out DIR writes one")
    model = GMM.load(path)
    model._check_is_fitted()
    return model


# ---- The commands --------------------------------------------------------------------------------


def predict(args: Namespace, model: GMM) -> None:
    """The table with the component of each row beside it."""
    data = read(args, model)
    if args.json:
        beside = labels(model, data, args)
        values = {name: [*map(json.loads, as_cells(some))] for name, some in beside.items()}
        ids = {} if data.ids is None else {"id": kept_ids(data)}
        say_json({"data": args.data_path, **ids, **values, "notes": getattr(args, "notes", [])})
    if not args.json or args.out != "-":
        write_beside(args.out, data, lambda part: labels(model, part, args))


def kept_ids(data: Data) -> list[str]:
    """The names of the rows that were kept."""
    return [name for name, kept in zip(data.ids or [], data.kept, strict=True) if kept]


def score(args: Namespace, model: GMM) -> None:
    """How likely the table is, as a whole and row by row."""
    data = read(args, model)
    total = model.log_likelihood(data.X, **data.weighted)
    mean = model.score(data.X, **data.weighted)
    if args.out is not None:
        write_beside(args.out, data, lambda part: {"log_density": model.score_samples(part.X)})
    if args.json:
        values = {"data": args.data_path, "n_samples": len(data.X)}
        values |= {"log_likelihood": total, "mean_log_likelihood": mean}
        values |= {name: getattr(model, name)(data.X, **data.weighted) for name in CRITERIA[:3]}
        say_json(values | {"notes": getattr(args, "notes", [])})
    elif not args.quiet and args.out != "-":
        first = [
            ["log-likelihood", f"{total:.4f}", "the sum over rows, in nats"],
            ["mean", f"{mean:.6f}", "of a row"],
        ]
        say(f"{source_of(args)}: {size_of(data)}\n")
        say("\n".join(aligned_lines([*first, *criteria(model, data)])))


def sample(args: Namespace, model: GMM) -> None:
    """Rows drawn from the mixture."""
    X, z = model.sample(args.n_samples)
    names = names_of(model) or [f"x{d + 1}" for d in range(X.shape[1])]
    header = header_of(names, ["component"])
    if args.json:
        say_json({"columns": names, "rows": X, "component": z})
    if not args.json or args.out != "-":
        rows = ([*map(repr, x), k] for x, k in zip(X.tolist(), z.tolist(), strict=True))
        write_table(args.out, header, rows)


def impute(args: Namespace, model: GMM) -> None:
    """The table with its missing cells filled in."""
    data = read(args, model)
    if args.json:
        values = {"columns": data.table.columns, "rows": model.impute(data.X, args.draws)}
        say_json({"data": args.data_path, **values, "notes": getattr(args, "notes", [])})
    if not args.json or args.out != "-":
        header = data.sheet.names
        if args.draws is not None:
            header = header_of(header, ["draw"])
        rows = (row for part in data.parts() for row in filled_in(part, model, args.draws))
        write_table(args.out, header, rows, data.sheet.separator or ",")


def filled_in(data: Data, model: GMM, draws: int | None) -> Iterator[list[str]]:
    """The rows of the sheet with new numbers where there were none; draws under each other."""
    missing, completed = np.isnan(data.X), model.impute(data.X, draws)
    for m, table in enumerate(completed[None] if draws is None else completed, 1):
        for row, new, lacking in zip(data.sheet.rows(), table, missing, strict=True):
            for j in np.flatnonzero(lacking):
                row[data.chosen[j]] = with_mark([f"{new[j]:.10g}"], data.mark)[0]
            yield row if draws is None else [*row, str(m)]


def plot(args: Namespace, model: GMM) -> None:
    """A picture of the mixture, with the rows of a table if there is one."""
    X, columns = None, [*(names_of(model) or range(1, model.n_features_in_ + 1))]
    if args.data_path is not None:
        data = read(args, model)
        X, columns = data.X, data.table.columns
    shown = check_features(args, columns, args.out)
    write_picture(args, args.out, model, X, columns, shown)
    if args.json:
        say_json({"picture": args.out, "notes": getattr(args, "notes", [])})
    elif not args.quiet:
        say(f"picture in {args.out}")


ACTIONS = {"predict": predict, "score": score, "sample": sample, "impute": impute, "plot": plot}
