//! Many requests over kept connections, and how long each of them took.
//!
//! Each connection sends one request after the other. Of whole answers the time from the request to
//! the last byte counts; of streams the time to the first word without what the model itself waited,
//! the way of each word from the model's socket to here, and whether all words came, in order.

use std::{collections::BTreeMap, future::Future, io, sync::Arc, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{answer::Answers, serve::now, times::Times};

/// What is sent where, how often.
#[derive(Clone)]
pub struct Order {
    pub host: String,
    pub request: Vec<u8>,
    /// Connections.
    pub at_once: usize,
    /// Streams in all.
    pub count: usize,
    /// How long whole answers are asked for.
    pub lasts: Duration,
    /// The time over which connections are opened.
    pub ramp: Duration,
    /// The longest that one answer is waited for.
    pub patience: Duration,
    /// Words that a stream has.
    pub frames: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            host: String::new(),
            request: Vec::new(),
            at_once: 1,
            count: 1,
            lasts: Duration::from_secs(3),
            ramp: Duration::ZERO,
            patience: Duration::from_secs(60),
            frames: 0,
        }
    }
}

/// What went wrong, and how often.
#[derive(Default)]
struct Failures(BTreeMap<String, usize>);

impl Failures {
    fn add(&mut self, why: String) {
        *self.0.entry(why).or_default() += 1;
    }

    fn join(&mut self, other: Self) {
        other.0.into_iter().for_each(|(why, count)| *self.0.entry(why).or_default() += count);
    }

    fn json(&self) -> String {
        let all: Vec<_> = self.0.iter().map(|(why, count)| format!("{why:?}:{count}")).collect();
        format!("{{{}}}", all.join(","))
    }
}

/// Whole answers, as fast as they come.
pub fn whole(order: &Order) -> Result<String, String> {
    let begun = Instant::now();
    let parts = at_once(order, |order, _| async move {
        let (mut times, mut failures, mut count) = (Times::default(), Failures::default(), 0_u64);
        let (end, mut answers) = (Instant::now() + order.lasts, None);
        while Instant::now() < end {
            let asked = timeout(order.patience, one(&mut answers, &order)).await;
            match asked.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
                // The first one of a connection opens it, here and beyond.
                Ok(_) if count == 0 => {}
                Ok(taken) => times.take(taken),
                Err(why) => {
                    failures.add(why);
                    answers = None;
                    sleep(Duration::from_millis(5)).await;
                    continue;
                }
            }
            count += 1;
        }
        (times, failures, count)
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let (mut times, mut failures, mut count) = (Times::default(), Failures::default(), 0);
    for part in parts {
        times.join(part.0);
        failures.join(part.1);
        count += part.2;
    }
    let per_second = count as f64 / seconds;
    Ok(format!(
        r#"{{"answered":{count},"per_second":{per_second:.1},"failures":{},"latency":{}}}"#,
        failures.json(),
        times.json()
    ))
}

async fn one(answers: &mut Option<Answers>, order: &Order) -> Result<Duration, String> {
    let failed = |it: io::Error| it.to_string();
    let connected = connected(answers, order).await.map_err(failed)?;
    let begun = Instant::now();
    connected.stream.write_all(&order.request).await.map_err(failed)?;
    let (status, mut left) = connected.head().await.map_err(failed)?;
    let mut body = Vec::new();
    while connected.more(&mut left, &mut body).await.map_err(failed)? {}
    if status == 200 {
        Ok(begun.elapsed())
    } else {
        Err(format!("status {status}: {}", short(&body)))
    }
}

async fn connected<'a>(
    answers: &'a mut Option<Answers>,
    order: &Order,
) -> io::Result<&'a mut Answers> {
    let there = match answers.take() {
        Some(there) => there,
        None => {
            let stream = TcpStream::connect(&order.host).await?;
            stream.set_nodelay(true)?;
            Answers::new(stream)
        }
    };
    Ok(answers.insert(there))
}

/// What was heard of streams.
#[derive(Default)]
struct Heard {
    first: Times,
    words: Times,
    lasted: Times,
    failures: Failures,
    whole: usize,
    streams: usize,
    frames: usize,
    out_of_order: usize,
}

