"""Labels: the shipped ones hold together; a mistake in a file is named with its file and key."""

import re
from pathlib import Path

import pytest

from replay.score.labels import SHIPPED, LabelsError, read

EPISODE = '[[episode]]\nname = "a"\nonset = 2030-01-02\npeak = 2030-01-04\nkinds = ["supply"]\nsource = "a paper"\n'


def test_the_shipped_labels() -> None:
    labels = read()
    assert len(labels.episode) == 9
    assert all(one.source and one.in_sample for one in labels.episode)
    assert [one.name for one in labels.episode if "scarcity" in one.kinds and "supply" in one.kinds] == [
        "2022-09 gilts' spill-over"
    ]
    assert labels.without(labels.episode[0]).episode == labels.episode[1:]
    assert SHIPPED.name == "labels-2017-2023.toml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[episode", "not valid TOML"),
        ("", "episode: there is none"),
        (EPISODE.replace("peak", "peek"), "episode[0]: Object contains unknown field `peek`"),
        (EPISODE.replace('source = "a paper"\n', ""), "episode[0]: Object missing required field `source`"),
        (EPISODE.replace("2030-01-02", '"in January"'), "episode[0].onset: Invalid"),
        (EPISODE.replace("2030-01-04", "2030-01-01"), "episode[0].peak: 2030-01-01 is before the onset, 2030-01-02"),
        (
            EPISODE.replace('"supply"', '"panic"'),
            "episode[0].kinds[0]: Invalid enum value 'panic'; there are: supply, scarcity,",
        ),
        (EPISODE.replace('["supply"]', "[]"), "episode[0].kinds: name at least one kind"),
        (EPISODE.replace('"a paper"', '" "'), "episode[0].source: is empty"),
        (EPISODE + EPISODE, "episode: 2 are called 'a'"),
        (EPISODE + "[[quiet]]\nfrom = 2030-02-02\nto = 2030-02-01\n", "quiet[0].to: 2030-02-01 is before its from"),
        (EPISODE + "[[quiet]]\nfrom = 2030-01-01\nto = 2030-01-02\n", "quiet[0]: the episode 'a' lies in it"),
        (
            EPISODE + "[[quiet]]\nfrom = 2030-02-01\nto = 2030-03-01\n[[grey]]\nfrom = 2030-03-01\nto = 2030-03-02\n",
            "quiet[0]: overlaps the grey spell from 2030-03-01",
        ),
        (EPISODE + "[[calm]]\nfrom = 2030-02-01\n", "Object contains unknown field `calm`"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(LabelsError, match=re.escape(f"{file}: {said}")):
        read(file)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="there is no such file"):
        read(tmp_path / "none.toml")
    with pytest.raises(LabelsError, match="cannot be read"):
        read(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LabelsError, match="cannot be read"):
        read(tmp_path / "bytes.toml")


def test_days_after_the_developers_are_out_of_sample(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(EPISODE)
    assert not read(file).episode[0].in_sample
