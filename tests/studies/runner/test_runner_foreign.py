"""A cluster that was there before the runner: refusals, losses, nodes that come and go."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pytest
from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc

from grokscale.studies.runner import trust
from tests.studies.runner.bench import Bench, Gate, exact_t2, synthetic, wait_until
from tests.studies.runner.foreign_cluster import ForeignCluster

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

CONNECT_SECONDS = 90.0


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignCluster]:
    cluster = ForeignCluster(tmp_path_factory.mktemp("foreign"), 2)
    yield cluster
    cluster.close()


@pytest.fixture
def bench(tmp_path: Path, foreign: ForeignCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A runner on that cluster, not started yet."""
    for name, value in foreign.admits().items():
        monkeypatch.setenv(name, value)
    made = Bench(tmp_path / "data", ray_address=foreign.address, cpus=None)
    yield made
    made.close()


def trouble(bench: Bench) -> str | None:
    """What the runner says is wrong; empty: it has not been heard of yet."""
    runners = bench.store.runners()
    return runners[0].news.trouble if runners else ""


def wait_for_trouble(bench: Bench, words: str) -> None:
    wait_until(lambda: words in (trouble(bench) or ""), CONNECT_SECONDS, f"trouble: {words}")


def assert_waits(bench: Bench, study: str) -> None:
    record = bench.study(study)
    assert (record.state, record.progress.ended) == ("queued", 0)


def test_a_runner_with_a_wrong_token_claims_nothing_and_says_so(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wrong").write_text("0" * 64)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "wrong"))
    study = bench.submit(synthetic("waits"))
    bench.start()
    wait_for_trouble(bench, "refuses the token")
    assert_waits(bench, study)


@pytest.mark.slow
def test_a_runner_without_a_token_claims_nothing_and_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH")
    study = bench.submit(synthetic("waits"))
    bench.start()
    wait_for_trouble(bench, "refuses the token")
    assert_waits(bench, study)


@pytest.mark.parametrize(
    ("address", "words"),
    [("127.0.0.1:{free}", "nothing answers there"), ("ray://127.0.0.1:{free}", "ray:// is Ray Client's")],
)
def test_a_runner_whose_cluster_is_not_there_claims_nothing_and_says_so(
    tmp_path: Path, address: str, words: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    bench = Bench(tmp_path / "data", ray_address=address.format(free=free), cpus=None)
    study = bench.submit(synthetic("waits"))
    bench.start()
    wait_for_trouble(bench, words)
    assert_waits(bench, study)
    bench.close()


@pytest.mark.slow
def test_a_cluster_that_asks_nobody_for_a_token_is_used_only_where_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = ForeignCluster(tmp_path, 1, open_to_all=True)
    # a token of the runner's own makes no difference: the cluster would take it, and anybody without one
    (tmp_path / "ours").write_text("0" * 64)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "ours"))
    bench = Bench(tmp_path / "data", ray_address=cluster.address, cpus=None)
    study = bench.submit(synthetic("waits", alphas=[0.1], betas=[1e-4]))
    bench.start()
    wait_for_trouble(bench, "it has no token authentication")
    assert_waits(bench, study)
    bench.close()
    trusting = Bench(tmp_path / "data", ray_address=cluster.address, cpus=None, trust_cluster=True)
    trusting.start()
    trusting.wait(study, "completed")
    trusting.close()
    cluster.close()


