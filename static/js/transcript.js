// Reading one conversation: cited quotes are marked in their turn, earlier turns are fetched without moving what is read.
const turnOf = (index) => document.getElementById(`m-${index}`);

// What is there already is not added again. For live updates, and for a stretch that overlaps with what the page has.
function dropKnown(fragment) {
  for (const session of [...fragment.querySelectorAll(".session")]) {
    const known = document.getElementById(session.id);
    if (!known) continue;
    for (const turn of [...session.querySelectorAll(".turn")]) {
      if (!document.getElementById(turn.id)) known.querySelector(".turns").append(turn);
    }
    session.remove();
  }
  for (const node of [...fragment.querySelectorAll(".turn, .log > li")]) {
    if (document.getElementById(node.id)) node.remove();
  }
}

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.target.matches("#sessions, .turns, .log")) dropKnown(event.detail.fragment);
});

/** Another stretch of the transcript in place of the one on the page. */
async function fetchStretch(query = "") {
  const place = document.getElementById("window");
  if (!window.htmx || !place) return;
  await htmx.ajax("GET", `${place.dataset.url}?${query}`, { target: place, swap: "outerHTML" }).catch(() => {});
}

/** Does it now and in the next frames: turns get their real height only when they come near the screen. */
function steady(put, frames = 8) {
  put();
  if (frames) requestAnimationFrame(() => steady(put, frames - 1));
}

// "Load earlier" puts turns above those that are read: the first of these stays where it is on the screen, and so does the focus.
let held = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id !== "load-earlier") return;
  const turn = document.querySelector("#sessions .turn");
  held = turn && { turn, top: turn.getBoundingClientRect().top, focused: document.activeElement === event.target };
});

document.addEventListener("htmx:afterRequest", () => {
  if (!held) return;
  const { turn, top, focused } = held;
  held = null;
  steady(() => scrollBy({ top: turn.getBoundingClientRect().top - top, behavior: "instant" }));
  if (focused && document.activeElement === document.body) turn.focus({ preventScroll: true });
});

// Cited quotes

/** The place of `quote` in `text`, white space and case folded as the judge's check does it: [start, end], or null. */
function findQuote(text, quote) {
  const wanted = fold(quote).folded.trim();
  const { folded, places } = fold(text);
  const at = wanted ? folded.indexOf(wanted) : -1;
  return at < 0 ? null : [places[at], places[at + wanted.length - 1] + 1];
}

function fold(text) {
  let folded = "";
  const places = [];
  for (let index = 0; index < text.length; index += 1) {
    const blank = /\s/.test(text[index]);
    if (blank && folded.endsWith(" ")) continue;
    const said = blank ? " " : text[index].toLowerCase();
    folded += said;
    for (let part = 0; part < said.length; part += 1) places.push(index);
  }
  return { folded, places };
}

function clearMarks() {
  for (const mark of document.querySelectorAll("#sessions mark.cited")) {
    const around = mark.parentNode;
    mark.replaceWith(...mark.childNodes);
    around.normalize();
  }
  document.querySelectorAll(".cite-back").forEach((link) => link.remove());
}

/** Wraps the quoted words in <mark>, made of text nodes: what a turn says is never read as markup. */
function markQuote(turn, quote) {
  for (const box of turn.querySelectorAll(".bubble, .raw")) {
    const found = findQuote(box.textContent, quote);
    if (!found) continue;
    box.normalize();
    const said = box.firstChild.splitText(found[0]);
    said.splitText(found[1] - found[0]);
    const mark = document.createElement("mark");
    mark.className = "cited";
    said.replaceWith(mark);
    mark.append(said);
    const fold = box.closest("details");
    if (fold) fold.open = true;
    return mark;
  }
  return null;
}

function addWayBack(turn, link) {
  const back = document.createElement("a");
  back.className = "cite-back";
  back.href = `#${link.id}`;
  back.textContent = "Back to the score";
  back.addEventListener("click", (event) => {
    event.preventDefault();
    clearMarks();
    const from = document.getElementById(link.id);
    from?.scrollIntoView({ block: "center", behavior: "instant" });
    from?.focus({ preventScroll: true });
  });
  turn.querySelector(".turn-head").append(back);
}

function bringToSight(node) {
  steady(() => node.scrollIntoView({ block: "center", behavior: "instant" }));
}

async function show(link) {
  const index = link.dataset.cite;
  if (!turnOf(index)) await fetchStretch(`around=${index}`);
  const turn = turnOf(index);
  if (!turn) {
    location.assign(link.href); // without htmx the address brings the whole page there
    return;
  }
  clearMarks();
  if (location.hash !== `#m-${index}`) location.hash = `m-${index}`;
  const quote = link.querySelector("q")?.textContent;
  const mark = quote && markQuote(turn, quote);
  if (link.id) addWayBack(turn, link);
  bringToSight(mark || turn);
  turn.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-cite]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  link.closest(".places")?.removeAttribute("open");
  show(link);
});

// An address that names a turn of another stretch.
async function followHash() {
  const index = /^#m-(\d+)$/.exec(location.hash)?.[1];
  if (!index) return;
  if (!turnOf(index)) await fetchStretch(`around=${index}`);
  turnOf(index)?.scrollIntoView({ block: "center", behavior: "instant" });
}

document.addEventListener("DOMContentLoaded", () => setTimeout(followHash));
addEventListener("hashchange", () => {
  const index = /^#m-(\d+)$/.exec(location.hash)?.[1];
  if (index && !turnOf(index)) followHash();
});
