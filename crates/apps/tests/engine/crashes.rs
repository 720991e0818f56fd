//! Workers that die in the middle: what they were at runs again, once, and nothing is left half-done.
//!
//! The doomed workers have a thread and a connection of their own, and both are pulled away at once:
//! nothing of them says good-bye. Their lease runs out when the clock is put forward.

use std::time::Duration;

use apps::{ask::Revert, engine};
use base::JobId;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use store::Options;
use testkit::model::{Reply, Script};
use tokio_util::sync::CancellationToken;
use work::{State, Workers};

use crate::{
    answers::{Asked, Tally, asked, good, items},
    doomed::Doomed,
    ground,
    house::{House, app, file, job_of, quick, record_of, scripted, version_of},
};

/// Workers of another process, which is going to be killed.
async fn doomed(house: &House, models: models::Settings) -> Doomed {
    let (db, clock) = (house.db.clone(), house.clock.clone());
    let begin = move || async move {
        let store = db.open(Options::default()).await;
        let settings = engine::Settings::default();
        let engine = ground::engine(ground::folder(&app()), &store, &clock, models, settings).await;
        let stop = CancellationToken::new();
        Workers::start(store, clock, quick(), engine.handlers(), &stop)
    };
    Doomed::begin(begin).await
}

impl House {
    /// Kills the workers `after` a while, and has others finish what they left.
    async fn survive(
        &mut self,
        job: JobId,
        models: models::Settings,
        after: impl AsyncFnOnce(&Self),
    ) -> Json {
        let doomed = doomed(self, models).await;
        after(self).await;
        doomed.kill();
        // What a transaction was at is over when the next one is through.
        self.clock.advance(SignedDuration::from_secs(120));
        self.hire();
        let ended = loop {
            let job =
                self.until(job, |it| it.state.is_finished() || it.state == State::Pending).await;
            match job.state {
                // It was put off when its workers went away.
                State::Pending if job.due_at > self.clock.now() => {
                    self.clock.advance(job.due_at.duration_since(self.clock.now()));
                }
                State::Pending => tokio::time::sleep(Duration::from_millis(10)).await,
                _ => break job,
            }
        };
        self.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
        assert_eq!(ended.state, State::Completed, "{ended:?}");
        self.is_in_order().await;
        ended.result.expect("a result")
    }
}

