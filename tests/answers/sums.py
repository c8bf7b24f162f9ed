"""Answers to weighted_m_step, stream_step and entropy_gain; see steps how to read them."""

# ruff: noqa: E501 (a mistake is a line)

WEIGHTED = """
def weighted_m_step(X, r, w):
    N, D = X.shape
    K = r.shape[1]
    c = w[:, None] * r
    N_k = c.sum(axis=0)
    pi = N_k / w.sum()
    mu = (c.T @ X) / N_k[:, None]
    Sigma = np.zeros((K, D, D))
    for k in range(K):
        d = X - mu[k]
        S = (c[:, [k]] * d).T @ d
        Sigma[k] = S / N_k[k]
    return pi, mu, Sigma
"""
NO_W = "\\bw\\b.*(left|not|missing|forgot|ignor|nowhere)|without.*\\bw\\b|counts? once|unweighted"
WEIGHTED_WRONG = [
    (NO_W, "c = w[:, None] * r", "c = r", "w.sum()", "N"),
    (NO_W, "c = w[:, None] * r", "c = r"),
    ("sum of w|sum to one|\\bN\\b", "N_k / w.sum()", "N_k / N"),
    ("divid|sum", "pi = N_k / w.sum()", "pi = N_k"),
    (NO_W, "pi = N_k / w.sum()", "pi = r.mean(axis=0)"),
    (NO_W + "|sum to one", "pi = N_k / w.sum()", "pi = r.sum(axis=0) / w.sum()"),
    ("1 / K|even|equal|updated", "pi = N_k / w.sum()", "pi = np.full(K, 1 / K)"),
    (NO_W + "|above", "(c.T @ X) / N_k[:, None]", "(r.T @ X) / N_k[:, None]"),
    (NO_W + "|below", "(c.T @ X) / N_k[:, None]", "(c.T @ X) / r.sum(axis=0)[:, None]"),
    (NO_W, "(c.T @ X) / N_k[:, None]", "(r.T @ X) / r.sum(axis=0)[:, None]"),
    ("means are sums|divid", "(c.T @ X) / N_k[:, None]", "c.T @ X"),
    ("sum of w|N_k|divid", "(c.T @ X) / N_k[:, None]", "(c.T @ X) / w.sum()"),
    ("\\bN\\b|N_k|divid", "(c.T @ X) / N_k[:, None]", "(c.T @ X) / N"),
    ("\\br\\b|all points|responsib", "(c.T @ X) / N_k[:, None]", "np.tile(np.average(X, axis=0, weights=w), (K, 1))"),
    (NO_W + "|above", "(c[:, [k]] * d).T @ d", "(r[:, [k]] * d).T @ d"),
    (NO_W + "|below", "S / N_k[k]", "S / r[:, k].sum()"),
    (NO_W, "(c[:, [k]] * d).T @ d", "(r[:, [k]] * d).T @ d", "S / N_k[k]", "S / r[:, k].sum()"),
    ("\\bN\\b|N_k|divid", "S / N_k[k]", "S / N"),
    ("sum of w|N_k|divid", "S / N_k[k]", "S / w.sum()"),
    ("scatter|divid", "S / N_k[k]", "S"),
    ("- 1", "S / N_k[k]", "S / (N_k[k] - 1)"),
    ("origin|subtract|centr", "d = X - mu[k]", "d = X"),
    ("all points|subtract|centr", "d = X - mu[k]", "d = X - X.mean(axis=0)"),
    ("all points|subtract|centr", "d = X - mu[k]", "d = X - np.average(X, axis=0, weights=w)"),
    ("square|twice", "c = w[:, None] * r", "c = w[:, None] ** 2 * r", "w.sum()", "(w ** 2).sum()"),
    ("square|twice", "c = w[:, None] * r", "c = w[:, None] ** 2 * r"),
    ("root", "c = w[:, None] * r", "c = np.sqrt(w)[:, None] * r"),
    ("square|twice", "(c[:, [k]] * d).T @ d", "(c[:, [k]] * d).T @ (c[:, [k]] * d)"),
    ("square|twice", "(c[:, [k]] * d).T @ d", "(c[:, [k]] * d).T @ (w[:, None] * d)"),
    (NO_W + "|cancel|row|normalis", "N_k = c.sum", "c = c / c.sum(axis=1, keepdims=True)\n    N_k = c.sum", "w.sum()", "N"),
    ("multipl|stretch|the points?", "d = X - mu[k]", "d = w[:, None] * X - mu[k]"),
    ("twice|divid|normalis|sum to one", "c = w[:, None] * r", "c = w[:, None] / w.sum() * r"),
    ("hard|largest|likeliest|wholly", "c = w[:, None] * r", "c = w[:, None] * np.eye(K)[r.argmax(axis=1)]"),
    ("whole|integer|round|cut|fraction", "c = w", "w = w.astype(int)\n    c = w"),
    ("whole|integer|round", "c = w", "w = np.round(w)\n    c = w"),
    ("diagonal", "S / N_k[k]", "np.diag(np.diag(S)) / N_k[k]"),
    ("invers", "S / N_k[k]", "np.linalg.inv(S / N_k[k])"),
    ("ddof|np.cov|- 1|N_k -", "S / N_k[k]", "np.cov(X.T, aweights=c[:, k])"),
    ("divid|invers|1 ?/", "c = w[:, None] * r", "c = r / w[:, None]"),
    ("axis|shape|broadcast", "c = w[:, None] * r", "c = w * r"),
    ("square|twice", "pi = N_k / w.sum()", "pi = w @ c / w.sum()"),
    ("order|shape", "return pi, mu", "return mu, pi"),
    ("last component|loop", "for k in range(K):", "for k in range(K - 1):"),
    ("last (point|row)", "(c[:, [k]] * d).T @ d", "(c[:-1, [k]] * d[:-1]).T @ d[:-1]"),
    ("add|multipl|plus", "c = w[:, None] * r", "c = w[:, None] + r"),
    ("\\br\\b|responsib", "(c[:, [k]] * d).T @ d", "(w[:, None] * d).T @ d"),
    ("log", "c = w[:, None] * r", "c = np.log1p(w)[:, None] * r"),
    ("order|sort", "c = w", "w = np.sort(w)\n    c = w"),
    ("root|deviation", "S / N_k[k]", "np.sqrt(abs(S) / N_k[k])"),
    ("half|2", "S / N_k[k]", "S / N_k[k] / 2"),
]  # fmt: skip

