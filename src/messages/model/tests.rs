//! The machine of a conversation, driven at random.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Arrives(Side, usize, bool),
    Close,
    Reopen(&'static str),
    Assign(usize, Option<usize>, &'static str),
    Wait(i64),
}

fn people() -> [UserId; 3] {
    [UserId::NIL, UserId::MAX, UserId::from(uuid::Uuid::from_u128(7))]
}

fn step() -> impl Strategy<Value = Step> {
    let reason = prop_oneof![Just(""), Just("  "), Just("Knows them better")];
    prop_oneof![
        (prop_oneof![Just(Side::Patient), Just(Side::Staff), Just(Side::Outside)], 0usize..3, any::<bool>())
            .prop_map(|(side, who, stays)| Step::Arrives(side, who, stays)),
        Just(Step::Close),
        reason.clone().prop_map(Step::Reopen),
        (0usize..3, proptest::option::of(0usize..3), reason).prop_map(|(who, to, why)| Step::Assign(who, to, why)),
        (0i64..30).prop_map(Step::Wait),
    ]
}

fn opened() -> Standing {
    Standing { status: Status::Open, assignee: None, waiting_since: None, closed_at: None }
}

proptest! {
    #[test]
    fn whatever_happens_it_is_clear_who_waits_for_whom(steps in proptest::collection::vec(step(), 0..60)) {
        let (mut standing, mut now) = (opened(), Timestamp::UNIX_EPOCH);
        for step in steps {
            let before = standing;
            let moved = match step {
                Step::Arrives(side, who, stays) => standing.arrives(side, people()[who], now, stays),
                Step::Close => standing.close(now),
                Step::Reopen(why) => standing.reopen(why),
                Step::Assign(who, to, why) => standing.assign(people()[who], to.map(|to| people()[to]), why),
                Step::Wait(days) => {
                    now += TimeDelta::days(days);
                    Ok(standing)
                }
            };
            standing = moved.unwrap_or(before);
            prop_assert_eq!(standing.status == Status::AwaitingStaff, standing.waiting_since.is_some());
            prop_assert_eq!(standing.status == Status::Closed, standing.closed_at.is_some());
            if standing.status == Status::AwaitingPatient && before.status != Status::AwaitingPatient {
                prop_assert!(standing.assignee.is_some(), "who answers has it");
            }
            if before.status == Status::AwaitingStaff && standing.status == Status::AwaitingStaff {
                prop_assert_eq!(before.waiting_since, standing.waiting_since, "a second message does not reset the clock");
            }
        }
    }

    #[test]
    fn a_message_is_refused_only_long_after_the_end(days in 0i64..40, patient in any::<bool>()) {
        let closed = opened().close(Timestamp::UNIX_EPOCH).unwrap();
        let side = if patient { Side::Patient } else { Side::Staff };
        let after = closed.arrives(side, UserId::NIL, Timestamp::UNIX_EPOCH + TimeDelta::days(days), true);
        prop_assert_eq!(after.is_ok(), days <= WINDOW.num_days());
    }
}

#[test]
fn only_taking_what_nobody_has_needs_no_reason() {
    let [me, you, _] = people();
    assert_eq!(opened().assign(me, Some(me), "").unwrap().assignee, Some(me));
    assert_eq!(opened().assign(me, Some(you), " "), Err(Refusal::NoReason));
    let yours = opened().assign(you, Some(you), "").unwrap();
    assert_eq!(yours.assign(me, Some(me), ""), Err(Refusal::NoReason));
    assert_eq!(yours.assign(you, None, ""), Err(Refusal::NoReason));
    assert_eq!(yours.assign(me, None, "Off today").unwrap().assignee, None);
}

#[test]
fn nobody_writes_to_somebody_who_has_left() {
    let [_, you, patient] = people();
    let yours = opened().assign(you, Some(you), "").unwrap();
    assert_eq!(yours.arrives(Side::Patient, patient, Timestamp::UNIX_EPOCH, false).unwrap().assignee, None);
    assert_eq!(yours.arrives(Side::Patient, patient, Timestamp::UNIX_EPOCH, true).unwrap().assignee, Some(you));
}

#[test]
fn views_are_read_back_from_their_names() {
    for view in View::ALL {
        assert_eq!(View::of(view.as_str()), Some(view));
    }
    assert_eq!(View::of("everything"), None);
}
