"""What a queued study waits for, and what its packs are cut for."""

from __future__ import annotations

from collections.abc import Callable

from starlette.testclient import TestClient

from grokscale.studies.store import Lease, RunnerInfo, RunnerNews, Store
from tests.service.conftest import SPEC

ONE = RunnerInfo("one", "here", 1, False)
ANOTHER = RunnerInfo("another", "there", 2, False)


def reasons(http: TestClient, study: str) -> tuple[str | None, str | None]:
    """As the study says itself, and as the list says."""
    (listed,) = http.get("/v1/studies").json()["items"]
    return http.get(f"/v1/studies/{study}").json()["reason"], listed["reason"]


def test_a_study_that_no_runner_can_take_says_so(http: TestClient, submit: Callable[..., str]) -> None:
    why = "no runner is alive: `grokscale serve` starts one, or `grokscale runner` beside it"
    assert reasons(http, submit()) == (why, why)


def test_a_study_whose_runner_is_in_trouble_says_which(
    http: TestClient, store: Store, submit: Callable[..., str]
) -> None:
    study = submit()
    store.heartbeat(ONE, RunnerNews(trouble="its cluster is lost"))
    assert reasons(http, study) == ("waits for its runner: its cluster is lost",) * 2
    store.heartbeat(ANOTHER)
    assert reasons(http, study) == (None, None)


def test_a_study_that_is_taken_waits_for_nothing(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study = submit()
    run(3)
    assert reasons(http, study) == (None, None)


def test_a_study_whose_cluster_was_lost_is_queued_with_the_reason_until_it_is_taken_again(
    http: TestClient, store: Store, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study = submit()
    lease = run(3)
    assert store.transition(study, "wait", lease=lease, reason="the cluster is lost") == "queued"
    store.release(lease)
    assert reasons(http, study) == ("the cluster is lost",) * 2
    run()
    assert http.get(f"/v1/studies/{study}").json()["state"] == "completed"
    assert reasons(http, study) == (None, None)


def test_packs_are_cut_for_the_largest_cluster_of_a_runner_never_for_the_servers_cores(
    http: TestClient, store: Store
) -> None:
    many = {**SPEC, "seeds": 100}  # 600 trials of one shape: packs of 24 at least
    assert http.post("/v1/studies:validate", json=many).json()["packs"] == 3  # as for one CPU: three bands
    store.heartbeat(ONE, RunnerNews(cpus=3))
    store.heartbeat(ANOTHER, RunnerNews(cpus=500, gpus=4))
    assert http.post("/v1/studies:validate", json=many).json()["packs"] == 25