STREAM = """
def stream_step(X, r, counts, sums, xi):
    K = r.shape[1]
    more = r.sum(axis=0)
    new = r.T @ X
    N_k = xi * counts + more
    s = xi * sums + new
    pi = N_k / N_k.sum()
    mu = s / N_k[:, None]
    return N_k, s, pi, mu
"""
NO_XI = "xi.*(left|not|missing|forgot|without)|forg[eo]t|without.*xi|xi = 1"
ALONE = "batch|earlier|old"
STREAM_WRONG = [
    (NO_XI, "xi * counts", "counts"),
    (NO_XI, "xi * sums", "sums"),
    (NO_XI, "xi * counts", "counts", "xi * sums", "sums"),
    (ALONE, "xi * counts + more", "more", "xi * sums + new", "new"),
    ("1 - xi|average", "xi * counts + more", "xi * counts + (1 - xi) * more", "xi * sums + new", "xi * sums + (1 - xi) * new"),
    ("1 - xi|average", "xi * counts + more", "xi * counts + (1 - xi) * more"),
    ("1 - xi|average", "xi * sums + new", "xi * sums + (1 - xi) * new"),
    ("1 - xi|exchang|wrong one", "xi * counts + more", "(1 - xi) * counts + xi * more", "xi * sums + new", "(1 - xi) * sums + xi * new"),
    ("1 - xi|exchang|wrong one", "xi * counts", "(1 - xi) * counts", "xi * sums", "(1 - xi) * sums"),
    ("exchang|batch|xi.*(new|wrong)", "xi * counts + more", "counts + xi * more", "xi * sums + new", "sums + xi * new"),
    ("batch", "xi * counts + more", "xi * counts", "xi * sums + new", "xi * sums"),
    ("square|twice", "xi * counts", "xi ** 2 * counts", "xi * sums", "xi ** 2 * sums"),
    ("all|batch|both", "xi * counts + more", "xi * (counts + more)", "xi * sums + new", "xi * (sums + new)"),
    ("divid|mean|share|portion", "more = r.sum(axis=0)", "more = r.mean(axis=0)"),
    ("mean|divid", "new = r.T @ X", "new = r.T @ X / more[:, None]"),
    ("mean|divid", "s = xi * sums", "s = xi * sums / counts[:, None]"),
    ("sum to one|divid|batch|\\bN\\b", "N_k / N_k.sum()", "N_k / len(X)"),
    (ALONE, "N_k / N_k.sum()", "more / len(X)"),
    (ALONE, "s / N_k[:, None]", "new / more[:, None]"),
    ("divid|batch|below|count", "s / N_k[:, None]", "s / more[:, None]"),
    ("divid|old|earlier|below|count", "s / N_k[:, None]", "s / counts[:, None]"),
    ("divid|N_k|count", "s / N_k[:, None]", "s / N_k.sum()"),
    ("means? are.* sums|divid", "s / N_k[:, None]", "s"),
    ("divid|sum", "pi = N_k / N_k.sum()", "pi = N_k"),
    ("mean|average|xi", "s / N_k[:, None]", "xi * sums / counts[:, None] + (1 - xi) * new / more[:, None]"),
    ("average|halfway|half", "s / N_k[:, None]", "(sums / counts[:, None] + new / more[:, None]) / 2"),
    ("average|share|1 - xi|portion", "N_k / N_k.sum()", "xi * counts / counts.sum() + (1 - xi) * more / len(X)"),
    ("hard|largest|likeliest|wholly", "more = r", "r = np.eye(K)[r.argmax(axis=1)]\n    more = r"),
    ("square|twice", "more = r", "r = r ** 2\n    more = r"),
    ("\\br\\b|responsib", "new = r.T @ X", "new = np.tile(X.sum(axis=0), (K, 1))"),
    ("old|earlier|batch", "return N_k,", "return counts,"),
    ("old|earlier|batch", "return N_k, s, pi, mu", "return N_k, s, pi, sums / counts[:, None]"),
    ("1 / K|even|equal|updated", "N_k / N_k.sum()", "np.full(K, 1 / K)"),
    ("shape|axis", "new = r.T @ X", "new = X.T @ r"),
    ("divid|1 ?/|invers", "xi * counts", "counts / xi", "xi * sums", "sums / xi"),
    ("sign|subtract", "xi * counts + more", "xi * counts - more"),
    (NO_XI + "|sum to one", "N_k / N_k.sum()", "N_k / (len(X) + counts.sum())"),
    (NO_XI + "|below", "s / N_k[:, None]", "s / (counts + more)[:, None]"),
    ("last (point|row)", "more = r", "X, r = X[:-1], r[:-1]\n    more = r"),
    ("shape|order", "return N_k, s", "return s, N_k"),
    ("divid|sum to|share|portion", "s = xi", "N_k = N_k / N_k.sum()\n    s = xi"),
    ("\\bN\\b|all points|each component|even", "more = r.sum(axis=0)", "more = np.full(K, len(X))"),
    ("each point|power|times", "s = xi", "xi = xi ** len(X)\n    N_k = xi * counts + more\n    s = xi"),
    ("argument|copy", "s = xi * sums + new", "sums *= xi\n    s = sums + new"),
    ("round|whole", "N_k = xi * counts + more", "N_k = np.round(xi * counts + more)"),
    ("add|multipl|plus", "xi * counts + more", "xi + counts + more"),
    ("square|second", "new = r.T @ X", "new = r.T @ X ** 2"),
    (ALONE, "N_k / N_k.sum()", "counts / counts.sum()"),
]  # fmt: skip

