"""What schemathesis cannot make up: texts in our own JSON Schema formats, and the id of a run that is over."""

import os

import schemathesis
from hypothesis import strategies

known = os.environ["EVALHUB_FUZZ_RUN"]
schemathesis.openapi.format("cursor", strategies.just(""))  # only the server makes any other
schemathesis.openapi.format("json-object", strategies.sampled_from(["", "{}", " { } "]))
schemathesis.openapi.format("uuid", strategies.just(known) | strategies.uuids().map(str))
