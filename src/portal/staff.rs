//! What staff do about the portal of a patient: invite, say what proxies may see, stop and end.

use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::accounts::{self, Account, Invite, Standing};
use super::letter::{self, Letter};
use crate::access::Permission;
use crate::accounts::tokens::Token;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event, StatusChange};
use crate::ids::{PatientId, UserId};
use crate::patients::fields::{Field, Input, Reader, Typed, fill};
use crate::patients::record::{self, Record};
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Ids, Query};
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Tab};
use crate::web::{Ctx, filters};

#[derive(Template)]
#[template(path = "portal/staff.html")]
struct ListPage {
    shell: Shell,
    banner: Banner,
    sections: Vec<Tab>,
    accounts: Vec<Account>,
    /// Where somebody is invited, by whom may.
    invite: Option<String>,
    /// Whether the patient has an account or an offer of one.
    has_own: bool,
    /// Whether there is a date of birth to prove.
    provable: bool,
    here: String,
}

impl ListPage {
    /// "2 active, 1 invited"
    fn counts(&self) -> String {
        let count = |standing: &Standing| self.accounts.iter().filter(|one| one.status == *standing).count();
        let each = Standing::ALL.iter().map(|one| (count(one), one.label().to_lowercase()));
        each.filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[derive(Template)]
#[template(path = "portal/invite.html")]
struct InvitePage {
    shell: Shell,
    banner: Banner,
    own: bool,
    action: String,
    cancel: String,
    fields: Vec<Field>,
    errors: FormErrors,
}

#[derive(Template)]
#[template(path = "portal/account.html")]
struct AccountPage {
    shell: Shell,
    banner: Banner,
    account: Account,
    here: String,
    back: String,
    /// The fields of what a proxy may see; empty for the patient.
    fields: Vec<Field>,
    why: Vec<Field>,
    errors: FormErrors,
    stale: bool,
}

/// For whom the invitation is.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Who {
    #[serde(default)]
    who: String,
}

/// `GET /patients/{id}/portal`
pub async fn list(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "portal accounts").await?;
    let accounts = accounts::list(&mut tx, &ctx.actor, id, None).await?;
    let shell = record.shell(&ctx, &mut tx, "portal").await?;
    tx.commit().await?;
    let manages = ctx.actor.may(Permission::ManagePortalAccounts) && record.stored.deleted_at.is_none();
    let page = ListPage {
        shell,
        banner: record.banner(&ctx),
        sections: record.sections(&ctx, "portal"),
        has_own: accounts.iter().any(|one| one.is_self() && one.status != Standing::Revoked),
        accounts,
        invite: manages.then(|| record.href("portal/new")),
        provable: record.stored.date_of_birth.is_some(),
        here: record.href("portal"),
    };
    ctx.whole_page(StatusCode::OK, &page)
}

/// `GET /patients/{id}/portal/new`
pub async fn ask(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Query(who): Query<Who>) -> Page {
    let record = invitable(&ctx, &mut tx, id).await?;
    let own = who.who == "self";
    let email = record.opened.email.as_deref().filter(|_| own);
    let typed = Typed::default().put_some("email", email);
    invite_page(&ctx, tx, &record, own, &typed, FormErrors::default()).await
}

/// `POST /patients/{id}/portal/new`: the answer is the letter, which is shown once.
pub async fn invite(
    ctx: Ctx,
    mut tx: Tx,
    headers: HeaderMap,
    Id(id): Id<PatientId>,
    Query(who): Query<Who>,
    Form(typed): Form<Typed>,
) -> Page {
    let record = invitable(&ctx, &mut tx, id).await?;
    let own = who.who == "self";
    let names = own.then_some((record.stored.first_name.as_str(), record.stored.last_name.as_str()));
    let invite = match accounts::parse(&typed, ctx.today(), names) {
        Ok(invite) => invite,
        Err(errors) => return invite_page(&ctx, tx, &record, own, &typed, errors).await,
    };
    match offer(&ctx, &mut tx, &record, &invite).await {
        Ok(Ok((account, user, known))) => {
            let page = letter(&ctx, &mut tx, &headers, &record, account, user, known).await?;
            tx.commit().await?;
            Ok(page)
        }
        Ok(Err(errors)) => invite_page(&ctx, tx, &record, own, &typed, errors).await,
        Err(Error::Unprocessable(words)) => {
            // The database refused: nothing of it is left, and what was typed is.
            drop(tx);
            let mut tx = ctx.app.db.begin(&ctx.actor).await?;
            let record = invitable(&ctx, &mut tx, id).await?;
            invite_page(&ctx, tx, &record, own, &typed, FormErrors::one("email", words)).await
        }
        Err(error) => Err(error),
    }
}

/// `GET /patients/{id}/portal/{account}`
pub async fn show(ctx: Ctx, mut tx: Tx, Ids(id, account): Ids<PatientId, Uuid>) -> Page {
    let (record, account) = one(&ctx, &mut tx, id, account).await?;
    let typed = account.typed();
    account_page(&ctx, tx, &record, account, &typed, FormErrors::default(), StatusCode::OK).await
}

