"""Answers to map_m_step, posterior_counts and the two expectations; see steps how to read them."""

# ruff: noqa: E501 (a mistake is a line)

MAP = """
def map_m_step(X, r, m, kappa, scale, nu, alpha):
    N, D = X.shape
    K = r.shape[1]
    N_k = r.sum(axis=0)
    pi = N_k + alpha - 1
    pi = pi / pi.sum()
    sums = r.T @ X
    mu = (sums + kappa * m) / (N_k + kappa)[:, None]
    Sigma = np.zeros((K, D, D))
    for k in range(K):
        xbar = sums[k] / N_k[k] if N_k[k] > 0 else mu[k]
        d = X - xbar
        W = (r[:, [k]] * d).T @ d
        between = N_k[k] * np.outer(xbar - mu[k], xbar - mu[k])
        prior = kappa * np.outer(m - mu[k], m - mu[k])
        S = scale + W + between + prior
        Sigma[k] = S / (N_k[k] + nu + D + 2)
    return pi, mu, Sigma
"""
MAP_WRONG = [
    ("alpha.*(left|not|missing|forgot|used)|prior.*weights|without.*prior|ignor|N_k / N", "N_k + alpha - 1", "N_k"),
    ("- 1|mean of|mode|one", "N_k + alpha - 1", "N_k + alpha"),
    ("- 1|mean of|mode|N_k|divid|sum", "pi / pi.sum()", "pi / N"),
    ("sum|normalis|divid", "pi = pi / pi.sum()", "pi = pi"),
    ("sum|normalis|divid|alpha|\\bK\\b", "pi / pi.sum()", "pi / (N + alpha.sum())"),
    ("alpha.*alone|points|N_k|prior alone", "N_k + alpha - 1", "alpha - 1"),
    ("even|equal|uniform|weights", "pi = pi / pi.sum()", "pi = np.full(K, 1 / K)"),
    ("\\bK\\b|alpha.*(divid|share)", "alpha - 1", "alpha / K"),
    ("sign|\\+ 1|added", "alpha - 1", "alpha + 1"),
    ("prior|kappa|m\\b", "(sums + kappa * m) / (N_k + kappa)[:, None]", "sums / N_k[:, None]"),
    ("kappa|\\bm\\b", "sums + kappa * m", "sums"),
    ("kappa|divid|denominator", "/ (N_k + kappa)[:, None]", "/ N_k[:, None]"),
    ("kappa|once|one point", "sums + kappa * m", "sums + m"),
    ("kappa|N_k|sum|mean.*sum|weigh", "(sums + kappa * m)", "(sums / N_k[:, None] + kappa * m)"),
    ("average|half|middle|even", "(sums + kappa * m) / (N_k + kappa)[:, None]", "(sums / N_k[:, None] + m) / 2"),
    ("alone|points|prior", "(sums + kappa * m) / (N_k + kappa)[:, None]", "np.tile(m, (K, 1))"),
    ("\\bN\\b", "(N_k + kappa)[:, None]", "(N + kappa)"),
    ("prior|ignor|without", "S / (N_k[k] + nu + D + 2)", "(W + between) / N_k[k]"),
    ("mean of|D \\+ 1|posterior mean|mode|D \\+ 2|Wishart", "nu + D + 2", "nu + D + 1"),
    ("mean of|D - 1|posterior mean|mode|D \\+ 2", "nu + D + 2", "nu - D - 1"),
    ("D \\+ 2|nu|divid|mode", "nu + D + 2", "nu"),
    ("D \\+ 2|nu|divid", "N_k[k] + nu + D + 2", "N_k[k]"),
    ("nu\\b|divid", "N_k[k] + nu + D + 2", "N_k[k] + D + 2"),
    ("\\bN\\b|N_k|divid", "S / (N_k[k] +", "S / (N +"),
    ("scale", "scale + W", "W"),
    ("between|xbar|x_bar|own mean|N_k \\(|shift|mean of the points", "+ between", ""),
    ("kappa|\\bm\\b|prior", "+ prior", ""),
    ("kappa", "prior = kappa *", "prior = "),
    ("invers", "scale + W", "np.linalg.inv(scale) + W"),
    ("nu|scale", "scale + W", "nu * scale + W"),
    ("sign|minus|subtract", "W + between + prior", "W + between - prior"),
    ("centr|subtract|mean", "d = X - xbar", "d = X"),
    ("prior|\\bm\\b", "d = X - xbar", "d = X - m"),
    ("twice|between|new mean|already|mu_k", "d = X - xbar", "d = X - mu[k]"),
    ("weigh|responsib|\\br\\b", "(r[:, [k]] * d).T @ d", "d.T @ d"),
    ("N_k|between|weigh", "N_k[k] * np.outer", "np.outer"),
    ("without a point|0", " if N_k[k] > 0 else mu[k]", ""),
    ("divid|S\\b", "S / (N_k[k] + nu + D + 2)", "S"),
    ("diagonal|correlat", "S / (N_k[k] + nu", "np.diag(np.diag(S)) / (N_k[k] + nu"),
    ("outer|matrix|number|inner|dot|entr", "np.outer(m - mu[k], m - mu[k])", "(m - mu[k]) @ (m - mu[k])"),
    ("kappa|divid", "N_k[k] + nu + D + 2", "N_k[k] + nu + D + 2 + kappa"),
    ("\\bK\\b|\\bD\\b", "nu + D + 2", "nu + K + 2"),
    ("D \\+ 2|D \\+ 1|2", "nu + D + 2", "nu + D"),
    ("D \\+ 2|2|D\\b", "nu + D + 2", "nu + 2"),
    ("x_?bar|mean of the points|kappa|m\\b", "np.outer(m - mu[k], m - mu[k])", "np.outer(m - xbar, m - xbar)"),
    ("N_k|divid|covariance|scatter", "W = (r[:, [k]] * d).T @ d", "W = (r[:, [k]] * d).T @ d / N_k[k]"),
    ("divid|N_k|average|covariance.*plus|added|outside|after", "S / (N_k[k] + nu + D + 2)", "scale + (S - scale) / N_k[k]"),
    ("\\bK\\b|share|each|scale", "scale + W", "scale / K + W"),
    ("kappa.*(\\bK\\b|share|divid)|\\bK\\b|share|each", "sums + kappa * m) / (N_k + kappa)", "sums + kappa / K * m) / (N_k + kappa / K)"),
    ("hard|largest|certain|wholly", "N_k = r.sum", "r = np.eye(K)[r.argmax(axis=1)]; N_k = r.sum"),
    ("- 1.*D \\+ 2|D \\+ 2.*- 1|- 1|mode", "alpha - 1", "alpha", "nu + D + 2", "nu + D + 1"),
    ("scale.*kappa|scale|prior", "scale + W + between + prior", "W + between + prior"),
    ("order|shape|return", "return pi, mu, Sigma", "return mu, pi, Sigma"),
]  # fmt: skip

