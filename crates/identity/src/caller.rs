//! Who is calling: the one thing that every act asks before it is done.
//!
//! A caller has a name for logs, an actor for the audit log, a reach (one tenant or all) and a grant
//! (what they may do). Start at [`Caller::may`] and [`Caller::reaches`].

use std::net::IpAddr;

use base::{Actor, JobId, Permission, Role, Scope, SessionId, TenantId, UserId, actor::Who};

/// Somebody who calls, signed in or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// As the audit log knows them.
    pub actor: Actor,
    /// As people know them: the user's name, or the key's name and prefix. Never an e-mail address.
    pub name: String,
    /// Where they may act.
    pub reach: Reach,
    /// What they may do there.
    pub grant: Grant,
    /// What they may not do, though the grant has it: an application may give a role less than the house does.
    pub without: Vec<Permission>,
    /// The session they are signed in with, when they are a person.
    pub session: Option<SessionId>,
}

/// Where somebody may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// In every tenant, and in what belongs to none.
    All,
    /// In this one.
    Tenant(TenantId),
}

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// A person: what their role grants.
    Role(Role),
    /// An application key: what its scopes grant.
    Scopes(Vec<Scope>),
    /// Not signed in: what anyone may.
    Nobody,
    /// Not signed in, at a path where the application lets visitors do this.
    Visitor(Vec<Permission>),
    /// The house itself, its jobs, and the command line on its machine: everything.
    House,
}

/// Why a caller may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody is signed in.
    #[error("this needs a sign-in or an application key")]
    NotSignedIn,
    /// Signed in, but not allowed to.
    #[error("this needs the permission `{needed}`")]
    Permission {
        /// What would be needed.
        needed: Permission,
    },
    /// Allowed, but not in this tenant.
    #[error("this belongs to tenant {tenant}, which this account does not reach")]
    Tenant {
        /// The tenant that was asked for.
        tenant: TenantId,
    },
}

/// What concerns all tenants at once: only a caller who reaches all of them may.
const WHOLE_HOUSE: [Permission; 8] = [
    Permission::ListTenants,
    Permission::ManageTenants,
    Permission::ManageReference,
    Permission::ManageAudit,
    Permission::ManageSchedules,
    Permission::ManageConfiguration,
    Permission::ReadTelemetry,
    Permission::ReadInternals,
];

impl Caller {
    /// May they do this, somewhere?
    ///
    /// What concerns all tenants at once (their list, shared reference data, the machine) is
    /// granted only to those who reach all tenants, whatever their role.
    ///
    /// # Errors
    /// [`Refused::NotSignedIn`] for nobody, else [`Refused::Permission`].
    pub fn may(&self, permission: Permission) -> Result<(), Refused> {
        let is_granted = match &self.grant {
            Grant::Role(role) => role.grants(permission),
            Grant::Scopes(scopes) => scopes.iter().any(|it| it.grants(permission)),
            Grant::Nobody if permission != Permission::Anyone => return Err(Refused::NotSignedIn),
            Grant::Visitor(may)
                if permission != Permission::Anyone && !may.contains(&permission) =>
            {
                return Err(Refused::NotSignedIn);
            }
            Grant::Nobody | Grant::Visitor(_) | Grant::House => true,
        };
        let is_in_reach = self.reach == Reach::All || !WHOLE_HOUSE.contains(&permission);
        if is_granted && is_in_reach && !self.without.contains(&permission) {
            Ok(())
        } else {
            Err(Refused::Permission { needed: permission })
        }
    }

    /// May they act in this tenant at all?
    ///
    /// # Errors
    /// [`Refused::NotSignedIn`] for nobody, else [`Refused::Tenant`].
    pub fn reaches(&self, tenant: TenantId) -> Result<(), Refused> {
        match self.grant {
            Grant::Nobody => Err(Refused::NotSignedIn),
            _ if self.reach.includes(Reach::Tenant(tenant)) => Ok(()),
            _ => Err(Refused::Tenant { tenant }),
        }
    }

    /// May they do this in this tenant?
    ///
    /// # Errors
    /// As [`Caller::may`], then as [`Caller::reaches`].
    pub fn may_in(&self, tenant: TenantId, permission: Permission) -> Result<(), Refused> {
        self.may(permission)?;
        self.reaches(tenant)
    }

    /// The one tenant they reach; none when they reach all.
    pub fn tenant(&self) -> Option<TenantId> {
        self.reach.tenant()
    }

    /// The user, when it is a person.
    pub fn user(&self) -> Option<UserId> {
        match self.actor.who {
            Who::User(id) => Some(id),
            _ => None,
        }
    }

    /// Under what their requests are counted: the key, the user, or the address of nobody. The
    /// same for every request of theirs, also after a new sign-in.
    pub fn rate_key(&self) -> String {
        match &self.grant {
            Grant::Nobody | Grant::Visitor(_) => format!("address:{}", self.address_key()),
            _ => self.actor.who.to_string(),
        }
    }

    /// Under what requests from their network are counted: the address, or of IPv6 what one
    /// subscriber owns.
    pub fn address_key(&self) -> String {
        self.actor.address.map_or_else(|| "unknown".to_owned(), crate::limit::network)
    }

    /// Somebody who has not signed in.
    pub fn nobody(address: Option<IpAddr>, request_id: Option<&str>) -> Self {
        let actor = Actor { address, request_id: request_id.map(str::to_owned), ..Actor::house() };
        Self {
            actor,
            name: "nobody".into(),
            // Nobody reaches anything; but should somebody forget to ask, this is the least.
            reach: Reach::Tenant(TenantId::DEFAULT),
            grant: Grant::Nobody,
            without: Vec::new(),
            session: None,
        }
    }

