"""The commands and their options.  NumPy is not loaded here, so that ``--help`` is quick."""

import argparse
from typing import Any, NoReturn

from .. import __version__

PROGRAM = "numpy_ml_gmm"
COMMANDS = {
    "fit": "fit a mixture, or choose one; also what is done without a command",
    "predict": "add the component of each row to a table",
    "score": "say how likely a table is",
    "sample": "draw new rows",
    "impute": "fill in missing cells",
    "plot": "draw the mixture",
    "tutorials": "copy the notebooks of the course into a folder",
}
USAGES = {
    "fit": "DATA --n_clusters K [options]",
    "predict": "DATA --model FILE [options]",
    "score": "DATA --model FILE [options]",
    "sample": "--model FILE --n_samples N [options]",
    "impute": "DATA --model FILE [options]",
    "plot": "[DATA] --model FILE --out FILE [options]",
    "tutorials": "DIR [options]",
}
CRITERIA = "bic", "aic", "icl", "silhouette"
STARTS = "mixed", "k-means++", "kmeans", "random", "random_from_data", "hierarchical"
EXAMPLES = """commands, each with options of its own (such as predict --help):
{commands}

from a table to labelled rows, and then for new rows:
  numpy_ml_gmm cells.csv --n_clusters 3 --id cell --ignore date,batch \\
      --out results --labels labelled.csv --plot clusters.png
  numpy_ml_gmm predict new.csv --model results > labelled_new.csv
"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def _print_message(self, message: str, file: Any = None) -> None:
        print(message, end="", file=file)  # argparse's own says nothing if it cannot

    def error(self, message: str) -> NoReturn:
        """What is wrong, and where the options are; exit code 2."""
        help_of = f"{self.prog} --help".removeprefix(PROGRAM).strip()
        self.exit(2, f"{PROGRAM}: error: {message} ({help_of} shows the options)\n")


def parser(command: str = "fit") -> Parser:
    """The options of a command; ``-`` and ``_`` in their names are alike.

    Examples
    --------
    >>> parser().parse_args(["--n_clusters", "2", "--data_path", "iris"]).criterion
    'bic'
    >>> parser("sample").parse_args(["--model", "model.npz", "--n_samples", "9"]).seed
    0
    """
    what = COMMANDS[command].capitalize() if command != "fit" else "Fit a Gaussian mixture by EM"
    name = f"{PROGRAM} {command}".removesuffix(" fit")
    p = Parser(
        prog=name,
        usage=f"{name} {USAGES[command]}",
        description=f"{what}.",
        epilog=EXAMPLES.format(commands=in_lines(COMMANDS)) if command == "fit" else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    OPTIONS[command](p)
    return p


def alike(word: str) -> str:
    """An option's name with ``_`` for ``-``; what is no long option stays as it is."""
    name, mark, value = word.partition("=")
    return "--" + name[2:].replace("-", "_") + mark + value if word.startswith("--") else word


def parse(command: str, words: list[str]) -> argparse.Namespace:
    """The options of a command; a word that belongs to none is the table."""
    p = parser(command)
    args, others = p.parse_known_args(words)
    is_file = len(others) == 1 and (others[0] == "-" or not others[0].startswith("-"))
    if is_file and getattr(args, "data_path", "") is None:
        args.data_path = others.pop()
    if others:
        p.error(f"unrecognized arguments: {' '.join(others)}")
    if getattr(args, "data_path", "") is None and command != "plot":
        p.error("a table is required: DATA, or --data_path DATA")
    return args


def in_lines(meanings: dict[str, str]) -> str:
    """Names and what they mean, a line each."""
    return "\n".join(f"  {name:11}{what}" for name, what in meanings.items())


# ---- Each command --------------------------------------------------------------------------------


def fit(p: Parser) -> None:
    """Those of the command that needs no name."""
    mixture = p.add_argument_group("the mixture")
    clusters = mixture.add_mutually_exclusive_group(required=True)
    clusters.add_argument("--n_clusters", type=int, metavar="K", help="number of components")
    clusters.add_argument(
        "--find_num_clusters_range",
        type=int,
        nargs=2,
        metavar=("LO", "HI"),
        help="choose the number of components from LO to HI, both included",
    )
    mixture.add_argument(
        "--covariance_type",
        default="full",
        metavar="TYPE",
        help="full, tied, diag, spherical, three letters such as VEV, several with commas, or all",
    )
    mixture.add_argument("--criterion", choices=CRITERIA, default="bic", help="what to choose by")
    mixture.add_argument(
        "--noise", action="store_true", help="one component more, for rows that belong to none"
    )
    mixture.add_argument(
        "--conjugate_prior", choices=["default"], help="mclust's prior, with which none collapses"
    )
    mixture.add_argument(
        *("--standardise", "--standardize"),
        action="store_true",
        help="fit in units of each column's standard deviation; results are in the table's units",
    )
    rows = table(p)
    weights(rows)
    dropna(rows)
    em = p.add_argument_group("how it is fitted")
    em.add_argument("--max_iter", type=int, default=100, help="most EM steps (default 100)")
    em.add_argument("--tol", type=float, help="stop when so few nats a row are still to come")
    em.add_argument("--n_init", type=int, metavar="N", help="number of starts")
    em.add_argument("--init_params", choices=STARTS, help="kind of starts")
    seed(em)
    n_jobs(em)
    out = p.add_argument_group("what comes out")
    out.add_argument("--out", metavar="DIR", help="write labels, parameters and model.npz there")
    out.add_argument("--labels", metavar="FILE", help=f"write {ADDED}; - is standard output")
    added(out)
    out.add_argument("--plot", metavar="FILE", help="draw the mixture: .png, .pdf, .svg")
    features(out)
    manner(out)


