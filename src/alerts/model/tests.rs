//! Every state × transition × role, against the table of the domain model written out a second time.

use chrono::{TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::access::Role;
use crate::clock::Timestamp;
use crate::ids::UserId;

const MOVES: [Move; 8] = [
    Move::Acknowledge,
    Move::Assign,
    Move::Snooze,
    Move::HandBack,
    Move::Resolve,
    Move::Dismiss,
    Move::Reopen,
    Move::Wake,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Acknowledge,
    Assign,
    Snooze,
    HandBack,
    Resolve,
    Dismiss,
    Reopen,
    Wake,
}

/// What this person is to the alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tie {
    Stranger,
    Assignee,
    Holder,
}

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 24, 9, 42, 0).single().unwrap()
}

fn user(number: u128) -> UserId {
    UserId::from(uuid::Uuid::from_u128(number))
}

fn because(code: AlertReason) -> Reason {
    Reason { code, text: None }
}

/// An alert in `status` that somebody else holds, unless the tie says otherwise.
fn alert(status: AlertStatus, severity: Severity, tie: Tie) -> Alert {
    let holder = if tie == Tie::Holder { user(1) } else { user(2) };
    let closure = Closure { by: holder, at: now(), reason: because(AlertReason::Expected) };
    let state = match status {
        AlertStatus::Active => State::Active,
        AlertStatus::Acknowledged => State::Acknowledged { by: holder, at: now() },
        AlertStatus::Snoozed => State::Snoozed { by: holder, until: now() },
        AlertStatus::Resolved => State::Resolved(closure),
        AlertStatus::Dismissed => State::Dismissed(closure),
    };
    Alert { severity, assignee: (tie == Tie::Assignee).then(|| user(1)), state }
}

fn attempt(what: Move, alert: Alert, role: Role) -> Result<Alert, Refusal> {
    let me = Mover { user: user(1), role };
    match what {
        Move::Acknowledge => alert.acknowledge(me, now()),
        Move::Assign => alert.assign(me, Some(user(1))),
        Move::Snooze => alert.snooze(me, now(), now() + TimeDelta::minutes(15)),
        Move::HandBack => alert.hand_back(me),
        Move::Resolve => alert.resolve(me, now(), because(AlertReason::ContactedPatient)),
        Move::Dismiss => alert.dismiss(me, now(), because(AlertReason::Duplicate)),
        Move::Reopen => alert.reopen(me),
        Move::Wake => alert.wake(now()),
    }
}

/// The table of the domain model, in the words of a test: where the move leads, or that it does not.
fn expected(what: Move, status: AlertStatus, severity: Severity, role: Role, tie: Tie) -> Option<AlertStatus> {
    use AlertStatus as S;
    let handles = matches!(role, Role::Clinician | Role::MedicalAssistant | Role::Manager);
    let (from, who, to) = match what {
        Move::Acknowledge => {
            (status == S::Active, handles || (role == Role::Carer && tie == Tie::Assignee), S::Acknowledged)
        }
        Move::Assign => (status.is_open(), handles, status),
        Move::Snooze => (matches!(status, S::Active | S::Acknowledged), handles, S::Snoozed),
        Move::HandBack => (
            matches!(status, S::Acknowledged | S::Snoozed),
            (handles || role == Role::Carer) && tie != Tie::Stranger,
            S::Active,
        ),
        Move::Resolve => (
            status.is_open(),
            role == Role::Clinician
                || (role == Role::MedicalAssistant && matches!(severity, Severity::Info | Severity::Warning)),
            S::Resolved,
        ),
        Move::Dismiss => (status.is_open(), role == Role::Clinician, S::Dismissed),
        Move::Reopen => (matches!(status, S::Resolved | S::Dismissed), role == Role::Clinician, S::Active),
        Move::Wake => (status == S::Snoozed, true, S::Active),
    };
    (from && who).then_some(to)
}

#[test]
fn every_role_moves_every_state_only_as_the_table_says() {
    let mut granted = 0;
    for what in MOVES {
        for status in AlertStatus::ALL.iter().copied() {
            for severity in Severity::ALL.iter().copied() {
                for role in Role::ALL {
                    for tie in [Tie::Stranger, Tie::Assignee, Tie::Holder] {
                        let outcome = attempt(what, alert(status, severity, tie), role);
                        let led_to = outcome.as_ref().ok().map(|alert| alert.state.status());
                        assert_eq!(
                            led_to,
                            expected(what, status, severity, role, tie),
                            "{what:?} from {status:?}, {severity:?}, as {role:?} ({tie:?})"
                        );
                        granted += usize::from(outcome.is_ok());
                    }
                }
            }
        }
    }
    assert!(granted > 300, "the table grants {granted} moves");
}

#[test]
fn an_alert_that_moved_on_is_a_conflict_and_a_missing_right_is_not() {
    let resolved = alert(AlertStatus::Resolved, Severity::High, Tie::Stranger);
    assert_eq!(
        attempt(Move::Acknowledge, resolved.clone(), Role::Clinician),
        Err(Refusal::State(AlertStatus::Resolved))
    );
    assert!(matches!(attempt(Move::Acknowledge, resolved, Role::Owner), Err(Refusal::Person(_))));
}

