// Rows of a form, added and removed in place. Without this script the same buttons send the form, and the server does it.
const NUMBERED = /^(\D*?)( \d+)?(:.*)?$/;

function renumber(list) {
  [...list.children].forEach((row, index) => {
    for (const input of row.querySelectorAll("[aria-label]")) {
      input.setAttribute("aria-label", input.getAttribute("aria-label").replace(NUMBERED, (_, noun, __, rest) => `${noun} ${index + 1}${rest ?? ""}`));
    }
  });
}

function changed(rows) {
  rows.dispatchEvent(new Event("input", { bubbles: true }));
}

function add(rows) {
  const list = rows.querySelector(".rows-list");
  list.append(rows.querySelector("template").content.cloneNode(true));
  renumber(list);
  list.lastElementChild.querySelector("input:not([type=hidden]), textarea").focus();
  changed(rows);
}

function remove(rows, row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  renumber(rows.querySelector(".rows-list"));
  (next?.querySelector("input:not([type=hidden]), textarea") ?? rows.querySelector("[data-rows-add]")).focus();
  changed(rows);
}

document.addEventListener("click", (event) => {
  const rows = event.target.closest("[data-row-editor]");
  if (!rows) return;
  if (event.target.closest("[data-rows-add]")) {
    event.preventDefault();
    add(rows);
  } else if (event.target.closest("[data-rows-remove]")) {
    event.preventDefault();
    remove(rows, event.target.closest(".rows-row"));
  }
});

// Enter in a row makes the next one, as in a list; the form is saved with its own button.
document.addEventListener("keydown", (event) => {
  const rows = event.key === "Enter" && event.target.matches?.(".rows-row input[type=text]") && event.target.closest("[data-row-editor]");
  if (!rows) return;
  event.preventDefault();
  add(rows);
});

document.addEventListener("draft:rows", (event) => event.target.querySelectorAll(".rows-list").forEach(renumber));
