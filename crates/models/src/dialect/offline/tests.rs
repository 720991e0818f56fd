//! What the offline provider says, and that it says what it is.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::{Offline, answer, embed, events};
use crate::{
    chat::{Answer, Finish, Format, Part, Request, Role, Tool, ToolChoice},
    dialect::{
        Dialect, Wire, find,
        trial::{asking, joined, text, turn},
    },
    settings::ProviderSettings,
    tokens,
};

fn asked(question: &str) -> Request {
    asking(
        "offline-text",
        [turn(Role::System, [text("Be brief.")]), turn(Role::User, [text(question)])],
    )
}

fn words(answer: &Answer) -> &str {
    match answer.parts.as_slice() {
        [Part::Text { text, .. }] => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_says_plainly_that_no_model_was_asked_and_quotes_the_question() {
    let answer = answer(&asked("What is\nthe fire rating of a door?"));
    let words = words(&answer);
    assert!(words.contains("offline provider") && words.contains("No model was asked"), "{words}");
    assert!(words.ends_with("“What is the fire rating of a door?”"), "{words}");
    assert_eq!(answer.finish, Finish::Stop);
}

#[test]
fn a_long_question_is_quoted_in_part() {
    let answer = answer(&asked(&"word ".repeat(99)));
    assert!(words(&answer).ends_with("word …”"));
    assert!(words(&answer).len() < 300);
}

#[test]
fn the_same_question_gets_the_same_answer_whole_and_in_pieces() {
    let request = asked("Why?");
    assert_eq!(answer(&request), answer(&request));
    assert_eq!(joined(&events(&request)), answer(&request));
    assert!(events(&request).len() > 5, "it comes in several pieces");
    assert_ne!(answer(&request).id, answer(&asked("How?")).id);
}

#[rstest]
#[case(1)]
#[case(10)]
fn the_limit_of_tokens_holds(#[case] most: u64) {
    let answer = answer(&Request { max_tokens: Some(most), ..asked("Grüezi … wie geht’s?") });
    assert_eq!((tokens::estimate(words(&answer)), &answer.finish), (most, &Finish::Length));
    assert_eq!(answer.usage.unwrap().tokens_out, most);
}

#[test]
fn it_stops_at_the_first_stop_text() {
    let stop = vec!["model".into(), "provider".into(), String::new()];
    let answer = answer(&Request { stop, ..asked("Why?") });
    assert_eq!((words(&answer), &answer.finish), ("This is the offline ", &Finish::Stop));
}

#[test]
fn a_schema_gets_its_smallest_valid_instance() {
    let schema = json!({"type": "object", "properties": {"kind": {"enum": ["door", "wall"]}, "minutes": {"type": "integer", "minimum": 30}}, "required": ["kind", "minutes"]});
    let format = Format::JsonSchema { name: "a".into(), schema, strict: None };
    let answer = answer(&Request { format: Some(format), ..asked("Which?") });
    let value: Json = serde_json::from_str(words(&answer)).unwrap();
    assert_eq!(value, json!({"kind": "door", "minutes": 30}));
}

#[test]
fn a_schema_that_it_cannot_serve_gets_the_plain_words() {
    let schema = json!({"type": "string", "pattern": "^[A-Z]{3}$"});
    let format = Format::JsonSchema { name: "a".into(), schema, strict: None };
    assert!(words(&answer(&Request { format: Some(format), ..asked("?") })).contains("No model"));
}

#[test]
fn a_tool_is_called_only_when_it_must_be() {
    let mut request = asked("Weather?");
    request.tools = vec![Tool {
        name: "get_weather".into(),
        description: None,
        parameters: json!({"properties": {"city": {"type": "string", "minLength": 1}}, "required": ["city"]}),
        strict: None,
    }];
    assert_eq!(answer(&request).finish, Finish::Stop);
    for choice in [ToolChoice::Required, ToolChoice::Named("get_weather".into())] {
        request.tool_choice = Some(choice);
        let answer = answer(&request);
        assert_eq!(answer.finish, Finish::ToolCalls);
        let [Part::ToolCall { name, arguments, .. }] = answer.parts.as_slice() else { panic!() };
        assert_eq!((name.as_str(), arguments.as_str()), ("get_weather", r#"{"city":"x"}"#));
        assert_eq!(joined(&events(&request)), answer);
    }
}

#[test]
fn its_counts_are_estimates_and_say_so() {
    let usage = answer(&asked("four")).usage.unwrap();
    assert!(usage.estimated && usage.tokens_in > 4 && usage.tokens_out > 10, "{usage:?}");
}

#[test]
fn embeddings_are_made_for_each_text() {
    let (vectors, usage) = embed(&["a".into(), "b c".into()], None);
    assert_eq!((vectors.len(), vectors[1].len(), usage.tokens_in), (2, 384, 2));
    assert!(usage.estimated);
    assert_eq!(embed(&["b c".into()], None).0[0], vectors[1]);
}

#[test]
fn it_needs_neither_key_nor_address_and_has_no_use_for_them() {
    assert_eq!(find("offline").map(Dialect::wire), Some(Wire::InProcess));
    let nothing = ProviderSettings::default();
    assert_eq!(Offline.check(&nothing), []);
    assert!(nothing.address("offline").unwrap().host_str().unwrap().ends_with(".invalid"));
    let settings = ProviderSettings { base_url: Some("http://h".into()), ..Default::default() };
    assert_eq!(Offline.check(&settings)[0].0, "base_url");
    assert_eq!(Offline.read_models(b"").unwrap().len(), 2);
}
