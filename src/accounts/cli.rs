//! `almoner user`: the first account, and help for whoever runs the system when nobody can sign in.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::model::{Account, full_name, sign_in_email};
use super::password::{self, Passwords};
use super::queries::{self, NewUser};
use super::tokens::{self, Purpose};
use crate::access::Role;
use crate::db::{Db, Tx};
use crate::events::{self, Action, By, Event};
use crate::ids::{OrganizationId, UserId};
use crate::phi::{self, Keyring};

/// What to do with accounts.
#[derive(Clone, Debug, Subcommand)]
pub enum UserCommand {
    /// Add an account. In an empty database this also makes the organization, and the account is its administrator.
    Add(Add),
    /// List the accounts with their roles.
    List,
    /// Make a link with which a person chooses a password: the first one where they were invited, else another one.
    Link(Link),
    /// Take the second factor from somebody who lost both phone and recovery codes.
    SecondFactor(Email),
    /// Give an account a new password and end its sessions.
    Password(Which),
    /// Give a role, or take it away.
    Role(ChangeRole),
    /// Stop an account from signing in and end its sessions.
    Suspend(Suspend),
}

/// A new account.
#[derive(Clone, Debug, Args)]
pub struct Add {
    #[command(flatten)]
    which: Which,
    /// Given name.
    #[arg(long)]
    first_name: String,
    /// Family name.
    #[arg(long)]
    last_name: String,
    /// Role, such as CLINICIAN or ADMIN.
    #[arg(long, default_value = "ADMIN")]
    role: Role,
    /// Facility the role is limited to, by name; the whole organization without.
    #[arg(long)]
    facility: Option<String>,
    /// The organization, by name; may be left out where there is only one.
    #[arg(long)]
    organization: Option<String>,
}

/// Which account, and where its password comes from.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// E-mail address, with which the person signs in.
    #[arg(long)]
    email: String,
    /// Read the password from standard input instead of making one up and printing it.
    #[arg(long)]
    password_stdin: bool,
}

/// An account.
#[derive(Clone, Debug, Args)]
pub struct Email {
    /// E-mail address of the account.
    #[arg(long)]
    email: String,
}

/// Whom a link is for.
#[derive(Clone, Debug, Args)]
pub struct Link {
    /// E-mail address of the account.
    #[arg(long)]
    email: String,
    /// The address people use, with which the link begins.
    #[arg(long, env = "ALMONER_PUBLIC_URL", default_value = "http://127.0.0.1:3000")]
    public_url: url::Url,
}

/// A role to give or take.
#[derive(Clone, Debug, Args)]
pub struct ChangeRole {
    /// E-mail address of the account.
    #[arg(long)]
    email: String,
    /// Role, such as CLINICIAN.
    #[arg(long)]
    role: Role,
    /// Facility the role is limited to, by name; the whole organization without.
    #[arg(long)]
    facility: Option<String>,
    /// Take the role away instead.
    #[arg(long)]
    remove: bool,
}

/// An account to stop.
#[derive(Clone, Debug, Args)]
pub struct Suspend {
    /// E-mail address of the account.
    #[arg(long)]
    email: String,
    /// Let the account sign in again instead.
    #[arg(long)]
    undo: bool,
}

/// Carries out one command.
///
/// # Errors
/// In words, for whoever typed the command.
pub async fn run(command: &UserCommand, db: &Db, keys: &Keyring) -> anyhow::Result<()> {
    match command {
        UserCommand::Add(add) => self::add(add, db, keys).await,
        UserCommand::List => list(db).await,
        UserCommand::Link(link) => self::link(link, db).await,
        UserCommand::SecondFactor(which) => reset_second_factor(which, db).await,
        UserCommand::Password(which) => new_password(which, db).await,
        UserCommand::Role(change) => change_role(change, db).await,
        UserCommand::Suspend(suspend) => self::suspend(suspend, db).await,
    }
}

