"""Work shared out to processes: many small fits, where threads would wait for each other."""

from .blocks import thread_count


def in_processes(function, items, n_jobs):
    """``function`` of each item, in order, as they come.

    joblib's processes need no ``if __name__ == "__main__":`` in a script, and wait for the
    next call.

    Parameters
    ----------
    function : callable
    items : iterable
    n_jobs : int or None
        Processes: None is 1, -1 is every core.

    Examples
    --------
    >>> list(in_processes(abs, [-1, 2], n_jobs=None))
    [1, 2]
    """
    n_jobs = thread_count(n_jobs)
    if n_jobs == 1:
        return map(function, items)
    from joblib import Parallel, delayed  # a tenth of a second, and few calls need it

    return Parallel(n_jobs, return_as="generator")(delayed(function)(item) for item in items)
