"""A third set, written by somebody who had not seen the catalogue; see steps how to read it."""

# ruff: noqa: E501 (a mistake is a line)
# fmt: off

LOG_DENSITY = """
def log_density(x, m, S):
    D = len(m)
    diff = x - m
    quad = diff @ np.linalg.solve(S, diff)
    const = D * np.log(2 * np.pi) + np.log(np.linalg.det(S))
    return -0.5 * (const + quad)
"""

E_STEP = LOG_DENSITY + """
def e_step(X, weights, means, covariances):
    N, K = len(X), len(weights)
    L = np.array([[np.log(weights[k]) + log_density(X[n], means[k], covariances[k]) for k in range(K)] for n in range(N)])
    L = L - L.max(axis=1, keepdims=True)
    P = np.exp(L)
    return P / P.sum(axis=1, keepdims=True)
"""

LOG_LIKELIHOOD = LOG_DENSITY + """
def log_likelihood(X, weights, means, covariances):
    total = 0.0
    for x in X:
        a = np.array([np.log(weights[k]) + log_density(x, means[k], covariances[k]) for k in range(len(weights))])
        top = a.max()
        total += top + np.log(np.exp(a - top).sum())
    return total
"""

ELBO = LOG_DENSITY + """
def elbo(X, q, weights, means, covariances):
    total = 0.0
    for n in range(len(X)):
        for k in range(len(weights)):
            if q[n, k] > 0:
                joint = np.log(weights[k]) + log_density(X[n], means[k], covariances[k])
                total += q[n, k] * (joint - np.log(q[n, k]))
    return total
"""

M_BODY = """
    N, D = X.shape
    Nk = r.sum(axis=0)
    weights = Nk / N
    means = (r.T @ X) / Nk[:, None]
    covariances = np.zeros((r.shape[1], D, D))
    for k in range(r.shape[1]):
        diff = X - means[k]
        covariances[k] = (r[:, k, None] * diff).T @ diff / Nk[k]
    return weights, means, covariances
"""

M_STEP = "\ndef m_step(X, r):" + M_BODY

EM_STEP = E_STEP + """
def em_step(X, weights, means, covariances):
    old = weights, means, covariances
    r = e_step(X, *old)""" + M_BODY

SEED = """
def seed_probabilities(X, centres):
    dist = ((X[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    closest = dist.min(axis=1)
    return closest / closest.sum()
"""

K_MEANS = """
def k_means_start(X, centres):
    K, D = centres.shape
    centres = centres.copy()
    for _ in range(100):
        dist = ((X[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
        label = dist.argmin(axis=1)
        new = np.array([X[label == k].mean(axis=0) for k in range(K)])
        if np.allclose(new, centres):
            break
        centres = new
    weights = np.array([(label == k).mean() for k in range(K)])
    means = np.array([X[label == k].mean(axis=0) for k in range(K)])
    covariances = np.array([np.cov(X[label == k].T, bias=True).reshape(D, D) for k in range(K)])
    return weights, means, covariances
"""

BIC = """
def bic(log_likelihood, N, K, D):
    p = K * D + K * D * (D + 1) / 2 + K - 1
    return p * np.log(N) - 2 * log_likelihood
"""

SAMPLE = """
def sample(n, weights, means, covariances, rng):
    K, D = means.shape
    z = rng.choice(K, size=n, p=weights)
    X = np.empty((n, D))
    for k in range(K):
        m = (z == k).sum()
        X[z == k] = rng.multivariate_normal(means[k], covariances[k], size=m)
    return X, z
"""

CONDITIONAL = """
def conditional_mean(X, mean, covariance):
    filled = X.copy()
    for row in filled:
        miss = np.isnan(row)
        obs = ~miss
        Smo = covariance[miss][:, obs]
        Soo = covariance[obs][:, obs]
        row[miss] = mean[miss] + Smo @ np.linalg.solve(Soo, row[obs] - mean[obs])
    return filled
"""

E_MISSING = LOG_DENSITY + """
def e_step_with_missing(X, weights, means, covariances):
    N, D = X.shape
    K = len(weights)
    logp = np.zeros((N, K))
    for n in range(N):
        obs = ~np.isnan(X[n])
        for k in range(K):
            logp[n, k] = np.log(weights[k]) + log_density(X[n][obs], means[k][obs], covariances[k][obs][:, obs])
    p = np.exp(logp - logp.max(axis=1, keepdims=True))
    r = p / p.sum(axis=1, keepdims=True)
    s1 = np.zeros((K, D))
    s2 = np.zeros((K, D, D))
    for n in range(N):
        obs = ~np.isnan(X[n])
        miss = ~obs
        for k in range(K):
            S = covariances[k]
            gain = S[miss][:, obs] @ np.linalg.inv(S[obs][:, obs])
            xh = X[n].copy()
            xh[miss] = means[k][miss] + gain @ (X[n][obs] - means[k][obs])
            C = np.zeros((D, D))
            C[np.ix_(miss, miss)] = S[miss][:, miss] - gain @ S[obs][:, miss]
            s1[k] += r[n, k] * xh
            s2[k] += r[n, k] * (np.outer(xh, xh) + C)
    return r, s1, s2
"""

MAP = """
def map_m_step(X, r, m, kappa, scale, nu, alpha):
    N, D = X.shape
    K = r.shape[1]
    Nk = r.sum(axis=0)
    weights = (Nk + alpha - 1) / (N + alpha.sum() - K)
    means = (r.T @ X + kappa * m) / (Nk + kappa)[:, None]
    covariances = np.zeros((K, D, D))
    for k in range(K):
        xbar = r[:, k] @ X / max(Nk[k], 1e-300)
        diff = X - xbar
        S = (r[:, k, None] * diff).T @ diff
        shift = xbar - m
        pull = kappa * Nk[k] / (kappa + Nk[k]) * np.outer(shift, shift)
        covariances[k] = (scale + S + pull) / (nu + Nk[k] + D + 2)
    return weights, means, covariances
"""

COUNTS = """
def posterior_counts(r, alpha_0, beta_0, nu_0):
    Nk = r.sum(axis=0)
    alpha = alpha_0 + Nk
    beta = beta_0 + Nk
    nu = nu_0 + Nk
    return alpha, beta, nu
"""

LOG_WEIGHTS = """
def expected_log_weights(alpha):
    from scipy.special import digamma
    total = alpha.sum()
    return digamma(alpha) - digamma(total)
"""

LOG_DET = """
def expected_log_det(nu, W):
    from scipy.special import digamma
    K, D = W.shape[:2]
    out = np.zeros(K)
    for k in range(K):
        out[k] = D * np.log(2) + np.log(np.linalg.det(W[k]))
        for i in range(1, D + 1):
            out[k] += digamma((nu[k] + 1 - i) / 2)
    return out
"""

