"""Answers to seed_probabilities, k_means_start, bic and sample; see steps for how to read them."""

# ruff: noqa: E501 (a mistake is a line)

SEED = """
def seed_probabilities(X, centres):
    delta = X[:, None, :] - centres[None]
    d2 = (delta ** 2).sum(axis=2)
    near = d2.min(axis=1)
    return near / near.sum()
"""
SEED_WRONG = [
    ("square", "near = d2", "near = np.sqrt(d2)"),
    ("farthest|largest|max", "d2.min(axis=1)", "d2.max(axis=1)"),
    ("sum|all centres|every centre", "d2.min(axis=1)", "d2.sum(axis=1)"),
    ("mean|average|all centres|every centre|sum", "d2.min(axis=1)", "d2.mean(axis=1)"),
    ("last", "d2.min(axis=1)", "d2[:, -1]"),
    ("first", "d2.min(axis=1)", "d2[:, 0]"),
    ("sum|normalis|divid", "near / near.sum()", "near"),
    ("sum|normalis|divid|largest", "near / near.sum()", "near / near.max()"),
    ("farthest|certain|drawn|argmax|largest|single 1", "near / near.sum()",
     "np.eye(len(X))[near.argmax()]"),
    ("softmax|exp|proportional", "near / near.sum()", "scipy.special.softmax(near)"),
    ("cumul", "near / near.sum()", "np.cumsum(near) / near.sum()"),
    ("1 -|1 minus|complement", "near / near.sum()", "1 - near / near.sum()"),
    ("invers|1 ?/|near.*more|turned|upside", "near / near.sum()", "(1 / (near + 1)) / (1 / (near + 1)).sum()"),
    ("Manhattan|absolute|abs|square", "(delta ** 2).sum(axis=2)", "abs(delta).sum(axis=2)"),
    ("Manhattan|absolute|abs|sum of", "(delta ** 2).sum(axis=2)", "abs(delta).sum(axis=2) ** 2"),
    ("largest|max|feature", "(delta ** 2).sum(axis=2)", "(delta ** 2).max(axis=2)"),
    ("mean of the centres|middle|centre of", "X[:, None, :] - centres[None]",
     "X[:, None, :] - centres.mean(axis=0)"),
    ("divid|\\bN\\b|normalis|sum", "near / near.sum()", "near / len(X)"),
    ("twice|fourth|square.*square|\\^ ?4|power", "near = d2.min(axis=1)", "near = d2.min(axis=1) ** 2"),
    ("uniform|even|equal|as probable", "near / near.sum()", "np.full(len(X), 1 / len(X))"),
    ("first feature|feature", "delta ** 2", "delta[:, :, :1] ** 2"),
    ("sort|order", "near / near.sum()", "np.sort(near) / near.sum()"),
    ("exp", "near / near.sum()", "np.exp(-near) / np.exp(-near).sum()"),
    ("each centre|own cluster|per|cluster|group", "near / near.sum()",
     "near / np.bincount(d2.argmin(axis=1), near)[d2.argmin(axis=1)]"),
    ("mean of the points|mean of the data|centres are not", "X[:, None, :] - centres[None]",
     "X[:, None, :] - X.mean(axis=0)"),
    ("root.*normalis|square|norm", "near / near.sum()", "near / np.sqrt((near ** 2).sum())"),
    ("absolute|sign|square", "(delta ** 2).sum(axis=2)", "delta.sum(axis=2) ** 2"),
    ("log", "near = d2.min(axis=1)", "near = np.log1p(d2.min(axis=1))"),
    ("shape", "near / near.sum()", "d2 / d2.sum()"),
    ("farthest.*square|square.*farthest", "near = d2.min(axis=1)", "near = np.sqrt(d2).max(axis=1)"),
    ("sum|normalis|divid", "near = d2", "near = np.sqrt(d2)", "near / near.sum()", "near"),
    ("product|geometric|all centres", "d2.min(axis=1)", "d2.prod(axis=1)"),
    ("origin|centres are not|distance from 0|centre", "X[:, None, :] - centres[None]",
     "X[:, None, :] - 0 * centres[None]"),
]  # fmt: skip

