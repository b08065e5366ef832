// The test chat: what is sent stands in the conversation at once, and the agent is seen typing until it has answered.
function bubble(text) {
  const turn = document.createElement("li");
  turn.className = "turn turn-user";
  turn.innerHTML = '<div class="turn-head"><span class="who">You</span></div><div class="bubble"></div>';
  turn.querySelector(".bubble").textContent = text;
  return turn;
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target.id !== "talk-message") return;
  event.preventDefault();
  if (event.target.value.trim()) event.target.form.requestSubmit(event.target.form.querySelector(".talk-send"));
});

document.addEventListener("htmx:beforeSend", (event) => {
  if (event.target.id !== "talk") return;
  const box = event.target.querySelector("#talk-message");
  const turns = event.target.querySelector("#talk-turns");
  event.target.querySelector(".notice")?.remove();
  if (!event.detail.requestConfig.parameters.retry && box.value.trim()) {
    turns.querySelector(".talk-empty")?.remove();
    turns.append(bubble(box.value.trim()));
    box.value = "";
  }
  event.target.querySelector("#talk-typing").hidden = false;
  box.scrollIntoView({ block: "end" });
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "talk") return;
  const box = event.target.querySelector("#talk-message");
  box.focus();
  box.scrollIntoView({ block: "end" });
});

// The request itself failed: what was typed comes back, and a word says why there is no answer.
for (const name of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(name, (event) => {
    if (event.target.id !== "talk") return;
    event.target.querySelector("#talk-typing").hidden = true;
    const last = [...event.target.querySelectorAll(".turn-user .bubble")].at(-1);
    const box = event.target.querySelector("#talk-message");
    if (last && !box.value) {
      box.value = last.textContent;
      last.closest("li").remove();
    }
    const notice = document.createElement("p");
    notice.className = "notice notice-bad";
    notice.setAttribute("role", "alert");
    notice.textContent = "EvalHub did not answer. What you typed is kept: send it again.";
    event.target.querySelector(".talk-box").before(notice);
  });
}
