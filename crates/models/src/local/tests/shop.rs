//! A server that has one file and knows of parts, with faults in its answers when they are wanted.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// How one request is answered; the last holds for all that come after.
#[derive(Debug, Clone, Copy)]
pub(super) enum Serves {
    /// What was asked for, part or whole.
    Well,
    /// Always the whole.
    Whole,
    /// It hangs up after so many bytes.
    Cut(usize),
    /// With this status and nothing else.
    Status(u16),
}

pub(super) struct Shop {
    pub(super) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Shop {
    pub(super) fn open(bytes: Vec<u8>, manners: &[Serves]) -> Self {
        testkit::install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/tiny.whl", listener.local_addr().unwrap());
        let (asked, manners) = (Arc::new(Mutex::new(Vec::new())), manners.to_vec());
        let note = Arc::clone(&asked);
        thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let manner = manners.get(at).or(manners.last()).copied().unwrap_or(Serves::Well);
                // Whoever asks may hang up first.
                let _ = answer(stream.unwrap(), &bytes, manner, &note);
            }
        });
        Self { address, asked }
    }

    /// What was asked for, in order: the `Range` of each request, empty for the whole.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(
    stream: TcpStream,
    bytes: &[u8],
    manner: Serves,
    note: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut range = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("range:") {
            range = value.trim().to_owned();
        }
    }
    note.lock().unwrap().push(range.clone());
    let begin =
        range.strip_prefix("bytes=").and_then(|it| it.trim_end_matches('-').parse::<usize>().ok());
    let (head, body) = match (manner, begin) {
        (Serves::Status(status), _) => (format!("{status} No\r\ncontent-length: 0"), &bytes[..0]),
        (Serves::Whole, _) | (_, None) => {
            (format!("200 OK\r\ncontent-length: {}", bytes.len()), bytes)
        }
        (_, Some(begin)) if begin >= bytes.len() => {
            ("416 Range Not Satisfiable\r\ncontent-length: 0".to_owned(), &bytes[..0])
        }
        (_, Some(begin)) => {
            let (last, all) = (bytes.len() - 1, bytes.len());
            let head = format!(
                "206 Partial Content\r\ncontent-range: bytes {begin}-{last}/{all}\r\ncontent-length: {}",
                all - begin
            );
            (head, &bytes[begin..])
        }
    };
    let body = match manner {
        Serves::Cut(most) => &body[..most.min(body.len())],
        _ => body,
    };
    let mut out = stream;
    write!(out, "HTTP/1.1 {head}\r\nconnection: close\r\n\r\n")?;
    out.write_all(body)?;
    out.flush()
}
