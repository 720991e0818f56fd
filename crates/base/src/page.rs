//! Lists are read page by page, by keyset: a page starts after a key, never after a count of rows,
//! so that page 4,000 costs what page 1 costs and rows inserted meanwhile shift nothing.
//!
//! A cursor is that key, signed (HMAC-SHA-256) and bound to its list and filters: it can be neither
//! made up nor carried to another list.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// What a caller asks for: at most `limit` rows after (or before) a cursor.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRequest {
    /// The most rows to return.
    pub limit: u32,
    /// Where to start; none is the beginning.
    pub cursor: Option<Cursor>,
}

impl PageRequest {
    /// The first page of at most `limit` rows.
    pub fn first(limit: u32) -> Self {
        Self { limit, cursor: None }
    }

    /// Does the page lie before its cursor?
    pub fn is_backwards(&self) -> bool {
        self.cursor.as_ref().is_some_and(|it| it.backwards)
    }

    /// Where a list by a moment and an id, the newest first, is to be read on: behind (or before) this
    /// moment, in microseconds, and this id. Without a cursor all moments are behind it.
    pub fn moment_and_id(&self) -> (i64, &str) {
        let key = self.cursor.as_ref().map(|it| it.key.as_slice());
        let moment = |it: &[serde_json::Value]| it.first().and_then(|it| it.as_i64());
        let id = key.and_then(|it| it.get(1)?.as_str());
        (key.map_or(i64::MAX, |it| moment(it).unwrap_or_default()), id.unwrap_or_default())
    }
}

/// A place in a list: the sort key of the row at its edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// The values of the sort key, in order.
    #[serde(rename = "k")]
    pub key: Vec<serde_json::Value>,
    /// The page before the key, not after it.
    #[serde(rename = "b", default, skip_serializing_if = "std::ops::Not::not")]
    pub backwards: bool,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows, in the order of the list whichever way the page was reached.
    pub items: Vec<T>,
    /// The page after this one, if there is one.
    pub next: Option<Cursor>,
    /// The page before this one, if there is one.
    pub prev: Option<Cursor>,
    /// How many rows the whole list has, when that was asked for.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// Makes a page of rows read for `request`: up to `limit + 1` of them, in reading order
    /// (reversed when the request goes backwards). The one too many tells that there are more.
    pub fn of(
        mut rows: Vec<T>,
        request: &PageRequest,
        key: impl Fn(&T) -> Vec<serde_json::Value>,
    ) -> Self {
        let more = rows.len() > request.limit as usize;
        rows.truncate(request.limit as usize);
        let backwards = request.is_backwards();
        if backwards {
            rows.reverse();
        }
        let (has_prev, has_next) = match (backwards, &request.cursor) {
            (true, _) => (more, true),
            (false, Some(_)) => (true, more),
            (false, None) => (false, more),
        };
        let edge = |row: Option<&T>, backwards| row.map(|it| Cursor { key: key(it), backwards });
        let next = if has_next { edge(rows.last(), false) } else { None };
        let prev = if has_prev { edge(rows.first(), true) } else { None };
        Self { items: rows, next, prev, total: None }
    }

    /// The same page with other items.
    pub fn map<U>(self, shape: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(shape).collect(),
            next: self.next,
            prev: self.prev,
            total: self.total,
        }
    }
}

/// A cursor that was not made by this server for this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one that this list gave out; start again without a cursor")]
pub struct InvalidCursor;

/// The key that signs cursors.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

impl CursorKey {
    /// A key made of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key that `secret` gives for this `purpose`, so that one secret serves several.
    pub fn derive(secret: &str, purpose: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        Self(mac.finalize().into_bytes().into())
    }

    /// Writes a cursor of the list named `list` (its route, tenant and filters).
    pub fn sign(&self, cursor: &Cursor, list: &str) -> String {
        let mut bytes = serde_json::to_vec(cursor).unwrap_or_default();
        let tag = self.tag(&bytes, list);
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor of the list named `list`.
    pub fn read(&self, text: &str, list: &str) -> Result<Cursor, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let (body, tag) = bytes.split_last_chunk::<16>().ok_or(InvalidCursor)?;
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&self.tag(body, list)[..], &tag[..])) {
            return Err(InvalidCursor);
        }
        serde_json::from_slice(body).map_err(|_| InvalidCursor)
    }

    fn tag(&self, body: &[u8], list: &str) -> [u8; 16] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(list.as_bytes());
        mac.update(&[0]);
        mac.update(body);
        let full = mac.finalize().into_bytes();
        let mut tag = [0; 16];
        tag.copy_from_slice(&full[..16]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &[u32], request: &PageRequest) -> Page<u32> {
        let key = request.cursor.as_ref().and_then(|it| it.key[0].as_u64()).map(|it| it as u32);
        let mut rows: Vec<u32> = match (key, request.is_backwards()) {
            (None, _) => list.to_vec(),
            (Some(key), false) => list.iter().copied().filter(|it| *it > key).collect(),
            (Some(key), true) => list.iter().rev().copied().filter(|it| *it < key).collect(),
        };
        rows.truncate(request.limit as usize + 1);
        Page::of(rows, request, |it| vec![(*it).into()])
    }

    #[test]
    fn walking_forth_and_back_shows_each_row_once() {
        let list: Vec<u32> = (1..=10).collect();
        let mut seen: Vec<u32> = vec![];
        let (mut request, mut last) = (PageRequest::first(3), None);
        loop {
            let page = read(&list, &request);
            seen.extend(&page.items);
            last = page.prev.or(last);
            match page.next {
                Some(cursor) => request.cursor = Some(cursor),
                None => break,
            }
        }
        assert_eq!(seen, list);

        request.cursor = last;
        assert_eq!(read(&list, &request).items, [7, 8, 9]);
    }

    #[test]
    fn a_row_inserted_before_the_cursor_shifts_nothing() {
        let first = read(&[10, 20, 30, 40], &PageRequest::first(2));
        let request = PageRequest { limit: 2, cursor: first.next };
        assert_eq!(read(&[5, 10, 15, 20, 30, 40], &request).items, [30, 40]);
    }

    #[test]
    fn the_newest_come_first_whatever_their_moment() {
        let mut request = PageRequest::first(2);
        assert_eq!(request.moment_and_id(), (i64::MAX, ""));
        request.cursor = Some(Cursor { key: vec![7.into(), "b".into()], backwards: false });
        assert_eq!(request.moment_and_id(), (7, "b"));
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let key = CursorKey::new([7; 32]);
        let cursor = Cursor { key: vec!["a".into(), 3.into()], backwards: true };
        let text = key.sign(&cursor, "items of a");
        assert_eq!(key.read(&text, "items of a"), Ok(cursor));
        assert_eq!(key.read(&text, "items of b"), Err(InvalidCursor));
        assert_eq!(CursorKey::new([8; 32]).read(&text, "items of a"), Err(InvalidCursor));
        assert_eq!(key.read("", "items of a"), Err(InvalidCursor));
    }
}
