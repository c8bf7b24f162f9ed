// EM for a Gaussian mixture in the plane, for the playground.  Pure functions; nothing of the page.
//
// It is a second program, beside the package in Python.  tests/test_playground.py holds the two
// together, half a step at a time.
//
//   X      [N][2]     points
//   theta  { weights [K], means [K][2], covariances [K][2][2] }
//   r, q   [N][K]     responsibilities; q is any distribution over assignments
//   name   a covariance_type of the package
const EM = (() => {
  const EPS = Number.EPSILON, SLOWEST = 1 - 1e-5; // the second as in em.py
  const MODELS = { // whether components share a covariance, and what it may look like
    full: [false, "full"], tied: [true, "full"],
    diag: [false, "diagonal"], tied_diag: [true, "diagonal"],
    spherical: [false, "sphere"], tied_spherical: [true, "sphere"],
  };
  const SHAPES = {
    full: (S) => S,
    diagonal: ([[a], [, c]]) => [[a, 0], [0, c]],
    sphere: ([[a], [, c]]) => [[(a + c) / 2, 0], [0, (a + c) / 2]],
  };
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const matrix = (entry) => [0, 1].map((i) => [0, 1].map((j) => entry(i, j)));
  const det = ([[a, b], [c, d]]) => a * d - b * c;

  function logSumExp(row) {
    const top = Math.max(...row);
    return top + Math.log(sum(row.map((v) => Math.exp(v - top))));
  }

  // log pi_k + log N(x_n | mu_k, Sigma_k), [N][K]; Sigma = L L^T, and u = L^-1 (x - mu).
  function logJoint(X, theta) {
    const components = theta.weights.map((weight, k) => {
      const [[a], [b, c]] = theta.covariances[k];
      const l00 = Math.sqrt(a), l10 = b / l00, l11 = Math.sqrt(c - l10 * l10);
      const top = Math.log(weight) - Math.log(2 * Math.PI) - Math.log(l00) - Math.log(l11);
      return { mean: theta.means[k], l00, l10, l11, top };
    });
    return X.map(([x, y]) => components.map(({ mean, l00, l10, l11, top }) => {
      const u0 = (x - mean[0]) / l00, u1 = (y - mean[1] - l10 * u0) / l11;
      return top - (u0 * u0 + u1 * u1) / 2;
    }));
  }

  // Bayes' rule in logarithms.
  function eStep(X, theta) {
    return logJoint(X, theta).map((row) => {
      const logP = logSumExp(row);
      return row.map((v) => Math.exp(v - logP));
    });
  }

  const logLikelihood = (X, theta) => sum(logJoint(X, theta).map(logSumExp));

  // log p(X | theta) = ELBO + KL, each as a sum of its own; q log q is 0 at 0.
  function bound(X, q, theta) {
    let elbo = 0, kl = 0;
    logJoint(X, theta).forEach((row, n) => {
      const logP = logSumExp(row);
      row.forEach((v, k) => {
        if (q[n][k] === 0) return;
        elbo += q[n][k] * (v - Math.log(q[n][k]));
        kl += q[n][k] * (Math.log(q[n][k]) - (v - logP));
      });
    });
    return { elbo, kl };
  }

  // Counts, weighted means, and scatters about them: sums of r (x - mu)(x - mu)^T.
  function moments(X, r) {
    return r[0].map((_, k) => {
      const count = sum(r.map((row) => row[k]));
      const mean = [0, 1].map((d) => sum(X.map((x, n) => r[n][k] * x[d])) / count);
      const scatter = matrix((i, j) => sum(X.map((x, n) =>
        r[n][k] * (x[i] - mean[i]) * (x[j] - mean[j]))));
      return { count, mean, scatter };
    });
  }

  // Mean and covariance of all points.
  function whole(X) {
    const [{ count, mean, scatter }] = moments(X, X.map(() => [1]));
    return { mean, covariance: matrix((i, j) => scatter[i][j] / count) };
  }

  // What every variance grows by: a portion of that of the data.
  const smoothing = (X, varSmoothing) => [0, 1].map((d) => varSmoothing * whole(X).covariance[d][d]);

  // The parameters that maximise Q.
  function maximise(X, r, name, varSmoothing) {
    const [shared, shape] = MODELS[name], parts = moments(X, r), eps = smoothing(X, varSmoothing);
    const over = (some) => { // W / N of some components together, each point a small cloud
      const N = sum(some.map((p) => p.count));
      return SHAPES[shape](matrix((i, j) =>
        sum(some.map((p) => p.scatter[i][j])) / N + (i === j ? eps[i] : 0)));
    };
    return {
      weights: parts.map((p) => p.count / X.length),
      means: parts.map((p) => p.mean),
      covariances: parts.map((p) => over(shared ? parts : [p])),
    };
  }

  // The M step as in GMM.em_step: smoothed covariances that make the points less likely are not
  // taken.  A component that has collapsed is an error, and no parameters.
  function mStep(X, r, theta, name, varSmoothing) {
    let next = maximise(X, r, name, varSmoothing);
    const error = collapsed(X, next);
    if (error) return { error };
    const rounding = Math.sqrt(EPS) / 10 * X.length;
    if (logLikelihood(X, next) < logLikelihood(X, theta) - rounding)
      next = { ...next, covariances: theta.covariances };
    return { theta: next, warning: held(X, next, varSmoothing) };
  }

  const points = (X, theta, k) => `${(theta.weights[k] * X.length).toFixed(1)} points`;

  // In words, that a component has no points or no volume; or "".
  function collapsed(X, theta) {
    const v = whole(X).covariance, empty = theta.weights.findIndex((weight) => !(weight > 1e-15));
    if (empty >= 0) return `component ${empty} holds 0.0 points`;
    const k = theta.covariances.findIndex((S) => {
      const left = S[1][1] - (S[1][0] * S[0][1]) / S[0][0]; // of y, once x is known
      return !(left > 2 * EPS * S[1][1] && [0, 1].every((d) => S[d][d] > 1e-20 * v[d][d]));
    });
    return k < 0 ? "" : `component ${k} has collapsed: its covariance is singular (${points(X, theta, k)})`;
  }

  // In words, that smoothing alone gives a component its volume; or "".  Its smallest variance, as
  // a portion of the average in that direction, is the smaller root of det(C_k - root * C) = 0.
  function held(X, theta, varSmoothing) {
    if (varSmoothing === 0) return "";
    const eps = smoothing(X, varSmoothing);
    const own = theta.covariances.map((S) => matrix((i, j) => S[i][j] - (i === j ? eps[i] : 0)));
    const A = matrix((i, j) => sum(own.map((S, k) => theta.weights[k] * S[i][j])));
    const portions = own.map((C) => {
      const b = A[0][0] * C[1][1] + A[1][1] * C[0][0] - 2 * A[0][1] * C[0][1];
      return (2 * det(C)) / (b + Math.sqrt(Math.max(b * b - 4 * det(A) * det(C), 0)));
    });
    const k = portions.findIndex((portion) => !(portion > 1e-8));
    return k < 0 ? "" : `component ${k} lies on ${points(X, theta, k)}, and only var_smoothing=` +
      `${varSmoothing.toExponential()} gives it a volume`;
  }

  // What is left to gain, by Aitken's formula; the log-likelihoods are those of all steps so far.
  function gainToCome(history) {
    const [now, last, before] = history.slice(-3).reverse(), gain = now - last;
    if (Math.abs(gain) <= EPS * Math.abs(last)) return 0;
    const rate = last === before ? 0 : gain / (last - before); // NaN before the second step
    return Math.abs(gain) / (1 - (rate < SLOWEST ? Math.max(rate, 0) : SLOWEST));
  }

  return { MODELS, SHAPES, eStep, mStep, bound, logLikelihood, gainToCome, whole };
})();
