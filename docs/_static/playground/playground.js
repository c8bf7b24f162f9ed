// The playground: draws points and a mixture, and calls em.js for every half step.
(() => {
  const NS = "http://www.w3.org/2000/svg";
  const SVG = ["svg", "g", "circle", "path", "line", "rect", "text"];
  const PLANE = { w: 640, h: 403, left: 48, right: 16, top: 8, bottom: 35 };
  const CHART = { w: 320, h: 104 };
  const MASS_90 = Math.sqrt(-2 * Math.log(0.1)); // radius that holds 90 % of a plane Gaussian
  const TOL = 1e-7, MOST_STEPS = 1000, MOST_POINTS = 1000; // the first two as in the package
  const DELAY = 120; // milliseconds from half step to half step
  const NEAR = 18; // pixels of the picture within which a point is meant
  const GREY = [140, 148, 158];
  const MODES = { add: "add a point", spray: "add ten around", erase: "erase" };

  const el = (parent, name, attributes = {}, text = "") => {
    const svg = SVG.includes(name);
    const node = svg ? document.createElementNS(NS, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    parent.append(node);
    return node;
  };
  const rgb = (c) => `rgb(${c.map(Math.round).join(",")})`;
  const fixed = (v, digits) => v.toFixed(digits).replace("-", "\u2212");
  const significant = (v) => String(Number(v.toPrecision(3))).replace(/-/g, "\u2212");
  const pair = (v, format) => `(${format(v[0], 2)}, ${format(v[1], 2)})`;
  const hundredths = (x) => x.map((v) => Math.round(v * 100) / 100 + 0);

  // ---- What is shown ----------------------------------------------------------------------------

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
  const REMEDY = "Choose another start, a larger var_smoothing, a smaller K or a simpler covariance model.";

  // ---- The same in Python -------------------------------------------------------------------------

  const list = (v) => (Array.isArray(v) ? `[${v.map(list).join(", ")}]` : String(v));
  const contracted = { // covariances in the shape of the covariance type
    full: (S) => S, tied: (S) => S[0],
    diag: (S) => S.map(([[a], [, c]]) => [a, c]), tied_diag: ([[[a], [, c]]]) => [a, c],
    spherical: (S) => S.map(([[a]]) => a), tied_spherical: ([[[a]]]) => a,
  };

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

  // ---- The page -----------------------------------------------------------------------------------

  let places = 0;

  function skeleton(root, data) {
    const ui = { root }, id = `playground-${places++}`;
    const setup = el(root, "div", { class: "playground-setup" });
    const field = (key, text, name, attributes = {}) => {
      const label = el(setup, "label", {}, text);
      return (ui[key] = el(label, name, { class: `playground-${key}`, ...attributes }));
    };
    const choose = (key, text, options) => {
      const select = field(key, text, "select");
      for (const [value, title] of options) el(select, "option", { value }, title);
    };
    choose("cloud", "Points", data.clouds.map((c) => [c.key, c.title]));
    choose("K", "K", data.palettes.map((_, k) => [k + 1, k + 1]));
    choose("name", "covariance_type", data.models.map((name) => [name, name]));
    choose("varSmoothing", "var_smoothing", ["0", "1e-6", "1e-3"].map((v) => [Number(v), v]));
    choose("kind", "Start", [["k-means++", "k-means++ seeds"], ["equal", "equal means"]]);
    field("seed", "Seed", "input", { type: "number", min: "0", step: "1", value: "0" });
    const button = (parent, key, text) =>
      (ui[key] = el(parent, "button", { type: "button", class: `playground-${key}` }, text));
    button(setup, "again", "Next");

    const left = el(root, "div", { class: "playground-left" });
    ui.plane = el(left, "svg", { class: "playground-plane", viewBox: `0 0 ${PLANE.w} ${PLANE.h}`,
      tabindex: "0", role: "application", "aria-describedby": `${id}-keys` });
    const modes = el(left, "fieldset", { class: "playground-modes" });
    el(modes, "legend", {}, "Click or Enter:");
    ui.modes = Object.entries(MODES).map(([value, title]) => {
      const label = el(modes, "label");
      const input = el(label, "input", { type: "radio", name: `${id}-mode`, value });
      label.append(` ${title}`);
      return input;
    });
    ui.modes[0].checked = true;
    button(modes, "clear", "Clear");
    el(left, "p", { class: "playground-keys", id: `${id}-keys` }, "Drag a cross to move a mean. With " +
      "the keyboard: arrows move a cursor (Shift: further), Enter acts there, Delete erases the nearest " +
      "point, and a digit brings that component\u2019s mean.");

    const right = el(root, "div", { class: "playground-right" });
    const controls = el(right, "div", { class: "playground-controls" });
    for (const [key, text] of [["e", "E step"], ["m", "M step"], ["run", "Run"], ["reset", "Reset"]])
      button(controls, key, text);
    ui.status = el(right, "p", { class: "playground-status", role: "status", "aria-live": "polite" });
    const chart = (key, label) => (ui[key] = el(right, "svg", { class: `playground-${key}`,
      viewBox: `0 0 ${CHART.w} ${CHART.h}`, role: "img", "aria-label": label }));
    chart("bars", "ELBO and KL after the last half steps");
    ui.sum = el(right, "p", { class: "playground-sum" });
    chart("curve", "The log-likelihood after each half step");
    ui.best = el(right, "p", { class: "playground-caption" });

    ui.table = el(el(root, "div", { class: "playground-box" }), "table", { class: "playground-numbers" });
    const details = el(root, "details", { class: "playground-python" });
    el(details, "summary", {}, "The same in Python");
    ui.code = el(details, "textarea", { readonly: "", rows: "10", wrap: "off", spellcheck: "false",
      "aria-label": "Python code" });
    button(details, "copy", "Copy");
    ui.link = el(el(root, "p", { class: "playground-caption" }), "a", { href: "#" },
      "Link to these points and this start");
    ui.where = el(root, "p", { class: "playground-where", "aria-live": "polite" });
    return ui;
  }

  const ticks = ([low, high]) => {
    const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((m) => m * power >= rough);
    const first = Math.ceil(low / step - 1e-9);
    return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
  };

  // Linear maps from data to the picture and back.
  function scales([[x0, x1], [y0, y1]]) {
    const w = PLANE.w - PLANE.left - PLANE.right, h = PLANE.h - PLANE.top - PLANE.bottom;
    const [ux, uy] = [w / (x1 - x0), h / (y1 - y0)];
    return { w, h, ux, uy, x: (v) => ux * (v - x0), y: (v) => uy * (y1 - v),
      back: (px, py) => [x0 + (px - PLANE.left) / ux, y1 - (py - PLANE.top) / uy] };
  }

  function drawFrame(ui, cloud) {
    const s = (ui.scale = scales(cloud.view)), [left, bottom] = [PLANE.left, PLANE.top + s.h];
    ui.plane.replaceChildren();
    for (const v of ticks(cloud.view[0]))
      el(ui.plane, "text", { x: left + s.x(v), y: bottom + 24, "text-anchor": "middle" }, String(+v.toFixed(6)));
    for (const v of ticks(cloud.view[1]))
      el(ui.plane, "text", { x: left - 8, y: PLANE.top + s.y(v) + 5, "text-anchor": "end" }, String(+v.toFixed(6)));
    ui.inner = el(ui.plane, "svg", { x: left, y: PLANE.top, width: s.w, height: s.h, class: "playground-inner" });
    el(ui.inner, "rect", { width: s.w, height: s.h, class: "playground-ground" });
    el(ui.inner, "text", { x: s.w - 8, y: s.h - 10, "text-anchor": "end" }, cloud.axes[0]);
    el(ui.inner, "text", { x: 8, y: 20 }, cloud.axes[1]);
    ui.points = el(ui.inner, "g");
    ui.ellipses = el(ui.inner, "g");
    ui.means = el(ui.inner, "g");
    ui.cursor = el(ui.inner, "path", { d: "M-14 0H-4M4 0H14M0 -14V-4M0 4V14", class: "playground-cursor" });
  }

  // The ellipse mu + rho L u, |u| = 1, as a transformed unit circle; L L^T = Sigma.
  function ellipse(mean, S, s) {
    const a = Math.sqrt(S[0][0]), b = S[1][0] / a, c = Math.sqrt(Math.max(S[1][1] - b * b, 0));
    const m = [a * s.ux, -b * s.uy, 0, -c * s.uy].map((v) => (v * MASS_90).toFixed(3));
    return `matrix(${m.join(" ")} ${s.x(mean[0]).toFixed(2)} ${s.y(mean[1]).toFixed(2)})`;
  }

  function drawPoints(ui, state, colours) {
    const { scale: s } = ui, r = state.run?.r, small = state.X.length > 120;
    ui.points.replaceChildren();
    state.X.forEach((x, n) => {
      const mixed = r && [0, 1, 2].map((i) => r[n].reduce((total, p, k) => total + p * colours[k][i], 0));
      el(ui.points, "circle", { cx: s.x(x[0]).toFixed(1), cy: s.y(x[1]).toFixed(1), r: small ? 3.8 : 5,
        class: "playground-point", fill: rgb(mixed || GREY) });
    });
  }

  function drawComponents(ui, theta, colours) {
    const { scale: s } = ui;
    ui.ellipses.replaceChildren();
    ui.means.replaceChildren();
    (theta?.means ?? []).forEach((mean, k) => {
      const colour = rgb(colours[k]);
      el(ui.ellipses, "circle", { r: 1, class: "playground-ellipse", stroke: colour, fill: colour,
        transform: ellipse(mean, theta.covariances[k], s) });
      const mark = el(ui.means, "g", { class: "playground-mean", "data-k": k,
        transform: `translate(${s.x(mean[0]).toFixed(2)} ${s.y(mean[1]).toFixed(2)})` });
      el(mark, "circle", { r: NEAR, class: "playground-handle" });
      el(mark, "path", { d: "M-10 0H10M0 -10V10", class: "playground-rim" });
      el(mark, "path", { d: "M-8 0H8M0 -8V8", class: "playground-cross", stroke: colour });
      el(mark, "text", { x: 9, y: -7 }, String(k));
    });
  }

  // The last half steps as bars: the ELBO, and on it KL up to the log-likelihood.
  function drawBars(ui, run) {
    ui.bars.replaceChildren();
    const last = run?.history.slice(-8) ?? [], base = CHART.h - 18;
    const low = Math.min(...last.slice(-4).map((h) => h.elbo)); // what is lower yet is a stump
    const high = Math.max(...last.map((h) => h.logLikelihood));
    const y = (v) => 4 + (base - 18) * (1 - Math.max((v - low) / (high - low || 1), -0.1));
    last.forEach((h, i) => {
      const x = 4 + i * 39.5, [bound, top] = [y(h.elbo), y(h.elbo + h.kl)];
      el(ui.bars, "rect", { x, y: bound, width: 34, height: base - bound, class: "playground-elbo" });
      el(ui.bars, "rect", { x, y: top, width: 34, height: Math.max(bound - top, 0), class: "playground-kl" });
      el(ui.bars, "text", { x: x + 17, y: CHART.h - 4, "text-anchor": "middle" }, h.half);
    });
    ui.sum.replaceChildren();
    if (!run) return;
    const { logLikelihood, elbo, kl } = run.now;
    ui.sum.append(`log-likelihood ${fixed(logLikelihood, 2)} = `);
    for (const [key, text] of [["elbo", `ELBO ${fixed(elbo, 2)} + `], ["kl", `KL ${fixed(Math.max(kl, 0), 2)}`]]) {
      const whole = el(ui.sum, "span", { class: "playground-part" });
      el(whole, "span", { class: `playground-key playground-${key}-key` });
      whole.append(text);
    }
  }

  function drawCurve(ui, run) {
    ui.curve.replaceChildren();
    ui.best.textContent = "";
    if (!run) return;
    const values = run.history.map((h) => h.logLikelihood), some = values.length > 3 ? values.slice(2) : values;
    const [low, high] = [Math.min(...some), Math.max(...some)];
    const x = (t) => 8 + ((CHART.w - 16) * t) / Math.max(values.length - 1, 1);
    const y = (v) => 10 + (CHART.h - 20) * (1 - (v - low) / (high - low || 1));
    const d = values.map((v, t) => `${t ? "L" : "M"}${x(t).toFixed(1)} ${y(v).toFixed(1)}`);
    el(ui.curve, "path", { d: d.join(""), class: "playground-line" });
    el(ui.curve, "circle", { cx: x(values.length - 1), cy: y(values[values.length - 1]), r: 4.5, class: "playground-mark" });
    ui.best.textContent = "The log-likelihood from the start on." +
      (values[0] < low ? " The start is too low to be drawn." : "");
  }

  function drawTable(ui, run, colours) {
    ui.table.replaceChildren();
    if (!run) return;
    const head = el(el(ui.table, "thead"), "tr"), body = el(ui.table, "tbody"), { theta } = run;
    for (const name of ["component", "weight", "mean", "variances", "covariance", "points"])
      el(head, "th", { scope: "col" }, name);
    theta.weights.forEach((weight, k) => {
      const row = el(body, "tr"), name = el(row, "th", { scope: "row" }), [[a, b], [, c]] = theta.covariances[k];
      el(name, "span", { class: "playground-key", style: `background:${rgb(colours[k])}` });
      name.append(String(k));
      const cells = [fixed(weight, 3), pair(theta.means[k], fixed), pair([a, c], significant), significant(b),
        run.r ? fixed(run.counts[k], 1) : ""];
      for (const cell of cells) el(row, "td", {}, cell);
    });
  }

  // ---- The state, and what changes it -------------------------------------------------------------

  function start(root) {
    const data = JSON.parse(root.querySelector("script").textContent), ui = skeleton(root, data);
    const state = { cloud: data.clouds[0], X: data.clouds[0].X, edited: false, K: data.clouds[0].K,
      name: "full", varSmoothing: 1e-6, kind: "k-means++", seed: 0, given: null, run: null };
    let timer = null, cursor = [0, 0];

    // The package's colours; on a dark page they are lighter.
    const colours = () => {
      const light = Number(getComputedStyle(root).getPropertyValue("--playground-lighter")) || 0;
      return data.palettes[state.K - 1].map((c) => c.map((v) => v + light * (255 - v)));
    };

    function paint(message) {
      const { run } = state, c = colours();
      drawPoints(ui, state, c);
      drawComponents(ui, run?.theta, c);
      drawBars(ui, run);
      drawCurve(ui, run);
      drawTable(ui, run, c);
      ui.status.textContent = message ?? run.words;
      ui.plane.setAttribute("aria-label", `Plane with ${state.X.length} points and ${run ? state.K : 0} components`);
      ui.run.textContent = timer ? "Pause" : "Run";
    }

    // A new run: from given parameters, or from a start of its own.
    function begin(message) {
      stop();
      const { X, K, name, varSmoothing, kind, seed } = state, wrong = Start.problems(X, K, name, varSmoothing);
      if (wrong.length) state.given = state.run = null;
      else {
        const theta = state.given ?? Start.parameters(X, K, name, kind, seed);
        state.run = new Run(X, theta, name, varSmoothing);
      }
      ui.code.value = python(state, state.run);
      ui.link.href = `#${encodeURIComponent(JSON.stringify(packed()))}`;
      paint(wrong.length ? wrong.join(" ") : message);
    }

    function change(changes, message) {
      Object.assign(state, { given: null }, changes);
      for (const key of ["K", "name", "varSmoothing", "kind", "seed"]) ui[key].value = state[key];
      ui.cloud.value = state.cloud.key;
      begin(message);
    }

    function show(cloud) {
      state.cloud = cloud;
      drawFrame(ui, cloud);
      moveCursor(cloud.view.map(([low, high]) => (low + high) / 2));
    }

    const stop = () => { clearInterval(timer); timer = null; ui.status.setAttribute("aria-busy", "false"); };

    function take(step) {
      stop();
      if (state.run) paint(state.run[step]() || undefined);
      else begin();
    }

    // On and on; of a long run more and more half steps at a time.
    function play() {
      if (timer || !state.run) return timer ? (stop(), paint()) : begin();
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const further = () => {
        const { run } = state, often = still ? Infinity : 1 + Math.floor(run.history.length / 40);
        let trouble = "";
        for (let i = 0; i < often && !trouble && !(i && run.done); i++) trouble = run.halfStep() ?? "";
        if (run.done || trouble) stop();
        paint(trouble || undefined);
      };
      ui.status.setAttribute("aria-busy", "true"); // a screen reader hears the end, not every step
      timer = setInterval(further, DELAY);
      further();
    }

    // New points: parameters that were dragged or have learnt something stay.
    function setPoints(X, message) {
      const { run } = state, keep = run && (state.given || run.history.length > 1);
      Object.assign(state, { X, edited: true, given: keep ? run.theta : null });
      begin();
      if (state.run) paint(`${message} ${state.run.words}`);
      ui.where.textContent = state.run ? "" : message;
    }

    function act(x, mode) {
      const { X } = state, at = pair(x, fixed);
      if (mode === "erase") {
        const n = nearest(x);
        return n < 0 ? say("There is no point to erase here.")
          : setPoints(X.filter((_, i) => i !== n), `The point at ${pair(X[n], fixed)} is gone.`);
      }
      if (X.length + (mode === "spray" ? 10 : 1) > MOST_POINTS) return say(`${MOST_POINTS} points are enough.`);
      if (mode === "add") return setPoints([...X, hundredths(x)], `A point at ${at}.`);
      const random = Start.generator(X.length), spread = state.cloud.view.map(([low, high]) => (high - low) / 22);
      const ten = Array.from({ length: 10 }, () => hundredths(x.map((v, d) => v + spread[d] * Start.normal(random))));
      setPoints([...X, ...ten], `Ten points around ${at}.`);
    }

    const say = (text) => { ui.where.textContent = text; };
    const pixels = (x) => [ui.scale.x(x[0]), ui.scale.y(x[1])];

    // The number of the point that is nearest on the page; -1 if none is near.
    function nearest(x) {
      const [px, py] = pixels(x), far = state.X.map((p) => Math.hypot(pixels(p)[0] - px, pixels(p)[1] - py));
      const n = far.indexOf(Math.min(...far));
      return far[n] <= NEAR ? n : -1;
    }

    function moveMean(k, x) {
      const theta = state.run.theta, means = theta.means.map((mean, j) => (j === k ? hundredths(x) : mean));
      state.given = { ...theta, means };
      begin(`Mean ${k} is at ${pair(means[k], fixed)}: EM starts here.`);
    }

    function moveCursor(x) {
      cursor = state.cloud.view.map(([low, high], d) => Math.min(Math.max(x[d], low), high));
      ui.cursor.setAttribute("transform", `translate(${pixels(cursor).join(" ")})`);
      if (document.activeElement === ui.plane) say(`Cursor at ${pair(cursor, fixed)}.`);
    }

    // ---- Mouse, touch and keys ----

    const place = (event) => {
      const box = ui.plane.getBoundingClientRect(), unit = PLANE.w / box.width;
      return ui.scale.back((event.clientX - box.left) * unit, (event.clientY - box.top) * unit);
    };
    const inside = (x) => state.cloud.view.every(([low, high], d) => low <= x[d] && x[d] <= high);
    const mode = () => ui.modes.find((input) => input.checked).value;
    let dragged = null; // the mean that is held, and whether it has moved

    ui.plane.addEventListener("pointerdown", (event) => {
      const mark = event.target.closest(".playground-mean");
      dragged = mark && { k: Number(mark.dataset.k), moved: false };
      if (mark) ui.plane.setPointerCapture(event.pointerId);
    });
    ui.plane.addEventListener("pointermove", (event) => {
      if (!dragged || !inside(place(event))) return;
      dragged.moved = true;
      moveMean(dragged.k, place(event));
    });
    ui.plane.addEventListener("pointercancel", () => { dragged = null; });
    ui.plane.addEventListener("click", (event) => { // it follows pointerup
      const held = dragged, x = place(event);
      dragged = null;
      if (held?.moved || !inside(x)) return;
      moveCursor(x);
      act(x, mode());
    });
    ui.plane.addEventListener("keydown", (event) => {
      const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
      const far = event.shiftKey ? 5 : 1, digit = /^[0-9]$/.test(event.key) ? Number(event.key) : -1;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (arrow) moveCursor(cursor.map((v, d) =>
        v + (arrow[d] * far * (state.cloud.view[d][1] - state.cloud.view[d][0])) / 40));
      else if (event.key === "Enter") act(cursor, mode());
      else if (["Delete", "Backspace"].includes(event.key)) act(cursor, "erase");
      else if (digit >= 0 && state.run && digit < state.K) moveMean(digit, cursor);
      else return;
      event.preventDefault();
    });

    ui.cloud.addEventListener("change", () => {
      const cloud = data.clouds.find((c) => c.key === ui.cloud.value);
      show(cloud);
      change({ X: cloud.X, edited: false, K: cloud.K });
    });
    for (const key of ["K", "varSmoothing"])
      ui[key].addEventListener("change", () => change({ [key]: Number(ui[key].value) }));
    for (const key of ["name", "kind"]) ui[key].addEventListener("change", () => change({ [key]: ui[key].value }));
    ui.seed.addEventListener("change", () => change({ seed: whole(ui.seed.value), kind: "k-means++" }));
    ui.again.addEventListener("click", () => change({ seed: state.seed + 1, kind: "k-means++" }));
    ui.clear.addEventListener("click", () => { state.given = null; state.run = null; setPoints([], ""); });
    ui.e.addEventListener("click", () => take("eStep"));
    ui.m.addEventListener("click", () => take("mStep"));
    ui.run.addEventListener("click", play);
    ui.reset.addEventListener("click", () => begin());
    ui.copy.addEventListener("click", () => {
      ui.code.select();
      navigator.clipboard?.writeText(ui.code.value).then(() => say("Copied."), () => say("Selected: press Ctrl+C."));
    });

    // ---- The state in an address ----

    const whole = (text) => Math.min(Math.max(Math.floor(Number(text)) || 0, 0), 2 ** 32 - 1);

    function packed() {
      const { cloud, K, name, varSmoothing, kind, seed } = state;
      return { cloud: cloud.key, K, name, varSmoothing, kind, seed,
        ...(state.edited && { X: state.X }), ...(state.given && { theta: state.given }) };
    }

    // Takes what it knows and can use; a text that is no state changes nothing.
    function unpack(text) {
      let wanted;
      try { wanted = JSON.parse(decodeURIComponent(text)); } catch { return false; }
      const cloud = data.clouds.find((c) => c.key === wanted?.cloud);
      if (!cloud) return false;
      const points = (X, n) => Array.isArray(X) && (n === undefined || X.length === n) &&
        X.every((x) => Array.isArray(x) && x.length === 2 && x.every(Number.isFinite));
      const { X, theta } = wanted, edited = points(X) && X.length <= MOST_POINTS;
      const K = Math.min(Math.max(whole(wanted.K), 1), data.palettes.length);
      const given = points(theta?.means, K) && theta.weights?.length === K &&
        theta.weights.every((w) => w > 0 && w < 1 + 1e-9) && theta.covariances?.length === K &&
        theta.covariances.every((S) => points(S, 2) && S[0][0] > 0 && S[0][0] * S[1][1] > S[0][1] * S[1][0]);
      show(cloud);
      change({
        X: edited ? X : cloud.X, edited, K, given: given ? theta : null, seed: whole(wanted.seed),
        name: data.models.includes(wanted.name) ? wanted.name : "full",
        varSmoothing: [0, 1e-6, 1e-3].includes(wanted.varSmoothing) ? wanted.varSmoothing : 1e-6,
        kind: wanted.kind === "equal" ? "equal" : "k-means++",
      });
      return true;
    }

    const fromAddress = () => unpack(location.hash.slice(1));
    window.addEventListener("hashchange", () => { if (fromAddress()) root.scrollIntoView(); });
    for (const button of document.querySelectorAll("button[data-playground]"))
      button.addEventListener("click", () => {
        unpack(button.dataset.playground);
        root.scrollIntoView();
        ui.plane.focus({ preventScroll: true });
      });

    // A page that turns dark or light, by its reader or at sunset.
    new MutationObserver(() => paint(ui.status.textContent))
      .observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(ui.status.textContent));

    show(state.cloud);
    if (!fromAddress()) change({});
  }

  const ready = () => document.querySelectorAll(".playground").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
