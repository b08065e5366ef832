// The account's page: the theme as a switch. theme.js keeps the choice; its button in the navigation is asked to change it, so both agree.
const choice = document.getElementById("theme-choice");
const button = document.querySelector(".theme");

function show() {
  const now = document.documentElement.dataset.theme ?? "system";
  for (const radio of choice.querySelectorAll("input")) radio.checked = radio.value === now;
}

choice.hidden = !button;
show();
choice.addEventListener("change", (event) => {
  const wanted = event.target.value;
  for (let tries = 0; tries < 3 && (document.documentElement.dataset.theme ?? "system") !== wanted; tries += 1) button.click();
});
button?.addEventListener("click", () => setTimeout(show));