GAIN = """
def entropy(p):
    out = np.zeros(len(p))
    out[p > 0] = -p[p > 0] * np.log(p[p > 0])
    return out

def entropy_gain(r, i, j):
    N, K = r.shape
    a, b = r[:, i], r[:, j]
    both = a + b
    before = entropy(a) + entropy(b)
    after = entropy(both)
    return (before - after).sum()
"""
LOOP = "out[p > 0] = -p[p > 0] * np.log(p[p > 0])"
TERM = "-p[p > 0] * np.log(p[p > 0])"
RETURN = "return (before - after).sum()"
GAIN_WRONG = [
    ("sign|before.*after|after.*before", "before - after", "after - before"),
    ("sign|subtract|added", "before - after", "before + after"),
    ("subtract|merged|after|two alone|left out|missing", "before - after", "before"),
    ("before|merged|after|missing|left out", "before - after", "after"),
    ("base 2|base|log2", "np.log(", "np.log2("),
    ("base 10|base", "np.log(", "np.log10("),
    ("sum is asked|mean|divid.*N|average", RETURN, "return (before - after).mean()"),
    ("average|half|halv|divid|sum of the two", "both = a + b", "both = (a + b) / 2"),
    ("product|multipl", "both = a + b", "both = a * b"),
    ("sign", TERM, "p[p > 0] * np.log(p[p > 0])"),
    ("r log r|factor|multipl|log alone|weigh", TERM, "-np.log(p[p > 0])"),
    ("0 log 0|nan|limit|where.*0", LOOP, "out = -p * np.log(p)"),
    ("added|0\\.001|floor|constant|1e-3|log of", LOOP, "out = -p * np.log(p + 1e-3)"),
    ("1 \\+|log1p|1 is added", "np.log(p[p > 0])", "np.log1p(p[p > 0])"),
    ("larger|largest|max", "both = a + b", "both = np.maximum(a, b)"),
    ("all components|whole|entropy (itself|of r|of all)|K", RETURN, "return sum(entropy(r[:, k]).sum() for k in range(K))"),
    ("after|left|remain|rest|merged", RETURN, "return sum(entropy(r[:, k]).sum() for k in range(K) if k not in (i, j)) + after.sum()"),
    ("share|divid|relative|portion|fraction", RETURN, "return (before - after).sum() / sum(entropy(r[:, k]).sum() for k in range(K))"),
    ("divid|share|times|weigh|normalis", RETURN, "return ((before - after) / both).sum()"),
    ("divid|share|times|weigh|normalis", "before = entropy(a) + entropy(b)", "return (entropy(a / both) + entropy(b / both)).sum()\n    before = 0"),
    ("each point|points? first|summed? (first|before|over)|order|column", "a, b = r[:, i], r[:, j]", "a, b = r[:, [i]].sum(axis=0), r[:, [j]].sum(axis=0)"),
    ("each point|average|mean|N_k|share|column", "a, b = r[:, i], r[:, j]", "a, b = r[:, [i]].mean(axis=0), r[:, [j]].mean(axis=0)"),
    ("single number|shape|sum", RETURN, "return before - after"),
    ("index|from 0|another|other|neighbour|one before", "r[:, i], r[:, j]", "r[:, i - 1], r[:, j - 1]"),
    ("twice|\\bi\\b|same", "b = r[:, i], r[:, j]", "b = r[:, i], r[:, i]"),
    ("hard|largest|certain|likeliest|zero", "a, b = r[", "r = np.eye(K)[r.argmax(axis=1)]\n    a, b = r["),
    ("only|some|likeliest|hard|all points|every", RETURN, "own = np.isin(r.argmax(axis=1), [i, j])\n    return (before - after)[own].sum()"),
    ("1 - |other|complement|rest", "    return out", "    return out - (1 - p) * np.log(1 - p)"),
    ("exp", RETURN, "return np.exp((before - after).sum())"),
    ("half|halv|2", RETURN, "return (before - after).sum() / 2"),
    ("max|largest|sum", RETURN, "return (before - after).max()"),
    ("Kullback|KL|divergence|ratio", RETURN, "return (a * np.log(a / b)).sum()"),
    ("cross", RETURN, "return -(a * np.log(b)).sum()"),
    ("square|Gini|log", LOOP, "out = p * (1 - p)"),
    ("divid|per point|merged|mean|N_k|each point", RETURN, "return (before - after).sum() / both.sum()"),
    ("factor|multipl|log alone|r log r|merged", "after = entropy(both)", "after = -np.log(both)"),
    ("row|column|axis", "r[:, i], r[:, j]", "r[i], r[j]"),
    ("rest|other|1 -|merged|complement", "after = entropy(both)", "after = entropy(1 - both)"),
    ("twice|2|double", RETURN, "return 2 * (before - after).sum()"),
    ("first|\\bb\\b|\\bj\\b|both|one of the two|second", "before = entropy(a) + entropy(b)", "before = entropy(a)"),
    ("second|\\ba\\b|\\bi\\b|both|one of the two|first", "before = entropy(a) + entropy(b)", "before = entropy(b)"),
    ("difference|sum of the two|subtract|abs", "both = a + b", "both = abs(a - b)"),
    ("last (point|row)", RETURN, "return (before - after)[:-1].sum()"),
    ("other|others|pair|all|every", RETURN, "return sum(entropy(r[:, k]).sum() for k in range(K)) - after.sum()"),
    ("first point|one point|all points|sum", RETURN, "return (before - after)[0]"),
    ("root", "both = a + b", "both = np.sqrt(a ** 2 + b ** 2)"),
    ("square", TERM, "-p[p > 0] ** 2 * np.log(p[p > 0])"),
    ("divid|normalis|pair|share", "both = a + b", "a, b = a / (a + b), b / (a + b)\n    both = a + b"),
]  # fmt: skip

