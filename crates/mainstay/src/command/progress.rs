//! `mainstay progress`: how results went over time.

use std::process::ExitCode;

use apps::progress::ProgressAsk;
use identity::Caller;
use serde_json::Value as Json;

use crate::{
    args::progress::Progress,
    environment::Environment,
    output::{Output, plain, table},
    wire::Site,
};

pub(crate) async fn run(
    args: Progress,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let house = Site::find(&args.application, &environment)?.build().await?;
    let ask = ProgressAsk {
        tenant: house.tenant(args.tenant.as_deref()).await?,
        progress: args.progress,
        of: Some(args.of),
    };
    let told = house.engine.progress(&Caller::operator(), ask).await?;
    house.store.close().await;
    output.show(&told, || in_words(&told, &args.by));
    Ok(ExitCode::SUCCESS)
}

/// The numbers for people: as a whole, by criterion, and the periods.
fn in_words(told: &Json, by: &str) -> String {
    let number = |it: &Json| it.as_f64().map_or_else(|| "-".to_owned(), |it| it.to_string());
    let line = |name: &str, it: &Json| {
        format!(
            "{name}: mean {}, latest {}, change {}",
            number(&it["mean"]),
            number(&it["latest"]),
            number(&it["change"])
        )
    };
    let mut lines = vec![format!("{} results", told["count"])];
    lines.push(line("overall", &told["overall"]));
    let criteria = told["criteria"].as_object().into_iter().flatten();
    lines.extend(criteria.map(|(name, it)| line(&plain(name), it)));
    let periods = told["periods"][by].as_array().cloned().unwrap_or_default();
    lines.push(String::new());
    lines.push(table(&periods, &["from", "count", "mean"]));
    for (field, texts) in told["recurring"].as_object().into_iter().flatten() {
        let texts = texts.as_array().into_iter().flatten();
        let texts: Vec<String> = texts
            .map(|it| {
                format!("{}× {}", it["count"], plain(it["text"].as_str().unwrap_or_default()))
            })
            .collect();
        if !texts.is_empty() {
            lines.push(format!("\n{}:", plain(field)));
            lines.extend(texts);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_told_with_what_recurs() {
        let told = json!({
            "count": 2,
            "overall": {"mean": 3.5, "latest": 4.0, "change": null},
            "criteria": {"structure": {"mean": 3.0, "latest": 3.0, "change": 1.0}},
            "periods": {"month": [{"from": "2026-11-01", "count": 2, "mean": 3.5}]},
            "recurring": {"strengths": [{"text": "Clear", "count": 2}]},
        });
        assert_eq!(
            in_words(&told, "month"),
            "2 results\noverall: mean 3.5, latest 4, change -\n\
             structure: mean 3, latest 3, change 1\n\n\
             FROM        COUNT  MEAN\n2026-11-01  2      3.5\n\nstrengths:\n2× Clear"
        );
    }
}
