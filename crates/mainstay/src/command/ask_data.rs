//! `mainstay ask-data`: a question over the application's data, in words.

use std::process::ExitCode;

use apps::question::QuestionAsk;
use identity::Caller;
use serde_json::Value as Json;

use crate::{args::AskData, environment::Environment, output::Output, wire::Site};

pub(crate) async fn run(
    args: AskData,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let house = Site::find(&args.application, &environment)?.build().await?;
    let ask = QuestionAsk {
        tenant: house.tenant(args.tenant.as_deref()).await?,
        questions: args.questions,
        question: args.question,
        conversation: args.conversation,
        language: args.language,
    };
    let asked = house.engine.question_ask(&Caller::operator(), ask).await;
    // What models used is written down also when nothing came of it.
    house.models.close().await;
    house.store.close().await;
    let answer = asked?;
    output.show(&answer, || told(&answer));
    Ok(if answer["answered"] == true { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The answer for people: what was found or why nothing was, and what to ask next.
fn told(answer: &Json) -> String {
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    let mut lines: Vec<String> = text("answer").or_else(|| text("error")).into_iter().collect();
    if let Some(instead) = text("reformulated") {
        lines.push(format!("instead: {instead}"));
    }
    lines.push(String::new());
    let followups = answer["followups"].as_array().into_iter().flatten();
    lines.extend(followups.filter_map(Json::as_str).map(|it| format!("- {it}")));
    if let Some(conversation) = text("conversation") {
        lines.push(format!("\nto go on: --conversation {conversation}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_told_with_what_could_be_asked_next() {
        let answered = json!({"answer": "Billing.", "followups": ["Why?"], "conversation": "c1"});
        assert_eq!(told(&answered), "Billing.\n\n- Why?\n\nto go on: --conversation c1");
        let without = json!({"error": "No.", "reformulated": "How many?", "followups": []});
        assert_eq!(told(&without), "No.\ninstead: How many?\n");
    }
}
