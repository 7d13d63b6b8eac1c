"""Engine: the workers themselves: lag, latency, recovery, memory, dead letters, owners."""

from grafana_foundation_sdk.builders import dashboard

from grafana.boards import parts
from grafana.boards.parts import OURS, Query, Sheet

JOB = 'job=~"$job"'
RATE = "$__rate_interval"
UP = {0: ("no", parts.RED), 1: ("yes", parts.GREEN)}


def _rate(metric: str, *by: str) -> Query:
    names = ", ".join(by)
    legend = " ".join(f"{{{{{name}}}}}" for name in by) or "all"
    return Query(f"sum by ({names}) (rate({metric}{{{JOB}}}[{RATE}]))", legend)


def _quantile(share: float, metric: str) -> Query:
    return Query(
        f"histogram_quantile({share}, sum by (le) (rate({metric}_bucket{{{JOB}}}[{RATE}])))", f"{share:.0%} of them"
    )


def board() -> dashboard.Dashboard:
    """Build it."""
    sheet = Sheet()
    _now(sheet)
    _work(sheet)
    _recovery(sheet)
    about = "The workers: whether they keep up, what they refuse, what they cost, and who owns what."
    return sheet.onto(parts.frame("crunchwatch-engine", "crunchwatch: Engine", about, since="now-6h"))


def _now(sheet: Sheet) -> None:
    sheet.add(
        parts.number(
            1,
            "Workers at work",
            "Workers that are ready: they have their partitions' state, and make progress.",
            f"sum(crunchwatch_ready{{{JOB}}})",
            nothing="none",
        ),
        parts.number(
            2,
            "Partitions without an owner",
            "Partitions known in the range that no worker owns now. A market on one has no worker.",
            f"count(max by (partition) (max_over_time(crunchwatch_partition_owned{{{JOB}}}[$__range])) == 1 "
            f"unless on (partition) sum by (partition) (crunchwatch_partition_owned{{{JOB}}}) >= 1) or vector(0)",
            words={0: ("none", parts.GREEN), 1: ("some", parts.RED)},
        ),
        parts.number(
            3,
            "Partitions with two owners",
            "Two workers that both take themselves for the owner.",
            f"count(sum by (partition) (crunchwatch_partition_owned{{{JOB}}}) > 1) or vector(0)",
            words={0: ("none", parts.GREEN), 1: ("some", parts.RED)},
        ),
        parts.number(
            4,
            "Dead letters",
            "Messages refused in the range.",
            f"sum(increase(crunchwatch_dead_letters_total{{{JOB}}}[$__range]))",
        ),
        parts.number(
            5,
            "Lost messages",
            "Messages gone from the broker before any state had seen them.",
            f"sum(max_over_time(crunchwatch_lost_messages_total{{{JOB}}}[$__range]))",
        ),
        parts.number(
            6,
            "Session",
            "Whether the market is in session by the wall clock: outside it, silence says nothing.",
            f'max(crunchwatch_market_open{{{OURS}, clock="wall"}})',
            words={0: ("closed", parts.GREY), 1: ("open", parts.GREEN)},
        ),
    )


