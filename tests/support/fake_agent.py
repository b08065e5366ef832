"""A coding agent that follows a script: a real program for the sandbox, in place of codex or claude, which need an account.

`installed` puts it into a folder that a sandbox may be given to read; its name and its script are the test's.
"""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Step = dict[str, Any]

PROGRAM = '''#!/usr/bin/env python3
"""Does what the script beside it says. The prompt is the last argument."""
import json, os, pathlib, re, subprocess, sys, time, urllib.request

prompt = sys.argv[-1] if len(sys.argv) > 1 else ""


def do(step):
    (what, value), = step.items()
    if what == "say":  # {prompt} and {arguments} are filled in
        print(value.replace("{prompt}", prompt).replace("{arguments}", json.dumps(sys.argv[1:])), flush=True)
    elif what == "complain":
        print(value, file=sys.stderr, flush=True)
    elif what == "write":
        path = pathlib.Path(value[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value[1])
    elif what == "read":
        print(pathlib.Path(value).read_text(), flush=True)
    elif what == "variable":
        print(os.environ.get(value, "(not set)"), flush=True)
    elif what == "run":
        sys.stdout.flush()
        subprocess.run(value)
    elif what == "fetch":
        try:
            print(urllib.request.urlopen(value, timeout=10).status, flush=True)
        except OSError as error:
            print(error, flush=True)
    elif what == "sleep":
        time.sleep(value)
    elif what == "when":  # [pattern, steps]: only for prompts that match
        if re.search(value[0], prompt):
            for inner in value[1]:
                do(inner)
    elif what == "exit":
        sys.exit(value)
    else:
        raise SystemExit(f"no such step: {what}")


for step in json.loads(pathlib.Path(__file__).with_name("script.json").read_text()):
    do(step)
'''


@contextlib.contextmanager
def installed(steps: Sequence[Step], *, name: str = "fake-agent") -> Iterator[Path]:
    """A folder with the agent in its `bin`, to be named in `read_only`; the sandbox then finds the agent by its name."""
    folder = Path(tempfile.mkdtemp(prefix="evalhub-agent-"))
    try:
        folder.chmod(0o755)  # a worker that is root starts it as another user
        (folder / "bin").mkdir(mode=0o755)
        (folder / "bin" / "script.json").write_text(json.dumps(list(steps)))
        program = folder / "bin" / name
        program.write_text(PROGRAM)
        program.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)
