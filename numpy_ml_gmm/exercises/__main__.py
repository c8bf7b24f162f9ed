"""``python -m numpy_ml_gmm.exercises``: see :mod:`numpy_ml_gmm.exercises.marking`.

The marker itself starts it with ``--one``, for a notebook, a file for the results, and seconds.
"""

import sys

from .marking import limit_memory, main, run_notebook

if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        limit_memory()
        run_notebook(*sys.argv[2:4], float(sys.argv[4]))
    else:
        raise SystemExit(main())