COUNTS = """
def posterior_counts(r, alpha_0, beta_0, nu_0):
    N, K = r.shape
    N_k = r.sum(axis=0)
    alpha = alpha_0 + N_k
    beta = beta_0 + N_k
    nu = nu_0 + N_k
    return alpha, beta, nu
"""
COUNTS_WRONG = [
    ("prior|alpha_0", "alpha_0 + N_k", "N_k"),
    ("prior|beta_0", "beta_0 + N_k", "N_k"),
    ("prior|nu_0", "nu_0 + N_k", "N_k"),
    ("point|N_k|data|r\\b", "alpha_0 + N_k", "alpha_0 + 0 * N_k"),
    ("point|N_k|data|r\\b|beta", "beta_0 + N_k", "beta_0 + 0 * N_k"),
    ("point|N_k|data|r\\b|nu", "nu_0 + N_k", "nu_0 + 0 * N_k"),
    ("alpha_0", "alpha_0 + N_k", "N_k", "beta_0 + N_k", "N_k", "nu_0 + N_k", "N_k"),
    ("\\bK\\b|shared", "alpha_0 + N_k", "alpha_0 / K + N_k"),
    ("\\bK\\b", "alpha_0 + N_k", "alpha_0 * K + N_k"),
    ("- 1|mode", "alpha_0 + N_k", "alpha_0 + N_k - 1"),
    ("\\+ 1|one|1", "nu_0 + N_k", "nu_0 + N_k + 1"),
    ("- 1|one|1", "nu_0 + N_k", "nu_0 + N_k - 1"),
    ("multipl|times|product", "beta_0 + N_k", "beta_0 * N_k"),
    ("\\bN\\b|all points|N / K|share", "N_k = r.sum(axis=0)", "N_k = np.full(K, N / K)"),
    ("\\bN\\b|all points|every point", "N_k = r.sum(axis=0)", "N_k = np.full(K, N)"),
    ("mean|share|average|fraction|divid", "r.sum(axis=0)", "r.mean(axis=0)"),
    ("square", "r.sum(axis=0)", "(r ** 2).sum(axis=0)"),
    ("hard|largest|certain", "N_k = r.sum(axis=0)", "N_k = np.bincount(r.argmax(axis=1), minlength=K)"),
    ("max|largest", "r.sum(axis=0)", "r.max(axis=0)"),
    ("sum|normalis", "return alpha", "alpha = alpha / alpha.sum()\n    return alpha"),
    ("order|exchang|swap", "return alpha, beta, nu", "return beta, alpha, nu"),
    ("order|exchang|swap", "return alpha, beta, nu", "return alpha, nu, beta"),
    ("order|revers|exchang", "return alpha, beta, nu", "return nu, beta, alpha"),
    ("half|1/2|2", "alpha_0 + N_k", "alpha_0 + N_k / 2"),
    ("half|1/2|2", "nu_0 + N_k", "nu_0 + N_k / 2"),
    ("halv|half|1/2|2", "nu_0 + N_k", "(nu_0 + N_k) / 2"),
    ("alpha_0|own|same|prior", "beta_0 + N_k", "alpha_0 + N_k"),
    ("nu_0|beta_0|own|same|prior", "nu_0 + N_k", "beta_0 + N_k"),
    ("sign|minus|subtract", "beta_0 + N_k", "beta_0 - N_k"),
    ("round|whole|integer", "N_k = r.sum(axis=0)", "N_k = np.round(r.sum(axis=0))"),
    ("shape|axis", "r.sum(axis=0)", "r.sum(axis=1)"),
    ("shape|sum", "r.sum(axis=0)", "r.sum()"),
    ("max|at least|larger", "alpha_0 + N_k", "np.maximum(alpha_0, N_k)"),
    ("last|first|one point", "r.sum(axis=0)", "r[:-1].sum(axis=0)"),
    ("twice|2", "nu_0 + N_k", "nu_0 + 2 * N_k"),
    ("average|mean|halv|half", "beta_0 + N_k", "(beta_0 + N_k) / 2"),
    ("\\bN\\b|shape", "nu_0 + N_k", "nu_0 + N"),
    ("\\bN\\b|shape", "alpha_0 + N_k", "alpha_0 + N"),
    ("\\bN\\b|mean|share|fraction|divid", "alpha_0 + N_k", "alpha_0 + N_k / N"),
    ("invers|1 ?/", "beta_0 + N_k", "1 / (beta_0 + N_k)"),
    ("cumul", "r.sum(axis=0)", "np.cumsum(r.sum(axis=0))"),
    ("\\bK\\b|feature", "nu_0 + N_k", "nu_0 + N_k + K"),
    ("1 is subtracted", "alpha_0 + N_k", "alpha_0 + N_k - 1", "beta_0 + N_k", "N_k"),
]  # fmt: skip

