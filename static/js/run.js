// The run page while it happens: merges live turns, follows them, and polls when the WebSocket is blocked.
const live = document.getElementById("live");
const end = document.getElementById("transcript-end");
const jump = document.getElementById("jump");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const POLL_MS = 2000;
const RESTING_POLL_MS = 10000; // somebody may resume an interrupted run
const NEAR_END = 120;

// A snapshot or a repeated update tells of sessions, turns and log lines that are here already: what is here stays, with its folds open.
function dropKnown(fragment) {
  for (const session of [...fragment.querySelectorAll(".session")]) {
    const known = document.getElementById(session.id);
    if (!known) continue;
    moveNewTurns(session, known);
    session.remove();
  }
  for (const node of [...fragment.querySelectorAll(".turn, .log > li")]) {
    if (document.getElementById(node.id)) node.remove();
  }
}

function moveNewTurns(from, to) {
  for (const turn of [...from.querySelectorAll(".turn")]) {
    if (!document.getElementById(turn.id)) to.querySelector(".turns").append(turn);
  }
}

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.target.matches("#sessions, .turns, .log")) dropKnown(event.detail.fragment);
});

// Following: only a reader who is at the end is taken along.
let following = true;
const atEnd = (tolerance = NEAR_END) => end.getBoundingClientRect().top <= innerHeight + tolerance;
const goToEnd = () => end.scrollIntoView({ block: "end", behavior: calm.matches ? "auto" : "smooth" });

function beforeUpdate() {
  following = atEnd();
}

function afterUpdate() {
  if (following && !atEnd(0)) goToEnd();
  jump.hidden = following || atEnd() || !isActive();
}

function tick() {
  for (const node of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(Math.floor((Date.now() - new Date(node.dataset.since)) / 1000), 0);
    node.textContent = spoken(seconds);
  }
}

function spoken(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`;
}

// The socket is the first choice. While it is down the same fragments are asked for; the extension goes on trying to connect.
let polling = 0;
const state = () => document.getElementById("live-state");
const isActive = () => "active" in state().dataset;
const mayGoOn = () => "mayGoOn" in state().dataset;
const pollSoon = () => setTimeout(poll, isActive() ? POLL_MS : RESTING_POLL_MS);

async function poll() {
  if (!document.hidden) {
    beforeUpdate();
    await htmx.ajax("GET", `${live.dataset.poll}?after=${state().dataset.seq}`, { source: live, swap: "none" }).catch(() => {});
    afterUpdate();
  }
  if (polling && mayGoOn()) polling = pollSoon();
}

function startPolling() {
  if (!polling && mayGoOn()) polling = pollSoon();
}

function stopPolling() {
  clearTimeout(polling);
  polling = 0;
}

if (live) {
  document.addEventListener("htmx:wsBeforeMessage", beforeUpdate);
  document.addEventListener("htmx:wsAfterMessage", afterUpdate);
  document.addEventListener("htmx:wsOpen", stopPolling);
  document.addEventListener("htmx:wsClose", startPolling);
  if (!isActive()) startPolling();
  setInterval(tick, 1000);
  addEventListener("scroll", () => { if (atEnd()) jump.hidden = true; }, { passive: true });
  jump.addEventListener("click", () => { goToEnd(); jump.hidden = true; });
}
