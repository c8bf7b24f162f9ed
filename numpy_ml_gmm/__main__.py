"""``python -m numpy_ml_gmm``: see :mod:`numpy_ml_gmm.cli`."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