# In the density of a component.
DENSITY = [
    ("base|log2|natural", "np.log(2 * np.pi) + np.log(np.linalg.det(S))", "np.log2(2 * np.pi) + np.log2(np.linalg.det(S))"),
    ("determinant", "np.log(np.linalg.det(S))", "0"),
    ("log.*det|determinant.*log|determinant.*itself", "np.log(np.linalg.det(S))", "np.linalg.det(S)"),
    ("half|1/2|0\\.5|factor", "-0.5 * (const + quad)", "-(const + quad)"),
    ("sign|minus", "-0.5 * (const + quad)", "0.5 * (const + quad)"),
    ("half|1/2|0\\.5|factor", "-0.5 * (const + quad)", "-0.5 * const - quad"),
    ("root|square|quadratic|Mahalanobis", "np.linalg.solve(S, diff)", "np.linalg.solve(S, diff) ** 0.5", "diff @ np.linalg.solve(S, diff) ** 0.5", "np.sqrt(diff @ np.linalg.solve(S, diff))"),
    ("invers|Sigma\\^-1", "np.linalg.solve(S, diff)", "S @ diff"),
    ("invers|covariance|identity|Sigma", "diff @ np.linalg.solve(S, diff)", "diff @ diff"),
    ("diagonal|off|correlat|between", "np.linalg.solve(S, diff)", "(diff / np.diag(S))"),
    ("log.*weight|weight|pi", "np.log(weights[k]) + ", ""),
    ("log.*weight|log.*pi|weight", "np.log(weights[k])", "weights[k]"),
    ("mean|mu", "diff = x - m", "diff = x"),
    ("plus|sign|mean|mu", "diff = x - m", "diff = x + m"),
    ("first|one|same|another|shared", "covariances[k])", "covariances[0])"),
    ("first|one|same|another|shared|mean", "means[k]", "means[0]"),
    ("determinant|half|1/2|factor|root", "np.log(np.linalg.det(S))", "0.5 * np.log(np.linalg.det(S))"),
    ("averag|mean|pooled|shared|same", "covariances[k])", "covariances.mean(axis=0))"),
]
# Where the constants stay in the answer.
CONSTANT = [
    ("2 pi|constant", "D * np.log(2 * np.pi)", "0"),
    ("\\bD\\b|dimension|2 pi", "D * np.log(2 * np.pi)", "np.log(2 * np.pi)"),
    ("2 pi|\\b2\\b|pi\\b", "2 * np.pi", "np.pi"),
]