K_MEANS = """
def k_means_start(X, centres):
    K, D = centres.shape
    N = len(X)
    C = centres.copy()
    for step in range(100):
        d = np.sqrt(((X[:, None] - C) ** 2).sum(axis=2))
        z = d.argmin(axis=1)
        C = np.array([X[z == k].mean(axis=0) for k in range(K)])
    pi = np.bincount(z, minlength=K) / N
    Sigma = np.zeros((K, D, D))
    for k in range(K):
        members = X[z == k]
        delta = members - C[k]
        Sigma[k] = delta.T @ delta / len(members)
    return pi, C, Sigma
"""
K_MEANS_WRONG = [
    ("once|one (step|round|pass)|repeat|iterat|moved", "range(100)", "range(1)"),
    ("repeat|twice|two|once|iterat|moved", "range(100)", "range(2)"),
    ("given centres|move|never|start", "        C = np.array([X[z == k].mean(axis=0) for k in range(K)])\n", ""),
    ("given centres|old centres|means|move", "return pi, C", "return pi, centres"),
    ("- 1", "/ len(members)", "/ (len(members) - 1)"),
    ("even|equal|1 ?/ ?K|weights", "np.bincount(z, minlength=K) / N", "np.full(K, 1 / K)"),
    ("all points|whole|all the data|shared|same", "members = X[z == k]", "members = X",
     "delta = members - C[k]", "delta = members - X.mean(axis=0)"),
    ("identity|unit", "delta.T @ delta / len(members)", "np.eye(D)"),
    ("diagonal|correlat", "delta.T @ delta / len(members)", "np.diag((delta ** 2).mean(axis=0))"),
    ("overall|whole|all points|mean of the data|own mean", "members - C[k]", "members - X.mean(axis=0)"),
    ("given centres|old centres|start|centre", "members - C[k]", "members - centres[k]"),
    ("divid.*N|\\bN\\b|all points", "/ len(members)", "/ N"),
    ("farthest|max", "d.argmin", "d.argmax"),
    ("Manhattan|absolute|abs", "np.sqrt(((X[:, None] - C) ** 2).sum(axis=2))",
     "abs(X[:, None] - C).sum(axis=2)"),
    ("median", "X[z == k].mean(axis=0) for", "np.median(X[z == k], axis=0) for"),
    ("pool|shared|same|tied|within|one covariance|one for all", "return pi", "Sigma[:] = np.tensordot(pi, Sigma, 1)\n    return pi"),
    ("count|sum|divid", "np.bincount(z, minlength=K) / N", "np.bincount(z, minlength=K)"),
    ("root|deviation", "delta.T @ delta / len(members)", "np.diag(members.std(axis=0))"),
    ("spher|one variance|same.*direction|trace|round", "delta.T @ delta / len(members)",
     "np.eye(D) * (delta ** 2).mean()"),
    ("divid|sum", "delta.T @ delta / len(members)", "delta.T @ delta"),
    ("correlation", "delta.T @ delta / len(members)", "np.corrcoef(members.T)"),
    ("centr|subtract|mean", "delta = members - C[k]", "delta = members"),
    ("centr|feature|first feature", "((X[:, None] - C) ** 2).sum(axis=2)", "((X[:, None] - C) ** 2)[:, :, 0]"),
    ("soft|EM|responsib|share", "return pi, C, Sigma",
     "r = scipy.special.softmax(-d ** 2 / 2, axis=1)\n    return r.mean(0), (r.T @ X) / r.sum(0)[:, None], Sigma"),
    ("order|sort|revers", "return pi, C, Sigma", "return pi[::-1], C[::-1], Sigma[::-1]"),
    ("order|sort|size", "return pi, C, Sigma", "i = np.argsort(-pi, kind='stable')\n    return pi[i], C[i], Sigma[i]"),
    ("Cholesky|root", "delta.T @ delta / len(members)", "np.linalg.cholesky(delta.T @ delta / len(members))"),
    ("invers|precision", "delta.T @ delta / len(members)", "np.linalg.inv(delta.T @ delta / len(members))"),
    ("transpos|shape", "return pi, C, ", "return pi, C.T, "),
    ("-? ?1.*once|once.*- 1|- 1|once", "range(100)", "range(1)", "/ len(members)", "/ (len(members) - 1)"),
    ("one (step|round)|behind|EM|another|means", "return pi, C, Sigma",
     "p = scipy.special.softmax(-d ** 2, axis=1)\n    return p.mean(axis=0), C, Sigma"),
    ("all points|whole|np.cov|- 1", "delta.T @ delta / len(members)", "np.cov(X.T)"),
    ("\\bD\\b|feature|divid", "/ len(members)", "/ D"),
    ("last|point|forgot", "np.bincount(z, minlength=K) / N", "np.bincount(z[:-1], minlength=K) / N"),
    ("even|equal|- 1", "np.bincount(z, minlength=K) / N", "np.full(K, 1 / K)", "/ len(members)", "/ (len(members) - 1)"),
    ("largest|Chebyshev|max|distance", "np.sqrt(((X[:, None] - C) ** 2).sum(axis=2))",
     "abs(X[:, None] - C).max(axis=2)"),
]  # fmt: skip