LOG_WEIGHTS = """
def expected_log_weights(alpha):
    psi = scipy.special.digamma
    total = alpha.sum()
    return psi(alpha) - psi(total)
"""
LOG_WEIGHTS_WRONG = [
    ("log of|mean|E\\[pi\\]|expected weight", "psi(alpha) - psi(total)", "np.log(alpha / total)"),
    ("sum|total|second|subtract", "psi(alpha) - psi(total)", "psi(alpha)"),
    ("summed|sum of|total|order|each|digamma of the sum", "psi(total)", "psi(alpha).sum()"),
    ("log|digamma", "- psi(total)", "- np.log(total)"),
    ("log|digamma", "psi(alpha) -", "np.log(alpha) -"),
    ("mean|sum", "psi(total)", "psi(alpha.mean())"),
    ("mode|- 1|likeliest", "psi(alpha) - psi(total)", "np.log((alpha - 1) / (total - len(alpha)))"),
    ("gammaln|log.*[Gg]amma|derivative", "scipy.special.digamma", "scipy.special.gammaln"),
    ("trigamma|polygamma|variance|second deriv", "scipy.special.digamma", "(lambda a: scipy.special.polygamma(1, a))"),
    ("1 is subtracted", "psi(alpha) - psi(total)", "psi(alpha - 1) - psi(total - len(alpha))"),
    ("1 is subtracted", "psi(alpha) -", "psi(alpha - 1) -"),
    ("1 is added", "psi(alpha) -", "psi(alpha + 1) -"),
    ("\\bK\\b|number", "psi(total)", "psi(len(alpha))"),
    ("exp", "return psi(alpha) - psi(total)", "return np.exp(psi(alpha) - psi(total))"),
    ("normalis|sum to one|log-sum|softmax", "return psi(alpha) - psi(total)", "a = psi(alpha)\n    return a - scipy.special.logsumexp(a)"),
    ("sign|minus|turned|exchang", "psi(alpha) - psi(total)", "psi(total) - psi(alpha)"),
    ("sign|plus|\\+|added", "psi(alpha) - psi(total)", "psi(alpha) + psi(total)"),
    ("divid|ratio|quotient", "psi(alpha) - psi(total)", "psi(alpha) / psi(total)"),
    ("log.*ratio|log of", "psi(alpha) - psi(total)", "np.log(abs(psi(alpha) / psi(total)))"),
    ("expected weight|normalis|divid|mean|inside", "psi(alpha) - psi(total)", "psi(alpha / total)"),
    ("stick|cumul|after|rest|from k on", "total = alpha.sum()", "total = np.cumsum(alpha[::-1])[::-1]"),
    ("1 - pi|others|rest", "psi(alpha) -", "psi(total - alpha) -"),
    ("base|log2|bits", "psi(alpha) - psi(total)", "(psi(alpha) - psi(total)) / np.log(2)"),
    ("weights? themselves|mean|log", "psi(alpha) - psi(total)", "alpha / total"),
    ("first|one component", "total = alpha.sum()", "total = alpha[0]"),
    ("largest|max", "total = alpha.sum()", "total = alpha.max()"),
    ("shape|sum", "return psi(alpha) - psi(total)", "return (psi(alpha) - psi(total)).sum()"),
    ("- 1|1", "psi(total)", "psi(total - 1)"),
    ("- 1|\\bK\\b", "psi(total)", "psi(total - len(alpha))"),
    ("half|2|series|approx", "psi = scipy.special.digamma", "psi = lambda a: np.log(a) - 1 / (2 * a)"),
    ("log|digamma", "psi(alpha) - psi(total)", "np.log(alpha) - np.log(total) - 0.5 / alpha"),
    ("sum|mean|divid", "psi(alpha) - psi(total)", "psi(alpha) - psi(total) / len(alpha)"),
    ("order|sort", "return psi(alpha) - psi(total)", "return psi(np.sort(alpha)) - psi(total)"),
    ("square", "total = alpha.sum()", "total = (alpha ** 2).sum()"),
    ("half|halv", "psi(alpha) - psi(total)", "psi(alpha / 2) - psi(total / 2)"),
    ("last|other|own|without|leave|itself", "total = alpha.sum()", "total = alpha.sum() - alpha"),
    ("twice|log", "return psi(alpha) - psi(total)", "return alpha * (psi(alpha) - psi(total))"),
    ("softmax|exp|normalis", "return psi(alpha) - psi(total)", "return scipy.special.softmax(psi(alpha))"),
]  # fmt: skip

