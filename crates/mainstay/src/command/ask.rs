//! `mainstay ask`: a question to an assistant, answered word by word, with its sources.
//!
//! The answer is made by this command, in the name of the operator. What is told of it is kept as a
//! server keeps it, so one that runs beside knows that somebody is at it.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use apps::{
    ask::{AskPlace, AssistantAsk},
    assistant::{Follow, event::Name},
};
use base::RunId;
use identity::Caller;
use serde_json::{Value as Json, json};
use tokio::time::MissedTickBehavior;

use crate::{
    args,
    environment::Environment,
    output::{self, Output},
    wire::House,
};

/// How often it is said that somebody is at the answer: a run that is silent for 15 seconds is lost.
const BEAT: Duration = Duration::from_secs(5);
/// How long the title of a new chat is waited for.
const TITLED_WITHIN: Duration = Duration::from_secs(30);

/// What was told of an answer.
struct Told {
    run: RunId,
    text: String,
    /// What the last event told.
    last: Json,
    is_done: bool,
}

pub(crate) async fn run(
    args: args::ask::Ask,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let house = House::find(&args.application, &environment).await?;
    let place = args.chat.unwrap_or(AskPlace::Alone);
    let ask = AssistantAsk {
        tenant: house.tenant(args.tenant.as_deref()).await?,
        assistant: args.assistant,
        question: args.question,
        place,
        record: args.record,
        system_prompt: args.system_prompt,
        context: None,
        personality: None,
        web: args.web,
        web_results: None,
        documents: (!args.document.is_empty()).then_some(args.document),
        tags: args.tag,
    };
    let follow = house.engine.ask_assistant(&Caller::operator(), ask).await?;
    let told = listen(&house, follow, output).await;
    house.engine.close(TITLED_WITHIN).await;
    house.leave().await;
    let told = told?;
    if !told.is_done {
        if !output.json && !told.text.is_empty() {
            output::line("");
        }
        let word = |name: &str| told.last[name].as_str().unwrap_or_default().to_owned();
        bail!("{} ({})", word("message"), word("code"));
    }
    output.show(&whole(&told), || sources(&told.last));
    if let (false, AskPlace::New, Some(chat)) = (output.json, place, told.last["chat_id"].as_str())
    {
        output::note(&format!("it is kept; go on with --chat {chat}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the answer as it is written, until it ends. Ctrl-C stops it.
async fn listen(house: &House, mut follow: Follow, output: Output) -> anyhow::Result<Told> {
    let (run, caller) = (follow.run(), Caller::operator());
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    let (mut text, mut is_stopping) = (String::new(), false);
    loop {
        let event = tokio::select! {
            event = follow.next() => event?,
            _ = beats.tick() => {
                // A beat that is missed is made up for by the next, and by whatever is told.
                let _ = house.engine.tend(house.site.clock.now()).await;
                continue;
            }
            _ = &mut interrupted, if !is_stopping => {
                is_stopping = true;
                house.engine.run_stop(&caller, run).await?;
                continue;
            }
        };
        let event = event.context("the answer ended without a word about how; ask again")?;
        let told = event.json();
        match event.name {
            Name::Meta if !output.json => {
                if let Some(remark) = remark(&told) {
                    output::note(&remark);
                }
            }
            Name::Delta => {
                let words = output::plain(told["content"].as_str().unwrap_or_default());
                if !output.json {
                    output::piece(&words)?;
                }
                text.push_str(&words);
            }
            Name::Done | Name::Error => {
                return Ok(Told { run, text, last: told, is_done: event.name == Name::Done });
            }
            Name::Meta | Name::Saved | Name::Start | Name::Followups | Name::Usage => {}
        }
    }
}

/// What should be known of how the answer is made.
fn remark(told: &Json) -> Option<String> {
    let word = |name: &str| told[name].as_str().map(str::to_owned);
    match told["stage"].as_str()? {
        "retrieval" => word("degraded").or_else(|| word("message")),
        "web_search" if told["progress"] == 100 => word("message"),
        _ => None,
    }
}

/// The answer for programs.
fn whole(told: &Told) -> Json {
    let last = &told.last;
    json!({
        "answer": told.text, "run": told.run, "chat_id": last["chat_id"],
        "request_id": last["request_id"], "citations": last["citations"],
        "followups": last["followups"], "context_used": last["context_used"],
        "confidence": last["confidence"], "model_used": last["model_used"],
        "tokens_used": last["tokens_used"], "quoting": last["quoting"],
        "input_truncated": last["input_truncated"],
    })
}

/// The end of the line of the answer, what it names, and what could be asked next.
fn sources(last: &Json) -> String {
    let mut text = String::from("\n");
    for it in last["citations"].as_array().into_iter().flatten() {
        let page = it["page"].as_u64().map(|it| format!(", page {it}")).unwrap_or_default();
        let url = it["url"].as_str().map(|it| format!(", {it}")).unwrap_or_default();
        let title = it["title"].as_str().unwrap_or_default();
        text.push_str(&format!("\n[{}] {title}{page}{url}", it["number"]));
    }
    let next: Vec<&str> =
        last["followups"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if !next.is_empty() {
        text.push_str(&format!("\n\n- {}", next.join("\n- ")));
    }
    output::plain(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_listed_below_the_answer_with_page_and_address() {
        let last = json!({"citations": [
            {"number": 1, "title": "Manual", "page": 3, "url": null},
            {"number": 2, "title": "A page", "page": null, "url": "https://example.com/"},
        ]});
        assert_eq!(sources(&last), "\n\n[1] Manual, page 3\n[2] A page, https://example.com/");
        assert_eq!(sources(&json!({"citations": []})), "\n");
    }

    #[test]
    fn what_could_be_asked_next_is_listed_last() {
        let last = json!({
            "citations": [{"number": 1, "title": "Manual", "page": null, "url": null}],
            "followups": ["And the seal?", "And the light?"],
        });
        assert_eq!(sources(&last), "\n\n[1] Manual\n\n- And the seal?\n- And the light?");
        assert_eq!(sources(&json!({"citations": [], "followups": []})), "\n");
    }

    #[test]
    fn what_was_done_without_is_remarked_and_nothing_else() {
        let told = |it: Json| remark(&it);
        assert_eq!(told(json!({"stage": "retrieval", "returned": 3})), None);
        let degraded = json!({"stage": "retrieval", "degraded": "by words alone"});
        assert_eq!(told(degraded).as_deref(), Some("by words alone"));
        let begun = json!({"stage": "web_search", "progress": 0, "message": "Searching the web"});
        assert_eq!(told(begun), None);
        let over = json!({"stage": "web_search", "progress": 100, "message": "2 results"});
        assert_eq!(told(over).as_deref(), Some("2 results"));
    }
}
