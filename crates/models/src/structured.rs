//! Answers that are JSON and follow a schema, or none.
//!
//! The ladder: ask in the strictest way the provider takes; read the answer, mending what can be
//! mended without guessing ([`crate::repair`]); check it; ask again with what is wrong. Every answer
//! is in the ledger, those that could not be used too.

use jsonschema::Validator;
use serde_json::Value as Json;
use tracing::warn;

use crate::{
    Ask, Cost, Message, ModelError, Models, Structured, Usage,
    door::{Reply, empty, taken},
    repair::{self, Repair},
    schema, tokens,
    usage::Outcome,
};

/// The longest answer that is looked at.
pub const ANSWER_TOKENS_MAX: u64 = 50_000;
/// How much of an answer that cannot be used is shown to the model again.
const QUOTED_BYTES_MAX: usize = 16 * 1024;

impl Models {
    /// Asks for a JSON value that is valid by `schema`.
    ///
    /// # Errors
    /// [`ModelError::Unusable`] when so many answers in a row as the question allows could not be
    /// used, or one is longer than [`ANSWER_TOKENS_MAX`]; else what [`Models::complete`] fails with.
    pub async fn structured(&self, ask: Ask, schema: &Json) -> Result<Structured, ModelError> {
        let asking = self.asking(&ask)?;
        let validator = self.0.schemas.compiled(schema)?;
        let key = self.house_key(&asking, &ask, schema);
        if let Some(key) = &key
            && let Some(kept) = self.repeated(key, &asking)
            && let Some(value) = serde_json::from_str(&kept.text).ok()
            && validator.is_valid(&value)
        {
            return Ok(Structured {
                value,
                attempts: 0,
                repairs: Vec::new(),
                usage: kept.usage,
                cost: kept.cost,
                answer: kept,
                is_repeated: true,
            });
        }
        let mut talk = ask.messages.clone();
        let (mut usage, mut costs) = (Usage::default(), Vec::new());
        let mut errors = Vec::new();
        for attempts in 1..=ask.answers.max(1) {
            if attempts > 1 {
                tokio::time::sleep(ask.pause).await;
            }
            let (reply, taken) = taken(self.say(&asking, &ask, &talk, Some(schema)).await?);
            usage = usage + taken.facts.usage;
            costs.push(taken.facts.cost);
            match judge(&reply, &validator) {
                Verdict::Good(value, repairs) => {
                    taken.attempt.ended(Outcome::Ok).await;
                    let answer = taken.facts.with(reply);
                    let cost = costs.into_iter().sum::<Cost>();
                    if let Some(key) = key {
                        self.keep_for_house(key, &asking, &value, &answer);
                    }
                    return Ok(Structured {
                        value,
                        attempts,
                        repairs,
                        answer,
                        usage,
                        cost,
                        is_repeated: false,
                    });
                }
                Verdict::TooLong(tokens) => {
                    taken.attempt.ended(Outcome::Invalid).await;
                    let error = format!(
                        "the answer has about {tokens} tokens; at most {ANSWER_TOKENS_MAX} are taken"
                    );
                    return Err(ModelError::Unusable { errors: vec![error] });
                }
                Verdict::Bad(found) => {
                    taken.attempt.ended(Outcome::Invalid).await;
                    let quote = quoted(&reply.text).to_owned();
                    let model = taken.facts.with(reply).model;
                    warn!(
                        model.name = model,
                        operation = ask.operation,
                        attempts,
                        faults = found.len(),
                        "The answer of model {model} cannot be used",
                    );
                    talk.truncate(ask.messages.len());
                    talk.push(Message::assistant(quote));
                    talk.push(Message::user(again(&found, attempts)));
                    errors = found;
                }
            }
        }
        Err(ModelError::Unusable { errors })
    }
}

enum Verdict {
    Good(Json, Vec<Repair>),
    TooLong(u64),
    Bad(Vec<String>),
}