OF_E_STEP = [
    ("axis|each component|column|over n", "P / P.sum(axis=1, keepdims=True)", "P / P.sum(axis=0, keepdims=True)"),
    ("normali|divide|sum to", "P / P.sum(axis=1, keepdims=True)", "P"),
    ("log", "P / P.sum(axis=1, keepdims=True)", "np.log(P / P.sum(axis=1, keepdims=True))"),
    ("hard|certain|one component|largest|0 and 1|argmax", "P / P.sum(axis=1, keepdims=True)", "np.eye(K)[P.argmax(axis=1)]"),
    ("sum|all|axis", "P / P.sum(axis=1, keepdims=True)", "P / P.sum()"),
    ("largest|max", "P / P.sum(axis=1, keepdims=True)", "P / P.max(axis=1, keepdims=True)"),
    ("transpos|order|\\(N, K\\)|shape", "P / P.sum(axis=1, keepdims=True)", "(P / P.sum(axis=1, keepdims=True)).T"),
    ("weight", "np.log(weights[k])", "2 * np.log(weights[k])"),
    ("weight|divid|sign", "np.log(weights[k]) +", "-np.log(weights[k]) +"),
    ("clip|small|floor|cut", "P / P.sum(axis=1, keepdims=True)", "np.clip(P / P.sum(axis=1, keepdims=True), 0.01, 0.99)"),
    ("square|root|norm", "P / P.sum(axis=1, keepdims=True)", "P / np.sqrt((P ** 2).sum(axis=1, keepdims=True))"),
    ("exp|log", "np.exp(L)", "L"),
    ("revers|order", "P / P.sum(axis=1, keepdims=True)", "(P / P.sum(axis=1, keepdims=True))[:, ::-1]"),
    ("round", "P / P.sum(axis=1, keepdims=True)", "np.round(P / P.sum(axis=1, keepdims=True), 2)"),
    ("1 -|one minus|complement", "P / P.sum(axis=1, keepdims=True)", "1 - P / P.sum(axis=1, keepdims=True)"),
    ("equal|weight", "np.log(weights[k])", "np.log(1 / K)"),
]
OF_LOG_LIKELIHOOD = [
    ("mean|averag|divided", "return total", "return total / len(X)"),
    ("sign|minus|negative", "return total", "return -total"),
    ("largest|max|only", "total += top + np.log(np.exp(a - top).sum())", "total += top"),
    ("sum of the logs|log.*inside|log.*before|sum", "total += top + np.log(np.exp(a - top).sum())", "total += a.sum()"),
    ("max|largest|added back|subtract", "total += top + np.log", "total += np.log"),
    ("max|largest|sign|subtract", "total += top + np.log", "total += -top + np.log"),
    ("mean|averag|sum", "np.exp(a - top).sum()", "np.exp(a - top).mean()"),
    ("base|log2|log10", "np.log(np.exp(a - top).sum())", "np.log2(np.exp(a - top).sum())"),
    ("densit", "total += top + np.log(np.exp(a - top).sum())", "total += np.exp(top) * np.exp(a - top).sum()"),
    ("-2|deviance|twice|times", "return total", "return -2 * total"),
    ("first|one|left out|last", "for x in X:", "for x in X[1:]:"),
    ("first|one|left out|last|component", "for k in range(len(weights))", "for k in range(len(weights) - 1)"),
    ("base|log10", "return total", "return total / np.log(10)"),
    ("exp|likelihood itself", "return total", "return np.exp(total)"),
]
OF_ELBO = [
    ("entropy|q log q|log q", " - np.log(q[n, k])", ""),
    ("entropy.*sign|sign|minus|subtract|added", " - np.log(q[n, k])", " + np.log(q[n, k])"),
    ("q", "q[n, k] * (joint", "(joint"),
    ("entropy|weighted|multipl|q log q", "q[n, k] * (joint - np.log(q[n, k]))", "q[n, k] * joint - np.log(q[n, k])"),
    ("mean|averag|divided", "return total", "return total / len(X)"),
    ("sign|minus|negative", "return total", "return -total"),
    ("entropy|only|joint", "q[n, k] * (joint - np.log(q[n, k]))", "-q[n, k] * np.log(q[n, k])"),
    ("log.*q|base|log2", "- np.log(q[n, k])", "- np.log2(q[n, k])"),
    ("log q|entropy|log", "- np.log(q[n, k])", "- q[n, k]"),
    ("half|entropy|1/2|factor", "- np.log(q[n, k])", "- 0.5 * np.log(q[n, k])"),
    ("exp|log|density", "(joint -", "(np.exp(joint) -"),
    ("Kullback|weights|prior|likelihood|joint|twice", "np.log(weights[k]) + log", "2 * np.log(weights[k]) + log"),
    ("entropy|twice", "- np.log(q[n, k])", "- 2 * np.log(q[n, k])"),
    ("square", "q[n, k] * (joint", "q[n, k] ** 2 * (joint"),
]
OF_M = [
    ("weights.*(N_k|divided|sum)|divided.*N|counts", "weights = Nk / N", "weights = Nk"),
    ("weights.*(equal|1 / K|uniform)|equal", "weights = Nk / N", "weights = np.full(r.shape[1], 1 / r.shape[1])"),
    ("weights.*K|divided by K|\\bK\\b", "weights = Nk / N", "weights = Nk / r.shape[1]"),
    ("N - 1|N-1|one less", "weights = Nk / N", "weights = Nk / (N - 1)"),
    ("weights.*log|log", "weights = Nk / N", "weights = np.log(Nk / N)"),
    ("means.*(divided|N_k|sum)|sums", "(r.T @ X) / Nk[:, None]", "(r.T @ X)"),
    ("means.*\\bN\\b|divided by N\\b|N_k", "(r.T @ X) / Nk[:, None]", "(r.T @ X) / N"),
    ("means.*(r|all|same|weigh)|responsib", "(r.T @ X) / Nk[:, None]", "np.tile(X.mean(axis=0), (r.shape[1], 1))"),
    ("divided|N_k", " / Nk[k]", ""),
    ("N\\b|N_k", " / Nk[k]", " / N"),
    ("N_k - 1|- 1|N - 1", " / Nk[k]", " / (Nk[k] - 1)"),
    ("mean|centr|subtract", "diff = X - means[k]", "diff = X"),
    ("mean|all|overall|total", "diff = X - means[k]", "diff = X - X.mean(axis=0)"),
    ("square", "(r[:, k, None] * diff)", "(r[:, k, None] ** 2 * diff)"),
    ("r|respons|weighted", "(r[:, k, None] * diff)", "(diff)"),
    ("diagonal|off|correlat|between", "    return weights, means, cov", "    covariances = np.array([np.diag(np.diag(c)) for c in covariances])\n    return weights, means, cov"),
    ("root|deviation|square", "    return weights, means, cov", "    covariances = np.sqrt(np.abs(covariances))\n    return weights, means, cov"),
    ("invers|precision", "    return weights, means, cov", "    covariances = np.linalg.inv(covariances)\n    return weights, means, cov"),
    ("pool|shared|same|average|tied|common", "    return weights, means, cov", "    covariances = np.tile(covariances.mean(axis=0), (len(weights), 1, 1))\n    return weights, means, cov"),
    ("diagonal|ridge|added|small|1e", "    return weights, means, cov", "    covariances = covariances + 1e-3 * np.eye(D)\n    return weights, means, cov"),
    ("hard|certain|largest|argmax", "Nk = r.sum(axis=0)", "r = np.eye(r.shape[1])[r.argmax(axis=1)]\n    Nk = r.sum(axis=0)"),
    ("spher|same variance|trace|identity|one variance", "    return weights, means, cov", "    covariances = np.array([np.trace(c) / D * np.eye(D) for c in covariances])\n    return weights, means, cov"),
    ("Cholesky|root|factor", "    return weights, means, cov", "    covariances = np.linalg.cholesky(covariances)\n    return weights, means, cov"),
    ("order|transpos|shape|place|swapped", "return weights, means, covariances", "return weights, covariances, means"),
]
OF_EM = [
    ("old", "diff = X - means[k]", "diff = X - old[1][k]"),
    ("old|weights", "return weights, means, covariances", "return old[0], means, covariances"),
    ("old|means|not", "return weights, means, covariances", "return weights, old[1], covariances"),
    ("old|cov|not", "return weights, means, covariances", "return weights, means, old[2]"),
    ("nothing|old|unchanged|same|are returned", "return weights, means, covariances", "return old"),
    ("axis|each component|column|over n", "P / P.sum(axis=1, keepdims=True)", "P / P.sum(axis=0, keepdims=True)"),
    ("twice|two steps|two", "return weights, means, covariances", "return weights, means, covariances\none = em_step\ndef em_step(*a):\n    return one(a[0], *one(*a))"),
    ("old|averag|damp|half|middle", "return weights, means, covariances", "return (weights + old[0]) / 2, (means + old[1]) / 2, (covariances + old[2]) / 2"),
]
OF_SEED = [
    ("square|root", "closest = dist.min(axis=1)", "closest = np.sqrt(dist.min(axis=1))"),
    ("largest|farthest|furthest|max", "dist.min(axis=1)", "dist.max(axis=1)"),
    ("mean|averag|all|sum", "dist.min(axis=1)", "dist.mean(axis=1)"),
    ("first", "dist.min(axis=1)", "dist[:, 0]"),
    ("last", "dist.min(axis=1)", "dist[:, -1]"),
    ("normali|sum to|divid", "closest / closest.sum()", "closest"),
    ("max|largest", "closest / closest.sum()", "closest / closest.max()"),
    ("mean", "closest / closest.sum()", "closest / closest.mean()"),
    ("uniform|equal|as probable", "closest / closest.sum()", "np.full(len(X), 1 / len(X))"),
    ("near|invers|revers|opposite|1 /", "closest / closest.sum()", "(1 / (1e-9 + closest)) / (1 / (1e-9 + closest)).sum()"),
    ("softmax|exp", "closest / closest.sum()", "np.exp(closest) / np.exp(closest).sum()"),
    ("softmax|exp", "closest / closest.sum()", "np.exp(-closest) / np.exp(-closest).sum()"),
    ("absolute|Manhattan|city|square|\\|", "(X[:, None, :] - centres[None, :, :]) ** 2", "np.abs(X[:, None, :] - centres[None, :, :])"),
    ("cumul", "closest / closest.sum()", "np.cumsum(closest / closest.sum())"),
    ("log", "closest / closest.sum()", "np.log(closest / closest.sum())"),
    ("fourth|square|twice", "closest / closest.sum()", "closest ** 2 / (closest ** 2).sum()"),
    ("farthest|certain|largest|argmax|only", "closest / closest.sum()", "np.eye(len(X))[closest.argmax()]"),
    ("sum|mean of|averag|centre", "(X[:, None, :] - centres[None, :, :])", "(X[:, None, :] - centres.mean(axis=0))"),
    ("feature|largest|max", ".sum(axis=2)", ".max(axis=2)"),
    ("first feature|feature|one feature|column", ".sum(axis=2)", "[:, :, 0]"),
    ("1 minus|near", "closest / closest.sum()", "1 - closest / closest.sum()"),
    ("axis|for each centre|point.*each centre|shape", "dist.min(axis=1)", "dist.min(axis=0)"),
]
OF_K_MEANS = [
    ("once|one step|converge|more than once|iterat|move|assign", "range(100)", "range(1)"),
    ("equal|1 / K|uniform", "weights = np.array([(label == k).mean() for k in range(K)])", "weights = np.full(K, 1 / K)"),
    ("count|divid|N\\b", "weights = np.array([(label == k).mean() for k in range(K)])", "weights = np.array([(label == k).sum() for k in range(K)])"),
    ("- 1|N - 1|unbiased|one less|bias", ", bias=True", ""),
    ("identity|unit", "np.cov(X[label == k].T, bias=True).reshape(D, D)", "np.eye(D)"),
    ("all|whole|shared|same|total", "np.cov(X[label == k].T, bias=True)", "np.cov(X.T, bias=True)"),
    ("diagonal|off|correlat|between", "np.cov(X[label == k].T, bias=True).reshape(D, D)", "np.diag(X[label == k].var(axis=0))"),
    ("median", "means = np.array([X[label == k].mean(axis=0)", "means = np.array([np.median(X[label == k], axis=0)"),
    ("centres|start|given|initial|first", "centres = centres.copy()", "centres = centres.copy()\n    given = centres", "return weights, means", "return weights, given"),
    ("farthest|argmax|max|furthest", "dist.argmin(axis=1)", "dist.argmax(axis=1)"),
    ("absolute|Manhattan|city", "(X[:, None, :] - centres[None, :, :]) ** 2", "np.abs(X[:, None, :] - centres[None, :, :])"),
    ("root|deviation", "np.cov(X[label == k].T, bias=True).reshape(D, D)", "np.diag(X[label == k].std(axis=0))"),
    ("median", "new = np.array([X[label == k].mean(axis=0)", "new = np.array([np.median(X[label == k], axis=0)"),
    ("twice|repeat", "range(100)", "range(2)"),
    ("spher|trace|identity|one variance|same variance", "np.cov(X[label == k].T, bias=True).reshape(D, D)", "np.eye(D) * X[label == k].var(axis=0).mean()"),
    ("mean|centr|subtract|second moment", "np.cov(X[label == k].T, bias=True).reshape(D, D)", "(X[label == k].T @ X[label == k] / (label == k).sum())"),
    ("divid|sum|N_k", "np.cov(X[label == k].T, bias=True).reshape(D, D)", "(np.cov(X[label == k].T, bias=True).reshape(D, D) * (label == k).sum())"),
    ("pool|shared|same|one for all", "    return weights", "    covariances = np.tile(np.einsum('k,kde->de', weights, covariances), (K, 1, 1))\n    return weights"),
    ("first feature|feature", "dist = ((X[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)", "dist = ((X[:, None, :] - centres[None, :, :]) ** 2)[:, :, 0]"),
]
OF_BIC = [
    ("AIC|log N|\\b2\\b", "p * np.log(N)", "2 * p"),
    ("sign|likelihood", "- 2 * log_likelihood", "+ 2 * log_likelihood"),
    ("factor|-2|\\b2\\b", "- 2 * log_likelihood", "- log_likelihood"),
    ("weights|K - 1", " + K - 1", ""),
    ("K - 1|weights|sum to 1", " + K - 1", " + K"),
    ("symmetr|D \\(D \\+ 1\\)", "D * (D + 1) / 2", "D * D"),
    ("diagonal|D \\(D \\+ 1\\)|varianc", "K * D * (D + 1) / 2", "K * D"),
    ("\\bK\\b|shared|one covariance|tied|each component", "K * D * (D + 1) / 2", "D * (D + 1) / 2"),
    ("means", "K * D + K", "K"),
    ("base|log2", "np.log(N)", "np.log2(N)"),
    ("base|log10", "np.log(N)", "np.log10(N)"),
    ("log", "np.log(N)", "N"),
    ("half|1/2|/ 2|factor", "p * np.log(N)", "0.5 * p * np.log(N)"),
    ("D - 1|D \\(D|symmetr|diagonal", "D * (D + 1) / 2", "D * (D - 1) / 2"),
    ("covarianc", " + K * D * (D + 1) / 2", ""),
    ("swap|K and D|D and K", "p = K", "K, D = D, K\n    p = K"),
    ("half|1/2|divid", "(D + 1) / 2", "(D + 1)"),
    ("sign|larger|minus", "p * np.log(N) - 2 * log_likelihood", "-(p * np.log(N) - 2 * log_likelihood)"),
    ("divid|\\bN\\b", "return p * np.log(N) - 2 * log_likelihood", "return (p * np.log(N) - 2 * log_likelihood) / N"),
    ("price|penalty|parameters|missing", "p * np.log(N) -", "0 -"),
    ("log.*p|log of|swapped|number of parameters", "p * np.log(N)", "np.log(p) * N"),
    ("larger|scale|half|-2|2 ", "return p * np.log(N) - 2 * log_likelihood", "return log_likelihood - 0.5 * p * np.log(N)"),
    ("log.*likelihood|log", "2 * log_likelihood", "2 * np.log(abs(log_likelihood))"),
    ("one Gaussian|\\bK\\b|component", "K * D + K * D * (D + 1) / 2 + K - 1", "D + D * (D + 1) / 2"),
    ("N D|numbers|N \\*|points", "np.log(N)", "np.log(N * D)"),
    ("N - 1|- 1|points", "np.log(N)", "np.log(N - 1)"),
    ("2 pi", "np.log(N)", "np.log(N / (2 * np.pi))"),
    ("AICc|correct|AIC", "p * np.log(N)", "2 * p * N / (N - p - 1)"),
    ("weights|twice", "+ K - 1", "+ 2 * (K - 1)"),
]
OF_SAMPLE = [
    ("weights|equal|uniform", ", p=weights", ""),
    ("seed|generator|same for every|rng", "    K, D", "    rng = np.random.default_rng(0)\n    K, D"),
    ("generator|own|np\\.random|rng", "rng.multi", "np.random.multi"),
    ("covarianc.*first|first|same|another|shared", "covariances[k]", "covariances[0]"),
    ("square|covariance.*(\\^2|twice)", "covariances[k]", "covariances[k] @ covariances[k]"),
    ("diagonal|off|correlat|independent", "covariances[k]", "np.diag(np.diag(covariances[k]))"),
    ("invers|precision", "covariances[k]", "np.linalg.inv(covariances[k])"),
    ("identity|unit|standard|covariance", "covariances[k]", "np.eye(D)"),
    ("mean", "means[k]", "np.zeros(D)"),
    ("mean|first|another|same", "means[k]", "means[0]"),
    ("fixed|rounded|chance|by chance", "z = rng.choice(K, size=n, p=weights)", "z = rng.permutation(np.searchsorted(np.cumsum(weights), (np.arange(n) + 0.5) / n))"),
    ("varianc|root|Cholesky|transpos|L|factor|element|deviation", "rng.multivariate_normal(means[k], covariances[k], size=m)", "means[k] + rng.normal(size=(m, D)) @ np.linalg.cholesky(covariances[k])"),
    ("root|Cholesky|covariance", "rng.multivariate_normal(means[k], covariances[k], size=m)", "means[k] + rng.normal(size=(m, D)) @ covariances[k]"),
    ("noise|same|one|each feature", "rng.multivariate_normal(means[k], covariances[k], size=m)", "means[k] + rng.normal(size=(m, 1)) @ np.ones((1, D)) @ np.linalg.cholesky(covariances[k]).T"),
    ("uniform|shape|normal", "rng.multivariate_normal(means[k], covariances[k], size=m)", "means[k] + rng.uniform(-1, 1, size=(m, D)) @ np.linalg.cholesky(covariances[k]).T"),
    ("uniform|shape|normal|positive|mean", "rng.multivariate_normal(means[k], covariances[k], size=m)", "means[k] + rng.random(size=(m, D)) @ np.linalg.cholesky(covariances[k]).T"),
    ("noise|every point|without|mean", "rng.multivariate_normal(means[k], covariances[k], size=m)", "means[k]"),
    ("order|swapped|first|place|shape|exchang", "return X, z", "return z, X"),
    ("1|label|count|from 0", "return X, z", "return X, z + 1"),
    ("z.*(another|again|new|drawn|belong|not those)|label", "return X, z", "return X, rng.choice(K, size=n, p=weights)"),
    ("one component|each at least once", "z = rng.choice(K, size=n, p=weights)", "z = np.full(n, weights.argmax())"),
    ("average|mean of|weighted", "means[k]", "weights @ means"),
    ("order|sort|shuffl|belong", "return X, z", "return rng.permutation(X), z"),
    ("one component|same component|once|single|all", "z = rng.choice(K, size=n, p=weights)", "z = np.full(n, rng.choice(K, p=weights))"),
    ("root|element", "covariances[k]", "np.sqrt(np.abs(covariances[k]))"),
]
OF_CONDITIONAL = [
    ("mean alone|unconditional|only the mean|regress|rest of the row|observed", "mean[miss] + Smo @ np.linalg.solve(Soo, row[obs] - mean[obs])", "mean[miss]"),
    ("zero|0", "mean[miss] + Smo @ np.linalg.solve(Soo, row[obs] - mean[obs])", "0.0"),
    ("mean.*(missing|left|forgotten|not added)|without.*mean|added|mu_m", "mean[miss] + Smo", "Smo"),
    ("subtract|centr|mean|mu_o", "row[obs] - mean[obs]", "row[obs]"),
    ("sign|minus|subtract", "mean[miss] + Smo", "mean[miss] - Smo"),
    ("invers|Sigma_oo", "np.linalg.solve(Soo, row[obs] - mean[obs])", "(row[obs] - mean[obs])"),
    ("invers|Sigma_oo", "np.linalg.solve(Soo, row[obs] - mean[obs])", "Soo @ (row[obs] - mean[obs])"),
    ("diagonal|off|correlat|between", "np.linalg.solve(Soo, row[obs] - mean[obs])", "((row[obs] - mean[obs]) / np.diag(Soo))"),
    ("mean of the row", "mean[miss] + Smo @ np.linalg.solve(Soo, row[obs] - mean[obs])", "row[obs].mean() if obs.any() else 0.0"),
    ("sign|minus|plus|mu_o is added", "row[obs] - mean[obs]", "row[obs] + mean[obs]"),
    ("sign|order|swapped", "row[obs] - mean[obs]", "mean[obs] - row[obs]"),
    ("half|halved", "mean[miss] + Smo", "mean[miss] + 0.5 * Smo"),
    ("column|average of|observed mean|data|nanmean", "mean[miss] + Smo @ np.linalg.solve(Soo, row[obs] - mean[obs])", "np.nanmean(X, axis=0)[miss]"),
    ("noise|random|drawn", "mean[miss] + Smo", "np.random.default_rng(0).normal(size=miss.sum()) + mean[miss] + Smo"),
    ("precision|invers|sign", "filled = X", "covariance = np.linalg.inv(covariance)\n    filled = X"),
    ("observed|replac|all|also|known", "return filled", "return np.where(np.isnan(X), filled, mean)"),
    ("nan|not (filled|replaced)|stay|missing", "return filled", "return X"),
    ("mean.*another|whole|overall|mean of", "row[obs] - mean[obs]", "row[obs] - mean[obs].mean()"),
    ("correlation|standard|scale|deviation", "Smo = cov", "sd = np.sqrt(np.diag(covariance))\n        covariance_ = covariance / np.outer(sd, sd)\n        Smo = cov", "covariance[miss]", "covariance_[miss]", "covariance[obs]", "covariance_[obs]"),
]
OF_MISSING = [
    ("covariance|\\bC\\b|uncertain|sure", "np.outer(xh, xh) + C", "np.outer(xh, xh)"),
    ("whole|Sigma_mm|conditional|minus|subtract|uncertain", " - gain @ S[obs][:, miss]", ""),
    ("sign|minus|plus|added", " - gain @ S[obs][:, miss]", " + gain @ S[obs][:, miss]"),
    ("whole|Sigma|covariance|\\bC\\b", "np.outer(xh, xh) + C", "np.outer(xh, xh) + S"),
    ("mean|observed|regress|rest of the row", "means[k][miss] + gain @ (X[n][obs] - means[k][obs])", "means[k][miss]"),
    ("zero|0", "means[k][miss] + gain @ (X[n][obs] - means[k][obs])", "0"),
    ("r\\b|respons|weigh", "s1[k] += r[n, k] * xh", "s1[k] += xh"),
    ("r\\b|respons|weigh", "s2[k] += r[n, k] *", "s2[k] +="),
    ("\\bC\\b|weigh|r\\b|uncertain", "r[n, k] * (np.outer(xh, xh) + C)", "(r[n, k] * np.outer(xh, xh) + C)"),
    ("divid|N_k|mean|averag", "return r, s1, s2", "return r, s1 / r.sum(axis=0)[:, None], s2"),
    ("divid|N_k|mean|averag", "return r, s1, s2", "return r, s1, s2 / r.sum(axis=0)[:, None, None]"),
    ("divid|N\\b|averag|mean", "return r, s1, s2", "return r, s1 / N, s2 / N"),
    ("divid|N_k|averag|mean", "return r, s1, s2", "return r, s1 / r.sum(axis=0)[:, None], s2 / r.sum(axis=0)[:, None, None]"),
    ("axis|each component|column|over n", "p / p.sum(axis=1, keepdims=True)", "p / p.sum(axis=0, keepdims=True)"),
    ("normali|divid|sum to", "p / p.sum(axis=1, keepdims=True)", "p"),
    ("weight|pi", "np.log(weights[k]) + log", "log"),
    ("determinant", "np.log(np.linalg.det(S))", "0"),
    ("half|1/2|0\\.5|factor", "-0.5 * (const + quad)", "-(const + quad)"),
    ("mean|subtract|centr", "gain @ (X[n][obs] - means[k][obs])", "gain @ X[n][obs]"),
    ("invers", "@ np.linalg.inv(S[obs][:, obs])", "@ S[obs][:, obs]"),
    ("mean|fill|whole|all features|marginal|observed", "log_density(X[n][obs], means[k][obs], covariances[k][obs][:, obs])", "log_density(np.where(obs, X[n], means[k]), means[k], covariances[k])"),
    ("zero|fill|0", "log_density(X[n][obs], means[k][obs], covariances[k][obs][:, obs])", "log_density(np.where(obs, X[n], 0), means[k], covariances[k])"),
    ("hard|likeliest", "    s1 = ", "    r = np.eye(K)[r.argmax(axis=1)]\n    s1 = "),
    ("scatter|mean|centr|subtract|second moment", "np.outer(xh, xh) + C", "np.outer(xh - means[k], xh - means[k]) + C"),
    ("square|r", "r[n, k] * (np.outer", "r[n, k] ** 2 * (np.outer"),
    ("diagonal|off|between", "np.outer(xh, xh) + C", "np.diag(xh ** 2) + C"),
    ("sign|minus|subtract", "np.outer(xh, xh) + C", "np.outer(xh, xh) - C"),
    ("complete|skip|drop|row|left out|lack", "            S = covariances[k]", "            if miss.any():\n                continue\n            S = covariances[k]"),
    ("weight|log|pi", "np.log(weights[k]) +", "weights[k] +"),
    ("all at once|mixture|r\\b|average|same|each component|own", "s1[k] += r[n, k] * xh", "s1 += r[n, k] * xh"),
]
OF_MAP = [
    ("- 1|mean|mode|one", "(Nk + alpha - 1) / (N + alpha.sum() - K)", "(Nk + alpha) / (N + alpha.sum())"),
    ("alpha|prior.*weight|weight.*prior", "(Nk + alpha - 1) / (N + alpha.sum() - K)", "Nk / N"),
    ("normali|sum to|divid", "(N + alpha.sum() - K)", "N"),
    ("- K|normali|sum to 1|sum to|divid|mode", "(N + alpha.sum() - K)", "(N + alpha.sum())"),
    ("prior.*mean|kappa|m\\b", "(r.T @ X + kappa * m) / (Nk + kappa)[:, None]", "(r.T @ X) / Nk[:, None]"),
    ("kappa", "(Nk + kappa)[:, None]", "Nk[:, None]"),
    ("kappa|\\bm\\b", "(r.T @ X + kappa * m)", "(r.T @ X + m)"),
    ("m\\b|zero|0|prior", "(r.T @ X + kappa * m)", "(r.T @ X)"),
    ("scale", "(scale + S + pull)", "(S + pull)"),
    ("kappa|pull|m\\b|shift|between", "(scale + S + pull)", "(scale + S)"),
    ("scatter|points|S\\b|data", "(scale + S + pull)", "(scale + pull)"),
    ("D \\+ 2|D \\+ 1", "+ D + 2)", "+ D + 1)"),
    ("D \\+ 2|mean|- D - 1|divided", "(nu + Nk[k] + D + 2)", "(nu + Nk[k] - D - 1)"),
    ("nu", "(nu + Nk[k] + D + 2)", "(Nk[k] + D + 2)"),
    ("N_k|divid|nu|prior", "(nu + Nk[k] + D + 2)", "Nk[k]"),
    ("\\+ 2|D", "(nu + Nk[k] + D + 2)", "(nu + Nk[k])"),
    ("N_k|divid", "(nu + Nk[k] + D + 2)", "(nu + D + 2)"),
    ("kappa|N_k|factor|shrink|pull", "kappa * Nk[k] / (kappa + Nk[k])", "kappa"),
    ("kappa|N_k|factor|pull", "kappa * Nk[k] / (kappa + Nk[k])", "Nk[k]"),
    ("kappa|N_k|factor|pull|divid", "kappa * Nk[k] / (kappa + Nk[k])", "kappa * Nk[k]"),
    ("invers", "(scale + S + pull)", "(np.linalg.inv(scale) + S + pull)"),
    ("kappa|mode|mean|new means|MAP", "shift = xbar - m", "shift = means[k] - m"),
    ("about mu_k", "diff = X - xbar", "diff = X - means[k]"),
    ("divid", " / (nu + Nk[k] + D + 2)", ""),
    ("nu.*scale|scale.*nu|times", "(scale + S + pull)", "(nu * scale + S + pull)"),
    ("prior|maximum likelihood|ML", "(scale + S + pull) / (nu + Nk[k] + D + 2)", "S / Nk[k]", "(Nk + alpha - 1) / (N + alpha.sum() - K)", "Nk / N", "(r.T @ X + kappa * m) / (Nk + kappa)[:, None]", "r.T @ X / Nk[:, None]"),
    ("divid|N_k|scatter|averag", "(r[:, k, None] * diff).T @ diff", "(r[:, k, None] * diff).T @ diff / Nk[k]"),
    ("sign|alpha|\\+ 1", "(Nk + alpha - 1) / (N + alpha.sum() - K)", "(Nk + alpha + 1) / (N + alpha.sum() + K)"),
    ("r\\b|respons", "(r[:, k, None] * diff).T @ diff", "diff.T @ diff"),
    ("sign|minus|subtract", "(scale + S + pull)", "(scale + S - pull)"),
    ("averag|half|mean", "(r.T @ X + kappa * m) / (Nk + kappa)[:, None]", "(r.T @ X / Nk[:, None] + m) / 2"),
    ("alpha|first|sum|same", "(Nk + alpha - 1)", "(Nk + alpha[0] - 1)"),
]
OF_COUNTS = [
    ("prior|alpha_0", "alpha_0 + Nk", "Nk"),
    ("prior|beta_0", "beta_0 + Nk", "Nk"),
    ("prior|nu_0", "nu_0 + Nk", "Nk"),
    ("prior|alone|left out", "alpha_0 + Nk", "Nk", "beta_0 + Nk", "Nk", "nu_0 + Nk", "Nk"),
    ("axis|shape", "r.sum(axis=0)", "r.sum(axis=1)"),
    ("\\bN\\b|all points|each component", "Nk = r.sum(axis=0)", "Nk = np.full(r.shape[1], len(r))"),
    ("mean|averag|N_k / N|divid", "Nk = r.sum(axis=0)", "Nk = r.mean(axis=0)"),
    ("hard|certain|largest|argmax", "Nk = r.sum(axis=0)", "Nk = np.eye(r.shape[1])[r.argmax(axis=1)].sum(axis=0)"),
    ("- 1|mode|one less", "alpha_0 + Nk", "alpha_0 + Nk - 1"),
    ("1|one", "nu_0 + Nk", "nu_0 + Nk + 1"),
    ("normali|sum|divid", "alpha_0 + Nk", "(alpha_0 + Nk) / (alpha_0 + Nk).sum()"),
    ("beta_0.*alpha_0|swap|another|exchang|order|place|alpha", "return alpha, beta, nu", "return beta, alpha, nu"),
    ("multipl|times|product", "beta_0 + Nk", "beta_0 * Nk"),
    ("sign|minus|subtract", "nu_0 + Nk", "nu_0 - Nk"),
    ("half|1/2|factor", "nu_0 + Nk", "nu_0 + Nk / 2"),
    ("K|divid|each", "alpha_0 + Nk", "alpha_0 / r.shape[1] + Nk"),
    ("square", "Nk = r.sum(axis=0)", "Nk = (r ** 2).sum(axis=0)"),
    ("one number|sum|all|N\\b|each component", "Nk = r.sum(axis=0)", "Nk = np.full(r.shape[1], r.sum())"),
    ("N_k|points|prior|not", "nu_0 + Nk", "nu_0 + 0 * Nk"),
    ("N_k|points|prior|not", "beta_0 + Nk", "beta_0 + 0 * Nk"),
    ("revers|order|sign|swap|1 /|invers", "return alpha, beta, nu", "return alpha, 1 / beta, nu"),
    ("D\\b|K\\b|\\+", "nu_0 + Nk", "nu_0 + Nk - r.shape[1]"),
]
OF_LOG_WEIGHTS = [
    ("log of the (mean|expect)|mean.*log|Jensen|digamma", "digamma(alpha) - digamma(total)", "np.log(alpha / total)"),
    ("total|sum|second|normali", " - digamma(total)", ""),
    ("sign|is added", "digamma(alpha) - digamma", "digamma(alpha) + digamma"),
    ("sum.*digamma|digamma.*sum|each", "- digamma(total)", "- digamma(alpha).sum()"),
    ("mean|averag", "alpha.sum()", "alpha.mean()"),
    ("log|digamma", "- digamma(total)", "- np.log(total)"),
    ("log|digamma", "digamma(alpha) -", "np.log(alpha) -"),
    ("gamma", "digamma(alpha) - digamma(total)", "scipy.special.gammaln(alpha) - scipy.special.gammaln(total)"),
    ("- 1|mode|one", "digamma(alpha) -", "digamma(alpha - 1) -"),
    ("exp", "return digamma(alpha) - digamma(total)", "return np.exp(digamma(alpha) - digamma(total))"),
    ("K|number|length", "total = alpha.sum()", "total = len(alpha)"),
    ("trigamma|derivative", "import digamma", "import polygamma\n    digamma = lambda a: polygamma(1, a)"),
    ("ratio|divid|quotient", "digamma(alpha) - digamma(total)", "digamma(alpha) / digamma(total)"),
    ("sign|order|minus|swap", "digamma(alpha) - digamma(total)", "digamma(total) - digamma(alpha)"),
    ("1|one", "digamma(alpha) - digamma(total)", "digamma(alpha + 1) - digamma(total + 1)"),
    ("log|mean", "return digamma(alpha) - digamma(total)", "return alpha / total"),
    ("log|normali|sum to", "return digamma(alpha) - digamma(total)", "e = np.exp(digamma(alpha) - digamma(total))\n    return np.log(e / e.sum())"),
    ("product|multipl", "alpha.sum()", "alpha.prod()"),
    ("max|largest", "alpha.sum()", "alpha.max()"),
    ("inside|difference|minus|total|argument", "digamma(alpha) - digamma(total)", "digamma(alpha - total)"),
    ("half|halved", "digamma(alpha) - digamma(total)", "digamma(alpha / 2) - digamma(total / 2)"),
    ("base|log2", "digamma(alpha) - digamma(total)", "(digamma(alpha) - digamma(total)) / np.log(2)"),
    ("mode|- 1|log", "digamma(alpha) - digamma(total)", "np.log((alpha - 1) / (total - len(alpha)))"),
    ("gamma", "digamma(alpha) - digamma(total)", "np.log(scipy.special.gamma(alpha)) - digamma(total)"),
]
OF_LOG_DET = [
    ("log.*2|\\b2\\b", "D * np.log(2) + ", ""),
    ("\\bD\\b|log 2", "D * np.log(2)", "np.log(2)"),
    ("determinant|W", " + np.log(np.linalg.det(W[k]))", ""),
    ("log.*det|\\|W\\| itself", "np.log(np.linalg.det(W[k]))", "np.linalg.det(W[k])"),
    ("sign|invers|determinant", "+ np.log(np.linalg.det", "- np.log(np.linalg.det"),
    ("half|1/2|/ 2", "(nu[k] + 1 - i) / 2", "(nu[k] + 1 - i)"),
    ("digamma|features|sum|i\\b|each", "(nu[k] + 1 - i) / 2", "nu[k] / 2"),
    ("\\+ 1|one|1", "(nu[k] + 1 - i) / 2", "(nu[k] - i) / 2"),
    ("sign|\\+ 1|- i|plus|minus", "(nu[k] + 1 - i) / 2", "(nu[k] + 1 + i) / 2"),
    ("\\bi\\b|range|last|feature|sum|one", "range(1, D + 1)", "range(1, D)"),
    ("\\bi\\b|range|0|one|\\+ 1|more", "range(1, D + 1)", "range(D + 1)"),
    ("\\bi\\b|from 0|0|one", "range(1, D + 1)", "range(D)"),
    ("digamma|log", "digamma((nu[k] + 1 - i) / 2)", "np.log((nu[k] + 1 - i) / 2)"),
    ("digamma", "out[k] += digamma((nu[k] + 1 - i) / 2)", "pass"),
    ("log of the (mean|expect)|mean|E\\[|expect", "    return out", "    return np.array([np.log(np.linalg.det(nu[k] * W[k])) for k in range(K)])"),
    ("base|log2|2 pi|log 2", "D * np.log(2)", "D * np.log(2 * np.pi)"),
    ("half|1/2", "    return out", "    return 0.5 * out"),
    ("sign|minus|covariance", "    return out", "    return -out"),
    ("sign|minus|digamma", "out[k] += digamma", "out[k] -= digamma"),
    ("exp", "    return out", "    return np.exp(out)"),
    ("first|one|same|another|nu", "nu[k]", "nu[0]"),
    ("trace", "np.log(np.linalg.det(W[k]))", "np.log(np.trace(W[k]))"),
    ("diagonal|off", "np.linalg.det(W[k])", "np.prod(np.diag(W[k]))"),
    ("gamma", "+= digamma(", "+= scipy.special.gammaln("),
    ("log 2|sign|minus", "D * np.log(2) +", "-D * np.log(2) +"),
    ("Cholesky|half|1/2|root|determinant", "np.linalg.det(W[k])", "np.linalg.det(np.linalg.cholesky(W[k]))"),
    ("inver", "np.linalg.det(W[k])", "np.linalg.det(np.linalg.inv(W[k]))"),
    ("\\bD\\b|swap|K\\b", "(nu[k] + 1 - i) / 2", "(nu[k] + D - i) / 2"),
    ("nu|log", "+ np.log(np.linalg.det(W[k]))", "+ np.log(np.linalg.det(nu[k] * W[k]))"),
]

