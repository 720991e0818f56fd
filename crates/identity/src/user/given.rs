//! What is given as a name or an address of somebody, and what is made of it before it is kept.
//!
//! Plain decisions about a text. That a name or an address is nobody else's, the database says. Start at
//! [`tidy_username`].

use super::UserError;
use crate::settings::SignInBy;

/// The most characters of an e-mail address.
pub(super) const EMAIL_MAX: usize = 254;
/// The most characters of a name.
pub(super) const NAME_MAX: usize = 255;
/// How many characters a name to sign in by has.
pub(super) const USERNAME: std::ops::RangeInclusive<usize> = 3..=50;

pub(super) fn tidy_email(email: &str) -> Result<String, UserError> {
    let email = email.trim();
    let is_whole = |it: &str| !it.is_empty() && !it.contains('@');
    let is_plain = !email.chars().any(|it| it.is_whitespace() || it.is_control());
    match email.split_once('@') {
        Some((name, host))
            if is_whole(name) && is_whole(host) && is_plain && email.len() <= EMAIL_MAX =>
        {
            Ok(email.to_owned())
        }
        _ => Err(UserError::InvalidEmail),
    }
}

pub(super) fn tidy_username(username: &str, by: SignInBy) -> Result<String, UserError> {
    let username = username.trim();
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
    match by {
        SignInBy::Email => Err(UserError::NoUsernames),
        SignInBy::Username
            if USERNAME.contains(&username.len()) && username.chars().all(is_plain) =>
        {
            Ok(username.to_owned())
        }
        SignInBy::Username => Err(UserError::InvalidUsername),
    }
}

pub(super) fn tidy_name(name: &str) -> Result<String, UserError> {
    let name = name.trim();
    if name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(UserError::InvalidName);
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_and_a_host() {
        assert_eq!(tidy_email(" Ann@Example.com ").unwrap(), "Ann@Example.com");
        assert_eq!(tidy_email("admin@localhost").unwrap(), "admin@localhost");
        for wrong in ["", "ann", "@host", "ann@", "a@b@c", "a b@c", "a\n@b"] {
            assert!(matches!(tidy_email(wrong), Err(UserError::InvalidEmail)), "{wrong:?}");
        }
        assert!(tidy_email(&format!("{}@x", "a".repeat(300))).is_err());
    }

    #[test]
    fn a_name_to_sign_in_by_has_3_to_50_plain_characters() {
        let tidied = |it: &str| tidy_username(it, SignInBy::Username);
        assert_eq!(tidied(" Ann_Lee-2 ").unwrap(), "Ann_Lee-2");
        assert_eq!(tidied(&"a".repeat(50)).unwrap().len(), 50);
        for wrong in
            ["", "ab", "ann lee", "änne", "ann@example.com", "ann.lee", "a".repeat(51).as_str()]
        {
            assert!(matches!(tidied(wrong), Err(UserError::InvalidUsername)), "{wrong:?}");
        }
        assert!(matches!(tidy_username("ann", SignInBy::Email), Err(UserError::NoUsernames)));
    }
}
