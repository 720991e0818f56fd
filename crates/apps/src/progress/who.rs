//! Who sees whose results. No I/O: this is the part that decides.

use base::{Permission, Role};
use identity::{Caller, Reach, caller::Grant};
use indexmap::IndexMap;

use super::ProgressError;
use crate::description::{RoleName, TenantReach, progress::Seen};

/// Whose results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// One person's or one key's.
    One(String),
    /// Everybody's in the tenant, together.
    All,
}

/// The owner under which everybody's results are kept. No id is like it.
pub const EVERYBODY: &str = "*";

impl Whose {
    /// The id of the owner, if it is one.
    pub fn owner(&self) -> Option<&str> {
        match self {
            Self::One(owner) => Some(owner),
            Self::All => None,
        }
    }
}

/// What somebody may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Whose results.
    pub whose: Whose,
    /// Texts too.
    pub has_texts: bool,
}

/// Whose results somebody asks for, and what they see of them.
///
/// # Errors
/// [`ProgressError::NotYours`].
pub fn sight(
    caller: &Caller,
    of: Option<&str>,
    others: &IndexMap<String, Seen>,
    roles: &IndexMap<String, RoleName>,
) -> Result<Sight, ProgressError> {
    let own = caller.actor.to_string();
    let seen = seen(caller, others, roles);
    let whose = match of {
        None | Some("me") => Whose::One(own.clone()),
        Some("all") => Whose::All,
        Some(id) => Whose::One(id.to_owned()),
    };
    let needed = match &whose {
        Whose::One(owner) if *owner == own => return Ok(Sight { whose, has_texts: true }),
        Whose::One(_) => Seen::Each,
        Whose::All => Seen::Together,
    };
    match seen {
        Some(seen) if seen >= needed => Ok(Sight { whose, has_texts: seen == Seen::Texts }),
        _ => Err(ProgressError::NotYours),
    }
}

/// What somebody sees of others.
fn seen(
    caller: &Caller,
    others: &IndexMap<String, Seen>,
    roles: &IndexMap<String, RoleName>,
) -> Option<Seen> {
    if administers(caller) {
        return Some(Seen::Texts);
    }
    others.iter().filter(|(name, _)| holds(caller, name, roles)).map(|(_, seen)| *seen).max()
}

/// May somebody see what others keep for themselves?
pub fn administers(caller: &Caller) -> bool {
    caller.may(Permission::ReadPrivate).is_ok()
}

/// Is somebody what the application, or else the house, calls by this name?
pub fn holds(caller: &Caller, name: &str, roles: &IndexMap<String, RoleName>) -> bool {
    let Grant::Role(role) = caller.grant else { return false };
    match roles.get(name) {
        Some(own) => {
            let reaches_all = own.tenants == TenantReach::All;
            own.role == role && reaches_all == (caller.reach == Reach::All)
        }
        None => name.parse::<Role>().is_ok_and(|it| it == role),
    }
}

#[cfg(test)]
mod tests {
    use base::{Actor, TenantId, UserId};

    use super::*;

    fn person(role: Role) -> Caller {
        Caller {
            actor: Actor::user(UserId::generate()),
            name: "Ann".into(),
            reach: Reach::Tenant(TenantId::DEFAULT),
            grant: Grant::Role(role),
            without: Vec::new(),
            session: None,
        }
    }

    fn roles() -> IndexMap<String, RoleName> {
        let role = |role| RoleName {
            role,
            tenants: TenantReach::One,
            without: Vec::new(),
            about: String::new(),
        };
        IndexMap::from([
            ("writer".to_owned(), role(Role::Editor)),
            ("coach".to_owned(), role(Role::Viewer)),
        ])
    }

    #[track_caller]
    fn check(role: Role, seen: Seen, of: Option<&str>, expected: Option<(Whose, bool)>) {
        let others = IndexMap::from([("coach".to_owned(), seen)]);
        let caller = person(role);
        let found = sight(&caller, of, &others, &roles()).ok();
        let expected = expected.map(|(whose, has_texts)| {
            let own = matches!(&whose, Whose::One(it) if it == "me");
            let whose = if own { Whose::One(caller.actor.to_string()) } else { whose };
            Sight { whose, has_texts }
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn everybody_sees_their_own_with_its_texts() {
        let own = Some((Whose::One("me".into()), true));
        check(Role::Editor, Seen::Together, None, own.clone());
        check(Role::Editor, Seen::Together, Some("me"), own.clone());
        check(Role::Viewer, Seen::Together, None, own);
    }

    #[test]
    fn a_role_that_is_not_named_sees_nobody_else() {
        check(Role::Editor, Seen::Texts, Some("all"), None);
        check(Role::Editor, Seen::Texts, Some("usr_1"), None);
    }

    #[test]
    fn a_named_role_sees_as_much_as_it_is_given() {
        let one = |texts| Some((Whose::One("usr_1".into()), texts));
        check(Role::Viewer, Seen::Together, Some("all"), Some((Whose::All, false)));
        check(Role::Viewer, Seen::Together, Some("usr_1"), None);
        check(Role::Viewer, Seen::Each, Some("usr_1"), one(false));
        check(Role::Viewer, Seen::Texts, Some("usr_1"), one(true));
        check(Role::Viewer, Seen::Texts, Some("all"), Some((Whose::All, true)));
    }

    #[test]
    fn who_administers_sees_everything() {
        check(Role::Admin, Seen::Together, Some("all"), Some((Whose::All, true)));
        check(Role::Owner, Seen::Together, Some("usr_1"), Some((Whose::One("usr_1".into()), true)));
    }

    #[test]
    fn a_name_of_the_application_means_its_reach_too() {
        let everywhere = Caller { reach: Reach::All, ..person(Role::Viewer) };
        assert!(!holds(&everywhere, "coach", &roles()));
        assert!(holds(&everywhere, "viewer", &roles()));
    }
}