THIRD = {
    "e_step": (E_STEP, DENSITY + OF_E_STEP),
    "log_likelihood": (LOG_LIKELIHOOD, DENSITY + CONSTANT + OF_LOG_LIKELIHOOD),
    "elbo": (ELBO, DENSITY + CONSTANT + OF_ELBO),
    "m_step": (M_STEP, OF_M),
    "em_step": (EM_STEP, DENSITY[:11] + OF_M[:-1] + OF_EM),
    "seed_probabilities": (SEED, OF_SEED),
    "k_means_start": (K_MEANS, OF_K_MEANS),
    "bic": (BIC, OF_BIC),
    "sample": (SAMPLE, OF_SAMPLE),
    "conditional_mean": (CONDITIONAL, OF_CONDITIONAL),
    "e_step_with_missing": (E_MISSING, OF_MISSING),
    "map_m_step": (MAP, OF_MAP),
    "posterior_counts": (COUNTS, OF_COUNTS),
    "expected_log_weights": (LOG_WEIGHTS, OF_LOG_WEIGHTS),
    "expected_log_det": (LOG_DET, OF_LOG_DET),
}

# For each another right one, which computes it in another way.
OTHER = {
    "e_step": """
def e_step(X, weights, means, covariances):
    from scipy.stats import multivariate_normal
    logs = np.column_stack([multivariate_normal(m, S).logpdf(X) for m, S in zip(means, covariances)]).reshape(len(X), -1)
    return scipy.special.softmax(logs + np.log(weights), axis=1)
""",
    "log_likelihood": """
def log_likelihood(X, weights, means, covariances):
    prec = np.linalg.inv(covariances)
    diff = X[:, None] - means
    maha = np.einsum("nkd,kde,nke->nk", diff, prec, diff)
    logs = np.log(weights) - 0.5 * (maha + X.shape[1] * np.log(2 * np.pi) + np.linalg.slogdet(covariances)[1])
    return np.logaddexp.reduce(logs, axis=1).sum()
""",
    "elbo": """
def elbo(X, q, weights, means, covariances):
    prec = np.linalg.inv(covariances)
    diff = X[:, None] - means
    maha = np.einsum("nkd,kde,nke->nk", diff, prec, diff)
    logs = np.log(weights) - 0.5 * (maha + X.shape[1] * np.log(2 * np.pi) + np.linalg.slogdet(covariances)[1])
    return (q * logs).sum() + scipy.special.entr(q).sum()
""",
    "m_step": """
def m_step(X, r):
    Nk = r.sum(0)
    means = np.einsum("nk,nd->kd", r, X) / Nk[:, None]
    second = np.einsum("nk,nd,ne->kde", r, X, X) / Nk[:, None, None]
    return Nk / Nk.sum(), means, second - np.einsum("kd,ke->kde", means, means)
""",
    "em_step": """
def em_step(X, weights, means, covariances):
    prec = np.linalg.inv(covariances)
    diff = X[:, None] - means
    logs = np.log(weights) - 0.5 * (np.einsum("nkd,kde,nke->nk", diff, prec, diff) + np.linalg.slogdet(covariances)[1])
    r = scipy.special.softmax(logs, axis=1)
    mus = [np.average(X, axis=0, weights=c) for c in r.T]
    covs = [np.atleast_2d(np.cov(X.T, aweights=c, ddof=0)) for c in r.T]
    return list(r.mean(axis=0)), mus, covs
""",
    "seed_probabilities": """
def seed_probabilities(X, centres):
    from scipy.spatial.distance import cdist
    d = cdist(X, centres).min(axis=1) ** 2
    return [x / sum(d) for x in d]
""",
    "k_means_start": """
def k_means_start(X, centres):
    K = len(centres)
    label = None
    while True:
        new = np.array([min(range(K), key=lambda k: ((x - centres[k]) ** 2).sum()) for x in X])
        if label is not None and (new == label).all():
            break
        label = new
        centres = np.array([X[label == k].mean(axis=0) for k in range(K)])
    S = [(X[label == k] - centres[k]).T @ (X[label == k] - centres[k]) / (label == k).sum() for k in range(K)]
    return np.bincount(label, minlength=K) / len(X), centres, np.array(S)
""",
    "bic": """
def bic(log_likelihood, N, K, D):
    per_component = 1 + D + sum(range(1, D + 1))
    return -2 * (log_likelihood - 0.5 * (K * per_component - 1) * np.log(N))
""",
    "sample": """
def sample(n, weights, means, covariances, rng):
    z = np.searchsorted(np.cumsum(weights), rng.random(n) * np.sum(weights))
    vals, vecs = np.linalg.eigh(covariances)
    root = vecs * np.sqrt(vals)[:, None, :]
    X = np.array([means[k] + root[k] @ rng.standard_normal(means.shape[1]) for k in z])
    return X, z
""",
    "conditional_mean": """
def conditional_mean(X, mean, covariance):
    P = np.linalg.inv(covariance)
    out = np.array(X)
    for i, x in enumerate(X):
        m = np.isnan(x)
        if m.any():
            d = np.where(m, 0, x - mean)
            out[i, m] = mean[m] - np.linalg.solve(P[m][:, m], (P @ d)[m])
    return out
""",
    "e_step_with_missing": """
def e_step_with_missing(X, weights, means, covariances):
    from scipy.stats import multivariate_normal
    N, D = X.shape
    K = len(weights)
    logs = np.tile(np.log(weights), (N, 1))
    first, second = np.zeros((N, K, D)), np.zeros((N, K, D, D))
    for n, x in enumerate(X):
        o = np.where(~np.isnan(x))[0]
        for k in range(K):
            S = covariances[k]
            if len(o):
                logs[n, k] += multivariate_normal.logpdf(x[o], means[k, o], S[np.ix_(o, o)])
            A = S[:, o] @ np.linalg.pinv(S[np.ix_(o, o)]) if len(o) else np.zeros((D, 0))
            first[n, k] = means[k] + A @ (x[o] - means[k, o])
            second[n, k] = np.outer(first[n, k], first[n, k]) + S - A @ S[o]
    r = scipy.special.softmax(logs, axis=1)
    return r, np.einsum("nk,nkd->kd", r, first), np.einsum("nk,nkde->kde", r, second)
""",
    "map_m_step": """
def map_m_step(X, r, m, kappa, scale, nu, alpha):
    D = X.shape[1]
    Nk = r.sum(0)
    w = Nk + alpha - 1
    mu = np.array([(kappa * m + sum(c * x for c, x in zip(r[:, k], X))) / (kappa + Nk[k]) for k in range(len(Nk))])
    second = np.einsum("nk,nd,ne->kde", r, X, X) + kappa * np.outer(m, m)
    S = scale + second - (kappa + Nk)[:, None, None] * np.einsum("kd,ke->kde", mu, mu)
    return w / w.sum(), mu, S / (Nk + nu + D + 2)[:, None, None]
""",
    "posterior_counts": """
def posterior_counts(r, alpha_0, beta_0, nu_0):
    Nk = np.einsum("nk->k", r)
    return [prior + Nk for prior in (alpha_0, beta_0, nu_0)]
""",
    "expected_log_weights": """
def expected_log_weights(alpha):
    psi = scipy.special.psi
    return [psi(a) - psi(sum(alpha)) for a in alpha]
""",
    "expected_log_det": """
def expected_log_det(nu, W):
    D = W.shape[-1]
    i = np.arange(D)
    psi = scipy.special.psi((np.asarray(nu)[:, None] - i) / 2).sum(axis=1)
    return psi + D * np.log(2) + np.linalg.slogdet(W)[1]
""",
}
RIGHT = {name: [right, OTHER[name]] for name, (right, _) in THIRD.items()}
# Where |W| is 0 in floating point its log is not: the check asks for that too.
RIGHT["expected_log_det"][0] = LOG_DET.replace("np.log(np.linalg.det(W[k]))", "np.linalg.slogdet(W[k])[1]")
