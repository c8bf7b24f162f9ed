// What the theme leaves undone for readers with a keyboard or a screen reader.
(() => {
  // The captions of the contents are headings without a level.
  for (const caption of document.querySelectorAll("[role=heading]:not([aria-level])"))
    caption.setAttribute("aria-level", "2");
  // A list role wants list items, and a label must hold the words that are seen.
  for (const list of document.querySelectorAll(".citation-list[role=list]"))
    list.removeAttribute("role");
  for (const summary of document.querySelectorAll("summary[aria-label]"))
    summary.removeAttribute("aria-label");

  // What scrolls sideways can be reached by keyboard.
  const boxes = ".highlight pre, div.math mjx-container, .table-wrapper, .cell_output pre, .stepper-box";
  const mark = () => document.querySelectorAll(boxes).forEach((box) => {
    if (box.scrollWidth > box.clientWidth + 1) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  });
  window.addEventListener("load", () => {
    mark();
    window.MathJax?.startup?.promise?.then(mark);
  });
  window.addEventListener("resize", mark);
})();
