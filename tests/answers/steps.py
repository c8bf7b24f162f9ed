"""Answers to e_step, log_likelihood, elbo, m_step and em_step.

A wrong answer is a right one with slips: pairs (what stood there, what stands there).  Before them
is what the mistake truly is, as a pattern of which a message that names it has something.
"""

# ruff: noqa: E501 (a mistake is a line)

LOG_JOINT = """
def log_joint(X, pi, mu, Sigma):
    N, D = X.shape
    K = len(pi)
    ell = np.zeros((N, K))
    for k in range(K):
        d = X - mu[k]
        P = np.linalg.inv(Sigma[k])
        m2 = np.sum((d @ P) * d, axis=1)
        logdet = np.linalg.slogdet(Sigma[k])[1]
        ell[:, k] = np.log(pi[k]) - 0.5 * (D * np.log(2 * np.pi) + logdet + m2)
    return ell
"""

# What can go wrong in the density of a component, whatever it is for.
DENSITY = [
    ("weights?", "np.log(pi[k]) - 0.5", "-0.5"),
    ("log of the weight|weights?.*log|log pi", "np.log(pi[k])", "pi[k]"),
    ("log of the det|log.*determinant|log \\|", "np.linalg.slogdet(Sigma[k])[1]",
     "np.linalg.det(Sigma[k])"),
    ("determinant.*(missing|left out|forgotten|not)|no.*determinant|without.*determinant",
     "+ logdet ", ""),
    ("determinant.*sign|sign.*determinant|determinant.*(multipli|inverse|precision|added)",
     "+ logdet", "- logdet"),
    ("half|1/2|0\\.5|factor", "+ m2", "+ 2 * m2"),
    ("half|1/2|0\\.5|root.*determinant|determinant.*root|\\^", "+ logdet", "+ 2 * logdet"),
    ("half|1/2|0\\.5", "0.5 * (D", "1.0 * (D"),
    ("sign|minus", "+ m2", "- m2"),
    ("invers|Sigma\\^-1", "np.linalg.inv(Sigma[k])", "Sigma[k]"),
    ("square|root", "+ m2", "+ np.sqrt(m2)"),
    ("diagonal|correlat|covariances between|off", "np.linalg.inv(Sigma[k])",
     "np.diag(1 / np.diag(Sigma[k]))"),
    ("element|entr|each number", "np.linalg.inv(Sigma[k])", "1 / Sigma[k]"),
    ("Cholesky|\\bL\\b|root", "np.linalg.inv(Sigma[k])",
     "np.linalg.inv(np.linalg.cholesky(Sigma[k]))"),
    ("Cholesky|transpos|L\\^T", "np.linalg.inv(Sigma[k])",
     "np.linalg.inv(np.linalg.cholesky(Sigma[k]))", "(d @ P) * d", "(d @ P) ** 2"),
    ("first|one component|own", "np.linalg.inv(Sigma[k])", "np.linalg.inv(Sigma[0])",
     "slogdet(Sigma[k])", "slogdet(Sigma[0])"),
    ("first|one component|own", "X - mu[k]", "X - mu[0]"),
    ("half|1/2|Cholesky|root|twice|2", "np.linalg.slogdet(Sigma[k])[1]",
     "np.log(np.diag(np.linalg.cholesky(Sigma[k]))).sum()"),
    ("trace", "np.linalg.slogdet(Sigma[k])[1]", "np.log(np.trace(Sigma[k]))"),
    ("diagonal", "np.linalg.slogdet(Sigma[k])[1]", "np.log(np.diag(Sigma[k])).sum()"),
    ("mean.*(subtract|taken|left|missing)|subtract|centr", "X - mu[k]", "X"),
    ("Euclid|covariance|identity|distance", "np.linalg.inv(Sigma[k])", "np.eye(D)"),
    ("weights?.*(twice|square)|twice", "np.log(pi[k])", "2 * np.log(pi[k])"),
    ("quadratic|square", "(d @ P) * d", "abs(d @ P)"),
    ("even|equal|uniform|1 ?/ ?K|weights", "np.log(pi[k])", "np.log(1 / K)"),
    ("transpos|axis|axes", "(d @ P) * d", "(d @ np.linalg.cholesky(P).T) ** 2"),
]  # fmt: skip
# What cancels in the responsibilities and does not in a sum of logarithms.
CONSTANT = [
    ("2 ?pi|constant", "D * np.log(2 * np.pi) + ", ""),
    ("2 ?pi|constant|\\bD\\b", "D * np.log(2 * np.pi)", "np.log(2 * np.pi)"),
    ("2 ?pi|constant", "np.log(2 * np.pi)", "np.log(np.pi)"),
    ("\\bK\\b", "D * np.log(2", "K * np.log(2"),
    ("2 ?pi|constant|half|1/2|root", "D * np.log(2 * np.pi)", "2 * D * np.log(2 * np.pi)"),
    ("2 ?pi|constant|sign", "D * np.log(2 * np.pi)", "-D * np.log(2 * np.pi)"),
]  # fmt: skip

