//! Answers of HTTP/1.1 as they come from a connection: a head, then pieces of a body.

use std::io;

use tokio::{io::AsyncReadExt, net::TcpStream};

/// A connection, and what was read of it and not yet used.
pub struct Answers {
    pub stream: TcpStream,
    bytes: Vec<u8>,
    used: usize,
}

/// What is left of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// This many bytes.
    Exactly(usize),
    /// A chunk's size comes next.
    Size,
    /// This many bytes of a chunk, then an empty line.
    Chunk(usize),
    /// Lines after the last chunk.
    Trailer,
    /// Whatever comes until the connection ends.
    All,
    Nothing,
}

impl Answers {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, bytes: Vec::with_capacity(16 * 1024), used: 0 }
    }

    /// The status, and what comes after the head.
    pub async fn head(&mut self) -> io::Result<(u16, Left)> {
        let length = loop {
            let unused = &self.bytes[self.used..];
            if let Some(at) = unused.windows(4).position(|it| it == b"\r\n\r\n") {
                break at + 4;
            }
            if self.read().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head = String::from_utf8_lossy(&self.bytes[self.used..self.used + length])
            .to_ascii_lowercase();
        self.used += length;
        let status =
            head.get(9..12).and_then(|it| it.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let header = |name: &str| {
            let value = head.split("\r\n").find_map(|it| it.strip_prefix(name)?.strip_prefix(':'));
            value.map(str::trim)
        };
        let left = match (header("transfer-encoding"), header("content-length")) {
            (Some(coding), _) if coding.contains("chunked") => Left::Size,
            (_, Some(length)) => match length.parse().map_err(|_| io::ErrorKind::InvalidData)? {
                0 => Left::Nothing,
                length => Left::Exactly(length),
            },
            _ => Left::All,
        };
        Ok((status, left))
    }

    /// More of the body is added to `into`; false at its end.
    pub async fn more(&mut self, left: &mut Left, into: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            let before = into.len();
            while self.step(left, into)? {}
            if into.len() > before {
                return Ok(true);
            }
            if *left == Left::Nothing {
                return Ok(false);
            }
            if self.read().await? == 0 {
                return match left {
                    Left::All => Ok(false),
                    _ => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    /// Uses some of what was read; false when there is not enough.
    fn step(&mut self, left: &mut Left, into: &mut Vec<u8>) -> io::Result<bool> {
        let unused = &self.bytes[self.used..];
        if unused.is_empty() {
            return Ok(false);
        }
        let line = unused.windows(2).position(|it| it == b"\r\n");
        let (used, next) = match *left {
            Left::Nothing => return Ok(false),
            Left::All => {
                into.extend_from_slice(unused);
                (unused.len(), Left::All)
            }
            Left::Exactly(size) => {
                let used = size.min(unused.len());
                into.extend_from_slice(&unused[..used]);
                (used, if used == size { Left::Nothing } else { Left::Exactly(size - used) })
            }
            Left::Size => {
                let Some(end) = line else { return Ok(false) };
                let text = String::from_utf8_lossy(&unused[..end]);
                let size = text.split(';').next().unwrap_or_default().trim();
                let size =
                    usize::from_str_radix(size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
                (end + 2, if size == 0 { Left::Trailer } else { Left::Chunk(size) })
            }
            Left::Chunk(0) => match line {
                Some(_) => (2, Left::Size),
                None => return Ok(false),
            },
            Left::Chunk(size) => {
                let used = size.min(unused.len());
                into.extend_from_slice(&unused[..used]);
                (used, Left::Chunk(size - used))
            }
            Left::Trailer => match line {
                Some(0) => (2, Left::Nothing),
                Some(end) => (end + 2, Left::Trailer),
                None => return Ok(false),
            },
        };
        self.used += used;
        *left = next;
        Ok(true)
    }

    async fn read(&mut self) -> io::Result<usize> {
        self.bytes.drain(..self.used);
        self.used = 0;
        self.stream.read_buf(&mut self.bytes).await
    }
}
