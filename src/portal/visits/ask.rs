//! Asking for a visit: one page, which comes back with all that was typed until it is right.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{Datelike as _, Days, NaiveDate, NaiveTime};

use super::pages::AskPage;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::ids::VisitRequestId;
use crate::patients::fields::Typed;
use crate::portal::switch;
use crate::visits::derive::moment;
use crate::visits::model::{Acuity, Mode, VisitType};
use crate::visits::moves;
use crate::visits::queries::people;
use crate::visits::queries::requests::{self, NewRequest};
use crate::visits::queries::visits;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Query};
use crate::web::nav::Area;
use crate::web::whom::{self, Scope, Whom};
use crate::web::{Ctx, Page};

/// Where the form is.
const PATH: &str = "/my/visits/request";

/// The longest reason, in characters: the part of the day may still be written behind it.
pub(super) const REASON_CHARS: usize = 1_900;

/// Days from which one can choose.
const DAYS: u64 = 10;

/// The answer of who comes today and waits.
const COME: &str = "come";

/// When a morning and an afternoon begin and end, by the clock of the clinic.
const MORNING: (u32, u32) = (8, 12);
const AFTERNOON: (u32, u32) = (12, 18);

/// `GET /my/visits/request`
pub async fn begin(ctx: Ctx, mut tx: Tx, Query(typed): Query<Typed>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Visits).await?;
    let form = Typed::default()
        .put("patient", own.patient.to_string())
        .put("idempotency_key", VisitRequestId::new().to_string())
        .put("mode", typed.get("mode"));
    page(&ctx, tx, own, form, FormErrors::default()).await
}

async fn page(ctx: &Ctx, mut tx: Tx, own: Whom, form: Typed, errors: FormErrors) -> Result<Response> {
    let event = Event::new(Action::View, "patient").about(Some(own.patient)).at(Some(own.facility_id));
    events::record(&mut tx, &ctx.by(), event.with(serde_json::json!({ "page": "portal visit request" }))).await?;
    let shell = ctx.shell(&mut tx, "Ask for a visit", Area::MyVisits).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    ctx.whole_page(status, &AskPage { shell, own, form, errors, today: ctx.today() })
}

/// `POST /my/visits/request`. Sent twice, it is one request.
pub async fn send(ctx: Ctx, mut tx: Tx, Form(typed): Form<Typed>) -> Page {
    let said = [("reason", "Why you want a visit")];
    let own = match switch::agreed(&ctx, &mut tx, Some(Scope::Visits), &typed, PATH, &said).await? {
        Ok(own) => own,
        Err(page) => return Ok(page),
    };
    let zone = people::zone(&mut tx, ctx.actor.organization, own.facility_id).await?;
    let now = visits::now(&mut tx).await?;
    match asked(&own, &typed, now, zone) {
        Ok(new) => {
            if requests::find(&mut tx, &ctx.actor, new.id).await?.is_none() {
                if let Err(words) = requests::asked(&mut tx, &ctx.actor, own.patient).await?.one_more() {
                    let typed = typed.put("patient", own.patient.to_string());
                    return page(&ctx, tx, own, typed, FormErrors::one("reason", words)).await;
                }
                moves::ask(&mut tx, &ctx.by(), &new).await?;
            }
            tx.commit().await?;
            let words = "We have your request. A nurse reads it and offers you a time";
            Ok(ctx.redirect("/my/visits", Some(&Flash::ok(words))))
        }
        Err(errors) => {
            let typed = typed.put("patient", own.patient.to_string());
            page(&ctx, tx, own, typed, errors).await
        }
    }
}

/// The request that was typed, or what is wrong with it.
fn asked(own: &Whom, typed: &Typed, now: Timestamp, zone: chrono_tz::Tz) -> Result<NewRequest, FormErrors> {
    let mut errors = FormErrors::default();
    let mode = Mode::from_name(typed.get("mode"));
    if mode.is_none() {
        errors.add("mode", "Choose how you would like to be seen");
    }
    let mut reason = errors.text("reason", typed.get("reason"));
    if reason.is_empty() {
        errors.add("reason", "Tell us why you want a visit");
    } else if reason.chars().count() > REASON_CHARS {
        errors.add("reason", "That is a little long. Use 1,900 letters or fewer");
    }
    // Whoever is worse off than they may say here is told to call.
    let feeling = Acuity::from_name(typed.get("feeling")).filter(|acuity| *acuity != Acuity::Red);
    if feeling.is_none() {
        errors.add("feeling", "Tell us how you feel now");
    }
    let comes = typed.get("day") == COME;
    if comes && mode == Some(Mode::Virtual) {
        errors.add("day", "For a video call we have to find a time. Choose a day");
    }
    let (requested_date, window) = window(typed, now, zone).unwrap_or_else(|words| {
        errors.add("day", words);
        (None, None)
    });
    let (Some(mode), Some(acuity), true) = (mode, feeling, errors.is_empty()) else { return Err(errors) };
    if requested_date.is_none() && matches!(typed.get("part"), "morning" | "afternoon") {
        reason = format!("{reason} ({}s suit best)", typed.get("part"));
    }
    Ok(NewRequest {
        id: typed.get("idempotency_key").parse().unwrap_or_else(|_| VisitRequestId::new()),
        facility: own.facility_id,
        patient: own.patient,
        request_type: if comes { VisitType::WalkIn } else { VisitType::Scheduled },
        mode,
        requested_date,
        window,
        reason,
        category: None,
        acuity,
        alert: None,
    })
}

