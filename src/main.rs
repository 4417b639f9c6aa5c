//! The program: reads its settings and does what they say.

use std::process::ExitCode;

use almoner::config::{Command, Config};
use almoner::db::cluster::{ClusterError, EXIT_IN_USE};
use almoner::{backup, doctor, seed, serve, telemetry};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    telemetry::init();
    match run(&config).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("almoner: {error:#}");
            match error.downcast_ref() {
                Some(ClusterError::InUse { .. }) => ExitCode::from(EXIT_IN_USE),
                Some(ClusterError::Other(_)) | None => ExitCode::FAILURE,
            }
        }
    }
}

async fn run(Config { common, command }: &Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(settings) => serve::run(common, settings).await?,
        Command::Backup(settings) => backup::back_up(common, settings).await?,
        Command::Restore(settings) => backup::restore(common, settings).await?,
        Command::Migrate => serve::migrate(common).await?,
        Command::Seed(settings) => seed::run(common, settings).await?,
        Command::User(command) => serve::user(common, command).await?,
        Command::Audit(command) => serve::audit(common, command).await?,
        Command::ServiceAccount(command) => serve::service_account(common, command).await?,
        Command::Doctor(settings) if !doctor::run(common, settings).await => return Ok(ExitCode::FAILURE),
        Command::Doctor(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}
