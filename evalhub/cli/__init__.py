"""The `evalhub` command. `main` is the console script; the rest is imported when needed, so that `--help` answers at once."""

import sys


def main() -> None:
    """Run the command line and exit: 0 done, 1 a run failed or missed its threshold, 2 wrong use."""
    from evalhub.cli.app import app
    from evalhub.cli.errors import CommandError

    try:
        app(prog_name="evalhub")
    except CommandError as error:
        sys.stderr.write(f"evalhub: {error}\n")
        sys.exit(error.code)