/// The day and the stretch of time that suit.
type Wanted = (Option<NaiveDate>, Option<(Timestamp, Timestamp)>);

fn window(typed: &Typed, now: Timestamp, zone: chrono_tz::Tz) -> Result<Wanted, &'static str> {
    const LIST: &str = "Choose a day from the list";
    let today = now.with_timezone(&zone).date_naive();
    let hour = |day, hour| NaiveTime::from_hms_opt(hour, 0, 0).and_then(|time| moment(zone, day, time)).ok_or(LIST);
    let day: NaiveDate = match typed.get("day") {
        "" => return Ok((None, None)),
        COME => return Ok((Some(today), None)),
        "next" => {
            let monday = today + Days::new(7 - u64::from(today.weekday().num_days_from_monday()));
            return Ok((None, Some((hour(monday, MORNING.0)?, hour(monday + Days::new(4), AFTERNOON.1)?))));
        }
        day => day.parse().map_err(|_| LIST)?,
    };
    if day < today {
        return Err("That day has passed. Choose a later one");
    }
    if day > today + Days::new(DAYS * 2) {
        return Err(LIST);
    }
    let (from, until) = match typed.get("part") {
        "morning" => MORNING,
        "afternoon" => AFTERNOON,
        _ => return Ok((Some(day), None)),
    };
    let stretch = (hour(day, from)?, hour(day, until)?);
    if stretch.1 <= now {
        Err("That part of the day has passed. Choose a later one")
    } else {
        Ok((Some(day), Some(stretch)))
    }
}

/// The days to choose from, in words.
pub(super) fn days(today: NaiveDate) -> Vec<(String, String)> {
    let word = |offset: u64| {
        let day = today + Days::new(offset);
        let words = crate::web::format::date_in_words(day, today);
        (day.to_string(), if offset == 0 { format!("Today, {words}") } else { words })
    };
    let come = (COME.to_owned(), "Today, I will come and wait".to_owned());
    let next = ("next".to_owned(), "Next week".to_owned());
    std::iter::once(come).chain((0..DAYS).map(word)).chain(std::iter::once(next)).collect()
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    fn at(day: &str, part: &str) -> Result<Wanted, &'static str> {
        let typed = Typed::default().put("day", day).put("part", part);
        window(&typed, "2026-11-24T13:00:00Z".parse().expect("a time"), Tz::Europe__London)
    }

    #[test]
    fn a_day_and_its_part_make_a_window() {
        let (day, stretch) = at("2026-11-25", "morning").expect("a window");
        assert_eq!(day.map(|day| day.to_string()).as_deref(), Some("2026-11-25"));
        let stretch = stretch.expect("a stretch");
        assert_eq!(stretch.0.to_rfc3339(), "2026-11-25T08:00:00+00:00");
        assert!(stretch.0 < stretch.1);
        assert_eq!(at("", "morning"), Ok((None, None)));
    }

    #[test]
    fn next_week_is_monday_to_friday() {
        let (_, stretch) = at("next", "").expect("a window");
        let stretch = stretch.expect("a stretch");
        assert_eq!(stretch.0.to_rfc3339(), "2026-11-30T08:00:00+00:00");
        assert_eq!(stretch.1.to_rfc3339(), "2026-12-04T18:00:00+00:00");
    }

    #[test]
    fn what_has_passed_or_is_no_day_is_refused() {
        for (day, part) in
            [("2026-11-23", ""), ("2026-11-24", "morning"), ("9999-12-31", ""), ("yesterday", ""), ("-1", "")]
        {
            assert!(at(day, part).is_err(), "{day} {part}");
        }
        assert!(at("2026-11-24", "afternoon").is_ok());
    }
}