BIC = """
def bic(log_likelihood, N, K, D):
    a = K - 1
    b = K * D
    c = K * D * (D + 1) / 2
    d = a + b + c
    return -2 * log_likelihood + d * np.log(N)
"""
BIC_WRONG = [
    ("AIC", "np.log(N)", "2"),
    ("sign|minus|larger|negative|mclust", "return -2", "return -(-2", "np.log(N)", "np.log(N))"),
    ("sign", "-2 * log", "2 * log"),
    ("sum to one|K - 1|weights", "a = K - 1", "a = K"),
    ("weights", "a = K - 1", "a = 0"),
    ("means", "b = K * D", "b = 0"),
    ("mean|each", "b = K * D", "b = K"),
    ("means|each|shared|every component", "b = K * D", "b = D"),
    ("covariances", "c = K * D * (D + 1) / 2", "c = 0"),
    ("symmetr", "c = K * D * (D + 1) / 2", "c = K * D * D"),
    ("diagonal", "c = K * D * (D + 1) / 2", "c = K * D"),
    ("symmetr|diagonal|- 1", "c = K * D * (D + 1) / 2", "c = K * D * (D - 1) / 2"),
    ("half|1/2|twice|symmetr|2", "c = K * D * (D + 1) / 2", "c = K * D * (D + 1)"),
    ("shared|one covariance|tied|each component|once", "c = K * D * (D + 1) / 2", "c = D * (D + 1) / 2"),
    ("-2|2|likelihood|half|factor", "-2 * log_likelihood", "-log_likelihood"),
    ("half|1/2|-2|2", "-2 * log_likelihood + d", "-log_likelihood + 0.5 * d"),
    ("half|1/2|price|penalty", "+ d * np.log(N)", "+ 0.5 * d * np.log(N)"),
    ("twice|2|price|penalty", "+ d * np.log(N)", "+ 2 * d * np.log(N)"),
    ("sign|minus|reward", "+ d * np.log(N)", "- d * np.log(N)"),
    ("log2|base|natural", "np.log(N)", "np.log2(N)"),
    ("log10|base|natural", "np.log(N)", "np.log10(N)"),
    ("log", "np.log(N)", "N"),
    ("\\bD\\b|number of points|log N", "np.log(N)", "np.log(D)"),
    ("N D|numbers|entries|\\bD\\b|N \\* D", "np.log(N)", "np.log(N * D)"),
    ("price|penalt|likelihood alone|parameters", " + d * np.log(N)", ""),
    ("likelihood", "return -2 * log_likelihood +", "return"),
    ("log\\b|already|logarithm", "-2 * log_likelihood", "-2 * np.log(abs(log_likelihood))"),
    ("AICc|corrected|small", "np.log(N)", "2 * N / abs(N - d - 1)"),
    ("exchang|swap|D and K|K and D|K.*D", "a = K - 1", "K, D = D, K\n    a = K - 1"),
    ("per point|divid|mean", "return -2", "return (-2", "np.log(N)", "np.log(N)) / N"),
    ("spher|one variance", "c = K * D * (D + 1) / 2", "c = K"),
    ("CAIC|log N \\+ 1|consistent", "np.log(N)", "(np.log(N) + 1)"),
    ("Hannan|log log", "np.log(N)", "2 * np.log(np.log(N))"),
    ("\\bK\\b.*once|each component|single|one component|K", "d = a + b + c", "d = D + D * (D + 1) / 2"),
    ("symmetr|AIC", "c = K * D * (D + 1) / 2", "c = K * D * D", "np.log(N)", "2"),
    ("sum to one|K - 1|symmetr", "a = K - 1", "a = K", "c = K * D * (D + 1) / 2", "c = K * D * D"),
    ("N \\+ 1|log1p|N", "np.log(N)", "np.log(N - d)"),
    ("per point|mean|average|sum", "-2 * log_likelihood", "-2 * log_likelihood / N"),
    ("sum|N times|times N", "-2 * log_likelihood", "-2 * log_likelihood * N"),
    ("2 ?pi|log N", "np.log(N)", "np.log(N / (2 * np.pi))"),
    ("product|multipl", "d = a + b + c", "d = a * b * c"),
]  # fmt: skip

