"""drf-spectacular's settings. The settings module reads them; nothing of Django may be imported here."""

from typing import Any

DESCRIPTION = """Simulate users against conversational agents, judge the transcripts, and follow it live.

Send `Authorization: Bearer sk_…` (`evalhub create-key NAME` makes a key), or sign in to the pages: requests then carry your session.
A key and a person see one project; what belongs to another one is answered as if it were not there.

Errors are `application/problem+json` with a sentence under `detail`. Paths have no trailing slash. POST, PUT and PATCH take an
`Idempotency-Key`: the same key and body give the same answer, once, for 24 hours."""

SECURITY_SCHEMES = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of one project, in the header `Authorization: Bearer sk_…`. In a form type the key alone, without `Bearer`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "The session of a person who signed in to the pages. POST, PUT, PATCH and DELETE also need the header "
        "`X-CSRFToken` with the value of the cookie `csrftoken`.",
    },
}

TAGS = [
    {"name": "evaluations", "description": "Start a run: simulate, judge, or both."},
    {"name": "eval runs", "description": "Runs: their state, transcript, results, costs and events."},
    {"name": "eval templates", "description": "Rubrics and categories that a judge scores by."},
    {"name": "agents", "description": "Who answers: characters on a model, and endpoints."},
    {"name": "schemas", "description": "The JSON Schema of every body."},
]

SPECTACULAR: dict[str, Any] = {
    "TITLE": "EvalHub",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": "/"}],
    "TAGS": TAGS,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "APPEND_COMPONENTS": {"securitySchemes": SECURITY_SCHEMES},
    "PREPROCESSING_HOOKS": ["evalhub.openapi.hooks.described_paths"],
    "POSTPROCESSING_HOOKS": [],
}
