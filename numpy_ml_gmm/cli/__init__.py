"""The command line: read a table, fit a mixture or choose one, show and save it, and use it.

::

    numpy_ml_gmm --n_clusters 2 --data_path old_faithful --plot faithful.png
    numpy_ml_gmm --find_num_clusters_range 1 9 --covariance_type all --data_path iris
    numpy_ml_gmm cells.csv --n_clusters 3 --id cell --ignore date --out results --labels labels.csv
    numpy_ml_gmm predict new.csv --model results

``python -m numpy_ml_gmm`` is the same.  ``--help`` lists the options and the commands, and so does
:doc:`/command-line`.

Exit codes: 0 all went well, 1 the fit failed or memory is short, 2 the command or the data are
wrong or something cannot be written, 130 interrupted.

The files in the order of reading: ``options`` is what may be asked for, ``saying`` how the answer
is given; ``columns`` reads a table, ``fitting`` fits a mixture to it, ``using`` uses a saved one;
``labelling`` writes tables, ``pictures`` draws, ``notebooks`` copies the tutorials.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from .options import COMMANDS, PROGRAM, alike, parse, parser
from .saying import fail, flush, in_one_line, output_lost

__all__ = ["main", "parser"]

MODULES = {"fit": "fitting", "tutorials": "notebooks"}  # where a command is; else in ``using``


def main(argv: Sequence[str] | None = None) -> int:
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
            code = int(done.code or 0)
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


def run(argv: Sequence[str]) -> int:
    """Find the command, parse its options, do it; the exit code."""
    command, words = "fit", [alike(word) for word in argv]
    if words and words[0] in COMMANDS:
        command, *words = words
    elif words and words[0].isidentifier() and not os.path.exists(words[0]):
        from ..datasets import LOADERS

        if words[0] not in LOADERS:
            known = ", ".join(COMMANDS)
            parser().error(f"{words[0]!r} is neither a command ({known}) nor a file")
    args = parse(command, words)
    return import_module(f".{MODULES.get(command, 'using')}", __name__).run(args, command)
