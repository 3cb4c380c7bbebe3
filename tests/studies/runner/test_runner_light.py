"""What Tune imports and nobody here uses stays out of drivers and workers, of which a machine may have many."""

from __future__ import annotations

from pathlib import Path

from tests.studies.runner.bench import PATIENCE, Bench, Gate, processes, synthetic, wait_until


def test_neither_driver_nor_worker_loads_pandas_to_run_a_study(bench: Bench, gate: Gate) -> None:
    study = bench.submit(synthetic("light", alphas=[0.1], betas=[1e-4, 1e-3], faults=gate.before(0)))
    bench.wait_for_trials(study, 1)
    wait_until(lambda: bench.store.packs(study)[0].step > 0, PATIENCE, "its pack advances")
    commands = processes(bench.settings.data_dir)
    for kind in ("runner.driver", "Trainable"):
        pids = [pid for pid, command in commands.items() if kind in command]
        assert pids, commands
        assert [pid for pid in pids if "/pandas/" in Path(f"/proc/{pid}/maps").read_text()] == []
    gate.open()
    bench.wait(study, "completed")
