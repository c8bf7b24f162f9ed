// Presents a page: its title and each of its sections is a slide.
(() => {
  const deck = document.querySelector("#furo-main-content > section");
  const heading = deck?.querySelector("h1");
  if (!heading) return;

  // What stands before the first section is the first slide.
  const title = document.createElement("div");
  title.append(...[...deck.children].filter((child) => child.tagName !== "SECTION"));
  deck.prepend(title);
  const slides = [...deck.children];
  slides.forEach((slide) => slide.classList.add("slide"));
  let at = 0;

  const button = (words, action, label = words) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", action);
    return made;
  };
  const presenting = () => document.documentElement.classList.contains("presenting");

  // Page, and keeps the place in the address, so that a slide can be linked and reloaded.
  const show = (i) => {
    at = Math.min(Math.max(i, 0), slides.length - 1);
    slides.forEach((slide, k) => slide.classList.toggle("shown", k === at));
    place.textContent = `${at + 1} / ${slides.length}`;
    history.replaceState(null, "", at ? `#${slides[at].id}` : location.pathname);
    window.scrollTo(0, 0);
    window.dispatchEvent(new Event("resize")); // equations fit themselves to the new width
    const head = slides[at].querySelector("h1, h2");
    head.tabIndex = -1;
    head.focus({ preventScroll: true });
  };
  const begin = () => {
    document.documentElement.classList.add("presenting");
    document.documentElement.requestFullscreen?.().catch(() => {});
    const here = slides.findIndex((slide) => slide.id && `#${slide.id}` === location.hash);
    show(Math.max(here, 0));
  };
  const leave = () => {
    document.documentElement.classList.remove("presenting");
    if (document.fullscreenElement) document.exitFullscreen();
    window.dispatchEvent(new Event("resize"));
    slides[at].scrollIntoView();
  };

  const start = document.createElement("p");
  start.className = "slides-start";
  start.append(button("Present", begin), " → and ← turn the slides, Esc leaves.");
  heading.after(start);

  const bar = document.createElement("div");
  bar.className = "slides-bar";
  const place = document.createElement("span");
  place.setAttribute("aria-live", "polite");
  bar.append(
    button("←", () => show(at - 1), "Previous slide"), place,
    button("→", () => show(at + 1), "Next slide"), button("Leave", leave, "Leave the slides"),
  );
  deck.append(bar);

  const KEYS = {
    ArrowRight: () => show(at + 1), PageDown: () => show(at + 1), " ": () => show(at + 1),
    ArrowLeft: () => show(at - 1), PageUp: () => show(at - 1),
    Home: () => show(0), End: () => show(slides.length - 1), Escape: leave,
  };
  document.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    const typing = event.target.closest("button, a, input, select, textarea") && event.key === " ";
    if (!presenting() || !act || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement && presenting()) leave(); // the browser takes the key Esc itself
  });
})();
