// The EM stepper: draws frames that the build computed.  Nothing is computed here but pixels.
(() => {
  const NS = "http://www.w3.org/2000/svg";
  const COLOURS = [[31, 119, 190], [226, 145, 20], [176, 43, 103], [36, 148, 94],
    [118, 82, 188], [150, 98, 60]];
  const GREY = [140, 148, 158];
  const MASS_90 = Math.sqrt(-2 * Math.log(0.1)); // radius that holds 90 % of a plane Gaussian
  const SIZE = { w: 640, h: 400, curve: 130, pad: 14 };
  const DELAY = 700;

  const el = (parent, name, attributes = {}, text = "") => {
    const svg = ["svg", "g", "circle", "path", "line", "text", "title"].includes(name);
    const node = svg ? document.createElementNS(NS, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    parent.append(node);
    return node;
  };
  const rgb = (c) => `rgb(${c.map(Math.round).join(",")})`;
  const mixed = (r) => rgb([0, 1, 2].map((i) => r.reduce((sum, p, k) => sum + p * COLOURS[k][i], 0)));
  const full = (r) => [...r, Math.max(0, 1 - r.reduce((a, b) => a + b, 0))];
  const fixed = (v, digits) => v.toFixed(digits).replace("-", "\u2212");

  // Linear maps from data to pixels, with equal units along both axes.
  function scales(X) {
    const [xs, ys] = [X.map((p) => p[0]), X.map((p) => p[1])];
    const mid = (v) => (Math.min(...v) + Math.max(...v)) / 2;
    const reach = (v) => (Math.max(...v) - Math.min(...v)) * 1.4;
    const unit = Math.min(SIZE.w / reach(xs), SIZE.h / reach(ys));
    const [cx, cy] = [mid(xs), mid(ys)];
    return { unit, x: (v) => SIZE.w / 2 + unit * (v - cx), y: (v) => SIZE.h / 2 - unit * (v - cy) };
  }

  // The ellipse mu + rho L u, |u| = 1, as a transformed unit circle; L L^T = Sigma.
  function ellipse(mean, S, scale) {
    const a = Math.sqrt(S[0][0]), b = S[1][0] / a, c = Math.sqrt(Math.max(S[1][1] - b * b, 0));
    const m = [a, -b, 0, -c].map((v) => (v * MASS_90 * scale.unit).toFixed(3));
    return `matrix(${m.join(" ")} ${scale.x(mean[0]).toFixed(2)} ${scale.y(mean[1]).toFixed(2)})`;
  }

  function headline(run, t) {
    const f = run.frames[t];
    if (f.half === "start") return "Start: parameters are given, responsibilities are not yet.";
    const last = t === run.frames.length - 1;
    const end = !last ? "" : run.error ? ` The run ends here: ${run.error}.` : " The last step shown.";
    if (f.half === "E") return `E step ${f.step}: new responsibilities, the same parameters.${end}`;
    return `M step ${f.step}: new parameters, the same responsibilities.${end}`;
  }

  function counts(run, f) {
    const sums = f.weights.map(() => 0);
    for (const r of f.r) full(r).forEach((p, k) => (sums[k] += p));
    return sums;
  }

  function spoken(run, t) {
    const f = run.frames[t];
    const parts = f.weights.map((w, k) => `component ${k}: weight ${w.toFixed(3)}, ` +
      `mean ${f.means[k].map((v) => v.toFixed(2)).join(", ")}`);
    return `${headline(run, t)} The ${run.height} is ${f.log_likelihood.toFixed(2)}; ${parts.join("; ")}.`;
  }

  function start(root) {
    const runs = JSON.parse(root.querySelector("script").textContent);
    const state = { run: runs[0], t: 0, timer: null };
    const ui = skeleton(root, runs);
    const show = (t) => {
      state.t = Math.max(0, Math.min(t, state.run.frames.length - 1));
      paint(ui, state.run, state.t);
      if (state.t === state.run.frames.length - 1) stop();
    };
    const stop = () => {
      clearInterval(state.timer);
      state.timer = null;
      ui.play.textContent = "Play";
    };
    const play = () => {
      if (state.timer) return stop();
      if (state.t === state.run.frames.length - 1) show(0);
      ui.play.textContent = "Pause";
      state.timer = setInterval(() => show(state.t + 1), DELAY);
    };
    const choose = (key) => {
      stop();
      state.run = runs.find((run) => run.key === key);
      prepare(ui, state.run);
      show(0);
    };
    const by = (n) => () => { stop(); show(state.t + n); };
    ui.back.addEventListener("click", by(-1));
    ui.step.addEventListener("click", by(1));
    ui.play.addEventListener("click", play);
    ui.slider.addEventListener("input", () => { stop(); show(Number(ui.slider.value)); });
    ui.choice.addEventListener("change", () => choose(ui.choice.value));
    root.addEventListener("keydown", (event) => {
      if ([ui.slider, ui.choice].includes(event.target)) return; // these have keys of their own
      const keys = { ArrowRight: by(1), ArrowLeft: by(-1), Home: by(-Infinity), End: by(Infinity) };
      if (event.key === " " && event.target === ui.plane) keys[" "] = play;
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    choose(runs[0].key);
  }

  function skeleton(root, runs) {
    const ui = {};
    const bar = el(root, "div", { class: "stepper-bar" });
    const label = el(bar, "label", {}, "Run ");
    ui.choice = el(label, "select", { class: "stepper-run" });
    for (const run of runs) el(ui.choice, "option", { value: run.key }, run.title);
    ui.text = el(root, "p", { class: "stepper-text" });
    ui.plane = el(root, "svg", { class: "stepper-plane", viewBox: `0 0 ${SIZE.w} ${SIZE.h}`,
      tabindex: "0", role: "img", "aria-label": "Points and components" });
    const controls = el(root, "div", { class: "stepper-controls" });
    for (const [key, name] of [["back", "Back"], ["step", "Step"], ["play", "Play"]])
      ui[key] = el(controls, "button", { type: "button", class: `stepper-${key}` }, name);
    ui.slider = el(controls, "input", { type: "range", min: "0", step: "1",
      class: "stepper-slider", "aria-label": "Half step" });
    ui.head = el(root, "p", { class: "stepper-head" });
    ui.curve = el(root, "svg", { class: "stepper-curve", viewBox: `0 0 ${SIZE.w} ${SIZE.curve}`,
      role: "img", "aria-label": "What EM climbs, after each half step" });
    ui.caption = el(root, "p", { class: "stepper-caption" });
    const box = el(root, "div", { class: "stepper-box" });
    ui.table = el(box, "table", { class: "stepper-numbers" });
    ui.live = el(root, "p", { class: "stepper-live", "aria-live": "polite" });
    return ui;
  }

  // What stays the same during a run: points, curve, empty ellipses.
  function prepare(ui, run) {
    ui.text.textContent = run.text;
    ui.slider.max = run.frames.length - 1;
    ui.scale = scales(run.X);
    ui.plane.replaceChildren();
    ui.points = run.X.map(([x, y]) => el(ui.plane, "circle",
      { cx: ui.scale.x(x).toFixed(1), cy: ui.scale.y(y).toFixed(1), r: 3.6, class: "stepper-point" }));
    ui.ellipses = run.frames[0].weights.map((_, k) => el(ui.plane, "circle",
      { r: 1, class: "stepper-ellipse", stroke: rgb(COLOURS[k]), fill: rgb(COLOURS[k]) }));
    ui.means = run.frames[0].weights.map((_, k) => cross(ui.plane, rgb(COLOURS[k])));
    prepareCurve(ui, run);
  }

  // A cross with a rim, to be seen on points of its own colour.
  function cross(plane, colour) {
    const group = el(plane, "g");
    el(group, "path", { d: "M-9 0H9M0 -9V9", class: "stepper-rim" });
    el(group, "path", { d: "M-7 0H7M0 -7V7", class: "stepper-mean", stroke: colour });
    return group;
  }

  function prepareCurve(ui, run) {
    ui.curve.replaceChildren();
    const values = run.frames.slice(2).map((f) => f.log_likelihood).concat(run.best);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const left = 10, right = SIZE.w - 10;
    ui.cx = (t) => left + ((right - left) * t) / (run.frames.length - 1);
    ui.cy = (v) => SIZE.pad + (SIZE.curve - 2 * SIZE.pad) * (1 - (v - low) / (high - low || 1));
    const y = ui.cy(run.best).toFixed(1);
    el(ui.curve, "line", { x1: left, x2: right, y1: y, y2: y, class: "stepper-best" });
    const d = run.frames.map((f, t) => `${t ? "L" : "M"}${ui.cx(t).toFixed(1)} ${ui.cy(f.log_likelihood).toFixed(1)}`);
    el(ui.curve, "path", { d: d.join(""), class: "stepper-line" });
    ui.mark = el(ui.curve, "circle", { r: 6, class: "stepper-mark" });
    const below = run.frames[0].log_likelihood < low ? "The start is too low to be drawn. " : "";
    ui.caption.textContent = `The ${run.height} after each half step. ${below}` +
      `Dashed: the best of many starts, smoothed a little, ${fixed(run.best, 2)}.`;
  }

  function paint(ui, run, t) {
    const f = run.frames[t];
    f.r.forEach((r, n) => ui.points[n].setAttribute("fill", f.half === "start" ? rgb(GREY) : mixed(full(r))));
    f.means.forEach((mean, k) => {
      const seen = f.weights[k] < 0.005 ? "hidden" : "visible"; // a component that is empty
      for (const mark of [ui.ellipses[k], ui.means[k]]) mark.setAttribute("visibility", seen);
      ui.ellipses[k].setAttribute("transform", ellipse(mean, f.covariances[k], ui.scale));
      ui.means[k].setAttribute("transform", `translate(${ui.scale.x(mean[0])} ${ui.scale.y(mean[1])})`);
    });
    ui.mark.setAttribute("cx", ui.cx(t));
    ui.mark.setAttribute("cy", Math.min(ui.cy(f.log_likelihood), SIZE.curve - 6));
    ui.slider.value = t;
    ui.slider.setAttribute("aria-valuetext", headline(run, t));
    ui.back.disabled = t === 0;
    ui.step.disabled = t === run.frames.length - 1;
    ui.head.textContent = `${t} / ${run.frames.length - 1} \u2014 ${headline(run, t)}`;
    ui.live.textContent = spoken(run, t);
    paintTable(ui.table, run, f);
  }

  function paintTable(table, run, f) {
    table.replaceChildren();
    el(table, "caption", { class: "stepper-likelihood" },
      `${run.height} ${fixed(f.log_likelihood, 2)}, lower bound ${fixed(f.elbo, 2)}`);
    const head = el(el(table, "thead"), "tr");
    for (const name of ["component", "weight", "mean", "holds"]) el(head, "th", { scope: "col" }, name);
    const body = el(table, "tbody");
    counts(run, f).forEach((count, k) => {
      const row = el(body, "tr");
      const name = el(row, "th", { scope: "row" });
      el(name, "span", { class: "stepper-key", style: `background:${rgb(COLOURS[k])}` });
      name.append(`${k}`);
      const mean = f.means[k].map((v) => fixed(v, 2)).join(", ");
      for (const cell of [fixed(f.weights[k], 3), `(${mean})`, f.half === "start" ? "" : `${fixed(count, 1)} points`])
        el(row, "td", {}, cell);
    });
  }

  const ready = () => document.querySelectorAll(".stepper").forEach(start);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
