// The form of a new run works without this file. It makes a restored draft's rows, and tells the draft that rows were added or moved.
const newRun = document.getElementById("new-run");

// The figures follow by themselves.
newRun?.querySelector(".new-run-update").setAttribute("hidden", "");

// The server draws the rows, from what the draft says they hold.
newRun?.addEventListener("draft:restored", (event) => {
  const values = Object.fromEntries(event.detail.entries);
  const csrfmiddlewaretoken = newRun.elements.csrfmiddlewaretoken.value;
  htmx.ajax("POST", newRun.action, { values: { ...values, csrfmiddlewaretoken, do: "update" }, target: "#script", swap: "outerHTML" });
});

newRun?.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "script") newRun.dispatchEvent(new Event("change"));
});
