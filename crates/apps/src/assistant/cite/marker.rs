//! What of the numbers between brackets is a marker: only what is clearly one. `a[0]`, `[0, 10]` and
//! `= [3]` say something else, and stay as they are.

/// A range of more sources than these is no marker.
const RANGE_MAX: u32 = 20;

/// Numbers between brackets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// One number, or several in a manner in which nothing else is written.
    Clear(Vec<u32>),
    /// Several with a comma or a dash: sources, or an interval.
    List(Vec<u32>),
}

impl Marker {
    /// Reads `3`, `1, 2`, `2-4`, `1; 2`, `^1`, in wide brackets also `3†source`. None when it is none.
    pub(super) fn of(inside: &str, is_wide: bool) -> Option<Self> {
        let numbers = numbers(inside, is_wide)?;
        let may_be_interval = inside.contains([',', '-', '–']) && !inside.contains([';', '^']);
        Some(match may_be_interval && !is_wide {
            true => Self::List(numbers),
            false => Self::Clear(numbers),
        })
    }
}

/// Is a bracket right behind this word one that counts (`a[0]`, `reg_3[1]`)? Words of a language have
/// more letters, and neither digits nor underscores in them.
pub(super) fn is_index(word: &str) -> bool {
    let begins = word.chars().next().is_some_and(char::is_alphabetic);
    let is_name = word.contains(|it: char| it == '_' || it.is_ascii_digit());
    begins && (is_name || word.chars().count() == 1)
}

/// Is what stands behind this sign a value?
pub(super) fn is_maths(sign: char) -> bool {
    matches!(sign, '=' | '∈' | '≈' | '~' | '<' | '>' | '≤' | '≥' | '+' | '×' | '±')
}

/// Is a list of numbers, with `before` in front of it, a marker when this follows? A word, a number or a
/// unit goes on with an interval (`[1, 5] bar`), unless a sentence has ended before the list.
pub(super) fn is_followed(before: char, next: Option<char>) -> bool {
    let goes_on = next.is_some_and(|it| {
        it.is_alphanumeric() || is_maths(it) || matches!(it, '°' | '%' | '‰' | '/' | '^')
    });
    !goes_on || matches!(before, '.' | '!' | '?' | '。')
}

fn numbers(inside: &str, is_wide: bool) -> Option<Vec<u32>> {
    let inside = inside.trim().trim_start_matches('^');
    let inside = match inside.find(|it: char| !it.is_ascii_digit()) {
        Some(end) if is_wide && end > 0 => &inside[..end],
        _ => inside,
    };
    let mut numbers = Vec::new();
    for part in inside.split([',', ';']) {
        let part = part.trim().trim_start_matches('^');
        match part.split_once(['-', '–']) {
            None => numbers.push(number(part)?),
            Some((first, last)) => {
                let (first, last) = (number(first.trim())?, number(last.trim())?);
                if last < first || last - first > RANGE_MAX {
                    return None;
                }
                numbers.extend(first..=last);
            }
        }
    }
    Some(numbers)
}

/// A number of at most three digits: what is longer is a year, or something else.
fn number(text: &str) -> Option<u32> {
    let is_number = (1..=3).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
