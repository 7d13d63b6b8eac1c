"""Backtest: a run's steps, lead times and days in each state, from what ``crunchwatch backfill`` wrote."""

from grafana_foundation_sdk.builders import dashboard

from grafana.boards import parts
from grafana.boards.parts import OURS, STATE, Query, Sheet

DAY_S = 86_400
STATES = (("normal", "normal"), ("crunch", "crunch"), ("de_facto_default", "de facto default"))


def first(condition: str) -> str:
    """The first moment in the range at which something holds."""
    return f"min_over_time((timestamp({condition}))[$__range:5m])"


def _state(name: str) -> str:
    return f'max(crunchwatch_state{{{OURS}, crunchwatch_state="{name}"}})'


def days(state: str) -> str:
    """Days in a state: its share of the samples in the range, times what the samples cover, which may be less."""
    series = f'crunchwatch_state{{{OURS}, crunchwatch_state="{state}"}}'
    moments = f"timestamp({series})[$__range:5m]"
    covered_s = f"(max_over_time({moments}) - min_over_time({moments}))"
    return f"sum(avg_over_time({series}[$__range]) * {covered_s}) / {DAY_S}"


def steps() -> str:
    """Steps in the range: the counter's growth in it, for it counts from the run's beginning."""
    series = f"crunchwatch_transitions_total{{{OURS}}}[$__range]"
    return f"sum(max_over_time({series}) - min_over_time({series}))"


def _signal(name: str, level: int = 1) -> str:
    return f'max(crunchwatch_signal_level{{{OURS}, signal="{name}"}}) >= {level}'


DEFAULT = first(f"{_state('de_facto_default')} == 1")
TEN_YEARS = f'{{{OURS}, series="yield_10Y_pct"}}'
HIGHEST = f"max(crunchwatch_value{TEN_YEARS}) >= max(crunchwatch_threshold{TEN_YEARS})"
LEADS = (
    (11, "Crunch", "The state before.", f"{_state('crunch')} == 1"),
    (12, "Repo's pre-warning", "General collateral at the bottom of the corridor.", _signal("corridor.prewarning")),
    (13, "The highest level", "The ten-year yield at or above the highest level of the configuration.", HIGHEST),
    (14, "Collateral below zero", "General collateral at a negative rate.", _signal("corridor.negative")),
    (15, "Two types of funds", "Two of four or more sell or stand low.", _signal("coordination.count")),
    (16, "An issue special", "The first tier of specialness.", _signal("specialness.special")),
)


def board() -> dashboard.Dashboard:
    """Build it."""
    sheet = Sheet()
    sheet.add(
        parts.timeline(1, "State", "The state over the run.", Query(STATE, "state"), words=parts.STATE_WORDS, height=4),
        *(
            parts.number(
                number,
                f"Days {word}",
                f"Calendar days in which the state was {word}, of those that the run covers in the range.",
                days(state),
                unit="d",
                span=6,
            )
            for number, (state, word) in enumerate(STATES, start=2)
        ),
        parts.number(
            5,
            "Steps",
            "How often the state moved in the range.",
            steps(),
            span=6,
        ),
    )
    sheet.row("Lead times: from the first of each to the first de facto default in the range", 10)
    sheet.add(
        *(
            parts.number(
                number,
                name,
                f"{about} From its first moment in the range to the first default; below zero: after it.",
                f"{DEFAULT} - {first(condition)}",
                unit=parts.SECONDS,
                nothing="no default, or not seen",
            )
            for number, name, about, condition in LEADS
        )
    )
    sheet.row("What was said", 20)
    sheet.add(
        parts.rows(
            21,
            "Steps",
            "Every step in the range; its time opens its evidence.",
            f"last_over_time({parts.STEPS}[$__range]) * 1000",
            columns={"id": "Id", "from_state": "From", "to_state": "To", "kind": "Kind", "confidence": "Confidence"},
            value_as="Known",
            unit="dateTimeAsIso",
            link=parts.evidence_of("${market}", "${__data.fields.Id}", "${__value.raw}"),
        ),
        parts.timeline(
            22,
            "Alerts as they would have fired",
            "The shipped rules over the past, with their waits. Nobody is paged by it.",
            Query(f'max by (alertname) (ALERTS{{{OURS}, alertstate="firing"}})', "{{alertname}}"),
            words={0: ("quiet", "transparent"), 1: ("firing", parts.RED)},
            height=9,
            nothing="no alert in this range",
        ),
        parts.timeline(
            23,
            "Rules that hold",
            "Each rule of the stress table.",
            Query(f"max by (rule) (crunchwatch_rule_holds{{{OURS}}})", "{{rule}}"),
            words={0: ("no", "transparent"), 1: ("holds", parts.AMBER)},
            height=9,
        ),
    )
    about = "A run over the past: its steps, how long before the default each sign came, and the days in each state."
    made = parts.frame(
        "crunchwatch-backtest", "crunchwatch: Backtest", about, since=parts.FEBRUARY[0], jobs="backfill|replay"
    )
    return sheet.onto(made.time(*parts.FEBRUARY))
