"""What of a request is worth a traceback in the log. Named in settings by string."""

import logging


class RefusalsInOneLine(logging.Filter):
    """A request that was refused (4xx) is one line: nothing broke, and the traceback would only say how the refusal was raised."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True
