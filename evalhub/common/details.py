"""Errors of the dialect /v1, whose public client reads `{"detail": …}` as application/json. A Problem is told in either form."""

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from evalhub.common.problems import Problem

ROOT = "/v1/"
WORDS = {404: "Not Found", 405: "Method Not Allowed"}
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def is_ours(path: str) -> bool:
    """Whether errors of this path are told in this form."""
    return path.startswith(ROOT) or path == ROOT.rstrip("/")


def detail_body(problem: Problem) -> dict[str, Any]:
    """`detail` is a sentence; of a 422 it is a list of {loc, msg, type}, one item a wrong place."""
    if problem.status != 422:
        return {"detail": WORDS[405] if problem.status == 405 else problem.detail}
    whole = {"location": "body", "message": problem.detail, "code": "value_error"}
    return {"detail": [_item(error) for error in problem.errors or [whole]]}


def _item(error: Mapping[str, Any]) -> dict[str, Any]:
    return {"loc": error.get("loc") or _loc(error["location"]), "msg": error["message"], "type": error["code"]}


def _loc(location: str) -> list[str | int]:
    """body.messages[0].role -> ["body", "messages", 0, "role"]"""
    return [int(index) if index else name for index, name in _PART.findall(location)]


def detail_response(problem: Problem) -> HttpResponse:
    """For code outside of REST framework's views."""
    return JsonResponse(detail_body(problem), status=problem.status, headers=dict(problem.headers))


@csrf_exempt
def nowhere(request: HttpRequest, path: str = "") -> HttpResponse:
    """The answer for every path of the dialect that no endpoint has, whatever the method."""
    return detail_response(Problem(404, WORDS[404]))
