//! What a site says in its `robots.txt` (RFC 9309): what may be fetched by programs, and how fast.

use std::time::Duration;

/// The name by which sites may speak to this program.
const NAME: &str = "mainstay";
/// What is read of a file; the rest of a longer one counts as not said.
pub(crate) const BYTES_MAX: u64 = 500 * 1024;
/// Rules that are kept.
const RULES_MAX: usize = 5_000;
/// The longest pause that is kept to; a site that wants a longer one is read slowly enough by this.
const DELAY_MAX: Duration = Duration::from_secs(30);

/// The rules for this program.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Robots {
    rules: Vec<Rule>,
    delay: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    pattern: String,
    allows: bool,
}

/// The group of lines that a line belongs to.
#[derive(Default)]
struct Group {
    is_named: bool,
    is_everybody: bool,
    /// Its first rule was read: another name begins another group.
    has_rules: bool,
}

impl Robots {
    /// Nothing is forbidden.
    pub fn open() -> Self {
        Self::default()
    }

    /// Reads the rules. Those for this program by name count, else those for everybody.
    pub fn read(text: &str) -> Self {
        let (mut named, mut everybody) = (None::<Self>, Self::default());
        let mut group = Group::default();
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((field, value)) = line.split_once(':') else { continue };
            let (field, value) = (field.trim().to_lowercase(), value.trim());
            if field == "user-agent" {
                if group.has_rules {
                    group = Group::default();
                }
                group.is_everybody |= value == "*";
                if is_me(value) {
                    group.is_named = true;
                    named.get_or_insert_default();
                }
                continue;
            }
            group.has_rules = true;
            if group.is_everybody {
                everybody.take(&field, value);
            }
            if let Some(named) = named.as_mut().filter(|_| group.is_named) {
                named.take(&field, value);
            }
        }
        named.unwrap_or(everybody)
    }

    /// May this path, with its query, be fetched? The longest rule that fits decides; of two as long,
    /// the one that allows.
    pub fn allows(&self, path: &str) -> bool {
        let fitting = self.rules.iter().filter(|it| fits(&it.pattern, path));
        fitting.max_by_key(|it| (it.pattern.len(), it.allows)).is_none_or(|it| it.allows)
    }

    /// The pause between two pages that the site asks for.
    pub fn delay(&self) -> Option<Duration> {
        self.delay
    }

    /// The bytes it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        self.rules.iter().map(|it| size_of::<Rule>() + it.pattern.len()).sum()
    }

    fn take(&mut self, field: &str, value: &str) {
        match field {
            // An empty rule forbids nothing.
            "allow" | "disallow" if !value.is_empty() && self.rules.len() < RULES_MAX => {
                self.rules.push(Rule { pattern: value.to_owned(), allows: field == "allow" });
            }
            "crawl-delay" => {
                let seconds = value.parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0);
                let most = DELAY_MAX.as_secs_f64();
                self.delay = seconds.map(|it| Duration::from_secs_f64(it.min(most)));
            }
            _ => {}
        }
    }
}

/// Is this program meant by the name?
fn is_me(name: &str) -> bool {
    let end = name.find(|it: char| !(it.is_ascii_alphanumeric() || matches!(it, '-' | '_')));
    name[..end.unwrap_or(name.len())].eq_ignore_ascii_case(NAME)
}

/// Does the path begin with the pattern, in which `*` is anything and `$` the end?
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, is_whole) = match pattern.strip_suffix('$') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        // The last part of a whole pattern must be the end; the others are taken as early as can be.
        if let Some(before) = last.replace(part) {
            match rest.find(before) {
                Some(at) => rest = &rest[at + before.len()..],
                None => return false,
            }
        }
    }
    match (last, is_whole) {
        (None, true) => rest.is_empty(),
        (None, false) => true,
        (Some(part), true) => rest.ends_with(part),
        (Some(part), false) => rest.contains(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(robots: &str, path: &str, expected: bool) {
        assert_eq!(Robots::read(robots).allows(path), expected, "{robots:?} {path}");
    }

    #[test]
    fn the_longest_rule_decides() {
        let robots = "User-agent: *\nDisallow: /private\nAllow: /private/open\n";
        check(robots, "/", true);
        check(robots, "/private/a", false);
        check(robots, "/private/open/a", true);
        check("User-agent: *\nAllow: /p\nDisallow: /p\n", "/page", true);
        check("User-agent: *\nDisallow:\n", "/page", true);
        check("User-agent: *\nDisallow: /\n", "/page", false);
    }

    #[test]
    fn rules_for_this_program_count_instead_of_those_for_everybody() {
        let robots = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: Mainstay/2\nDisallow: /no\n";
        check(robots, "/yes", true);
        check(robots, "/no/page", false);
        let none = "User-agent: mainstay\n\nUser-agent: *\nDisallow: /\n";
        check(none, "/yes", false);
        check("User-agent: mainstayer\nDisallow: /\n", "/yes", true);
    }

    #[test]
    fn a_star_is_anything_and_a_dollar_the_end() {
        let check =
            |pattern, path, expected| assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        check("/*.gif$", "/a/b.gif", true);
        check("/*.gif$", "/a/b.gif?x", false);
        check("/a*b*c", "/a-x-b-y-c-z", true);
        check("/a*b*c", "/a-c-b", false);
        check("/fish*", "/fish", true);
        check("/fish$", "/fish", true);
        check("/fish$", "/fishes", false);
        check("*/x", "/a/x/b", true);
        check("/a*b$", "/a-b-b", true);
    }

    #[test]
    fn comments_and_nonsense_are_passed_over() {
        check(
            "\u{feff}# hello\nnonsense\nUSER-AGENT : *  # all\nDISALLOW : /x # no\n",
            "/x",
            false,
        );
        check("Disallow: /\n", "/x", true);
    }

    #[test]
    fn a_pause_is_kept_to_within_reason() {
        let delay =
            |text: &str| Robots::read(&format!("User-agent: *\nCrawl-delay: {text}\n")).delay();
        assert_eq!(delay("1.5"), Some(Duration::from_millis(1_500)));
        assert_eq!(delay("9999"), Some(DELAY_MAX));
        assert_eq!(delay("soon"), None);
        assert_eq!(delay("-1"), None);
    }
}
