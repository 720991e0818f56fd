//! Puts an answer on the wire, with what goes wrong on the way.

use std::{
    io,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    body::{Body, Bytes},
    http::{Response, StatusCode, header},
};
use futures::stream;
use serde_json::{Value as Json, json};

use super::{
    Request,
    reply::{Fault, Reply, Says, Shape},
    speech::Speech,
};

/// Sends an answer. `hung_up` counts the streams that were not read to their end.
pub(super) async fn send(
    request: &Request,
    reply: Reply,
    hung_up: Arc<AtomicUsize>,
) -> Response<Body> {
    let mut waiting = Watch(Some(hung_up.clone()));
    tokio::time::sleep(reply.delay).await;
    waiting.is_over();
    let speech = Speech::of_path(&request.path).unwrap_or(Speech::Openai);
    let streams = reply.status == 200 && speech.streams(request);
    let mut answer = Response::builder()
        .status(StatusCode::from_u16(reply.status).expect("a script uses valid statuses"));
    for (name, value) in &reply.headers {
        answer = answer.header(name, value);
    }
    if reply.is_gzip {
        answer = answer.header(header::CONTENT_ENCODING, "gzip");
    }
    let pieces = match &reply.says {
        // Unwinding ends the connection's task, and with it the connection; no panic is reported.
        Says::Nothing => resume_unwind(Box::new("the script hangs up")),
        Says::Pieces(pieces) => Some(pieces.clone()),
        Says::Content(_) | Says::Call(..) if streams => Some(speech.frames(request, &reply)),
        _ => None,
    };
    let Some(pieces) = pieces else {
        let body = whole(speech, request, &reply);
        let body = if reply.is_gzip { gzip(&[body]) } else { body };
        let answer = answer.header(header::CONTENT_TYPE, "application/json");
        return answer.body(Body::from(body)).expect("a script uses valid headers");
    };
    let answer = answer.header(header::CONTENT_TYPE, speech.content_type(true));
    let pieces = shaped(pieces, reply.shape);
    let pieces = if reply.is_gzip { packed(&pieces) } else { pieces };
    let body = Running { speech, reply, pieces, at: 0, watch: Watch(Some(hung_up)) };
    let body = stream::unfold(body, Running::next);
    answer.body(Body::from_stream(body)).expect("a script uses valid headers")
}

fn whole(speech: Speech, request: &Request, reply: &Reply) -> Vec<u8> {
    let words = |text: &str| text.split_whitespace().count() as u64;
    match &reply.says {
        Says::Body(body) => body.clone().into_bytes(),
        Says::Embeddings(vectors) => {
            let input =
                reply.tokens.map_or_else(|| words(&request.body["input"].to_string()), |it| it.0);
            embeddings(request, vectors, input).to_string().into_bytes()
        }
        _ if reply.status != 200 => speech.error(reply.status).to_string().into_bytes(),
        _ => speech.whole(request, reply).to_string().into_bytes(),
    }
}

fn embeddings(request: &Request, vectors: &[Vec<f32>], input: u64) -> Json {
    if request.path.contains("batchEmbedContents") {
        let all: Vec<Json> = vectors.iter().map(|it| json!({"values": it})).collect();
        return json!({"embeddings": all});
    }
    if request.path.ends_with("/pipeline/feature-extraction") {
        return json!(vectors);
    }
    if request.path.ends_with("/api/embed") {
        return json!({"model": request.body["model"], "embeddings": vectors, "prompt_eval_count": input});
    }
    let data: Vec<Json> = vectors
        .iter()
        .enumerate()
        .map(|(at, it)| json!({"object": "embedding", "index": at, "embedding": it}))
        .collect();
    json!({"object": "list", "model": request.body["model"], "data": data,
           "usage": {"prompt_tokens": input, "total_tokens": input}})
}

struct Running {
    speech: Speech,
    reply: Reply,
    pieces: Vec<Vec<u8>>,
    at: usize,
    watch: Watch,
}

impl Running {
    async fn next(mut self) -> Option<(Result<Bytes, io::Error>, Self)> {
        tokio::time::sleep(self.reply.pace).await;
        match self.reply.fault {
            Some((frames, fault)) if frames == self.at => {
                self.at += 1;
                let bytes = self.speech.faulty(fault);
                if let Some(bytes) = bytes {
                    return Some((Ok(bytes.into()), self));
                }
                match fault {
                    Fault::Stall => std::future::pending().await,
                    Fault::Cut => {
                        // What was sent before must be on its way before the connection dies.
                        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                        self.watch.is_over();
                        Some((Err(io::Error::other("the script cuts")), self))
                    }
                    Fault::End | Fault::Broken | Fault::Error => {
                        self.watch.is_over();
                        None
                    }
                }
            }
            Some((frames, _)) if frames < self.at => {
                self.watch.is_over();
                None
            }
            _ => {
                let Some(piece) = self.pieces.get(self.at) else {
                    self.watch.is_over();
                    return None;
                };
                let piece = Bytes::from(piece.clone());
                self.at += 1;
                Some((Ok(piece), self))
            }
        }
    }
}

/// Counts itself when it is dropped before it is over.
struct Watch(Option<Arc<AtomicUsize>>);

impl Watch {
    fn is_over(&mut self) {
        self.0 = None;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The same frames, put in another way.
fn shaped(mut pieces: Vec<Vec<u8>>, shape: Shape) -> Vec<Vec<u8>> {
    if shape.has_comments {
        pieces.iter_mut().for_each(|it| {
            it.splice(0..0, b": ping\n\n".iter().copied());
        });
    }
    if shape.is_crlf {
        // What is said stands in JSON, where no line ends.
        let crlf = |it: &Vec<u8>| String::from_utf8_lossy(it).replace('\n', "\r\n").into_bytes();
        pieces = pieces.iter().map(crlf).collect();
    }
    match shape.split {
        Some(bytes) => pieces.concat().chunks(bytes).map(<[u8]>::to_vec).collect(),
        None => pieces,
    }
}

/// The pieces as one gzip stream, each to be had as soon as it is there.
fn packed(pieces: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = pieces.iter().map(|it| stored(it, false)).collect();
    let whole = pieces.concat();
    let head = gzip_head();
    match out.first_mut() {
        Some(first) => {
            first.splice(0..0, head);
        }
        None => out.push(head),
    }
    let mut end = stored(&[], true);
    end.extend(gzip_tail(&whole));
    out.push(end);
    out
}

/// The bytes as gzip, not made smaller.
pub(super) fn gzip(pieces: &[Vec<u8>]) -> Vec<u8> {
    packed(pieces).concat()
}

fn gzip_head() -> Vec<u8> {
    vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
}

fn stored(bytes: &[u8], is_last: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut chunks = bytes.chunks(usize::from(u16::MAX)).peekable();
    if chunks.peek().is_none() {
        out.extend([u8::from(is_last), 0, 0, 255, 255]);
    }
    while let Some(chunk) = chunks.next() {
        let length = chunk.len() as u16;
        out.push(u8::from(is_last && chunks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(chunk);
    }
    out
}

fn gzip_tail(bytes: &[u8]) -> Vec<u8> {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    });
    let mut out = (!crc).to_le_bytes().to_vec();
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}
