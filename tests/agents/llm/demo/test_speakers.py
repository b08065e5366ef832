"""demo/agent and demo/user: in character, attentive, and the same every time."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import BaseModel

from agents.llm.demo import facts
from agents.llm.demo.words import first_person, fresh, other_person, pick, stem, subjects
from agents.llm.errors import PermanentError
from agents.llm.http import open_session
from agents.llm.registry import DEMO_MODELS, ModelSpec, connect
from agents.llm.types import ChatMessage, ChatModel

MARA = "You are Mara. Stay in this character in every message.\n\nAbout you:\nMara cooks.\n\nWhat you like:\n- lentil soup\n- old pots"
JONAS = (
    "You play a user.\n\nName: Jonas\nWhat you want from this conversation: Have dinners that his daughter can eat.\n"
    "Facts about you: \n- His daughter is allergic to hazelnuts.\n- He has two hot plates and no oven.\n\n"
    "End your message with [[goal_met]] on its own line when your goal is met."
)
OPENING = "(The conversation starts now. Write your first message.)"


@pytest_asyncio.fixture
async def models() -> AsyncIterator[dict[str, ChatModel]]:
    async with open_session() as http:
        yield {role: connect(spec, http) for role, spec in DEMO_MODELS.items()}


def _asked(text: str, system: str = MARA) -> list[ChatMessage]:
    return [ChatMessage("system", system), ChatMessage("user", text)]


async def _say(model: ChatModel, messages: list[ChatMessage]) -> str:
    return (await model.complete(messages)).text


async def test_the_agent_says_who_it_is_and_takes_up_what_was_said(models: dict[str, ChatModel]) -> None:
    text = await _say(models["agent"], _asked("I have two hungry dogs. What do I do with the carrots?"))
    assert text.startswith("Hello, I am Mara.")
    assert "you have two hungry dogs" in text
    assert "carrots" in text


async def test_the_same_conversation_gets_the_same_answer_and_another_one_another(models: dict[str, ChatModel]) -> None:
    once, again = [await _say(models["agent"], _asked("What about carrots?")) for _ in range(2)]
    assert once == again
    assert once != await _say(models["agent"], _asked("What about my late shifts and the bus?"))


async def test_the_agent_does_not_repeat_its_sentences(models: dict[str, ChatModel]) -> None:
    messages = [ChatMessage("system", MARA)]
    said: list[str] = []
    for topic in ("carrots", "noodles", "lentils", "beans", "onions"):
        messages.append(ChatMessage("user", f"What do I do with the {topic}?"))
        said.append(await _say(models["agent"], messages))
        messages.append(ChatMessage("assistant", said[-1]))
    openings = [text.split("carrots")[0].split("noodles")[0].split("lentils")[0].split("beans")[0].split("onions")[0] for text in said]
    assert len(set(openings)) == len(openings)


async def test_the_agent_uses_its_memory(models: dict[str, ChatModel]) -> None:
    remembering = f"{MARA}\n\nWhat you remember about this user:\n- The user said: I have two dogs called Rex and Ida.\n\nIt is now Monday."
    text = await _say(models["agent"], _asked("Do you remember my dogs?", remembering))
    assert "you have two dogs called Rex and Ida" in text
    opened = await _say(models["agent"], _asked("(The user has come back. Open the conversation yourself.)", remembering))
    assert "you have two dogs called Rex and Ida" in opened


async def test_the_agent_admits_what_it_was_not_told(models: dict[str, ChatModel]) -> None:
    assert "I do not think you have told me that yet" in await _say(models["agent"], _asked("Do you remember the name of my boat?"))


async def test_trouble_gets_a_kind_word(models: dict[str, ChatModel]) -> None:
    calm = await _say(models["agent"], _asked("What about the noodles?"))
    hard = await _say(models["agent"], _asked("I am exhausted, what about the noodles?"))
    kind = ("sorry", "makes sense that you feel", "cannot be easy", "I hear you")
    assert any(word in hard for word in kind)
    assert not any(word in calm for word in kind)


async def test_memory_is_merged_from_what_the_user_stated(models: dict[str, ChatModel]) -> None:
    task = ChatMessage("system", "You keep an assistant's memory about one user. Merge what was learned into the memory you have.")
    talk = "User: Hi! I have two dogs.\nCan you help?\nAssistant: I have a cat.\nUser: Thanks"
    told = f"Memory so far:\n- The user said: I live in Ghent.\n\nConversation:\n{talk}"
    memory = await _say(models["agent"], [task, ChatMessage("user", told)])
    assert memory.splitlines() == ["- The user said: I live in Ghent.", "- The user said: I have two dogs."]


async def test_memory_stays_bounded_and_free_of_doubles(models: dict[str, ChatModel]) -> None:
    task = ChatMessage("system", "You keep an assistant's memory about one user. Merge what was learned into the memory you have.")
    things = [
        "apple",
        "brick",
        "candle",
        "door",
        "engine",
        "fork",
        "guitar",
        "hammer",
        "island",
        "jacket",
        "kettle",
        "ladder",
        "mirror",
        "needle",
    ]
    lines = "\n".join(f"User: I have a {thing}. I have a {thing}." for thing in things)
    memory = await _say(models["agent"], [task, ChatMessage("user", f"Memory so far:\n(nothing yet)\n\nConversation:\n{lines}")])
    assert len(memory.splitlines()) == facts.MAX_MEMORIES
    assert memory.splitlines()[-1] == "- The user said: I have a needle."


async def test_a_diary_entry_is_about_the_session(models: dict[str, ChatModel]) -> None:
    task = ChatMessage("system", "You are Mara. Write a diary entry of two or three sentences.")
    text = await _say(models["agent"], [task, ChatMessage("user", "Conversation:\nUser: I have two dogs and a garden.\nYou: Nice.")])
    assert "I have two dogs and a garden." in text
    assert "dogs" in text.split(".")[0]


async def _played(models: dict[str, ChatModel], system: str = JONAS) -> list[str]:
    messages, said = [ChatMessage("system", system), ChatMessage("user", OPENING)], []
    while len(said) < 10:
        said.append(await _say(models["user"], messages))
        if "[[goal_met]]" in said[-1]:
            break
        answer = await _say(models["agent"], _asked(said[-1]))
        messages += [ChatMessage("assistant", said[-1]), ChatMessage("user", answer)]
    return said


async def test_the_user_says_its_goal_brings_in_its_facts_and_is_content_after_three_to_five(models: dict[str, ChatModel]) -> None:
    said = await _played(models)
    assert "have dinners that my daughter can eat" in said[0]
    assert 4 <= len(said) <= 6
    assert any("allergic to hazelnuts" in text for text in said)
    assert said[-1].endswith("\n[[goal_met]]")
    assert not any("[[" in text for text in said[:-1])
    assert said == await _played(models)


async def test_a_user_without_a_persona_still_speaks(models: dict[str, ChatModel]) -> None:
    assert "[[" not in await _say(models["user"], [ChatMessage("system", "")])


@pytest.mark.parametrize("role", ["agent", "user"])
async def test_speakers_do_not_fill_in_forms(role: str, models: dict[str, ChatModel]) -> None:
    class Form(BaseModel):
        score: int

    with pytest.raises(PermanentError, match="only talks"):
        await models[role].complete(_asked("hi"), schema=Form)


async def test_an_unknown_demo_model_is_named(models: dict[str, ChatModel]) -> None:
    async with open_session() as http:
        with pytest.raises(PermanentError, match="There is no demo model demo/poet"):
            await connect(ModelSpec("demo", "poet", "demo"), http).complete(_asked("hi"))


@pytest.mark.parametrize("text", ["", " ", "…", "?!", "漢字だけ", "12345", "\x00", "a" * 20_000, "{goal} {0} %s", "(open the conversation"])
async def test_nothing_that_is_said_confuses_a_speaker(text: str, models: dict[str, ChatModel]) -> None:
    assert await _say(models["agent"], _asked(text))
    assert await _say(models["user"], [ChatMessage("system", JONAS), ChatMessage("assistant", "hi"), ChatMessage("user", text)])


async def test_speakers_wait_where_people_watch_and_the_judge_hardly(models: dict[str, ChatModel]) -> None:
    async with open_session() as http:
        slow = connect(DEMO_MODELS["agent"], http, demo_delay_s=0.1)
        assert (await slow.complete(_asked("hi"))).latency_ms >= 100


def test_small_language_tools() -> None:
    assert other_person("I have two dogs and my flat is small.") == "you have two dogs and your flat is small"
    assert other_person("Lina is my daughter") == "Lina is your daughter"
    assert first_person("He has late shifts and his flat is small.") == "I have late shifts and my flat is small."
    assert first_person("Lina eats noodles.") == "Lina eats noodles."
    assert stem("dogs") == stem("dog")
    assert subjects("What do I do with the old carrots?")[0] == "carrots"
    assert facts.facts_in(["Hi! I have two dogs. Do I have a cat? I think so. Okay."]) == ["I have two dogs."]
    assert fresh(["one {a}", "two {a}"], ["one thing"]) == ["two {a}"]
    assert pick(["a", "b", "c"], "same") == pick(["a", "b", "c"], "same")