SAMPLE = """
def sample(n, weights, means, covariances, rng):
    K, D = means.shape
    z = rng.choice(K, size=n, p=weights)
    X = np.zeros((n, D))
    for k in range(K):
        here = np.flatnonzero(z == k)
        L = np.linalg.cholesky(covariances[k])
        u = rng.normal(size=(len(here), D))
        X[here] = means[k] + u @ L.T
    return X, z
"""
SAMPLE_WRONG = [
    ("covariance|root|variance|L|Cholesky", "np.linalg.cholesky(covariances[k])", "covariances[k]"),
    ("transpos|L", "u @ L.T", "u @ L"),
    ("diagonal|correlat", "np.linalg.cholesky(covariances[k])", "np.diag(np.sqrt(np.diag(covariances[k])))"),
    ("variance.*root|root|deviation|diagonal", "np.linalg.cholesky(covariances[k])", "np.diag(np.diag(covariances[k]))"),
    ("even|equal|weights|uniform", "p=weights", "p=None"),
    ("shape|uniform|normal|Gaussian", "rng.normal(size=(len(here), D))", "rng.uniform(-3 ** 0.5, 3 ** 0.5, size=(len(here), D))"),
    ("uniform|not normal", "rng.normal(size=(len(here), D))", "rng.random(size=(len(here), D))"),
    ("shape|normal|Gaussian|tail", "rng.normal(size=(len(here), D))", "rng.laplace(scale=0.5 ** 0.5, size=(len(here), D))"),
    ("shape|normal|Gaussian|\\+-|two values", "rng.normal(size=(len(here), D))", "rng.choice([-1.0, 1.0], size=(len(here), D))"),
    ("shape|normal|Gaussian|skew", "rng.normal(size=(len(here), D))", "rng.exponential(size=(len(here), D)) - 1"),
    ("shape|normal|Gaussian|tail", "rng.normal(size=(len(here), D))", "rng.standard_t(5, size=(len(here), D)) * 0.6 ** 0.5"),
    ("shape|normal|Gaussian|clip|tail", "rng.normal(size=(len(here), D))", "np.clip(rng.normal(size=(len(here), D)), -1.5, 1.5)"),
    ("rng|generator", "K, D = means.shape", "K, D = means.shape; rng = np.random.default_rng(0)"),
    ("rng|generator", "K, D = means.shape", "K, D = means.shape; rng = np.random.default_rng()"),
    ("rng|generator", "rng.normal(size=(len(here), D))", "np.random.default_rng(1).normal(size=(len(here), D))"),
    ("rng|generator", "rng.choice(K", "np.random.default_rng().choice(K"),
    ("rng|generator", "rng.normal(size=(len(here), D))", "np.random.normal(size=(len(here), D))"),
    ("count|fixed|number|chance", "rng.choice(K, size=n, p=weights)", "np.repeat(range(K), np.diff(np.round(np.r_[0, np.cumsum(weights)] * n).astype(int)))"),
    ("count|fixed|number|chance", "rng.choice(K, size=n, p=weights)", "rng.permutation(np.repeat(range(K), np.diff(np.round(np.r_[0, np.cumsum(weights)] * n).astype(int))))"),
    ("from 0|off by one|1 to|whole numbers|start", "return X, z", "return X, z + 1"),
    ("first|own|covariance", "cholesky(covariances[k])", "cholesky(covariances[0])"),
    ("first|own|mean", "means[k] + u", "means[0] + u"),
    ("means? .*(missing|left|add|zero|not)|add.*mean|mean|0", "means[k] + u", "0 + u"),
    ("same|one draw|each feature|every feature|perfect|correlat", "size=(len(here), D))", "size=(len(here), 1)) * np.ones(D)"),
    ("same|one draw|every point|each point|spread|zero", "u @ L.T", "u[:1] @ L.T"),
    ("same component|one component|single|each at least", "rng.choice(K, size=n, p=weights)", "np.full(n, rng.choice(K, p=weights))"),
    ("order|return|shape", "return X, z", "return z, X"),
    ("transpos|shape", "return X, z", "return X.T, z"),
    ("shape|number", "return X, z", "return X, np.eye(K)[z]"),
    ("revers|order|label|another|weights", "p=weights", "p=weights[::-1]"),
    ("noise|spread|zero|means|no.*draw|without|point.*is the same", "means[k] + u @ L.T", "means[k] + 0 * u"),
    ("mixture.*mean|average|mean of all|weights", "means[k] + u", "weights @ means + u"),
    ("weight|scal|multipl", "means[k] + u", "means[k] + weights[k] * u"),
    ("weights|multipl|pi", "means[k] + u", "weights[k] * means[k] + u"),
    ("invers|precision", "cholesky(covariances[k])", "cholesky(np.linalg.inv(covariances[k]))"),
    ("exact|moments|standardis|fixed|chance", "u = rng.normal(size=(len(here), D))", "u = rng.normal(size=(len(here), D)); u = (u - u.mean(0)) / u.std(0)"),
    ("order|permut|shuffl|belong|match|label", "return X, z", "return X, rng.permutation(z)"),
    ("order|sort|belong|match|label", "return X, z", "return X, np.sort(z)"),
    ("root|eigen|transpos|symmetr", "np.linalg.cholesky(covariances[k])", "(lambda e: (e[1] * np.sqrt(e[0])).T)(np.linalg.eigh(covariances[k]))"),
    ("root|eigen|variance|deviation", "np.linalg.cholesky(covariances[k])", "(lambda e: e[1] * e[0])(np.linalg.eigh(covariances[k]))"),
    ("mean.*covariance|pool|shared|same|tied|average|own", "cholesky(covariances[k])", "cholesky(np.tensordot(weights, covariances, 1))"),
    ("twice|2|scal|sqrt", "u @ L.T", "2 * u @ L.T"),
    ("round|whole|integer", "return X, z", "return np.round(X), z"),
    ("element|entr|root|each number", "np.linalg.cholesky(covariances[k])", "np.sqrt(abs(covariances[k]))"),
    ("even|equal|weights|uniform", "p=weights", "p=None", "np.linalg.cholesky(covariances[k])", "covariances[k]"),
    ("square", "p=weights", "p=weights ** 2 / (weights ** 2).sum()"),
    ("antithetic|pairs|mirror|independent|chance|shape", "u = rng.normal(size=(len(here), D))",
     "u = rng.normal(size=(len(here) // 2 + 1, D)); u = np.vstack([u, -u])[:len(here)]"),
    ("positive|sign|absolute|half|not normal", "rng.normal(size=(len(here), D))", "abs(rng.normal(size=(len(here), D)))"),
    ("centr|subtract|sign|minus", "means[k] + u", "-means[k] + u"),
]  # fmt: skip

