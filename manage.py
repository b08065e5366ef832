#!/usr/bin/env python
"""Django's own commands on this checkout; `evalhub manage …` is the same for an installed EvalHub."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
    execute_from_command_line(sys.argv)
