"""Reading the Procfile and putting values into its commands."""

import pytest

from cli.up.procfile import ProcfileInvalid, arguments, parse_procfile


def test_commands_keep_their_order_and_comments_are_left_out() -> None:
    text = "# ours\nworker: celery worker\n\napi:  python -m api \n"
    assert list(parse_procfile(text).items()) == [("worker", "celery worker"), ("api", "python -m api")]


@pytest.mark.parametrize("text", ["no command here", "name:", "api: a\napi: b"])
def test_a_line_that_is_no_new_command_is_refused(text: str) -> None:
    with pytest.raises(ProcfileInvalid, match="Line"):
        parse_procfile(text)


def test_values_are_put_in_and_stay_one_argument() -> None:
    found = arguments("run --db=$FILE 'two words' ${NUMBER}0", {"FILE": "/a b", "NUMBER": "4"})
    assert found == ("run", "--db=/a b", "two words", "40")


def test_a_missing_value_is_refused_by_name() -> None:
    with pytest.raises(ProcfileInvalid, match=r"\$NOWHERE"):
        arguments("run $NOWHERE", {})