E_STEP = (
    LOG_JOINT
    + """
def e_step(X, weights, means, covariances):
    ell = log_joint(X, weights, means, covariances)
    top = ell.max(axis=1, keepdims=True)
    p = np.exp(ell - top)
    r = p / p.sum(axis=1, keepdims=True)
    return r
"""
)
E_STEP_WRONG = [
    ("over the points|axis|column|over n", "p.sum(axis=1, keepdims=True)", "p.sum(axis=0)"),
    ("over the points|axis|column|over n|all", "p.sum(axis=1, keepdims=True)", "p.sum()"),
    ("not normalis|normalis|sum", "np.exp(ell - top)", "np.exp(ell)",
     "p / p.sum(axis=1, keepdims=True)", "p"),
    ("normalis|sum|largest", "p / p.sum(axis=1, keepdims=True)", "p"),
    ("log", "return r", "return np.log(r)"),
    ("log", "return r", "return ell"),
    ("hard|largest|certain|k-means|argmax|single 1|nearest", "return r",
     "return np.eye(r.shape[1])[r.argmax(axis=1)]"),
    ("far|floating|log", "np.exp(ell - top)", "np.exp(ell)"),
    ("far|floating|log", "ell.max(axis=1, keepdims=True)", "ell.max()"),
    ("largest of each column|axis", "ell.max(axis=1, keepdims=True)", "ell.max(axis=0)"),
    ("far|floating|log", "np.exp(ell - top)", "np.exp(ell) + 1e-300"),
    ("far|floating|log", "return r",
     "q = np.exp(ell)\n    return np.nan_to_num(q / q.sum(axis=1, keepdims=True))"),
    ("far|floating|log", "return r", """q = np.exp(ell); s = q.sum(axis=1, keepdims=True)
    return np.where(s > 0, q / np.where(s > 0, s, 1), 1 / len(weights))"""),
    ("far|floating|log", "ell.max(axis=1, keepdims=True)", "ell.mean()"),
    ("round|whole|decimal", "return r", "return np.round(r, 1)"),
    ("transpos|shape", "return r", "return r.T"),
    ("shape", "return r", "return r.argmax(axis=1)"),
    ("weights?.*(after|not normalis)|twice|normalis", "np.log(pi[k]) - 0.5", "-0.5", "return r",
     "return r * weights"),
    ("1 -|complement|other", "return r", "return 1 - r"),
    ("revers|order|sort", "return r", "return r[:, ::-1]"),
    ("square|root|sharp", "np.exp(ell - top)", "np.exp(2 * (ell - top))"),
    ("root|half|flat", "np.exp(ell - top)", "np.exp((ell - top) / 2)"),
    ("log|exp", "p / p.sum(axis=1, keepdims=True)", "ell / ell.sum(axis=1, keepdims=True)"),
    ("mean|average|over the points", "return r", "return np.tile(r.mean(axis=0), (len(X), 1))"),
    ("weights|each row is pi", "return r", "return np.tile(weights, (len(X), 1))"),
    ("norm|square|length", "p.sum(axis=1, keepdims=True)",
     "np.sqrt((p ** 2).sum(axis=1, keepdims=True))"),
    ("weights?", "np.log(pi[k])", "-np.log(pi[k])"),
    ("determinant", "+ logdet ", "+ D * logdet "),
    ("weights?.*determinant|determinant.*weights?", "np.log(pi[k]) - 0.5", "-0.5", "+ logdet ", ""),
    ("invers.*determinant|determinant.*invers", "np.linalg.inv(Sigma[k])", "Sigma[k]",
     "+ logdet ", ""),
    ("weights?", "np.log(pi[k]) - 0.5", "-0.5", "return r",
     "return np.eye(r.shape[1])[r.argmax(axis=1)]"),
]  # fmt: skip