/// Can this answer be used?
fn judge(reply: &Reply, schema: &Validator) -> Verdict {
    let length = tokens::estimate(&reply.text);
    if length > ANSWER_TOKENS_MAX {
        return Verdict::TooLong(length);
    }
    if reply.text.trim().is_empty() {
        return Verdict::Bad(vec![empty(reply).into()]);
    }
    let readings = repair::readings(&reply.text);
    let mut findings = match readings.first() {
        None => vec!["the answer holds no JSON".into()],
        Some(first) => schema::findings(schema, &first.value),
    };
    if let Some(good) = readings.into_iter().find(|it| schema.is_valid(&it.value)) {
        return Verdict::Good(good.value, good.repairs);
    }
    if reply.is_cut {
        findings.insert(0, "the answer was cut off at max_tokens: be briefer".into());
    }
    Verdict::Bad(findings)
}

/// What goes back to the model, the stricter the more of its answers could not be used.
fn again(findings: &[String], bad: u32) -> String {
    let list: String = findings.iter().map(|it| format!("- {it}\n")).collect();
    let stricter = match bad {
        0 | 1 => String::new(),
        bad => format!(
            " This is the {} answer in a row that a program could not read: no explanation, no code \
             fence, no word before the value or behind it.",
            nth(bad),
        ),
    };
    format!(
        "Your answer cannot be used:\n{list}Answer again with the whole corrected JSON value and \
         nothing else.{stricter}"
    )
}

fn nth(number: u32) -> String {
    match number {
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        other => format!("{other}th"),
    }
}

fn quoted(text: &str) -> &str {
    if text.trim().is_empty() {
        // Providers refuse empty messages.
        return "(no answer)";
    }
    &text[..text.floor_char_boundary(QUOTED_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn check(text: &str, is_cut: bool) -> Verdict {
        let schema = json!({
            "type": "object",
            "required": ["items"],
            "properties": {"items": {"type": "array", "items": {
                "type": "object", "required": ["code"], "properties": {"code": {"type": "string"}},
            }}},
        });
        let reply = Reply { text: text.into(), is_cut, is_declined: false };
        judge(&reply, &jsonschema::validator_for(&schema).unwrap())
    }

    #[rstest]
    #[case(r#"{"items": []}"#, json!({"items": []}))]
    #[case("[1] is wrong, but {\"items\": []} is right", json!({"items": []}))]
    #[case(r#"{"items": [{"code": "a"}, {"co"#, json!({"items": [{"code": "a"}]}))]
    #[track_caller]
    fn the_first_reading_that_validates_is_taken(#[case] text: &str, #[case] expected: Json) {
        match check(text, false) {
            Verdict::Good(value, _) => assert_eq!(value, expected),
            _ => panic!("not taken"),
        }
    }

    #[rstest]
    #[case("", false, "the answer is empty")]
    #[case("I cannot.", false, "the answer holds no JSON")]
    #[case(r#"{"items": [{"code": 1}]}"#, false, "at /items/0/code: ")]
    #[case(r#"{"item"#, true, "the answer was cut off at max_tokens")]
    #[case(r#"{"items": [{"code": "a"}], "#, true, "")]
    #[track_caller]
    fn what_is_wrong_is_said_with_its_place(
        #[case] text: &str,
        #[case] is_cut: bool,
        #[case] expected: &str,
    ) {
        match check(text, is_cut) {
            Verdict::Bad(findings) => assert!(findings[0].starts_with(expected), "{findings:?}"),
            Verdict::Good(..) => assert!(expected.is_empty()),
            Verdict::TooLong(_) => panic!("too long"),
        }
    }

    #[test]
    fn a_very_long_answer_is_not_looked_at() {
        assert!(matches!(check(&"a".repeat(200_001), false), Verdict::TooLong(50_001)));
        assert!(matches!(check(&"a".repeat(200_000), false), Verdict::Bad(_)));
    }
}
