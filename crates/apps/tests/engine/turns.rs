//! Taking turns on a record: one job at a time, cancelled in the middle, handed back in the middle.

use std::time::Duration;

use serde_json::json;
use testkit::model::{Reply, Script};
use work::State;

use crate::{
    answers::{Asked, Tally, asked, good, items},
    house::{House, code, file, job_of, record_of, version_of},
};

testkit::on_both! {
    async fn of_two_refactors_at_once_one_is_told_who_is_first(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, _) = house.sample("Sample").await;
        let mut house = house;
        house.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
        let (one, other) = tokio::join!(
            house.task("refactor", record, json!({})),
            house.task("refactor", record, json!({})),
        );
        let (first, second) = if one.is_ok() { (one, other) } else { (other, one) };
        let first = first.expect("one of them is taken");
        let refused = second.expect_err("the other is not");
        assert_eq!(refused.code(), "record_locked");
        assert!(refused.to_string().contains(&job_of(&first).to_string()), "{refused}");
        let change = house.change(record, json!([{"original_label": "X"}])).await;
        assert_eq!(code(change), "record_locked");
        let lock = {
            let (engine, held) = (house.engine.clone(), house.record(record).await);
            house.read(move |db| engine.lock_of(db, &held)).await
        };
        assert_eq!(lock.map(|it| it.job), Some(job_of(&first)));
        house.hire();
        house.done(&first).await;
        house.task("refactor", record, json!({})).await.expect("free again");
        assert_eq!(house.versions(record).await.len(), 2);
    }

    async fn a_job_that_is_cancelled_leaves_nothing_half_built(db: testkit::Database) {
        let script = Script::start().await;
        // The version is built when proposals are asked for.
        script.always(|body| match asked(body) {
            Asked::Proposals => Reply::json(&good(body)).delayed(Duration::from_secs(20)),
            _ => Reply::json(&good(body)),
        });
        let house = House::with_model(db, &script).await;
        let accepted = house.begin_import("Cancelled", file("a.csv", "label\nPART 1\n")).await.expect("a job");
        let job = job_of(&accepted);
        house.until(job, |it| it.progress >= 65).await;
        let (now, actor) = (house.clock.now(), base::Actor::operator());
        let cancelled = house.store.write(&actor, now, move |tx| work::cancel(tx, None, job, now));
        cancelled.await.expect("it can be cancelled");
        assert_eq!(house.ended(job).await.state, State::Cancelled);
        assert_eq!(house.count("SELECT count(*) AS total FROM versions").await, 0);
        assert!(house.record(record_of(&accepted)).await.active_version.is_none());
        house.is_in_order().await;
    }

    async fn a_job_that_is_handed_back_does_not_ask_again(db: testkit::Database) {
        let script = Script::start().await;
        let tally = Tally::default();
        let counted = tally.clone();
        script.always(move |body| match asked(body) {
            Asked::Proposals if counted.one_more() == 1 => {
                Reply::json(&good(body)).delayed(Duration::from_secs(20))
            }
            _ => Reply::json(&good(body)),
        });
        let mut house = House::with_model(db, &script).await;
        let rows: String = (0..150).map(|it| format!("PART {it}\n")).collect();
        let accepted = house.begin_import("Back", file("a.csv", format!("label\n{rows}"))).await.expect("a job");
        house.until(job_of(&accepted), |it| it.progress >= 80).await;
        while tally.count() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let drained = house.workers.take().expect("workers").drain(Duration::ZERO).await;
        assert_eq!(drained.handed_back, 1);
        house.hire();
        let result = house.done(&accepted).await;
        let analyses = script.requests().iter().filter(|it| asked(&it.body) == Asked::Analysis).map(|it| items(&it.body).len()).sum::<usize>();
        assert_eq!(analyses, 150, "each item was asked about once");
        assert_eq!(house.versions(record_of(&accepted)).await.len(), 1);
        assert_eq!(house.active(record_of(&accepted)).await.id, version_of(&result));
        house.is_in_order().await;
    }

    async fn what_is_past_its_time_is_removed(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, _) = house.import("Old", file("a.csv", "label\nPART 1\n")).await;
        house.engine.sweep(house.clock.now()).await.expect("it sweeps");
        assert_eq!(house.count("SELECT count(*) AS total FROM jobs").await, 1);
        house.clock.advance(jiff::SignedDuration::from_hours(24 * 31));
        let swept = house.engine.sweep(house.clock.now()).await.expect("it sweeps");
        assert_eq!(swept["jobs"], 1, "{swept}");
        assert_eq!(house.count("SELECT count(*) AS total FROM blobs").await, 0);
        assert_eq!(house.active(record).await.record_count, 1, "what is in use stays");
    }

    async fn a_tenant_is_erased_when_it_can_not_come_back_any_more(db: testkit::Database) {
        let house = House::without_model(db).await;
        house.import("Old", file("a.csv", "label\nPART 1\n")).await;
        let (gone, now) = (house.tenant, house.clock.now());
        let delete = move |tx: &store::Tx| identity::tenant::delete(tx, gone, None);
        house.store.write(&base::Actor::house(), now, delete).await.expect("it is deleted");
        let sweep = async || house.engine.sweep_tenants(house.clock.now()).await.expect("it sweeps");
        house.clock.advance(jiff::SignedDuration::from_hours(24 * 30));
        assert_eq!(sweep().await, [], "it may still come back");
        house.clock.advance(jiff::SignedDuration::from_hours(1));
        assert_eq!(sweep().await, [gone]);
        assert_eq!(house.count("SELECT count(*) AS total FROM versions").await, 0);
        assert_eq!(house.count("SELECT count(*) AS total FROM tenants").await, 2, "the others stay");
        assert_eq!(sweep().await, []);
    }
}