LOG_LIKELIHOOD = (
    LOG_JOINT
    + """
def log_likelihood(X, weights, means, covariances):
    ell = log_joint(X, weights, means, covariances)
    top = ell.max(axis=1, keepdims=True)
    log_p = top[:, 0] + np.log(np.exp(ell - top).sum(axis=1))
    return log_p.sum()
"""
)
LOG_LIKELIHOOD_WRONG = [
    ("mean|average|per point|divid", "log_p.sum()", "log_p.mean()"),
    ("sign|minus|negative", "return log_p", "return -log_p"),
    ("(sum|log).*(sum|log)|order|swap|inside", "log_p.sum()", "ell.sum()"),
    ("log", "log_p.sum()", "np.exp(log_p).sum()"),
    ("log.*sum|product|sum.*log", "log_p.sum()", "np.log(np.exp(log_p).sum())"),
    ("largest|max|one component|best", "log_p.sum()", "ell.max(axis=1).sum()"),
    ("largest|top|max|add", "top[:, 0] + ", ""),
    ("far|floating", "top[:, 0] + np.log(np.exp(ell - top)", "np.log(np.exp(ell)"),
    ("far|floating", "ell.max(axis=1, keepdims=True)",
     "np.full((len(X), 1), ell.max())"),
    ("far|floating", "top[:, 0] + np.log(np.exp(ell - top).sum(axis=1))",
     "np.log(np.exp(ell).sum(axis=1) + 1e-300)"),
    ("log2|base|natural", "return log_p.sum()", "return log_p.sum() / np.log(2)"),
    ("log10|base|natural", "return log_p.sum()", "return log_p.sum() / np.log(10)"),
    ("-2|deviance|twice", "return log_p.sum()", "return -2 * log_p.sum()"),
    ("mean|average|component|\\bK\\b", "np.exp(ell - top).sum(axis=1)",
     "np.exp(ell - top).mean(axis=1)"),
    ("points?.*component|axis|over the points|over n", "log_p.sum()",
     "np.log(np.exp(ell).sum(axis=0)).sum()"),
    ("shape", "log_p.sum()", "log_p"),
    ("complete|Q\\b|responsib", "return log_p.sum()",
     "return (np.exp(ell - log_p[:, None]) * ell).sum()"),
    ("log.*det|determinant|log", "log_p.sum()", "np.log(np.prod(np.exp(log_p)))"),
    ("last|first|one point|off", "log_p.sum()", "log_p[:-1].sum()"),
    ("last|first|one point|off", "log_p.sum()", "log_p[1:].sum()"),
    ("feature|\\bD\\b", "log_p.sum()", "log_p.sum() / X.shape[1]"),
    ("largest|max", "top[:, 0] +", "top.max() +"),
    ("(weights?.*2 ?pi|2 ?pi.*weights?|weights?.*constant|constant.*weights?)",
     "np.log(pi[k]) - 0.5", "-0.5", "D * np.log(2 * np.pi) + ", ""),
    ("mean|average|per point", "log_p.sum()", "log_p.mean()", "D * np.log(2 * np.pi) + ", ""),
]  # fmt: skip

