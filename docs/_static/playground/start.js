// Where EM starts in the playground, and which points no mixture can be fitted to.  No page here.
const Start = (() => {
  // Numbers from 0 to 1, the same for the same seed (Ettinger's mulberry32).
  function generator(seed) {
    let a = seed >>> 0;
    return () => {
      a = (a + 0x6d2b79f5) | 0;
      let t = Math.imul(a ^ (a >>> 15), 1 | a);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  const normal = (random) =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

  // The number of a weight, drawn in proportion to it.
  function draw(weights, random) {
    let left = random() * weights.reduce((a, b) => a + b, 0);
    const n = weights.findIndex((weight) => (left -= weight) < 0);
    return n < 0 ? weights.findLastIndex((weight) => weight > 0) : n;
  }

  // K points, each drawn by the squared distance to the nearest so far, in standard units.
  function plusPlus(X, K, random) {
    const v = EM.whole(X).covariance, seeds = [X[draw(X.map(() => 1), random)]];
    const distance = (a, b) => [0, 1].reduce((d2, d) => d2 + (a[d] - b[d]) ** 2 / v[d][d], 0);
    while (seeds.length < K)
      seeds.push(X[draw(X.map((x) => Math.min(...seeds.map((s) => distance(x, s)))), random)]);
    return seeds;
  }

  // Equal weights, and equal covariances along the axes, which take a K-th of the data's area.
  function parameters(X, K, name, kind, seed) {
    const { mean, covariance } = EM.whole(X), each = () => Array.from({ length: K });
    const variances = [0, 1].map((d) => Number((covariance[d][d] / K).toPrecision(3)));
    const S = EM.SHAPES[EM.MODELS[name][1]]([[variances[0], 0], [0, variances[1]]]);
    return {
      weights: each().fill(1 / K),
      means: kind === "equal" ? each().fill(mean) : plusPlus(X, K, generator(seed)),
      covariances: each().fill(S),
    };
  }

  // Why nothing can be fitted, and what to do: sentences, none if all is well.
  function problems(X, K, name, varSmoothing) {
    const N = X.length, different = new Set(X.map(String)).size, found = [];
    if (N === 0) return ["There are no points yet: click into the picture, or press Enter in it."];
    if (N < Math.max(K, 2))
      return [`${N} ${N === 1 ? "point is" : "points are"} too few for K = ${K}: add points` +
        `${N > 1 ? " or choose a smaller K" : ", two at least"}.`];
    if (different < K)
      found.push(`There are only ${different} different points for K = ${K}: add others, or choose a smaller K.`);
    const flat = [0, 1].filter((d) => X.every((x) => x[d] === X[0][d]));
    if (flat.length) {
      const where = flat.map((d) => `${"xy"[d]} = ${X[0][d]}`).join(" and ");
      return [...found, `All points have ${where}, and so no density: add a point elsewhere.`];
    }
    const [[a, b], [, c]] = EM.whole(X).covariance;
    if (varSmoothing === 0 && EM.MODELS[name][1] === "full" && a * c - b * b < 1e-12 * a * c)
      found.push("All points lie on a line, where a covariance has no inverse: add a point elsewhere, " +
        "raise var_smoothing, or choose diag.");
    return found;
  }

  // ---- What comes from an address, and may be anything ----

  const areAll = (list, is, n = list?.length) =>
    Array.isArray(list) && list.length === n && list.every(is);
  const isNumber = (v) => typeof v === "number" && Math.abs(v) <= 1e6;
  const isPoint = (x) => areAll(x, isNumber, 2);
  const isCovariance = (S) => areAll(S, isPoint, 2) && S[0][1] === S[1][0] && S[0][0] > 1e-12 &&
    S[1][1] > 1e-12 && S[0][0] * S[1][1] * (1 - 1e-12) > S[0][1] ** 2;
  const isWeight = (w) => isNumber(w) && w > 0;

  // Points, or null if they are none.
  const points = (X, most) => (areAll(X, isPoint) && X.length <= most ? X : null);

  // Parameters in the form of the covariance type, or null if they are none.
  function theta(wanted, K, name) {
    const { weights, means, covariances } = wanted ?? {}, [shared, shape] = EM.MODELS[name];
    const sound = areAll(weights, isWeight, K) && areAll(means, isPoint, K);
    if (!sound || !areAll(covariances, isCovariance, K)) return null;
    const total = weights.reduce((a, b) => a + b, 0);
    return {
      weights: Math.abs(total - 1) < 1e-9 ? weights : weights.map((w) => w / total),
      means,
      covariances: covariances.map((S) => EM.SHAPES[shape](shared ? covariances[0] : S)),
    };
  }

  return { generator, normal, parameters, problems, points, theta };
})();
