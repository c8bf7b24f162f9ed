// What the theme leaves undone for readers with a phone, a keyboard or a screen reader.
(() => {
  // The captions of the contents are headings without a level.
  for (const caption of document.querySelectorAll("[role=heading]:not([aria-level])"))
    caption.setAttribute("aria-level", "2");
  // Two landmarks of one kind want names.
  document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "All pages");
  document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "On this page");
  // A page has a heading: that of the search has none before something is found.
  if (!document.querySelector("h1")) {
    const heading = document.createElement("h1");
    heading.textContent = document.title;
    document.querySelector("[role=main]")?.prepend(heading);
  }
  // A list role wants list items, and an entry's role is deprecated.
  for (const list of document.querySelectorAll(".citation-list[role], .citation[role]"))
    list.removeAttribute("role");
  // A list within a list belongs to an item: Sphinx's index of sources puts it beside one.
  for (const list of document.querySelectorAll("ul > ul"))
    list.previousElementSibling.append(list);
  // The corner of a table is no heading.
  for (const corner of document.querySelectorAll("th"))
    if (!corner.textContent.trim()) {
      const cell = document.createElement("td");
      cell.className = corner.className;
      corner.replaceWith(cell);
    }
  // In a table a long name may go on in the next line, but not in the middle of a word.
  for (const code of document.querySelectorAll("table.docutils code .pre, table.docutils code"))
    for (const text of [...code.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)) {
      const parts = text.data.split(/(?<=[_.,=([/*-])(?=\w)/);
      text.replaceWith(...parts.flatMap((part, i) => (i ? [document.createElement("wbr"), part] : [part])));
    }
  // A label must hold the words that are seen.
  for (const summary of document.querySelectorAll("summary[aria-label]"))
    summary.removeAttribute("aria-label");

  // A wide equation gets smaller on a narrow page, as far as it can be read.
  const SMALLEST = 0.68;
  const fit = () => document.querySelectorAll("div.math mjx-container").forEach((box) => {
    box.style.fontSize = "";
    const room = (box.clientWidth - 1) / box.scrollWidth;
    if (room < 1) box.style.fontSize = `${100 * Math.max(room, SMALLEST)}%`;
  });

  // What scrolls sideways can be reached by keyboard.
  const boxes = ".highlight pre, div.math mjx-container, .table-wrapper, .cell_output pre, .stepper-box,"
    + " .cell_output .text_html";
  const mark = () => document.querySelectorAll(boxes).forEach((box) => {
    if (box.scrollWidth > box.clientWidth + 1) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  });
  window.addEventListener("load", () => {
    mark();
    window.MathJax?.startup?.promise?.then(fit).then(mark);
  });
  window.addEventListener("resize", () => { fit(); mark(); });
})();
