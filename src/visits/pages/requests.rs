//! Requests for visits.

use askama::Template;
use chrono_tz::Tz;

use crate::access::Role;
use crate::ids::StaffId;
use crate::visits::derive::Offer;
use crate::visits::handlers::provider_choices;
use crate::visits::handlers::requests::{RawRequest, tab_count};
use crate::visits::model::{Acuity, Category, Mode, RequestStatus, VisitType};
use crate::visits::pages::visits::entries;
use crate::visits::queries::people::Provider;
use crate::visits::queries::requests::RequestRow;
use crate::visits::queries::visits::Step;
use crate::web::filters;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Choice, Entry, Tab};

/// For how many hours an offer is kept, in words.
const HOURS: [(&str, &str); 4] = [("2", "2 hours"), ("24", "1 day"), ("48", "2 days"), ("96", "4 days")];

/// The queue.
#[derive(Debug, Template)]
#[template(path = "visits/requests.html", blocks = ["main"])]
pub struct List {
    /// The frame.
    pub shell: Shell,
    /// The requests.
    pub rows: Vec<RequestRow>,
    /// The states.
    pub tabs: Vec<Tab>,
    /// Whether this person asks for patients.
    pub asks: bool,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl List {
    /// The page.
    #[must_use]
    pub fn new(
        shell: Shell,
        rows: Vec<RequestRow>,
        counts: &[(RequestStatus, i64)],
        status: Option<RequestStatus>,
        closed: bool,
        asks: bool,
        zone: Tz,
    ) -> Self {
        let open = RequestStatus::ALL.iter().copied().filter(|one| one.is_open());
        let mut tabs = vec![Tab {
            href: "/visit-requests".to_owned(),
            label: "Open".to_owned(),
            count: tab_count(counts, None),
            current: status.is_none() && !closed,
        }];
        tabs.extend(open.map(|one| Tab {
            href: format!("/visit-requests?status={}", one.as_str()),
            label: one.label().to_owned(),
            count: tab_count(counts, Some(one)),
            current: status == Some(one),
        }));
        let (href, label) = ("/visit-requests?status=closed".to_owned(), "Closed".to_owned());
        tabs.push(Tab { href, label, count: None, current: closed });
        Self { shell, rows, tabs, asks, zone }
    }
}

/// A time that could be offered.
#[derive(Debug)]
pub struct Time {
    /// How the form names it.
    pub value: String,
    /// Whose.
    pub staff: String,
    /// Whether it lies in the window asked for.
    pub fits: bool,
    /// The time.
    pub offer: Offer,
}

/// One request, and what can be done about it.
#[derive(Debug, Template)]
#[template(path = "visits/request.html")]
pub struct Show {
    /// The frame.
    pub shell: Shell,
    /// The request.
    pub row: RequestRow,
    /// What was typed.
    pub form: RawRequest,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// What happened so far.
    pub history: Vec<Step>,
    /// Whether times are offered here.
    pub offers: bool,
    /// Times that could be.
    pub times: Vec<Time>,
    /// Whose times there are.
    pub providers: Vec<Provider>,
    /// Whose times are shown where nobody is named, in words.
    pub anybody: String,
    /// Whose are shown; none for everybody's.
    pub provider: Option<StaffId>,
    /// The role of the person.
    pub role: Role,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl Show {
    fn may(&self, to: RequestStatus) -> bool {
        self.row.status.may_become(to, self.role, false)
    }

    fn triages(&self) -> bool {
        self.row.status.is_open() && RequestStatus::New.may_become(RequestStatus::Triaged, self.role, false)
    }

    fn acuities(&self) -> Vec<Choice> {
        let choice = |one: &Acuity| Choice {
            value: one.as_str().to_owned(),
            label: one.label().to_owned(),
            hint: one.hint().to_owned(),
            chosen: self.row.acuity == *one,
        };
        Acuity::ALL.iter().map(choice).collect()
    }

    fn categories(&self) -> Vec<Choice> {
        let now = self.row.reason_category.as_deref();
        Category::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), now == Some(one.as_str()))).collect()
    }

    fn hours(&self) -> Vec<Choice> {
        let wanted = if self.form.hours.is_empty() { "24" } else { self.form.hours.as_str() };
        HOURS.iter().map(|(value, label)| Choice::new(*value, *label, wanted == *value)).collect()
    }

    fn people_or_anybody(&self) -> Vec<Choice> {
        let anybody = Choice::new("", self.anybody.as_str(), self.provider.is_none());
        std::iter::once(anybody).chain(provider_choices(&self.providers, self.provider)).collect()
    }

    const fn triage_words(&self) -> &'static str {
        match self.row.status {
            RequestStatus::New => "Save triage and look for a time",
            _ => "Change triage",
        }
    }

    fn walks_in(&self) -> bool {
        let walk_in = self.row.request_type == VisitType::WalkIn;
        self.row.status.may_become(RequestStatus::Converted, self.role, walk_in)
            && self.row.status == RequestStatus::Triaged
    }

    fn may_confirm(&self) -> bool {
        self.may(RequestStatus::Converted) && self.row.offered()
    }

    fn cancels(&self) -> bool {
        self.may(RequestStatus::Cancelled)
    }

    fn modes(&self) -> Vec<Choice> {
        let wanted = if self.form.mode.is_empty() { self.row.mode.as_str() } else { self.form.mode.as_str() };
        let modes = Mode::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), wanted == one.as_str()));
        modes.chain(std::iter::once(Choice::new("any", "Either", wanted == "any"))).collect()
    }

    fn story(&self) -> Vec<Entry> {
        entries(&self.history, |name| RequestStatus::from_name(name).map(RequestStatus::label))
    }
}
