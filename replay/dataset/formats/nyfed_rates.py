"""New York Fed, reference rates: SOFR, TGCR, BGCR, EFFR and OBFR with percentiles and volume; CSV and JSON.

Rates are percent, volumes whole billions of US dollars. EFFR's rows carry the target range. A row with a revision mark
replaced the figure of that morning at about 14:30 of the day of publication: it is known then.
"""

import datetime as dt

import msgspec

from detectors.events import Provenance
from replay.dataset.containers import Json
from replay.dataset.days import day_of
from replay.dataset.formats.base import JsonFormat, TableFormat, decoded, records, text_of
from replay.dataset.intake import Intake
from replay.dataset.publication import NEXT_MORNING, published_on
from replay.dataset.sheets import Sheet
from replay.dataset.tables import FileLine

REVISED_AT = "14:30"
COLUMNS = {
    "Rate (%)": "percentRate",
    "1st Percentile (%)": "percentPercentile1",
    "25th Percentile (%)": "percentPercentile25",
    "75th Percentile (%)": "percentPercentile75",
    "99th Percentile (%)": "percentPercentile99",
    "Volume ($Billions)": "volumeInBillions",
    "Target Rate From (%)": "targetRateFrom",
    "Target Rate To (%)": "targetRateTo",
}
RATES = frozenset({"SOFR", "TGCR", "BGCR", "EFFR", "OBFR"})
_SECURED = frozenset({"SOFR", "TGCR", "BGCR"})
_BEGAN = dt.date(2018, 4, 2)
"""The first day of the secured rates; what is before is indicative and came out later."""
_RANGES = dt.date(2008, 12, 16)
"""Before, the target was a single rate, in ``targetRateFrom``."""
_UNREVISED = frozenset({"", "N"})


class Rate(msgspec.Struct, rename="camel"):
    """A rate of a day; fields that a rate does not have are absent."""

    effective_date: str
    type: str
    percent_rate: float | None = None
    percent_percentile1: float | None = None
    percent_percentile25: float | None = None
    percent_percentile75: float | None = None
    percent_percentile99: float | None = None
    volume_in_billions: float | None = None
    target_rate_from: float | None = None
    target_rate_to: float | None = None
    revision_indicator: str = ""


class Answer(msgspec.Struct, rename="camel"):
    """The answer of ``rates/…``."""

    ref_rates: list[msgspec.Raw]


def _csv(sheet: Sheet, intake: Intake) -> None:
    for place, row in sheet.records():
        figures = {field: row[column] for column, field in COLUMNS.items() if column in row}
        revised = row.get("Revision Indicator (Y/N)", "")
        _take(intake, place, row["Effective Date"], row["Rate Type"], figures, revised)


def _json(source: Json, intake: Intake) -> None:
    for place, one in records(source, decoded(source, Answer).ref_rates, Rate):
        fields = zip(one.__struct_encode_fields__, one.__struct_fields__, strict=True)
        figures = {name: text_of(getattr(one, field)) for name, field in fields if name in COLUMNS.values()}
        _take(intake, place, one.effective_date, one.type, figures, one.revision_indicator)


def _take(intake: Intake, place: FileLine, date: str, rate: str, figures: dict[str, str], revised: str) -> None:
    if rate not in RATES:  # averages and the index of SOFR say nothing that SOFR does not
        intake.leave(f"{rate}, which makes no event", place)
        return
    day = day_of(date, place)
    known = None if revised in _UNREVISED else f"{published_on(NEXT_MORNING, day).isoformat()}T{REVISED_AT}"
    provenance: Provenance = "reconstructed" if rate in _SECURED and day < _BEGAN else "official"
    for field, value in figures.items():
        target = field.startswith("targetRate")
        if value and not (target and (rate != "EFFR" or day < _RANGES)):
            mark = None if target else known  # the range was not revised, the rate was
            intake.figure(f"{rate}:{field}", day, value, place, provenance=provenance, known=mark)


FORMATS = (
    TableFormat(
        "New York Fed, reference rates",
        lambda sheet: {"Effective Date", "Rate Type", "Rate (%)"} <= set(sheet.header),
        _csv,
        ("Effective Date", "Rate Type", "Rate (%)"),
    ),
)
JSON = (
    JsonFormat("New York Fed, reference rates", lambda value: isinstance(value, dict) and "refRates" in value, _json),
)
