// Draws the playground: a frame with points and components, bars, a curve and a table, as SVG.
const Draw = (() => {
  const NS = "http://www.w3.org/2000/svg";
  const SVG = ["svg", "g", "circle", "path", "line", "rect", "text"];
  const PLANE = { w: 640, h: 403, left: 48, right: 16, top: 8, bottom: 35 };
  const CHART = { w: 320, h: 104 };
  const MASS_90 = Math.sqrt(-2 * Math.log(0.1)); // radius that holds 90 % of a plane Gaussian
  const NEAR = 18; // pixels of the picture within which a point or a cross is meant
  const GREY = [140, 148, 158];
  const { fixed } = Play;

  const el = (parent, name, attributes = {}, text = "") => {
    const svg = SVG.includes(name);
    const node = svg ? document.createElementNS(NS, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text) node.textContent = text;
    parent.append(node);
    return node;
  };
  const rgb = (c) => `rgb(${c.map(Math.round).join(",")})`;
  const significant = (v) => String(Number(v.toPrecision(3))).replace(/-/g, "\u2212");
  const pair = (v, format = fixed) => `(${format(v[0], 2)}, ${format(v[1], 2)})`;

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

  function frame(ui, cloud) {
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

  function points(ui, state, colours) {
    const { scale: s } = ui, r = state.run?.r, small = state.X.length > 120;
    ui.points.replaceChildren();
    state.X.forEach((x, n) => {
      const mixed = r && [0, 1, 2].map((i) => r[n].reduce((total, p, k) => total + p * colours[k][i], 0));
      el(ui.points, "circle", { cx: s.x(x[0]).toFixed(1), cy: s.y(x[1]).toFixed(1), r: small ? 3.8 : 5,
        class: "playground-point", fill: rgb(mixed || GREY) });
    });
  }

  // They stay from picture to picture: a cross that is dragged must not vanish under the finger.
  function components(ui, theta, colours) {
    const { scale: s } = ui, means = theta?.means ?? [];
    while (ui.means.childElementCount < means.length) addComponent(ui, ui.means.childElementCount);
    while (ui.means.childElementCount > means.length) for (const g of [ui.means, ui.ellipses]) g.lastChild.remove();
    means.forEach((mean, k) => {
      const colour = rgb(colours[k]), [ring, mark] = [ui.ellipses.children[k], ui.means.children[k]];
      ring.setAttribute("style", `stroke:${colour};fill:${colour}`);
      ring.setAttribute("transform", ellipse(mean, theta.covariances[k], s));
      mark.setAttribute("transform", `translate(${s.x(mean[0]).toFixed(2)} ${s.y(mean[1]).toFixed(2)})`);
      mark.querySelector(".playground-cross").setAttribute("stroke", colour);
    });
  }

  function addComponent(ui, k) {
    el(ui.ellipses, "circle", { r: 1, class: "playground-ellipse" });
    const mark = el(ui.means, "g", { class: "playground-mean", "data-k": k });
    el(mark, "circle", { r: NEAR, class: "playground-handle" });
    el(mark, "path", { d: "M-10 0H10M0 -10V10", class: "playground-rim" });
    el(mark, "path", { d: "M-8 0H8M0 -8V8", class: "playground-cross" });
    el(mark, "text", { x: 9, y: -7 }, String(k));
  }

  // The last half steps as bars: the ELBO, and on it KL up to the log-likelihood.
  function bars(ui, run) {
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

  function curve(ui, run) {
    ui.curve.replaceChildren();
    ui.best.textContent = "";
    if (!run) return;
    const values = run.history.map((h) => h.logLikelihood), some = values.length > 3 ? values.slice(2) : values;
    const [low, high] = [Math.min(...some), Math.max(...some)];
    const x = (t) => 8 + ((CHART.w - 16) * t) / Math.max(values.length - 1, 1);
    const y = (v) => 10 + (CHART.h - 20) * (1 - (v - low) / (high - low || 1));
    const d = values.map((v, t) => `${t ? "L" : "M"}${x(t).toFixed(1)} ${y(v).toFixed(1)}`);
    el(ui.curve, "path", { d: d.join(""), class: "playground-line" });
    const last = { cx: x(values.length - 1), cy: y(values[values.length - 1]) };
    el(ui.curve, "circle", { ...last, r: 4.5, class: "playground-mark" });
    ui.best.textContent = "The log-likelihood from the start on." +
      (values[0] < low ? " The start is too low to be drawn." : "");
  }

  function table(ui, run, colours) {
    ui.table.replaceChildren();
    if (!run) return;
    const head = el(el(ui.table, "thead"), "tr"), body = el(ui.table, "tbody"), { theta } = run;
    for (const name of ["component", "weight", "mean", "variances", "covariance", "points"])
      el(head, "th", { scope: "col" }, name);
    theta.weights.forEach((weight, k) => {
      const row = el(body, "tr"), name = el(row, "th", { scope: "row" }), [[a, b], [, c]] = theta.covariances[k];
      el(name, "span", { class: "playground-key", style: `background:${rgb(colours[k])}` });
      name.append(String(k));
      const cells = [fixed(weight, 3), pair(theta.means[k]), pair([a, c], significant), significant(b),
        run.r ? fixed(run.counts[k], 1) : ""];
      for (const cell of cells) el(row, "td", {}, cell);
    });
  }

  return { CHART, NEAR, PLANE, el, pair, frame, points, components, bars, curve, table };
})();