/// `POST /patients/{id}/portal/{account}`: what a proxy may see, and for how long.
pub async fn change(ctx: Ctx, mut tx: Tx, Ids(id, account): Ids<PatientId, Uuid>, Form(typed): Form<Typed>) -> Page {
    let (record, account) = one(&ctx, &mut tx, id, account).await?;
    let terms = match accounts::parse_terms(&typed, ctx.today()) {
        Ok(terms) => terms,
        Err(errors) => return account_page(&ctx, tx, &record, account, &typed, errors, record::REFUSED).await,
    };
    if !accounts::set_terms(&mut tx, &ctx.actor, account.id, typed.row_version(), &terms).await? {
        return account_page(&ctx, tx, &record, account, &typed, FormErrors::default(), StatusCode::CONFLICT).await;
    }
    let changes = json!({
        "scopes": { "before": account.scopes, "after": terms.scopes },
        "starts_on": { "before": account.starts_on, "after": terms.starts_on },
        "ends_on": { "before": account.ends_on, "after": terms.ends_on },
    });
    let event = event(Action::PermissionChange, &record, account.id).changing(changes);
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&record.href("portal"), Some(&Flash::ok("The access is changed."))))
}

/// `POST /patients/{id}/portal/{account}/status`
pub async fn set_status(
    ctx: Ctx,
    mut tx: Tx,
    Ids(id, account): Ids<PatientId, Uuid>,
    Form(typed): Form<Typed>,
) -> Page {
    let (record, account) = one(&ctx, &mut tx, id, account).await?;
    let mut read = Reader::new(&typed, ctx.today());
    let allowed = |name: &str| name.parse().ok().filter(|to: &Standing| account.status.moves().contains(to));
    let to = read.choice("status", allowed, "This step is not possible any more. Look at the account again");
    let reason = read.text("reason");
    if to.is_some_and(Standing::asks_why) && reason.is_none() {
        read.errors.add("reason", "Say why");
    }
    let kept =
        [("reason", typed.get("reason"))].iter().fold(account.typed(), |kept, (name, value)| kept.put(name, *value));
    let Some(to) = to.filter(|_| read.errors.is_empty()) else {
        return account_page(&ctx, tx, &record, account, &kept, read.errors, record::REFUSED).await;
    };
    let why = reason.as_deref().filter(|_| to.asks_why());
    if !accounts::set_status(&mut tx, &ctx.actor, account.id, typed.row_version(), to, why).await? {
        return account_page(&ctx, tx, &record, account, &kept, FormErrors::default(), StatusCode::CONFLICT).await;
    }
    if to == Standing::Revoked {
        accounts::withdraw_letters(&mut tx, &ctx.actor, account.id).await?;
    }
    moved(&ctx, &mut tx, &record, account.id, Some(account.status), to, why).await?;
    tx.commit().await?;
    let words = match to {
        Standing::Active => "They can use the pages again.",
        Standing::Suspended => "The access is suspended.",
        Standing::Revoked | Standing::Invited => "The access is revoked.",
    };
    Ok(ctx.redirect(&record.href("portal"), Some(&Flash::ok(words))))
}

