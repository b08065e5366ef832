// On every page: what becomes of the drafts that draft.js keeps in this browser. One is gone once it was saved, after a week, and with all
// others of a person who signs out. The end of a session alone keeps them: whoever signs in again finds what they typed.
const DRAFT_DAYS = 7;
const DRAFT_PREFIX = "draft:";
const DRAFT_SENT = "draft-sent"; // in this tab: the draft whose form is on its way
const SIGNED_OUT = "signed-out"; // in this tab: whose drafts go once nobody is signed in

// Of this person, so that the next one at the same browser is not offered it.
const draftPerson = document.querySelector(".side-who")?.textContent.trim() ?? "";
const draftKey = (name, person = draftPerson) => `${DRAFT_PREFIX}${person}:${name}`;

// Storage may be full, or off: then leaving the page still asks.
const safely = (storage) => (act) => {
  try {
    return act(storage());
  } catch {
    return null;
  }
};
const inBrowser = safely(() => localStorage);
const inTab = safely(() => sessionStorage);

const draftStore = {
  read: (key) => inBrowser((store) => JSON.parse(store.getItem(key))),
  write: (key, value) => inBrowser((store) => store.setItem(key, JSON.stringify(value))),
  remove: (key) => inBrowser((store) => store.removeItem(key)),
  keys: () => inBrowser((store) => Object.keys(store).filter((key) => key.startsWith(DRAFT_PREFIX))) ?? [],
};
const tabNotes = {
  read: (key) => inTab((store) => store.getItem(key)),
  write: (key, value) => inTab((store) => store.setItem(key, value)),
  remove: (key) => inTab((store) => store.removeItem(key)),
};

function forgetWhatWasSaved() {
  const sent = tabNotes.read(DRAFT_SENT);
  if (!sent || !document.querySelector(".notice-success")) return;
  draftStore.remove(sent);
  tabNotes.remove(DRAFT_SENT);
}

function forgetOldDrafts() {
  for (const key of draftStore.keys()) {
    if (Date.now() - (draftStore.read(key)?.at ?? 0) > DRAFT_DAYS * 86400000) draftStore.remove(key);
  }
}

// By the page that follows: the one that is left may still write what was typed last.
function forgetWhoSignedOut() {
  const person = tabNotes.read(SIGNED_OUT);
  tabNotes.remove(SIGNED_OUT);
  if (person === null || draftPerson === person) return; // still signed in: they chose to stay on a page that was not saved
  for (const key of draftStore.keys()) if (key.startsWith(draftKey("", person))) draftStore.remove(key);
}

document.addEventListener("submit", (event) => event.target.matches("[data-sign-out]") && tabNotes.write(SIGNED_OUT, draftPerson));
forgetWhatWasSaved();
forgetOldDrafts();
forgetWhoSignedOut();