testkit::on_both! {
    async fn workers_killed_while_a_model_answers_do_not_ask_it_again(db: testkit::Database) {
        let script = Script::start().await;
        let tally = Tally::default();
        let counted = tally.clone();
        script.always(move |body| match asked(body) {
            // The second batch of the analysis never comes back to those who asked first.
            Asked::Analysis if items(body).len() == 50 && counted.one_more() == 1 => {
                Reply::json(&good(body)).delayed(Duration::from_secs(30))
            }
            _ => Reply::json(&good(body)),
        });
        let mut house = House::idle(db, scripted(&script, false), Default::default()).await;
        let rows: String = (0..250).map(|it| format!("PART {it}\n")).collect();
        let accepted = house.begin_import("Killed", file("a.csv", format!("label\n{rows}"))).await.expect("a job");
        let kept = "SELECT count(*) AS total FROM task_answers";
        let waits = async |house: &House| {
            while house.count(kept).await < 2 || tally.count() == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        house.survive(job_of(&accepted), scripted(&script, false), waits).await;
        let sizes: Vec<_> = script.requests().iter().filter(|it| asked(&it.body) == Asked::Analysis).map(|it| items(&it.body).len()).collect();
        assert_eq!(sizes.iter().filter(|it| **it == 100).count(), 2, "answers are kept: {sizes:?}");
        assert_eq!(sizes.iter().filter(|it| **it == 50).count(), 2, "what never came is asked again");
        assert_eq!(house.active(record_of(&accepted)).await.record_count, 250);
    }

    async fn workers_killed_when_the_version_is_half_built_leave_no_trace(db: testkit::Database) {
        let script = Script::start().await;
        let tally = Tally::default();
        let counted = tally.clone();
        script.always(move |body| match asked(body) {
            Asked::Proposals if counted.one_more() == 1 => {
                Reply::json(&good(body)).delayed(Duration::from_secs(30))
            }
            _ => Reply::json(&good(body)),
        });
        let mut house = House::idle(db, scripted(&script, false), Default::default()).await;
        let accepted = house.begin_import("Half", file("a.csv", "label\nPART 1\nPART 2\n")).await.expect("a job");
        let waits = async |_: &House| {
            while tally.count() == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let result = house.survive(job_of(&accepted), scripted(&script, false), waits).await;
        let versions = house.versions(record_of(&accepted)).await;
        assert_eq!(versions.len(), 1);
        assert_eq!(versions[0].id, version_of(&result));
        assert_eq!(house.proposals(versions[0].id).await.len(), 2);
    }

    async fn workers_killed_at_any_moment_lose_nothing_and_do_nothing_twice(db: testkit::Database) {
        let mut house = House::idle(db, models::Settings::default(), Default::default()).await;
        let none = models::Settings::default();
        let list = |count: usize| {
            let rows: String = (0..count).map(|it| format!("PIPE {it} PVC,LF\n")).collect();
            file("a.csv", format!("label,unit\n{rows}8\" PVC SDR-35,FT\n"))
        };
        let accepted = house.begin_import("First", list(120)).await.expect("a job");
        let job = job_of(&accepted);
        house.survive(job, none.clone(), after_progress(job, 30)).await;
        let record = record_of(&accepted);
        let mut versions = 1;
        for percent in [5, 66] {
            let asked = house.task("refactor", record, json!({})).await.expect("a job");
            let made = house.survive(job_of(&asked), none.clone(), after_progress(job_of(&asked), percent)).await;
            versions += 1;
            assert_eq!(house.versions(record).await.len(), versions, "one version for one refactor");
            let now = house.engine.activate(&house.editor(), version_of(&made), None, None).await;
            now.expect("it becomes active");
        }
        for percent in [1, 10] {
            let asked = house.task("recommendation", record, json!({})).await.expect("a job");
            house.survive(job_of(&asked), none.clone(), after_progress(job_of(&asked), percent)).await;
        }
        let ask = Revert { record, collection: None, number: 1, label: None, reason: None };
        let accepted = house.engine.revert(&house.editor(), ask).await.expect("a job");
        house.survive(job_of(&accepted), none.clone(), after_progress(job_of(&accepted), 1)).await;
        assert_eq!(house.versions(record).await.len(), versions + 1);
        let all = house.proposals(house.versions(record).await[0].id).await;
        let change = all.iter().find(|it| it.suggestion.contains("Unit FT")).expect("a proposal").id;
        let accepted = house.engine.proposal_accept(&house.editor(), change, None).await.expect("a job");
        house.survive(job_of(&accepted), none, after_progress(job_of(&accepted), 1)).await;
        assert_eq!(house.versions(record).await.len(), versions + 2);
        assert_eq!(house.active(record).await.number, versions as i64 + 2);
    }

    async fn a_job_whose_work_is_done_when_the_worker_dies_is_not_done_again(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|body| Reply::json(&good(body)));
        // Embedding comes after everything else.
        script.answers_embeddings(Reply::embeddings(vec![vec![1.0; 64]]).delayed(Duration::from_secs(30)));
        let mut house = House::idle(db, scripted(&script, true), Default::default()).await;
        let accepted = house.begin_import("Done", file("a.csv", "label\nPART 1\n")).await.expect("a job");
        let job = job_of(&accepted);
        let waits = async |house: &House| {
            house.until(job, |it| it.checkpoint.is_some()).await;
            while !script.requests().iter().any(|it| it.path.ends_with("embeddings")) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let result = house.survive(job, scripted(&script, true), waits).await;
        assert_eq!(result["embedded"]["done"], 1, "{result}");
        assert_eq!(house.versions(record_of(&accepted)).await.len(), 1);
        assert_eq!(script.requests().iter().filter(|it| it.path.ends_with("completions")).count(), 2);
        assert_eq!(house.audited("version_activated").await, 1);
    }
}

/// Until the job has come that far, or is done already: then the kill comes too late, which is fine.
fn after_progress(job: JobId, percent: u8) -> impl AsyncFnOnce(&House) {
    async move |house: &House| {
        house.until(job, |it| it.progress >= percent || it.state.is_finished()).await;
    }
}
