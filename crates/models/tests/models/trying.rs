//! Trying providers out: asked once, in pieces, by nobody else, and on the books.

use base::TenantId;
use jiff::SignedDuration;
use models::{
    Settings,
    settings::ProviderSettings,
    try_out::{Tester, TryOut},
};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::house::House;

fn provider(kind: &str, address: &str) -> ProviderSettings {
    ProviderSettings {
        kind: Some(kind.into()),
        base_url: (kind != "offline").then(|| address.to_owned()),
        api_key: (kind != "offline").then(|| base::Secret::new("key".into())),
        timeout: SignedDuration::from_secs(5),
        ..ProviderSettings::default()
    }
}

/// A house with one provider of each kind, all at the same address.
async fn house(db: &Database, script: &Script) -> House {
    let mut settings = Settings::default();
    for kind in ["openai", "groq", "huggingface", "anthropic", "gemini", "ollama", "offline"] {
        settings.providers.insert(kind.into(), provider(kind, &script.address()));
        settings.aliases.insert(format!("of-{kind}"), format!("{kind}/small"));
    }
    settings.fallbacks.insert("openai/small".into(), vec!["offline/small".into()]);
    House::open(db, settings).await
}

async fn tried(house: &House, model: Option<&str>) -> Vec<TryOut> {
    let tester = Tester { tenant: TenantId::DEFAULT, caller: "cli".into() };
    house.models.try_out(&tester, model).await
}

testkit::on_both! {
    async fn every_kind_of_provider_can_be_tried_out(db: Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("OK, that is fine").tokens(7, 4));
        let house = house(&db, &script).await;
        let all = tried(&house, None).await;
        let names: Vec<_> = all.iter().filter_map(|it| it.model.as_deref()).collect();
        assert_eq!(names, ["openai/small", "groq/small", "huggingface/small", "anthropic/small", "gemini/small", "ollama/small", "offline/small"]);
        for it in &all {
            assert!(it.ok && it.error.is_none(), "{it:?}");
            assert!(it.ttft_ms.is_some_and(|ttft| ttft <= it.latency_ms), "{it:?}");
            assert!(it.provider == "offline" || (it.tokens_in, it.tokens_out) == (7, 4), "{it:?}");
        }
        let rows = house.ledger().await;
        assert_eq!(rows.len(), 7);
        for row in rows {
            assert_eq!((row.operation.as_str(), row.outcome.name(), row.caller.as_deref()), ("test", "ok", Some("cli")));
        }
    }

    async fn an_answer_that_breaks_off_is_none_and_nobody_else_is_asked(db: Database) {
        let script = Script::start().await;
        let house = house(&db, &script).await;
        for (reply, words) in [
            (Reply::text("one two three four").cut_after(2), "broke off"),
            (Reply::text("one two three four").fails_after(2), "sent an error"),
            (Reply::status(429).retry_after(7), "rate limit"),
        ] {
            script.answers(reply);
            let it = tried(&house, Some("of-openai")).await.remove(0);
            let error = it.error.clone().unwrap_or_else(|| panic!("{it:?}"));
            assert!(!it.ok && error.message.contains(words), "{error:?}");
        }
        assert_eq!(script.requests().len(), 3);
        assert_eq!(house.ledger().await.len(), 3);
    }

    async fn whoever_is_over_a_budget_hears_what_helps(db: Database) {
        // A test holds a few tokens more than sixty-four.
        for (dollars, helps) in [(50.0, "no new period helps"), (100.0, "wait for the new period")] {
            let script = Script::start().await;
            script.always(|_| Reply::text("OK").tokens(30, 30));
            let mut settings = Settings::default();
            settings.providers.insert("openai".into(), provider("openai", &script.address()));
            settings.prices = serde_json::from_value(serde_json::json!([
                {"model": "*", "input_per_million_usd": 1.0e6, "output_per_million_usd": 1.0e6},
            ])).unwrap();
            settings.budgets = serde_json::from_value(serde_json::json!([
                {"name": format!("of-{dollars}"), "scope": "whole", "period": "month", "limit_usd": dollars},
            ])).unwrap();
            let house = House::open(&db, settings).await;
            let mut last = tried(&house, Some("openai/small")).await.remove(0);
            house.models.close().await;
            if last.ok {
                last = tried(&house, Some("openai/small")).await.remove(0);
            }
            let error = last.error.unwrap();
            assert_eq!(error.code, "over_budget");
            assert!(error.hint.as_deref().is_some_and(|it| it.starts_with(helps)), "{error:?}");
        }
    }
}