async fn add(add: &Add, db: &Db, keys: &Keyring) -> anyhow::Result<()> {
    let email = sign_in_email(&add.which.email);
    if queries::account(db.auth(), &email).await?.is_some() {
        bail!("there is an account with the e-mail address {email} already");
    }
    let (organization, is_new) = organization(db, add.organization.as_deref()).await?;
    if is_new && add.role != Role::Admin {
        bail!("the first account of a new organization must have the role ADMIN");
    }
    let name = full_name(None, &add.first_name, &add.last_name);
    let (password, made_up) = password(&add.which, &[&email, &name])?;
    let hash = Passwords::default().hash(password.clone()).await?;
    let mut tx = db.begin_worker(organization).await?;
    if is_new {
        queries::add_organization(&mut tx, organization, add.organization.as_deref().unwrap_or("My organization"))
            .await?;
        phi::store::create(&mut tx, keys, organization).await?;
    }
    let facility = facility(&mut tx, organization, add.facility.as_deref()).await?;
    let user = UserId::new();
    let new = NewUser {
        organization,
        user,
        email: &email,
        first_name: &add.first_name,
        last_name: &add.last_name,
        password_hash: &hash,
    };
    queries::add_user(&mut tx, &new)
        .await
        .context("the account cannot be added: check the e-mail address and the names")?;
    queries::add_membership(&mut tx, organization, user, add.role, facility).await?;
    audit(&mut tx, organization, user, Action::Create, json!({ "role": add.role.as_str(), "by": "command line" }))
        .await?;
    tx.commit().await?;
    println!("Added {email} as {}.", add.role.label());
    say_password(&password, made_up);
    Ok(())
}

async fn list(db: &Db) -> anyhow::Result<()> {
    let mut tx = db.begin_system().await?;
    for user in queries::all_users(&mut tx).await? {
        let asked = if user.asked { " · asked for a new password" } else { "" };
        println!(
            "{:<12} {:<40} {:<30} {} · {}{asked}",
            user.status, user.email, user.name, user.organization, user.roles
        );
    }
    Ok(())
}

async fn link(link: &Link, db: &Db) -> anyhow::Result<()> {
    let (account, email) = account(db, &link.email).await?;
    let mut tx = db.begin_worker(account.organization).await?;
    let purpose = match queries::status(&mut tx, account.organization, account.user).await?.as_str() {
        "INVITED" => Purpose::Activation,
        "ACTIVE" => Purpose::PasswordReset,
        _ => bail!("{email} is suspended: `almoner user suspend --undo` first"),
    };
    let token = tokens::issue(&mut tx, account.organization, account.user, None, purpose).await?;
    queries::reset_answered(&mut tx, account.organization, account.user).await?;
    let details = json!({ "link": purpose.as_str(), "by": "command line" });
    audit(&mut tx, account.organization, account.user, Action::PermissionChange, details).await?;
    tx.commit().await?;
    let base = link.public_url.as_str().trim_end_matches('/');
    println!("Give this link to {email}, and to nobody else. It works once, for {}:", purpose.lasts().1);
    println!("{base}{}/{}", purpose.path(), token.text());
    Ok(())
}

async fn reset_second_factor(which: &Email, db: &Db) -> anyhow::Result<()> {
    let (account, email) = account(db, &which.email).await?;
    let mut tx = db.begin_worker(account.organization).await?;
    if !queries::end_second_factor(&mut tx, account.organization, account.user).await? {
        bail!("{email} has no second factor");
    }
    audit(&mut tx, account.organization, account.user, Action::PermissionChange, json!({ "second_factor": "reset" }))
        .await?;
    tx.commit().await?;
    println!("{email} signs in with the password alone, until they set a second factor up again.");
    Ok(())
}

async fn new_password(which: &Which, db: &Db) -> anyhow::Result<()> {
    let (account, email) = account(db, &which.email).await?;
    let (password, made_up) = password(which, &[&email])?;
    let hash = Passwords::default().hash(password.clone()).await?;
    let mut tx = db.begin_worker(account.organization).await?;
    queries::set_password(&mut tx, account.organization, account.user, &hash).await?;
    queries::end_all_sessions(&mut tx, account.organization, account.user).await?;
    audit(&mut tx, account.organization, account.user, Action::PermissionChange, json!({ "password": "replaced" }))
        .await?;
    tx.commit().await?;
    println!("{email} has a new password, and is signed out everywhere.");
    say_password(&password, made_up);
    Ok(())
}

