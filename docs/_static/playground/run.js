// A run of EM in the playground: its history, its state in words, and the same in Python.  No page.
const Play = (() => {
  const TOL = 1e-7, MOST_STEPS = 1000; // as in the package
  const REMEDY = "Choose another start, a larger var_smoothing, a smaller K or a simpler covariance model.";
  const fixed = (v, digits) => v.toFixed(digits).replace("-", "\u2212");

  // A run begins with its start; every E step and every M step adds to its history.
  class Run {
    constructor(X, theta, name, varSmoothing) {
      Object.assign(this, { X, theta, start: theta, name, varSmoothing, r: null, step: 0 });
      this.done = this.warning = "";
      this.history = [];
      this.note("start");
    }

    note(half) { // before the first E step all that is known of a point are the weights
      const q = this.r ?? this.X.map(() => this.theta.weights);
      this.history.push({ half, ...EM.bound(this.X, q, this.theta),
        logLikelihood: EM.logLikelihood(this.X, this.theta) });
    }

    get now() { return this.history[this.history.length - 1]; }

    eStep() {
      this.r = EM.eStep(this.X, this.theta);
      if (this.now.half === "E") return;
      this.step += 1;
      this.note("E");
    }

    mStep() {
      if (!this.r) return "An M step needs responsibilities: take an E step first.";
      const { theta, error, warning } = EM.mStep(this.X, this.r, this.theta, this.name, this.varSmoothing);
      if (error) return `${error}. ${REMEDY}`;
      this.theta = theta;
      this.warning = warning;
      if (this.now.half === "M") return "";
      this.note("M");
      const climbed = this.history.filter((h) => h.half !== "E").map((h) => h.logLikelihood);
      const left = EM.gainToCome(climbed) / this.X.length;
      this.done = left < TOL ? "Less than 1e-7 nats a point is left to gain: EM has converged."
        : this.step >= MOST_STEPS ? `These are ${MOST_STEPS} steps: a run ends here.` : "";
      return "";
    }

    halfStep() { return this.now.half === "E" ? this.mStep() : this.eStep(); }

    // The state after a half step, in words.
    get words() {
      const { half, logLikelihood } = this.now, at = `log-likelihood ${fixed(logLikelihood, 2)}`;
      const weights = `weights ${this.theta.weights.map((w) => w.toFixed(3)).join(", ")}`;
      const warning = this.warning && ` But ${this.warning}.`;
      if (half === "start") return `Start: ${at}; ${weights}. Take an E step.`;
      if (half === "M") return `M step ${this.step}: ${at}; ${weights}.${warning} ${this.done}`;
      const counts = this.counts.map((c) => c.toFixed(1)).join(", ");
      return `E step ${this.step}: ${at}, which the bound touches; expected points ${counts}.`;
    }

    get counts() {
      return this.theta.weights.map((_, k) => this.r.reduce((total, row) => total + row[k], 0));
    }
  }
  // ---- The same in Python ----

  const list = (v) => (Array.isArray(v) ? `[${v.map(list).join(", ")}]` : String(v));
  const contracted = { // covariances in the shape of the covariance type
    full: (S) => S, tied: (S) => S[0],
    diag: (S) => S.map(([[a], [, c]]) => [a, c]), tied_diag: ([[[a], [, c]]]) => [a, c],
    spherical: (S) => S.map(([[a]]) => a), tied_spherical: ([[[a]]]) => a,
  };

  // A program that fits the same points from the same start.
  function python(state, run) {
    const plain = state.cloud.key === "faithful" && !state.edited, lines = [];
    for (let n = 0; n < state.X.length; n += 6)
      lines.push(`    ${state.X.slice(n, n + 6).map(list).join(", ")},`);
    const given = run && Object.entries({ weights_init: run.start.weights, means_init: run.start.means,
      covariances_init: contracted[run.name](run.start.covariances) });
    return [
      "import numpy as np", "",
      `from numpy_ml_gmm import GMM${plain ? ", load_old_faithful" : ""}`, "",
      ...(plain ? ["X = load_old_faithful().X"] : ["X = np.array([", ...lines, "])"]),
      "model = GMM(", `    ${state.K},`, `    covariance_type="${state.name}",`,
      `    var_smoothing=${state.varSmoothing && state.varSmoothing.toExponential()},`,
      ...(given || []).map(([name, value]) => `    ${name}=${list(value)},`),
      ").fit(X)", "print(model.n_iter_, model.log_likelihood_)", "",
    ].join("\n");
  }

  return { Run, fixed, python };
})();
