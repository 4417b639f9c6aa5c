//! The place where documents are kept, and the virus scanner where there is one.

use std::path::Path;
use std::time::Duration;

use super::{Finding, PATIENCE, data_directory};
use crate::config::Common;
use crate::error::Error;
use crate::files::{Place, Refused};

/// How long a bucket may take for all that is tried: where it does not answer, it is asked five times more.
const BUCKET_PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn look(common: &Common) -> Vec<Finding> {
    let files = match common.files() {
        Ok(files) => files,
        Err(error) => return vec![Finding::Wrong(format!("The store of documents: {error:#}"))],
    };
    let mut findings = vec![match files.place() {
        Place::Local(directory) => documents_directory(directory),
        Place::S3 { .. } | Place::Other => {
            let name = files.place().label();
            match tokio::time::timeout(BUCKET_PATIENCE, files.try_out()).await {
                Ok(Ok(())) => Finding::Well(format!("Documents can be kept in {name}")),
                Ok(Err(refused)) => Finding::Wrong(no_bucket(&name, &refused)),
                Err(_) => Finding::Wrong(format!(
                    "Documents cannot be kept in {name}: it takes longer than {} s to answer; look at AWS_ENDPOINT and AWS_REGION",
                    BUCKET_PATIENCE.as_secs()
                )),
            }
        }
    }];
    if let Some(scanner) = files.scanner() {
        findings.push(match tokio::time::timeout(PATIENCE, scanner.ping()).await {
            Ok(Ok(())) => Finding::Well("The virus scanner answers".to_owned()),
            Ok(Err(error)) => {
                Finding::Wrong(format!("The virus scanner does not answer ({error:#}): no upload is taken"))
            }
            Err(_) => Finding::Wrong("The virus scanner takes too long to answer: no upload is taken".to_owned()),
        });
    }
    findings
}

/// What is wrong with a bucket, what to do about it, and what it said itself.
fn no_bucket(name: &str, refused: &Refused) -> String {
    let advice = refused.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
    let said = match &refused.error {
        Error::Internal(cause) => format!("{cause:#}"),
        other => format!("It said: {other}"),
    };
    format!("Documents cannot be kept in {name}: {}{advice}. {said}", refused.step.label())
}

fn documents_directory(directory: &Path) -> Finding {
    match data_directory(directory) {
        Finding::Well(text) => Finding::Well(format!("Documents: {text}")),
        Finding::Note(text) => Finding::Note(format!("Documents: {text}")),
        Finding::Wrong(text) => Finding::Wrong(format!("Documents: {text}")),
    }
}
