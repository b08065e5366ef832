import pytest

from runs.exports.markdown import fenced, inline, table


@pytest.mark.parametrize("text", ["```\n# out", "````````", "~~~", "plain", "`a` ``b``", "```text\nx\n```"])
def test_nothing_ends_a_block_before_its_end(text: str) -> None:
    first, *middle, last = fenced(text).rstrip("\n").split("\n")
    fence = first.removesuffix("text")
    assert set(fence) == {"`"}
    assert last == fence
    assert "\n".join(middle) == text
    assert fence not in text


def test_inline_text_is_one_line_in_which_no_sign_means_anything() -> None:
    assert inline("# a\n| <b>*x* [y](z)\r\n`q`") == r"\# a \| \<b\>\*x\* \[y\](z) \`q\`"


def test_a_table_has_a_line_a_row() -> None:
    assert table(("A", "B"), [("1", "2")]) == "| A | B |\n| --- | --- |\n| 1 | 2 |\n"
