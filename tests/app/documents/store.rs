//! The store behind the documents: what is swept up, what is missed, and a disk without room.

use std::fmt;
use std::fs;
use std::sync::Arc;

use almoner::documents::jobs::{Swept, sweep_older};
use almoner::files::Files;
use almoner::ids::OrganizationId;
use chrono::TimeDelta;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, UploadPart,
};
use reqwest::StatusCode;

use super::{NORTHGATE, download, file, first, objects, pdf, rows, send, settles};
use crate::patients::okafor;
use crate::support::Portal;

#[tokio::test(flavor = "multi_thread")]
async fn the_sweeper_takes_what_has_no_row_and_tells_what_is_missing() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    let before = objects(&portal).len();
    send(&clinician, &page, vec![file("one.pdf", pdf(1000)), file("two.pdf", pdf(2000))]).await;
    let folder = portal.files_dir().join(NORTHGATE.to_string()).join("ab");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("0190aaaa-0000-7000-8000-0000000000ab"), "no row").expect("written");
    fs::write(folder.join("0190aaaa-0000-7000-8000-0000000000ac#1"), "half").expect("written");
    let organization = OrganizationId::from(NORTHGATE);
    let swept = sweep_older(&portal.app, organization, TimeDelta::hours(6)).await.expect("a sweep");
    assert_eq!(swept, Swept::default(), "what is young may be on its way in");
    let swept = sweep_older(&portal.app, organization, TimeDelta::seconds(-5)).await.expect("a sweep");
    assert_eq!(swept, Swept { removed: 1, unfinished: 1, missing: 0 });
    assert_eq!(objects(&portal).len(), before + 2, "documents stay");
    let victim =
        objects(&portal).into_iter().max_by_key(|path| fs::metadata(path).expect("a file").len()).expect("one");
    fs::remove_file(victim).expect("removed");
    let swept = sweep_older(&portal.app, organization, TimeDelta::hours(6)).await.expect("a sweep");
    assert_eq!(swept.missing, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_changed_on_the_disk_is_not_served_as_if_it_were_whole() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    let known = objects(&portal);
    send(&clinician, &page, vec![file("one.pdf", pdf(200_000))]).await;
    let path = download(&clinician.get(&first(&clinician.get(&page).await)).await);
    let stored = objects(&portal).into_iter().find(|path| !known.contains(path)).expect("the new one");
    let mut bytes = fs::read(&stored).expect("a file");
    bytes[150_000] ^= 1;
    fs::write(&stored, bytes).expect("written");
    // A busy machine may break off before the head of the answer has left.
    let broken = match clinician.request(reqwest::Method::GET, &path).send().await {
        Ok(answer) => answer.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(broken, "the answer breaks off where the file was changed");
    fs::remove_file(&stored).expect("removed");
    let gone = clinician.get(&path).await;
    assert_eq!(gone.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// A store whose disk is full.
#[derive(Debug)]
struct FullDisk;

impl fmt::Display for FullDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FullDisk")
    }
}

fn full() -> object_store::Error {
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
    object_store::Error::Generic { store: "FullDisk", source: Box::new(source) }
}

#[async_trait::async_trait]
impl MultipartUpload for FullDisk {
    fn put_part(&mut self, _: PutPayload) -> UploadPart {
        Box::pin(async { Err(full()) })
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        Err(full())
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        Ok(())
    }
}

#[async_trait::async_trait]
impl ObjectStore for FullDisk {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> object_store::Result<PutResult> {
        Err(full())
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(Self))
    }

    async fn get_opts(&self, _: &Path, _: GetOptions) -> object_store::Result<GetResult> {
        Err(full())
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        Box::pin(futures::stream::empty())
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        Box::pin(futures::stream::empty())
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> object_store::Result<ListResult> {
        Err(full())
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> object_store::Result<()> {
        Err(full())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_clearly_and_keeps_nothing() {
    let portal = Portal::start_with(|app| app.files = Files::in_store(Arc::new(FullDisk), None)).await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    let before = rows(&portal).await;
    let reply = send(&clinician, &page, vec![file("one.pdf", pdf(9_000_000))]).await;
    assert_eq!(reply.status, StatusCode::INSUFFICIENT_STORAGE);
    assert!(reply.body.contains("There is no room left for files on this server"), "{}", reply.body);
    assert_eq!(rows(&portal).await, before);
    settles(&portal, objects(&portal).len()).await;
}