ELBO = (
    LOG_JOINT
    + """
def elbo(X, q, weights, means, covariances):
    ell = log_joint(X, weights, means, covariances)
    Q = (q * ell).sum()
    H = -scipy.special.xlogy(q, q).sum()
    return Q + H
"""
)
ELBO_WRONG = [
    ("entropy|H", "Q + H", "Q"),
    ("entropy.*sign|sign|minus|subtract", "Q + H", "Q - H"),
    ("Q|joint", "return Q + H", "return H"),
    ("mean|average|per point|divid", "Q + H", "(Q + H) / len(X)"),
    ("entropy.*(mean|average)|H.*(mean|average|divid)", "Q + H", "Q + H / len(X)"),
    ("Q.*(mean|average)|(mean|average|divid).*Q|joint.*mean", "Q + H", "Q / len(X) + H"),
    ("sign|minus|negative", "Q + H", "-(Q + H)"),
    ("likelihood|posterior|q is not used|without q", "Q + H",
     "scipy.special.logsumexp(ell, axis=1).sum()"),
    ("posterior|own|responsib|given q", "Q = ", "q = scipy.special.softmax(ell, axis=1)\n    Q = "),
    ("likelihood", "Q + H", "scipy.special.logsumexp(ell, axis=1).sum() + H"),
    ("likelihood|log p|twice", "Q + H", "scipy.special.logsumexp(ell, axis=1).sum() - Q - H"),
    ("log2|base|bits", "Q + H", "Q + H / np.log(2)"),
    ("q log q|0|limit", "scipy.special.xlogy(q, q).sum()", "(q * np.log(q)).sum()"),
    ("log q|without q|weigh|times q|multipl", "scipy.special.xlogy(q, q)", "np.log(q)"),
    ("weigh|times q|multipl|q", "(q * ell).sum()", "ell.sum()"),
    ("log", "(q * ell).sum()", "(q * np.exp(ell)).sum()"),
    ("hard|largest|certain|argmax", "Q = ", "q = np.eye(len(weights))[q.argmax(axis=1)]\n    Q = "),
    ("density.*(not|without)|weights?", "np.log(pi[k]) - 0.5", "-0.5", "Q + H", "Q - H"),
    ("sum.*over the points|shape|per point", "Q + H",
     "(q * (ell - np.log(q))).sum(axis=1)"),
    ("weights|entropy of", "-scipy.special.xlogy(q, q).sum()", "-(weights * np.log(weights)).sum()"),
    ("weights|cross", "-scipy.special.xlogy(q, q).sum()", "-(q * np.log(weights)).sum()"),
    ("responsib|posterior|cross|r", "-scipy.special.xlogy(q, q).sum()",
     "-(q * scipy.special.log_softmax(ell, axis=1)).sum()"),
    ("average|mean|column", "-scipy.special.xlogy(q, q).sum()",
     "-scipy.special.xlogy(q.mean(axis=0), q.mean(axis=0)).sum()"),
    ("half|twice|2", "Q + H", "Q + 2 * H"),
    ("q.*square|twice", "(q * ell).sum()", "(q ** 2 * ell).sum()"),
    ("1 - q|binary", "-scipy.special.xlogy(q, q).sum()",
     "-(scipy.special.xlogy(q, q) + scipy.special.xlogy(1 - q, 1 - q)).sum()"),
    ("(entropy|H).*weights?|weights?.*(entropy|H)", "np.log(pi[k]) - 0.5", "-0.5", "Q + H", "Q"),
    ("0|limit", "scipy.special.xlogy(q, q)", "q * np.log(np.maximum(q, 1e-2))"),
    ("last|first|off", "return Q + H", "return (q * ell)[:-1].sum() + H"),
]  # fmt: skip

