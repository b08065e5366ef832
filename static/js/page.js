// On every page: times stay true while the page is open, and a tab in the background asks for nothing.
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
