/* Lists from the keyboard: / goes to the search, j and k move along the cases, Enter opens (it is a link). */
(() => {
  "use strict";
  const isTyping = (e) => e.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName);
  const links = () => [...document.querySelectorAll("[data-keys] .case-title a, [data-keys] .case-link")];
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape" && event.target.matches("[data-search]")) event.target.blur();
      return;
    }
    if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
      return;
    }
    if (event.key !== "j" && event.key !== "k") return;
    const all = links();
    if (!all.length) return;
    event.preventDefault();
    const at = all.indexOf(document.activeElement);
    const to = event.key === "j" ? Math.min(at + 1, all.length - 1) : Math.max(at - 1, 0);
    all[to].focus();
    all[to].scrollIntoView({ block: "nearest" });
  });
})();
/* The box that chooses every row of the list; without this script each row is ticked by itself. */
(() => {
  "use strict";
  const all = document.querySelector("[data-pick-all]");
  if (!all) return;
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    document.querySelectorAll("input[form=bulk][name=n]").forEach((box) => { box.checked = all.checked; });
  });
})();