M_STEP = """
def m_step(X, r):
    N, D = X.shape
    K = r.shape[1]
    N_k = r.sum(axis=0)
    pi = N_k / N
    mu = (r.T @ X) / N_k[:, None]
    Sigma = np.zeros((K, D, D))
    for k in range(K):
        d = X - mu[k]
        S = (r[:, k, None] * d).T @ d
        Sigma[k] = S / N_k[k]
    return pi, mu, Sigma
"""
M_STEP_WRONG = [
    ("even|equal|uniform|1 ?/ ?K|weights", "N_k / N", "np.full(K, 1 / K)"),
    ("weights?.*(sum|normalis|divid)|divid.*N|counts", "pi = N_k / N", "pi = N_k"),
    ("\\bD\\b|feature|divid", "pi = N_k / N", "pi = N_k / D"),
    ("\\bK\\b|divid", "pi = N_k / N", "pi = N_k / K"),
    ("hard|argmax|largest|certain", "N_k / N", "np.bincount(r.argmax(axis=1), minlength=K) / N"),
    ("first|last|one point|row", "N_k / N", "r[-1]"),
    ("N - 1", "pi = N_k / N", "pi = N_k / (N - 1)"),
    ("square", "pi = N_k / N", "pi = (r ** 2).sum(axis=0) / N"),
    ("r.*(means|weigh)|all points|whole|responsib", "mu = (r.T @ X) / N_k[:, None]",
     "mu = np.tile(X.mean(axis=0), (K, 1))"),
    ("divid.*N|N_k", "mu = (r.T @ X) / N_k[:, None]", "mu = (r.T @ X) / N"),
    ("divid|N_k", "mu = (r.T @ X) / N_k[:, None]", "mu = r.T @ X"),
    ("divid|N_k|weight|pi", "mu = (r.T @ X) / N_k[:, None]", "mu = (r.T @ X) / pi[:, None]"),
    ("hard|argmax|largest|certain", "mu = (r.T @ X) / N_k[:, None]",
     "mu = np.array([X[r.argmax(axis=1) == k].mean(axis=0) for k in range(K)])"),
    ("square", "mu = (r.T @ X) / N_k[:, None]",
     "mu = ((r ** 2).T @ X) / (r ** 2).sum(axis=0)[:, None]"),
    ("divid.*\\bN\\b|N_k", "S / N_k[k]", "S / N"),
    ("N_k - 1|- 1", "S / N_k[k]", "S / (N_k[k] - 1)"),
    ("N - 1|- 1", "S / N_k[k]", "S / (N - 1)"),
    ("divid|N_k", "S / N_k[k]", "S"),
    ("divid|weights?|pi\\b", "S / N_k[k]", "S / pi[k]"),
    ("centr|subtract|mean", "d = X - mu[k]", "d = X"),
    ("whole|all points|overall|own mean|global|centr", "d = X - mu[k]", "d = X - X.mean(axis=0)"),
    ("not use r|r.*(left|missing|forgot|without|weigh)|responsib|unweighted", "r[:, k, None] * d", "d"),
    ("not use r|r.*(left|missing|forgot|without|weigh)|responsib|unweighted", "r[:, k, None] * d", "d",
     "S / N_k[k]", "S / N"),
    ("diagonal|correlat|covariances between", "S / N_k[k]", "np.diag(np.diag(S)) / N_k[k]"),
    ("root|deviation", "S / N_k[k]", "np.sqrt(abs(S) / N_k[k])"),
    ("Cholesky|root", "S / N_k[k]", "np.linalg.cholesky(S / N_k[k])"),
    ("invers|precision", "S / N_k[k]", "np.linalg.inv(S / N_k[k])"),
    ("square", "r[:, k, None] * d", "r[:, k, None] ** 2 * d"),
    ("- 1|unbias|np.cov|aweights|ddof", "S / N_k[k]", "np.cov(X.T, aweights=r[:, k])"),
    ("1e-|regular|add|diagonal|eps|ridge", "S / N_k[k]", "S / N_k[k] + 0.1 * np.eye(D)"),
    ("pool|shared|same|tied|all|each", "return pi", "Sigma[:] = np.tensordot(pi, Sigma, 1)\n    return pi"),
    ("spher|trace|round|one variance", "S / N_k[k]", "np.trace(S) / D * np.eye(D) / N_k[k]"),
    ("correlation", "S / N_k[k]",
     "S / np.sqrt(np.outer(np.diag(S), np.diag(S)))"),
    ("first|own|another|wrong", "d = X - mu[k]", "d = X - mu[0]"),
    ("another|order|revers|wrong|own", "d = X - mu[k]", "d = X - mu[K - 1 - k]"),
    ("last point|last|one point|off", "S = (r[:, k, None] * d).T @ d",
     "S = (r[:-1, k, None] * d[:-1]).T @ d[:-1]"),
    ("last|component|zero|loop", "for k in range(K):", "for k in range(K - 1):"),
    ("accumul|reset|add|one after|zero|start", "Sigma[k] = S / N_k[k]",
     "Sigma[k] = S / N_k[k] + (Sigma[k - 1] if k else 0)"),
    ("order|return|shape", "return pi, mu, Sigma", "return mu, pi, Sigma"),
    ("transpos|shape", "return pi, mu,", "return pi, mu.T,"),
    ("shape|diagonal", "return pi, mu, Sigma",
     "return pi, mu, np.diagonal(Sigma, axis1=1, axis2=2)"),
    ("(hard|largest|certain)", "N_k = r", "r = np.eye(K)[r.argmax(axis=1)]\n    N_k = r"),
    ("- 1", "N_k / N", "np.full(K, 1 / K)", "S / N_k[k]", "S / (N_k[k] - 1)"),
    ("centr|mean|square|outer|mu_k mu_k", "S / N_k[k]",
     "(r[:, k, None] * X).T @ X / N_k[k] - np.outer(mu[k], mu[k]) * 2"),
    ("\\bD\\b|feature", "S / N_k[k]", "S / N_k[k] / D"),
    ("- 1|whole|all points", "S / N_k[k]", "np.cov(X.T)"),
    ("N - 1|- 1", "pi = N_k / N", "pi = N_k / (N - 1)", "S / N_k[k]", "S / (N_k[k] - 1)"),
    ("whole number|integer|int", "N_k = r", "X = X.astype(int)\n    N_k = r"),
]  # fmt: skip

