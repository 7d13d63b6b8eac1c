"""Evidence: one step of the state, with the rules, the events and the values behind it."""

from grafana_foundation_sdk.builders import dashboard

from grafana.boards import parts
from grafana.boards.parts import OURS, Query, Sheet

STEP = f'{OURS}, id="$step"'


def board() -> dashboard.Dashboard:
    """Build it."""
    sheet = Sheet()
    sheet.add(
        parts.rows(
            1,
            "The step",
            "From, to, kind, confidence, and when a desk could first have known.",
            f"last_over_time(crunchwatch_last_transition_timestamp_seconds{{{STEP}}}[$__range]) * 1000",
            columns={"id": "Id", "from_state": "From", "to_state": "To", "kind": "Kind", "confidence": "Confidence"},
            value_as="Known",
            unit="dateTimeAsIso",
            height=4,
        ),
        parts.rows(
            2,
            "Rules",
            "Each rule behind the step: held (1), or held no more (0), and by which signals.",
            f"last_over_time(crunchwatch_last_transition_evidence{{{STEP}}}[$__range])",
            columns={"rule": "Rule", "summary": "By"},
            value_as="Held",
            span=16,
            height=9,
        ),
        parts.rows(
            3,
            "Events",
            "The messages that caused it, as source#sequence; they are on the source topics under these names.",
            f"last_over_time(crunchwatch_last_transition_cause{{{STEP}}}[$__range])",
            columns={"event": "Event"},
            span=8,
            height=9,
        ),
        parts.rows(
            4,
            "Values",
            "Every last value at the end of the range, in the unit its name ends with.",
            f"max by (series) (crunchwatch_value{{{OURS}}})",
            columns={"series": "Series"},
            value_as="Value",
            span=9,
            height=14,
        ),
        parts.rows(
            5,
            "Signals that are on",
            "Levels at the end of the range.",
            f"max by (signal) (crunchwatch_signal_level{{{OURS}}}) > 0",
            columns={"signal": "Signal"},
            value_as="Level",
            span=5,
            height=14,
        ),
        parts.rows(
            6,
            "Blind on",
            "Feeds that were silent, and models that still warmed up, at the end of the range.",
            f"max by (feed) (crunchwatch_blind{{{OURS}}}) == 1",
            columns={"feed": "Feed"},
            span=5,
            height=14,
        ),
        parts.rows(
            9,
            "Silent series",
            "Series that were silent for longer than is their way. What rests on one of them alone is held, not known.",
            f"max by (series) (crunchwatch_series_silent{{{OURS}}}) == 1",
            columns={"series": "Series"},
            span=5,
            height=14,
        ),
        parts.timeline(
            7,
            "Signals around it",
            "The level of every signal that was on.",
            Query(f"max by (signal) (crunchwatch_signal_level{{{OURS}}}) > 0", "{{signal}}"),
            words=parts.ON_WORDS,
            height=12,
        ),
        parts.words(
            8,
            "The proof",
            "Where the rest is.",
            "`crunchwatch explain $step` prints every signal, value, threshold and event behind this step, and proves "
            "it by replaying just those events; `--broker` takes them from the topics. The worker's own page shows the "
            "last steps with their evidence, without Grafana.",
        ),
    )
    steps = parts.variable(
        "step",
        "Step",
        'label_values(crunchwatch_last_transition_timestamp_seconds{market="$market"}, id)',
        "The id of a step in this range.",
    )
    about = "One step of the state: every rule, value and event behind it."
    return sheet.onto(parts.frame(parts.EVIDENCE, "crunchwatch: Evidence", about, since="now-30d", extra=[steps]))
