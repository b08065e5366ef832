"""The API about itself: its OpenAPI document, the page to try it on, and the JSON Schema of each body. All of it is public."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.endpoint import OnlyJSON
from evalhub.common.describing import Answer, Example, Operation
from evalhub.common.problems import invalid, problem_response
from evalhub.openapi.document import DIALECT, as_json, as_yaml, body_names, json_schema

JSON_TYPE = "application/vnd.oai.openapi+json"
YAML_TYPE = "application/vnd.oai.openapi"
SCHEMA_TYPE = "application/schema+json"


class Public(APIView):
    """An endpoint for everybody; its errors are the API's."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    content_negotiation_class = OnlyJSON
    http_method_names = ["get", "head"]
    metadata_class = None


class Document(Public):
    """GET /api/schema/: YAML, or JSON where `?format=json` or Accept asks for it."""

    def get(self, request: Request) -> HttpResponse:
        if wants_json(request.query_params.get("format"), request.headers.get("Accept", "")):
            return HttpResponse(as_json(), content_type=JSON_TYPE)
        return HttpResponse(as_yaml(), content_type=YAML_TYPE)


def wants_json(named: str | None, accept: str) -> bool:
    """`format` decides where it is given. Raises a 422 Problem for a format that there is not."""
    if named is None:
        return "json" in accept
    if named not in ("json", "yaml"):
        raise invalid("query.format", "The document is there as json and as yaml.", value=named)
    return named == "json"


class JSONSchema(Answer):
    """A JSON Schema, draft 2020-12, that needs no other document."""

    json_schema: ClassVar[Mapping[str, Any]] = {
        "properties": {"$schema": {"const": DIALECT}, "$id": {"type": "string", "format": "uri"}, "$defs": {"type": "object"}},
        "required": ["$schema", "$id"],
        "additionalProperties": True,
    }


class Schemas(Public):
    """GET /api/v1/schemas/{name}.json"""

    operations = {
        "GET": Operation(
            id="getSchema",
            tag="schemas",
            summary="The JSON Schema of a body, by its name.",
            answer=JSONSchema,
            media_type=SCHEMA_TYPE,
            refusals={404: "There is no body of this name; the sentence lists those there are."},
            example=Example(path={"name": "RunningBody"}),
        )
    }

    def get(self, request: Request, name: str) -> Response:
        if name not in (names := body_names()):
            message = f"There is no schema of this name; there are {', '.join(names)}."
            raise invalid("path.name", message, value=name, code="not_found", status=404)
        return Response(json_schema(name, request.build_absolute_uri(request.path)), content_type=SCHEMA_TYPE)


@csrf_exempt  # what is sent here changes nothing, and its refusal is a problem like the API's others
@ensure_csrf_cookie  # a request that is tried out in a session sends it back in a header
def docs(request: HttpRequest) -> HttpResponse:
    """The API's page: every operation, to read and to try. A page of Django's, as it shows who is signed in."""
    if request.method in ("GET", "HEAD"):
        return render(request, "openapi/docs.html")
    refusal = problem_response(405, f"{request.method} is not possible on this path.")
    refusal["Allow"] = "GET, HEAD"
    return refusal
