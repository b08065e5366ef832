// The template editor: rows are added, removed (with undo) and moved here by button and by drag, as the server does it without a script;
// the try-out shows its scores as they come.
const rowList = document.getElementById("category-rows");
const rowTemplate = document.getElementById("category-row");
const said = document.getElementById("category-said");
const templateForm = document.getElementById("template-form");
let rowsMade = 0;

document.documentElement.classList.add("has-script");

const liveRows = () => [...rowList.children].filter((row) => !row.classList.contains("is-removed"));
const labelOf = (row) => row.querySelector("[name=category_label]").value.trim();
const nameOf = (row) => (labelOf(row) ? `“${labelOf(row)}”` : `Category ${liveRows().indexOf(row) + 1}`);

// A row out of the template needs ids of its own.
function numberIds(row) {
  const number = `JS${(rowsMade += 1)}`;
  for (const node of row.querySelectorAll("[id], [for], [aria-describedby]")) {
    for (const name of ["id", "for", "aria-describedby"]) {
      if (node.getAttribute(name)?.includes("rowNEW_")) node.setAttribute(name, node.getAttribute(name).replaceAll("rowNEW_", `row${number}_`));
    }
  }
}

function refreshRows() {
  const rows = liveRows();
  rows.forEach((row, index) => {
    if (row.querySelector("[id*=rowNEW_]")) numberIds(row);
    for (const place of row.querySelectorAll("[data-place]")) place.textContent = index + 1;
    row.querySelector("[data-act=up]").disabled = index === 0;
    row.querySelector("[data-act=down]").disabled = index === rows.length - 1;
  });
  const weights = rows.map((row) => Number(row.querySelector("[name=category_weight]").value));
  const whole = weights.reduce((sum, weight) => sum + (weight > 0 ? weight : 0), 0);
  rows.forEach((row, index) => {
    row.querySelector("[data-share]").textContent = whole > 0 && weights[index] >= 0 ? `${Math.round((100 * weights[index]) / whole)} %` : "";
  });
}

function changed(words) {
  refreshRows();
  said.textContent = words;
  templateForm.dispatchEvent(new Event("input", { bubbles: true }));
}

function addRow() {
  rowList.append(rowTemplate.content.cloneNode(true));
  const row = rowList.lastElementChild;
  changed(`Category ${liveRows().length} added.`);
  row.querySelector("[name=category_label]").focus();
}

// A removed row stays in its place, switched off and not sent, until the page goes: undo only switches it on again.
function removeRow(row) {
  const words = `${nameOf(row)} removed.`;
  const undo = Object.assign(document.createElement("button"), { type: "button", className: "button button-small", textContent: "Undo" });
  const line = Object.assign(document.createElement("p"), { className: "category-removed" });
  line.append(Object.assign(document.createElement("span"), { textContent: words }), undo);
  row.classList.add("is-removed");
  row.querySelector("fieldset").disabled = true;
  row.append(line);
  undo.addEventListener("click", () => putBack(row, line));
  changed(words);
  undo.focus();
}

function putBack(row, line) {
  line.remove();
  row.classList.remove("is-removed");
  row.querySelector("fieldset").disabled = false;
  changed(`${nameOf(row)} is back.`);
  row.querySelector("[name=category_label]").focus();
}

function moveRow(row, step, button) {
  const rows = liveRows();
  const other = rows[rows.indexOf(row) + step];
  if (!other) return;
  if (step < 0) other.before(row);
  else other.after(row);
  changed(`${nameOf(row)} is now ${liveRows().indexOf(row) + 1} of ${rows.length}.`);
  const next = button.disabled ? row.querySelector(`[data-act=${step < 0 ? "down" : "up"}]`) : button; // the end is reached
  next.focus();
}

templateForm.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  event.preventDefault();
  const row = button.closest("[data-row]");
  if (button.dataset.act === "add") addRow();
  else if (button.dataset.act === "remove") removeRow(row);
  else moveRow(row, button.dataset.act === "up" ? -1 : 1, button);
});

// Dragging by the grip, with pointer events: mouse, pen and finger alike.
rowList.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest("[data-grip]");
  if (!grip || event.button !== 0) return;
  event.preventDefault();
  const row = grip.closest("[data-row]");
  const before = liveRows().indexOf(row);
  const follow = (move) => dragTo(row, move.clientY);
  const drop = () => {
    removeEventListener("pointermove", follow);
    row.classList.remove("is-dragged");
    const now = liveRows().indexOf(row);
    if (now !== before) changed(`${nameOf(row)} is now ${now + 1} of ${liveRows().length}.`);
  };
  row.classList.add("is-dragged");
  addEventListener("pointermove", follow);
  addEventListener("pointerup", drop, { once: true });
  addEventListener("pointercancel", drop, { once: true });
});

function dragTo(row, y) {
  const after = [...rowList.children].find((other) => {
    if (other === row) return false;
    const box = other.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  if (after) after.before(row);
  else rowList.append(row);
}

templateForm.addEventListener("input", (event) => event.target.name === "category_weight" && refreshRows());
templateForm.addEventListener("draft:restored", refreshRows);
refreshRows();

// The panel beside the form was asked for as the page loaded. What was typed until it came is told to it now.
let typedEarly = false;
templateForm.addEventListener("input", () => (typedEarly = true));
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "tryout" && typedEarly) templateForm.dispatchEvent(new Event("input", { bubbles: true }));
});

// The try-out's run speaks as on its own page. Only the parts that this page has are taken.
const POLL_EVERY_MS = 2000;
const tryout = () => document.getElementById("tryout-live");
const tryoutState = () => document.getElementById("live-state");

function takeOver(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const part of [...parsed.querySelectorAll("[hx-swap-oob][id]")]) {
    const known = document.getElementById(part.id);
    if (!known || part.getAttribute("hx-swap-oob") !== "true" || !known.closest("#tryout-result")) continue;
    part.removeAttribute("hx-swap-oob");
    known.replaceWith(document.adoptNode(part));
  }
  linkToRun();
}

// Quotes cite turns; the transcript is on the run's page.
function linkToRun() {
  const run = tryout()?.dataset.run;
  for (const link of document.querySelectorAll('#tryout-result a[href^="#m-"]')) link.href = run + link.getAttribute("href");
}

let tryoutPolling = 0;
async function pollTryout() {
  const state = tryoutState();
  if (!state || !("active" in state.dataset)) {
    tryoutPolling = 0;
    return;
  }
  if (!document.hidden) {
    const answer = await fetch(`${tryout().dataset.poll}?after=${state.dataset.seq}`).catch(() => null);
    if (answer?.ok) takeOver(await answer.text());
  }
  tryoutPolling = setTimeout(pollTryout, POLL_EVERY_MS);
}

document.addEventListener("htmx:wsBeforeMessage", (event) => {
  event.preventDefault();
  takeOver(event.detail.message);
});
document.addEventListener("htmx:wsOpen", () => {
  clearTimeout(tryoutPolling);
  tryoutPolling = 0;
});
document.addEventListener("htmx:wsClose", () => {
  tryoutPolling ||= setTimeout(pollTryout, POLL_EVERY_MS);
});
