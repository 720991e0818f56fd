//! What must hold for any bytes and any cutting of them.

use bytes::Bytes;
use proptest::prelude::*;
use rstest::rstest;

use super::*;

/// Frames and the rest, fed in pieces that end at `cuts`.
fn read(mut scanner: Scanner, text: &[u8], cuts: &[usize]) -> (Vec<Frame>, Option<Rest>) {
    let text = Bytes::copy_from_slice(text);
    let mut frames = Vec::new();
    let mut at = 0;
    for end in cuts.iter().map(|it| it % (text.len() + 1)).chain([text.len()]) {
        if end > at {
            scanner.push(text.slice(at..end));
            at = end;
        }
        frames.extend(scanner.by_ref().map(Result::unwrap));
    }
    (frames, scanner.finish())
}

#[track_caller]
fn check(text: &str, expected: &[(&str, &str)]) {
    let (frames, rest) = read(Scanner::sse(), text.as_bytes(), &[]);
    // A blank line of CR waits for its LF; at the end of all bytes none comes.
    let last = rest.as_ref().filter(|it| !it.is_cut && text.ends_with('\r')).map(|it| &it.frame);
    let said: Vec<(&str, &str)> = frames
        .iter()
        .chain(last)
        .map(|it| (std::str::from_utf8(&it.event).unwrap(), std::str::from_utf8(&it.data).unwrap()))
        .collect();
    assert_eq!(said, expected);
    assert_eq!(rest.is_none(), last.is_none());
}

#[rstest]
#[case("\n")]
#[case("\r")]
#[case("\r\n")]
fn events_end_with_a_blank_line_of_any_kind(#[case] end: &str) {
    let text =
        "event: a\ndata: 1\n\n: hello\n\ndata: 2\ndata:3\nid: 7\n\ndata\n\n".replace('\n', end);
    check(&text, &[("a", "1"), ("", ""), ("", "2\n3"), ("", "")]);
}

#[test]
fn one_space_after_the_colon_is_no_data() {
    check("data:  a: b \nevent:x\n\n", &[("x", " a: b ")]);
}

#[test]
fn a_byte_order_mark_is_skipped_at_the_beginning_only() {
    check("\u{FEFF}data: a\n\n\u{FEFF}data: b\n\ndata: c\n\n", &[("", "a"), ("", ""), ("", "c")]);
}

#[test]
fn a_frame_within_one_piece_is_a_slice_of_it() {
    let text = Bytes::from_static(b"data: a\n\ndata: b\n\n");
    let mut scanner = Scanner::sse();
    scanner.push(text.clone());
    let frames: Vec<Frame> = scanner.by_ref().map(Result::unwrap).collect();
    assert_eq!(frames[1].raw.as_ptr(), text[9..].as_ptr());
    assert_eq!(frames[1].data.as_ptr(), text[15..].as_ptr());
    assert!(scanner.is_empty());
}

#[test]
fn a_frame_that_ends_with_lf_does_not_wait_for_more() {
    let mut scanner = Scanner::sse();
    scanner.push(Bytes::from_static(b"data: a\r\n\r"));
    assert!(scanner.next().is_none());
    scanner.push(Bytes::from_static(b"\n"));
    assert_eq!(scanner.next().unwrap().unwrap().raw, "data: a\r\n\r\n");
}

#[rstest]
#[case("data: [DONE]\n", "[DONE]", false)]
#[case("data: [DONE]", "[DONE]", true)]
#[case("data: {\"a\": \"\u{E9}", "{\"a\": \"\u{E9}", true)]
fn what_nobody_closed_is_the_rest(#[case] text: &str, #[case] data: &str, #[case] is_cut: bool) {
    let (frames, rest) = read(Scanner::sse(), text.as_bytes(), &[3]);
    let rest = rest.unwrap();
    assert_eq!((frames.len(), rest.is_cut), (0, is_cut));
    assert_eq!((&rest.frame.raw[..], &rest.frame.data[..]), (text.as_bytes(), data.as_bytes()));
}

#[test]
fn a_line_of_json_is_a_frame() {
    let text = b"{\"a\":1}\n\r\n {\"b\":\"\r\"}\r\n{\"c\"";
    let (frames, rest) = read(Scanner::ndjson(), text, &[]);
    let data: Vec<&[u8]> = frames.iter().map(|it| &it.data[..]).collect();
    assert_eq!(data, [&b"{\"a\":1}"[..], b"", b"{\"b\":\"\r\"}"]);
    assert_eq!(
        rest.map(|it| (it.frame.data, it.is_cut)),
        Some((Bytes::from_static(b"{\"c\""), true))
    );
}

#[rstest]
#[case(FRAME_BYTES_MAX, true)]
#[case(FRAME_BYTES_MAX + 1, false)]
fn a_frame_of_a_megabyte_is_taken_and_a_longer_one_is_not(
    #[case] bytes: usize,
    #[case] is_taken: bool,
    #[values(usize::MAX, 16 * 1024, FRAME_BYTES_MAX - 1)] piece: usize,
) {
    let frame = format!("data: {}\n\n", "a".repeat(bytes - 8));
    let text = Bytes::from(frame + "data: b\n\n");
    let mut scanner = Scanner::sse();
    let mut seen = Vec::new();
    for piece in text.chunks(piece) {
        scanner.push(Bytes::copy_from_slice(piece));
        seen.extend(scanner.by_ref());
    }
    let (ok, failed): (Vec<_>, Vec<_>) = seen.into_iter().partition(Result::is_ok);
    assert_eq!((ok.len(), failed.len()), if is_taken { (2, 0) } else { (0, 1) });
    assert_eq!(scanner.finish(), None);
}

/// Bytes that look like a stream: lines and ends of all kinds, characters of several bytes.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "data: ",
        "data:",
        "data",
        "event: x",
        ":",
        ": c",
        "\n",
        "\n",
        "\r",
        "\r\n",
        "\r\n\r\n",
        "\n\n",
        "{\"a\":1}",
        "\u{1F600}",
        "\u{E9}",
        "[DONE]",
        "\u{FEFF}",
        " ",
    ];
    let piece = prop_oneof![
        9 => prop::sample::select(PIECES).prop_map(|it| it.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|it| it.concat())
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same_frames(
        text in streams(),
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        is_sse: bool,
    ) {
        let scanner = || if is_sse { Scanner::sse() } else { Scanner::ndjson() };
        let mut cuts: Vec<usize> = cuts.drain(..).map(|it| it.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        let whole = read(scanner(), &text, &[]);
        prop_assert_eq!(&whole, &read(scanner(), &text, &cuts));
        let every: Vec<usize> = (0..text.len()).collect();
        prop_assert_eq!(&whole, &read(scanner(), &text, &every));
    }

    #[test]
    fn no_byte_is_lost(text in streams(), is_sse: bool) {
        let scanner = if is_sse { Scanner::sse() } else { Scanner::ndjson() };
        let (frames, rest) = read(scanner, &text, &[]);
        let mut raw: Vec<u8> = frames.iter().flat_map(|it| it.raw.to_vec()).collect();
        raw.extend(rest.iter().flat_map(|it| it.frame.raw.to_vec()));
        prop_assert_eq!(raw, text);
    }
}
