"""The estimate of tokens, held against counts of OpenAI's o200k_base vocabulary (and of one whole prompt file) that were taken once."""

from pathlib import Path

import pytest

from agents.llm.tokens import about_tokens

ROOT = Path(__file__).resolve().parents[3]
COUNTED = {
    "The assistant was asked to plan a week of dinners for a family of four. It suggested a vegetable curry on Monday, baked salmon on "
    "Tuesday, and asked whether anybody is allergic to nuts before it went on.": 42,
    '{"index": 4, "role": "user", "session": 1, "content": "She is six and badly allergic to hazelnuts.", "at": "2026-03-03 09:04"}': 48,
    "Die Assistentin sollte einen Speiseplan für eine vierköpfige Familie aufstellen und fragte zuerst nach Allergien und Vorlieben der "
    "Kinder.": 31,
    "Пользователь попросил составить меню на неделю для семьи из четырёх человек, и помощник сначала спросил об аллергиях.": 28,  # noqa: RUF001
    "用户请助手为四口之家制定一周的晚餐计划，助手先询问了孩子们是否对坚果过敏，然后给出了建议。": 33,  # noqa: RUF001
    "ユーザーは四人家族の一週間の夕食の計画を頼み、アシスタントはまずアレルギーについて尋ねました。": 36,
    "사용자는 4인 가족을 위한 일주일 저녁 식단을 부탁했고, 도우미는 먼저 알레르기가 있는지 물었습니다.": 33,
    "طلب المستخدم خطة عشاء لمدة أسبوع لعائلة من أربعة أفراد، وسأل المساعد أولاً عن الحساسية.": 23,
    "😀😀🎉 great 👍🏽👍🏽": 11,
    "def f(x):\n    return {k: v for k, v in sorted(x.items()) if v is not None}\n": 25,
}
COUNTED_FILE = ("templates_app/system_data/quality.toml", 1606)


@pytest.mark.parametrize(("text", "counted"), COUNTED.items())
def test_an_estimate_is_within_a_quarter_of_the_count_in_any_alphabet(text: str, counted: int) -> None:
    assert 0.75 * counted <= about_tokens(text) <= 1.25 * counted


def test_a_long_text_is_within_a_tenth() -> None:
    path, counted = COUNTED_FILE
    assert 0.9 * counted <= about_tokens((ROOT / path).read_text()) <= 1.1 * counted


def test_no_text_is_no_token() -> None:
    assert about_tokens("") == 0
