"""What a person may say about reading, and what is said to whoever says it wrong."""

import pytest

from leadline.data.reading import Reading
from leadline.errors import UsageError


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"channels": "0,,2"}, "--channels 0,,2: expected channels with commas between them, such as 0,2,4"),
        ({"channels": " "}, "expected channels with commas"),
        ({"channels": "1,2, 1"}, "names 1 twice"),
        ({"project": "median"}, "--project median: expected max or mean"),
        ({"intensity": "full"}, "--intensity 'full': expected dtype, range LOW HIGH or percentile LOW HIGH"),
        ({"intensity": "range"}, "expected dtype, range LOW HIGH"),
        ({"intensity": "range 0"}, "expected dtype, range LOW HIGH"),
        ({"intensity": "range 0 nan"}, "expected dtype, range LOW HIGH"),
        ({"intensity": "range 0 1 2"}, "expected dtype, range LOW HIGH"),
        ({"intensity": "dtype 0 1"}, "expected dtype, range LOW HIGH"),
        ({"intensity": "range 5 5"}, "LOW must be less than HIGH"),
        ({"intensity": "percentile 1 101"}, "percentiles lie between 0 and 100"),
        ({"intensity": "percentile -1 99"}, "percentiles lie between 0 and 100"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_is_expected(said: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Reading(**said)
    assert message in str(caught.value)


def test_low_and_high_are_what_was_said() -> None:
    assert Reading(intensity="range -100 4095.5").limits == (-100, 4095.5)
    assert Reading(intensity="percentile 0.5 99.5").limits == (0.5, 99.5)
    assert Reading(intensity="dtype").limits is None
    assert Reading(intensity="").scaling == Reading().scaling == "dtype"


def test_channels_in_one_file_have_numbers() -> None:
    assert Reading(channels="4, 0,12").numbers == (4, 0, 12)
    assert Reading().numbers == ()
    for wrong in ("dna", "0,-1"):
        with pytest.raises(UsageError, match="numbered from 0, such as 0,2,4"):
            _ = Reading(channels=wrong).numbers


def test_channels_in_files_of_their_own_have_names_and_numbers_where_these_cannot_be_confused() -> None:
    names = ("dna", "er", "rna")
    assert Reading().among(names) == names
    assert Reading(channels="rna,dna").among(names) == ("rna", "dna")
    assert Reading(channels="2,0").among(names) == ("rna", "dna")
    assert Reading(channels="2,1").among(("1", "2", "3")) == ("2", "1")  # the columns path:2 and path:1
    for wrong, columns in (("dna,mito", names), ("3", names), ("0", ("1", "2", "3")), ("dna,1", names)):
        with pytest.raises(UsageError, match=f"choose among the channels {', '.join(columns)}"):
            Reading(channels=wrong).among(columns)