def predict(p: Parser) -> None:
    """Those of the command that labels rows."""
    model(p)
    dropna(table(p))
    out = p.add_argument_group("what comes out")
    table_out(out, ADDED)
    added(out)
    manner(out)


def score(p: Parser) -> None:
    """Those of the command that says how likely a table is."""
    model(p)
    rows = table(p)
    weights(rows)
    dropna(rows)
    out = p.add_argument_group("what comes out")
    out.add_argument(
        "--out", metavar="FILE", help="write the table with the log density of each row beside it"
    )
    manner(out)


def sample(p: Parser) -> None:
    """Those of the command that draws rows."""
    model(p)
    p.add_argument("--n_samples", type=int, required=True, metavar="N", help="how many rows")
    seed(p)
    out = p.add_argument_group("what comes out")
    table_out(out, "the rows, and the component of each")
    manner(out)


def impute(p: Parser) -> None:
    """Those of the command that fills in missing cells."""
    model(p)
    table(p)
    p.add_argument(
        "--draws",
        type=int,
        metavar="M",
        help="M random completions under each other, not one by means",
    )
    seed(p)
    out = p.add_argument_group("what comes out")
    table_out(out, "the completed table")
    manner(out)


def plot(p: Parser) -> None:
    """Those of the command that draws the mixture."""
    model(p)
    dropna(table(p))
    out = p.add_argument_group("what comes out")
    out.add_argument("--out", required=True, metavar="FILE", help="the picture: .png, .pdf, .svg")
    features(out)
    manner(out)


def tutorials(p: Parser) -> None:
    """Those of the command that copies notebooks."""
    p.add_argument("folder", metavar="DIR", help="where they go; made if it is not there")
    p.add_argument("--solutions", action="store_true", help="also those of the exercises")
    p.add_argument("--overwrite", action="store_true", help="also notebooks that you have changed")
    manner(p)


OPTIONS = {
    "fit": fit,
    "predict": predict,
    "score": score,
    "sample": sample,
    "impute": impute,
    "plot": plot,
    "tutorials": tutorials,
}

# ---- Options of several commands -----------------------------------------------------------------

ADDED = "the table with component, probability and outlier beside it"


def table(p: Any) -> Any:
    """Where the table is, and what its columns are for; the group of options."""
    p = p.add_argument_group("the table")
    p.add_argument(
        "--data_path",
        metavar="DATA",
        help="a .npy, .npz, .csv, .tsv, .txt, .csv.gz or .parquet file with a row for each sample, "
        "old_faithful or iris, or - for standard input; DATA alone is the same",
    )
    header = p.add_mutually_exclusive_group()
    header.add_argument(
        "--header",
        action="store_true",
        default=None,
        help="the first line of a text names the columns, even if it holds numbers",
    )
    header.add_argument(
        "--no_header", dest="header", action="store_false", help="the first line is a row"
    )
    p.add_argument(
        "--columns",
        action="append",
        metavar="A,B",
        help="the features: names, patterns such as 'pc*', or numbers such as 3 or 2-9, from 1",
    )
    p.add_argument(
        "--ignore", action="append", metavar="A,B", help="all columns but these are features"
    )
    p.add_argument("--id", metavar="COLUMN", help="names the rows, and is no feature")
    p.add_argument(
        "--engine",
        choices=("numpy", "dask"),
        default="numpy",
        help="dask: never read all at once, but in pieces; DATA may be a folder or a pattern of "
        "text or .parquet files, and a table that is written a folder that ends in .parquet",
    )
    return p


def weights(p: Any) -> None:
    """The column of weights."""
    p.add_argument("--weights", metavar="COLUMN", help="how often each row counts; no feature")


def dropna(p: Any) -> None:
    """What becomes of rows with holes."""
    p.add_argument(
        "--dropna",
        action="store_true",
        help="leave out rows that lack a cell, which otherwise count by what they have",
    )


def model(p: Any) -> None:
    """The saved model."""
    p.add_argument(
        "--model", required=True, metavar="FILE", help="a saved model, or the folder from --out"
    )


def seed(p: Any) -> None:
    """The seed."""
    p.add_argument("--seed", type=int, default=0, help="of what is random (default 0)")


def n_jobs(p: Any) -> None:
    """The number of cores."""
    p.add_argument("--n_jobs", type=int, help="threads or processes; -1 is every core")


def table_out(p: Any, what: str) -> None:
    """Where a table goes."""
    p.add_argument(
        "--out",
        default="-",
        metavar="FILE",
        help=f"{what}: .csv, .tsv, .txt, or these with .gz; by default to standard output",
    )


def added(p: Any) -> None:
    """What is said of each row."""
    p.add_argument(
        "--responsibilities",
        action="store_true",
        help="add the probability of every component, not of the likeliest only",
    )
    p.add_argument(
        "--mass",
        type=float,
        default=0.99,
        metavar="M",
        help="an outlier lies outside the smallest region of this mass (default 0.99)",
    )


def features(p: Any) -> None:
    """What a picture shows."""
    p.add_argument(
        "--features",
        action="append",
        metavar="A,B",
        help="what the picture shows; by default up to 6 features, those that separate best",
    )


def manner(p: Any) -> None:
    """How much is said."""
    p.add_argument("--json", action="store_true", help="print the results as JSON, for programs")
    p.add_argument("--quiet", action="store_true", help="print errors only, and what goes to -")
    p.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
