//! A model server with a pace: `paced-20-10-50` says its first word after 20 ms and another each
//! 10 ms, 50 in all, as OpenAI's chat completions do in pieces.
//!
//! Each word is `NUMBER:SENT:WAITED;`: its place, when it was sent (nanoseconds since 1970) and how
//! long after the request that was (nanoseconds). Whole answers are not timed: they come at once.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep_until},
};

/// When words come.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    first: Duration,
    gap: Duration,
    pub frames: usize,
}

const WHOLE: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"paced","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":1,"total_tokens":21}}"#;
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

impl Pace {
    /// The pace that a request names.
    pub fn of(body: &[u8]) -> Option<Self> {
        let at = body.windows(6).position(|it| it == b"paced-")? + 6;
        let name: Vec<u8> = body[at..]
            .iter()
            .copied()
            .take_while(|it| it.is_ascii_digit() || *it == b'-')
            .collect();
        let mut numbers =
            name.split(|it| *it == b'-').map(|it| str::from_utf8(it).ok()?.parse::<u64>().ok());
        let mut millis = || Some(Duration::from_millis(numbers.next()??));
        let (first, gap, frames) = (millis()?, millis()?, millis()?);
        Some(Self { first, gap, frames: frames.as_millis() as usize })
    }
}

/// Nanoseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Serves until it is killed; says `ready` first.
pub fn run(port: u16) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let failed = |it: std::io::Error| it.to_string();
    runtime.map_err(failed)?.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().map_err(failed)?;
        socket.set_reuseaddr(true).map_err(failed)?;
        socket.bind(([127, 0, 0, 1], port).into()).map_err(failed)?;
        let listener: TcpListener = socket.listen(4096).map_err(failed)?;
        println!("ready {}", listener.local_addr().map_err(failed)?);
        loop {
            let (stream, _) = listener.accept().await.map_err(failed)?;
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                // A connection that ends is no news.
                let _ = serve(stream).await;
            });
        }
    })
}

async fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(16 * 1024);
    loop {
        let Some((body, end)) = request(&bytes) else {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let has = |it: &[u8]| body.windows(it.len()).any(|window| window == it);
        let is_stream = has(b"\"stream\":true") || has(b"\"stream\": true");
        let with_usage = has(b"include_usage");
        match Pace::of(&body).filter(|_| is_stream) {
            Some(pace) => say(&mut stream, pace, with_usage).await?,
            None => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{WHOLE}",
                    WHOLE.len()
                );
                stream.write_all(head.as_bytes()).await?;
            }
        }
        bytes.drain(..end);
    }
}

/// The body of a whole request, and where the next one begins.
fn request(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let begin = bytes.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = str::from_utf8(&bytes[..begin]).ok()?.to_ascii_lowercase();
    let header =
        |name: &str| head.split("\r\n").find_map(|it| it.strip_prefix(name)).map(str::trim);
    if header("transfer-encoding:").is_some_and(|it| it.ends_with("chunked")) {
        return chunked(bytes, begin);
    }
    let length: usize = header("content-length:").and_then(|it| it.parse().ok()).unwrap_or(0);
    Some((bytes.get(begin..begin + length)?.to_vec(), begin + length))
}

/// The same, of a body in chunks without trailers.
fn chunked(bytes: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    loop {
        let line = bytes[at..].windows(2).position(|it| it == b"\r\n")?;
        let size = usize::from_str_radix(str::from_utf8(&bytes[at..at + line]).ok()?, 16).ok()?;
        at += line + 2;
        body.extend_from_slice(bytes.get(at..at + size)?);
        at += size + 2;
        if size == 0 {
            return (at <= bytes.len()).then_some((body, at));
        }
    }
}

async fn say(stream: &mut TcpStream, pace: Pace, with_usage: bool) -> std::io::Result<()> {
    let (came, came_at) = (Instant::now(), now());
    stream.write_all(HEAD).await?;
    for number in 0..pace.frames {
        sleep_until(came + pace.first + pace.gap * number as u32).await;
        let sent = now();
        let word = format!("{number}:{sent}:{};", sent - came_at);
        let role = if number == 0 { r#""role":"assistant","# } else { "" };
        chunk(stream, &frame(&format!(r#"{{{role}"content":"{word}"}}"#), "null")).await?;
    }
    let mut last = frame("{}", "\"stop\"");
    if with_usage {
        last.push_str(&format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"paced\",\"choices\":[],\
             \"usage\":{{\"prompt_tokens\":20,\"completion_tokens\":{0},\"total_tokens\":{1}}}}}\n\n",
            pace.frames,
            pace.frames + 20
        ));
    }
    last.push_str("data: [DONE]\n\n");
    chunk(stream, &last).await?;
    stream.write_all(b"0\r\n\r\n").await
}

fn frame(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"paced\",\
         \"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
    )
}

async fn chunk(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await
}
