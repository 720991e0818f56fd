//! Nobody hands on more than they have.
//!
//! Pure decisions about users and keys, each a table in the tests: who may create or change a user
//! of which role and reach, and who may make a key with which scopes. A caller may grant a role or
//! scope only when they hold every permission in it; an owner is made and changed by owners only.

use base::{Permission, Role, Scope, TenantId, UserId};

use crate::caller::{Caller, Grant, Reach, Refused};

/// What somebody is and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What.
    pub role: Role,
    /// Where.
    pub reach: Reach,
}

/// What is wanted of an existing user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Another name.
    Name,
    /// Another password, set by somebody else.
    Password,
    /// Disabled, or enabled again; or signed out.
    Access,
    /// Another role or reach.
    Standing(Standing),
}

/// Why somebody may not give what they tried to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overreach {
    /// Not allowed to manage users or keys at all, or not there.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The role holds permissions that the caller does not.
    #[error("the role `{role}` may do more than this account: it cannot give or change it")]
    Role {
        /// The role that is too high.
        role: Role,
    },
    /// The scope holds permissions that the caller, or the key's user, does not.
    #[error("the scope `{scope}` may do more than the account that would stand behind it")]
    Scope {
        /// The scope that is too wide.
        scope: Scope,
    },
    /// Reaching all tenants is given only by those who do.
    #[error("an account that reaches one tenant cannot give access to all of them")]
    AllTenants,
    /// Nobody changes their own role, reach or access: so an owner always remains.
    #[error("one's own role, tenant, password and access are not changed this way; ask another")]
    Oneself,
}

/// May `caller` create a user who stands there?
pub fn to_create_user(caller: &Caller, wanted: Standing) -> Result<(), Overreach> {
    caller.may(Permission::ManageUsers)?;
    within(caller, wanted)
}

/// May `caller` change the user `id`, who stands at `current`?
pub fn to_change_user(
    caller: &Caller,
    id: UserId,
    current: Standing,
    change: Change,
) -> Result<(), Overreach> {
    if caller.user() == Some(id) {
        return match change {
            Change::Name => Ok(caller.may(Permission::OwnAccount)?),
            _ => Err(Overreach::Oneself),
        };
    }
    caller.may(Permission::ManageUsers)?;
    within(caller, current)?;
    match change {
        Change::Standing(wanted) => within(caller, wanted),
        Change::Name | Change::Password | Change::Access => Ok(()),
    }
}

/// May `caller` make, replace or read out a key of `tenant` with these scopes?
pub fn to_make_key(caller: &Caller, tenant: TenantId, scopes: &[Scope]) -> Result<(), Overreach> {
    caller.may_in(tenant, Permission::ManageKeys)?;
    match scopes.iter().find(|scope| !holds_all(caller, |it| scope.grants(it))) {
        Some(scope) => Err(Overreach::Scope { scope: *scope }),
        None => Ok(()),
    }
}

/// May a key of `tenant` with these scopes stand for the user who stands there?
pub fn to_stand_behind(
    user: Standing,
    tenant: TenantId,
    scopes: &[Scope],
) -> Result<(), Overreach> {
    if !user.reach.includes(Reach::Tenant(tenant)) {
        return Err(Refused::Tenant { tenant }.into());
    }
    match scopes.iter().find(|scope| !covers(user.role, **scope)) {
        Some(scope) => Err(Overreach::Scope { scope: *scope }),
        None => Ok(()),
    }
}

/// Does the role hold every permission of the scope?
pub(crate) fn covers(role: Role, scope: Scope) -> bool {
    Permission::ALL.iter().all(|it| !scope.grants(*it) || role.grants(*it))
}

fn within(caller: &Caller, standing: Standing) -> Result<(), Overreach> {
    let Standing { role, reach } = standing;
    match reach {
        Reach::Tenant(tenant) => caller.reaches(tenant)?,
        Reach::All if caller.reach != Reach::All => return Err(Overreach::AllTenants),
        Reach::All => {}
    }
    // Owners and admins hold the same permissions; what sets owners apart is exactly this line.
    let is_owners_only =
        role == Role::Owner && !matches!(caller.grant, Grant::Role(Role::Owner) | Grant::House);
    let is_too_high = match &caller.grant {
        Grant::House => false,
        // What somebody may not do here they do not hand on either.
        Grant::Role(own) => Permission::ALL
            .iter()
            .any(|it| role.grants(*it) && (!own.grants(*it) || caller.without.contains(it))),
        Grant::Scopes(_) | Grant::Nobody | Grant::Visitor(_) => {
            !holds_all(caller, |it| role.grants(it))
        }
    };
    if is_owners_only || is_too_high { Err(Overreach::Role { role }) } else { Ok(()) }
}

