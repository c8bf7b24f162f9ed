"""Wrong answers about priors, written as students write them, before any mistake had a name.

Each is a line of a right answer, what stands in its place, and what is said of it.  Those in
``NOT_KNOWN`` equalled no known mistake when they were written.  Those in ``AFTERWARDS`` came later,
most of them from a second set.
"""

MAP_M_STEP = """
def map_m_step(X, r, m, kappa, scale, nu, alpha):
    (N, D), K = X.shape, r.shape[1]
    N_k = r.sum(axis=0)
    pi = (N_k + alpha - 1) / (N + alpha.sum() - K)
    mu = np.zeros((K, D))
    Sigma = np.zeros((K, D, D))
    for k in range(K):
        x_bar = r[:, k] @ X / max(N_k[k], 1e-300)
        mu[k] = (N_k[k] * x_bar + kappa * m) / (N_k[k] + kappa)
        delta = X - x_bar
        W = (r[:, [k]] * delta).T @ delta
        d, e = x_bar - mu[k], m - mu[k]
        S = scale + W + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)
        Sigma[k] = S / (N_k[k] + nu + D + 2)
    return pi, mu, Sigma
"""
POSTERIOR_COUNTS = """
def posterior_counts(r, alpha_0, beta_0, nu_0):
    N, K = r.shape
    N_k = r.sum(axis=0)
    alpha = alpha_0 + N_k
    beta = beta_0 + N_k
    nu = nu_0 + N_k
    return alpha, beta, nu
"""
EXPECTED_LOG_WEIGHTS = """
def expected_log_weights(alpha):
    K = len(alpha)
    total = alpha.sum()
    answer = digamma(alpha) - digamma(total)
    return answer
"""
EXPECTED_LOG_DET = """
def expected_log_det(nu, W):
    K, D = W.shape[:2]
    answer = np.zeros(K)
    for k in range(K):
        log_det = np.linalg.slogdet(W[k])[1]
        psi = 0.0
        for i in range(1, D + 1):
            psi += digamma((nu[k] + 1 - i) / 2)
        answer[k] = psi + D * np.log(2) + log_det
    return answer
"""
SOURCES = {
    "map_m_step": MAP_M_STEP,
    "posterior_counts": POSTERIOR_COUNTS,
    "expected_log_weights": EXPECTED_LOG_WEIGHTS,
    "expected_log_det": EXPECTED_LOG_DET,
}
PI = "pi = (N_k + alpha - 1) / (N + alpha.sum() - K)"
MU = "mu[k] = (N_k[k] * x_bar + kappa * m) / (N_k[k] + kappa)"
S = "S = scale + W + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)"
END = "Sigma[k] = S / (N_k[k] + nu + D + 2)"
ALPHA = "alpha = alpha_0 + N_k"
BETA = "beta = beta_0 + N_k"
NU = "nu = nu_0 + N_k"
N_K = "N_k = r.sum(axis=0)"
LOGS = "answer = digamma(alpha) - digamma(total)"
SUM = "answer[k] = psi + D * np.log(2) + log_det"
PSI = "digamma((nu[k] + 1 - i) / 2)"
RANGE = "range(1, D + 1)"
LOG_DET = "log_det = np.linalg.slogdet(W[k])[1]"
KNOWN = {
    "map_m_step": [
        (PI, "pi = (N_k + alpha) / (N + alpha.sum())", "alpha_k is added"),
        (PI, "pi = N_k / N", "the weights are those without"),
        (PI, "pi = (N_k + alpha - 1) / N", "the weights do not sum to one: N"),
        (PI, "pi = N_k + alpha - 1", "the weights are N_k"),
        (
            PI,
            "pi = (N_k + alpha - 1) / (N + alpha.sum())",
            "the weights do not sum to one: 1 was subtracted K times above, and is not",
        ),
        (
            PI,
            "pi = (N_k + alpha - 1) / (N + alpha.sum() - 1)",
            "the weights do not sum to one: 1 was subtracted K times above, and is once",
        ),
        (PI, "pi = (alpha - 1) / (alpha - 1).sum()", "the weights are those of"),
        (PI, "pi = alpha / alpha.sum()", "the weights are alpha_k"),
        (
            PI,
            "n = np.eye(K)[r.argmax(1)].sum(0); pi = (n + alpha - 1) / (n + alpha - 1).sum()",
            "the weights count",
        ),
        (PI, "pi = N_k * alpha / (N_k * alpha).sum()", "alpha multiplies"),
        (PI, "pi = np.ones(K) / K", "the weights pi"),
        (PI, "pi = (N_k + 1) / (N + K)", "1 is added to each"),
        (PI, "pi = N_k / N + alpha - 1; pi = pi / pi.sum()", "alpha_k - 1 is added to"),
        (PI, "pi = (N_k + alpha.sum() - K); pi = pi / pi.sum()", "the alpha - 1 of"),
        (PI, "pi = N_k - alpha + 1; pi = pi / pi.sum()", "alpha_k - 1 is subtracted"),
        (PI, "pi = (N_k + alpha + 1) / (N + alpha.sum() + K)", "alpha_k + 1 is"),
        (MU, "mu[k] = x_bar", "the means are not"),
        (MU, "mu[k] = (N_k[k] * x_bar + kappa * m) / N_k[k]", "the means divide by N_k:"),
        (MU, "mu[k] = (N_k[k] * x_bar + kappa * m) / (N + kappa)", "the means divide by N +"),
        (MU, "mu[k] = N_k[k] * x_bar + kappa * m", "the means are sums:"),
        (MU, "mu[k] = N_k[k] * x_bar / (N_k[k] + kappa)", "the means are drawn"),
        (MU, "mu[k] = (x_bar + kappa * m) / (1 + kappa)", "in the means, the"),
        (MU, "mu[k] = (N_k[k] * x_bar + m) / (N_k[k] + 1)", "in the means, m counts once:"),
        (MU, "mu[k] = (kappa * x_bar + N_k[k] * m) / (N_k[k] + kappa)", "in the means, N_k"),
        (MU, "mu[k] = (N * x_bar + kappa * m) / (N + kappa)", "N stands where"),
        (MU, "mu[k] = m", "the means are m"),
        (MU, "mu[k] = X.mean(axis=0)", "the means do not use r: each"),
        (MU, "mu[k] = (x_bar + m) / 2", "the means are halfway"),
        (MU, "mu[k] = (N_k[k] * x_bar + nu * m) / (N_k[k] + nu)", "in the means, nu"),
        (MU, "mu[k] = (N_k[k] * x_bar - kappa * m) / (N_k[k] + kappa)", "the means are pushed"),
        (
            MU,
            "n = N_k[k] + alpha[k] - 1; mu[k] = (n * x_bar + kappa * m) / (n + kappa)",
            "alpha_k - 1 counts",
        ),
        (
            MU,
            "mu[k] = (N * X.mean(axis=0) + kappa * m) / (N + kappa)",
            "the means do not use r: the mean",
        ),
        (
            MU,
            "z = r.argmax(axis=1) == k; mu[k] = (X[z].sum(axis=0) + kappa * m) / (z.sum() + kappa)",
            "the means use hard",
        ),
        (END, "Sigma[k] = S / N_k[k]", "the covariances divide by N_k:"),
        (END, "Sigma[k] = S / (N_k[k] + nu)", "the covariances divide by N_k + nu:"),
        (END, "Sigma[k] = S / (N_k[k] + nu + D + 1)", "the covariances divide by N_k + nu + D +"),
        (END, "Sigma[k] = S / (N_k[k] + nu - D - 1)", "the covariances divide by N_k + nu -"),
        (END, "Sigma[k] = S / (N_k[k] + nu + 2)", "the covariances divide by N_k + nu + 2:"),
        (END, "Sigma[k] = S / (N_k[k] + nu + D)", "the covariances divide by N_k + nu + D:"),
        (END, "Sigma[k] = S / (N + nu + D + 2)", "the covariances divide by N +"),
        (END, "Sigma[k] = S / (N_k[k] + kappa + nu + D + 2)", "kappa is added"),
        (END, "Sigma[k] = S / (N_k[k] + kappa)", "the covariances divide by N_k + kappa:"),
        (END, "Sigma[k] = S", "the covariances are S_k:"),
        (END, "Sigma[k] = S / (nu + D + 2)", "the covariances divide by nu"),
        (END, "Sigma[k] = S / (N_k[k] + D + 2)", "the covariances divide by N_k + D"),
        (END, "Sigma[k] = S / (N_k[k] + alpha[k] - 1 + nu + D + 2)", "alpha_k - 1 is added where"),
        (END, "Sigma[k] = np.diag(np.diag(S)) / (N_k[k] + nu + D + 2)", "only the diagonal"),
        (END, "Sigma[k] = np.linalg.inv(S / (N_k[k] + nu + D + 2))", "these are the inverses"),
        (END, "Sigma[k] = W / N_k[k]", "the covariances are those"),
        (S, "S = W + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)", "the scale of the"),
        (S, "S = scale + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)", "W_k is left out"),
        (S, "S = scale + W", "the last two terms of S_k are left"),
        (S, "S = scale + W + kappa * np.outer(e, e)", "N_k (xbar_k - mu_k)(xbar_k - mu_k)^T is"),
        (S, "S = scale + W + N_k[k] * np.outer(d, d)", "kappa (m - mu_k)(m"),
        (
            S,
            "S = scale + W + kappa * np.outer(x_bar - m, x_bar - m)",
            "(xbar_k - m)(xbar_k - m)^T has the factor kappa alone:",
        ),
        (
            S,
            "S = scale + W + kappa * N_k[k] * np.outer(x_bar - m, x_bar - m)",
            "(xbar_k - m)(xbar_k - m)^T has the factor kappa N_k:",
        ),
        (
            S,
            "S = scale + W + np.outer(x_bar - m, x_bar - m)",
            "(xbar_k - m)(xbar_k - m)^T has the factor 1:",
        ),
        (
            S,
            "S = scale + W + N_k[k] * np.outer(x_bar - m, x_bar - m)",
            "(xbar_k - m)(xbar_k - m)^T has the factor N_k",
        ),
        (
            S,
            "S = scale + W + kappa / (N_k[k] + kappa) * np.outer(x_bar - m, x_bar - m)",
            "(xbar_k - m)(xbar_k - m)^T has the factor kappa /",
        ),
        (
            S,
            "S = scale + W + N_k[k] / (N_k[k] + kappa) * np.outer(x_bar - m, x_bar - m)",
            "(xbar_k - m)(xbar_k - m)^T has the factor N_k /",
        ),
        (
            S,
            "S = scale + W + kappa * N / (N + kappa) * np.outer(x_bar - m, x_bar - m)",
            "in the last term of S_k N",
        ),
        (
            S,
            "S = np.linalg.inv(scale) + W + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)",
            "the inverse of the scale",
        ),
        (
            S,
            "S = nu * scale + W + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)",
            "the scale counts",
        ),
        (
            S,
            "S = scale / K + W + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)",
            "the scale is shared",
        ),
        (
            S,
            "S = scale + W / N_k[k] + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)",
            "the covariance W_k",
        ),
        ("delta = X - x_bar", "delta = X - mu[k]", "N_k (xbar_k - mu_k)(xbar_k - mu_k)^T counts"),
        (
            S,
            "S = scale + delta.T @ delta + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)",
            "the scatter does",
        ),
        (
            "W = (r[:, [k]] * delta).T @ delta",
            "W = (r[:, [k]] * delta).T @ (r[:, [k]] * delta)",
            "the scatter uses",
        ),
        (
            S,
            "S = scale + (r[:, [k]] * X).T @ X + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)",
            "the points are",
        ),
        (
            S,
            "S = scale + W + N_k[k] * (d @ d) + kappa * (e @ e)",
            "the last two terms of S_k are numbers",
        ),
        (
            S,
            "S = scale + W + N_k[k] * d**2 + kappa * e**2",
            "the last two terms of S_k are squares",
        ),
        (S, "S = scale + W + np.outer(d, d) + np.outer(e, e)", "in the last two"),
        (
            S,
            "S = scale + W - N_k[k] * np.outer(d, d) - kappa * np.outer(e, e)",
            "the last two terms of S_k are subtracted:",
        ),
        (
            "d, e = x_bar - mu[k], m - mu[k]",
            "d, e = x_bar - mu[k], m - x_bar",
            "in the last term of S_k m",
        ),
        (PI, "pi = N_k / N; scale = 0 * scale; kappa = 0; nu = -D - 2", "this is the M step"),
        (MU, "mu[k] = x_bar; S = 0", "the means are not"),
        (
            "N_k = r.sum(axis=0)",
            "r = np.eye(K)[r.argmax(axis=1)]; N_k = r.sum(axis=0)",
            "each point goes",
        ),
    ],
    "posterior_counts": [
        (ALPHA, "alpha = alpha_0 + N * np.ones(K)", "in alpha, N stands"),
        (ALPHA, "alpha = alpha_0 / K + N_k", "alpha_0 is shared"),
        (ALPHA, "alpha = alpha_0 * K + N_k", "alpha_0 counts K"),
        (ALPHA, "alpha = N_k", "alpha_0 is left"),
        (ALPHA, "alpha = alpha_0 + N_k - 1", "1 is subtracted from alpha:"),
        (ALPHA, "alpha = alpha_0 + N_k + 1", "1 is added to alpha:"),
        (ALPHA, "alpha = alpha_0 + N_k; alpha = alpha / alpha.sum()", "alpha is divided"),
        (ALPHA, "alpha = alpha_0 * N_k", "alpha_0 multiplies"),
        (ALPHA, "alpha = (alpha_0 + r).sum(axis=0)", "alpha_0 is added"),
        (ALPHA, "alpha = N_k.copy(); alpha[0] += alpha_0", "alpha_0 counts once"),
        (ALPHA, "alpha = np.full(K, alpha_0)", "alpha is not updated:"),
        (ALPHA, "alpha = alpha_0 + N_k / N", "in alpha, the counts"),
        (ALPHA, "alpha = alpha_0 - N_k", "N_k is subtracted from alpha_0:"),
        (N_K, "N_k = r.mean(axis=0)", "the counts are divided"),
        (N_K, "N_k = r.sum() * np.ones(K)", "N is added for"),
        (N_K, "N_k = np.bincount(r.argmax(axis=1), minlength=K)", "the counts are those"),
        (N_K, "N_k = np.round(r.sum(axis=0))", "the counts are rounded:"),
        (N_K, "N_k = r.sum(axis=0).astype(int)", "the counts are cut"),
        (N_K, "N_k = (r**2).sum(axis=0)", "the responsibilities"),
        (N_K, "N_k = (r / r.sum(axis=0)).sum(axis=0)", "1 is added to each"),
        (N_K, "N_k = r.sum(axis=0) / 2", "half of N_k is added:"),
        (BETA, "beta = beta_0 + N * np.ones(K)", "in beta, N stands"),
        (BETA, "beta = np.full(K, beta_0)", "beta is not updated:"),
        (BETA, "beta = N_k", "beta_0 is left"),
        (BETA, "beta = beta_0 * N_k / (beta_0 + N_k)", "beta is beta_0"),
        (BETA, "beta = 1 / (beta_0 + N_k)", "this is 1 / beta_k:"),
        (BETA, "beta = alpha_0 + N_k", "beta holds alpha_0"),
        (BETA, "beta = beta_0 + N_k / N", "in beta, the counts"),
        (BETA, "beta = N_k / (beta_0 + N_k)", "beta is N_k / (beta_0"),
        (BETA, "beta = beta_0 * N_k", "beta_0 multiplies"),
        (BETA, "beta = (beta_0 + r).sum(axis=0)", "beta_0 is added once"),
        (NU, "nu = nu_0 + N * np.ones(K)", "in nu, N stands"),
        (NU, "nu = nu_0 + N_k + 1", "1 is added to nu"),
        (NU, "nu = nu_0 + N_k - 1", "1 is subtracted from nu"),
        (NU, "nu = np.full(K, nu_0)", "nu is not updated:"),
        (NU, "nu = N_k", "nu_0 is left out:"),
        (NU, "nu = nu_0 + N_k / 2", "in nu, half of N_k is added"),
        (NU, "nu = (nu_0 + N_k) / 2", "nu is halved"),
        (NU, "nu = nu_0 + N_k + beta_0", "beta_0 is added to"),
        (NU, "nu = nu_0 + beta", "beta_0 is added to"),
        (NU, "nu = nu_0 * N_k", "nu_0 multiplies"),
        (NU, "nu = (nu_0 + r).sum(axis=0)", "nu_0 is added once"),
        (NU, "nu = nu_0 + N_k / N", "in nu, the counts"),
        ("return alpha, beta, nu", "return alpha, nu, beta", "beta_0 and nu_0"),
        ("return alpha, beta, nu", "return beta, alpha, nu", "alpha_0 and beta_0"),
        ("return alpha, beta, nu", "return alpha - alpha_0, beta, nu", "alpha_0 is left"),
        (
            "return alpha, beta, nu",
            "return alpha / (N + K * alpha_0), beta / (N + K * beta_0), nu",
            "alpha is divided",
        ),
    ],
    "expected_log_weights": [
        (LOGS, "answer = np.log(alpha / total)", "this is the log of the expected"),
        (LOGS, "answer = digamma(alpha)", "the digamma of the sum is left"),
        (LOGS, "answer = np.log(alpha)", "this is log alpha_k:"),
        (LOGS, "answer = digamma(alpha / total)", "this is the digamma of the"),
        (LOGS, "answer = digamma(alpha) - np.log(total)", "the log of the"),
        (LOGS, "answer = np.log(alpha) - digamma(total)", "the log of alpha_k"),
        (LOGS, "answer = digamma(alpha) / digamma(total)", "the digammas are divided:"),
        (
            LOGS,
            "answer = gammaln(alpha) - gammaln(total)",
            "this is the log of the gamma function:",
        ),
        (LOGS, "answer = gammaln(alpha)", "this is the log of the gamma function of"),
        (LOGS, "answer = digamma(alpha) - digamma(alpha).sum()", "the digammas are summed:"),
        (LOGS, "answer = digamma(alpha) + digamma(total)", "the digamma of the sum is added:"),
        (LOGS, "answer = digamma(total) - digamma(alpha)", "the sign is wrong:"),
        (LOGS, "answer = alpha / total", "this is the expected"),
        (LOGS, "answer = np.exp(digamma(alpha) - digamma(total))", "the exponential is taken:"),
        (LOGS, "answer = digamma(alpha) - logsumexp(digamma(alpha))", "a constant is added"),
        (LOGS, "answer = softmax(digamma(alpha))", "the exponential is taken"),
        (
            LOGS,
            "answer = polygamma(1, alpha) - polygamma(1, total)",
            "this is the trigamma function",
        ),
        (LOGS, "answer = np.log((alpha - 1) / (total - K))", "this is the log of the likeliest"),
        (LOGS, "answer = digamma(alpha - 1) - digamma(total - K)", "1 is subtracted"),
        (LOGS, "answer = digamma(alpha) - digamma(K * alpha)", "K alpha_k stands"),
        (
            LOGS,
            "answer = (digamma(alpha) - digamma(total)) / np.log(10)",
            "the logarithm is to base 10:",
        ),
        (
            LOGS,
            "answer = (digamma(alpha) - digamma(total)) / np.log(2)",
            "the logarithm is to base 2:",
        ),
        (LOGS, "answer = digamma(alpha) - digamma(alpha.mean())", "the mean of alpha"),
        (
            LOGS,
            "answer = alpha / total * (digamma(alpha) - digamma(total))",
            "this is multiplied by the",
        ),
        (LOGS, "answer = np.log(alpha - 0.5) - np.log(total - 0.5)", "log(x - 1/2) stands"),
        (
            LOGS,
            "answer = np.log(alpha) - 1 / (2 * alpha) - np.log(total) + 1 / (2 * total)",
            "log x - 1 / (2",
        ),
        (LOGS, "answer = digamma(alpha + 1) - digamma(total + 1)", "1 is added to alpha_k"),
        (LOGS, "answer = digamma(alpha) - digamma(total - alpha)", "the sum is that"),
        (LOGS, "answer = digamma(alpha) - digamma(np.cumsum(alpha))", "the sum runs up"),
        (LOGS, "answer = abs(digamma(alpha) - digamma(total))", "the sign is wrong:"),
        (LOGS, "answer = digamma(alpha - total)", "this is the digamma of a"),
        (LOGS, "answer = digamma(alpha) - digamma(K)", "K stands where"),
        (LOGS, "answer = digamma(alpha) - digamma(alpha.max())", "the largest alpha"),
        (
            LOGS,
            "answer = digamma(alpha) - digamma(total) - (digamma(alpha) - digamma(total)).mean()",
            "the mean of the",
        ),
        (
            LOGS,
            "answer = np.exp(digamma(alpha)) / np.exp(digamma(alpha)).sum()",
            "the exponential is taken",
        ),
    ],
    "expected_log_det": [
        (SUM, "answer[k] = D * np.log(nu[k]) + log_det", "this is the log"),
        (SUM, "answer[k] = log_det", "this is log |W|:"),
        (SUM, "answer[k] = psi + log_det", "D log 2 is missing"),
        (SUM, "answer[k] = psi + np.log(2) + log_det", "log 2 is there"),
        (SUM, "answer[k] = psi + D * np.log(2)", "log |W| is missing"),
        (SUM, "answer[k] = psi", "log |W| and D log"),
        (SUM, "answer[k] = psi + D * np.log(2) - log_det", "the sign of log"),
        (SUM, "answer[k] = psi - D * np.log(2) + log_det", "D log 2 is subtracted:"),
        (SUM, "answer[k] = psi + D * np.log(2 * np.pi) + log_det", "D log(2 pi) stands"),
        (SUM, "answer[k] = psi + D / 2 * np.log(2) + log_det", "D log 2 is halved"),
        (SUM, "answer[k] = (psi + D * np.log(2) + log_det) / 2", "this is half of"),
        (SUM, "answer[k] = -(psi + D * np.log(2) + log_det)", "the sign is wrong:"),
        (SUM, "answer[k] = np.exp(psi + D * np.log(2) + log_det)", "the exponential"),
        (SUM, "answer[k] = psi - D * np.log(nu[k] / 2)", "log |nu W| is subtracted:"),
        (SUM, "answer[k] = (psi + D * np.log(2) + log_det) / np.log(2)", "the logarithm is"),
        (SUM, "answer[k] = psi + D * np.log(2) + log_det / 2", "log |W| is halved:"),
        (SUM, "answer[k] = psi / 2 + D * np.log(2) + log_det", "the sum of the"),
        (SUM, "answer[k] = psi + D * np.log(2) + nu[k] * log_det", "log |W| counts nu times:"),
        (SUM, "answer[k] = psi + D * np.log(2) + D * log_det", "log |W| counts D"),
        (LOG_DET, "log_det = np.linalg.det(W[k])", "|W| itself is added:"),
        (LOG_DET, "log_det = np.log(np.trace(W[k]))", "the log of the trace"),
        (LOG_DET, "log_det = np.log(np.diag(W[k])).sum()", "only the diagonal"),
        (
            LOG_DET,
            "log_det = np.log(np.diag(np.linalg.cholesky(W[k]))).sum()",
            "log |W| is halved:",
        ),
        (LOG_DET, "log_det = np.linalg.slogdet(np.linalg.inv(W[k]))[1]", "the sign of log"),
        (LOG_DET, "log_det = np.linalg.slogdet(W[0])[1]", "W of the first"),
        (LOG_DET, "log_det = abs(np.linalg.slogdet(W[k])[1])", "the sign of log"),
        (LOG_DET, "log_det = np.log10(np.linalg.det(W[k]))", "log |W| is to base"),
        (LOG_DET, "log_det = np.log(np.linalg.det(nu[k] * W[k]))", "log |nu W| is added"),
        (RANGE, "range(D)", "i runs from 0:"),
        (RANGE, "range(1, D)", "i runs to D - 1:"),
        (RANGE, "range(D + 1)", "i runs from 0 to"),
        (RANGE, "range(D, D + 1)", "only i = D is there:"),
        (RANGE, "range(1, 2)", "only i = 1 is there:"),
        (PSI, "digamma(nu[k] / 2)", "i is missing: the"),
        (PSI, "digamma(nu[k] + 1 - i)", "the argument is"),
        (PSI, "digamma(nu[k] + 1 - i / 2)", "the brackets are wrong, nu + 1"),
        (PSI, "digamma(nu[k] + (1 - i) / 2)", "the brackets are wrong, nu + (1"),
        (PSI, "digamma((nu[k] - i) / 2)", "1 is missing in"),
        (PSI, "digamma((nu[k] + 1 + i) / 2)", "the sign of i is"),
        (PSI, "digamma((nu[k] - 1 - i) / 2)", "the sign of 1 is"),
        (PSI, "np.log((nu[k] + 1 - i) / 2)", "the log stands"),
        (PSI, "gammaln((nu[k] + 1 - i) / 2)", "the log of the gamma"),
        (PSI, "polygamma(1, (nu[k] + 1 - i) / 2)", "the trigamma function"),
        (PSI, "digamma((nu[k] + 1 - D) / 2)", "D stands where"),
        (PSI, "digamma((nu[0] + 1 - i) / 2)", "nu of the first"),
        (PSI, "digamma((nu.sum() + 1 - i) / 2)", "the sum of all"),
        (PSI, "digamma((nu.mean() + 1 - i) / 2)", "the mean of all"),
        (PSI, "digamma((nu[k] + 1 - i) / 2) / 2", "the sum of the"),
    ],
}
AFTERWARDS = {
    "map_m_step": [
        (
            MU,
            "mu[k] = (N_k[k] * x_bar + m) / (N_k[k] + kappa)",
            "in the means, m counts once above",
        ),
        (MU, "mu[k] = (N_k[k] * x_bar + kappa * m) / (N_k[k] + 1)", "in the means, m counts kappa"),
        (
            MU,
            "mu[k] = (X.sum(axis=0) + kappa * m) / (N_k[k] + kappa)",
            "the means do not use r: the sum",
        ),
        (
            S,
            "S = (nu - D - 1) * scale + W + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)",
            "the scale is multiplied",
        ),
        (S, "S = scale + r[:, k] * X.T @ X + kappa * np.outer(m, m)", "the squares are"),
        (
            S,
            "n, x = N_k[k] + kappa, mu[k]; S = scale + r[:, k] * X.T @ X - n * np.outer(x, x)",
            "kappa m m^T is",
        ),
        (
            END,
            "S = S + kappa * np.outer(mu[k], mu[k]); Sigma[k] = S / (N_k[k] + nu + D + 2)",
            "N_k mu_k mu_k^T",
        ),
    ],
    "posterior_counts": [
        (BETA, "beta = beta_0 - N_k", "N_k is subtracted from beta_0:"),
        (NU, "nu = nu_0 - N_k", "N_k is subtracted from nu_0:"),
        (N_K, "N_k = np.ones(K) * N / K", "the points are"),
    ],
    "expected_log_weights": [
        (LOGS, "answer = np.full(K, -digamma(total))", "the digamma of alpha_k"),
        (
            LOGS,
            "answer = digamma(alpha) - digamma(np.cumsum(alpha[::-1])[::-1])",
            "the sum runs from",
        ),
        (LOGS, "answer = polygamma(1, alpha)", "this is the trigamma function of"),
        (
            LOGS,
            "answer = alpha * (digamma(alpha) - digamma(total))",
            "this is multiplied by alpha_k:",
        ),
    ],
    "expected_log_det": [
        (RANGE, "range(1, D + 2)", "i runs to D + 1:"),
        (PSI, "digamma(nu[k] / 2 + 1 - i)", "the brackets are wrong, nu /"),
        (PSI, "digamma((nu[k] + 1 - i) / 2) / D", "the digammas are averaged"),
        (PSI, "-digamma((nu[k] + 1 - i) / 2)", "the sign of the"),
        (PSI, "digamma((nu + 1 - i) / 2).sum()", "the digammas of"),
        (
            SUM,
            "x = nu[k] - np.arange(D); answer[k] = digamma(x.sum() / 2) + D * np.log(2) + log_det",
            "this is the digamma",
        ),
        ("psi += digamma(", "psi = (psi or 1) * digamma(", "the digammas are multiplied:"),
        (SUM, "answer[k] = psi + D / 2 * np.log(2 * np.pi) + log_det", "(D / 2) log(2 pi)"),
        (SUM, "answer[k] = psi + D * np.log(2) + nu[k] / 2 * log_det", "log |W| counts nu /"),
    ],
}
NOT_KNOWN = {
    "map_m_step": [
        (MU, "mu[k] = (N_k[k] * x_bar + kappa * m) / (N_k[k] - kappa)"),
        (END, "Sigma[k] = S / (N_k[k] + nu + K + 2)"),
        (END, "Sigma[k] = (scale / (nu + D + 2) + W / N_k[k]) / 2"),
        (S, "S = kappa * scale + W + N_k[k] * np.outer(d, d) + kappa * np.outer(e, e)"),
        (S, "S = scale * W"),
        (S, "S = scale + W + N_k[k] * np.outer(d, d) + kappa * np.outer(m, m)"),
        (S, "S = W; nu = 0"),
        (S, "n = N_k[k] + nu; S = (scale + W + N_k[k] * np.outer(d, d)) * (n + D + 2) / n"),
        (S, "n = N_k[k] + nu + D + 1; S = (scale + W) * (n + 1) / n"),
    ],
    "posterior_counts": [
        (ALPHA, "alpha = alpha_0 + np.cumsum(N_k)"),
        (ALPHA, "alpha = alpha_0 + K * np.ones(K)"),
        (ALPHA, "alpha = alpha_0 + np.append(np.cumsum(N_k[::-1])[::-1][1:], 0)"),
        (N_K, "N_k = r.sum(axis=1)"),
        (N_K, "N_k = r.sum()"),
        (N_K, "N_k = r.max(axis=0)"),
        (N_K, "N_k = r"),
        (N_K, "N_k = (r > 0.6).sum(axis=0)"),
        (N_K, "N_k = N / K"),
        (N_K, "N_k = np.log(r).sum(axis=0)"),
        (BETA, "beta = beta_0 + alpha"),
        (NU, "nu = nu_0 + N_k + 2"),
        ("return alpha, beta, nu", "return np.concatenate([alpha, beta, nu])"),
        ("return alpha, beta, nu", "return alpha, beta"),
        ("return alpha, beta, nu", "return alpha.sum(), beta.sum(), nu.sum()"),
    ],
    "expected_log_weights": [
        (LOGS, "answer = (digamma(alpha) - digamma(total)).sum()"),
        (LOGS, "answer = np.full(K, -np.log(K))"),
        (LOGS, "answer = np.log(digamma(alpha)) - np.log(digamma(total))"),
        (LOGS, "answer = np.log(alpha / total).mean() * np.ones(K)"),
        (LOGS, "answer = np.log(np.random.default_rng(0).dirichlet(alpha, 10_000).mean(axis=0))"),
        (LOGS, "answer = np.log(np.random.default_rng(0).dirichlet(alpha, 30)).mean(axis=0)"),
        (LOGS, "answer = gamma(alpha) / gamma(total)"),
        (LOGS, "answer = np.log(alpha)- np.log(total) - 1 / (2 * alpha)"),
        (LOGS, "answer = digamma(alpha) - digamma(total - 1)"),
        (LOGS, "answer = -digamma(total)"),
    ],
    "expected_log_det": [
        (SUM, "answer[k] = np.log(nu[k]) + log_det"),
        (SUM, "answer[k] = psi + K * np.log(2) + log_det"),
        (SUM, "answer[k] = psi * D * np.log(2) * log_det"),
        (SUM, "answer[k] = psi + D + log_det"),
        (SUM, "answer[k] = psi + D * np.log10(2) + log_det"),
        (SUM, "answer[k] = psi + D * (D - 1) / 4 * np.log(np.pi) + log_det"),
        (LOG_DET, "log_det = np.linalg.slogdet(W[k])[0]"),
        (LOG_DET, "log_det = np.log(np.linalg.norm(W[k]))"),
        (RANGE, "range(1, K + 1)"),
        (PSI, "digamma((nu[k] + i) / 2)"),
        (PSI, "digamma((nu[k] - D + 1 - i) / 2)"),
        ("return answer", "return answer.sum()"),
        ("return answer", "return np.log(np.abs(answer))"),
        ("return answer", "return answer[0]"),
    ],
}