EM_STEP = (
    E_STEP
    + M_STEP
    + """
def em_step(X, weights, means, covariances):
    r = e_step(X, weights, means, covariances)
    pi, mu, Sigma = m_step(X, r)
    return pi, mu, Sigma
"""
)
EM_STEP_WRONG = [
    ("nothing|old|updated|unchanged", "return pi, mu, Sigma\n", "return pi, mu, Sigma\n",
     "    pi, mu, Sigma = m_step(X, r)\n    return pi", "    return weights, means, covariances\n    return pi"),
    ("weights.*(old|updated|back|given)|old weights", "m_step(X, r)\n    return pi",
     "m_step(X, r)\n    return weights"),
    ("means.*(old|updated|back|given)|old means", "m_step(X, r)\n    return pi, mu",
     "m_step(X, r)\n    return pi, means"),
    ("covariances.*(old|updated|back|given)|old covariances", "m_step(X, r)\n    return pi, mu, Sigma",
     "m_step(X, r)\n    return pi, mu, covariances"),
    ("(weights|means).*(old|updated|back|given)|old (weights|means)", "m_step(X, r)\n    return pi, mu",
     "m_step(X, r)\n    return weights, means"),
    ("(weights|covariances).*(old|updated|back|given)|old", "m_step(X, r)\n    return pi, mu, Sigma",
     "m_step(X, r)\n    return weights, mu, covariances"),
    ("old mean", "def m_step(X, r):", "def m_step(X, r, old):", "m_step(X, r)\n",
     "m_step(X, r, means)\n", "d = X - mu[k]\n        S", "d = X - old[k]\n        S"),
    ("two|twice|second|another", "m_step(X, r)\n    return pi",
     "m_step(X, e_step(X, *m_step(X, r)))\n    return pi"),
    ("new.*(means|weights|parameters)|before|E step again|order|again", "m_step(X, r)\n    return pi",
     "m_step(X, r)\n    r = e_step(X, pi, mu, Sigma)\n    pi = r.mean(axis=0)\n    return pi"),
    ("hard|largest|certain|k-means|argmax", "m_step(X, r)\n    return pi",
     "m_step(X, np.eye(len(weights))[r.argmax(axis=1)])\n    return pi"),
    ("far|floating|log", "np.exp(ell - top)", "np.exp(ell)"),
    ("far|floating|log", "ell.max(axis=1, keepdims=True)", "ell.max()"),
    ("weights", "np.log(pi[k]) - 0.5", "-0.5"),
    ("determinant", "+ logdet ", ""),
    ("half|1/2|0\\.5", "+ m2", "+ 2 * m2"),
    ("invers|Sigma\\^-1", "np.linalg.inv(Sigma[k])", "Sigma[k]"),
    ("over the points|over n|axis|column|normalis", "p.sum(axis=1, keepdims=True)", "p.sum(axis=0)"),
    ("normalis|sum", "p / p.sum(axis=1, keepdims=True)", "p"),
    ("order|sort|exchang|permut|revers", "m_step(X, r)\n    return pi",
     "m_step(X, r)\n    i = np.argsort(-pi)\n    pi, mu, Sigma = pi[i], mu[i], Sigma[i]\n    return pi"),
    ("order|sort|exchang|permut|revers", "m_step(X, r)\n    return pi",
     "m_step(X, r)\n    i = np.argsort(mu[:, 0])\n    pi, mu, Sigma = pi[i], mu[i], Sigma[i]\n    return pi"),
    ("order|sort|exchang|permut|revers", "return pi, mu, Sigma\n\ndef", "return pi, mu, Sigma\n\ndef",
     "m_step(X, r)\n    return pi", "m_step(X, r[:, ::-1])\n    return pi"),
    ("- 1", "S / N_k[k]", "S / (N_k[k] - 1)"),
    ("centr|subtract|mean", "d = X - mu[k]\n        S", "d = X\n        S"),
    ("even|equal|1 ?/ ?K|weights", "N_k / N", "np.full(K, 1 / K)"),
    ("divid.*\\bN\\b|N_k", "S / N_k[k]", "S / N"),
    ("divid.*\\bN\\b|N_k", "mu = (r.T @ X) / N_k[:, None]", "mu = (r.T @ X) / N"),
    ("diagonal|correlat", "S / N_k[k]", "np.diag(np.diag(S)) / N_k[k]"),
    ("half|average|damp|step|way|mean of", "m_step(X, r)\n    return pi",
     "m_step(X, r)\n    pi, mu, Sigma = (pi + weights) / 2, (mu + means) / 2, (Sigma + covariances) / 2\n    return pi"),
    ("not use r|r.*(left|missing|forgot|without|weigh)|responsib", "r[:, k, None] * d", "d"),
    ("changes|argument|copy", "m_step(X, r)\n    return pi",
     "m_step(X, r)\n    means[:] = mu\n    return pi"),
    ("even|equal|uniform|random|not used|1 ?/ ?K", "r = e_step(X, weights, means, covariances)",
     "r = np.full((len(X), len(weights)), 1 / len(weights))"),
    ("weights.*(twice|multipl)|twice|square", "np.log(pi[k])", "2 * np.log(pi[k])"),
    ("divid|N_k|counts|sum", "pi = N_k / N", "pi = N_k"),
    ("square|root|Mahal", "+ m2", "+ np.sqrt(m2)"),
    ("shared|pool|same|tied|all|each", "m_step(X, r)\n    return pi",
     "m_step(X, r)\n    Sigma[:] = np.tensordot(pi, Sigma, 1)\n    return pi"),
    ("diagonal|correlat", "np.linalg.inv(Sigma[k])", "np.diag(1 / np.diag(Sigma[k]))"),
]  # fmt: skip

