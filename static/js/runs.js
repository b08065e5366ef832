// The list of runs: rows stay true while it is open, and what is ticked stays ticked while rows are replaced.
const table = document.getElementById("runs");
const bulk = document.getElementById("bulk");
const filters = document.getElementById("filters");
const RETRY_MS = 2000;
const MOST_RETRY_MS = 30000;
const GONE = 4404;
const MOST_TICKED = 200; // runs.bulk.MOST_RUNS

// Empty fields do not belong into the address.
filters.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) {
    if (!value || (name === "sort" && value === "newest")) event.formData.delete(name);
  }
});

// On the way back the fields say what the address says, not what was typed before the page was left.
window.addEventListener("pageshow", (event) => { if (event.persisted) filters.reset(); });

// Ticked rows, by their run.
const ticked = new Set();
const boxes = () => [...table.querySelectorAll("input[name=run]")];

function showTicked() {
  const all = document.getElementById("pick-all");
  const count = ticked.size;
  bulk.classList.toggle("bulk-open", count > 0);
  const tooMany = count > MOST_TICKED;
  document.getElementById("bulk-count").textContent = tooMany ? `${count} selected; ${MOST_TICKED} at once are the most` : `${count} selected`;
  for (const button of bulk.querySelectorAll("[popovertarget]")) button.disabled = tooMany;
  all.checked = count > 0 && boxes().every((box) => box.checked);
  all.indeterminate = count > 0 && !all.checked;
}

function noteTicks() {
  for (const box of boxes()) ticked[box.checked ? "add" : "delete"](box.value);
  showTicked();
}

function restoreTicks() {
  const there = new Set();
  for (const box of boxes()) {
    box.checked = ticked.has(box.value);
    there.add(box.value);
  }
  for (const value of ticked) if (!there.has(value)) ticked.delete(value);
  showTicked();
}

function listenToTicks() {
  const all = document.getElementById("pick-all");
  all.hidden = false;
  bulk.classList.add("bulk-counted");
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
    noteTicks();
  });
  table.addEventListener("change", (event) => { if (event.target.name === "run") noteTicks(); });
  bulk.addEventListener("reset", () => setTimeout(noteTicks));
  noteTicks(); // the browser keeps ticks over a reload
}

// A row that is replaced keeps its tick and, where it had it, the focus.
function replaceRow(row) {
  const old = document.getElementById(row.id);
  if (!old) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const excerpt = old.querySelector(".row-excerpt");
  if (excerpt && !row.querySelector(".row-excerpt")) row.querySelector(".row-what").after(excerpt);
  row.querySelector("input[name=run]").checked = ticked.has(row.id.slice("run-".length));
  old.replaceWith(row);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

let focusNext = false;
let focusedId = "";
document.addEventListener("htmx:beforeSwap", (event) => {
  focusNext = event.detail.target.id === "more" && event.detail.target.contains(document.activeElement);
  focusedId = focusNext || !event.detail.target.contains(document.activeElement) ? "" : document.activeElement.id;
});
document.addEventListener("htmx:afterSettle", () => {
  if (!table) return;
  if (focusNext) [...table.querySelectorAll("tbody:not(.more)")].at(-1).querySelector(".row-link")?.focus({ preventScroll: true });
  else if (focusedId) document.getElementById(focusedId)?.focus({ preventScroll: true });
  focusNext = false;
  restoreTicks();
  watch();
});

// One socket tells of the rows that are not over and of new runs. Without it the table asks for itself every few seconds.
let socket = null;
let retry = RETRY_MS;
let timer = 0;
const isOpen = () => socket?.readyState === WebSocket.OPEN;
const active = () => [...table.querySelectorAll("tr[data-active]")].map((row) => row.id.slice("run-".length));

function watch() {
  if (isOpen()) socket.send(JSON.stringify({ runs: active(), since: table.dataset.since }));
}

function connect() {
  clearTimeout(timer);
  if (document.hidden || socket) return;
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${table.dataset.live}`);
  socket.addEventListener("open", () => {
    retry = RETRY_MS;
    if (document.hidden) socket.close();
    else watch();
  });
  socket.addEventListener("message", (event) => show(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => {
    socket = null;
    if (event.code === GONE || document.hidden) return;
    timer = setTimeout(connect, retry);
    retry = Math.min(retry * 2, MOST_RETRY_MS);
  });
}

function show({ rows, gone, fresh }) {
  const fragment = document.createElement("template");
  fragment.innerHTML = rows;
  for (const row of [...fragment.content.querySelectorAll("tr")]) replaceRow(row);
  for (const run of gone) document.getElementById(`run-${run}`)?.remove();
  if (gone.length) restoreTicks();
  const notice = document.getElementById("new-runs");
  if (fresh) notice.firstElementChild.textContent = fresh === 1 ? "1 new run" : `${fresh > 99 ? "99+" : fresh} new runs`;
  notice.hidden = !fresh;
}

document.addEventListener("visibilitychange", () => {
  if (!table) return;
  if (!document.hidden) connect();
  else if (isOpen()) socket.close(); // a page that nobody sees costs nothing; one that opens just now is closed when it is open
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (isOpen() && event.target.matches("[data-polling]")) event.preventDefault();
});

function tick() {
  if (document.hidden) return;
  for (const node of table.querySelectorAll("[data-since]")) node.textContent = spoken((Date.now() - new Date(node.dataset.since)) / 1000);
}

// The words of evalhub/common/formatting.py: duration.
function spoken(exact) {
  const seconds = Math.max(Math.floor(exact), 0);
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`;
  return `${Math.floor(seconds / 86400)}d ${Math.floor((seconds % 86400) / 3600)}h`;
}

if (table) {
  setInterval(tick, 1000);
  listenToTicks();
  connect();
}
