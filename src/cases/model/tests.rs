//! The state machine against its table, and against itself.

use proptest::prelude::*;

use super::*;

const CLERK: UserId = UserId::NIL;
const OTHER: UserId = UserId::MAX;

/// From, move, to; who may is asked below. The same table is tried on the trigger in `tests/app/cases`.
const MOVES: [(CaseStatus, Kind, CaseStatus); 11] = [
    (CaseStatus::New, Kind::Submit, CaseStatus::PendingReview),
    (CaseStatus::PendingReview, Kind::Assign, CaseStatus::Assigned),
    (CaseStatus::PendingReview, Kind::SendBack, CaseStatus::New),
    (CaseStatus::Assigned, Kind::Start, CaseStatus::InProgress),
    (CaseStatus::Assigned, Kind::Decline, CaseStatus::PendingReview),
    (CaseStatus::Assigned, Kind::Reassign, CaseStatus::Assigned),
    (CaseStatus::InProgress, Kind::Reassign, CaseStatus::InProgress),
    (CaseStatus::InProgress, Kind::Finish, CaseStatus::PendingCompletion),
    (CaseStatus::PendingCompletion, Kind::Complete, CaseStatus::Completed),
    (CaseStatus::PendingCompletion, Kind::Return, CaseStatus::InProgress),
    (CaseStatus::Completed, Kind::Reopen, CaseStatus::InProgress),
];

fn user(number: u128) -> UserId {
    UserId::from(uuid::Uuid::from_u128(number))
}

fn state(status: CaseStatus, worker: UserId) -> State {
    match status {
        CaseStatus::New => State::New,
        CaseStatus::PendingReview => State::PendingReview,
        CaseStatus::Assigned => State::Assigned { to: worker },
        CaseStatus::InProgress => State::InProgress { by: worker },
        CaseStatus::PendingCompletion => State::PendingCompletion { by: worker, asked: Some(worker) },
        CaseStatus::Completed => State::Completed { by: worker, at: Timestamp::UNIX_EPOCH },
    }
}

fn a_move(kind: Kind, to: UserId) -> Move {
    let why = || "because".to_owned();
    match kind {
        Kind::Submit => Move::Submit,
        Kind::Assign => Move::Assign(to),
        Kind::SendBack => Move::SendBack(why()),
        Kind::Start => Move::Start,
        Kind::Decline => Move::Decline(why()),
        Kind::Reassign => Move::Reassign(to, why()),
        Kind::Finish => Move::Finish,
        Kind::Complete => Move::Complete(None),
        Kind::Return => Move::Return(why()),
        Kind::Reopen => Move::Reopen(why()),
    }
}

fn statuses() -> impl Strategy<Value = CaseStatus> {
    prop::sample::select(CaseStatus::ALL)
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL)
}

fn roles() -> impl Strategy<Value = Role> {
    prop::sample::select(&Role::ALL[..])
}

proptest! {
    #[test]
    fn moves_lead_only_where_the_table_says(
        status in statuses(), kind in kinds(), role in roles(), mover in 1_u128..4, worker in 1_u128..4, creator in 1_u128..4,
    ) {
        let case = Case { creator: user(creator), state: state(status, user(worker)), open_tasks: 0 };
        let mover = Mover { user: user(mover), role };
        let listed = MOVES.iter().find(|(from, which, _)| *from == status && *which == kind);
        match (case.apply(&a_move(kind, user(9)), mover, Timestamp::UNIX_EPOCH), listed) {
            (Ok(moved), Some((_, _, to))) => prop_assert_eq!(moved.state.status(), *to),
            (Ok(_), None) => prop_assert!(false, "{:?} from {:?} is not in the table", kind, status),
            (Err(Refusal::State(_)), Some(_)) => prop_assert!(false, "{:?} from {:?} is in the table", kind, status),
            (Err(_), _) => {}
        }
    }

    #[test]
    fn nobody_completes_their_own_work(mover in 1_u128..4, worker in 1_u128..4, asked in 1_u128..4, role in roles()) {
        let state = State::PendingCompletion { by: user(worker), asked: Some(user(asked)) };
        let case = Case { creator: CLERK, state, open_tasks: 0 };
        let done = case.apply(&Move::Complete(None), Mover { user: user(mover), role }, Timestamp::UNIX_EPOCH);
        prop_assert_eq!(done.is_ok(), role == Role::Chair && mover != worker && mover != asked);
    }

    #[test]
    fn other_roles_move_nothing(status in statuses(), kind in kinds(), role in roles()) {
        let case = Case { creator: CLERK, state: state(status, CLERK), open_tasks: 0 };
        let moved = case.apply(&a_move(kind, OTHER), Mover { user: CLERK, role }, Timestamp::UNIX_EPOCH);
        prop_assert!(moved.is_err() || matches!(role, Role::Clerk | Role::Chair | Role::Caseworker));
    }
}

