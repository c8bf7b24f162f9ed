"""A model as a notebook shows it: its arguments, and its components as a table.

Colours and fonts are those of the page, light or dark.  Every text is escaped, for names of columns
come from data.
"""

from html import escape

import numpy as np

from .parameters import diagonals

ROWS, COLUMNS = 30, 12  # components and features that are shown; the rest is told by number
STYLE = """<style>
.numpy-ml-gmm {font-size: 0.9em; color: inherit; overflow-x: auto; max-width: 100%}
.numpy-ml-gmm table {border-collapse: collapse; margin: 0.4em 0; color: inherit}
.numpy-ml-gmm :is(th, td) {padding: 0.15em 0.7em; text-align: right; white-space: nowrap;
    color: inherit; background: none; border: 0; font-variant-numeric: tabular-nums}
.numpy-ml-gmm thead th {border-bottom: 1px solid currentColor; font-weight: 600}
.numpy-ml-gmm td.text {text-align: left; font-family: monospace; white-space: normal}
.numpy-ml-gmm summary {cursor: pointer}
.numpy-ml-gmm .aside {opacity: 0.75}
</style>"""


def representation(model):
    """The fragment of HTML that a notebook shows for a model."""
    try:
        fitted = components(model)
    except (AttributeError, TypeError, ValueError):  # not fitted, or attributes set by hand
        fitted = '<p class="aside">not fitted</p>'
    return (
        f'{STYLE}<div class="numpy-ml-gmm"><code>{escape(repr(model))}</code>{fitted}'
        f"<details><summary>Arguments</summary>{arguments(model)}</details></div>"
    )


def arguments(model):
    """Every argument of the constructor and its value."""
    with np.printoptions(threshold=8, edgeitems=2):
        rows = [(name, repr(value)) for name, value in model.get_params().items()]
    body = [[f"<th>{escape(name)}</th>", f'<td class="text">{escape(v)}</td>'] for name, v in rows]
    return table(["argument", "value"], body)


def components(model):
    """A row for each component: its weight, and mean and standard deviation of each feature."""
    head, rows = component_table(model)
    D = len(head) - 2
    more = ["…"] * (D > COLUMNS)
    body = []
    for name, weight, *cells in rows[:ROWS]:
        pairs = ["-" if np.isnan(m) else f"{m:.4g} ± {sd:.2g}" for m, sd in cells[:COLUMNS]]
        numbers = "".join(f"<td>{text}</td>" for text in (f"{weight:.3g}", *pairs, *more))
        body.append([f"<th>{escape(name)}</th>{numbers}"])
    K = len(rows)
    facts = ["mean ± standard deviation of each feature", *outcome(model)]
    facts += [f"{K - ROWS} rows more"] * (K > ROWS) + [f"{D - COLUMNS} features more"] * len(more)
    shown = [*head[: 2 + COLUMNS], *more]
    return f'{table(shown, body)}<p class="aside">{escape("; ".join(facts))}</p>'


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


def component_table(model):
    """The fitted components as plain values: column heads, and a row for each component.

    Returns
    -------
    head : list of str
        ``"component"``, ``"weight"``, and the name of each feature.
    rows : list of list
        Name, weight, and a pair of mean and standard deviation for each feature.  The noise, if
        there is any, comes last, with nan.
    """
    mixture = getattr(model, "mixture_", model)
    theta = mixture.theta
    mu, Sigma = theta.means, theta.covariances
    sd = np.sqrt(Sigma if theta.diagonal else diagonals(Sigma))
    known = getattr(model, "feature_names_in_", ())
    names = [*map(str, known), *(f"feature {d}" for d in range(len(known), mu.shape[1]))]
    outputs = np.prod(getattr(model, "output_shape_", [0]), dtype=int)
    for t in range(outputs):  # of a regressor, behind the features
        names[mu.shape[1] - outputs + t] = f"y[{t}]" if outputs > 1 else "y"
    share = 1 - getattr(model, "noise_weight_", 0.0)
    cells = (list(zip(*pair, strict=True)) for pair in zip(mu, sd, strict=True))
    labels = component_names(model, len(mu))
    weights = share * theta.weights
    rows = [[n, w, *c] for n, w, c in zip(labels, weights, cells, strict=True)]
    if share < 1:
        rows.append(["noise", 1 - share, *[(np.nan, np.nan)] * mu.shape[1]])
    return ["component", "weight", *names], rows


def component_names(model, K):
    """The components by number; those of a classifier by their class too."""
    if not hasattr(model, "classes_"):
        return [str(k) for k in range(K)]
    pairs = zip(model.classes_.tolist(), model.n_components_, strict=True)
    return [f"{name}, {k}" if n > 1 else str(name) for name, n in pairs for k in range(n)]


def table(head, body):
    """A table of HTML; the head is text, and the cells are HTML."""
    first = "".join(f"<th>{escape(name)}</th>" for name in head)
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in body)
    return f"<table><thead><tr>{first}</tr></thead><tbody>{rows}</tbody></table>"
