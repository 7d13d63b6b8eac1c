"""A broker that demands to know who is there: who gets in, who is refused and how that is said, and what leaks."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from streams import settings
from streams.errors import AccessDeniedError, SettingsError
from streams.kafka import clients, topics
from tests.support.pipeline import Pipeline
from tests.support.secured import PLAIN_USER, Secured

pytestmark = [pytest.mark.kafka, pytest.mark.drill]


@pytest.fixture(scope="module")
def secured(kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    made = Secured(tmp_path_factory.mktemp("secured"))
    made.kafka.start()
    yield made
    made.kafka.stop()


def command(variables: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        [sys.executable, "-m", "crunchwatch", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def shown_of(pid: int) -> str:
    """What any process of the same user sees of one: its arguments and its environment."""
    return "".join(Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace") for name in ("cmdline", "environ"))


def test_by_name_and_password_over_tls(secured: Secured, tmp_path: Path) -> None:
    """Worker, replay and watch; the password is nowhere to be read."""
    pipeline = Pipeline("", tmp_path, secured.scram(CRUNCHWATCH_PARTITIONS="1", CRUNCHWATCH_LOG_LEVEL="info"))
    with pipeline.worker() as worker:
        replayed = command(pipeline.variables, "replay", "feb2021", "--speed", "max", "--json")
        assert replayed.returncode == 0, replayed.stderr
        pipeline.drain()
        shown = [worker.metrics(), shown_of(worker.pid)]
    watched = command(pipeline.variables, "watch", "--from-beginning", "--json", "--until-idle", "2")
    assert watched.returncode == 0, watched.stderr
    assert tuple(line.encode() for line in watched.stdout.splitlines()) == pipeline.expected(topics.TRANSITIONS)
    letters = pipeline.values(topics.DEAD_LETTER) + pipeline.values(topics.LATE)
    shown += [replayed.stdout, replayed.stderr, watched.stderr, repr(pipeline.settings), repr(letters)]
    silent(secured, [*shown, pipeline.log.read_text(errors="replace")])


@pytest.mark.parametrize("way", ["PLAIN", "SCRAM-SHA-256", "certificate"])
def test_other_ways_in(secured: Secured, tmp_path: Path, way: str) -> None:
    by_name = secured.scram(CRUNCHWATCH_SASL_MECHANISM=way)
    if way == "PLAIN":
        by_name["CRUNCHWATCH_SASL_USERNAME"] = PLAIN_USER
    variables = secured.mutual() if way == "certificate" else by_name
    pipeline = Pipeline("", tmp_path, {**variables, "CRUNCHWATCH_PARTITIONS": "1", "CRUNCHWATCH_LOG_LEVEL": "debug"})
    with pipeline.worker() as worker:
        pipeline.drain()
        shown = worker.metrics()
    log = pipeline.log.read_text(errors="replace")
    assert "MetadataRequest" in log  # it did say everything else
    silent(secured, [shown, log])


def silent(secured: Secured, texts: list[str]) -> None:
    """Neither the password nor its usual disguises."""
    for canary in (secured.password, base64.b64encode(secured.password.encode()).decode().rstrip("=")):
        assert not [text[:200] for text in texts if canary in text]


REFUSALS = {
    "wrong password": ("scram", {"SASL_PASSWORD_FILE": "{wrong}"}, "wrong name or password"),
    "wrong password, PLAIN": (
        "scram",
        {"SASL_PASSWORD_FILE": "{wrong}", "SASL_MECHANISM": "PLAIN", "SASL_USERNAME": PLAIN_USER},
        "wrong name or password",
    ),
    "unknown user": ("scram", {"SASL_USERNAME": "nobody"}, "rejects user 'nobody'"),
    "unknown authority": ("scram", {"TLS_CA_FILE": "{other_ca}"}, "issuer's certificate into CRUNCHWATCH_TLS_CA_FILE"),
    "wrong host name": ("scram", {"BROKER": "kafka://localhost:{sasl}"}, "not valid for 'localhost'"),
    "expired": ("mutual", {"BROKER": "kafka://127.0.0.1:{expired}"}, "certificate has expired"),
    "plaintext to a TLS port": ("plain", {"BROKER": "kafka://127.0.0.1:{sasl}"}, "this is a TLS port"),
    "TLS to a plaintext port": ("mutual", {"BROKER": "kafka://127.0.0.1:{inside}"}, "is it a plaintext port"),
    "no name": ("mutual", {"BROKER": "kafka://127.0.0.1:{sasl}"}, "set CRUNCHWATCH_SECURITY to sasl_ssl"),
    "no certificate": ("mutual", {"TLS_CERT_FILE": "", "TLS_KEY_FILE": ""}, "it needs a client certificate it trusts"),
    "a stranger's certificate": (
        "mutual",
        {"TLS_CERT_FILE": "{foreign_cert}", "TLS_KEY_FILE": "{foreign_key}"},
        "it needs a client certificate it trusts",
    ),
}


def variables_of(secured: Secured, tmp_path: Path, case: str) -> dict[str, str]:
    wrong = tmp_path / "wrong"
    wrong.write_text("no-such-password\n")
    wrong.chmod(0o600)
    how, changes, _ = REFUSALS[case]
    places = {**vars(secured), **secured.ports, "inside": secured.kafka.port, "wrong": wrong}
    begin = {"scram": secured.scram, "mutual": secured.mutual, "plain": dict}[how]()
    return begin | {f"CRUNCHWATCH_{name}": text.format(**places) for name, text in changes.items()}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_named(secured: Secured, tmp_path: Path, case: str) -> None:
    chosen = settings.load(variables_of(secured, tmp_path, case), connect_timeout_s=2.0)

    async def connect() -> None:
        async with clients.admin(chosen):
            raise AssertionError("it got in")

    with pytest.raises(AccessDeniedError, match=REFUSALS[case][2]) as caught:
        asyncio.run(connect())
    assert "\n" not in str(caught.value)
    silent(secured, [str(caught.value)])


@pytest.mark.parametrize("words", [("worker",), ("topics",), ("watch",), ("replay", "feb2021")])
def test_every_command_says_it_in_one_line(secured: Secured, tmp_path: Path, words: tuple[str, ...]) -> None:
    run = command(variables_of(secured, tmp_path, "wrong password"), *words)
    assert run.returncode == AccessDeniedError.exit_code
    assert run.stdout == ""
    [line] = run.stderr.splitlines()
    assert line.startswith("error: ")
    assert "wrong name or password" in line


def test_a_password_in_an_argument_or_a_variable_is_refused_and_not_repeated() -> None:
    secret = "canary-4711"
    for variables, words in (
        ({"CRUNCHWATCH_SASL_PASSWORD": secret}, ("topics",)),
        ({"CRUNCHWATCH_METRICS_TOKEN": secret}, ("topics",)),
        ({"CRUNCHWATCH_BROKER": f"kafka://me:{secret}@127.0.0.1:9092"}, ("topics",)),
        ({}, ("topics", "--broker", f"kafka://me:{secret}@127.0.0.1:9092")),
        ({}, ("replay", "feb2021", "--broker", f"kafka://me:{secret}@127.0.0.1:9092")),
    ):
        run = command(variables, *words)
        assert run.returncode == SettingsError.exit_code
        assert len(run.stderr.splitlines()) == 1
        assert "CRUNCHWATCH_SASL_PASSWORD_FILE" in run.stderr or "TOKEN_FILE" in run.stderr or "_USERNAME" in run.stderr
        assert secret not in run.stdout + run.stderr


def test_a_connection_that_is_handed_on_does_not_show_the_password(secured: Secured) -> None:
    program = "import crunchwatch, os; print(crunchwatch.connection(os.environ['CRUNCHWATCH_BROKER']))"
    environment = {**os.environ, **secured.scram()}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    silent(secured, [run.stdout])


def test_a_zipped_bomb_does_not_get_past_the_broker(secured: Secured, tmp_path: Path) -> None:
    """Stored unzipped, a megabyte that would be fifty when read is as large as it is."""
    pipeline = Pipeline(secured.kafka.url, tmp_path, {"CRUNCHWATCH_PARTITIONS": "1"})
    pipeline.make_topics()

    async def throw() -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=pipeline.settings.bootstrap, compression_type="gzip", max_request_size=100 << 20
        ) as producer:
            await producer.send_and_wait(pipeline.settings.topic("yields"), bytes(50 << 20), key=b"UST", partition=0)

    with pytest.raises(MessageSizeTooLargeError):
        asyncio.run(throw())
