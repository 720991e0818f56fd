//! Another way of asking, after a refusal: of what the house put into a request, or of how a body of
//! its own is made. What a caller asked for in their own bytes is theirs: it is refused to them.

use serde_json::Value as Json;

use crate::{
    dialect::Complaint,
    quirk::{Concession, Quirks},
};

/// What of a request is no wish of the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ours {
    /// That it tells the use of a stream (`stream_options`).
    pub(crate) stream_options: bool,
    /// The limit of the answer in bytes of a caller who named none, as `max_tokens`.
    pub(crate) max_tokens: bool,
    /// That it goes to `responses`: the caller asked there, not this provider.
    pub(crate) responses: bool,
}

/// How to ask instead, when a refusal is about the way of asking. `made` is a body that was made
/// here, and whether the tools in it are ours.
pub(super) fn conceding(
    quirks: Quirks,
    made: Option<(&Json, bool)>,
    ours: Ours,
    status: u16,
    complaint: &Complaint,
) -> Option<Concession> {
    let words = [Some(&complaint.message), complaint.param.as_ref(), complaint.code.as_ref()];
    let is_about = |name: &str| words.into_iter().flatten().any(|it| it.contains(name));
    let mut other = quirks;
    if matches!(status, 400 | 422) {
        if ours.stream_options && is_about("stream_options") {
            other.refuses_stream_options = true;
        } else if ours.max_tokens && is_about("max_completion_tokens") {
            other.wants_completion_tokens = true;
        }
    }
    if ours.responses && has_no_such_path(status, complaint) {
        other.refuses_responses = true;
    }
    if other != quirks {
        // A page of a proxy may be gone in a minute: this call goes on, others learn nothing of it.
        let is_page = status == 404 && complaint.message.is_empty();
        return Some(Concession { quirks: other, is_of_model: !is_page });
    }
    let (made, owns_tools) = made?;
    quirks.conceding(made, owns_tools, status, complaint)
}

/// All that some servers say of a path that they do not have.
const BARE: [&str; 6] =
    ["", "not found", "404 not found", "page not found", "404 page not found", "file not found"];
/// What others name.
const OF_PATH: [&str; 5] = ["url", "path", "route", "endpoint", "/responses"];

/// Is there nothing at the path? A 404 may also mean that there is no such model, or nothing of
/// what the request refers to.
fn has_no_such_path(status: u16, complaint: &Complaint) -> bool {
    let of = |it: &Option<String>| it.as_deref().unwrap_or_default().to_lowercase();
    let (message, code) = (complaint.message.to_lowercase(), of(&complaint.code));
    let is_bare = BARE.contains(&message.trim().trim_end_matches('.'));
    let names = |text: &str| OF_PATH.iter().any(|it| text.contains(it));
    // Names of models may be paths themselves.
    let is_of_model = message.contains("model") && !message.contains("/responses");
    match status {
        405 => true,
        404 if complaint.param.is_some() || is_of_model || code.contains("model") => false,
        404 => is_bare || names(&message) || names(&code),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::{dialect::openai::complaint, settings::JsonMode};

    fn conceded(ours: Ours, status: u16, body: &str) -> Option<Quirks> {
        let complaint = complaint::read(status, &HeaderMap::new(), body.as_bytes());
        let before = Quirks::new(JsonMode::Auto);
        conceding(before, None, ours, status, &complaint).map(|it| it.quirks)
    }

    #[rstest]
    #[case::a_proxy(404, "<html>404</html>", true)]
    #[case::nothing(404, "", true)]
    #[case::fastapi(404, r#"{"detail":"Not Found"}"#, true)]
    #[case::llama_cpp(
        404,
        r#"{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}"#,
        true
    )]
    #[case::openai(404, r#"{"error":{"message":"Invalid URL (POST /v1/responses)","type":"invalid_request_error","param":null,"code":null}}"#, true)]
    #[case::groq(404, r#"{"error":{"message":"Unknown request URL: POST /v1/responses.","type":"invalid_request_error","code":"unknown_url"}}"#, true)]
    #[case::another_method(405, r#"{"detail":"Method Not Allowed"}"#, true)]
    #[case::no_model(404, r#"{"error":{"message":"The model `m` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#, false)]
    #[case::no_model_of_vllm(404, r#"{"object":"error","message":"The model `m` does not exist.","type":"NotFoundError","param":null,"code":404}"#, false)]
    #[case::no_model_in_a_folder(404, r#"{"detail":"There is no model at /path/to/m."}"#, false)]
    #[case::no_item(404, r#"{"error":{"message":"Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.","type":"invalid_request_error","param":"input","code":null}}"#, false)]
    #[case::a_wrong_request(400, r#"{"error":{"message":"Invalid URL in input[0]"}}"#, false)]
    fn that_there_is_nothing_at_the_path_is_told_from_other_refusals(
        #[case] status: u16,
        #[case] body: &str,
        #[case] expected: bool,
    ) {
        let ours = Ours { responses: true, ..Ours::default() };
        let quirks = conceded(ours, status, body);
        assert_eq!(quirks.is_some_and(|it| it.refuses_responses), expected);
        assert_eq!(conceded(Ours::default(), status, body), None);
    }

    #[test]
    fn what_the_caller_asked_for_is_not_given_up() {
        let said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
        let body = json!({"error": {"message": said, "param": "max_tokens"}}).to_string();
        assert_eq!(conceded(Ours::default(), 400, &body), None);
        let ours = Ours { max_tokens: true, ..Ours::default() };
        assert!(conceded(ours, 400, &body).is_some_and(|it| it.wants_completion_tokens));
    }
}
