//! A slug is a name that fits into an address: `Böhm & Söhne GmbH` becomes `boehm-soehne-gmbh`.
//!
//! Pure functions only. Start at [`of`]; [`numbered`] finds one that is free.

/// The most characters of a slug.
pub const LENGTH_MAX: usize = 100;

/// The slug of a name: ASCII letters, digits and single hyphens between them, at most
/// [`LENGTH_MAX`]. A name with nothing that can be written so gives `tenant`.
pub fn of(name: &str) -> String {
    let mut slug = String::with_capacity(name.len().min(LENGTH_MAX));
    let mut is_gap = false;
    for it in name.chars() {
        let mut ascii = [0; 4];
        let written = match spell(it) {
            Some(text) => text,
            None if it.is_ascii_alphanumeric() => it.to_ascii_lowercase().encode_utf8(&mut ascii),
            // An apostrophe is inside a word: O'Neill is one.
            None if matches!(it, '\'' | '’' | 'ʼ') => continue,
            None => {
                is_gap = true;
                continue;
            }
        };
        let hyphens = usize::from(is_gap && !slug.is_empty());
        if slug.len() + hyphens + written.len() > LENGTH_MAX {
            break;
        }
        if hyphens == 1 {
            slug.push('-');
        }
        slug.push_str(written);
        is_gap = false;
    }
    if slug.is_empty() { "tenant".to_owned() } else { slug }
}

/// The slug itself when it is free, else the first free one of `slug-2`, `slug-3`, … (shortened
/// where it would be too long).
pub fn numbered(slug: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(slug) {
        return slug.to_owned();
    }
    (2_u64..)
        .map(|number| {
            let tail = format!("-{number}");
            let head = &slug[..slug.len().min(LENGTH_MAX - tail.len())];
            format!("{}{tail}", head.trim_end_matches('-'))
        })
        .find(|it| !is_taken(it))
        .expect("there are more numbers than tenants")
}

/// Is this a slug that [`of`] could have made?
pub fn is_valid(slug: &str) -> bool {
    !slug.is_empty()
        && slug.len() <= LENGTH_MAX
        && slug.split('-').all(|word| {
            !word.is_empty()
                && word.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        })
}

/// How a letter that is not ASCII is written in ASCII, for the letters of European names.
fn spell(it: char) -> Option<&'static str> {
    Some(match it {
        'ä' | 'Ä' | 'æ' | 'Æ' => "ae",
        'ö' | 'Ö' | 'œ' | 'Œ' => "oe",
        'ü' | 'Ü' => "ue",
        'ß' | 'ẞ' => "ss",
        'þ' | 'Þ' => "th",
        'à'..='ã' | 'À'..='Ã' | 'å' | 'Å' | 'ā' | 'Ā' | 'ă' | 'Ă' | 'ą' | 'Ą' => "a",
        'ç' | 'Ç' | 'ć' | 'Ć' | 'č' | 'Č' => "c",
        'ď' | 'Ď' | 'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'Ē' | 'ė' | 'Ė' | 'ę' | 'Ę' | 'ě' | 'Ě' => "e",
        'ğ' | 'Ğ' | 'ģ' | 'Ģ' => "g",
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'Ī' | 'į' | 'Į' | 'ı' | 'İ' => "i",
        'ķ' | 'Ķ' => "k",
        'ł' | 'Ł' | 'ļ' | 'Ļ' | 'ľ' | 'Ľ' => "l",
        'ñ' | 'Ñ' | 'ń' | 'Ń' | 'ň' | 'Ň' | 'ņ' | 'Ņ' => "n",
        'ò'..='õ' | 'Ò'..='Õ' | 'ø' | 'Ø' | 'ō' | 'Ō' | 'ő' | 'Ő' => "o",
        'ř' | 'Ř' => "r",
        'ś' | 'Ś' | 'š' | 'Š' | 'ş' | 'Ş' | 'ș' | 'Ș' => "s",
        'ť' | 'Ť' | 'ţ' | 'Ţ' | 'ț' | 'Ț' => "t",
        'ù'..='û' | 'Ù'..='Û' | 'ū' | 'Ū' | 'ů' | 'Ů' | 'ű' | 'Ű' | 'ų' | 'Ų' => "u",
        'ý' | 'Ý' | 'ÿ' | 'Ÿ' => "y",
        'ź' | 'Ź' | 'ż' | 'Ż' | 'ž' | 'Ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        assert_eq!(of(name), expected);
    }

    #[test]
    fn a_name_becomes_a_readable_slug() {
        check("Acme Civil, Inc.", "acme-civil-inc");
        check("  --Acme--  ", "acme");
        check("Böhm & Söhne GmbH", "boehm-soehne-gmbh");
        check("O'Neill's Łódź Øst", "oneills-lodz-ost");
        check("Route 66", "route-66");
    }

    #[test]
    fn a_name_that_cannot_be_written_in_ascii_still_has_a_slug() {
        check("東京建設", "tenant");
        check("🚧", "tenant");
        check("", "tenant");
    }

    #[test]
    fn a_taken_slug_is_numbered() {
        let taken = HashSet::from(["acme", "acme-2"]);
        assert_eq!(numbered("acme", |it| taken.contains(it)), "acme-3");
        assert_eq!(numbered("other", |it| taken.contains(it)), "other");
    }

    #[test]
    fn a_long_slug_is_shortened_to_carry_its_number() {
        let long = "a".repeat(LENGTH_MAX);
        let next = numbered(&long, |it| it == long);
        assert_eq!(next, format!("{}-2", "a".repeat(98)));

        let hyphen = format!("{}-bc", "a".repeat(97));
        assert_eq!(numbered(&hyphen, |it| it == hyphen), format!("{}-2", "a".repeat(97)));
    }

    proptest! {
        #[test]
        fn whatever_the_name_the_slug_is_valid(name in any::<String>()) {
            prop_assert!(is_valid(&of(&name)), "{:?}", of(&name));
        }

        #[test]
        fn a_slug_of_a_slug_is_itself(name in any::<String>()) {
            let slug = of(&name);
            prop_assert_eq!(of(&slug), slug);
        }

        #[test]
        fn however_many_share_a_name_their_slugs_differ(name in any::<String>(), count in 1_usize..30) {
            let mut taken = HashSet::new();
            for _ in 0..count {
                let slug = numbered(&of(&name), |it| taken.contains(it));
                prop_assert!(is_valid(&slug), "{slug}");
                prop_assert!(taken.insert(slug));
            }
        }

        #[test]
        fn european_names_keep_their_letters(name in "[a-zA-ZäöüßéèñçøåłžÀ-ÖØ-öø-ÿ]{1,30}") {
            prop_assert!(of(&name).len() >= name.chars().count().min(LENGTH_MAX) || name.contains('×'));
        }
    }
}