async fn change_role(change: &ChangeRole, db: &Db) -> anyhow::Result<()> {
    let (account, email) = account(db, &change.email).await?;
    let mut tx = db.begin_worker(account.organization).await?;
    let facility = facility(&mut tx, account.organization, change.facility.as_deref()).await?;
    let details = json!({ "role": change.role.as_str(), "given": !change.remove, "facility": facility });
    if change.remove {
        let taken = queries::end_membership(&mut tx, account.organization, account.user, change.role, facility).await?;
        if taken == 0 {
            bail!("{email} does not have this role there");
        }
    } else {
        queries::add_membership(&mut tx, account.organization, account.user, change.role, facility)
            .await
            .context("the role cannot be given: perhaps the person has it already")?;
    }
    audit(&mut tx, account.organization, account.user, Action::PermissionChange, details).await?;
    tx.commit().await?;
    println!("{email} {} the role {}.", if change.remove { "no longer has" } else { "now has" }, change.role.label());
    Ok(())
}

async fn suspend(suspend: &Suspend, db: &Db) -> anyhow::Result<()> {
    let (account, email) = account(db, &suspend.email).await?;
    let status = if suspend.undo { "ACTIVE" } else { "SUSPENDED" };
    let mut tx = db.begin_worker(account.organization).await?;
    queries::set_status(&mut tx, account.organization, account.user, status).await?;
    if !suspend.undo {
        queries::end_all_sessions(&mut tx, account.organization, account.user).await?;
    }
    audit(&mut tx, account.organization, account.user, Action::PermissionChange, json!({ "status": status })).await?;
    tx.commit().await?;
    println!("{email} {}.", if suspend.undo { "can sign in again" } else { "is suspended and signed out everywhere" });
    Ok(())
}

/// The organization meant, or the id of one that is still to be made because there is none.
async fn organization(db: &Db, name: Option<&str>) -> anyhow::Result<(OrganizationId, bool)> {
    let mut tx = db.begin_system().await?;
    let all = queries::organizations(&mut tx).await?;
    match (all.as_slice(), name) {
        ([], _) => Ok((OrganizationId::new(), true)),
        ([(id, _)], None) => Ok((*id, false)),
        (_, None) => bail!("there are several organizations: name one with --organization"),
        (all, Some(name)) => {
            let found = all.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
            found.map(|(id, _)| (*id, false)).with_context(|| format!("there is no organization called {name}"))
        }
    }
}

async fn facility(tx: &mut Tx, organization: OrganizationId, name: Option<&str>) -> anyhow::Result<Option<uuid::Uuid>> {
    let Some(name) = name else { return Ok(None) };
    let found = queries::facility_called(tx, organization, name).await?;
    found.map(Some).with_context(|| format!("there is no facility called {name}"))
}

async fn account(db: &Db, email: &str) -> anyhow::Result<(Account, String)> {
    let email = sign_in_email(email);
    let account = queries::account(db.auth(), &email).await?;
    Ok((account.with_context(|| format!("there is no account with the e-mail address {email}"))?, email))
}

async fn audit(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    action: Action,
    details: serde_json::Value,
) -> anyhow::Result<()> {
    events::record(tx, &By::system(organization), Event::new(action, "app_user").of(user).with(details)).await?;
    Ok(())
}

/// The password to set, and whether it was made up here.
fn password(which: &Which, about: &[&str]) -> anyhow::Result<(SecretString, bool)> {
    if !which.password_stdin {
        return Ok((made_up(), true));
    }
    let mut typed = String::new();
    std::io::stdin().take(4_096).read_to_string(&mut typed).context("the password cannot be read")?;
    let password = SecretString::from(typed.trim_end_matches(['\r', '\n']));
    password::check(&password, about, false)?;
    Ok((password, false))
}

/// Twenty letters and digits that cannot be mistaken for each other, about 99 random bits.
fn made_up() -> SecretString {
    const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut random = rand::rng();
    let letter = |_| char::from(LETTERS[random.random_range(0..LETTERS.len())]);
    let letters: Vec<char> = (0..20).map(letter).collect();
    let groups: Vec<String> = letters.chunks(5).map(String::from_iter).collect();
    SecretString::from(groups.join("-"))
}

fn say_password(password: &SecretString, made_up: bool) {
    if made_up {
        println!("The password is {}\nIt is not shown again.", password.expose_secret());
    }
}