#[test]
fn a_critical_alert_sleeps_for_an_hour_at_most() {
    let me = Mover { user: user(1), role: Role::Clinician };
    let critical = || alert(AlertStatus::Active, Severity::Critical, Tie::Stranger);
    assert!(critical().snooze(me, now(), now() + CRITICAL_LIMIT).is_ok());
    let longer = critical().snooze(me, now(), now() + CRITICAL_LIMIT + TimeDelta::seconds(1));
    assert!(matches!(longer, Err(Refusal::Rule(_))), "{longer:?}");
    let offered: Vec<_> = Snooze::offered(Severity::Critical).collect();
    assert_eq!(offered, [Snooze::Minutes15, Snooze::Hour1]);
    assert_eq!(Snooze::offered(Severity::High).count(), Snooze::ALL.len());
}

#[test]
fn an_acknowledgement_holds_for_as_long_as_the_severity_says() {
    for (severity, minutes) in [(Severity::Critical, 15), (Severity::High, 60), (Severity::Warning, 240)] {
        let at = |minutes| now() + TimeDelta::minutes(minutes);
        let acknowledged = || alert(AlertStatus::Acknowledged, severity, Tie::Stranger);
        assert!(acknowledged().time_out(at(minutes - 1)).is_err(), "{severity:?}");
        assert_eq!(acknowledged().time_out(at(minutes)).unwrap().state, State::Active, "{severity:?}");
    }
    assert!(
        alert(AlertStatus::Acknowledged, Severity::Info, Tie::Stranger).time_out(now() + TimeDelta::days(9)).is_err()
    );
}

#[test]
fn tomorrow_means_eight_o_clock_where_the_facility_is() {
    let london = Snooze::Tomorrow.until(now(), Tz::Europe__London);
    assert_eq!(london, Utc.with_ymd_and_hms(2026, 11, 25, 8, 0, 0).single().unwrap());
    let auckland = Snooze::Tomorrow.until(now(), Tz::Pacific__Auckland);
    assert_eq!(auckland.with_timezone(&Tz::Pacific__Auckland).to_string(), "2026-11-25 08:00:00 NZDT");
    // The clocks go back in the night: an hour more to sleep, and still eight o'clock.
    let autumn = Utc.with_ymd_and_hms(2026, 10, 24, 20, 0, 0).single().unwrap();
    assert_eq!(Snooze::Tomorrow.until(autumn, Tz::Europe__London), autumn + TimeDelta::hours(12));
}

#[test]
fn names_are_read_back_and_nothing_else_is() {
    for status in AlertStatus::ALL {
        assert_eq!(status.as_str().parse(), Ok(*status));
    }
    for severity in Severity::ALL {
        assert_eq!(severity.as_str().parse(), Ok(*severity));
    }
    assert!("critical".parse::<Severity>().is_err());
    assert!("".parse::<AlertType>().is_err());
}

fn any_move() -> impl Strategy<Value = (Move, Role, i64)> {
    (0..MOVES.len(), 0..Role::ALL.len(), 0..100_000_i64)
        .prop_map(|(what, role, seconds)| (MOVES[what], Role::ALL[role], seconds))
}

proptest! {
    /// However people push, an alert is always in a state that carries its data, closed alerts move only by
    /// reopening, and no critical alert is put aside for more than an hour.
    #[test]
    fn no_sequence_of_moves_breaks_an_alert(moves in prop::collection::vec(any_move(), 1..40), grave in any::<bool>()) {
        let severity = if grave { Severity::Critical } else { Severity::Warning };
        let mut alert = alert(AlertStatus::Active, severity, Tie::Stranger);
        for (what, role, seconds) in moves {
            let before = alert.clone();
            let moved = match what {
                Move::Snooze => alert.clone().snooze(Mover { user: user(1), role }, now(), now() + TimeDelta::seconds(seconds)),
                Move::Acknowledge | Move::Assign | Move::HandBack | Move::Resolve | Move::Dismiss | Move::Reopen | Move::Wake => {
                    attempt(what, alert.clone(), role)
                }
            };
            alert = moved.unwrap_or(alert);
            if !before.state.status().is_open() && alert != before {
                prop_assert_eq!(what, Move::Reopen);
                prop_assert_eq!(alert.state.status(), AlertStatus::Active);
            }
            if let (State::Snoozed { until, .. }, Severity::Critical) = (&alert.state, severity) {
                prop_assert!(*until <= now() + CRITICAL_LIMIT);
            }
            prop_assert_eq!(alert.severity, severity);
        }
    }

    #[test]
    fn every_snooze_ends_in_the_future(choice in 0..4_usize, seconds in 0..200_000_000_i64, zone in 0..chrono_tz::TZ_VARIANTS.len()) {
        let start = now() + TimeDelta::seconds(seconds);
        let until = Snooze::ALL[choice].until(start, chrono_tz::TZ_VARIANTS[zone]);
        prop_assert!(until > start && until <= start + TimeDelta::hours(60));
    }
}