fn holds_all(caller: &Caller, wanted: impl Fn(Permission) -> bool) -> bool {
    Permission::ALL.iter().all(|it| !wanted(*it) || caller.may(*it).is_ok())
}

#[cfg(test)]
mod tests {
    use base::{Actor, TenantId};
    use rstest::rstest;

    use super::*;

    const HERE: TenantId = TenantId::DEFAULT;

    fn there() -> TenantId {
        "0190b6f2-0000-7000-8000-000000000001".parse().unwrap()
    }

    fn reach(text: &str) -> Reach {
        match text {
            "all" => Reach::All,
            "here" => Reach::Tenant(HERE),
            _ => Reach::Tenant(there()),
        }
    }

    /// `admin of here`, `owner of all`
    fn standing(text: &str) -> Standing {
        let (role, at) = text.split_once(" of ").unwrap();
        Standing { role: role.parse().unwrap(), reach: reach(at) }
    }

    /// As a standing, or `key admin of here`, or `nobody`, or `operator`.
    fn caller(text: &str) -> Caller {
        if text == "nobody" {
            return Caller::nobody(None, None);
        }
        if text == "operator" {
            return Caller::operator();
        }
        let (grant, at) = match text.strip_prefix("key ").map(|it| it.split_once(" of ").unwrap()) {
            Some((scopes, at)) => {
                let scopes = scopes.split(',').map(|it| it.parse().unwrap()).collect();
                (Grant::Scopes(scopes), reach(at))
            }
            None => (Grant::Role(standing(text).role), standing(text).reach),
        };
        let actor = Actor::user(UserId::generate());
        Caller { actor, name: "Ann".into(), reach: at, grant, without: Vec::new(), session: None }
    }

    #[rstest]
    // Owners make everybody, where they reach.
    #[case("owner of all", "owner of all", "yes")]
    #[case("owner of all", "viewer of there", "yes")]
    #[case("owner of here", "owner of here", "yes")]
    #[case("owner of here", "owner of all", "all tenants")]
    #[case("owner of here", "viewer of there", "other tenant")]
    // Admins make everybody but owners.
    #[case("admin of all", "owner of all", "role")]
    #[case("admin of all", "owner of here", "role")]
    #[case("admin of all", "admin of all", "yes")]
    #[case("admin of here", "admin of here", "yes")]
    #[case("admin of here", "operator of here", "yes")]
    #[case("admin of here", "viewer of all", "all tenants")]
    #[case("admin of here", "admin of all", "all tenants")]
    #[case("admin of here", "viewer of there", "other tenant")]
    #[case("admin of here", "owner of here", "role")]
    // The others make nobody.
    #[case("operator of all", "viewer of all", "permission")]
    #[case("editor of here", "viewer of here", "permission")]
    #[case("viewer of here", "viewer of here", "permission")]
    #[case("nobody", "viewer of here", "not signed in")]
    // A key makes those who may no more than it.
    #[case("key admin of here", "editor of here", "yes")]
    #[case("key admin of here", "viewer of here", "yes")]
    #[case("key admin of here", "admin of here", "role")]
    #[case("key admin of here", "owner of here", "role")]
    #[case("key admin of here", "operator of here", "role")]
    #[case("key admin of here", "editor of there", "other tenant")]
    #[case("key read,write of here", "viewer of here", "permission")]
    #[case("operator", "owner of all", "yes")]
    fn who_may_create_whom(#[case] who: &str, #[case] wanted: &str, #[case] expected: &str) {
        assert_eq!(word(to_create_user(&caller(who), standing(wanted))), expected);
    }

    #[rstest]
    // Raising and moving is creating; so is touching who already stands higher or elsewhere.
    #[case("admin of all", "editor of here", "admin of here", "yes")]
    #[case("admin of all", "editor of here", "owner of here", "role")]
    #[case("admin of all", "owner of here", "viewer of here", "role")]
    #[case("admin of here", "viewer of here", "viewer of there", "other tenant")]
    #[case("admin of here", "viewer of there", "viewer of here", "other tenant")]
    #[case("admin of here", "viewer of here", "viewer of all", "all tenants")]
    #[case("admin of here", "viewer of all", "viewer of here", "all tenants")]
    #[case("owner of all", "owner of all", "viewer of all", "yes")]
    #[case("editor of here", "viewer of here", "editor of here", "permission")]
    #[case("key admin of here", "admin of here", "viewer of here", "role")]
    fn who_may_move_whom(
        #[case] who: &str,
        #[case] current: &str,
        #[case] wanted: &str,
        #[case] expected: &str,
    ) {
        let change = Change::Standing(standing(wanted));
        let answer = to_change_user(&caller(who), UserId::generate(), standing(current), change);
        assert_eq!(word(answer), expected);
    }

