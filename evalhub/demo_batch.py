"""What a first visitor finds under Custom evals and Batches: a few tasks, and one batch of them by the demo models.

They run only where they are named, so that nobody's own batches have them too. All of it is the project's own and can be deleted
like anything else; nothing here is made beside what is left of it.
"""

from django.db import transaction

from agents.clients import DEMO, DEMO_HASTY, DEMO_MODELS
from evalhub.accounts.models import Project
from runs.batches.request import ApiRequest, BatchRefused, TargetSpec
from runs.batches.services import batch_create
from runs.budget import BudgetSpent
from runs.models import Batch, BatchSubject
from templates_app.customs.services import custom_eval_create
from templates_app.models import CustomEval

NAME = "Demo: kitchen questions"
# Task, short description, and the behaviour that it is judged by.
CUSTOM_EVALS = (
    (
        "I am tired and home at 20:15. I have carrots, noodles and half a cabbage. What do I cook in 25 minutes on two hot plates?",
        "A dinner from what is there",
        "Gives a helpful and relevant answer: one dish that uses the carrots, the noodles and the cabbage.",
    ),
    (
        "My daughter is allergic to hazelnuts. We bought a jar of pesto at the market. Can we eat it tonight?",
        "An allergy",
        "Is honest about what it cannot know, asks to read the label, and states no fact that the task does not give.",
    ),
    (
        "I had a hard day and my soup is burnt. What now?",
        "A hard day",
        "Answers with empathy and a warm, supportive tone before it gives any advice.",
    ),
    (
        "Explain in two sentences why lentils need no soaking.",
        "A short answer",
        "Is concise: a brief answer without filler.",
    ),
)


@transaction.atomic
def demo_batch_ensure(project: Project) -> Batch | None:
    """Make the tasks and start their batch. None where there are such tasks already, or the project's settings allow no batch."""
    if CustomEval.objects.filter(project=project).exists():
        return None
    made = [
        custom_eval_create(project=project, prompt=task, description=what, category_name="Demo", definition={"expected_behavior": expected})
        for task, what, expected in CUSTOM_EVALS
    ]
    CustomEval.objects.filter(pk__in=[each.pk for each in made]).update(is_selected=False)
    request = ApiRequest(source_type="custom_evals", custom_eval_ids=[str(each.pk) for each in made], targets=_targets())
    try:
        batch = batch_create(project=project, request=request, trigger=Batch.Trigger.PAGE, name=NAME)
    except (BatchRefused, BudgetSpent):
        return None
    _judge_for_nothing(batch)
    return batch


def _targets() -> list[TargetSpec]:
    models = (name.partition("/")[2] for name in (DEMO_MODELS["agent"], DEMO_HASTY))
    return [TargetSpec(target_type="text", execution_platform=DEMO, model_id=model) for model in models]


def _judge_for_nothing(batch: Batch) -> None:
    """Nobody asked for this batch, so it must not spend anybody's money: its judge is the demo judge, whatever is configured."""
    subjects = list(BatchSubject.objects.filter(batch=batch))
    for subject in subjects:
        subject.snapshot["judge_model"] = DEMO_MODELS["judge"]
    BatchSubject.objects.bulk_update(subjects, ["snapshot"])