WRONG = {
    "weighted_m_step": (WEIGHTED, WEIGHTED_WRONG),
    "stream_step": (STREAM, STREAM_WRONG),
    "entropy_gain": (GAIN, GAIN_WRONG),
}
RIGHT = {
    "weighted_m_step": ["def weighted_m_step(X, r, w):\n    K, D = r.shape[1], X.shape[1]\n    " + body + "\n" for body in [
        "c = r * w.reshape(-1, 1); n = c.sum(0); mu = [np.average(X, axis=0, weights=c[:, k]) for k in range(K)]\n"
        "    return n / n.sum(), mu, [np.cov(X.T, aweights=c[:, k], ddof=0) for k in range(K)]",
        "w = w / w.max(); c = np.einsum('n,nk->nk', w, r); n = c.sum(0); mu = c.T @ X / n[:, None]\n"
        "    second = np.einsum('nk,nd,ne->kde', c, X, X) / n[:, None, None]\n"
        "    return n / w.sum(), mu, second - mu[:, :, None] * mu[:, None]",
        "pi, mu, Sigma = [], [], []\n"
        "    for k in range(K):\n"
        "        n = sum(w[i] * r[i, k] for i in range(len(X)))\n"
        "        m = sum(w[i] * r[i, k] * X[i] for i in range(len(X))) / n\n"
        "        S = sum(w[i] * r[i, k] * np.outer(X[i] - m, X[i] - m) for i in range(len(X)))\n"
        "        pi.append(n / sum(w)); mu.append(m); Sigma.append(S / n)\n"
        "    return pi, mu, Sigma",
        "W = np.diag(w); n = np.diag(r.T @ W @ np.ones_like(r)); mu = np.linalg.solve(np.diag(n), r.T @ W @ X)\n"
        "    C = [(X - m).T @ np.diag(w * r[:, k]) @ (X - m) / n[k] for k, m in enumerate(mu)]\n"
        "    return (n / np.trace(W)).astype('f4'), np.asfortranarray(mu), C",
        "root = np.sqrt(w[:, None] * r); n = (root ** 2).sum(0); mu = (root ** 2).T @ X / n[:, None]\n"
        "    A = root[:, :, None] * (X[:, None] - mu); Sigma = np.einsum('nkd,nke->kde', A, A)\n"
        "    return n / (w @ r).sum(), mu, Sigma / n.reshape(-1, 1, 1)",
        "keep = w > 0; X, r, w = X[keep], r[keep], w[keep]; n = w @ r; mu = (r * w[:, None]).T @ X / n[:, None]\n"
        "    S = [np.tensordot(w * r[:, k], [np.outer(d, d) for d in X - mu[k]], 1) for k in range(K)]\n"
        "    return n / n.sum(), mu, np.array(S) / n[:, None, None]",
    ]],
    "stream_step": ["def stream_step(X, r, counts, sums, xi):\n    K, D = r.shape[1], X.shape[1]\n    " + body + "\n" for body in [
        "c = xi * counts + r.sum(0); s = xi * sums + r.T @ X; return c, s, c / c.sum(), s / c[:, None]",
        "c = np.array([xi * counts[k] + sum(r[:, k]) for k in range(K)])\n"
        "    s = [xi * sums[k] + sum(r[n, k] * X[n] for n in range(len(X))) for k in range(K)]\n"
        "    return c, s, [a / sum(c) for a in c], [b / a for a, b in zip(c, s)]",
        "c, s = xi * counts, xi * sums\n"
        "    for x, p in zip(X, r):\n        c += p; s += np.outer(p, x)\n"
        "    return [c, s, c / np.sum(c), (s.T / c).T]",
        "old = xi * np.column_stack([counts, sums]); T = np.column_stack([np.ones(len(X)), X]); S = old + r.T @ T\n"
        "    return S[:, 0], S[:, 1:], S[:, 0] / S[:, 0].sum(), S[:, 1:] / S[:, [0]]",
        "c = counts - (1 - xi) * counts + np.einsum('nk->k', r); s = sums - (1 - xi) * sums + np.einsum('nk,nd->kd', r, X)\n"
        "    return c.astype('f4'), np.asfortranarray(s), c / (xi * counts.sum() + len(X)), s / c.reshape(-1, 1)",
        "Y = np.vstack([X]); c = r.T.dot(np.ones(len(Y))); c = c + counts * xi; s = np.dot(r.T, Y) + sums * xi\n"
        "    return c, s, np.divide(c, np.linalg.norm(c, 1)), np.diag(1 / c) @ s",
    ]],
    "entropy_gain": ["def entropy_gain(r, i, j):\n    entr, xlogy = scipy.special.entr, scipy.special.xlogy\n    " + body + "\n" for body in [
        "return (entr(r[:, i]) + entr(r[:, j]) - entr(r[:, i] + r[:, j])).sum()",
        "a, b = r[:, i], r[:, j]; return xlogy(a + b, a + b).sum() - xlogy(a, a).sum() - xlogy(b, b).sum()",
        "m = r.copy(); m[:, i] += m[:, j]; m[:, j] = 0; return entr(r).sum() - entr(m).sum()",
        "a, b = r[:, i], r[:, j]; s = a + b; t = np.where(s > 0, a / np.where(s > 0, s, 1), 0)\n"
        "    return np.sum(s * (entr(t) + entr(1 - t)))",
        "total = 0.0\n    for row in r:\n        for p, sign in (row[i], -1), (row[j], -1), (row[i] + row[j], 1):\n"
        "            if p > 0: total += sign * p * np.log(p)\n    return total",
        "p = r[:, [i, j]]; s = p.sum(1, keepdims=True); tiny = 1e-300\n"
        "    return np.float32(-(p * (np.log(p + tiny) - np.log(s + tiny))).sum())",
        "others = np.delete(r, [i, j], axis=1); m = np.column_stack([others, r[:, i] + r[:, j]])\n"
        "    return [entr(r).sum() - entr(m).sum()]",
    ]],
}  # fmt: skip
