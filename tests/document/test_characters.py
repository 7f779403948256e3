"""The look-alikes of codes, of words, and all of them."""

from __future__ import annotations

from ocr_server.document.characters import CODE_LOOK_ALIKES, LOOK_ALIKES, WORD_LOOK_ALIKES


def test_a_letter_of_a_code_is_taken_for_one_digit_only() -> None:
    letters = [letter for letter, _ in CODE_LOOK_ALIKES]

    assert len(set(letters)) == len(letters)
    assert all(digit.isdigit() for _, digit in CODE_LOOK_ALIKES)


def test_the_first_letter_of_a_digit_is_the_one_most_codes_have() -> None:
    letter_of = {digit: letter for letter, digit in reversed(CODE_LOOK_ALIKES)}

    assert letter_of == {"0": "O", "1": "I", "2": "Z", "5": "S", "6": "G", "8": "B"}


def test_words_are_looked_up_in_small_letters() -> None:
    assert all(text == text.lower() for pair in WORD_LOOK_ALIKES for text in pair)
    assert {("0", "o"), ("9", "g"), ("rn", "m"), ("é", "e")} <= set(WORD_LOOK_ALIKES)


def test_all_look_alikes_hold_those_of_codes_and_words_once() -> None:
    assert {*CODE_LOOK_ALIKES, *WORD_LOOK_ALIKES, ("I", "l")} <= set(LOOK_ALIKES)
    assert len(set(LOOK_ALIKES)) == len(LOOK_ALIKES)
