//! Which addresses are asked: those of the open network, and among them those that the operator
//! allows.
//!
//! What an address looks like is checked before each request, redirects included; what its name means
//! is checked when the connection is made, by whoever resolves the name. So a name that is innocent
//! when it is looked at and means this machine a moment later gains nothing.

use std::net::{IpAddr, SocketAddr};

use base::network::is_private;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// Which addresses may be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Private and local addresses too.
    pub allow_private: bool,
    /// Only these hosts, when there are any; `*.example.com` means all within it.
    pub allow_hosts: Vec<String>,
    /// Never these.
    pub refuse_hosts: Vec<String>,
}

/// An address that is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no address.
    #[error("this is not the address of a page; give one such as https://example.com/manual")]
    Malformed,
    /// Neither http nor https.
    #[error("only http and https addresses are fetched, not `{0}:`")]
    Scheme(String),
    /// It holds a name and a password.
    #[error("leave the name and password out of the address; pages that need them are not fetched")]
    Credentials,
    /// It is an address of this network.
    #[error("{0} is an address of a private network, which is not fetched")]
    Private(String),
    /// The operator does not allow it.
    #[error(
        "{0} is not among the hosts that may be fetched; `web` of config/knowledge.yaml says which"
    )]
    Host(String),
}

/// The longest address.
const BYTES_MAX: usize = 2_048;

/// The address that somebody wrote, if it is one that is asked. Without a scheme it is https.
///
/// # Errors
/// [`Refused`] says why it is not.
pub fn check(text: &str, policy: &Policy) -> Result<Url, Refused> {
    let text = text.trim();
    if text.is_empty() || text.len() > BYTES_MAX {
        return Err(Refused::Malformed);
    }
    let parsed = match text.contains("://") {
        true => Url::parse(text),
        false => Url::parse(&format!("https://{text}")),
    };
    let mut url = parsed.map_err(|_| Refused::Malformed)?;
    url.set_fragment(None);
    allowed(&url, policy)?;
    Ok(url)
}

/// May this address be asked, as far as it can be told from its looks?
///
/// # Errors
/// [`Refused`] says why not.
pub fn allowed(url: &Url, policy: &Policy) -> Result<(), Refused> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refused::Scheme(url.scheme().chars().take(20).collect()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    let host = url.host_str().ok_or(Refused::Malformed)?;
    let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_lowercase();
    let is_inside = match host.parse::<IpAddr>() {
        Ok(address) => is_private(address),
        Err(_) => is_local_name(&host),
    };
    if is_inside && !policy.allow_private {
        return Err(Refused::Private(host));
    }
    let named = |list: &[String]| list.iter().any(|it| covers(it, &host));
    let is_wanted = policy.allow_hosts.is_empty() || named(&policy.allow_hosts);
    if is_wanted && !named(&policy.refuse_hosts) { Ok(()) } else { Err(Refused::Host(host)) }
}

/// Names that mean something in one's own network only, whatever they resolve to.
fn is_local_name(host: &str) -> bool {
    ["localhost", "local", "internal", "home.arpa"]
        .iter()
        .any(|it| host == *it || host.strip_suffix(it).is_some_and(|rest| rest.ends_with('.')))
}

/// Is this host meant by an entry of a list: `example.com`, or `*.example.com` for all within it?
fn covers(entry: &str, host: &str) -> bool {
    let entry = entry.trim().trim_end_matches('.').to_lowercase();
    match entry.strip_prefix("*.") {
        Some(within) => host.strip_suffix(within).is_some_and(|rest| rest.ends_with('.')),
        None => entry == host,
    }
}

/// Resolves names and leaves private answers out: the connection goes to one of those that are left,
/// and to no other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenNetwork {
    pub(crate) allow_private: bool,
}

impl Resolve for OpenNetwork {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let open: Vec<SocketAddr> =
                found.filter(|it| allow_private || !is_private(it.ip())).collect();
            if open.is_empty() {
                return Err(Refused::Private(name.as_str().to_owned()).into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(text: &str, expected: &str) {
        let refused = check(text, &Policy::default()).map_err(|it| it.to_string());
        assert!(refused.as_ref().is_err_and(|it| it.contains(expected)), "{text}: {refused:?}");
    }

    #[test]
    fn an_address_without_a_scheme_is_https() {
        let url = check(" example.com/a?b=c#d ", &Policy::default()).unwrap();
        assert_eq!(url.as_str(), "https://example.com/a?b=c");
        let url = check("example.com:8080", &Policy::default()).unwrap();
        assert_eq!(url.as_str(), "https://example.com:8080/");
    }

    #[test]
    fn the_neighbourhood_is_refused_however_it_is_written() {
        for text in [
            "http://localhost/",
            "http://LOCALHOST.:8080/",
            "http://db.internal/",
            "http://printer.local/",
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::a00:1]/",
            "http://192.168.0.1./",
        ] {
            check_refused(text, "private network");
        }
    }

    #[test]
    fn what_is_no_page_is_refused_with_the_reason() {
        check_refused("ftp://example.com/", "not `ftp:`");
        check_refused("file:///etc/passwd", "not `file:`");
        check_refused("https://ann:secret@example.com/", "name and password");
        check_refused("javascript:alert(1)", "not the address");
        check_refused("", "not the address");
        check_refused("https://", "not the address");
    }

    #[test]
    fn nothing_of_a_password_is_repeated() {
        let refused = check("https://ann:secret@example.com/", &Policy::default()).unwrap_err();
        assert!(!refused.to_string().contains("secret"));
    }

    #[test]
    fn an_operator_chooses_hosts() {
        let policy = Policy {
            allow_hosts: vec!["*.Example.com".into(), "example.org".into()],
            refuse_hosts: vec!["old.example.com".into()],
            ..Policy::default()
        };
        assert!(check("docs.example.com", &policy).is_ok());
        assert!(check("example.org", &policy).is_ok());
        for refused in ["example.com", "old.example.com", "badexample.com", "a.example.org"] {
            assert!(matches!(check(refused, &policy), Err(Refused::Host(_))), "{refused}");
        }
    }

    #[test]
    fn an_operator_may_allow_the_neighbourhood() {
        let policy = Policy { allow_private: true, ..Policy::default() };
        assert!(check("http://127.0.0.1:9000/", &policy).is_ok());
    }
}
