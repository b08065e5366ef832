// Drafts: what is typed into <form data-draft="kind:id"> is kept in this browser until it is saved, and offered again on a later visit,
// also after a sign-in that a session's end asked for. Passwords, files and [data-no-draft] are never kept. drafts.js has the store.
//
// Rows: <ol data-rows="field" data-row-template="#id"> holds one element a row, each with one control called `field`; a draft with more or
// fewer rows is given them. `draft:restored` then tells the form's own script, which may number its rows again.
const DRAFT_WAIT_MS = 400;

const isKept = (control) =>
  control.name && control.name !== "csrfmiddlewaretoken" && !["password", "file", "submit", "button"].includes(control.type) && !control.closest("[data-no-draft]");

const keptControls = (form, name) => [...form.elements].filter((control) => isKept(control) && !control.matches(":disabled") && (!name || control.name === name));

// [[name, value], …] in the order of the form, as it would be sent.
function draftEntries(form) {
  const names = new Set(keptControls(form).map((control) => control.name));
  return [...new FormData(form)].filter(([name, value]) => names.has(name) && typeof value === "string");
}

function fillRows(form, entries) {
  for (const holder of form.querySelectorAll("[data-rows]")) {
    const wanted = entries.filter(([name]) => name === holder.dataset.rows).length;
    const template = document.querySelector(holder.dataset.rowTemplate);
    for (const row of [...holder.children]) {
      if (row.querySelector(`[name="${holder.dataset.rows}"]:disabled`)) row.remove(); // a row that was taken away and could be undone
    }
    while (holder.children.length > wanted) holder.lastElementChild.remove();
    while (holder.children.length < wanted) holder.append(template.content.cloneNode(true));
  }
}

function fillControls(form, entries) {
  const values = Map.groupBy(entries, ([name]) => name);
  const seen = {};
  for (const control of keptControls(form)) {
    const given = (values.get(control.name) ?? []).map(([, value]) => value);
    if (["checkbox", "radio"].includes(control.type)) control.checked = given.includes(control.value);
    else if (control.type === "select-multiple") for (const option of control.options) option.selected = given.includes(option.value);
    else {
      const place = (seen[control.name] = (seen[control.name] ?? -1) + 1);
      if (place < given.length) control.value = given[place];
    }
  }
}

class Draft {
  constructor(form) {
    this.form = form;
    this.key = draftKey(form.dataset.draft);
    this.saved = JSON.stringify(draftEntries(form));
    // What the server shows again because of an error is not saved either.
    this.refused = "draftUnsaved" in form.dataset || form.querySelector(".field-error, .form-errors, [aria-invalid=true]") !== null;
    this.offered = null;
    this.leaving = false;
    this.timer = 0;
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("submit", () => this.sent());
    form.addEventListener("htmx:afterRequest", (event) => event.target === form && event.detail.successful && this.done());
    if (!(this.refused && tabNotes.read(DRAFT_SENT) === this.key)) this.offer(draftStore.read(this.key)); // else the page shows it already
  }

  get dirty() {
    return this.refused || JSON.stringify(draftEntries(this.form)) !== this.saved;
  }

  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), DRAFT_WAIT_MS);
  }

  keep() {
    clearTimeout(this.timer);
    if (this.dirty) draftStore.write(this.key, { at: Date.now(), entries: draftEntries(this.form), older: this.offered });
    else if (this.offered) draftStore.write(this.key, this.offered);
    else draftStore.remove(this.key);
  }

  // The next page says whether it was saved: with a notice of success the draft has done its work.
  sent() {
    this.keep();
    this.leaving = true;
    tabNotes.write(DRAFT_SENT, this.key);
  }

  done() {
    clearTimeout(this.timer);
    this.saved = JSON.stringify(draftEntries(this.form));
    this.refused = false;
    draftStore.remove(this.key);
  }

  offer(draft) {
    this.notice?.remove();
    this.offered = null;
    if (!draft?.entries || JSON.stringify(draft.entries) === JSON.stringify(draftEntries(this.form))) return;
    this.offered = draft;
    this.notice = draftNotice(draft.at, () => this.restore(draft), () => this.discard(draft));
    this.form.prepend(this.notice);
  }

  restore(draft) {
    fillRows(this.form, draft.entries);
    this.form.dispatchEvent(new CustomEvent("draft:rows", { bubbles: true, detail: draft }));
    fillControls(this.form, draft.entries);
    this.offer(draft.older);
    this.form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true, detail: draft }));
    this.form.dispatchEvent(new Event("input", { bubbles: true }));
    this.form.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  }

  discard(draft) {
    this.offer(draft.older);
    this.keep();
    this.form.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  }
}

function draftNotice(at, restore, discard) {
  const notice = Object.assign(document.createElement("div"), { className: "notice notice-warning cluster" });
  notice.setAttribute("role", "status");
  notice.dataset.draftNotice = "";
  const when = new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  const text = Object.assign(document.createElement("span"), { textContent: `There are changes of ${when} here that were not saved.` });
  notice.append(text, draftButton("Restore them", restore), draftButton("Discard", discard));
  return notice;
}

function draftButton(words, act) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button button-small", textContent: words });
  button.addEventListener("click", act);
  return button;
}

const drafts = [...document.querySelectorAll("form[data-draft]")].map((form) => new Draft(form));

// A page that is closed or put away writes at once what it was about to write.
const flush = () => drafts.forEach((draft) => draft.timer && !draft.leaving && draft.keep());
document.addEventListener("visibilitychange", () => document.hidden && flush());
addEventListener("pagehide", flush);
addEventListener("beforeunload", (event) => {
  if (drafts.some((draft) => draft.dirty && !draft.leaving)) event.preventDefault();
});
addEventListener("pageshow", (event) => event.persisted && drafts.forEach((draft) => (draft.leaving = false)));
