// What the frame of every page needs: light or dark, the menu on narrow screens, times, passing words, copying, time zones.
"use strict";
window.kinofarm = (() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const chosen = localStorage.getItem("kinofarm-theme");
    root.dataset.theme = chosen || (system.matches ? "dark" : "light");
  };
  show();
  root.lang = "en";
  system.addEventListener("change", show);

  const menu = (open) => {
    const button = document.querySelector("[data-menu]");
    if (!button) return;
    button.setAttribute("aria-expanded", String(open));
    root.classList.toggle("menu-open", open);
    if (open) document.querySelector("#nav a")?.focus();
  };
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-theme-switch], [data-theme], [data-menu], [data-copy]");
    if (!event.target.closest("#nav") && !event.target.closest("[data-menu]") && root.classList.contains("menu-open")) menu(false);
    if (!pressed || pressed === root) return;
    if (pressed.hasAttribute("data-menu")) menu(pressed.getAttribute("aria-expanded") !== "true");
    else if (pressed.hasAttribute("data-copy")) {
      navigator.clipboard?.writeText(pressed.dataset.copy).then(() => say("Copied"));
    } else if (pressed.tagName === "BUTTON") {
      const other = root.dataset.theme === "dark" ? "light" : "dark";
      const plain = other === (system.matches ? "dark" : "light");
      plain ? localStorage.removeItem("kinofarm-theme") : localStorage.setItem("kinofarm-theme", other);
      show();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.classList.contains("menu-open")) {
      menu(false);
      document.querySelector("[data-menu]")?.focus();
    }
  });

  // A field for a time zone offers the zones that the browser knows, its own first.
  document.addEventListener("focusin", (event) => {
    const field = event.target;
    if (!field.matches("input[data-zones]") || field.list) return;
    const offered = document.createElement("datalist");
    offered.id = field.id + "-offered";
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const zone of new Set([own, "UTC", ...Intl.supportedValuesOf("timeZone")])) offered.append(new Option("", zone));
    field.after(offered);
    field.setAttribute("list", offered.id);
  });

  const clock = (at) =>
    new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  const ago = (at) => {
    const seconds = (Date.now() - new Date(at)) / 1000;
    if (seconds < 45) return "just now";
    if (seconds < 3600) return Math.max(1, Math.round(seconds / 60)) + " min ago";
    if (seconds < 86400) return Math.round(seconds / 3600) + " h ago";
    if (seconds < 7 * 86400) return Math.round(seconds / 86400) + " d ago";
    return new Date(at).toLocaleDateString(undefined, { dateStyle: "medium" });
  };
  const say = (text, kind) => {
    const place = document.querySelector("[data-toasts]");
    if (!place) return;
    const toast = document.createElement("p");
    toast.className = "toast " + (kind || "");
    toast.textContent = text;
    place.append(toast);
    setTimeout(() => toast.remove(), kind === "wrong" ? 9000 : 4500);
  };
  // A page that could not be drawn tries again.
  setInterval(() => {
    const again = document.querySelector("[data-again]");
    if (again && !document.hidden) window.location.reload();
  }, 3000);
  return { ago, clock, say };
})();
