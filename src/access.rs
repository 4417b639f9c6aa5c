//! Who may do what: roles, permissions, and the actor of a request.
//!
//! [`Role::may`] is the first of two locks; the second is row-level security in `migrations/`. Both are proved
//! against the same expectations by `tests/app/access_matrix.rs` and `tests/rls_matrix.rs`.

mod actor;
mod may;
mod permission;
mod role;

pub use actor::{Actor, Facilities, Preferences};
pub use permission::Permission;
pub use role::{Role, UnknownRole};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_back_from_its_name() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>().unwrap(), role);
        }
        assert!("USER".parse::<Role>().is_err());
    }

    #[test]
    fn an_administrator_opens_no_record() {
        for permission in
            [Permission::ViewPatients, Permission::ListPatients, Permission::ViewAlerts, Permission::ViewAudit]
        {
            assert!(!Role::Admin.may(permission), "{permission:?}");
        }
    }

    #[test]
    fn a_patient_uses_the_portal_and_no_staff_page() {
        let allowed: Vec<_> = Permission::ALL.into_iter().filter(|p| Role::Patient.may(*p)).collect();
        assert_eq!(allowed, [Permission::Public, Permission::SignedIn, Permission::UsePortal]);
    }
}
