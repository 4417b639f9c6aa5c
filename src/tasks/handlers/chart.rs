//! `GET /patients/{id}/tasks`: the section of the chart.

use askama::Template;
use axum::http::StatusCode;

use crate::db::Tx;
use crate::events::Action;
use crate::ids::PatientId;
use crate::patients::record;
use crate::tasks::panel::{self, Panel};
use crate::web::form::Id;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Tab};
use crate::web::{Ctx, Page};

/// The section.
#[derive(Debug, Template)]
#[template(path = "tasks/patient.html")]
pub struct Section {
    shell: Shell,
    banner: Banner,
    sections: Vec<Tab>,
    panel: Panel,
}

/// The tasks about a patient, the first due first, then what was closed last.
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "tasks").await?;
    let panel = panel::of_patient(&ctx, &mut tx, &record).await?;
    let shell = record.shell(&ctx, &mut tx, "tasks").await?;
    tx.commit().await?;
    let page = Section { shell, banner: record.banner(&ctx), sections: record.sections(&ctx, "tasks"), panel };
    ctx.whole_page(StatusCode::OK, &page)
}
