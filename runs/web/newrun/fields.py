"""The fields of the form of a new run: labels, limits and what is said below them. What they mean together is in `forms`."""

from decimal import Decimal

from django import forms

from runs.models import EvalRun
from runs.plan import MAX_TURNS

Kind = EvalRun.Kind
MOST_REPEATS = 100
CHEAPEST = Decimal("0.0001")
MOST_TRANSCRIPT = 2_000_000  # characters of a pasted transcript, and bytes of a file
KINDS = {
    Kind.RUN_EVAL: "Simulate and judge",
    Kind.SIMULATE: "Simulate only",
    Kind.EVALUATE: "Judge a transcript",
}


def _area(rows: int, **attributes: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attributes})


def _lines(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, required=False, max_length=20_000, widget=_area(3))


def _model(label: str, help_text: str) -> forms.CharField:
    attributes = {"list": "models", "class": "mono", "autocomplete": "off", "spellcheck": "false"}
    return forms.CharField(label=label, help_text=help_text, required=False, max_length=200, widget=forms.TextInput(attributes))


class Fields(forms.Form):
    """Every field but the rows of sessions."""

    token = forms.UUIDField(widget=forms.HiddenInput({"data-no-draft": ""}), required=False)
    agent = forms.ChoiceField(help_text="Who answers.", error_messages={"required": "Choose an agent."})
    kind = forms.ChoiceField(choices=list(KINDS.items()), widget=forms.RadioSelect)
    template = forms.ChoiceField(required=False, label="Quality template", help_text="Judges the conversation.")
    adaptation_template = forms.ChoiceField(
        required=False, label="Adaptation template", help_text="Judges how the agent changed towards this user over the sessions."
    )
    persona = forms.ChoiceField(help_text="Who the simulated user is.")
    persona_name = forms.CharField(required=False, max_length=200, label="Name", help_text="A new persona needs one.")
    persona_description = forms.CharField(
        required=False, max_length=20_000, widget=_area(3), label="Who they are", help_text="Life, work, mood: what the user model plays."
    )
    persona_style = forms.CharField(required=False, max_length=20_000, widget=_area(2), label="How they write")
    persona_goal = forms.CharField(required=False, max_length=20_000, widget=_area(2), label="What they want")
    persona_facts = _lines("Facts they know", "One a line. Told only where they fit.")
    persona_behaviours = _lines("How they behave", "One a line.")
    persona_patience = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_TURNS, label="Patience", help_text="Turns without progress before they give up."
    )
    persona_save = forms.BooleanField(required=False, label="Save to the library", help_text="So that other runs can choose it too.")
    turns = forms.IntegerField(
        min_value=1,
        max_value=MAX_TURNS,
        label="Turns a session",
        help_text="At most, of a session in which the persona speaks freely. A script is always said to its end.",
    )
    max_cost_usd = forms.DecimalField(
        required=False,
        min_value=CHEAPEST,
        max_digits=12,
        decimal_places=4,
        label="Most it may cost, USD",
        help_text="Of each run. It stops before the call that might pass this; a call counts with the longest answer it may get.",
    )
    repeats = forms.IntegerField(
        min_value=1, max_value=MOST_REPEATS, help_text="The same scenario so often. One conversation says little; five begin to."
    )
    enable_consolidation = forms.BooleanField(
        required=False, label="Keep a memory", help_text="After a session the agent merges what it learned about the user."
    )
    enable_diary = forms.BooleanField(required=False, label="Write a diary", help_text="An entry after each session, which it reads later.")
    enable_proactive = forms.BooleanField(required=False, label="Speak first", help_text="The agent opens every session but the first.")
    agent_model = _model("Agent", "Empty: the agent's own.")
    user_model = _model("Simulated user", "Empty: the default one. It moves scores by several points.")
    judge_model = _model("Judge", "Empty: the template's.")
    transcript = forms.CharField(
        required=False,
        strip=False,
        max_length=MOST_TRANSCRIPT,
        widget=_area(
            12, **{"class": "mono", "spellcheck": "false", "placeholder": "User: My order 4711 has not arrived.\nAssistant: I am sorry …"}
        ),
        help_text='A list of messages as JSON or JSON Lines, an export of OpenAI or of EvalHub, or lines that begin with "User:" and '
        '"Assistant:". A line of dashes begins another session.',
    )
    transcript_file = forms.FileField(
        required=False, label="Or a file", help_text="UTF-8, at most 2 MB. It takes the place of what is written above."
    )
