/* Phone intake: the cursor stands in the first field, Ctrl+Enter sends, earlier matters appear while one listens. */
(() => {
  "use strict";
  const form = document.querySelector("[data-intake]");
  if (!form) return;
  if (!document.querySelector(".errors")) {
    const first = form.querySelector("textarea, input:not([type=hidden])");
    if (first) first.focus();
  }
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  let waiting = 0;
  form.addEventListener("input", (event) => {
    if (!["phone", "place", "category"].includes(event.target.name) && event.target.tagName !== "TEXTAREA") return;
    clearTimeout(waiting);
    waiting = setTimeout(() => document.body.dispatchEvent(new CustomEvent("earlier")), 350);
  });
})();
