"""A model as a notebook shows it: its components as a table, and its arguments.

The table is that of :mod:`numpy_ml_gmm.summary`, cut to what fits beside other output.  Colours
and fonts are those of the page, light or dark.
"""

from html import escape

import numpy as np

from .summary import STYLE, Summary, html_table, summarise

ROWS, COLUMNS = 30, 12  # components and features that are shown; the rest is told by number


def representation(model):
    """The fragment of HTML that a notebook shows for a model."""
    try:
        fitted = components(model)
    except (AttributeError, TypeError, ValueError):  # not fitted, or attributes set by hand
        fitted = '<p class="aside">not fitted</p>'
    with np.printoptions(threshold=8, edgeitems=2):
        arguments = [[name, repr(value)] for name, value in model.get_params().items()]
    return (
        f'{STYLE}<div class="numpy-ml-gmm"><code>{escape(repr(model))}</code>{fitted}'
        "<details><summary>Arguments</summary>"
        f"{html_table([['argument', 'value'], *arguments], 'arguments')}</details></div>"
    )


def components(model):
    """A row for each component: its weight and points, mean and deviation of each feature."""
    found = components_of(model)
    D = len(found.names)
    head, *rows = found.table(range(D)[:COLUMNS])
    more = ["…"] * (D > COLUMNS)
    table = html_table([[*row, *more] for row in (head, *rows[:ROWS])])
    facts = ["mean ± standard deviation of each feature", *outcome(model)]
    facts += [f"{len(rows) - ROWS} rows more"] * (len(rows) > ROWS)
    facts += [f"{D - COLUMNS} features more"] * len(more) + found.marks()
    return f'{table}<p class="aside">{escape("; ".join(facts))}</p>'


def components_of(model) -> Summary:
    """The summary of any model; a regressor's outputs and a classifier's classes have names."""
    if hasattr(type(model), "summary"):
        return summarise(model)
    found, known = summarise(model.mixture_), list(getattr(model, "feature_names_in_", ()))
    T = int(np.prod(getattr(model, "output_shape_", [0])))  # outputs, behind the features
    outputs = ["y"] if T == 1 else [f"y[{t}]" for t in range(T)]
    names = [*known, *found.names[len(known) : len(found.names) - T], *outputs]
    labels = found.labels
    if hasattr(model, "classes_"):
        pairs = zip(model.classes_.tolist(), model.n_components_, strict=True)
        labels = [f"{name}, {k}" if n > 1 else str(name) for name, n in pairs for k in range(n)]
    return found._replace(names=names, labels=labels)


def outcome(model):
    """How a fit ended, in words; nothing of a model that was made from parameters."""
    for name in ("log_likelihood_", "lower_bound_"):
        if hasattr(model, name):
            words = "log-likelihood" if name == "log_likelihood_" else "lower bound"
            yield f"{words} {getattr(model, name):.2f}"
    if hasattr(model, "n_iter_"):
        yield f"{model.n_iter_} steps"
    if hasattr(model, "converged_"):
        yield "converged" if model.converged_ else "not converged"
