//! Which language a text is in.

use apps::language;
use base::Permission;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation::new(
            "language.list",
            Permission::OwnAccount,
            Kind::One,
            "Languages",
            "Tells the languages of the application, and how the language of a text is found out.",
            list,
        ),
        Operation::new(
            "language.detect",
            Permission::OwnAccount,
            Kind::One,
            "LanguageDetection",
            "Finds out which of the application's languages a text is in.",
            detect,
        ),
    ]
}

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let languages = &call.app.description().languages;
    Ok(Answer::one(json!({
        "languages": languages,
        "usual": languages.first().map_or("en", String::as_str),
        "methods": ["words", "letters"],
        "threshold": language::THRESHOLD,
        "known": language::KNOWN,
    })))
}

#[derive(Deserialize, JsonSchema)]
struct Detect {
    /// The text.
    text: String,
}

async fn detect(call: Call, args: Detect) -> Result<Answer, Problem> {
    let languages = &call.app.description().languages;
    let usual = languages.first().map_or("en", String::as_str);
    let found = language::detect(&args.text, languages, usual, language::THRESHOLD);
    Ok(Answer::one(json!(found)))
}