LOG_DET = """
def expected_log_det(nu, W):
    K, D = W.shape[:2]
    total = np.zeros(K)
    for i in range(1, D + 1):
        total += scipy.special.digamma((nu + 1 - i) / 2)
    logdet = np.linalg.slogdet(W)[1]
    return total + D * np.log(2) + logdet
"""
LOG_DET_WRONG = [
    ("digamma", "return total +", "return"),
    ("log 2", "+ D * np.log(2) ", ""),
    ("log 2|\\bD\\b", "D * np.log(2)", "np.log(2)"),
    ("log 2|\\bD\\b.*\\bK\\b|\\bK\\b", "D * np.log(2)", "K * np.log(2)"),
    ("determinant|\\|W|log", "+ logdet", ""),
    ("\\|W\\| itself", "np.linalg.slogdet(W)[1]", "np.linalg.det(W)"),
    ("sign|invers|determinant", "+ logdet", "- logdet"),
    ("off by one|one|i\\b|nu \\+ 1|\\+ 1", "nu + 1 - i", "nu - i"),
    ("off by one|one|i\\b|from 0|nu \\+ 1|\\+ 1", "nu + 1 - i", "nu + 2 - i"),
    ("same|each feature|i\\b|D times|features", "(nu + 1 - i) / 2", "nu / 2"),
    ("same|each feature|i\\b|last|D times", "(nu + 1 - i) / 2", "(nu + 1 - D) / 2"),
    ("E\\[|mean|log of|log det", "return total + D * np.log(2) + logdet", "return np.linalg.slogdet(nu[:, None, None] * W)[1]"),
    ("half|2", "(nu + 1 - i) / 2", "(nu + 1 - i)"),
    ("half|only nu|2|brackets|parenthes", "(nu + 1 - i) / 2", "nu + (1 - i) / 2"),
    ("half|2|brackets|parenthes|i / 2", "(nu + 1 - i) / 2", "nu / 2 + 1 - i"),
    ("sign|\\+ i|minus|grow", "nu + 1 - i", "nu - 1 + i"),
    ("gammaln|[Gg]amma function|derivative", "scipy.special.digamma", "scipy.special.gammaln"),
    ("trigamma|polygamma|second|variance", "scipy.special.digamma(", "scipy.special.polygamma(1, "),
    ("first|own|nu", "nu + 1 - i", "nu[0] + 1 - i"),
    ("first|own|W", "np.linalg.slogdet(W)[1]", "np.linalg.slogdet(W[0])[1]"),
    ("trace", "np.linalg.slogdet(W)[1]", "np.log(np.trace(W, axis1=1, axis2=2))"),
    ("half|1/2|0\\.5|Cholesky", "+ logdet", "+ logdet / 2"),
    ("half|1/2|0\\.5", "return total + D * np.log(2) + logdet", "return 0.5 * (total + D * np.log(2) + logdet)"),
    ("last|D - 1|one.*few|D terms|loop|range", "range(1, D + 1)", "range(1, D)"),
    ("first|one.*few|D terms|loop|range|i runs|missing in the argument", "range(1, D + 1)", "range(2, D + 1)"),
    ("too many|one more|D \\+ 1|loop|range|from 0", "range(1, D + 1)", "range(0, D + 1)"),
    ("from 0|range|i\\b", "range(1, D + 1)", "range(0, D)"),
    ("\\bK\\b", "range(1, D + 1)", "range(1, K + 1)"),
    ("log\\b|digamma", "scipy.special.digamma((nu + 1 - i) / 2)", "np.log((nu + 1 - i) / 2)"),
    ("log pi|2|pi", "np.log(2)", "np.log(np.pi)"),
    ("2 ?pi|pi", "np.log(2)", "np.log(2 * np.pi)"),
    ("base|log2|log10|natural", "D * np.log(2)", "D * np.log10(2)"),
    ("base|log2|natural|1\\b|log 2", "D * np.log(2)", "D * np.log2(2)"),
    ("small|floating|slogdet", "np.linalg.slogdet(W)[1]", "np.log(np.linalg.det(W))"),
    ("sign|invers", "np.linalg.slogdet(W)[1]", "-np.linalg.slogdet(W)[1]", "return total", "return -total"),
    ("diagonal", "np.linalg.slogdet(W)[1]", "np.log(np.diagonal(W, axis1=1, axis2=2)).sum(axis=1)"),
    ("subtracted", "return total + D", "return total - D"),
    ("sign|minus", "return total", "return -total"),
    ("exp", "return total + D * np.log(2) + logdet", "return np.exp(total + D * np.log(2) + logdet)"),
    ("shape|sum", "return total + D * np.log(2) + logdet", "return (total + D * np.log(2) + logdet).sum()"),
    ("log 2|half|1/2", "D * np.log(2)", "D / 2 * np.log(2)"),
    ("\\bD\\b|times", "+ logdet", "+ D * logdet"),
    ("average|mean|divid|\\bD\\b", "return total", "return total / D"),
    ("accumul|sum|last|add", "total += ", "total = "),
    ("digamma.*sum|sum.*inside|inside", "    logdet = ", "    total = scipy.special.digamma(sum((nu + 1 - i) / 2 for i in range(1, D + 1)))\n    logdet = "),
    ("log 2.*determinant|determinant.*log 2|log 2|determinant", "+ D * np.log(2) + logdet", ""),
    ("nu|degrees|mean|times", "np.linalg.slogdet(W)[1]", "np.linalg.slogdet(nu[:, None, None] * W)[1]"),
]  # fmt: skip

