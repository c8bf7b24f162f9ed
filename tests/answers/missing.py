"""Answers to conditional_mean and e_step_with_missing; see steps for how to read them."""

# ruff: noqa: E501 (a mistake is a line)

CONDITIONAL = """
def conditional_mean(X, mean, covariance):
    out = X.copy()
    for n in range(len(X)):
        m = np.flatnonzero(np.isnan(X[n]))
        o = np.flatnonzero(~np.isnan(X[n]))
        S_mo = covariance[np.ix_(m, o)]
        S_oo = covariance[np.ix_(o, o)]
        B = S_mo @ np.linalg.inv(S_oo)
        out[n, m] = mean[m] + B @ (X[n, o] - mean[o])
    return out
"""
CONDITIONAL_WRONG = [
    ("mean.*(alone|only|fill)|slope|rest of the row|regress|plain mean|mu\\b", "mean[m] + B @ (X[n, o] - mean[o])", "mean[m]"),
    ("zero|0", "mean[m] + B @ (X[n, o] - mean[o])", "0"),
    ("column|mean of the|data", "mean[m] + B @ (X[n, o] - mean[o])", "np.nanmean(X, axis=0)[m]"),
    ("invers", "S_mo @ np.linalg.inv(S_oo)", "S_mo @ S_oo"),
    ("invers", "S_mo @ np.linalg.inv(S_oo)", "S_mo"),
    ("whole|all of|block|cut", "np.linalg.inv(S_oo)", "np.linalg.inv(covariance)[np.ix_(o, o)]"),
    ("mean.*(missing|left|add|forgot)|mu_m|add", "mean[m] + B", "B"),
    ("centr|subtract|mu_o|mean", "(X[n, o] - mean[o])", "X[n, o]"),
    ("sign|minus", "mean[m] + B", "mean[m] - B"),
    ("sign|minus|turned", "(X[n, o] - mean[o])", "(mean[o] - X[n, o])"),
    ("diagonal|one by one|correlat|each on its own|separate|among", "np.linalg.inv(S_oo)", "np.diag(1 / np.diag(S_oo))"),
    ("element|entr|each number", "np.linalg.inv(S_oo)", "(1 / S_oo)"),
    ("first|only one|other", "(X[n, o] - mean[o])", "((X[n, o] - mean[o]) * (np.arange(len(o)) == 0))"),
    ("mean of the row|row|other features", "mean[m] + B @ (X[n, o] - mean[o])", "X[n, o].mean()"),
    ("halv|half|1/2|twice|factor", "mean[m] + B", "mean[m] + 0.5 * B"),
    ("sign|precision|invers", "B = S_mo @ np.linalg.inv(S_oo)",
     "P = np.linalg.inv(covariance); B = np.linalg.inv(P[np.ix_(m, m)]) @ P[np.ix_(m, o)]"),
    ("precision|whole|invers|block", "B = S_mo @ np.linalg.inv(S_oo)",
     "P = np.linalg.inv(covariance); B = P[np.ix_(m, o)]"),
    ("precision|whole|invers|block", "B = S_mo @ np.linalg.inv(S_oo)",
     "P = np.linalg.inv(covariance); B = -P[np.ix_(m, o)]"),
    ("changes|argument|copy", "out = X.copy()", "out = X"),
    ("observed|what X holds|replac|every|known", "out[n, m] = ",
     "out[n] = mean + 0.5 * (np.nan_to_num(X[n]) - mean); out[n, m] = "),
    ("missing|nan", "out[n, m] = ", "if len(o) == 0: continue\n        out[n, m] = "),
    ("variance|deviation|root", "np.linalg.inv(S_oo)", "np.linalg.inv(np.linalg.cholesky(S_oo))"),
    ("correlation|standard|scale", "covariance[np.ix_(m, o)]", "(covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance))))[np.ix_(m, o)]",
     "covariance[np.ix_(o, o)]", "(covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance))))[np.ix_(o, o)]"),
    ("own variance|Sigma_mm|missing|variance", "S_mo @ np.linalg.inv(S_oo)", "np.linalg.inv(covariance[np.ix_(m, m)]) @ S_mo"),
    ("Cholesky|root", "np.linalg.inv(S_oo)", "np.linalg.cholesky(np.linalg.inv(S_oo))"),
    ("square|twice", "np.linalg.inv(S_oo)", "np.linalg.inv(S_oo) @ np.linalg.inv(S_oo)"),
    ("mean.*(wrong|of the observed|mu)|mu_m|mu_o", "mean[m] + B", "mean[o].mean() + B"),
    ("absolute|sign", "(X[n, o] - mean[o])", "abs(X[n, o] - mean[o])"),
    ("mean.*row|of X|data|mu_o", "(X[n, o] - mean[o])", "(X[n, o] - X[n, o].mean())"),
    ("mean.*column|of X|data|mu", "(X[n, o] - mean[o])", "(X[n, o] - np.nanmean(X, axis=0)[o])"),
    ("variance|C\\b|add", "mean[m] + B @", "mean[m] + np.sqrt(np.diag(covariance)[m]) + B @"),
    ("shape|drop|complete rows", "return out", "return out[~np.isnan(X).any(axis=1)]"),
    ("only what is missing|missing|observed|zero", "out = X.copy()", "out = np.zeros(X.shape)"),
    ("round|whole|integer", "return out", "return np.round(out)"),
    ("regular|ridge|add|diagonal", "np.linalg.inv(S_oo)", "np.linalg.inv(S_oo + np.eye(len(o)))"),
    ("centr|mean|mu", "mean[m] + B @ (X[n, o] - mean[o])", "B @ X[n, o]"),
    ("diagonal|one by one|average|mean", "B = S_mo @ np.linalg.inv(S_oo)", "B = S_mo / np.diag(S_oo) / max(len(o), 1)"),
    ("trace|sum|one by one|diagonal", "np.linalg.inv(S_oo)", "np.eye(len(o)) / max(S_oo.sum(), 1e-9)"),
]  # fmt: skip