/// What somebody tries on a walk: a move, by whom in which role, to whom.
fn steps() -> impl Strategy<Value = Vec<(Kind, u128, Role, u128)>> {
    prop::collection::vec((kinds(), 1_u128..6, roles(), 1_u128..6), 0..60)
}

proptest! {
    #[test]
    fn whatever_is_tried_a_case_stays_one(steps in steps(), creator in 1_u128..6) {
        let mut case = Case { creator: user(creator), state: State::New, open_tasks: 0 };
        for (kind, who, role, to) in steps {
            let mover = Mover { user: user(who), role };
            let what = a_move(kind, user(to));
            let asked = case.ask(kind, mover);
            let before = case.state;
            match case.apply(&what, mover, Timestamp::UNIX_EPOCH) {
                Err(_) => prop_assert_eq!(case.state, before),
                Ok(moved) => {
                    // A button that was shown is the only way to a move that is made.
                    prop_assert!(asked.is_ok());
                    prop_assert_eq!(moved.creator, case.creator);
                    let status = moved.state.status();
                    let with_nobody = matches!(status, CaseStatus::New | CaseStatus::PendingReview);
                    prop_assert_eq!(moved.state.caseworker().is_none(), with_nobody, "{:?}", status);
                    prop_assert_eq!(what.reason().is_some(), kind.asks_reason());
                    if status == CaseStatus::Completed {
                        prop_assert_ne!(before.caseworker(), Some(mover.user));
                    }
                    // Hands change only where a person is named, or where it goes back to review.
                    if moved.state.caseworker() != before.caseworker() {
                        prop_assert!(kind.asks_person() || kind == Kind::Decline, "{:?}", kind);
                    }
                    case = moved;
                }
            }
        }
    }

    #[test]
    fn who_may_neither_open_nor_lead_nor_work_moves_nothing(status in statuses(), kind in kinds(), who in 1_u128..4, role in roles()) {
        prop_assume!(!matches!(role, Role::Clerk | Role::Chair | Role::Caseworker));
        let case = Case { creator: user(1), state: state(status, user(2)), open_tasks: 0 };
        let refused = matches!(case.ask(kind, Mover { user: user(who), role }), Err(Refusal::Person(_)));
        prop_assert!(refused, "{:?} {:?} {:?}", role, kind, status);
    }
}

#[test]
fn every_move_of_the_table_has_somebody_who_makes_it() {
    let (clerk, chair, worker) = (user(1), user(2), user(3));
    for (from, kind, to) in MOVES {
        let case = Case { creator: clerk, state: state(from, worker), open_tasks: 0 };
        let someone = [(clerk, Role::Clerk), (chair, Role::Chair), (worker, Role::Caseworker)].into_iter().find_map(
            |(person, role)| {
                case.apply(&a_move(kind, user(9)), Mover { user: person, role }, Timestamp::UNIX_EPOCH).ok()
            },
        );
        assert_eq!(someone.map(|case| case.state.status()), Some(to), "{from:?} {kind:?}");
    }
}

#[test]
fn open_tasks_hold_back_completion() {
    let worker = user(3);
    let case = Case { creator: user(1), state: State::InProgress { by: worker }, open_tasks: 1 };
    let mover = Mover { user: worker, role: Role::Caseworker };
    assert!(matches!(case.ask(Kind::Finish, mover), Err(Refusal::Rule(_))));
}

#[test]
fn a_case_is_not_reassigned_to_whoever_has_it() {
    let worker = user(3);
    let case = Case { creator: user(1), state: State::Assigned { to: worker }, open_tasks: 0 };
    let mover = Mover { user: user(2), role: Role::Chair };
    let moved = case.apply(&Move::Reassign(worker, "x".to_owned()), mover, Timestamp::UNIX_EPOCH);
    assert!(matches!(moved, Err(Refusal::Rule(_))));
}

#[test]
fn what_it_says_is_changed_by_the_clerk_before_and_the_chair_after_submission() {
    let (clerk, chair) = (user(1), user(2));
    for status in CaseStatus::ALL {
        let case = Case { creator: clerk, state: state(*status, user(3)), open_tasks: 0 };
        let may = |person, role| case.ask_to_edit(Mover { user: person, role }).is_ok();
        assert_eq!(may(clerk, Role::Clerk), *status == CaseStatus::New, "{status:?}");
        assert_eq!(may(chair, Role::Chair), *status != CaseStatus::Completed, "{status:?}");
        assert!(!may(user(3), Role::Caseworker), "{status:?}");
    }
}
