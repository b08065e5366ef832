// Pages of batches: clocks tick on, and a table that is replaced stays where it was scrolled to. Everything works without this file.
const two = (number) => String(number).padStart(2, "0");

// The words of evalhub/common/formatting.py: duration.
function spoken(exact) {
  const seconds = Math.max(Math.floor(exact), 0);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`;
  return `${Math.floor(seconds / 86400)}d ${Math.floor((seconds % 86400) / 3600)}h`;
}

function tick() {
  if (document.hidden) return;
  for (const node of document.querySelectorAll("[data-since]")) {
    node.textContent = spoken((Date.now() - new Date(node.dataset.since)) / 1000);
  }
}

setInterval(tick, 1000);

// Empty fields do not belong into the address.
for (const form of document.querySelectorAll("form#filters")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });
}

let scrolled = 0;
let focusNext = false;
document.addEventListener("htmx:beforeSwap", (event) => {
  scrolled = document.getElementById("matrix-scroll")?.scrollLeft ?? 0;
  focusNext = event.detail.target.id === "more" && event.detail.target.contains(document.activeElement);
});
document.addEventListener("htmx:oobAfterSwap", () => {
  const matrix = document.getElementById("matrix-scroll");
  if (matrix && scrolled) matrix.scrollLeft = scrolled;
});

// Who pressed "Load more" goes on with the first row that came.
document.addEventListener("htmx:load", (event) => {
  if (!focusNext) return;
  const link = event.detail.elt.querySelector?.(".row-link");
  if (!link) return;
  focusNext = false;
  link.focus({ preventScroll: true });
});