WRONG = {
    "e_step": (E_STEP, E_STEP_WRONG + DENSITY),
    "log_likelihood": (LOG_LIKELIHOOD, LOG_LIKELIHOOD_WRONG + DENSITY + CONSTANT),
    "elbo": (ELBO, ELBO_WRONG + DENSITY + CONSTANT),
    "m_step": (M_STEP, M_STEP_WRONG),
    "em_step": (EM_STEP, EM_STEP_WRONG),
}

# ---- Right answers, each by another way ---------------------------------------------------------

BY_SCIPY = """
def joint(X, w, m, S):
    return np.stack([scipy.stats.multivariate_normal(m[k], S[k]).logpdf(X) + np.log(w[k])
                     for k in range(len(w))], axis=1)
"""
BY_EINSUM = """
def joint(X, w, m, S):
    d = X[:, None] - m[None]
    q = np.einsum("nki,kij,nkj->nk", d, np.linalg.inv(S), d)
    return np.log(w) - 0.5 * (q + np.linalg.slogdet(2 * np.pi * S)[1])
"""
BY_LOOPS = """
import math
def joint(X, w, m, S):
    out = []
    for x in X.tolist():
        row = []
        for k in range(len(w)):
            d = np.array(x) - m[k]
            row.append(math.log(w[k]) - 0.5 * len(x) * math.log(2 * math.pi)
                       - 0.5 * math.log(np.linalg.det(S[k])) - 0.5 * d @ np.linalg.solve(S[k], d))
        out.append(row)
    return np.array(out)
"""
BY_CHOLESKY = """
def joint(X, w, m, S):
    ell = np.empty((len(w), len(X)))
    for k in range(len(w)):
        n = len(m[k]); L = np.zeros((n, n))
        for i in range(n):
            for j in range(i + 1):
                s = S[k][i, j] - L[i, :j] @ L[j, :j]
                L[i, j] = np.sqrt(s) if i == j else s / L[j, j]
        u = np.linalg.solve(L, (X - m[k]).T)
        ell[k] = np.log(w[k]) - np.log(L.diagonal()).sum() - n / 2 * np.log(2 * np.pi) - (u * u).sum(0) / 2
    return np.asfortranarray(ell.T)
"""
BY_EIGENVALUES = """
def joint(X, w, m, S):
    values, vectors = np.linalg.eigh(S)
    y = np.einsum("nkd,kde->nke", X[:, None] - m, vectors)
    return np.log(w) - 0.5 * ((y ** 2 / values).sum(-1) + np.log(2 * np.pi * values).sum(-1))
"""
JOINTS = [BY_SCIPY, BY_EINSUM, BY_LOOPS, BY_CHOLESKY, BY_EIGENVALUES]
E_STEPS = [
    "return scipy.special.softmax(joint(X, weights, means, covariances), axis=1)",
    "e = joint(X, weights, means, covariances); p = np.exp(e - e.max(1)[:, None]); "
    "return (p.T / p.sum(1)).T",
    "return [scipy.special.softmax(e).tolist() for e in joint(X, weights, means, covariances)]",
    "e = joint(X, weights, means, covariances); return 1 / np.exp(e[:, None] - e[:, :, None]).sum(2)",
    "e = joint(X, weights, means, covariances); "
    "return np.exp(e - np.logaddexp.reduce(e, axis=1)[:, None]).astype(np.float32)",
]
LOG_LIKELIHOODS = [
    "return scipy.special.logsumexp(joint(X, weights, means, covariances), axis=1).sum()",
    "return np.logaddexp.reduce(joint(X, weights, means, covariances), axis=1).sum()",
    "return sum(scipy.special.logsumexp(e) for e in joint(X, weights, means, covariances))",
    "e = joint(X, weights, means, covariances); t = e.min(1); "
    "return np.array([(e.max(1) + np.log(np.exp(e.T - e.max(1)).sum(0))).sum()])",
    "return float(np.logaddexp.reduce(joint(X, weights, means, covariances), axis=-1) @ np.ones(len(X)))",
]
ELBOS = [
    "e = joint(X, weights, means, covariances); return (q * e).sum() + scipy.special.entr(q).sum()",
    "e = joint(X, weights, means, covariances); "
    "return sum(q[n, k] * (e[n, k] - np.log(q[n, k])) for n in range(len(X)) "
    "for k in range(q.shape[1]) if q[n, k] > 0)",
    "e = joint(X, weights, means, covariances); lq = np.log(np.where(q > 0, q, 1)); "
    "return np.einsum('nk,nk', q, e - lq)",
    "e = joint(X, weights, means, covariances); lp = np.logaddexp.reduce(e, axis=1); "
    "return lp.sum() - scipy.special.rel_entr(q, np.exp(e - lp[:, None])).sum()"
    " if (np.exp(e - lp[:, None]) > 0).all() else np.nansum(q * e) - scipy.special.xlogy(q, q).sum()",
    "e = joint(X, weights, means, covariances); return np.vdot(q, e) - np.vdot(q, np.log(q + 1e-300))",
]
M_STEPS = [
    """
def m_step(X, r):
    w = r.mean(axis=0)
    mu = [np.average(X, axis=0, weights=r[:, k]) for k in range(r.shape[1])]
    C = [np.cov(X, rowvar=False, aweights=r[:, k], ddof=0) for k in range(r.shape[1])]
    return w, mu, C
""",
    """
def m_step(X, r):
    Nk = np.einsum("nk->k", r)
    mu = np.einsum("nk,nd->kd", r, X) / Nk[:, None]
    second = np.einsum("nk,nd,ne->kde", r, X, X) / Nk[:, None, None]
    return Nk / Nk.sum(), mu, second - mu[:, :, None] * mu[:, None, :]
""",
    """
def m_step(X, r):
    N, D = X.shape
    K = r.shape[1]
    pi, mu, Sigma = [0.0] * K, np.zeros((K, D)), np.zeros((K, D, D))
    for k in range(K):
        count = sum(r[:, k])
        pi[k] = count / N
        for n in range(N):
            mu[k] = mu[k] + r[n, k] * X[n] / count
        for n in range(N):
            for i in range(D):
                for j in range(D):
                    Sigma[k, i, j] += r[n, k] * (X[n, i] - mu[k, i]) * (X[n, j] - mu[k, j]) / count
    return pi, mu, Sigma
""",
    """
def m_step(X, r):
    w = r / r.sum(axis=0)
    mu = w.T @ X
    A = np.sqrt(w).T[:, :, None] * (X - mu[:, None])
    return list(r.sum(0) / len(r)), np.asfortranarray(mu), A.transpose(0, 2, 1) @ A
""",
    """
def m_step(X, r):
    X, r = X.astype(np.float32), r.astype(np.float32)
    c = X.mean(axis=0)
    Y = X - c
    n = r.sum(axis=0)
    m = (Y.T @ r / n).T
    C = np.array([(Y.T * rk) @ Y / rk.sum() - np.outer(mk, mk) for rk, mk in zip(r.T, m)])
    return n / len(X), m + c, C
""",
]
HEADS = {
    "e_step": "def e_step(X, weights, means, covariances):\n    ",
    "log_likelihood": "def log_likelihood(X, weights, means, covariances):\n    ",
    "elbo": "def elbo(X, q, weights, means, covariances):\n    ",
}
BODIES = {"e_step": E_STEPS, "log_likelihood": LOG_LIKELIHOODS, "elbo": ELBOS}
EM = """
def em_step(X, weights, means, covariances):
    return m_step(X, e_step(X, weights, means, covariances))
"""
RIGHT = {
    name: [joint + HEADS[name] + body + "\n" for joint, body in zip(JOINTS, bodies, strict=True)]
    for name, bodies in BODIES.items()
}
RIGHT["m_step"] = M_STEPS
# Lists are what its own e_step answers, and what m_step cannot take.
RIGHT["em_step"] = [
    e.replace("return [", "return np.array([").replace("covariances)]", "covariances)])") + m + EM
    for e, m in zip(RIGHT["e_step"], M_STEPS[::-1], strict=True)
]
