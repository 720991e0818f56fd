//! What is said to the model, and what is said where there is none.

use base::Timestamp;
use models::{Message, tokens};
use serde_json::{Value as Json, json};

use super::{
    about::About,
    cite::{self, Source},
    message::{self, Role},
};
use crate::{
    check::ABOUT_VARIABLES,
    configuration,
    description::AssistantSource,
    folder::{AssistantKit, Folder},
    language,
    template::{TemplateError, Vars},
};

/// What answers are called that only quote.
pub const QUOTES: &str = "quotes";

/// How many passages an answer without a model quotes.
const QUOTED: usize = 3;

/// What a question is asked with.
#[derive(Clone, Default)]
pub(crate) struct Scene {
    pub(crate) question: String,
    /// The rules that the person set for themselves, or gave with the question.
    pub(crate) own_prompt: Option<String>,
    /// Words that the caller gave along.
    pub(crate) given: Option<String>,
    /// The manner that the caller wishes for.
    pub(crate) personality: Option<String>,
    /// What it is about.
    pub(crate) about: Option<About>,
    /// How the results of whoever asks went: name in the template → what they are told of it.
    pub(crate) progress: Vec<(String, Json)>,
}

/// The conversation that the model is to go on with.
pub(crate) fn messages(
    folder: &Folder,
    kit: &AssistantKit,
    scene: &Scene,
    sources: &[Source],
    history: Vec<Message>,
    now: Timestamp,
) -> Result<Vec<Message>, TemplateError> {
    let mut vars = seen(&scene.question, sources, now)
        .with("given", &json!(scene.given))
        .with("own_prompt", &json!(scene.own_prompt))
        .with("personality", &json!(scene.personality));
    for name in ABOUT_VARIABLES {
        vars.set(name, &Json::Null);
    }
    for (name, value) in scene.about.iter().flat_map(About::vars) {
        vars.set(name, &value);
    }
    set_context(&mut vars, folder, kit, scene);
    let prompt = kit.prompt.prompt(&vars)?;
    let system = prompt.system.filter(|it| !it.is_empty()).map(Message::system);
    Ok(system.into_iter().chain(history).chain([Message::user(prompt.user)]).collect())
}

/// What every template for a question sees.
pub(super) fn seen(question: &str, sources: &[Source], now: Timestamp) -> Vars {
    let shown: Vec<Json> = sources
        .iter()
        .map(|it| {
            json!({
                "number": it.number, "title": it.title, "url": it.url, "page": it.page,
                "text": cite::harmless(&it.excerpt),
            })
        })
        .collect();
    Vars::new()
        .with("question", &json!(question))
        .with("sources", &json!(shown))
        .with("context", &json!(cite::context(sources)))
        .with("today", &json!(now.strftime("%Y-%m-%d").to_string()))
}

/// Lets a template see what the assistant names: documents of `config/`, and progress.
pub(super) fn set_context(vars: &mut Vars, folder: &Folder, kit: &AssistantKit, scene: &Scene) {
    for (name, seen) in &scene.progress {
        vars.set(name, seen);
    }
    for (name, source) in &kit.description.context {
        let AssistantSource::Config(source) = source else { continue };
        let language = source.is_by_language().then(|| language_of(folder, &scene.question));
        let seen =
            source.path().and_then(|it| configuration::look(folder, it, language.as_deref()));
        vars.set(name, &seen.unwrap_or_default());
    }
}

/// The language of a question, among those of the application.
pub(super) fn language_of(folder: &Folder, question: &str) -> String {
    let languages = &folder.description().languages;
    let usual = languages.first().map_or("en", String::as_str);
    language::detect(question, languages, usual, language::THRESHOLD).language
}

/// What was said before, as the model is told it: the newest first until there is no room, then in
/// order. Markers are left out: they named other sources.
pub(crate) fn history(newest_first: Vec<message::Message>, tokens_max: u64) -> Vec<Message> {
    let mut left = tokens_max;
    let mut said = Vec::new();
    for message in newest_first {
        let content = match message.role {
            Role::Assistant => cite::without_markers(&message.content),
            Role::User | Role::System => message.content,
        };
        if content.trim().is_empty() {
            continue;
        }
        let Some(rest) = left.checked_sub(tokens::estimate(&content)) else { break };
        left = rest;
        said.push(match message.role {
            Role::System => Message::system(content),
            Role::User => Message::user(content),
            Role::Assistant => Message::assistant(content),
        });
    }
    // An answer whose question found no room stands alone, and would only confuse.
    if said.last().is_some_and(|it| it.role == models::Role::Assistant) {
        said.pop();
    }
    said.reverse();
    said
}

/// An answer without a model, in pieces: the nearest passages, each with its number. It says that it
/// only quotes.
pub(crate) fn quotes(sources: &[Source]) -> Vec<String> {
    if sources.is_empty() {
        return vec![
            "No model is set up to answer, and nothing was found that could be quoted.".to_owned(),
        ];
    }
    let mut pieces = vec![
        "No model is set up to answer, so this only quotes the passages that are nearest to the \
         question.\n"
            .to_owned(),
    ];
    for source in sources.iter().take(QUOTED) {
        // They go the way of every answer: what looks like a marker would be taken out.
        let quoted = cite::harmless(&source.excerpt).lines().collect::<Vec<_>>().join("\n> ");
        let page = source.page.map(|it| format!(", page {it}")).unwrap_or_default();
        pieces.push(format!("\n> {quoted} [{}]\n>\n> — {}{page}\n", source.number, source.title));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use base::{ChatId, MessageId, TenantId};

    use super::*;

    fn said(role: Role, content: &str) -> message::Message {
        message::Message {
            id: MessageId::generate(),
            tenant: TenantId::DEFAULT,
            chat: ChatId::generate(),
            seq: 1,
            role,
            content: content.into(),
            state: message::State::Whole,
            model_used: None,
            tokens_used: None,
            metadata: json!({}),
            sources: Vec::new(),
            cited: Vec::new(),
            followups: Vec::new(),
            run: None,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_newest_of_what_was_said_finds_room_first() {
        let newest_first = vec![
            said(Role::Assistant, "four four four "),
            said(Role::User, "three three "),
            said(Role::Assistant, "two two two two two two "),
            said(Role::User, "one"),
        ];
        let texts = |tokens| -> Vec<String> {
            history(newest_first.clone(), tokens).into_iter().map(|it| it.content).collect()
        };
        assert_eq!(texts(1_000).len(), 4);
        assert_eq!(texts(7), ["three three ", "four four four "]);
        // The answer would find room, its question would not.
        assert_eq!(texts(4), Vec::<String>::new());
    }

    #[test]
    fn markers_of_older_answers_are_not_told_again() {
        let told = history(
            vec![said(Role::Assistant, "Daily [3]."), said(Role::User, "How often [1]?")],
            100,
        );
        assert_eq!(told[0].content, "How often [1]?");
        assert_eq!(told[1].content, "Daily.");
    }

    #[test]
    fn without_a_model_it_says_that_it_quotes() {
        let text = quotes(&[]).concat();
        assert!(text.contains("No model"), "{text}");
    }
}
