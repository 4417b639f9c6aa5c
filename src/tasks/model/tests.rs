use proptest::prelude::*;

use super::*;

const ME: UserId = UserId::MAX;
const OTHER: UserId = UserId::NIL;

fn task(status: TaskStatus, assignee: Option<UserId>, role: Option<Role>, creator: UserId) -> Task {
    Task { status, assignee, role, creator: Some(creator), subject: Subject::Case }
}

/// The table of `docs/domain.md`.
fn expected(status: TaskStatus, kind: Kind) -> Option<&'static [TaskStatus]> {
    use TaskStatus as S;
    Some(match (status, kind) {
        (S::Ready, Kind::Start) => &[S::InProgress],
        (S::Ready, Kind::Finish) => &[S::InProgress, S::Done],
        (S::InProgress, Kind::Finish) => &[S::Done],
        (S::Ready, Kind::Decline) => &[S::Declined],
        (S::Ready | S::InProgress, Kind::Cancel) => &[S::Cancelled],
        (S::Done, Kind::Reopen) => &[S::Ready],
        _ => return None,
    })
}

fn statuses() -> impl Strategy<Value = TaskStatus> {
    proptest::sample::select(TaskStatus::ALL)
}

fn kinds() -> impl Strategy<Value = Kind> {
    proptest::sample::select(Kind::ALL)
}

fn roles() -> impl Strategy<Value = Role> {
    proptest::sample::select(&Role::ALL[..])
}

proptest! {
    #[test]
    fn no_move_leads_where_the_table_does_not(status in statuses(), kind in kinds(), role in roles(),
                                              mine in any::<bool>(), made in any::<bool>(), of_role in proptest::option::of(roles())) {
        let one = task(status, Some(if mine { ME } else { OTHER }), of_role, if made { ME } else { OTHER });
        match one.through(kind, Mover { user: ME, role }) {
            Ok(steps) => prop_assert_eq!(Some(steps), expected(status, kind)),
            Err(Refusal::State(at)) => {
                prop_assert_eq!(at, status);
                prop_assert!(expected(status, kind).is_none());
            }
            Err(Refusal::Person(words)) => {
                prop_assert!(expected(status, kind).is_some());
                prop_assert!(words.ends_with('.'));
            }
        }
    }

    #[test]
    fn who_does_it_has_it(kind in proptest::sample::select(&[Kind::Start, Kind::Finish, Kind::Decline][..]), role in roles(),
                          assignee in proptest::option::of(any::<bool>()), of_role in proptest::option::of(roles())) {
        let one = task(TaskStatus::Ready, assignee.map(|me| if me { ME } else { OTHER }), of_role, OTHER);
        let may = one.through(kind, Mover { user: ME, role }).is_ok();
        let nobodys = assignee.is_none() && of_role.is_none();
        prop_assert_eq!(may, assignee == Some(true) || of_role == Some(role) || nobodys);
    }

    #[test]
    fn what_is_closed_is_opened_by_who_answers_for_it_only(role in roles(), status in statuses()) {
        let one = task(status, Some(ME), Some(role), ME);
        let opened = one.through(Kind::Reopen, Mover { user: ME, role }).is_ok();
        prop_assert_eq!(opened, status == TaskStatus::Done && matches!(role, Role::Chair | Role::Manager));
    }

    #[test]
    fn every_way_ends_somewhere(kinds in proptest::collection::vec(kinds(), 0..12)) {
        // Whatever one person tries, the task is in one state, and closed states other than DONE are for good.
        let chair = Mover { user: ME, role: Role::Chair };
        let mut one = task(TaskStatus::Ready, Some(ME), None, ME);
        for kind in kinds {
            let before = one.status;
            if let Ok(steps) = one.through(kind, chair) {
                one.status = *steps.last().unwrap();
                prop_assert!(!matches!(before, TaskStatus::Missed | TaskStatus::Declined | TaskStatus::Cancelled));
            }
        }
    }
}

#[test]
fn the_names_are_those_of_the_schema() {
    for status in TaskStatus::ALL {
        assert_eq!(status.as_str().parse::<TaskStatus>().unwrap(), *status);
    }
    assert_eq!(TaskStatus::ALL.iter().filter(|status| status.is_open()).count(), 2);
}
