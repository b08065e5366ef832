// The run page while it happens: takes live updates, follows them, and polls when the WebSocket is blocked. Needs transcript.js.
const live = document.getElementById("live");
const end = document.getElementById("transcript-end");
const jump = document.getElementById("jump");
const connection = document.getElementById("connection");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const POLL_MS = 2000;
const RESTING_POLL_MS = 10000; // somebody may resume an interrupted run
const HIDDEN_MS = 20000; // a page that nobody sees for so long gives its connection back
const NEAR_END = 120;

const state = () => document.getElementById("live-state");
const isActive = () => "active" in state().dataset;
const mayGoOn = () => "mayGoOn" in state().dataset;
const addressAfter = (address) => address.replace(/after=-?\d+/, `after=${state().dataset.seq}`);
const pollAddress = () => `${live.dataset.poll}?after=${state().dataset.seq}`;

// What comes in

const numberOf = (node) => Number(node.id.slice(2));
const isBehind = () => Boolean(document.querySelector("#later a")) || "missed" in live.dataset;

/** Turns, and lines of the log, join those of the page only where they follow. Returns those that do not. */
function beyond(parts, kind, last) {
  let next = last ? numberOf(last) + 1 : 0;
  const nodes = parts.flatMap((part) => [...part.querySelectorAll(kind)]).sort((one, other) => numberOf(one) - numberOf(other));
  return nodes.filter((node) => {
    if (numberOf(node) === next) next += 1;
    return numberOf(node) >= next;
  });
}

function lastOf(selector) {
  return [...document.querySelectorAll(selector)].at(-1);
}

/** Nodes that do not follow: a snapshot's take the place of what the page has if it `mayReplace` that, others go. Returns what happened. */
function settleBeyond(nodes, mayReplace, place) {
  if (!nodes.length) return "";
  if (mayReplace) place.replaceChildren();
  else nodes.forEach((node) => node.remove());
  return mayReplace ? "replaced" : "dropped";
}

function receive(html) {
  if (!html.trim()) return;
  const parts = [...new DOMParser().parseFromString(html, "text/html").body.children];
  const isSnapshot = parts.some((part) => part.id === "earlier");
  beforeUpdate();
  const log = settleBeyond(beyond(parts, ".log > li", lastOf("#log > li")), isSnapshot, document.getElementById("log"));
  const said = settleBeyond(beyond(parts, ".turn", lastOf("#sessions .turn")), isSnapshot && following, document.getElementById("sessions"));
  if (said === "dropped") live.dataset.missed = "";
  const kept = parts.filter((part) => fits(part, said, log));
  if (isBehind()) kept.forEach(dropSilent);
  htmx.swap(live, kept.map((part) => part.outerHTML).join("\n"), { swapStyle: "none" });
  afterUpdate();
}

/** Whether a part of an update has a place on this page. What says how much lies before only fits when that was replaced as well. */
function fits(part, said, log) {
  if (part.id === "earlier") return said === "replaced";
  if (part.id === "log-earlier") return log === "replaced";
  return document.getElementById(part.id) && !(part.id.startsWith("ended-") && isBehind());
}

function dropSilent(part) {
  part.querySelectorAll(".session:not(:has(.turn))").forEach((session) => session.remove());
}

// Following: only a reader who is at the end is taken along.
let following = true;
const atEnd = (tolerance = NEAR_END) => !isBehind() && end.getBoundingClientRect().top <= innerHeight + tolerance;

function goToEnd() {
  const far = end.getBoundingClientRect().top > 2 * innerHeight;
  end.scrollIntoView({ block: "end", behavior: calm.matches || far ? "instant" : "smooth" });
}

function beforeUpdate() {
  following = atEnd();
}

function afterUpdate() {
  if (following && !atEnd(0)) goToEnd();
  showJump();
}

function showJump() {
  jump.hidden = following || atEnd() || !(isActive() || isBehind());
}

async function jumpToLatest() {
  if (isBehind()) {
    await fetchStretch();
    delete live.dataset.missed;
  }
  goToEnd();
  following = true;
  jump.hidden = true;
}

function tick() {
  if (document.hidden) return;
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
let socket = null;
let wrapper = null;
let resting = 0; // the timer, then -1 while the page has given its socket back

const isDown = () => !socket || socket.readyState >= WebSocket.CLOSING;
const say = (text) => { if (connection.textContent !== text) connection.textContent = text; };
const pollSoon = () => setTimeout(poll, isActive() ? POLL_MS : RESTING_POLL_MS);

async function poll() {
  await pollOnce();
  if (polling && mayGoOn()) polling = pollSoon();
  else polling = 0;
  if (isActive() && isDown()) connect(); // somebody resumed it
}

async function pollOnce() {
  try {
    const answer = await fetch(pollAddress(), { headers: { "HX-Request": "true" } });
    if (answer.headers.has("HX-Refresh")) location.reload(); // signed out: the page leads to the sign-in
    if (answer.status === 404) gone();
    if (!answer.ok) throw new Error(answer.status);
    receive(await answer.text());
    say("");
  } catch {
    if (mayGoOn()) say("Connection lost. This page catches up by itself.");
  }
}

function gone() {
  say("This run was deleted.");
  delete state().dataset.mayGoOn;
  delete state().dataset.active;
  stopPolling();
}

function startPolling() {
  if (!polling && mayGoOn() && !document.hidden) polling = pollSoon();
}

function stopPolling() {
  clearTimeout(polling);
  polling = 0;
}

function connect() {
  live.setAttribute("ws-connect", addressAfter(live.dataset.socket));
  htmx.process(live);
}

function opened(event) {
  wrapper = event.detail.socketWrapper;
  stopPolling();
  say("");
}

// A page in the background costs nothing; when it is seen again it asks for what it missed.
function hide() {
  stopPolling();
  resting = setTimeout(() => {
    resting = -1;
    socket?.close(1000); // a normal end: the extension does not connect again
  }, HIDDEN_MS);
}

function wake() {
  const rested = resting === -1;
  clearTimeout(resting);
  resting = 0;
  tick();
  if (!isDown()) return;
  if (rested && wrapper && isActive()) wrapper.reconnect();
  else startPolling();
}

if (live) {
  htmx.config.wsReconnectDelay = (attempt) => Math.min(500 * 2 ** attempt, 8000) * (0.5 + Math.random() / 2);
  htmx.createWebSocket = (address) => (socket = new WebSocket(addressAfter(address)));
  document.addEventListener("htmx:wsBeforeMessage", (event) => {
    event.preventDefault(); // the extension would swap what this page has already, or has no place for
    receive(event.detail.message);
  });
  document.addEventListener("htmx:wsOpen", opened);
  document.addEventListener("htmx:wsClose", startPolling);
  document.addEventListener("visibilitychange", () => (document.hidden ? hide() : wake()));
  addEventListener("pageshow", (event) => { if (event.persisted) { resting = -1; wake(); } });
  if (!isActive()) startPolling();
  setInterval(tick, 1000);
  following = atEnd();
  showJump();
  addEventListener("scroll", () => { if (atEnd()) jump.hidden = true; }, { passive: true });
  jump.addEventListener("click", jumpToLatest);
}
