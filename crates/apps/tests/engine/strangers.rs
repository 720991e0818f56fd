//! Somebody of another tenant, at every door of the engine: nothing is there for them, nothing changes.

use apps::{
    ask::{Decision, ImportChange, ImportCreate, Revert, Source, TaskRun},
    error::EngineError,
};
use base::PageRequest;
use serde_json::{Value as Json, json};

use crate::house::{House, file, object, run, version_of};

#[track_caller]
fn is_shut<T: std::fmt::Debug>(door: &str, outcome: Result<T, EngineError>) {
    let refused = outcome.err().unwrap_or_else(|| panic!("{door} is open to a stranger"));
    let known = [
        "record_not_found",
        "version_not_found",
        "proposal_not_found",
        "not_found",
        "tenant_forbidden",
    ];
    assert!(known.contains(&refused.code()), "{door}: {} ({refused})", refused.code());
}

testkit::on_both! {
    async fn a_stranger_finds_every_door_shut(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, result) = house.sample("Ours").await;
        let version = version_of(&result);
        let proposal = house.proposals(version).await[0].id;
        let hook = house
            .engine
            .webhook_create(&house.editor(), house.tenant, "https://example.com/h".into(), vec!["job.failed".into()], None)
            .await
            .expect("a webhook");
        let hook = hook["id"].as_str().and_then(|it| it.parse().ok()).expect("an id");
        let tables = [
            "SELECT count(*) AS total FROM jobs",
            "SELECT count(*) AS total FROM versions",
            "SELECT count(*) AS total FROM records",
            "SELECT count(*) AS total FROM proposals WHERE status = 'pending'",
            "SELECT count(*) AS total FROM webhooks WHERE is_active = 1",
            "SELECT count(*) AS total FROM webhook_deliveries",
            "SELECT count(*) AS total FROM blobs",
        ];
        let mut before = Vec::new();
        for table in tables {
            before.push(house.count(table).await);
        }

        let (engine, they) = (&house.engine, house.outsider());
        let create = ImportCreate {
            tenant: house.tenant,
            collection: "codebooks".into(),
            data: object(json!({"name": "Theirs", "type": "material"})),
            label: None,
            notes: None,
            source: file("a.csv", "label\nPART\n"),
        };
        is_shut("import", engine.import_create(&they, create).await);
        let change = ImportChange {
            record,
            collection: None,
            label: None,
            notes: None,
            source: Source::Items(vec![json!({"original_label": "X"})]),
        };
        is_shut("change", engine.import_change(&they, change).await);
        for task in ["refactor", "recommendation", "csi_mapping"] {
            is_shut(task, engine.task_run(&they, run(task, record, json!({}))).await);
            let by_version = TaskRun { record: None, version: Some(version), ..run(task, record, json!({})) };
            is_shut(task, engine.task_run(&they, by_version).await);
        }
        is_shut("feedback", engine.task_run(&they, run("rules_from_feedback", record, json!({"text": "x"}))).await);
        is_shut("activate", engine.activate(&they, version, None, None).await);
        is_shut("activate of", engine.activate(&they, version, Some(record), None).await);
        let revert = Revert { record, collection: None, number: 1, label: None, reason: None };
        is_shut("revert", engine.revert(&they, revert).await);
        is_shut("export", engine.version_export(&they, version, "csv", false).await);
        is_shut("accept", engine.proposal_accept(&they, proposal, None).await);
        is_shut("reject", engine.proposal_reject(&they, proposal, None, None).await);
        for action in [Decision::Accept, Decision::Reject, Decision::Dismiss] {
            let decided = engine.proposals_decide(&they, vec![proposal], action, None).await.expect("nothing");
            assert_eq!((decided["skipped"].clone(), decided["job"].clone()), (json!([proposal]), Json::Null));
        }
        let page = PageRequest::first(10);
        is_shut("webhook", engine.webhook_get(&they, hook).await);
        is_shut("webhook change", engine.webhook_update(&they, hook, None, None, Some(false)).await);
        is_shut("webhook delete", engine.webhook_delete(&they, hook).await);
        is_shut("webhook test", engine.webhook_test(&they, hook).await);
        is_shut("deliveries", engine.webhook_deliveries(&they, hook, &page, true).await);
        is_shut("webhooks", engine.webhooks_list(&they, Some(house.tenant), &page, true).await);
        assert_eq!(engine.webhooks_list(&they, None, &page, false).await.expect("their own").items.len(), 0);
        let into = engine.webhook_create(&they, house.tenant, "https://example.com/".into(), vec!["job.failed".into()], None).await;
        is_shut("webhook create", into);
        let delivery = engine.webhook_test(&house.editor(), hook).await.expect("a test")["id"].clone();
        let delivery = delivery.as_str().and_then(|it| it.parse().ok()).expect("an id");
        is_shut("delivery", engine.delivery_retry(&they, delivery).await);

        let mut after = Vec::new();
        for table in tables {
            after.push(house.count(table).await);
        }
        // The test of the webhook was our own: a job and a delivery.
        before[0] += 1;
        before[5] += 1;
        assert_eq!(after, before);
        assert_eq!(house.active(record).await.id, version);
        house.is_in_order().await;
    }

    async fn a_rule_of_another_tenant_is_not_there(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, _) = house.sample("Ours").await;
        let theirs = house
            .read({
                let stranger = house.stranger;
                move |db| {
                    let sql = "SELECT id FROM records WHERE tenant = $1 AND collection = 'rules'";
                    db.one(sql, &store::params![stranger])?.get::<String>("id")
                }
            })
            .await;
        is_shut("rule", house.task("refactor", record, json!({"rule_id": theirs})).await);
    }
}
