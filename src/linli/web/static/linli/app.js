/* Linli's own script. Every page works without it; it adds comfort and keeps what people typed.
   Hooks are data attributes; see templates/linli/parts/README.md. */
"use strict";
(() => {
  const root = document.documentElement;
  const say = (zh, en) => (root.lang.startsWith("en") ? en : zh);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const YEAR = 31536000;
  const setCookie = (name, value) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Path=/; Max-Age=${value ? YEAR : 0}; SameSite=Lax${secure}`;
  };

  // ---- elder mode and theme: a cookie, so that the server sends the right page at once
  function showElder() {
    for (const b of $$("[data-toggle-elder]")) {
      b.hidden = false;
      b.setAttribute("aria-pressed", String(root.hasAttribute("data-elder")));
    }
  }
  function toggleElder() {
    const on = root.toggleAttribute("data-elder");
    setCookie("linli_elder", on ? "1" : "");
    showElder();
  }
  function toggleTheme() {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset.theme || system) === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    setCookie("linli_theme", next);
  }

  // ---- toasts
  function toast(text, action, then) {
    const box = document.getElementById("toasts");
    if (!box) return;
    const item = document.createElement("div");
    item.className = "toast";
    const words = document.createElement("span");
    words.textContent = text;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action || say("知道了", "OK");
    button.addEventListener("click", () => { item.remove(); if (then) then(); });
    item.append(words, button);
    box.replaceChildren(item);
  }

  // ---- textarea counters: warn, never cut what somebody wrote
  function count(area) {
    const out = document.querySelector(`[data-counter-for="${CSS.escape(area.id)}"]`);
    if (!out) return;
    const max = Number(area.dataset.max), used = [...area.value].length;
    out.classList.toggle("over", used > max);
    out.textContent = used > max
      ? say(`超出 ${used - max} 字，请删短`, `${used - max} characters too many`)
      : used ? say(`${used} / ${max} 字`, `${used} / ${max} characters`) : say(`最多 ${max} 字`, `at most ${max} characters`);
  }

  // ---- photos: collect over several choices, show, remove
  const chosen = new WeakMap();
  function drawPhotos(input) {
    const box = document.querySelector(`[data-previews-for="${CSS.escape(input.id)}"]`);
    if (!box) return;
    for (const image of $$("img", box)) URL.revokeObjectURL(image.src);
    box.replaceChildren(...[...input.files].map((file, index) => {
      const tile = document.createElement("div");
      tile.className = "preview";
      if (file.type.startsWith("image/")) {
        const image = document.createElement("img");
        image.src = URL.createObjectURL(file);
        image.alt = file.name;
        tile.append(image);
      } else {
        const name = document.createElement("span");
        name.textContent = file.name;
        tile.append(name);
      }
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", say(`去掉 ${file.name}`, `Remove ${file.name}`));
      remove.addEventListener("click", () => keepPhotos(input, [...input.files].filter((_, i) => i !== index)));
      tile.append(remove);
      return tile;
    }));
  }
  function keepPhotos(input, files) {
    const bag = new DataTransfer();
    files.forEach((file) => bag.items.add(file));
    input.files = bag.files;
    chosen.set(input, files);
    drawPhotos(input);
  }
  function addPhotos(input) {
    const max = Number(input.dataset.maxFiles) || Infinity;
    const before = input.multiple ? chosen.get(input) || [] : [];
    const isNew = (f) => !before.some((g) => g.name === f.name && g.size === f.size && g.lastModified === f.lastModified);
    const all = before.concat([...input.files].filter(isNew));
    if (all.length > max) toast(say(`最多 ${max} 个，多出的没有加上`, `At most ${max}; the rest was left out`));
    keepPhotos(input, all.slice(0, max));
  }

  // ---- my position, as WGS-84, only when asked
  function locate(button) {
    const id = button.dataset.locate, out = document.getElementById(`${id}-located`);
    out.textContent = say("正在定位…", "Finding your position…");
    navigator.geolocation.getCurrentPosition((at) => {
      document.getElementById(`${id}-lat`).value = at.coords.latitude.toFixed(6);
      document.getElementById(`${id}-lon`).value = at.coords.longitude.toFixed(6);
      const m = Math.round(at.coords.accuracy);
      out.textContent = say(`已记下您的位置（误差约 ${m} 米）`, `Position noted (within about ${m} m)`);
    }, () => {
      out.textContent = say("没能定位。写下地点也一样能办。", "Could not find it. Writing the place works just as well.");
    }, { enableHighAccuracy: true, timeout: 15000 });
  }

  // ---- drafts: what was typed stays on this machine until the server says it has it
  const DRAFT = "linli-draft:", WEEK = 7 * 24 * 3600 * 1000;
  const stored = {
    get(key) { try { return JSON.parse(localStorage.getItem(DRAFT + key)); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(DRAFT + key, JSON.stringify(value)); } catch { /* full or forbidden */ } },
    drop(key) { try { localStorage.removeItem(DRAFT + key); } catch { /* forbidden */ } },
    dropAll() { try { Object.keys(localStorage).filter((k) => k.startsWith(DRAFT)).forEach((k) => localStorage.removeItem(k)); } catch { /* forbidden */ } },
  };
  const draftable = (e) => e.name && !["password", "file", "hidden", "submit"].includes(e.type)
    && e.autocomplete !== "off" && !e.hasAttribute("data-no-draft");
  const isChoice = (e) => e.type === "checkbox" || e.type === "radio";
  function saveDraft(form) {
    const values = {};
    for (const e of [...form.elements].filter(draftable)) {
      if (isChoice(e)) { if (e.checked) (values[e.name] ||= []).push(e.value); } else if (e.value) values[e.name] = e.value;
    }
    if (Object.keys(values).length) stored.set(form.dataset.draft, { at: Date.now(), values });
    else stored.drop(form.dataset.draft);
  }
  function restoreDraft(form) {
    const draft = stored.get(form.dataset.draft);
    if (!draft) return;
    if (Date.now() - draft.at > WEEK) { stored.drop(form.dataset.draft); return; }
    let restored = false;
    for (const e of [...form.elements].filter(draftable)) {
      const value = draft.values[e.name];
      if (value === undefined) continue;
      if (isChoice(e)) {
        // A choice preset by the page gives way to the person's own; text set by the server stays.
        const mine = value.includes(e.value);
        if (e.checked !== mine) { e.checked = mine; restored = true; }
      } else if (!e.value && typeof value === "string") { e.value = value; restored = true; }
    }
    if (!restored) return;
    $$("textarea[data-max]", form).forEach(count);
    toast(say("已恢复您上次没有发出的内容", "What you had not sent is back"), say("不要了，清空", "Discard"), () => {
      stored.drop(form.dataset.draft);
      form.reset();
      $$("textarea[data-max]", form).forEach(count);
    });
  }

  // ---- sending: once, and not into the void
  const busy = new WeakSet();
  function release(form) {
    busy.delete(form);
    $$("[aria-disabled]", form).forEach((b) => b.removeAttribute("aria-disabled"));
  }
  function onSubmit(event) {
    const form = event.target;
    if (form.matches("[data-sign-out]")) stored.dropAll();
    if (form.method !== "post" || form.hasAttribute("data-many")) return;
    if (form.dataset.draft) saveDraft(form);
    if (busy.has(form)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (navigator.onLine === false) {
      event.preventDefault();
      event.stopImmediatePropagation();
      toast(say("现在没有网络。文字已存在本机，联网后再提交。", "No network. Your words are kept on this machine; send again when online."));
      return;
    }
    busy.add(form);
    const pressed = event.submitter;
    if (pressed) pressed.setAttribute("aria-disabled", "true");
  }

  function prepare(within) {
    $$("textarea[data-max]", within).forEach(count);
    if (navigator.geolocation) $$("[data-locate]", within).forEach((b) => { b.hidden = false; });
    $$("[data-draft-sent]", within).forEach((e) => stored.drop(e.dataset.draftSent));
    $$("form[data-draft]", within).forEach(restoreDraft);
    const focus = within.querySelector("[data-focus]");
    if (focus) focus.focus();
  }

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    if (hit("[data-toggle-elder]")) toggleElder();
    else if (hit("[data-toggle-theme]")) toggleTheme();
    else if (hit("[data-print]")) window.print();
    else if (hit("[data-locate]")) locate(hit("[data-locate]"));
    for (const menu of $$("details.who[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of $$("details.who[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("textarea[data-max]")) count(event.target);
    const form = event.target.form;
    if (form && form.dataset.draft) saveDraft(form);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[data-photos]")) addPhotos(event.target);
    if (event.target.matches("[data-send-on-change]")) event.target.form.requestSubmit();
  });
  document.addEventListener("submit", onSubmit, true);
  window.addEventListener("pageshow", (event) => { if (event.persisted) $$("form").forEach(release); });

  // ---- htmx: CSRF, errors people can read, forms that may be sent again
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    if (token) event.detail.headers["X-CSRFToken"] = token.value;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest("form");
    if (!form) return;
    release(form);
    if (form.dataset.draft && event.detail.successful) stored.drop(form.dataset.draft);
  });
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    toast(status === 403 ? say("您没有办理这一项的职权，或登录已过期。请刷新页面。", "You may not do this, or your sign-in has expired. Reload the page.")
      : say(`没有办成（${status}）。您填的内容还在，请再试一次。`, `That did not work (${status}). What you typed is still here; try again.`));
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, () => toast(say("网络不通，没有发出。您填的内容还在。", "No connection, nothing was sent. What you typed is still here.")));
  }
  document.addEventListener("htmx:load", (event) => { if (event.detail.elt !== document.body) prepare(event.detail.elt); });

  $$("[data-toggle-theme]").forEach((b) => { b.hidden = false; });
  showElder();
  prepare(document);
})();
