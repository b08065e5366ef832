// Sliders of an agent's form: moving one states it, and the radar follows before the server has said a word.
const CENTRE = [150, 110];
const RADIUS = 78;
const LEVELS = [[20, "low"], [40, "somewhat low"], [60.1, "average"], [80.1, "somewhat high"], [101, "high"]];

function stated(slider) {
  return slider.querySelector("input[type=checkbox]").checked;
}

function show(slider) {
  const range = slider.querySelector("input[type=range]");
  const word = LEVELS.find(([below]) => range.value < below)[1];
  slider.querySelector("output").textContent = stated(slider) ? range.value : "–";
  range.setAttribute("aria-valuetext", stated(slider) ? `${range.value}, ${word}` : "not stated");
}

function place(index, score) {
  const angle = (2 * Math.PI * index) / 5;
  return [(CENTRE[0] + (RADIUS * score / 100) * Math.sin(angle)).toFixed(1), (CENTRE[1] - (RADIUS * score / 100) * Math.cos(angle)).toFixed(1)];
}

// The geometry of evalhub/common/charts/radar.py; a trait that is not stated is no corner of the shape.
function draw() {
  const shape = document.querySelector(".chart-radar .chart-shape");
  if (!shape) return;
  const sliders = [...document.querySelectorAll("[data-slider]")].filter((slider) => slider.querySelector("[name^=big5_]"));
  const corners = sliders.flatMap((slider, index) => (stated(slider) ? [place(index, slider.querySelector("input[type=range]").value)] : []));
  shape.setAttribute("points", corners.map((at) => at.join(",")).join(" "));
  document.querySelectorAll(".chart-radar circle").forEach((dot) => dot.remove());
  for (const [x, y] of corners) {
    const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [name, value] of Object.entries({ class: "chart-dot", cx: x, cy: y, r: 3 })) dot.setAttribute(name, value);
    shape.parentNode.append(dot);
  }
}

function refresh() {
  document.querySelectorAll("[data-slider]").forEach(show);
  draw();
}

document.addEventListener("input", (event) => {
  const slider = event.target.closest("[data-slider]");
  if (!slider) return;
  if (event.target.type === "range") slider.querySelector("input[type=checkbox]").checked = true;
  show(slider);
  draw();
});

document.addEventListener("draft:restored", refresh);
refresh();
