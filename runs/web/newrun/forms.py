"""The form of a new run: what was typed, what is wrong with it, and the request it becomes."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from agents.shapes import plain
from evalhub.common.transcripts import Unreadable, read_transcript
from runs.messages import TranscriptProblems, read_messages
from runs.plan import DEFAULT_TURNS
from runs.request import RunRequest
from runs.scenarios import MEMORY_FLAGS, SIMULATES, Preview, preview
from runs.web.newrun.desk import Choices, Desk
from runs.web.newrun.fields import MOST_TRANSCRIPT, Fields, Kind
from runs.web.newrun.script import Script
from templates_app.models import EvalTemplate

Type = EvalTemplate.Type
NEW = "new"
PERSONA_TEXTS = ("name", "description", "style", "goal")
PERSONA_LISTS = ("facts", "behaviours")
TOLD_ERRORS = 20


class NewRunForm(Fields):
    """Made with the desk it chooses from. `script` has the sessions, which are rows and no fields."""

    def __init__(
        self, desk: Desk, data: QueryDict | None = None, files: "MultiValueDict[str, UploadedFile[bytes]] | None" = None, **given: Any
    ) -> None:
        self.desk = desk
        self.file_error = ""
        if data is not None:
            data = self._with_file(data, files)
        script = given.pop("script", None)
        super().__init__(data, files, **given)
        self.script: Script = script or (Script.typed(data) if data is not None else Script())
        self._choices("agent", [(key, agent.name) for key, agent in desk.agents.items()])
        self._choices("template", [("", "None"), *desk.choices_of(Type.QUALITY)])
        self._choices("adaptation_template", [("", "None"), *desk.choices_of(Type.ADAPTATION)])
        self._choices("persona", [*((key, persona.name) for key, persona in desk.personas.items()), (NEW, "A new one, written here")])

    def _choices(self, name: str, choices: Choices) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def _with_file(self, data: QueryDict, files: "MultiValueDict[str, UploadedFile[bytes]] | None") -> QueryDict:
        """A file's text moves to where text is pasted: there a person can correct it, and it outlives an error elsewhere."""
        given = files.get("transcript_file") if files else None
        if given is None:
            return data
        text = self._read(given)
        if text:
            data = data.copy()
            data["transcript"] = text
        return data

    def _read(self, given: "UploadedFile[bytes]") -> str:
        if (given.size or 0) > MOST_TRANSCRIPT:
            self.file_error = f"{given.name} is larger than 2 MB."
            return ""
        try:
            return bytes(given.read()).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.file_error = f"{given.name} is no UTF-8 text (byte {error.start})."
            return ""

    def as_typed(self) -> "NewRunForm":
        """The same content with nothing said about it: for buttons that only add or move rows."""
        self.script.forget_errors()
        kept = {name: field.widget.value_from_datadict(self.data, self.files, name) for name, field in self.fields.items()}
        return NewRunForm(self.desk, initial=kept, script=self.script)

    # What is wrong

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.file_error:
            self.add_error("transcript_file", self.file_error)
        if data.get("kind") == Kind.EVALUATE:
            self._check_transcript(str(data.get("transcript") or ""))
        elif data.get("kind") in SIMULATES:
            self._check_simulation(data)
        if data.get("kind") != Kind.SIMULATE and not (data.get("template") or data.get("adaptation_template")):
            self.add_error("template", "Choose a template: without one nothing is judged.")
        if not self.errors:
            self._check_models()
        return data

    def _check_simulation(self, data: Mapping[str, Any]) -> None:
        if not self.script.check():
            self.add_error(None, self.script.error or "Something is missing in the sessions below.")
        if data.get("persona") != NEW:
            return
        name = str(data.get("persona_name") or "")
        if not name:
            self.add_error("persona_name", "A persona needs a name.")
        elif data.get("persona_save") and any(persona.name.casefold() == name.casefold() for persona in self.desk.personas.values()):
            self.add_error("persona_name", "The library has a persona of this name. Take another name, or do not save it.")

    def _check_transcript(self, text: str) -> None:
        if "transcript" in self.errors or self.file_error:
            return
        try:
            self.messages = read_messages(self._read_transcript(text))
        except Unreadable as error:
            self.add_error("transcript", str(error))
        except TranscriptProblems as problems:
            for number, where, said in problems.found[:TOLD_ERRORS]:
                self.add_error("transcript", self._placed(number, where, said))

    messages: Sequence[Mapping[str, Any]] = ()
    _line_numbers: Sequence[int] = ()

    def _read_transcript(self, text: str) -> Sequence[Any]:
        found = read_transcript(text)
        self._line_numbers = found.lines
        return found.messages

    def _placed(self, number: int | None, where: str, said: str) -> str:
        """`Message 3 (line 7), role: …`, counted from 1 as people count."""
        if number is None:
            return said
        line = self._line_numbers[number] if number < len(self._line_numbers) else 0
        place = f"Message {number + 1}{f' (line {line})' if line else ''}"
        return f"{place}, {where}: {said}" if where else f"{place}: {said}"

    def _check_models(self) -> None:
        shown = self.preview
        for part, problem in (shown.problems if shown else {}).items():
            self.add_error(f"{part}_model", problem)

    # What it becomes

    @property
    def asked_kind(self) -> str:
        return str(self._given("kind") or Kind.RUN_EVAL)

    @property
    def asked_repeats(self) -> int:
        return int(self._given("repeats") or 1)

    @cached_property
    def preview(self) -> Preview | None:
        """What the run will take, as far as it can be said of what is filled in; None without an agent."""
        request = self.request()
        return (
            preview(kind=self.asked_kind, request=request, repeats=self.asked_repeats, providers=self.desk.providers) if request else None
        )

    def request(self) -> RunRequest | None:
        """What is asked for; where a field is wrong, what it would be if it were left alone. None without an agent."""
        agent = self.desk.agents.get(str(self._given("agent") or ""))
        if agent is None:
            return None
        judged = self.asked_kind != Kind.SIMULATE
        simulated = self.asked_kind in SIMULATES
        return RunRequest(
            agent=agent,
            template=self.desk.templates.get(str(self._given("template"))) if judged else None,
            adaptation_template=self.desk.templates.get(str(self._given("adaptation_template"))) if judged else None,
            sessions=self.script.asked() if simulated else (),
            user_persona=self.asked_persona() if simulated else {},
            simulation_config=self._config() if simulated else {},
            model=str(self._given("agent_model") or "") if simulated else "",
            messages=() if simulated else self.messages,
            judge_model=str(self._given("judge_model") or "") if judged else "",
            max_cost_usd=self.request_limit(),
        )

    def request_limit(self) -> Decimal | None:
        limit = self._given("max_cost_usd")
        return Decimal(limit) if limit else None

    def keeps_persona(self) -> bool:
        """Whether what is written here is to go into the library as well."""
        return self.asked_kind in SIMULATES and self._given("persona") == NEW and bool(self._given("persona_save"))

    def _given(self, name: str) -> Any:
        if self.is_bound:
            self.errors  # noqa: B018  reading them is what fills cleaned_data
            return self.cleaned_data.get(name)
        return self.get_initial_for_field(self.fields[name], name)

    def _config(self) -> dict[str, Any]:
        turns = int(self._given("turns") or DEFAULT_TURNS)
        model = str(self._given("user_model") or "")
        return {
            "max_sessions": len(self.script.sessions),
            "max_turns_per_session": turns,
            **{name: bool(self._given(name)) for name in MEMORY_FLAGS},
            **({"model": model} if model else {}),
        }

    def asked_persona(self) -> dict[str, Any]:
        """The chosen one's columns, or what is written here; only what says something."""
        chosen = self.desk.personas.get(str(self._given("persona")))
        if chosen:
            columns = (*PERSONA_TEXTS, *PERSONA_LISTS, "patience")
            return {name: plain(getattr(chosen, name)) for name in columns if getattr(chosen, name)}
        texts = {name: str(self._given(f"persona_{name}") or "") for name in PERSONA_TEXTS}
        lists = {name: _rows(str(self._given(f"persona_{name}") or "")) for name in PERSONA_LISTS}
        written: dict[str, Any] = {**texts, **lists, "patience": self._given("persona_patience")}
        return {name: value for name, value in written.items() if value}


def _rows(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