MISSING = """
def e_step_with_missing(X, weights, means, covariances):
    N, D = X.shape
    K = len(weights)
    ell = np.zeros((N, K))
    hat = np.zeros((N, K, D))
    C = np.zeros((N, K, D, D))
    for n in range(N):
        m = np.flatnonzero(np.isnan(X[n]))
        o = np.flatnonzero(~np.isnan(X[n]))
        x = X[n, o]
        for k in range(K):
            S_oo = covariances[k][np.ix_(o, o)]
            S_mo = covariances[k][np.ix_(m, o)]
            S_mm = covariances[k][np.ix_(m, m)]
            P = np.linalg.inv(S_oo)
            delta = x - means[k, o]
            quad = delta @ P @ delta
            logdet = np.linalg.slogdet(S_oo)[1]
            ell[n, k] = np.log(weights[k]) - 0.5 * (len(o) * np.log(2 * np.pi) + logdet + quad)
            hat[n, k, o] = x
            hat[n, k, m] = means[k, m] + S_mo @ P @ delta
            C[n, k][np.ix_(m, m)] = S_mm - S_mo @ P @ S_mo.T
    r = np.exp(ell - ell.max(axis=1, keepdims=True))
    r = r / r.sum(axis=1, keepdims=True)
    sums = np.einsum("nk,nkd->kd", r, hat)
    squares = np.einsum("nk,nkd,nke->kde", r, hat, hat) + np.einsum("nk,nkde->kde", r, C)
    return r, sums, squares
"""
FILLED = "    r = np.exp(ell - ell.max"
MISSING_WRONG = [
    ("\\bC\\b|covariance|square", " + np.einsum(\"nk,nkde->kde\", r, C)", ""),
    ("\\bC\\b.*(r|weigh)|weigh", "np.einsum(\"nk,nkde->kde\", r, C)", "C.sum(axis=0)"),
    ("minus|Sigma_mm|subtract|C\\b", "S_mm - S_mo @ P @ S_mo.T", "S_mm"),
    ("sign|\\+|added", "S_mm - S_mo", "S_mm + S_mo"),
    ("whole|all of|Sigma", "np.einsum(\"nk,nkde->kde\", r, C)", "r.sum(axis=0)[:, None, None] * covariances"),
    ("sign|minus|subtract", " + np.einsum(\"nk,nkde", " - np.einsum(\"nk,nkde"),
    ("weights?", "np.log(weights[k]) - 0.5", "-0.5"),
    ("determinant", "+ logdet ", ""),
    ("determinant.*(whole|all)|whole|all of Sigma|of the features", "np.linalg.slogdet(S_oo)", "np.linalg.slogdet(covariances[k])"),
    ("half|1/2|0\\.5", "+ quad", "+ 2 * quad"),
    ("invers|Sigma\\^-1", "P = np.linalg.inv(S_oo)", "P = S_oo"),
    ("whole|block|cut", "np.linalg.inv(S_oo)", "np.linalg.inv(covariances[k])[np.ix_(o, o)]"),
    ("mean|mu|slope|regress|rest of the row", "means[k, m] + S_mo @ P @ delta", "means[k, m]"),
    ("zero|0", "means[k, m] + S_mo @ P @ delta", "0"),
    ("mean.*(missing|left)|mu_m|add", "means[k, m] + S_mo", "S_mo"),
    ("column|mean of the", "means[k, m] + S_mo @ P @ delta", "np.nanmean(X, axis=0)[m]"),
    ("sign|minus", "means[k, m] + S_mo", "means[k, m] - S_mo"),
    ("weigh|\\br\\b|responsib", "np.einsum(\"nk,nkd->kd\", r, hat)", "hat.sum(axis=0)"),
    ("divid|mean|N_k|sum", "np.einsum(\"nk,nkd->kd\", r, hat)", "np.einsum(\"nk,nkd->kd\", r, hat) / r.sum(axis=0)[:, None]"),
    ("divid|mean|N_k|sum", "return r, sums, squares", "return r, sums, squares / r.sum(axis=0)[:, None, None]"),
    ("centr|mean|about|scatter|cov", "return r, sums, squares",
     "return r, sums, squares - np.einsum('kd,ke,k->kde', sums, sums, 1 / r.sum(axis=0))"),
    ("over the points|over n|axis|column|normalis", "r / r.sum(axis=1, keepdims=True)", "r / r.sum(axis=0)"),
    ("hard|largest|certain|wholly|soft", "    sums = ", "    r = np.eye(K)[r.argmax(axis=1)]\n    sums = "),
    ("weigh|\\br\\b|responsib|unweighted", "np.einsum(\"nk,nkd,nke->kde\", r, hat, hat)", "np.einsum(\"nkd,nke->kde\", hat, hat)"),
    ("order|return|shape", "return r, sums, squares", "return r, squares, sums"),
    ("transpos|shape", "return r, sums,", "return r.T, sums,"),
    ("drop|complete|rows that lack|whole rows|only.*rows", "    sums = ",
     "    full = ~np.isnan(X).any(axis=1)\n    hat, C = hat * full[:, None, None], C * full[:, None, None, None]\n    sums = "),
    ("fill|complete|r\\b.*hat|density|what is missing|expected value|imput", FILLED, """    for k in range(K):
        ell[:, k] = np.log(weights[k]) + scipy.stats.multivariate_normal(means[k], covariances[k]).logpdf(hat[:, k])
""" + FILLED),
    ("diagonal|correlat", "S_mm - S_mo @ P @ S_mo.T", "np.diag(np.diag(S_mm - S_mo @ P @ S_mo.T))"),
    ("invers", "S_mm - S_mo @ P @ S_mo.T", "np.linalg.inv(S_mm - S_mo @ P @ S_mo.T)"),
    ("square|twice|r\\^2", "np.einsum(\"nk,nkd,nke->kde\", r, hat, hat)", "np.einsum(\"nk,nkd,nke->kde\", r ** 2, hat, hat)"),
    ("average|mixture|each component|one value|same", "    sums = ",
     "    hat = np.tile(np.einsum('nk,nkd->nd', r, hat)[:, None], (1, K, 1))\n    sums = "),
    ("diagonal|outer", "return r, sums, squares",
     "return r, sums, np.einsum('kdd->kd', squares)[:, :, None] * np.eye(D)"),
    ("missing|every", "        x = X[n, o]\n", "        x = X[n, o]\n        if len(o) == 0: continue\n"),
    ("shape", "return r, sums, squares", "return r, sums, np.einsum('kdd->kd', squares)"),
    ("log", "return r, sums, squares", "return np.log(r), sums, squares"),
    ("transpos|invers|root|C", "S_mm - S_mo @ P @ S_mo.T", "S_mm - S_mo @ P @ P @ S_mo.T"),
    ("\\bC\\b|weights?", " + np.einsum(\"nk,nkde->kde\", r, C)", "", "np.log(weights[k]) - 0.5", "-0.5"),
    ("mean|subtract|centr", "delta = x - means[k, o]", "delta = x"),
    ("zero|fill|0", "        x = X[n, o]\n",
     "        o, m, x = np.arange(D), np.arange(0), np.nan_to_num(X[n])\n"),
    ("mean of the column|column mean|fill", "        x = X[n, o]\n",
     "        x = np.where(np.isnan(X[n]), np.nanmean(X, axis=0), X[n]); o, m = np.arange(D), np.arange(0)\n"),
    ("root|deviation", "S_mm - S_mo @ P @ S_mo.T", "np.diag(np.sqrt(np.diag(S_mm - S_mo @ P @ S_mo.T)))"),
    ("everywhere|observed|whole|all features|known", "C[n, k][np.ix_(m, m)] = S_mm - S_mo @ P @ S_mo.T", "C[n, k] = covariances[k] * (len(m) > 0)"),
    ("even|equal|weights", "np.log(weights[k])", "np.log(1 / K)"),
]  # fmt: skip

