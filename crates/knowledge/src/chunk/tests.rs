use proptest::prelude::*;

use super::*;

fn page(text: &str) -> Page {
    Page { number: None, text: text.into() }
}

fn packed(text: &str, tokens: u64, overlap: u64) -> Vec<String> {
    let packed = pack(&[page(text)], &Chunks { tokens, overlap });
    packed.pieces.into_iter().map(|it| it.text).collect()
}

/// The text of a document as its parts hold it.
fn whole(pages: &[Page]) -> String {
    pages.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(BETWEEN_PAGES)
}

#[test]
fn a_short_text_is_one_chunk() {
    let text = "  A sentence. Another one.\n\nA third.  ";
    assert_eq!(packed(text, 350, 60), [text.trim()]);
}

#[test]
fn whole_sentences_are_packed_and_the_last_is_shared() {
    let sentences: Vec<String> = (0..20).map(|it| format!("This is sentence {it:02}.")).collect();
    let text = sentences.join(" ");
    let chunks = packed(&text, 24, 6);
    assert!(chunks.len() > 4, "{chunks:?}");
    for chunk in &chunks {
        assert!(chunk.starts_with("This") && chunk.ends_with('.'), "{chunk}");
        assert!(tokens::estimate(chunk) <= 24, "{chunk}");
    }
    for pair in chunks.windows(2) {
        let last = &pair[0][pair[0].len() - 20..];
        assert!(pair[1].starts_with(last), "{pair:?}");
    }
    for sentence in &sentences {
        assert!(chunks.iter().any(|it| it.contains(sentence)), "{sentence} is lost");
    }
}

#[test]
fn a_sentence_longer_than_a_chunk_is_broken_at_words() {
    let text: String = (100..300).map(|it| format!("word{it} ")).collect();
    let chunks = packed(&text, 16, 4);
    assert!(chunks.len() > 10);
    for chunk in &chunks {
        assert!(chunk.split(' ').all(|it| it.len() == 7 && it.starts_with("word")), "{chunk}");
    }
}

#[test]
fn a_script_without_spaces_is_broken_all_the_same() {
    let text: String = ('\u{4e00}'..).take(300).collect();
    let chunks = packed(&text, 16, 4);
    let letters: usize = chunks.iter().map(|it| it.chars().count()).sum();
    assert!(letters >= 300 && chunks.len() > 10);
}

#[test]
fn a_chunk_lies_within_its_page_and_knows_where() {
    let pages = [
        Page { number: Some(1), text: "Größe eins. Länge zwei.".into() },
        Page { number: Some(2), text: String::new() },
        Page { number: Some(3), text: "Dritte Seite.".into() },
    ];
    let packed = pack(&pages, &Chunks::default());
    let text: Vec<char> = whole(&pages).chars().collect();
    let found: Vec<_> = packed.pieces.iter().map(|it| (it.page, it.text.clone())).collect();
    assert_eq!(
        found,
        [(Some(1), "Größe eins. Länge zwei.".into()), (Some(3), "Dritte Seite.".into())]
    );
    for piece in &packed.pieces {
        let span = &text[piece.start_char as usize..piece.end_char as usize];
        assert_eq!(span.iter().collect::<String>(), piece.text);
    }
}

#[test]
fn the_same_text_is_taken_once_whatever_its_white_space() {
    let pages =
        [page("The imprint of the house."), page("Text."), page("The  imprint of\nthe house.")];
    let packed = pack(&pages, &Chunks::default());
    assert_eq!((packed.pieces.len(), packed.deduped), (2, 1));
    assert_ne!(hash("US"), hash("us"));
    assert_ne!(hash("a b"), hash("ab"));
}

#[test]
fn nothing_of_a_piece_is_shown_to_developers() {
    let packed = pack(&[page("secret")], &Chunks::default());
    assert!(!format!("{packed:?}").contains("secret"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the text: no letter of it is lost, no piece is too long, and each is where it says.
    #[test]
    fn every_letter_is_in_a_piece_and_every_piece_is_where_it_says(
        texts in prop::collection::vec("[a-zäß漢字 .!?\n-]{0,400}", 1..4),
        tokens in 4u64..60,
        overlap in 0u64..30,
    ) {
        let pages: Vec<Page> = texts.iter().map(|it| page(it)).collect();
        let text: Vec<char> = whole(&pages).chars().collect();
        let packed = pack(&pages, &Chunks { tokens, overlap });
        let mut covered = vec![false; text.len()];
        for piece in &packed.pieces {
            let (start, end) = (piece.start_char as usize, piece.end_char as usize);
            prop_assert_eq!(text[start..end].iter().collect::<String>(), piece.text.clone());
            prop_assert!(piece.text.len() <= tokens as usize * BYTES_PER_TOKEN);
            prop_assert!(!piece.text.trim().is_empty());
            covered[start..end].iter_mut().for_each(|it| *it = true);
        }
        if packed.deduped == 0 {
            for (at, letter) in text.iter().enumerate() {
                prop_assert!(covered[at] || letter.is_whitespace(), "{at} of {text:?}");
            }
        }
    }
}

#[test]
fn a_model_that_sees_little_gets_smaller_pieces() {
    let how = Chunks { tokens: 350, overlap: 60 };
    let own = fitting(how, Some("minilm/all-MiniLM-L6-v2"));
    assert_eq!((own.tokens, own.overlap), (179, 29));
    for other in [None, Some("openai/text-embedding-3-small")] {
        let cut = fitting(how, other);
        assert_eq!((cut.tokens, cut.overlap), (350, 60));
    }
    let small = fitting(Chunks { tokens: 40, overlap: 4 }, Some("minilm/all-MiniLM-L6-v2"));
    assert_eq!((small.tokens, small.overlap), (40, 4));
}
