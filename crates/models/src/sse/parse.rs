//! What the bytes of one frame say.

use bytes::{BufMut, Bytes, BytesMut};

use super::Frame;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Reads the lines of one event. `is_first` allows for a byte order mark.
pub(super) fn event(raw: Bytes, is_first: bool) -> Frame {
    let mut frame = Frame { raw: raw.clone(), event: Bytes::new(), data: Bytes::new() };
    let mut joined: Option<BytesMut> = None;
    let mut has_data = false;
    let mut at = if is_first && raw.starts_with(BOM) { BOM.len() } else { 0 };
    while at < raw.len() {
        let line = &raw[at..];
        let end = line.iter().position(|it| matches!(it, b'\n' | b'\r')).unwrap_or(line.len());
        let colon = line[..end].iter().position(|it| *it == b':').unwrap_or(end);
        let mut start = (colon + 1).min(end);
        if line.get(start) == Some(&b' ') && start < end {
            start += 1;
        }
        let value = at + start..at + end;
        match &line[..colon] {
            b"data" if !has_data => {
                has_data = true;
                frame.data = raw.slice(value);
            }
            b"data" => {
                let joined = joined.get_or_insert_with(|| BytesMut::from(&frame.data[..]));
                joined.put_u8(b'\n');
                joined.extend_from_slice(&raw[value]);
            }
            b"event" => frame.event = raw.slice(value),
            // Comments have no name; `id` and `retry` are for clients that come back, which a
            // paid answer must not.
            _ => {}
        }
        at += end + 1;
        if line.get(end) == Some(&b'\r') && line.get(end + 1) == Some(&b'\n') {
            at += 1;
        }
    }
    if let Some(joined) = joined {
        frame.data = joined.freeze();
    }
    frame
}

/// Reads one line of JSON.
pub(super) fn line(raw: Bytes, is_first: bool) -> Frame {
    let start = if is_first && raw.starts_with(BOM) { BOM.len() } else { 0 };
    let text = raw[start..].trim_ascii();
    let data = if text.is_empty() { Bytes::new() } else { raw.slice_ref(text) };
    Frame { raw, event: Bytes::new(), data }
}