def _work(sheet: Sheet) -> None:
    sheet.row("Work", 100)
    sheet.add(
        parts.curves(
            101,
            "Event time lag",
            "Now less the watermark: the allowed lateness and what the feeds and the worker add to it.",
            Query(f"max by (market) (crunchwatch_event_time_lag_seconds{{{OURS}}})", "{{market}}"),
            unit=parts.SECONDS,
        ),
        parts.timeline(
            102,
            "Streams that hold the watermark",
            "The slowest stream decides how far a market's time may move.",
            Query(f"max by (stream) (crunchwatch_watermark_held{{{OURS}}})", "{{stream}}"),
            words={0: ("no", "transparent"), 1: ("holds", parts.AMBER)},
            span=12,
            height=8,
        ),
        parts.curves(
            109,
            "Messages not taken yet",
            "On the broker, beyond what the worker has applied, by stream.",
            Query(f"sum by (stream) (crunchwatch_consumer_lag_messages{{{JOB}}})", "{{stream}}"),
            unit=parts.NUMBER,
        ),
        parts.timeline(
            110,
            "Ready",
            "Each worker, over time.",
            Query(f"crunchwatch_ready{{{JOB}}}", "{{instance}}"),
            words=UP,
            span=12,
            height=8,
        ),
        parts.curves(
            103,
            "Messages",
            "Messages applied a second, by stream.",
            _rate("crunchwatch_messages_total", "stream"),
            unit="ops",
        ),
        parts.curves(
            104,
            "Time for a message",
            "From decoded to applied, in this process.",
            _quantile(0.5, "crunchwatch_processing_seconds"),
            _quantile(0.99, "crunchwatch_processing_seconds"),
            unit=parts.SECONDS,
        ),
        parts.curves(
            105,
            "Time for a flush",
            "Until the broker has confirmed outputs, states and position.",
            _quantile(0.5, "crunchwatch_flush_seconds"),
            _quantile(0.99, "crunchwatch_flush_seconds"),
            unit=parts.SECONDS,
        ),
        parts.curves(
            106,
            "Refused, late, repeated",
            "What came and was not used, by reason; all of it is on a topic or counted.",
            _rate("crunchwatch_dead_letters_total", "reason"),
            _rate("crunchwatch_late_total", "reason"),
            Query(f"sum(rate(crunchwatch_duplicates_total{{{JOB}}}[{RATE}]))", "duplicates"),
            unit="ops",
        ),
        parts.curves(
            107,
            "Events that wait",
            "For the watermark to pass them.",
            Query(f"max by (market) (crunchwatch_waiting_events{{{OURS}}})", "{{market}}"),
            unit=parts.NUMBER,
        ),
        parts.curves(
            108,
            "Age of each feed",
            "The watermark less what the feed's last figure is about.",
            Query(
                f"max by (feed) (crunchwatch_watermark_seconds{{{OURS}}} - on (market, job, instance) "
                f"group_right () crunchwatch_feed_timestamp_seconds{{{OURS}}})",
                "{{feed}}",
            ),
            unit=parts.SECONDS,
        ),
    )


def _recovery(sheet: Sheet) -> None:
    sheet.row("Recovery and cost", 200)
    sheet.add(
        parts.timeline(
            201,
            "Owners",
            "Partitions by worker: one owner each, at every moment.",
            Query(f"crunchwatch_partition_owned{{{JOB}}}", "{{instance}} {{partition}}"),
            words={0: ("no", "transparent"), 1: ("owns", parts.GREEN)},
            span=12,
            height=8,
        ),
        parts.curves(
            202,
            "Recovery",
            "States rebuilt, records refused, messages read again, holes and rescues: since each worker began.",
            Query(f"sum by (reason) (crunchwatch_states_rebuilt_total{{{JOB}}})", "rebuilt: {{reason}}"),
            Query(f"sum by (reason) (crunchwatch_snapshots_refused_total{{{JOB}}})", "refused: {{reason}}"),
            Query(f"sum(crunchwatch_repeated_messages_total{{{JOB}}})", "read again"),
            Query(f"sum(crunchwatch_offset_holes_total{{{JOB}}})", "holes"),
            Query(f"sum(crunchwatch_rescued_messages_total{{{JOB}}})", "rescued"),
            unit=parts.NUMBER,
        ),
        parts.curves(
            203,
            "Memory",
            "Resident memory of each worker.",
            Query(f"process_resident_memory_bytes{{{JOB}}}", "{{instance}}"),
            unit="bytes",
        ),
        parts.curves(
            204,
            "Processor",
            "Seconds of processor a second.",
            Query(f"rate(process_cpu_seconds_total{{{JOB}}}[{RATE}])", "{{instance}}"),
            unit="percentunit",
        ),
        parts.curves(
            205,
            "Size of the states",
            "A market's record on the topic of snapshots.",
            Query(f"max by (market) (crunchwatch_snapshot_bytes{{{OURS}}})", "{{market}}"),
            unit="bytes",
        ),
        parts.curves(
            206,
            "Uptime",
            "How long each worker has been running; a fall is a restart.",
            Query(f"time() - process_start_time_seconds{{{JOB}}}", "{{instance}}"),
            unit=parts.SECONDS,
        ),
    )