    #[rstest]
    #[case("admin of here", "viewer of here", "yes")]
    #[case("admin of all", "owner of all", "role")]
    #[case("admin of here", "viewer of there", "other tenant")]
    #[case("viewer of here", "viewer of here", "permission")]
    fn who_may_disable_whom(#[case] who: &str, #[case] current: &str, #[case] expected: &str) {
        for change in [Change::Access, Change::Password] {
            let answer =
                to_change_user(&caller(who), UserId::generate(), standing(current), change);
            assert_eq!(word(answer), expected);
        }
    }

    #[test]
    fn nobody_changes_their_own_standing_but_everybody_their_name() {
        for who in ["owner of all", "admin of here", "viewer of here"] {
            let (caller, own) = (caller(who), standing(who));
            let id = caller.user().unwrap();
            let raise = Change::Standing(standing("owner of all"));
            for change in [raise, Change::Standing(own), Change::Access, Change::Password] {
                assert_eq!(word(to_change_user(&caller, id, own, change)), "oneself", "{who}");
            }
            assert_eq!(word(to_change_user(&caller, id, own, Change::Name)), "yes", "{who}");
        }
    }

    #[rstest]
    #[case("admin of here", HERE, "read,write,admin", "yes")]
    #[case("admin of here", there(), "read", "other tenant")]
    #[case("editor of here", HERE, "read", "permission")]
    #[case("key admin of here", HERE, "admin,read,jobs:execute", "yes")]
    #[case("key write of here", HERE, "read", "permission")]
    #[case("operator", there(), "admin", "yes")]
    fn who_may_make_which_key(
        #[case] who: &str,
        #[case] tenant: TenantId,
        #[case] scopes: &str,
        #[case] expected: &str,
    ) {
        let scopes: Vec<Scope> = scopes.split(',').map(|it| it.parse().unwrap()).collect();
        assert_eq!(word(to_make_key(&caller(who), tenant, &scopes)), expected);
    }

    #[rstest]
    #[case("viewer of here", "read", "yes")]
    #[case("viewer of all", "read", "yes")]
    #[case("viewer of here", "write", "scope")]
    #[case("editor of here", "write,jobs:execute,llm:call", "yes")]
    #[case("editor of here", "admin", "scope")]
    #[case("admin of there", "read", "other tenant")]
    fn a_key_may_not_exceed_its_user(
        #[case] user: &str,
        #[case] scopes: &str,
        #[case] expected: &str,
    ) {
        let scopes: Vec<Scope> = scopes.split(',').map(|it| it.parse().unwrap()).collect();
        assert_eq!(word(to_stand_behind(standing(user), HERE, &scopes)), expected);
    }

    #[rstest]
    // Whether a role makes somebody what they are or scopes do, and wherever they stand.
    #[case("admin of all", "viewer of all")]
    #[case("admin of all", "viewer of there")]
    #[case("admin of here", "editor of here")]
    #[case("key admin of here", "viewer of here")]
    fn who_does_without_something_hands_it_on_neither_in_a_role_nor_in_a_key(
        #[case] who: &str,
        #[case] other: &str,
    ) {
        let whole = caller(who);
        let less = Caller { without: vec![Permission::ReadRecords], ..whole.clone() };
        let (standing, id) = (standing(other), UserId::generate());
        for (caller, person, scope) in [(&whole, "yes", "yes"), (&less, "role", "scope")] {
            assert_eq!(word(to_create_user(caller, standing)), person);
            // Who holds it stands above them: their password would be a way to it.
            for change in [Change::Password, Change::Access, Change::Standing(standing)] {
                assert_eq!(word(to_change_user(caller, id, standing, change)), person);
            }
            assert_eq!(word(to_make_key(caller, HERE, &[Scope::Read])), scope);
            assert_eq!(word(to_make_key(caller, HERE, &[Scope::UseModels])), "yes");
        }
        let no_keys = Caller { without: vec![Permission::ManageKeys], ..whole };
        assert_eq!(word(to_make_key(&no_keys, HERE, &[Scope::UseModels])), "permission");
    }

    fn word(answer: Result<(), Overreach>) -> &'static str {
        match answer {
            Ok(()) => "yes",
            Err(Overreach::Refused(Refused::NotSignedIn)) => "not signed in",
            Err(Overreach::Refused(Refused::Permission { .. })) => "permission",
            Err(Overreach::Refused(Refused::Tenant { .. })) => "other tenant",
            Err(Overreach::Role { .. }) => "role",
            Err(Overreach::Scope { .. }) => "scope",
            Err(Overreach::AllTenants) => "all tenants",
            Err(Overreach::Oneself) => "oneself",
        }
    }
}
