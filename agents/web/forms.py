"""The form of an agent. Every field means what the API's key of that name means; what a kind does not use is kept while it is typed."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from agents.addresses import http_address
from agents.api.bodies import LONG, SHORT
from agents.character import compile_system_prompt
from agents.models import Agent
from agents.web.scores import GROUPS, ScoreField, unambiguous
from agents.web.stored import GOAL, HABITS, LISTS, MEMORY, ROWS, TEXTS, entry, stored_values, unmoved
from evalhub.common.forms import Refusable
from evalhub.common.rows import LinesField, RowsField, UnjudgedForm

Kind = Agent.Kind
SIZES = {"personality_prompt": 6, "bio": 4}
TOKEN_STORED = "A token is stored and never shown. Leave this empty to keep it, or type another to replace it."  # noqa: S105  help
TOKEN_NONE = "Sent as Authorization: Bearer …, stored encrypted, never shown again."  # noqa: S105  help
KINDS = ((Kind.CHARACTER, "Character"), (Kind.OPENAI_ENDPOINT, "OpenAI-compatible"), (Kind.WEBHOOK, "JSON webhook"))
ENDPOINT_ALONE = frozenset({"endpoint_url", "endpoint_model", "endpoint_secret", "reply_path", "timeout_seconds"})
WHICH_ENDPOINT = "An endpoint needs the address it is reached at."


def words(most: int, label: str, *, rows: int = 0, help_text: str = "", **attrs: Any) -> forms.CharField:
    """A text that may be empty: a line, or a box of so many lines."""
    widget = forms.Textarea(attrs={"rows": rows, **attrs}) if rows else forms.TextInput(attrs=attrs)
    return forms.CharField(max_length=most, required=False, label=label, widget=widget, help_text=help_text)


class AgentForm(Refusable, UnjudgedForm):
    """A new agent, or all of one that is there, which is `agent`."""

    name = forms.CharField(max_length=SHORT)
    kind = forms.ChoiceField(choices=KINDS, widget=forms.RadioSelect)
    is_active = forms.BooleanField(required=False, label="Active", help_text="Offered where a run is started.")
    model = words(SHORT, "Model", help_text="provider/model; empty for the project's default.", placeholder="openai/gpt-4.1-mini")
    initial_goals = RowsField(GOAL, noun="Goal", most=50, label="What they want")
    seed_memories = RowsField(MEMORY, noun="Memory", most=200, label="From their own past")
    endpoint_url = forms.CharField(max_length=500, label="Address", validators=[http_address], error_messages={"required": WHICH_ENDPOINT})
    endpoint_model = words(SHORT, "Model name it is sent", help_text="Empty sends the agent's name.")
    endpoint_secret = forms.CharField(
        max_length=4000, required=False, label="Bearer token", widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )
    forget_secret = forms.BooleanField(required=False, label="Remove the stored token")
    reply_path = words(SHORT, "Where the reply stands", help_text="Such as data.reply or choices.0.text; empty for reply.")
    timeout_seconds = forms.IntegerField(min_value=1, max_value=3600, label="Time-out in seconds", initial=120)

    use_required_attribute = False

    def __init__(self, *given: Any, agent: Agent | None = None, **more: Any) -> None:
        self.agent = agent
        more.setdefault("initial", stored_values(agent) if agent else {"kind": Kind.CHARACTER, "is_active": True})
        super().__init__(*given, **more)
        self._add_character_fields()
        self.fields["endpoint_secret"].help_text = TOKEN_STORED if self.has_secret else TOKEN_NONE

    def _add_character_fields(self) -> None:
        for name, label in TEXTS.items():
            self.fields[name] = words(LONG if name in SIZES else SHORT, label, rows=SIZES.get(name, 0))
        for name, (label, example) in LISTS.items():
            box = forms.Textarea(attrs={"rows": 3, "placeholder": example})
            self.fields[name] = LinesField(label=label, help_text="One a line.", widget=box)
        for group, habits in HABITS.items():
            self.fields |= {f"{group}_{habit}": words(SHORT, label) for habit, label in habits.items()}
        for group, traits in GROUPS.items():
            self.fields |= {f"{group}_{trait}": ScoreField(trait) for trait in traits}

    @property
    def has_secret(self) -> bool:
        return bool(self.agent and self.agent.endpoint_secret_encrypted)

    def group(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names]

    def big5(self) -> list[forms.BoundField]:
        return self.group(*(f"big5_{trait}" for trait in GROUPS["big5"]))

    def dimensions(self) -> list[forms.BoundField]:
        return self.group(*(f"dimensions_{trait}" for trait in GROUPS["dimensions"]))

    def lists(self) -> list[forms.BoundField]:
        return self.group(*LISTS)

    def behaviors(self) -> list[forms.BoundField]:
        return self.group(*(f"behaviors_{habit}" for habit in HABITS["behaviors"]))

    def preferences(self) -> list[forms.BoundField]:
        return self.group(*(f"preferences_{habit}" for habit in HABITS["preferences"]))

    def clean(self) -> dict[str, Any]:
        """What needs more than one field. The services have the last word."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("kind") == Kind.CHARACTER:  # its endpoint fields are not seen, and not stored
            for name in ENDPOINT_ALONE & self.errors.keys():
                del self.errors[name]
        for group, traits in GROUPS.items():
            try:
                unambiguous(self.scores(group))
            except ValidationError as error:
                self.add_error(f"{group}_{traits[0]}", error)
        return data

    def scores(self, group: str) -> dict[str, float]:
        """The stated scores of a group."""
        typed = {trait: self.cleaned_data.get(f"{group}_{trait}") for trait in GROUPS[group]}
        return unmoved(self.agent, group, {trait: score for trait, score in typed.items() if score is not None})

    def character(self) -> dict[str, Any]:
        """The character as `agent_upsert` takes it, every key given, so that what was emptied is gone."""
        data = self.cleaned_data
        return {
            **{name: data.get(name, "") for name in TEXTS},
            **{name: data.get(name, []) for name in LISTS},
            **{group: self.scores(group) for group in GROUPS},
            **{group: {habit: text for habit in habits if (text := data.get(f"{group}_{habit}"))} for group, habits in HABITS.items()},
            **{name: [entry(self.agent, name, row) for row in data.get(name, [])] for name in ROWS},
        }

    def columns(self) -> dict[str, Any]:
        """The columns as `agent_upsert` takes them. A character has no endpoint: saved as one, the agent forgets address and token."""
        data = self.cleaned_data
        endpoint = data.get("kind") != Kind.CHARACTER
        return {
            "kind": data.get("kind", Kind.CHARACTER),
            "model": data.get("endpoint_model" if endpoint else "model", ""),
            "endpoint_url": data.get("endpoint_url", "") if endpoint else "",
            "reply_path": data.get("reply_path", ""),
            "timeout_seconds": data.get("timeout_seconds", 120),
            "is_active": data.get("is_active", True),
        }

    def secret(self) -> str | None:
        """A token to store, "" to forget the stored one, None to leave it."""
        return self.cleaned_data.get("endpoint_secret") or ("" if self.cleaned_data.get("forget_secret") else None)

    def prompt(self) -> str:
        """The system prompt of what is typed. Raises ValueError where there is none yet."""
        return compile_system_prompt({**self.character(), "name": self.cleaned_data.get("name", "")})
