//! `mainstay progress`: how results went over time, in numbers or in words.

use std::process::ExitCode;

use anyhow::Context;
use apps::progress::{CommentAsk, ProgressAsk, Range};
use base::{AppKeyId, UserId};
use identity::{Caller, user};
use serde_json::Value as Json;

use crate::{
    args::progress::Progress,
    environment::Environment,
    output::{Output, misused, plain, table},
    wire::{House, Site},
};

/// Everybody together.
const ALL: &str = "all";

pub(crate) async fn run(
    args: Progress,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let Ok(range) = Range::new(args.from, args.to) else {
        return Ok(misused("--to lies before --from"));
    };
    if args.comment && args.of.as_deref() == Some(ALL) {
        return Ok(misused("--comment is of one user: --of USER"));
    }
    let house = Site::find(&args.application, &environment)?.build().await?;
    let tenant = house.tenant(args.tenant.as_deref()).await?;
    let (of, progress) = (Some(of(&house, args.of.as_deref()).await?), args.progress);
    let caller = Caller::operator();
    if !args.comment {
        let ask = ProgressAsk { tenant, progress, of, range };
        let told = house.engine.progress(&caller, ask).await?;
        house.store.close().await;
        output.show(&told, || in_words(&told, &args.by));
        return Ok(ExitCode::SUCCESS);
    }
    let ask = CommentAsk { tenant, progress, of, language: args.language };
    let said = Box::pin(house.engine.progress_comment(&caller, ask)).await;
    // What models used is written down also when nothing came of it.
    house.models.close().await;
    house.store.close().await;
    let said = said?;
    output.show(&said, || plain(said["comment"].as_str().unwrap_or_default()));
    Ok(ExitCode::SUCCESS)
}

/// Whose results: all together, those of an id, or of the user who signs in by this name.
async fn of(house: &House, said: Option<&str>) -> anyhow::Result<String> {
    let said = said.unwrap_or(ALL);
    if said == ALL || said.parse::<UserId>().is_ok() || said.parse::<AppKeyId>().is_ok() {
        return Ok(said.to_owned());
    }
    let asked = said.to_owned();
    let found = house.store.read(move |db| user::by_sign_in(db, &asked)).await?;
    let found = found.with_context(|| format!("there is no user {said}"))?;
    Ok(found.id.to_string())
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
