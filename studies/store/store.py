"""The contract of the store, which holds the truth in SQL.

Every method is one short transaction (or a few, where it says so), synchronous, and safe to call from any thread.
Either all of a method's effect is in the database or none of it, whatever is killed at whatever moment. All of them
raise `DatabaseUnavailable` when the database does not answer and `SchemaOutdated` when its tables are missing.

Methods for runners take a `Lease` and check, in the transaction that writes, that the study still has the lease's
token; if not they raise `LeaseLost` and write nothing. A holder that gets this exception must stop working for the
study.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from grokscale.studies.lifecycle import Event, State
from grokscale.studies.store import (
    batches,
    commits,
    creation,
    curves,
    descriptions,
    events,
    fits,
    leases,
    locks,
    packs,
    removal,
    runners,
    secrets,
    studies,
    trials,
)
from grokscale.studies.store.engine import Database
from grokscale.studies.store.errors import AlreadySubmitted, DatabaseUnavailable, LeaseLost, StoreError
from grokscale.studies.store.records import (
    EVERY_STUDY,
    EVERY_TRIAL,
    NO_NEWS,
    Curves,
    EventRecord,
    FitRecord,
    FitSummary,
    Head,
    Idempotency,
    IdempotencyRecord,
    Lease,
    PackRecord,
    Page,
    Quota,
    RunnerInfo,
    RunnerNews,
    RunnerRecord,
    Schema,
    StudyFilter,
    StudyRecord,
    TrialFilter,
    TrialRecord,
    Verdict,
)
from grokscale.trainers.tasks.description import Description
from grokscale.trainers.trial import Identity, Outcome, Trial

if TYPE_CHECKING:
    import pyarrow
    from sqlalchemy import Connection

    from grokscale.studies.imports.trials import Imported
    from grokscale.studies.plan import Plan, PlannedPack
    from grokscale.studies.spec import StudySpec


def open_store(url: str) -> Store:
    """Open the database at a SQLAlchemy URL: `sqlite:///path` or `postgresql://user@host/name`.

    Nothing is connected or created yet; `migrate` makes the tables.

    Raises:
        DatabaseUnavailable: not a URL, or one of another kind of database, or an in-memory SQLite (the service, the
            runner and its drivers are processes of their own).
    """
    return Store(Database.open(url))


class Store:
    """Studies, trials, packs, curves, events and leases. The module's docstring says what holds for every method."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._silences, self._makers = leases.Silences(), leases.Silences()

    # -- schema: stands on alembic, which takes a while to import and which no driver needs --------------------------

    def migrate(self) -> None:
        """Bring the tables to this program's revision; safe while other processes do the same.

        Raises:
            SchemaOutdated: the database is newer than this program.
        """
        from grokscale.studies.store import schema

        schema.migrate(self._database)

    def schema(self) -> Schema:
        """Return the revisions of database and program; equal when all is well."""
        from grokscale.studies.store import schema

        return schema.revisions(self._database)

    def check_schema(self) -> None:
        """Return if the tables are at this program's revision.

        Raises:
            SchemaOutdated: otherwise; the message says what to run.
        """
        from grokscale.studies.store import schema

        schema.check(self._database)

    def ping(self) -> None:
        """Ask the database for one value.

        Raises:
            DatabaseUnavailable: it does not answer.
        """
        self._database.ping()

    def probe(self) -> None:
        """Overwrite a value, which shows that the database accepts writes."""
        from grokscale.studies.store import schema

        with self._database.write() as connection:
            schema.probe(connection)

    def close(self) -> None:
        """Close the pooled connections. The store opens new ones when used again."""
        self._database.engine.dispose()

    # -- studies ----------------------------------------------------------------------------------------------------

    def add_study(
        self,
        spec: StudySpec,
        plan: Plan,
        *,
        versions: Mapping[str, Any],
        idempotency: Idempotency | None = None,
        quota: Quota | None = None,
        lease_seconds: float = 30.0,
    ) -> StudyRecord:
        """Write a queued study: its row, trials, packs, first event and idempotency row.

        The study becomes visible only when it is complete. A large one takes many transactions, between which others
        can write. If the process is killed in between, the study is never visible, and `sweep` removes its rows.

        Args:
            spec: of the study.
            plan: of the study.
            versions: of the libraries, to be recorded.
            idempotency: the key under which it was asked for.
            quota: what its caller may have waiting.
            lease_seconds: the creating process counts as dead after so long without a transaction.

        Raises:
            AlreadySubmitted: the idempotency key is in use (even if another process has only just written it).
            TooMuchWaits: with this study the caller would have more than its quota.
            CreationLost: this process paused for longer than `lease_seconds`.
        """
        return self._make(
            creation.New.of(spec, plan, versions),
            lambda study_id: batches.pieces(study_id, plan, first_pack=0),
            creation.publish,
            small=len(plan.trials) <= batches.AT_ONCE,
            idempotency=idempotency,
            quota=quota,
            lease_seconds=lease_seconds,
        )

    def import_study(
        self,
        runs: Imported,
        *,
        versions: Mapping[str, Any],
        idempotency: Idempotency | None = None,
        lease_seconds: float = 30.0,
    ) -> StudyRecord:
        """Write a study of runs that were made elsewhere: completed, and never run or retried.

        It is made as any study, see `add_study`; what is asked of it is asked of any study too.

        Args:
            runs: with their description and what the study shows as its specification.
            versions: of the libraries, for its record.
            idempotency: the key under which it was asked for.
            lease_seconds: after so long without a transaction the maker counts as dead.

        Raises:
            AlreadySubmitted, CreationLost: as `add_study`.
        """
        from grokscale.studies.store import imported  # drivers never need it

        reason = "imported" + (f"; {runs.remark}" if runs.remark else "")
        return self._make(
            imported.new(runs, versions),
            lambda study_id: imported.pieces(study_id, runs),
            lambda connection, study_id: creation.publish_ended(connection, study_id, reason),
            small=len(runs.trials) <= imported.AT_ONCE,
            idempotency=idempotency,
            quota=None,  # it waits for nothing
            lease_seconds=lease_seconds,
        )

    def _make(
        self,
        new: creation.New,
        pieces: Callable[[str], Iterable[batches.Piece]],
        publish: Callable[[Connection, str], StudyRecord],
        *,
        small: bool,
        idempotency: Idempotency | None,
        quota: Quota | None,
        lease_seconds: float,
    ) -> StudyRecord:
        """Write a study's row, then its other rows, and show it: a small one in one transaction."""
        with self._once(idempotency), self._database.write() as connection:
            study_id = creation.reserve(connection, new, idempotency, quota, lease_seconds)
            if small:
                for piece in pieces(study_id):
                    batches.write(connection, piece)
                return publish(connection, study_id)
        try:
            self._fill(study_id, pieces(study_id))
            with self._database.write() as connection:
                return publish(connection, study_id)
        except BaseException:
            with suppress(StoreError), self._database.write() as connection:
                creation.give_up(connection, study_id)
            raise

    @contextmanager
    def _once(self, idempotency: Idempotency | None) -> Generator[None]:
        """Raise `AlreadySubmitted` if another process has only just written the row of the key."""
        try:
            yield
        except IntegrityError:
            used = idempotency and self.recall(idempotency.caller, idempotency.route, idempotency.key)
            if not used:
                raise
            raise AlreadySubmitted(used) from None

    def _fill(self, study_id: str, pieces: Iterable[batches.Piece]) -> None:
        """Write the rows of a study that is still hidden."""
        for piece in pieces:
            with self._database.write() as connection:
                creation.go_on(connection, study_id, piece)
            self._database.give_way()
        if not self._database.sqlite:
            with self._database.write() as connection:
                creation.analyse(connection)

    def study(self, study_id: str) -> StudyRecord:
        """Return one study with its progress.

        Raises:
            NotFound: no such study.
        """
        with self._database.read() as connection:
            return studies.get(connection, study_id)

    def state(self, study_id: str) -> State:
        """Return a study's state. It reads one indexed row, so a driver can poll it.

        Raises:
            NotFound: no such study.
        """
        with self._database.read() as connection:
            return studies.state(connection, study_id)

    def studies(
        self, filter: StudyFilter = EVERY_STUDY, limit: int = 100, cursor: str | None = None
    ) -> Page[StudyRecord]:
        """Return a page of studies, newest first.

        Raises:
            InvalidFilter: an unknown state.
            InvalidCursor: not a cursor of this filter.
        """
        with self._database.read() as connection:
            return studies.page(connection, filter, limit, cursor)

    def description(self, study_id: str) -> Description:
        """Return the description that a study's task had when the study was made, or when new code was last adopted.

        Raises:
            NotFound: no such study.
        """
        with self._database.read() as connection:
            return descriptions.of_study(connection, study_id)

    def identities(self, study_id: str) -> list[tuple[Trial, Identity]]:
        """Return a study's trials with the names of their data and random numbers, ordered by index."""
        with self._database.read() as connection:
            return descriptions.named(connection, study_id)

    def adopt(self, study_id: str, description: Description, versions: Mapping[str, Any]) -> None:
        """Let a study that no runner works for go on with another version of its task.

        Args:
            study_id: the study.
            description: the present description of the task.
            versions: of the study, from now on.

        Raises:
            NotFound: no such study.
            ImpossibleTransition: a runner has it.
        """
        with self._database.write() as connection:
            descriptions.adopt(connection, study_id, description, versions)

    def delete_study(self, study_id: str) -> None:
        """Delete an ended study and everything under it. It is gone at once; `sweep` removes its rows later.

        Raises:
            NotFound: no such study.
            NotEnded: it has not ended.
        """
        with self._database.write() as connection:
            studies.delete_ended(connection, study_id)

    def transition(
        self, study_id: str, event: Event, *, lease: Lease | None = None, reason: str | None = None
    ) -> State:
        """Change a study's state: the one place where states change (`studies.lifecycle`).

        Returns the state that holds afterwards. An event whose target state already holds changes nothing and
        returns that state. Cancelling a study of which nothing runs gives its unended trials the outcome
        `cancelled`; `retry` makes `failed` and `cancelled` trials unended again and plans packs for them. A final
        state frees the lease.

        Both take several transactions if there are very many trials. A study is `cancelling` meanwhile; if this
        process is killed, a runner or a repeated call finishes it. A study that is retried stays ended until all of
        its trials are unended again; a repeated call goes on where the first one was killed.

        Args:
            study_id: the study.
            event: see `studies.lifecycle.Event`.
            lease: given by a runner, which must still hold the study.
            reason: kept with the study, and in the event.

        Raises:
            NotFound: no such study.
            ImpossibleTransition: the state does not allow it; it names the state and what is possible.
            LeaseLost: the lease is no longer the study's.
        """
        if event == "retry":
            self._revive_most(study_id, lease)
        with self._database.write() as connection:
            state, ours = studies.transition(connection, study_id, event, lease, reason)
        return state if ours is None else self._end_ours(ours)

    def _revive_most(self, study_id: str, lease: Lease | None) -> None:
        """Make the failed and cancelled trials of an ended study unended again, some at a time, all but the last
        ones; it stays ended.
        """
        left = True
        while left:
            with self._database.write() as connection:
                left = studies.revive_some(connection, study_id, lease)
            self._database.give_way()

    def _end_ours(self, ours: Lease) -> State:
        """Cancel what is left of a study of which nothing runs, under a lease of this process."""
        try:
            self._cancel_all(ours, studies.CANCEL_SECONDS)
            return self.finish(ours)
        except LeaseLost:  # stood still for too long: a runner, or who asked again, brings it to its end
            return self.state(ours.study_id)

    def sweep(self) -> bool:
        """Remove some rows of studies that were deleted, or whose creating process is dead; return whether there
        were any.

        It is one short transaction, so that others can write before the next one. A process counts as dead if this
        one has not seen it write for the duration of its lease, so call this every second or two. Leases of services
        that died while they cancelled a study are freed.
        """
        try:
            with self._database.read() as connection:
                silent = self._makers.look(removal.in_pieces(connection))
                if not silent and not removal.waits(connection):
                    return False
            with self._database.write() as connection:
                removal.let_go(connection, silent)
                removal.some(connection)
                return True
        except DatabaseUnavailable:
            self._makers.forget()
            raise

    def recall(self, caller: str, route: str, key: str) -> IdempotencyRecord | None:
        """Return what an idempotency key was, or is being, used for; None: it is new."""
        with self._database.read() as connection:
            return studies.recall(connection, caller, route, key)

    def checkpoint_key(self, study_id: str) -> bytes:
        """Return the key (32 bytes) that authenticates a study's checkpoints. It never changes."""
        with self._database.read() as connection:
            return secrets.derive(connection, "checkpoints", study_id)

    # -- trials -----------------------------------------------------------------------------------------------------

    def trial(self, trial_id: str) -> TrialRecord:
        """Return one trial, without its curves.

        Raises:
            NotFound: no such trial.
        """
        with self._database.read() as connection:
            return trials.get(connection, trial_id)

    def trials(
        self, study_id: str, filter: TrialFilter = EVERY_TRIAL, limit: int = 100, cursor: str | None = None
    ) -> Page[TrialRecord]:
        """Return a page of a study's trials. Curves are not read.

        Raises:
            NotFound: no such study.
            InvalidFilter: an unknown outcome, sort or field, or a field that is not a number.
            InvalidCursor: not a cursor of this study, filter and sort.
        """
        with self._database.read() as connection:
            return trials.page(connection, study_id, filter, limit, cursor)

    def iter_trials(self, study_id: str, filter: TrialFilter = EVERY_TRIAL) -> Iterator[TrialRecord]:
        """Yield all trials of a filter, in its order; each page is read in a transaction of its own.

        Raises:
            NotFound, InvalidFilter: as `trials`, on the first step of the iteration.
        """
        cursor: str | None = None
        while True:
            page = self.trials(study_id, filter, 1000, cursor)
            yield from page.items
            if (cursor := page.next) is None:
                return

    def curves(self, trial_id: str, metrics: Sequence[str] | None = None, max_points: int = 500) -> Curves:
        """Return a trial's curves with at most `max_points` points, spread evenly over those recorded, first and
        last included.

        Args:
            trial_id: the trial.
            metrics: columns to read; None: all. The iterate itself is read only if `coordinates` is named.
            max_points: at least 2.

        Raises:
            NotFound: no such trial.
            InvalidFilter: a metric that this trial did not record.
        """
        with self._database.read() as connection:
            return curves.read(connection, trial_id, metrics, max_points)

    def table(self, study_id: str, filter: TrialFilter = EVERY_TRIAL) -> pyarrow.Table:
        """Return a study's trials as one flat Arrow table, which laws and exports use (`studies.store.table`).

        Raises:
            NotFound, InvalidFilter: as `trials`.
        """
        from grokscale.studies.store.table import table  # pyarrow takes half a second to import; drivers never need it

        with self._database.read() as connection:
            return table(connection, study_id, filter)

    def theory_reasons(self, study_id: str) -> dict[str, dict[str, str]]:
        """Return why theory columns are null: by trial id and column, for the trials that have such a column.

        Raises:
            NotFound: no such study.
        """
        with self._database.read() as connection:
            return trials.theory_reasons(connection, study_id)

    # -- events -----------------------------------------------------------------------------------------------------

    # -- fits -------------------------------------------------------------------------------------------------------

    def add_fit(self, record: FitRecord, rows: bytes, idempotency: Idempotency | None = None) -> None:
        """Store a fit with its rows, and its idempotency row, in one transaction.

        Args:
            record: the fit.
            rows: of its likelihood, as a Parquet file.
            idempotency: the key under which it was asked for.

        Raises:
            NotFound: no such study.
            AlreadySubmitted: as `add_study`.
        """
        with self._once(idempotency), self._database.write() as connection:
            studies.get(connection, record.study_id)
            fits.add(connection, record, rows)
            if idempotency is not None:
                studies.remember(connection, idempotency, record.study_id, record.id)

    def fit(self, fit_id: str) -> FitRecord:
        """Return a fit.

        Raises:
            NotFound: no such fit.
        """
        with self._database.read() as connection:
            return fits.get(connection, fit_id)

    def fit_rows(self, fit_id: str) -> bytes:
        """Return the rows that a fit was made of, as a Parquet file.

        Raises:
            NotFound: no such fit.
        """
        with self._database.read() as connection:
            return fits.rows(connection, fit_id)

    def fits(self, study_id: str, limit: int = 100) -> list[FitSummary]:
        """Return the summaries of a study's fits, newest first.

        Raises:
            NotFound: no such study.
        """
        with self._database.read() as connection:
            studies.get(connection, study_id)
            return fits.of_study(connection, study_id, limit)

    def events(self, study_id: str, after: int = 0, limit: int = 1000) -> list[EventRecord]:
        """Return a study's events with `seq > after`, oldest first.

        Only the newest `progress` event is kept, so the numbers have gaps.

        Raises:
            NotFound: no such study.
        """
        with self._database.read() as connection:
            return events.after(connection, study_id, after, limit)

    def heads(self, study_ids: Iterable[str]) -> dict[str, Head]:
        """Return the number of each study's latest event, and whether more can come; deleted studies are left out."""
        with self._database.read() as connection:
            return events.heads(connection, study_ids)

    def heartbeat(self, runner: RunnerInfo, news: RunnerNews = NO_NEWS) -> None:
        """Record that a runner is alive, and what it reports of its cluster."""
        with self._database.write() as connection:
            runners.heartbeat(connection, runner, news)

    def runners(self) -> list[RunnerRecord]:
        """Return the runners heard of within a day, the latest first."""
        with self._database.read() as connection:
            return runners.heard_of(connection)

    def claim(self, runner_id: str, lease_seconds: float, busy: Collection[str] | None = None) -> Lease | None:
        """Take the next study that needs a runner, by priority and then age; None: there is none.

        A queued study becomes `running`. One that is running, pausing, stopping or cancelling is taken if its lease
        is free or has expired, and keeps its state. The token increases by one, so that a former holder can write no
        more. Of two runners that claim at the same time, one gets the study.

        A lease expires when this store has not seen it renewed for its duration, by the clock of this process: the
        database's clock may jump, and time in which the database is away does not count. Call this at least every
        two seconds; a longer pause counts as two seconds.

        Args:
            runner_id: the runner that takes it.
            lease_seconds: duration of the lease, from each renewal on.
            busy: studies that the runner works for; they are not taken, whatever their leases say. Any other lease
                of this runner is useless, for example because the answer to its claim was lost, and counts as free.
                None: not known; this runner's leases count like those of others.
        """
        try:
            with self._database.write() as connection:
                return leases.claim(connection, runner_id, lease_seconds, busy, self._silences)
        except DatabaseUnavailable:
            self._silences.forget()
            raise

    def renew(self, lease: Lease, lease_seconds: float) -> None:
        """Show that the holder of a lease is alive. An expired lease is renewed too, if nobody has taken the study.

        Raises:
            LeaseLost: the study has another token.
        """
        with self._database.write() as connection:
            leases.renew(connection, lease, lease_seconds)

    def release(self, lease: Lease) -> None:
        """Give a lease back, so that any runner can claim the study at once; a lost lease is ignored.

        Later writes under it raise `LeaseLost`.
        """
        with self._database.write() as connection:
            leases.release(connection, lease)

    def take_over(self, runner_id: str | None = None) -> list[str]:
        """Free the leases of a dead embedded runner at once; return the studies.

        Only the holder of the lock file in DATA_DIR may call this, since the lock proves that the former holder is
        dead. Call it before the new runner's first heartbeat and claim.

        Args:
            runner_id: the former holder. None: every embedded runner, which is right where the database is the
                SQLite file under that DATA_DIR and wrong where several machines share a server.
        """
        with self._database.write() as connection:
            return leases.take_over(connection, runner_id)

    # -- packs and results, under a lease ---------------------------------------------------------------------------

    def packs(self, study_id: str) -> list[PackRecord]:
        """Return all packs of a study by number.

        Raises:
            NotFound: no such study.
        """
        with self._database.read() as connection:
            return packs.of_study(connection, study_id)

    def extend(self, lease: Lease, batch: Plan) -> bool:
        """Add a proposed batch to an adaptive study, with its configurations, trials and packs: all of it or
        nothing.

        Returns:
            Whether it was added. It is not if the study has these configurations already, so the call may be
            repeated, or if the study is no longer running.

        Raises:
            LeaseLost: see the class.
        """
        with self._database.write() as connection:
            return batches.extend(connection, lease, batch)

    def open_packs(self, lease: Lease) -> list[PackRecord]:
        """Return the packs that are still to be trained (`waiting` or `running`), by number.

        Raises:
            LeaseLost: see the class.
        """
        with self._database.read() as connection:
            return packs.open_ones(connection, lease)

    def pack_trials(self, pack_id: str) -> tuple[Trial, ...]:
        """Return a pack's trials that have not ended, in column order: what is left to train.

        Raises:
            NotFound: no such pack.
        """
        with self._database.read() as connection:
            return packs.unended(connection, pack_id)

    def pack_started(self, lease: Lease, pack_id: str, attempt: int, host: str) -> None:
        """Record that an attempt of a pack began on a host.

        Raises:
            NotFound: no such pack in the lease's study.
            LeaseLost: see the class.
        """
        with self._database.write() as connection:
            packs.started(connection, lease, pack_id, attempt, host)

    def pack_progress(
        self,
        lease: Lease,
        pack_id: str,
        step: int,
        steps_per_second: float,
        seconds_left: float | None,
        preparing: float | None = None,
    ) -> None:
        """Record a pack's step, speed (column steps per second) and remaining time; write a `progress` event.

        The caller limits the rate to about one call per second and pack. The event's data are the study's progress
        object. `preparing`: seconds until a pack that waits for kernels can train; None: it trains.

        Raises:
            NotFound, LeaseLost: as `pack_started`.
        """
        with self._database.write() as connection:
            packs.report(connection, lease, pack_id, step, steps_per_second, seconds_left, preparing)

    def waiting_trials(self, lease: Lease, pack_ids: Sequence[str]) -> tuple[Trial, ...]:
        """Return the trials of packs that have not begun, ordered by index.

        Raises:
            LeaseLost: see the class.
        """
        with self._database.read() as connection:
            return packs.waiting_trials(connection, lease, pack_ids)

    def cut_anew(self, lease: Lease, pack_ids: Sequence[str], planned: Sequence[PlannedPack], cut_for: int) -> bool:
        """Replace some packs that have not begun by others.

        This is done some at a time if there are very many trials. Each trial is in exactly one waiting pack at any
        moment, so that a process that is killed in between leaves ordinary packs behind.

        Args:
            lease: of the study.
            pack_ids: of the packs to be replaced.
            planned: the new packs, of the same trials; their numbers continue those of the study's other packs.
            cut_for: number of packs side by side for which they were planned.

        Returns:
            Whether they were replaced. Nothing is changed if one of the packs is gone or has begun, or the trials
            differ.

        Raises:
            LeaseLost: see the class.
        """
        with self._database.read() as connection:
            if not packs.may_be_cut(connection, lease, pack_ids, planned):
                return False
        for some in packs.together(planned, batches.AT_ONCE):
            with self._database.write() as connection:
                packs.cut_some(connection, lease, pack_ids, some, cut_for)
            self._database.give_way()
        return True

    def commit(self, lease: Lease, pack_id: str, outcomes: Sequence[Outcome], attempt: int, host: str) -> list[int]:
        """Record ended trials: summary, curve points, a `trial` event each, and the study's counts.

        Each trial is written whole or not at all; a call with up to some ten thousand points of curves is one
        transaction. Trials that already have an outcome are left as they are, so a report may be committed again.

        Returns:
            The indices that were newly accepted, in the order given.

        Raises:
            NotFound: no such pack in the lease's study, or an index that the study does not have.
            LeaseLost: see the class.
        """
        accepted: list[int] = []
        for some in commits.parts(outcomes):
            with self._database.write() as connection:
                accepted += commits.commit(connection, lease, pack_id, some, attempt, host)
            if len(some) < len(outcomes):
                self._database.give_way()
        return accepted

    def end_pack(self, lease: Lease, pack_id: str) -> None:
        """Mark a pack as ended; all of its trials must have ended.

        Raises:
            NotEnded: it has trials without an outcome.
            NotFound, LeaseLost: as `pack_started`.
        """
        with self._database.write() as connection:
            packs.end(connection, lease, pack_id)

    def fail_pack(
        self,
        lease: Lease,
        pack_id: str,
        error: Mapping[str, Any],
        max_attempts: int,
        *,
        counted: int | None = None,
    ) -> Verdict:
        """Count a failed attempt of a pack and decide what becomes of it.

        Args:
            lease: of the study.
            pack_id: of one of its packs.
            error: what went wrong.
            max_attempts: failures after which it is halved.
            counted: failures and losses of the pack when the attempt began, by which a repeated call is recognised
                whose first answer was lost; None: take it for the first call.

        Returns:
            `retry`: the pack waits for its next attempt. `halved`: out of attempts, two new packs (parent: this one)
            share its unended trials. `failed`: its one unended trial has the outcome `failed` with this error, and
            the pack is ended. `ended`: all its trials had ended before it failed. Of a pack that has been halved or
            ended already nothing changes.

        Raises:
            NotFound, LeaseLost: as `pack_started`.
        """
        with self._database.write() as connection:
            return packs.fail(connection, lease, pack_id, error, max_attempts, counted)

    def lose_pack(self, lease: Lease, pack_id: str, error: Mapping[str, Any], *, counted: int | None = None) -> None:
        """Count an attempt that was lost with its node or its connection. The pack waits again, and this does not
        count as a failure.

        Args:
            lease: of the study.
            pack_id: of one of its packs.
            error: how it was lost.
            counted: as for `fail_pack`.

        Raises:
            NotFound, LeaseLost: as `pack_started`.
        """
        with self._database.write() as connection:
            packs.lose(connection, lease, pack_id, error, counted)

    def rest_pack(self, lease: Lease, pack_id: str) -> None:
        """Let a pack wait again that was given up to make room for another study.

        Raises:
            NotFound, LeaseLost: as `pack_started`.
        """
        with self._database.write() as connection:
            packs.give_up(connection, lease, pack_id)

    def cancel_unended(self, lease: Lease) -> int:
        """Give every unended trial the outcome `cancelled` and end the packs; return how many there were.

        This writes one `progress` event, not one per trial. If there are very many trials, they are cancelled some
        at a time.

        Raises:
            LeaseLost: see the class.
        """
        return self._cancel_all(lease, None)

    def _cancel_all(self, lease: Lease, seconds: float | None) -> int:
        """Cancel what is left under a lease, which is renewed on the way if nobody else renews it."""
        total, some = 0, batches.AT_ONCE
        while some == batches.AT_ONCE:
            with self._database.write() as connection:
                study = locks.held(connection, lease)
                some = commits.cancel_some(connection, study, batches.AT_ONCE)
                if some < batches.AT_ONCE:
                    commits.end_packs(connection, study)
                if seconds is not None:
                    leases.renew(connection, lease, seconds)
            total += some
            if some == batches.AT_ONCE:
                self._database.give_way()
        return total

    def finish(self, lease: Lease) -> State:
        """End a study's run according to its state, and give the lease back.

        `running` becomes `completed`, `pausing` becomes `paused` (`completed` where every trial has ended),
        `stopping` becomes `stopped`, `cancelling` becomes `cancelled` after its unended trials are.

        Raises:
            NotEnded: it is running and has trials without an outcome.
            LeaseLost: see the class.
        """
        with self._database.read() as connection:
            cancelling = locks.held(connection, lease).state == "cancelling"
        if cancelling:
            self._cancel_all(lease, None)
        with self._database.write() as connection:
            return studies.finish(connection, lease)