/// `POST /patients/{id}/portal/{account}/letter`: another link; older ones stop working.
pub async fn renew(ctx: Ctx, mut tx: Tx, headers: HeaderMap, Ids(id, account): Ids<PatientId, Uuid>) -> Page {
    let (record, account) = one(&ctx, &mut tx, id, account).await?;
    if account.status != Standing::Invited {
        return Err(Error::Conflict("This person has accepted already, or the offer was taken back.".to_owned()));
    }
    let event = event(Action::Update, &record, account.id).with(json!({ "letter": "made anew" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let page = letter(&ctx, &mut tx, &headers, &record, account.id, account.user, account.has_signed_in).await?;
    tx.commit().await?;
    Ok(page)
}

async fn invitable(ctx: &Ctx, tx: &mut Tx, id: PatientId) -> Result<Record> {
    let record = record::open(ctx, tx, id, Action::View, "portal invitation").await?;
    if record.stored.deleted_at.is_some() {
        return Err(Error::Conflict("This record is deleted. Restore it before inviting anybody.".to_owned()));
    }
    if record.stored.date_of_birth.is_none() {
        return Err(Error::Conflict(
            "Enter the date of birth in the record first: the invited person proves with it that the letter reached them."
                .to_owned(),
        ));
    }
    Ok(record)
}

async fn one(ctx: &Ctx, tx: &mut Tx, id: PatientId, account: Uuid) -> Result<(Record, Account)> {
    let record = record::open(ctx, tx, id, Action::View, "portal account").await?;
    let account = accounts::list(tx, &ctx.actor, id, Some(account)).await?.pop().ok_or(Error::NotFound)?;
    Ok((record, account))
}

/// Makes the offer: the account and the person, where they are new. Answers whether the person has a password.
async fn offer(
    ctx: &Ctx,
    tx: &mut Tx,
    record: &Record,
    invite: &Invite,
) -> Result<Result<(Uuid, UserId, bool), FormErrors>> {
    let actor = &ctx.actor;
    let known = accounts::known(tx, actor, record.id(), &invite.email).await?;
    let (user, has_password, has_role) = match &known {
        Some(known) if !known.usable => {
            let words = "The account with this address is suspended. An administrator can open it again";
            return Ok(Err(FormErrors::one("email", words)));
        }
        Some(known) if known.has_access => {
            let words = format!("{} has access to these pages already, or an invitation", known.name);
            return Ok(Err(FormErrors::one("email", words)));
        }
        Some(known) => (known.user, known.has_password, known.is_patient),
        None => (accounts::add_person(tx, actor, invite).await?, false, false),
    };
    if !has_role {
        accounts::add_role(tx, actor, user).await?;
    }
    let account = accounts::add(tx, actor, record.id(), user, invite).await?;
    let event = event(Action::Create, record, account).with(json!({
        "relationship": invite.relationship, "scopes": invite.terms.scopes,
        "starts_on": invite.terms.starts_on, "ends_on": invite.terms.ends_on,
    }));
    events::record(tx, &ctx.by(), event).await?;
    status(ctx, tx, record, account, None, Standing::Invited, None).await?;
    Ok(Ok((account, user, has_password)))
}

async fn letter(
    ctx: &Ctx,
    tx: &mut Tx,
    headers: &HeaderMap,
    record: &Record,
    account: Uuid,
    user: UserId,
    known: bool,
) -> Result<Response> {
    let token = Token::new();
    let until = accounts::add_letter(tx, &ctx.actor, account, user, &token).await?;
    let offered = accounts::list(tx, &ctx.actor, record.id(), Some(account)).await?.pop().ok_or(Error::NotFound)?;
    let shell = record.shell(ctx, tx, "invitation").await?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let link = letter::link(ctx, host, &token);
    let stored = &record.stored;
    let patient = (!offered.is_self()).then(|| format!("{} {}", stored.first_name, stored.last_name));
    let page = Letter {
        shell,
        back: record.href("portal"),
        patient,
        name: offered.name,
        email: offered.email,
        facility: stored.facility.clone(),
        picture: letter::picture(&link)?,
        link,
        until: until.with_timezone(&ctx.actor.zone).date_naive(),
        today: ctx.today(),
        known,
    };
    ctx.whole_page(StatusCode::OK, &page)
}

fn event(action: Action, record: &Record, account: Uuid) -> Event {
    Event::new(action, "portal_account").of(account).about(Some(record.id())).at(Some(record.stored.facility_id))
}

async fn moved(
    ctx: &Ctx,
    tx: &mut Tx,
    record: &Record,
    account: Uuid,
    from: Option<Standing>,
    to: Standing,
    reason: Option<&str>,
) -> Result<()> {
    let changes = json!({ "status": { "before": from, "after": to } });
    let event = event(Action::StatusChanged, record, account).changing(changes).with(json!({ "reason": reason }));
    events::record(tx, &ctx.by(), event).await?;
    status(ctx, tx, record, account, from, to, reason).await
}

async fn status(
    ctx: &Ctx,
    tx: &mut Tx,
    record: &Record,
    account: Uuid,
    from: Option<Standing>,
    to: Standing,
    reason: Option<&str>,
) -> Result<()> {
    let change = StatusChange {
        subject: "portal_account",
        id: account,
        from: from.map(Standing::as_str),
        to: to.as_str(),
        reason,
        patient: Some(record.id()),
        facility: Some(record.stored.facility_id),
    };
    events::status_change(tx, &ctx.by(), &change).await
}

async fn invite_page(ctx: &Ctx, mut tx: Tx, record: &Record, own: bool, typed: &Typed, errors: FormErrors) -> Page {
    let shell = record.shell(ctx, &mut tx, "invitation").await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { record::REFUSED };
    let page = InvitePage {
        shell,
        banner: record.banner(ctx),
        own,
        action: record.href(if own { "portal/new?who=self" } else { "portal/new" }),
        cancel: record.href("portal"),
        fields: fill(accounts::fields(own), typed, &errors),
        errors,
    };
    ctx.whole_page(status, &page)
}

async fn account_page(
    ctx: &Ctx,
    mut tx: Tx,
    record: &Record,
    account: Account,
    typed: &Typed,
    errors: FormErrors,
    status: StatusCode,
) -> Page {
    let shell = record.shell(ctx, &mut tx, "portal account").await?;
    tx.commit().await?;
    let terms =
        if account.is_self() || account.status == Standing::Revoked { Vec::new() } else { accounts::terms_fields() };
    let reason =
        Field::new("reason", "Why", Input::Text).hint("Staff read it. Needed to suspend and to revoke").optional();
    let page = AccountPage {
        shell,
        banner: record.banner(ctx),
        here: record.href(&format!("portal/{}", account.id)),
        back: record.href("portal"),
        fields: fill(terms, typed, &errors),
        why: fill(vec![reason], typed, &errors),
        errors,
        stale: status == StatusCode::CONFLICT,
        account,
    };
    ctx.whole_page(status, &page)
}
