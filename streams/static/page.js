// Fetches the page again and puts the new state in place, so that scroll and opened details stay. Without this script
// the page reloads itself.
"use strict";
(() => {
  const every = 5000;
  const contact = document.getElementById("contact");
  let failures = 0;

  function keepOpened(fresh) {
    for (const details of fresh.querySelectorAll("details[id]")) {
      const shown = document.getElementById(details.id);
      if (shown) details.open = shown.open;
    }
  }

  function place(fresh) {
    const main = document.getElementById("main");
    const next = fresh.getElementById("main");
    if (!next) throw new Error("no page");
    const said = document.getElementById("announce");
    const word = next.querySelector("#announce");
    // The announced line stays the same element and changes only when a state does: a screen reader says it then alone.
    const same = said && word && said.textContent === word.textContent;
    keepOpened(next);
    const focus = document.activeElement && document.activeElement.id;
    if (same && word) word.removeAttribute("aria-live");
    main.replaceChildren(...next.childNodes);
    document.title = fresh.title;
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  }

  async function refresh() {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname + location.search, { cache: "no-store", credentials: "same-origin" });
      const text = await answer.text();
      place(new DOMParser().parseFromString(text, "text/html"));
      failures = 0;
      contact.textContent = "";
    } catch {
      failures += 1;
      contact.textContent = `No answer from the worker (${failures} in a row). What stands below is old.`;
    }
  }

  setInterval(refresh, every);
  document.addEventListener("visibilitychange", refresh);
})();