WRONG = {
    "map_m_step": (MAP, MAP_WRONG),
    "posterior_counts": (COUNTS, COUNTS_WRONG),
    "expected_log_weights": (LOG_WEIGHTS, LOG_WEIGHTS_WRONG),
    "expected_log_det": (LOG_DET, LOG_DET_WRONG),
}

MAPS = [
    """
    Y = np.vstack([X, m]); c = np.vstack([r, np.full(K, kappa)])
    mu = (c.T @ Y) / c.sum(axis=0)[:, None]
    S = [scale + np.cov(Y.T, aweights=c[:, k], ddof=0) * c[:, k].sum() for k in range(K)]
    pi = Nk + alpha - 1
    return pi / pi.sum(), mu, [s / (n + nu + D + 2) for s, n in zip(S, Nk)]
""",
    """
    mu = (r.T @ X + kappa * m) / (Nk + kappa)[:, None]
    second = np.einsum("nk,nd,ne->kde", r, X, X) + kappa * np.outer(m, m) + scale
    S = second - (Nk + kappa)[:, None, None] * mu[:, :, None] * mu[:, None]
    return (Nk + alpha - 1) / (len(X) + alpha.sum() - K), mu, S / (Nk + nu + D + 2)[:, None, None]
""",
    """
    pi, mu, Sigma = [], [], []
    for k in range(K):
        pi.append(float(Nk[k] + alpha[k] - 1))
        xb = sum(r[n, k] * X[n] for n in range(len(X))) / max(Nk[k], 1e-200)
        W = sum(r[n, k] * np.outer(X[n] - xb, X[n] - xb) for n in range(len(X)))
        mu.append((Nk[k] * xb + kappa * m) / (Nk[k] + kappa))
        shrink = kappa * Nk[k] / (kappa + Nk[k])
        Sigma.append((scale + W + shrink * np.outer(xb - m, xb - m)) / (Nk[k] + nu + D + 2))
    return [p / sum(pi) for p in pi], mu, Sigma
""",
    """
    mu = m + (r.T @ (X - m)) / (Nk + kappa)[:, None]
    d = X[:, None] - mu
    e = m - mu
    S = np.einsum("nk,nkd,nke->kde", r, d, d) + kappa * np.einsum("kd,ke->kde", e, e) + scale
    w = (Nk + (alpha - 1)) / np.sum(Nk + (alpha - 1))
    return w.astype("f4"), np.asfortranarray(mu), S / np.reshape(Nk + nu + D + 2, (-1, 1, 1))
""",
    """
    a = np.array(alpha).tolist()
    pi = np.array([Nk[k] + a[k] - 1 for k in range(K)])
    with np.errstate(all="ignore"):
        xb = np.where(Nk[:, None] > 0, r.T @ X / Nk[:, None], m)
    mu = xb * (Nk / (Nk + kappa))[:, None] + m * (kappa / (Nk + kappa))[:, None]
    out = np.zeros((K, D, D), order="F")
    for k in range(K):
        A = np.vstack([np.sqrt(r[:, [k]]) * (X - mu[k]), np.sqrt(kappa) * (m - mu[k])[None]])
        out[k] = (A.T @ A + scale) / (D + 2 + nu + Nk[k])
    return pi / pi.sum(), mu, out
""",
]
RIGHT = {
    "map_m_step": [
        "def map_m_step(X, r, m, kappa, scale, nu, alpha):\n"
        "    K, D, Nk = r.shape[1], X.shape[1], r.sum(axis=0)" + body
        for body in MAPS
    ],
    "posterior_counts": ["def posterior_counts(r, alpha_0, beta_0, nu_0):\n    " + body + "\n" for body in [
        "return tuple(a + r.sum(axis=0) for a in (alpha_0, beta_0, nu_0))",
        "n = [sum(c) for c in zip(*r.tolist())]; return [alpha_0 + a for a in n], [beta_0 + a for a in n], [nu_0 + a for a in n]",
        "return list(np.add.outer([alpha_0, beta_0, nu_0], np.einsum('nk->k', r)))",
        "a = np.full(r.shape[1], alpha_0); b = np.full(r.shape[1], beta_0); c = np.full(r.shape[1], nu_0)\n"
        "    for row in r:\n        a += row; b += row; c += row\n    return a, b, c",
        "n = (np.asfortranarray(r).T @ np.ones(len(r))).astype('f4'); return alpha_0 + n, beta_0 + n, nu_0 + n",
        "n = len(r) * r.mean(axis=0); return n + alpha_0, n + beta_0, n + nu_0",
    ]],
    "expected_log_weights": ["def expected_log_weights(alpha):\n    " + body + "\n" for body in [
        "return scipy.special.psi(alpha) - scipy.special.psi(np.sum(alpha))",
        "from scipy.special import polygamma; return polygamma(0, alpha) - polygamma(0, sum(alpha))",
        "return [scipy.special.digamma(a) - scipy.special.digamma(alpha.sum()) for a in alpha.tolist()]",
        "a = alpha; s = a.sum(); return scipy.special.digamma(a + 1) - 1 / a - scipy.special.digamma(s + 1) + 1 / s",
        "return np.array([scipy.special.psi(a) for a in alpha], dtype='f4') - scipy.special.psi(alpha.sum())",
        "def psi(x):\n        s = 0\n        while x < 20:\n            s -= 1 / x; x += 1\n"
        "        return s + np.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4)\n"
        "    return np.array([psi(a) for a in alpha]) - psi(alpha.sum())",
    ]],
    "expected_log_det": ["def expected_log_det(nu, W):\n    psi = scipy.special.digamma; K, D = W.shape[:2]\n    " + body + "\n" for body in [
        "return psi((nu[:, None] - np.arange(D)) / 2).sum(axis=1) + np.linalg.slogdet(2 * W)[1]",
        "return [sum(psi((nu[k] + 1 - i) / 2) for i in range(1, D + 1)) + D * np.log(2) + np.linalg.slogdet(W[k])[1] for k in range(K)]",
        "L = np.linalg.cholesky(W); return 2 * np.log(np.einsum('kii->ki', L)).sum(1) + sum(psi((nu - i) / 2) + np.log(2) for i in range(D))",
        "e = np.linalg.eigvalsh(W); return np.log(2 * e).sum(axis=-1) + psi(0.5 * np.subtract.outer(nu, np.arange(D))).sum(axis=-1)",
        "i = np.arange(1, D + 1)[:, None]; return np.asfortranarray(psi((nu + 1 - i) / 2).sum(0) + D * np.log(2) - np.linalg.slogdet(np.linalg.inv(W))[1]).astype('f4')",
        "out = np.zeros(K)\n    for k in range(K):\n        P, L, U = scipy.linalg.lu(W[k])\n"
        "        out[k] = np.log(abs(np.diag(U))).sum() + D * np.log(2) + psi((nu[k] - np.arange(D)) / 2).sum()\n    return out",
    ]],
}  # fmt: skip