WRONG = {
    "conditional_mean": (CONDITIONAL, CONDITIONAL_WRONG),
    "e_step_with_missing": (MISSING, MISSING_WRONG),
}

PRECISION = """
def complete(x, mu, S):
    m = np.isnan(x)
    P = np.linalg.inv(S)
    C = np.zeros_like(S); y = np.where(m, mu, x)
    if m.any():
        V = np.linalg.inv(P[m][:, m])
        C[np.ix_(m, m)] = V
        y[m] = mu[m] - V @ P[m][:, ~m] @ (x[~m] - mu[~m])
    return y, C
"""
SWEEP = """
def complete(x, mu, S):
    y, C, mu = x.astype(float).copy(), S.copy(), mu.copy()
    for i in np.flatnonzero(~np.isnan(x)):
        gain = C[:, i] / C[i, i]
        mu = mu + gain * (x[i] - mu[i])
        C = C - np.outer(gain, C[i])
    return np.where(np.isnan(x), mu, x), C
"""
SELECT = """
def complete(x, mu, S):
    H = np.eye(len(x))[~np.isnan(x)]
    G = S @ H.T @ np.linalg.pinv(H @ S @ H.T)
    return mu + G @ (x[~np.isnan(x)] - H @ mu), S - G @ H @ S
"""
LSTSQ = """
def complete(x, mu, S):
    m = np.isnan(x); o = ~m; x = np.array(x, order="F"); C = np.zeros(S.shape)
    if o.any():
        A = scipy.linalg.solve(S[o][:, o], S[o][:, m], assume_a="pos")
        x[m] = (x[o] - mu[o]) @ A + mu[m]
        C[np.ix_(m, m)] = S[m][:, m] - A.T @ S[o][:, m]
        return x, C
    return mu, S
"""
CHOL = """
def complete(x, mu, S):
    o, m = np.flatnonzero(~np.isnan(x)), np.flatnonzero(np.isnan(x))
    order = np.r_[o, m]
    L = np.linalg.cholesky(S[np.ix_(order, order)]); a = len(o)
    u = np.linalg.solve(L[:a, :a], x[o] - mu[o])
    y = x.copy(); y[m] = mu[m] + L[a:, :a] @ u
    C = np.zeros_like(S); C[np.ix_(m, m)] = L[a:, a:] @ L[a:, a:].T
    return y, C
"""
WAYS = [PRECISION, SWEEP, SELECT, LSTSQ, CHOL]
BY_WAY = """
def conditional_mean(X, mean, covariance):
    return [complete(x, mean, covariance)[0] for x in X]
"""
WHOLE = """
def e_step_with_missing(X, weights, means, covariances):
    K, D = means.shape
    ell = np.zeros((len(X), K)); sums = np.zeros((K, D)); squares = np.zeros((K, D, D))
    for n, x in enumerate(X):
        o = ~np.isnan(x)
        for k in range(K):
            ell[n, k] = np.log(weights[k])
            if o.any():
                ell[n, k] += scipy.stats.multivariate_normal(means[k][o], covariances[k][o][:, o]).logpdf(x[o])
    r = scipy.special.softmax(ell, axis=1)
    for n, x in enumerate(X):
        for k in range(K):
            y, C = complete(x, means[k], covariances[k])
            sums[k] += r[n, k] * y
            squares[k] += r[n, k] * (y[:, None] * y + C)
    return r, sums, squares
"""
RIGHT = {
    "conditional_mean": [way + BY_WAY for way in WAYS],
    # A constant of the row cancels in r.
    "e_step_with_missing": [way + WHOLE for way in WAYS]
    + [
        MISSING.replace("len(o) * np.log(2 * np.pi)", other)
        for other in ("0", "D * np.log(2 * np.pi)")
    ],
}
