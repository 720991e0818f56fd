//! The scripted provider as a process, so that programs which are not written in Rust can ask it.
//!
//! `cargo run -p testkit --example provider -- [FOLDER OF FIXTURES]` prints `ready ADDRESS` and
//! answers in each dialect until it is stopped. The question says what to answer, in the last of its
//! texts that begins with `script: `:
//!
//! - `say WORDS`: these words; `say` alone, and a question without a script, answers `Hello there`;
//! - `echo`: the body of the request, as it came here;
//! - `call TOOL {"a": 1}`: a call of a tool;
//! - `fixture NAME [STATUS]`: a file of the folder, in pieces of a few bytes when it is a stream;
//! - `status N [SECONDS]`: a refusal, with `Retry-After`;
//! - `cut N`, `end N`, `break N`, `fail N`: a stream that goes wrong after so many frames;
//! - `slow MILLISECONDS`: a stream with this time before each frame;
//! - `silent`: an answer that does not say what was used.

use std::{path::PathBuf, time::Duration};

use serde_json::Value as Json;
use testkit::model::{Reply, Script};

const WORDS: &str = "one two three four five six seven eight";
/// Small enough that no frame, and no letter of several bytes, comes whole by chance.
const PIECE_BYTES: usize = 7;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "who started it waits for this line")]
async fn main() {
    let fixtures = std::env::args_os().nth(1).map(PathBuf::from);
    let script = Script::start().await;
    script.always(move |body| reply(body, fixtures.as_ref()));
    println!("ready {}", script.address());
    std::future::pending::<()>().await;
}

fn reply(body: &Json, fixtures: Option<&PathBuf>) -> Reply {
    let mut wish = None;
    last_wish(body, &mut wish);
    let (verb, rest) =
        wish.as_deref().map_or(("say", ""), |it| it.split_once(' ').unwrap_or((it, "")));
    let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
    let number = |text: &str| text.parse::<usize>().unwrap_or_default();
    match verb {
        "say" if rest.is_empty() => Reply::text("Hello there"),
        "say" => Reply::text(rest),
        "echo" => Reply::text(body.to_string()),
        "call" => Reply::call(first, &serde_json::from_str(second).unwrap_or(Json::Null)),
        "fixture" => fixture(fixtures, first, second),
        "status" => {
            let reply = Reply::status(first.parse().unwrap_or(500));
            if second.is_empty() { reply } else { reply.retry_after(second) }
        }
        "cut" => Reply::text(WORDS).cut_after(number(first)),
        "end" => Reply::text(WORDS).ends_after(number(first)),
        "break" => Reply::text(WORDS).breaks_after(number(first)),
        "fail" => Reply::text(WORDS).fails_after(number(first)),
        "slow" => Reply::text(WORDS).paced(Duration::from_millis(number(first) as u64)),
        "silent" => Reply::text(WORDS).without_usage(),
        _ => Reply::body(400, format!("the script knows no `{verb}`")),
    }
}

/// The last text that is a script, wherever the dialect has it.
fn last_wish(value: &Json, found: &mut Option<String>) {
    match value {
        Json::String(text) => {
            if let Some(wish) = text.strip_prefix("script: ") {
                *found = Some(wish.to_owned());
            }
        }
        Json::Array(all) => all.iter().for_each(|it| last_wish(it, found)),
        Json::Object(fields) => fields.values().for_each(|it| last_wish(it, found)),
        _ => {}
    }
}

fn fixture(folder: Option<&PathBuf>, name: &str, status: &str) -> Reply {
    let Some(folder) = folder else { return Reply::body(500, "no folder of fixtures was given") };
    let Ok(bytes) = std::fs::read(folder.join(name)) else {
        return Reply::body(500, format!("there is no fixture `{name}`"));
    };
    if name.ends_with(".sse") || name.ends_with(".ndjson") {
        return Reply::pieces(bytes.chunks(PIECE_BYTES));
    }
    Reply::body(status.parse().unwrap_or(200), String::from_utf8_lossy(&bytes))
}
