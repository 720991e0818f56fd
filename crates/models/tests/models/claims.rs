//! What callers say of themselves, and what of it they get: tasks, operations, turns, and room in the
//! queue.

use std::sync::Arc;

use base::TenantId;
use models::{
    Settings,
    limit::Priority,
    relay::{Account, Asks, Caller},
};
use serde_json::{Value as Json, json};
use testkit::model::{Reply, Script};

use crate::{
    gateway::{Got, account, call, chat, providers},
    house::{House, millis},
};

async fn house(db: &testkit::Database, change: impl FnOnce(&mut Settings)) -> (House, Script) {
    let script = Script::start().await;
    script.always(|_| Reply::text("Hello").tokens(1, 4));
    let mut settings = providers(&[("local", &script)]);
    settings.prices = read(json!([
        {"model": "*", "input_per_million_usd": 1.0e6, "output_per_million_usd": 1.0e6},
    ]));
    change(&mut settings);
    (House::open(db, settings).await, script)
}

fn read<T: serde::de::DeserializeOwned>(value: Json) -> T {
    serde_json::from_value(value).unwrap()
}

fn caller() -> Caller {
    Caller {
        tenant: TenantId::DEFAULT,
        key: None,
        name: "key_test".into(),
        may_hurry: false,
        operation: None,
        task: None,
        is_task_declared: false,
        job: None,
        priority: None,
    }
}

async fn ask(house: &House, account: Account) -> Got {
    let body = json!({"model": "local/small", "max_tokens": 4, "messages": [{"role": "user", "content": "a"}]});
    let mut asking = call(Asks::Chat, body);
    asking.account = account;
    house.relay(asking).await
}

fn of_task(name: &str, dollars: f64) -> Json {
    json!({"name": name, "scope": "task", "match": name, "period": "month", "limit_usd": dollars})
}

