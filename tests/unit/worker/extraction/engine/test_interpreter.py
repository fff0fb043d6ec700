"""Every operator that pdfminer knows is known here, with as many operands."""

import inspect

from pdfminer.pdfinterp import PDFPageInterpreter

from worker.extraction.engine.interpreter import Interpreter, Operators

WITHOUT_EFFECT = {"BI", "ID", "BX", "EX", "EMC", "ET", "F", "W", "W_a"}
"""They take no operands and change nothing that shows; BI and ID are taken by the parser already."""


def pdfminer_operators() -> dict[str, int]:
    methods = inspect.getmembers(PDFPageInterpreter, inspect.isfunction)
    return {name[3:]: method.__code__.co_argcount - 1 for name, method in methods if name.startswith("do_")}


def test_every_operator_takes_as_many_operands_as_in_pdfminer() -> None:
    known = {name: operator.operands for name, operator in Interpreter.OPERATORS.items()}
    assert {**dict.fromkeys(WITHOUT_EFFECT, 0), **known} == pdfminer_operators()


def test_keywords_mean_what_pdfminer_makes_of_their_names() -> None:
    operators = Operators()
    assert operators[b"T*"] == operators[b"T_a"] == Interpreter.OPERATORS["T_a"]
    assert operators[b"\xffTj"] == Interpreter.OPERATORS["Tj"]
    assert operators[b"nothing"] == Interpreter.NO_OPERATOR


def test_what_is_remembered_of_keywords_is_bounded() -> None:
    operators = Operators()
    for number in range(5000):
        assert operators[b"k%d" % number] == Interpreter.NO_OPERATOR
    assert len(operators) <= 1000
