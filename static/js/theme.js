// Runs before the first paint, so that a chosen theme does not flash. Without a choice the system's theme holds.
const root = document.documentElement;
const CHOICES = ["system", "light", "dark"];

function readChoice() {
  try {
    const stored = localStorage.getItem("theme");
    return CHOICES.includes(stored) ? stored : "system"; // the admin pages keep theirs here too, and say "auto" for the system's
  } catch {
    return "system"; // storage is blocked: the system's theme, for this page only
  }
}

function apply(choice) {
  if (choice === "system") delete root.dataset.theme;
  else root.dataset.theme = choice;
}

apply(readChoice());

document.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector(".theme");
  if (!button) return;
  const words = button.querySelector("span") ?? button;
  let choice = readChoice();
  const say = () => {
    words.textContent = `Theme: ${choice}`;
  };
  button.hidden = false;
  say();
  button.addEventListener("click", () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    try {
      localStorage.setItem("theme", choice);
    } catch {
      // storage is blocked: the choice holds until the next page
    }
    apply(choice);
    say();
  });
});
