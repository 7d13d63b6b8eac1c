"""A publisher's file as downloaded gives the same bytes as the tidy form of the same figures."""

import random
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.codec import encode
from replay.dataset.loader import load
from replay.errors import DataError
from tests.support import publishers as made
from tests.support.publisher_examples import FILES, OFR_TIDY, TIDY


def events_of(directory: Path) -> list[bytes]:
    return [encode(event) for event in load(directory).events]


def folder(directory: Path, name: str, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        there = directory / name / path
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(data)
    return directory / name


def tidy_of(text: str) -> bytes:
    return (text if text.startswith("date") else TIDY + text).encode()


@pytest.mark.parametrize("kind", FILES)
def test_a_file_as_downloaded_gives_the_bytes_of_its_tidy_form(tmp_path: Path, kind: str) -> None:
    name, data, tidy = FILES[kind]
    downloaded = events_of(folder(tmp_path, "downloaded", {name: data}))
    assert downloaded
    assert downloaded == events_of(folder(tmp_path, "tidy", {"tidy.csv": tidy_of(tidy)}))


def test_a_folder_of_all_of_them_gives_the_bytes_of_all_tidy_forms(tmp_path: Path) -> None:
    # what is the same in two forms is one record
    every = dict(enumerate(FILES.values()))
    packed = {f"{number:02d}/{name}.gz": made.gzipped(data) for number, (name, data, _) in every.items()}
    tidy = {f"{number:02d}.csv": tidy_of(text) for number, (_, _, text) in every.items()}
    assert events_of(folder(tmp_path, "downloaded", packed)) == events_of(folder(tmp_path, "tidy", tidy))


CONTAINERS: dict[str, dict[str, bytes]] = {
    "upper case": {"A.CSV": tidy_of(OFR_TIDY)},
    "sub-folders": {"y2020/q3/a.csv": tidy_of(OFR_TIDY)},
    "no ending": {"figures": tidy_of(OFR_TIDY)},
    "gzip": {"a.csv.gz": made.gzipped(tidy_of(OFR_TIDY))},
    "zip": {"a.zip": made.zipped({"inner/a.csv": tidy_of(OFR_TIDY)})},
    "gzip in a zip": {"a.zip": made.zipped({"a.csv.gz": made.gzipped(tidy_of(OFR_TIDY))})},
    "workbook": {"a.xlsx": made.workbook("mine", made.cells_of(TIDY + OFR_TIDY))},
    "Parquet": {"a.parquet": made.parquet(TIDY + OFR_TIDY)},
    "BOM and CRLF": {"a.csv": b"\xef\xbb\xbf" + tidy_of(OFR_TIDY).replace(b"\n", b"\r\n")},
    "UTF-16": {"a.csv": (TIDY + OFR_TIDY).encode("utf-16")},
    "semicolons": {"a.csv": tidy_of(OFR_TIDY).replace(b",", b";").replace(b".", b",")},
    "tabs": {"a.tsv": tidy_of(OFR_TIDY).replace(b",", b"\t")},
    "rows of nothing": {"a.csv": tidy_of(OFR_TIDY) + b",,,,\n\n"},
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_whatever_it_is_packed_in(tmp_path: Path, kind: str) -> None:
    plain = events_of(folder(tmp_path, "tidy", {"a.csv": tidy_of(OFR_TIDY)}))
    assert events_of(folder(tmp_path, "packed", CONTAINERS[kind])) == plain
    assert load(tmp_path / "packed").warnings == []


SCRAPS = [b'"', b",", b"{", b"]", b"null", b"1e999", b"NaN", b"\x00", b"\xff", b"9999-99-99", b"\n", b";", b"0", b""]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(FILES)), seed=st.integers(0, 2**32))
def test_whatever_is_broken_in_it_is_an_error_that_is_meant_for_the_user(tmp_path: Path, kind: str, seed: int) -> None:
    name, data, _ = FILES[kind]
    broken, rng = bytearray(data), random.Random(seed)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(broken))
        broken[at : at + rng.randint(0, 12)] = rng.choice(SCRAPS)
    for old in tmp_path.iterdir():
        old.unlink()
    (tmp_path / name).write_bytes(broken)
    with suppress(DataError):
        load(tmp_path)
