// The API's page: Swagger UI on our own document, in our own light or dark, with the CSRF token that a session needs.
const place = document.getElementById("swagger-ui");
const SAFE = ["GET", "HEAD", "OPTIONS"];

function cookie(name) {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

function withToken(request) {
  const isOurs = new URL(request.url, location.href).origin === location.origin;
  if (isOurs && !SAFE.includes((request.method || "GET").toUpperCase())) request.headers["X-CSRFToken"] = cookie("csrftoken");
  return request;
}

function matchTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.classList.toggle("dark-mode", (document.documentElement.dataset.theme || system) === "dark");
}

matchTheme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", matchTheme);
new MutationObserver(matchTheme).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });

SwaggerUIBundle({
  url: place.dataset.document,
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null, // the default asks a server on the internet
  requestInterceptor: withToken,
});