    /// The same, where visitors may do these things without a sign-in. Who is signed in stays who they are.
    #[must_use]
    pub fn visiting(self, may: &[Permission]) -> Self {
        match self.grant {
            Grant::Nobody if !may.is_empty() => {
                Self { name: "visitor".into(), grant: Grant::Visitor(may.to_vec()), ..self }
            }
            _ => self,
        }
    }

    /// The command line on the machine itself.
    pub fn operator() -> Self {
        Self::of_house(Actor::operator(), Reach::All)
    }

    /// The house itself: a duty, a start, a seed.
    pub fn house() -> Self {
        Self::of_house(Actor::house(), Reach::All)
    }

    /// A job, which works for one tenant.
    pub fn job(id: JobId, tenant: TenantId) -> Self {
        Self::of_house(Actor::job(id), Reach::Tenant(tenant))
    }

    fn of_house(actor: Actor, reach: Reach) -> Self {
        Self {
            name: actor.to_string(),
            actor,
            reach,
            grant: Grant::House,
            without: Vec::new(),
            session: None,
        }
    }
}

impl Reach {
    /// Is all of `other` within this?
    pub fn includes(self, other: Self) -> bool {
        self == Self::All || self == other
    }

    /// The tenant, if it is one.
    pub fn tenant(self) -> Option<TenantId> {
        match self {
            Self::All => None,
            Self::Tenant(tenant) => Some(tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use base::AppKeyId;

    use super::*;

    fn person(role: Role, reach: Reach) -> Caller {
        Caller {
            actor: Actor::user(UserId::generate()),
            name: "Ann".into(),
            reach,
            grant: Grant::Role(role),
            without: Vec::new(),
            session: None,
        }
    }

    #[test]
    fn nobody_may_only_what_anyone_may() {
        let nobody = Caller::nobody(None, None);
        for permission in Permission::ALL {
            let expected = match permission {
                Permission::Anyone => Ok(()),
                _ => Err(Refused::NotSignedIn),
            };
            assert_eq!(nobody.may(*permission), expected, "{permission}");
        }
        assert_eq!(nobody.reaches(TenantId::DEFAULT), Err(Refused::NotSignedIn));
    }

    #[test]
    fn a_visitor_may_what_the_application_lets_visitors_do() {
        let visitor = Caller::nobody(None, None).visiting(&[Permission::ReadRecords]);
        assert_eq!(visitor.may(Permission::ReadRecords), Ok(()));
        assert_eq!(visitor.may(Permission::WriteRecords), Err(Refused::NotSignedIn));
        assert_eq!(visitor.reaches(TenantId::DEFAULT), Ok(()));
        assert_eq!(visitor.rate_key(), "address:unknown");
        let nobody = Caller::nobody(None, None).visiting(&[]);
        assert_eq!(nobody.may(Permission::ReadRecords), Err(Refused::NotSignedIn));
        let viewer = person(Role::Viewer, Reach::All).visiting(&[Permission::WriteRecords]);
        assert!(viewer.may(Permission::WriteRecords).is_err(), "who is signed in gains nothing");
    }

    #[test]
    fn a_refusal_names_the_permission_that_was_needed() {
        let refused = person(Role::Viewer, Reach::All).may(Permission::WriteRecords).unwrap_err();
        assert_eq!(refused.to_string(), "this needs the permission `write_records`");
    }

    #[test]
    fn one_tenant_is_not_another() {
        let (mine, other) = (TenantId::generate(), TenantId::generate());
        let caller = person(Role::Admin, Reach::Tenant(mine));
        assert_eq!(caller.reaches(mine), Ok(()));
        assert_eq!(caller.reaches(other), Err(Refused::Tenant { tenant: other }));
        assert_eq!(person(Role::Viewer, Reach::All).reaches(other), Ok(()));
    }

    #[test]
    fn the_admin_of_one_tenant_may_not_touch_what_all_tenants_share() {
        let everywhere = person(Role::Admin, Reach::All);
        let in_one = person(Role::Admin, Reach::Tenant(TenantId::generate()));
        for permission in WHOLE_HOUSE {
            assert_eq!(everywhere.may(permission), Ok(()));
            assert_eq!(in_one.may(permission), Err(Refused::Permission { needed: permission }));
        }
        assert_eq!(in_one.may(Permission::ManageUsers), Ok(()));
    }

    #[test]
    fn a_key_may_what_one_of_its_scopes_grants() {
        let key = Caller {
            grant: Grant::Scopes(vec![Scope::ExecuteJobs]),
            ..person(Role::Owner, Reach::Tenant(TenantId::DEFAULT))
        };
        assert_eq!(key.may(Permission::RunTasks), Ok(()));
        assert!(key.may(Permission::ReadRecords).is_err());
    }

    #[test]
    fn what_is_taken_from_a_role_is_not_granted() {
        let without = vec![Permission::ReadAudit, Permission::WriteRecords];
        let less = Caller { without, ..person(Role::Editor, Reach::All) };
        assert_eq!(
            less.may(Permission::WriteRecords),
            Err(Refused::Permission { needed: Permission::WriteRecords })
        );
        assert_eq!(less.may(Permission::ReadRecords), Ok(()));
    }

    #[test]
    fn requests_are_counted_by_who_calls() {
        let id = AppKeyId::generate();
        let mut caller = person(Role::Viewer, Reach::All);
        caller.actor.who = Who::Key(id);
        assert_eq!(caller.rate_key(), id.to_string());
        let address = "10.0.0.7".parse().ok();
        assert_eq!(Caller::nobody(address, None).rate_key(), "address:10.0.0.7");
        assert_eq!(Caller::operator().rate_key(), "operator");
    }
}
