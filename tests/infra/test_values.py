"""Values: what an exact number writes it reads back."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from infra.values import Exact, Value


class Told(Value):
    number: Exact


def test_a_number_that_can_be_read_is_kept_exactly() -> None:
    for text in ("25", "30000/1001", "-1/999999999999999999", "999999999999999999", "0.00000000000000001"):
        assert Told.model_validate({"number": text}).number == Fraction(text)


@given(st.fractions() | st.builds(Fraction, st.integers(), st.integers(min_value=1)) | st.floats(allow_nan=False))
def test_whatever_is_written_reads_back(number: Fraction | float) -> None:
    try:
        told = Told(number=number)  # type: ignore[arg-type]
    except ValidationError:
        assert abs(number) > 10**15, "nothing of a sensible size is refused"
        return
    assert Told.model_validate_json(told.model_dump_json()) == told
    if abs(number) <= 10**5:
        assert abs(told.number - Fraction(number)) < Fraction(1, 10**12)


@pytest.mark.parametrize("number", [10**18, Fraction(10**18 * 7 - 1, 7), Fraction(10**40, 3), "1" * 19, True, None])
def test_numbers_of_absurd_size_are_refused(number: object) -> None:
    with pytest.raises(ValidationError):
        Told.model_validate({"number": number})


def test_times_in_ticks_of_large_primes_become_the_nearest_that_can_be_read() -> None:
    number = Fraction(1752454136649350493, 4611685846628697223)
    told = Told(number=number)
    assert told.number != number
    assert abs(told.number - number) < Fraction(1, 10**17)
    assert Told.model_validate(told.model_dump(mode="json")) == told
