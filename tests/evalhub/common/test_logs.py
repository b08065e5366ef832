"""What the log tells of requests."""

import logging
import logging.config
from io import StringIO

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory
from django.utils.log import log_response

from evalhub.api import permission_denied


@pytest.mark.parametrize(("status", "traced"), [(403, False), (404, False), (500, True)])
def test_only_what_broke_is_told_with_its_traceback(status: int, traced: bool) -> None:
    lines = StringIO()
    handler = logging.config.DictConfigurator(settings.LOGGING).configure_handler(
        {"class": "logging.StreamHandler", "stream": lines, "filters": []}
    )
    filters = settings.LOGGING["handlers"]["stderr"]["filters"]
    made = [logging.config.DictConfigurator(settings.LOGGING).configure_filter(dict(settings.LOGGING["filters"][name])) for name in filters]
    for each in made:
        handler.addFilter(each)
    logger = logging.getLogger("tests.requests")
    logger.addHandler(handler)
    request = RequestFactory().get("/agents/new/")
    error = PermissionDenied("A viewer may not do that.")
    response = permission_denied(request, error)
    response.status_code = status
    log_response("Refused: %s", request.path, response=response, request=request, logger=logger, exception=error)
    logger.removeHandler(handler)
    assert "Refused: /agents/new/" in lines.getvalue()
    assert ("PermissionDenied" in lines.getvalue()) is traced
