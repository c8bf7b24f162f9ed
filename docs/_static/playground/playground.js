// The playground: its controls, and what clicks and keys change.
(() => {
  const { CHART, NEAR, PLANE, el, pair } = Draw;
  const MOST_POINTS = 1000;
  const DELAY = 120; // milliseconds from half step to half step
  const MODES = { add: "add a point", spray: "add ten around", erase: "erase" };
  const hundredths = (x) => x.map((v) => Math.round(v * 100) / 100 + 0);

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
    button(setup, "again", "Next").setAttribute("aria-label", "Next seed");

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
      Draw.points(ui, state, c);
      Draw.components(ui, run?.theta, c);
      Draw.bars(ui, run);
      Draw.curve(ui, run);
      Draw.table(ui, run, c);
      ui.status.textContent = message ?? run.words;
      ui.plane.setAttribute("aria-label", `Plane with ${state.X.length} points and ${run ? state.K : 0} components`);
      ui.run.textContent = timer ? "Pause" : "Run";
    }

    // A new run: from given parameters, or from a start of its own.
    function begin(message) {
      stop();
      const { X, K, name, varSmoothing, kind, seed } = state;
      const wrong = Start.problems(X, K, name, varSmoothing);
      if (wrong.length) state.given = state.run = null;
      else {
        const theta = state.given ?? Start.parameters(X, K, name, kind, seed);
        state.run = new Play.Run(X, theta, name, varSmoothing);
      }
      ui.code.value = Play.python(state, state.run);
      ui.copy.textContent = "Copy";
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
      Draw.frame(ui, cloud);
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
      const { X } = state, at = pair(x);
      if (mode === "erase") {
        const n = nearest(x);
        return n < 0 ? tell("There is no point to erase here.")
          : setPoints(X.filter((_, i) => i !== n), `The point at ${pair(X[n])} is gone.`);
      }
      if (X.length + (mode === "spray" ? 10 : 1) > MOST_POINTS) return tell(`${MOST_POINTS} points are enough.`);
      if (mode === "add") return setPoints([...X, hundredths(x)], `A point at ${at}.`);
      const random = Start.generator(X.length);
      const ten = Array.from({ length: 10 }, () => hundredths(x.map((v, d) => nearby(v, d, random))));
      setPoints([...X, ...ten], `Ten points around ${at}.`);
    }

    // A coordinate near v; one that would lie outside the picture is mirrored at its edge.
    function nearby(v, d, random) {
      const [low, high] = state.cloud.view[d], near = v + ((high - low) / 22) * Start.normal(random);
      return near < low ? 2 * low - near : near > high ? 2 * high - near : near;
    }

    const tell = (text) => { ui.status.textContent = text; };
    const pixels = (x) => [ui.scale.x(x[0]), ui.scale.y(x[1])];

    // The number of the point that is nearest on the page; -1 if none is near.
    function nearest(x) {
      const [px, py] = pixels(x);
      const far = state.X.map((p) => Math.hypot(pixels(p)[0] - px, pixels(p)[1] - py));
      const n = far.indexOf(Math.min(...far));
      return far[n] <= NEAR ? n : -1;
    }

    function moveMean(k, x) {
      const theta = state.run.theta, means = theta.means.map((mean, j) => (j === k ? hundredths(x) : mean));
      state.given = { ...theta, means };
      begin(`Mean ${k} is at ${pair(means[k])}: EM starts here.`);
    }

    function moveCursor(x) {
      cursor = state.cloud.view.map(([low, high], d) => Math.min(Math.max(x[d], low), high));
      ui.cursor.setAttribute("transform", `translate(${pixels(cursor).join(" ")})`);
      if (document.activeElement === ui.plane) ui.where.textContent = `Cursor at ${pair(cursor)}.`;
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
      if (!dragged || !event.buttons || !inside(place(event))) return;
      dragged.moved = true;
      moveMean(dragged.k, place(event));
    });
    ui.plane.addEventListener("touchstart", (event) => { // a finger on a cross does not scroll the page
      if (event.target.closest(".playground-mean")) event.preventDefault();
    }, { passive: false });
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
    ui.seed.addEventListener("change", () => change({ seed: count(ui.seed.value), kind: "k-means++" }));
    ui.again.addEventListener("click", () => change({ seed: state.seed + 1, kind: "k-means++" }));
    ui.clear.addEventListener("click", () => { state.given = null; state.run = null; setPoints([], ""); });
    ui.e.addEventListener("click", () => take("eStep"));
    ui.m.addEventListener("click", () => take("mStep"));
    ui.run.addEventListener("click", play);
    ui.reset.addEventListener("click", () => begin());
    ui.copy.addEventListener("click", () => {
      ui.code.select();
      const done = () => { ui.copy.textContent = "Copied"; };
      navigator.clipboard?.writeText(ui.code.value).then(done, () => {}); // or else it is selected
    });

    // ---- The state in an address ----

    const count = (text) => Math.min(Math.max(Math.floor(Number(text)) || 0, 0), 2 ** 32 - 1);

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
      const X = Start.points(wanted.X, MOST_POINTS);
      const K = Math.min(Math.max(count(wanted.K), 1), data.palettes.length);
      const name = data.models.includes(wanted.name) ? wanted.name : "full";
      show(cloud);
      change({
        X: X ?? cloud.X, edited: X !== null, K, name, given: Start.theta(wanted.theta, K, name),
        varSmoothing: [0, 1e-6, 1e-3].includes(wanted.varSmoothing) ? wanted.varSmoothing : 1e-6,
        kind: wanted.kind === "equal" ? "equal" : "k-means++", seed: count(wanted.seed),
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
