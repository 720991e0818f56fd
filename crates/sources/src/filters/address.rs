//! Addresses of pages, made whole: a link is often relative to the page that it stands on, or holds what no
//! address may. Nothing is asked here, and whether an address may be asked is decided where that is done
//! (`outside`).
//!
//! Start at [`whole`].

use outside::Url;

/// The whole address that a link means on the page at `base`; none where it means no page of the web. What is
/// whole already stays as it is written.
pub(super) fn whole(link: &str, base: Option<&str>) -> Option<String> {
    let link = link.trim();
    if link.is_empty() {
        return None;
    }
    let base = base.and_then(|it| Url::parse(it.trim()).ok());
    let url = match (Url::parse(link), base) {
        (Ok(url), _) => url,
        (Err(_), Some(base)) => base.join(link).ok()?,
        (Err(_), None) if link.starts_with("www.") => {
            Url::parse(&format!("https://{link}")).ok()?
        }
        (Err(_), None) => return None,
    };
    let is_page = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    let begins = ["http://", "https://"].iter().any(|it| link.starts_with(it));
    match is_page {
        true if begins && link.chars().all(is_of_an_address) => Some(link.to_owned()),
        true => Some(url.into()),
        false => None,
    }
}

/// May this stand in an address as it is (RFC 3986)?
fn is_of_an_address(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(letter)
}

/// A text as a part of an address: everything but letters, digits and `-._~` is written as `%20` is.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => {
                out.push('%');
                out.push_str(&hex::encode_upper([other]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(link: &str, base: Option<&str>, expected: Option<&str>) {
        assert_eq!(whole(link, base).as_deref(), expected, "{link}");
    }

    #[test]
    fn a_relative_link_is_that_of_its_page() {
        let page = Some("https://rides.example/calendar/2027?x=1");
        check("/flyers/a b.pdf", page, Some("https://rides.example/flyers/a%20b.pdf"));
        check("entry.html", page, Some("https://rides.example/calendar/entry.html"));
        check("//maps.example/x", page, Some("https://maps.example/x"));
        check("entry.html", None, None);
        check("entry.html", Some("no address"), None);
    }

    #[test]
    fn a_whole_address_stays_as_it_is_written_but_for_what_it_may_not_hold() {
        check(" https://Ride.example ", None, Some("https://Ride.example"));
        check("https://ride.example/ä ö", None, Some("https://ride.example/%C3%A4%20%C3%B6"));
        check("www.ride.example/fees", None, Some("https://www.ride.example/fees"));
    }

    #[test]
    fn what_means_no_page_is_none() {
        for link in ["", "  ", "mailto:ann@ride.example", "javascript:void(0)", "http://"] {
            check(link, Some("https://rides.example/"), None);
        }
    }

    #[test]
    fn a_part_of_an_address_holds_nothing_that_means_something_in_one() {
        assert_eq!(encoded("Tarrow & Co/ä?"), "Tarrow%20%26%20Co%2F%C3%A4%3F");
    }
}