/// Streams, a number of them.
pub fn streams(order: &Order) -> Result<String, String> {
    let begun = Instant::now();
    let parts = at_once(order, |order, slot| async move {
        let mut heard = Heard::default();
        let mut answers = None;
        let mine = order.count / order.at_once + usize::from(slot < order.count % order.at_once);
        for _ in 0..mine {
            let before = heard.out_of_order;
            heard.streams += 1;
            let listened = timeout(order.patience, listen(&mut answers, &order, &mut heard)).await;
            match listened.unwrap_or_else(|_| Err("no end in time".to_owned())) {
                Ok(frames) if frames == order.frames && heard.out_of_order == before => {
                    heard.whole += 1
                }
                Ok(frames) => heard.failures.add(format!("{frames} of {} frames", order.frames)),
                Err(why) => {
                    heard.failures.add(why);
                    answers = None;
                }
            }
        }
        heard
    })?;
    let mut all = Heard::default();
    for part in parts {
        all.first.join(part.first);
        all.words.join(part.words);
        all.lasted.join(part.lasted);
        all.failures.join(part.failures);
        all.whole += part.whole;
        all.streams += part.streams;
        all.frames += part.frames;
        all.out_of_order += part.out_of_order;
    }
    let lost = (all.streams * order.frames).saturating_sub(all.frames);
    Ok(format!(
        r#"{{"streams":{},"whole":{},"frames":{},"frames_lost":{lost},"out_of_order":{},"seconds":{:.2},"failures":{},"first_word":{},"word":{},"stream":{}}}"#,
        all.streams,
        all.whole,
        all.frames,
        all.out_of_order,
        begun.elapsed().as_secs_f64(),
        all.failures.json(),
        all.first.json(),
        all.words.json(),
        all.lasted.json(),
    ))
}

/// Listens to one stream; says how many words it had.
async fn listen(
    answers: &mut Option<Answers>,
    order: &Order,
    heard: &mut Heard,
) -> Result<usize, String> {
    let failed = |it: io::Error| it.to_string();
    let connected = connected(answers, order).await.map_err(failed)?;
    let (begun, begun_at) = (Instant::now(), now());
    connected.stream.write_all(&order.request).await.map_err(failed)?;
    let (status, mut left) = connected.head().await.map_err(failed)?;
    let (mut bytes, mut frames, mut is_done) = (Vec::new(), 0, false);
    while connected.more(&mut left, &mut bytes).await.map_err(failed)? {
        let came = now();
        let Some(end) = bytes.iter().rposition(|it| *it == b'\n') else { continue };
        for line in bytes[..end].split(|it| *it == b'\n') {
            let Some(data) = line.strip_prefix(b"data:").map(<[u8]>::trim_ascii) else { continue };
            if data == b"[DONE]" {
                is_done = true;
            } else if data.starts_with(b"{\"error\"") {
                return Err(format!("error in the stream: {}", short(data)));
            } else if let Some([number, sent, waited]) = word(data) {
                heard.out_of_order += usize::from(number != frames as u64);
                if frames == 0 {
                    heard.first.add(came.saturating_sub(begun_at).saturating_sub(waited));
                }
                heard.words.add(came.saturating_sub(sent));
                frames += 1;
                heard.frames += 1;
            }
        }
        bytes.drain(..=end);
    }
    heard.lasted.take(begun.elapsed());
    match (status, is_done) {
        (200, true) => Ok(frames),
        (200, false) => Err("no [DONE]".to_owned()),
        _ => Err(format!("status {status}: {}", short(&bytes))),
    }
}

/// The three numbers of a word: its place, when it was sent, how long that was after the request.
fn word(data: &[u8]) -> Option<[u64; 3]> {
    let name = b"\"content\":";
    let at = data.windows(name.len()).position(|it| it == name)? + name.len();
    let text = str::from_utf8(data[at..].trim_ascii_start().strip_prefix(b"\"")?).ok()?;
    let mut numbers = text.split_once(';')?.0.split(':').map(|it| it.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

fn short(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(160)]).into_owned()
}

/// Does the same on each connection; what came of it, of each.
fn at_once<T, F>(order: &Order, each: impl Fn(Arc<Order>, usize) -> F) -> Result<Vec<T>, String>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|it| it.to_string())?.block_on(async {
        let order = Arc::new(order.clone());
        let mut all = JoinSet::new();
        for slot in 0..order.at_once {
            let (wait, each) =
                (order.ramp * slot as u32 / order.at_once as u32, each(order.clone(), slot));
            all.spawn(async move {
                sleep(wait).await;
                each.await
            });
        }
        Ok(all.join_all().await)
    })
}