testkit::on_both! {
    async fn the_budget_of_a_task_is_not_escaped_by_naming_another(db: testkit::Database) {
        let (house, script) = house(&db, |it| {
            it.budgets = read(json!([of_task("letters", 12.0), of_task("numbers", 500.0)]));
            it.policies = read(json!([{"key": "key_test", "task": "letters"}]));
        }).await;
        let mut statuses = Vec::new();
        for task in [None, Some("numbers"), Some("made_up"), Some("letters")] {
            let caller = Caller { task: task.map(str::to_owned), is_task_declared: true, ..caller() };
            let account = house.models.account(caller, Asks::Chat);
            assert_eq!(account.task.as_deref(), Some("letters"), "{task:?}");
            statuses.push(ask(&house, account).await.status);
            house.models.close().await;
        }
        // Five dollars each.
        assert_eq!(statuses[2..], [429, 429], "{statuses:?}");
        assert!(script.requests().len() <= 2);
        let rows = house.ledger().await;
        assert!(rows.iter().all(|it| it.task.as_deref() == Some("letters")));
    }

    async fn a_name_that_is_no_task_is_only_what_the_call_is_for(db: testkit::Database) {
        let (house, _script) = house(&db, |it| it.budgets = read(json!([
            of_task("letters", 500.0),
            {"name": "each", "scope": "task", "period": "month", "limit_usd": 8.0},
        ]))).await;
        for (task, is_declared, operation, expected) in [
            ("made_up", false, "made_up", None),
            ("declared", true, "chat", Some("declared")),
            ("letters", false, "chat", Some("letters")),
        ] {
            let caller = Caller { task: Some(task.into()), is_task_declared: is_declared, ..caller() };
            let account = house.models.account(caller, Asks::Chat);
            assert_eq!((account.operation.as_str(), account.task.as_deref()), (operation, expected));
        }
        let named = Caller { task: Some("made_up".into()), operation: Some("drafting".into()), ..caller() };
        assert_eq!(house.models.account(named, Asks::Chat).operation, "drafting");
        // What made-up names cost stands in no pot of theirs.
        let made_up = Caller { task: Some("made_up".into()), ..caller() };
        assert_eq!(ask(&house, house.models.account(made_up, Asks::Chat)).await.status, 200);
        house.models.close().await;
        let standings = house.models.budgets().standings(house.clock.now()).await.unwrap();
        assert!(standings.iter().all(|it| it.id != "made_up"));
    }

    async fn a_policy_looks_at_what_is_asked_and_not_at_what_it_is_called(db: testkit::Database) {
        let (house, script) = house(&db, |it| it.policies = read(json!([
            {"operation": "refactor", "model": "local/large"},
            {"operation": "chat", "allow": ["local/small"]},
        ]))).await;
        let mut asking = chat("local/large", "Hello?");
        asking.account = Account { operation: "refactor".into(), ..account() };
        assert_eq!(house.relay(asking).await.status, 403);
        let mut asking = chat("local/small", "Hello?");
        asking.account = Account { operation: "refactor".into(), ..account() };
        let got = house.relay(asking).await;
        assert_eq!((got.status, got.header("x-mainstay-model")), (200, Some("small")));
        assert_eq!(script.requests().len(), 1);
        assert_eq!(house.ledger().await[0].operation, "refactor");
        // A task of the house is what it says.
        let ask = models::Ask { operation: "refactor".into(), ..crate::house::ask("Hello?") };
        assert_eq!(house.models.complete(ask).await.unwrap().model, "large");
    }

    async fn a_policy_gives_a_turn_and_a_caller_may_wish_for_a_later_one(db: testkit::Database) {
        let (house, _script) = house(&db, |it| it.policies = read(json!([
            {"key": "key_first", "priority": "high"},
            {"key": "key_last", "priority": "low"},
            {"operation": "nightly", "priority": "low"},
        ]))).await;
        let turn = |name: &str, wish: Option<Priority>, may_hurry: bool| {
            let caller = Caller { name: name.into(), priority: wish, may_hurry, ..caller() };
            house.models.account(caller, Asks::Chat).priority
        };
        let (high, normal, low) = (Priority::High, Priority::Normal, Priority::Low);
        assert_eq!(turn("key_test", Some(high), false), normal);
        assert_eq!(turn("key_test", Some(high), true), high);
        assert_eq!(turn("key_first", None, false), high);
        assert_eq!(turn("key_first", Some(low), false), low);
        assert_eq!(turn("key_last", Some(high), false), low);
        for operation in ["nightly", "daily"] {
            let ask = models::Ask { operation: operation.into(), ..crate::house::ask("Hello?") };
            house.models.complete(ask).await.unwrap();
        }
        let turns: Vec<_> = house.ledger().await.into_iter().map(|it| it.priority).collect();
        assert_eq!(turns, [Some(low), Some(normal)]);
    }

    async fn a_call_that_no_provider_has_room_for_used_no_tokens_of_its_caller(db: testkit::Database) {
        let (house, script) = house(&db, |it| {
            it.limits = read(json!([{"per": "tenant", "tokens_per_minute": 20}]));
            it.queue = read(json!({"wait": "0s"}));
            it.providers["local"].concurrency = 1;
        }).await;
        // Answered when all of the others have come and gone.
        script.answers(Reply::text("Hello").tokens(1, 4).delayed(millis(1_200)));
        let others = async {
            script.until_asked(1).await;
            // Each would take five or so, of which there would be none left in the end.
            for _ in 0..8 {
                let refused = ask(&house, account()).await;
                assert_eq!(refused.status, 429, "{}", refused.text());
                assert!(!refused.text().contains("tokens"), "{}", refused.text());
            }
        };
        let (first, ()) = tokio::join!(ask(&house, account()), others);
        assert_eq!(first.status, 200);
        assert_eq!(ask(&house, account()).await.status, 200);
    }

    async fn a_tenant_that_fills_its_share_of_the_queue_leaves_room_for_others(db: testkit::Database) {
        let (house, script) = house(&db, |it| {
            it.queue = read(json!({"depth": 4, "tenant_share": 0.5, "wait": "20s"}));
            it.providers["local"].concurrency = 1;
        }).await;
        // The first is answered when all of the others have come.
        script.answers(Reply::text("Hello").delayed(millis(1_200)));
        let house = Arc::new(house);
        let (greedy, modest) = (TenantId::generate(), TenantId::generate());
        let mut asked = tokio::task::JoinSet::new();
        let mut come = |tenant: TenantId| {
            let house = house.clone();
            asked.spawn(async move { (tenant, ask(&house, Account { tenant, ..account() }).await) });
        };
        for _ in 0..10 {
            come(greedy);
        }
        while house.models.limits().depth() < 2 {
            tokio::time::sleep(millis(1)).await;
        }
        for _ in 0..2 {
            come(modest);
        }
        let all = asked.join_all().await;
        let served = |of: TenantId| all.iter().filter(|it| it.0 == of && it.1.status == 200).count();
        // One was in, and two waited.
        assert_eq!((served(greedy), served(modest)), (3, 2));
        let refused = &all.iter().find(|it| it.1.status != 200).unwrap().1;
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (429, &json!("too_many_requests")));
        assert!(refused.header("retry-after").is_some());
        assert!(refused.text().contains("of this tenant"), "{}", refused.text());
        // Two of another tenant waited before the first of them came.
        let told = |it: &Got| it.header("x-mainstay-queue-depth").map(str::to_owned);
        let mut depths: Vec<_> = all.iter().filter(|it| it.0 == modest).map(|it| told(&it.1)).collect();
        depths.sort();
        assert_eq!(depths, [Some("1".into()), Some("2".into())]);
    }
}
