// On every page: times stay true while it is open, a tab in the background asks for nothing, what happened is said, and text is copied.
const UNITS = [[60, "minute"], [3600, "hour"], [86400, "day"]];

// The words of evalhub/common/formatting.py: ago.
function ago(then) {
  const seconds = (Date.now() - then) / 1000;
  if (seconds < 60) return "just now";
  if (seconds >= 7 * 86400) return null; // the server wrote the date
  if (seconds >= 86400 && seconds < 2 * 86400) return "yesterday";
  const [size, unit] = UNITS.findLast(([length]) => seconds >= length);
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

function refreshTimes() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const words = ago(new Date(time.dateTime));
    if (words && words !== time.textContent) time.textContent = words;
  }
}

setInterval(() => document.hidden || refreshTimes(), 20000);
document.addEventListener("visibilitychange", refreshTimes);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.closest("[data-polling]")) event.preventDefault();
});

// A response may say `HX-Trigger: {"toast": {"text": "…", "kind": "bad"?, "undo": "/address"?}}`; undo posts there and reloads.
const TOAST_MS = 8000;

function toast({ text, kind = "", undo = "" }) {
  const box = document.createElement("div");
  box.className = kind ? `toast toast-${kind}` : "toast";
  box.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (undo) box.append(undoButton(undo));
  document.getElementById("toasts").append(box);
  let timer = setTimeout(() => box.remove(), TOAST_MS);
  for (const stay of ["pointerenter", "focusin"]) box.addEventListener(stay, () => clearTimeout(timer)); // nobody is hurried
  for (const leave of ["pointerleave", "focusout"]) {
    box.addEventListener(leave, () => {
      clearTimeout(timer);
      timer = setTimeout(() => box.remove(), TOAST_MS);
    });
  }
}

function undoButton(address) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: "Undo" });
  button.addEventListener("click", async () => {
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
    const answer = await fetch(address, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => null);
    if (answer?.ok) location.reload();
    else toast({ text: "That could not be undone. Reload the page to see how things stand.", kind: "bad" });
  });
  return button;
}

document.addEventListener("toast", (event) => toast(event.detail));
document.addEventListener("htmx:sendError", () => toast({ text: "The server did not answer. Nothing was lost; try again.", kind: "bad" }));
document.addEventListener("htmx:responseError", (event) => {
  if (event.target.closest("[data-polling]")) return; // it asks again by itself
  toast({ text: `The server refused that (${event.detail.xhr.status}). Reload the page and try again.`, kind: "bad" });
});

// <button data-copy="#id"> copies the text (or value) of an element.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    toast({ text: "Copied." });
  } catch {
    getSelection().selectAllChildren(source); // no permission, or no secure origin: it is selected, to be copied by hand
    toast({ text: "Press Ctrl-C to copy what is selected now." });
  }
});

// A second click on a form that is on its way would do the thing twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post], [data-may-repeat]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
