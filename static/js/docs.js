// The API's page: Swagger UI on our own document, in our own light or dark, with the CSRF token that a session needs.
const place = document.getElementById("swagger-ui");
const SAFE = ["GET", "HEAD", "OPTIONS"];
const KEY = "Bearer sk_…";

function cookie(name) {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/** A session needs the token, a key does not. What this adds is not shown: it is of no use elsewhere. */
function withToken(request) {
  const isOurs = new URL(request.url, location.href).origin === location.origin;
  const hasKey = "Authorization" in request.headers;
  if (isOurs && !hasKey && !SAFE.includes((request.method || "GET").toUpperCase())) request.headers["X-CSRFToken"] = cookie("csrftoken");
  return request;
}

/** Nobody can type a cookie that scripts may not set: the dialog offers keys only. */
function withoutCookies(definitions) {
  return definitions && definitions.filter((each) => !each.some((scheme) => scheme.get("in") === "cookie"));
}

/** An error is one line that opens: there are ten of them, and they hardly differ from one operation to the next. */
function foldErrors(Response, { React, getComponent }) {
  const h = React.createElement;
  return function FoldedResponse(props) {
    const { code, response, className } = props;
    const [isOpen, setOpen] = React.useState(false);
    if (code < "400") return h(Response, props);
    const Markdown = getComponent("Markdown", true);
    const button = h("button", { type: "button", "aria-expanded": isOpen, "aria-label": `Error ${code}`, onClick: () => setOpen(!isOpen) }, code);
    const line = h("tr", { className: `response error-line ${className || ""}` },
      h("td", { className: "response-col_status" }, button),
      h("td", { className: "response-col_description" }, h(Markdown, { source: response.get("description") })));
    return h(React.Fragment, null, line, isOpen && h(Response, props));
  };
}

/** The same headers stand at every answer. */
function foldHeaders(Headers, { React }) {
  const h = React.createElement;
  return function FoldedHeaders(props) {
    return props.headers?.size ? h("details", { className: "headers-fold" }, h("summary", null, "Headers"), h(Headers, props)) : null;
  };
}

/** A shell has no session: its line needs a key. */
function curlWithKey(Curl, { React }) {
  const h = React.createElement;
  return function CurlWithKey({ request, ...props }) {
    const isInSession = place.dataset.person && !request.hasIn(["headers", "Authorization"]);
    if (!isInSession) return h(Curl, { request, ...props });
    const note = h("p", { className: "curl-note" }, "This was sent in your session. From a shell it needs a key in place of sk_….");
    return h("div", null, h(Curl, { request: request.setIn(["headers", "Authorization"], KEY), ...props }), note);
  };
}

const ours = {
  statePlugins: { auth: { wrapSelectors: { shownDefinitions: (original) => (_, ...rest) => withoutCookies(original(...rest)) } } },
  wrapComponents: { response: foldErrors, headers: foldHeaders, curl: curlWithKey, ServersContainer: () => () => null },
};

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
  plugins: [() => ours],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null, // the default asks a server on the internet
  requestInterceptor: withToken,
  showMutatedRequest: false,
});
