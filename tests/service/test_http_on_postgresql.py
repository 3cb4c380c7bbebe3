"""The same interface over PostgreSQL: one walk through all that it does."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from starlette.testclient import TestClient

from grokscale import Client
from grokscale.service.app import create_app
from grokscale.studies.settings import Settings
from grokscale.studies.store import RunnerInfo, open_store
from tests.service.conftest import BASE_URL, SPEC
from tests.service.outcomes import outcome_of


def test_a_study_goes_its_whole_way(postgres_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(postgres_url))
    store = open_store(settings.url)
    store.migrate()
    with TestClient(create_app(settings, store), base_url=BASE_URL) as http:
        client = Client(BASE_URL, transport=http._transport)
        study = client.submit(SPEC, idempotency_key="k")
        assert client.submit(SPEC, idempotency_key="k").id == study.id
        store.heartbeat(RunnerInfo("runner-1", "here", 1, False))
        lease = store.claim("runner-1", 60.0)
        assert lease is not None
        for pack in store.open_packs(lease):
            store.commit(lease, pack.id, [outcome_of(trial) for trial in store.pack_trials(pack.id)], 1, "here")
            store.end_pack(lease, pack.id)
        store.finish(lease)
        assert study.wait(timeout=10, progress=False).state == "completed"
        assert http.get("/readyz").json()["status"] == "ready"
        assert study.trials(ranges={"alpha": (0.1, None)}, sort="-t2").num_rows == 12
        assert len(list(study.events())) == len(store.events(study.id))
        assert round(study.law("t2", x="1/(alpha*beta)")["exponent"]["value"], 2) == 1
        assert client.curves(study.trials()["id"][0].as_py())["step"]
        study.delete()
        assert list(client.studies()) == []
    store.close()
