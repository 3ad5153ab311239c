"""Units are converted in one place; arguments are refused in one wording."""

import pytest

from ecgcore.checks import check_option, check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.units import format_clock, is_normalised, is_voltage, mv_per


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("mV", 1), ("MV", 1), ("uV", 1e-3), ("µV", 1e-3), ("μV", 1e-3), ("V", 1e3), ("nV", 1e-6)],
)
def test_voltages(unit: str, factor: float) -> None:
    assert is_voltage(unit)
    assert mv_per(unit) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("word", "per_volt"), [("volt", 1), ("millivolt", 1e3), ("microvolt", 1e6), ("nanovolt", 1e9)]
)
def test_voltages_in_words(word: str, per_volt: float) -> None:
    for unit in (word, f"{word}s", word.upper(), f" {word}s ", f"[{word}]", f"({word})"):
        assert is_voltage(unit)
        assert mv_per(unit) * per_volt == pytest.approx(1e3)


@pytest.mark.parametrize("unit", ["", "mmHg", "NU", "bpm", "m"])
def test_what_is_no_voltage_is_refused(unit: str) -> None:
    assert not is_voltage(unit)
    with pytest.raises(InvalidArgumentError, match="not a voltage"):
        mv_per(unit)


def test_normalised_units_are_declared_not_guessed() -> None:
    assert is_normalised("NU")
    assert not is_normalised("")


def test_checks_name_the_argument_the_value_and_what_is_possible() -> None:
    assert check_range("rate", 5, 0, 10) == 5.0
    assert (check_range("rate", 0, 0, 10), check_range("rate", 10, 0, 10)) == (0.0, 10.0)
    assert check_option("colour", "red", ("red", "blue")) == "red"
    for outside in (-0.001, 10.001, float("inf"), float("-inf")):
        with pytest.raises(InvalidArgumentError, match="from 0 to 10"):
            check_range("rate", outside, 0, 10)
    with pytest.raises(InvalidArgumentError, match="rate is None; a number from 0 to 10 s is"):
        check_range("rate", None, 0, 10, "s")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match=r"rate is 11; it must be from 0 to 10 Hz"):
        check_range("rate", 11, 0, 10, "Hz")
    with pytest.raises(InvalidArgumentError, match="rate is nan"):
        check_range("rate", float("nan"), 0, 10)
    with pytest.raises(InvalidArgumentError, match="rate is 'x'"):
        check_range("rate", "x", 0, 10)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="possible values are blue, red"):
        check_option("colour", "green", ("red", "blue"))


def test_clock() -> None:
    assert [format_clock(v) for v in (0, 9.9, 65, 3725)] == ["0:00", "0:09", "1:05", "1:02:05"]