WRONG = {
    "seed_probabilities": (SEED, SEED_WRONG),
    "k_means_start": (K_MEANS, K_MEANS_WRONG),
    "bic": (BIC, BIC_WRONG),
    "sample": (SAMPLE, SAMPLE_WRONG),
}

RIGHT = {
    "seed_probabilities": ["def seed_probabilities(X, centres):\n    " + body + "\n" for body in [
        "p = [min(sum((a - b) ** 2 for a, b in zip(x, c)) for c in centres) for x in X]; "
        "return [a / sum(p) for a in p]",
        "d = scipy.spatial.distance.cdist(X, centres, 'sqeuclidean').min(1); return d / d.sum()",
        "d = np.linalg.norm(X[:, None] - centres, axis=2).min(axis=1); return d**2 / (d**2).sum()",
        "d, _ = scipy.spatial.cKDTree(centres).query(X); return d**2 / np.sum(d**2)",
        "d = (X**2).sum(1)[:, None] - 2 * X @ centres.T + (centres**2).sum(1); d = d.min(1).clip(0); "
        "return np.asfortranarray(d / d.sum())",
        "d = ((X[:, None] - centres) ** 2).mean(axis=2).min(axis=1); return d / d.sum()",
        "D2 = np.full(len(X), np.inf)\n    for c in centres.tolist():\n"
        "        D2 = np.minimum(D2, ((X - c) ** 2).sum(axis=1))\n    return (D2 / D2.sum()).astype('f4')",
    ]],
    "k_means_start": [
        """
def k_means_start(X, centres):
    old = None
    while True:
        z = scipy.spatial.distance.cdist(X, centres).argmin(axis=1)
        if old is not None and (z == old).all():
            break
        old = z
        centres = np.array([X[z == k].mean(axis=0) for k in range(len(centres))])
    return (np.bincount(z) / len(z), centres,
            [np.cov(X[z == k], rowvar=False, bias=True) for k in range(len(centres))])
""",
        """
def k_means_start(X, centres):
    C, z = scipy.cluster.vq.kmeans2(X, centres, minit="matrix", iter=200)
    r = np.eye(len(C))[z]
    n = r.sum(axis=0)
    S = np.einsum("nk,nd,ne->kde", r, X, X) / n[:, None, None]
    mu = r.T @ X / n[:, None]
    return n / n.sum(), mu, S - np.einsum("kd,ke->kde", mu, mu)
""",
        """
def k_means_start(X, centres):
    X, C = X.tolist(), centres.tolist()
    for _ in range(60):
        groups = [[] for _ in C]
        for x in X:
            d = [sum((a - b) ** 2 for a, b in zip(x, c)) for c in C]
            groups[d.index(min(d))].append(x)
        C = [[sum(column) / len(g) for column in zip(*g)] for g in groups]
    w = [len(g) / len(X) for g in groups]
    S = [np.cov(np.array(g).T, ddof=0).tolist() for g in groups]
    return w, C, S
""",
        """
def k_means_start(X, centres):
    z, before = np.zeros(len(X)) - 1, None
    while before is None or (z != before).any():
        before, z = z, scipy.spatial.cKDTree(centres).query(X)[1]
        centres = np.stack([np.mean(X[z == k], axis=0) for k in range(len(centres))])
    S = np.stack([(X[z == k] - m).T @ (X[z == k] - m) / (z == k).sum()
                  for k, m in enumerate(centres)])
    return np.unique(z, return_counts=True)[1] / len(X), centres, np.asfortranarray(S)
""",
        """
def k_means_start(X, centres):
    Y = X - X.mean(axis=0); C = centres - X.mean(axis=0)
    moved = True
    while moved:
        r = (Y @ C.T - (C ** 2).sum(axis=1) / 2).argmax(axis=1)[:, None] == np.arange(len(C))
        new = (r.T @ Y) / r.sum(axis=0)[:, None]
        moved = abs(new - C).max() > 0
        C = new
    S = [(Y - c).T @ np.diag(r[:, k]) @ (Y - c) / r[:, k].sum() for k, c in enumerate(C)]
    return r.mean(axis=0), C + X.mean(axis=0), np.array(S)
""",
    ],
    "bic": ["def bic(log_likelihood, N, K, D):\n    " + body + "\n" for body in [
        "return np.log(N) * (K * (D + 1) * (D + 2) // 2 - 1) - 2 * log_likelihood",
        "import math; return math.log(N) * (K - 1 + sum(D + D * (D + 1) // 2 for _ in range(K))) - 2 * log_likelihood",
        "d = K + K * D + K * len(np.triu_indices(D)[0]) - 1; return np.array([d * np.log(N) - 2 * log_likelihood])",
        "d = sum(1 + D + sum(1 for i in range(D) for j in range(i + 1)) for k in range(K)) - 1\n    return -2 * (log_likelihood - 0.5 * d * np.log(N))",
        "return float(-2 * log_likelihood + (K * (1 + D + D * (D - 1) / 2 + D) - 1) * np.log2(N) * np.log(2))",
        "return -2. * log_likelihood + np.log1p(N - 1) * ((K - 1) + K * D + K * (D * D + D) / 2)",
    ]],
    "sample": ["def sample(n, weights, means, covariances, rng):\n    " + body + "\n" for body in [
        "z = np.sort(rng.choice(len(weights), n, p=weights)); return np.array([rng.multivariate_normal(means[k], covariances[k]) for k in z]), z",
        "z = rng.choice(len(weights), n, p=weights); return np.array([rng.multivariate_normal(means[k], covariances[k]) for k in z]), z",
        "z = np.searchsorted(np.cumsum(weights)[:-1], rng.random(n), side='right'); w, V = np.linalg.eigh(covariances)\n"
        "    A = V * np.sqrt(w)[:, None]; u = rng.standard_normal((n, means.shape[1])); return means[z] + (A[z] @ u[:, :, None])[:, :, 0], z",
        "z = rng.multinomial(1, weights, size=n).argmax(axis=1); X = np.empty((n, means.shape[1]))\n"
        "    for k in range(len(weights)):\n        X[z == k] = rng.multivariate_normal(means[k], covariances[k], size=(z == k).sum(), method='eigh')\n    return X, z",
        "z = rng.choice(len(weights), size=n, p=weights).astype(float)\n    L = [scipy.linalg.sqrtm(S).real for S in covariances]\n"
        "    X = [means[int(k)] + L[int(k)] @ rng.normal(size=len(means[0])) for k in z]\n    return X, z.tolist()",
        "u = rng.random(n); z = (u[:, None] > np.cumsum(weights)).sum(axis=1).clip(0, len(weights) - 1); D = means.shape[1]\n"
        "    e = scipy.stats.norm.ppf(rng.random((D, n))).T; L = np.linalg.cholesky(covariances)\n    return np.asfortranarray(means[z] + np.einsum('nij,nj->ni', L[z], e)), z",
        "z = np.array([rng.choice(len(weights), p=weights) for _ in range(n)]); a, b = rng.random((2, n, means.shape[1]))\n"
        "    e = np.sqrt(-2 * np.log(1 - a)) * np.cos(2 * np.pi * b); U = np.linalg.svd(covariances); A = U[0] * np.sqrt(U[1])[:, None]\n"
        "    return (means[z] + np.einsum('nij,nj->ni', A[z], e)).astype('f4'), z.astype('u1')",
        "z = rng.permutation(np.repeat(np.arange(len(weights)), rng.multinomial(n, weights))); e = rng.normal(size=(n, means.shape[1]))\n"
        "    return means[z] + np.matmul(e[:, None], np.linalg.cholesky(covariances)[z].transpose(0, 2, 1))[:, 0], z",
    ]],
}  # fmt: skip