def test_a_cluster_that_answers_without_a_token_is_open_to_all(foreign: ForeignCluster) -> None:
    trust.check(foreign.address)
    server = grpc.server(ThreadPoolExecutor(1))
    gcs_service_pb2_grpc.add_NodeInfoGcsServiceServicer_to_server(Open(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with pytest.raises(trust.OpenToAll, match="--trust-cluster"):
        trust.check(f"127.0.0.1:{port}")
    server.stop(None)


class Open(gcs_service_pb2_grpc.NodeInfoGcsServiceServicer):
    """What a GCS without token authentication does."""

    def GetClusterId(self, request: object, context: object) -> object:
        messages: Any = gcs_service_pb2
        return messages.GetClusterIdReply(cluster_id=b"theirs")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.0 200 OK\r\n\r\n"])
def test_what_is_no_ray_cluster_is_not_taken_for_one_that_asks_for_a_token(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server, answer), daemon=True).start()
        with pytest.raises(ConnectionError, match="does not answer as a Ray cluster does"):
            trust.check(f"127.0.0.1:{server.getsockname()[1]}")


def serve(server: socket.socket, answer: bytes) -> None:
    """Say the same to everybody."""
    with contextlib.suppress(OSError):  # the test has ended
        while True:
            with server.accept()[0] as connection:
                connection.sendall(answer)


def test_a_study_runs_on_it_with_packs_cut_for_it(bench: Bench, foreign: ForeignCluster) -> None:
    study = bench.submit(synthetic("foreign", seeds=8), cpus=1)
    bench.start()
    wait_until(lambda: trouble(bench) is None, CONNECT_SECONDS, "the cluster is there")
    assert bench.store.runners()[0].news.cpus == 2
    bench.wait(study, "completed")
    assert [trial.t2 and trial.t2.step for trial in bench.trials(study)] == [exact_t2(t) for t in bench.trials(study)]
    assert len(bench.store.packs(study)) == 2


@pytest.mark.slow
def test_packs_are_cut_anew_for_a_node_that_joins(bench: Bench, foreign: ForeignCluster, gate: Gate) -> None:
    study = bench.submit(synthetic("grows", seeds=24, faults=gate.before(*range(384))))
    bench.start()
    running = lambda: sum(pack.state == "running" for pack in bench.store.packs(study))  # noqa: E731
    wait_until(lambda: running() == 2, 120, "two packs run")
    foreign.tell("add 2")
    try:
        wait_until(lambda: running() == 4, 120, "four packs run")
        gate.open()
        bench.wait(study, "completed", 300)
    finally:
        foreign.tell("kill")
    assert Counter(bench.trial_events(study)) == dict.fromkeys(range(384), 1)


@pytest.mark.slow
def test_a_node_that_runs_another_version_keeps_the_runner_from_claiming(
    bench: Bench, foreign: ForeignCluster, tmp_path: Path
) -> None:
    (tmp_path / "grokscale-9.9.9.dist-info").mkdir()
    (tmp_path / "grokscale-9.9.9.dist-info" / "METADATA").write_text("Name: grokscale\nVersion: 9.9.9\n")
    foreign.tell(f"add 1 {tmp_path}")
    study = bench.submit(synthetic("waits"))
    bench.start()
    wait_for_trouble(bench, f"has grokscale 9.9.9, the runner has {version('grokscale')}")
    assert_waits(bench, study)
    foreign.tell("kill")
    bench.wait(study, "completed")


@pytest.mark.slow
def test_a_trial_survives_the_loss_of_ten_nodes_and_no_attempt_is_counted(
    bench: Bench, foreign: ForeignCluster, gate: Gate
) -> None:
    foreign.tell("kill")  # the only node that has a CPU
    study = bench.submit(synthetic("lost", alphas=[0.1], betas=[1e-4], faults=gate.before(0)))
    bench.start()
    for lost in range(1, 11):
        foreign.tell("add 1")
        wait_until(lambda: bench.store.packs(study)[0].state == "running", 120, f"attempt {lost} runs")
        foreign.tell("kill")
        wait_until(lambda n=lost: bench.store.packs(study)[0].losses == n, 120, f"loss {lost} is counted")
    foreign.tell("add 2")
    gate.open()
    record = bench.wait(study, "completed")
    (pack,) = bench.store.packs(study)
    (trial,) = bench.trials(study)
    assert (pack.failures, pack.losses, record.progress.losses) == (0, 10, 10)
    assert record.progress.by_outcome == {"generalised": 1}
    assert trial.t2 is not None
    assert trial.t2.step == exact_t2(trial)


@pytest.mark.slow
def test_a_study_whose_cluster_is_lost_is_queued_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    cluster = ForeignCluster(tmp_path, 1)
    for name, value in cluster.admits().items():
        monkeypatch.setenv(name, value)
    bench = Bench(tmp_path / "data", ray_address=cluster.address, cpus=None)
    study = bench.submit(synthetic("left alone", faults=gate.before(0)))
    bench.start()
    bench.wait_for_trials(study, 2)
    cluster.tell("lose")
    record = bench.wait(study, "queued")
    assert record.reason is not None
    assert record.reason.startswith(f"the Ray cluster at {cluster.address} is lost")
    assert record.progress.by_outcome.get("failed", 0) == 0
    wait_for_trouble(bench, "nothing answers there")
    bench.close()
    cluster.close()
