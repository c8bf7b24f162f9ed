"""What a fit tells of itself while it runs: the logger ``numpy_ml_gmm``.

Lines are of level DEBUG, and with ``verbose`` of level INFO.  A program that has set logging up
gets them like those of any other package.  Where nobody listens, ``verbose`` prints them, so a
notebook shows them as it is.  A level that somebody gave to this logger is respected:
``logging.getLogger("numpy_ml_gmm").setLevel(logging.WARNING)`` silences it.
"""

import logging

logger = logging.getLogger(__package__)
logger.addHandler(logging.NullHandler())
STEPS = 10  # from one line to the next


def tell(verbose, message, *values):
    """Log one line; print it if ``verbose`` asks for it and nobody would see it."""
    level = logging.INFO if verbose else logging.DEBUG
    logger.log(level, message, *values)
    if verbose and not heard(level):
        print(message % values)


def heard(level):
    """Whether a line of this level ends anywhere, or somebody has said that it shall not."""
    if logger.level != logging.NOTSET and not logger.isEnabledFor(level):
        return True
    owner = logger
    while owner and logger.isEnabledFor(level):
        handlers = (h for h in owner.handlers if not isinstance(h, logging.NullHandler))
        if any(handler.level <= level for handler in handlers):
            return True
        owner = owner.parent if owner.propagate else None
    return False


def tell_step(model, value):
    """Every few steps, and at the end, how high the climb has come."""
    n, end = model.n_iter_, ", converged" if model.converged_ else ""
    if n and (n % STEPS == 0 or end):
        tell(model.verbose, "step %d: %s %.6f%s", n, model._objective, value, end)


def tell_restarts(model, runs, best, scale):
    """How each restart ended, and which of them is kept; its steps are told as they come."""
    for i, run in enumerate(runs):
        where, n = f"restart {i + 1} of {len(runs)}", len(run.history)
        if run.error or not n:
            tell(model.verbose, "%s: %s", where, run.error or "no step")
            continue
        fate = "kept" if run is best else "given up" if run.end is None else "not the best"
        value = scale * run.history[-1]
        line = "%s: %s %.6f after %d steps, %s"
        tell(model.verbose, line, where, model._objective, value, n, fate)
