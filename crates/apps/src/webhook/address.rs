//! Where a webhook may go: the open network, not the machine's own neighbourhood.
//!
//! A tenant's administrator chooses the address, so it must not become a way to reach what only
//! this server can see. The name is resolved by us and every private answer is left out, at each
//! delivery, so that a name that changes its mind gains nothing.

use std::time::Duration;

use outside::{Policy, address, connection};

/// How long a receiver may take for its answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// An address to which nothing may be delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no address.
    #[error("`{0}` is not an address; give one such as https://example.com/hooks")]
    Malformed(String),
    /// Neither http nor https.
    #[error("a webhook goes to an https or http address, not to `{0}:`")]
    Scheme(String),
    /// It holds a name and password.
    #[error("leave the name and password out of the address; deliveries are signed instead")]
    Credentials,
    /// It is an address of this network.
    #[error("{0} is a private address; the operator can allow those with `webhooks.allow_private`")]
    Private(String),
}

/// May deliveries go to `address`? What a name resolves to is checked again at each delivery.
pub fn check(address: &str, allow_private: bool) -> Result<reqwest::Url, Refused> {
    let malformed = || Refused::Malformed(address.chars().take(200).collect());
    let url = reqwest::Url::parse(address).map_err(|_| malformed())?;
    let policy = Policy { allow_private, ..Policy::default() };
    address::allowed(&url, &policy).map_err(|refused| match refused {
        outside::Refused::Malformed => malformed(),
        outside::Refused::Scheme(scheme) => Refused::Scheme(scheme),
        outside::Refused::Credentials => Refused::Credentials,
        // A policy without lists refuses no host but for being private.
        outside::Refused::Private(host) | outside::Refused::Host(host) => Refused::Private(host),
    })?;
    Ok(url)
}

/// The client that delivers: no redirects, short time-outs, open network only.
pub fn client(allow_private: bool) -> Result<reqwest::Client, reqwest::Error> {
    connection::open_network(allow_private, |it| it.timeout(TIMEOUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(address: &str, expected: &str) {
        let refused = check(address, false).map_err(|it| it.to_string());
        assert!(refused.as_ref().is_err_and(|it| it.contains(expected)), "{address}: {refused:?}");
    }

    #[test]
    fn an_address_of_the_open_network_is_fine() {
        assert!(check("https://example.com/hooks?a=1", false).is_ok());
        assert!(check("http://93.184.216.34/", false).is_ok());
    }

    #[test]
    fn the_neighbourhood_of_the_server_is_refused() {
        for address in [
            "http://localhost:8080/",
            "http://LOCALHOST./",
            "http://db.internal/",
            "http://127.0.0.1/",
            "http://10.1.2.3/",
            "http://169.254.169.254/latest/meta-data",
            "http://[::1]/",
            "http://[::ffff:192.168.1.1]/",
            "http://[fd00::1]/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
        ] {
            check_refused(address, "private address");
        }
    }

    #[test]
    fn what_is_no_web_address_is_refused_with_the_reason() {
        check_refused("ftp://example.com/", "not to `ftp:`");
        check_refused("example.com", "is not an address");
        check_refused("https://user:pass@example.com/", "name and password");
    }

    #[test]
    fn an_operator_may_allow_the_neighbourhood() {
        assert!(check("http://127.0.0.1:9000/", true).is_ok());
    }
}
