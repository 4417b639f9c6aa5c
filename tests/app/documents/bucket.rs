//! Files in a bucket: through the portal, with the client and the settings of service, to a server that speaks S3.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use almoner::documents::jobs::{Swept, sweep_older};
use almoner::ids::OrganizationId;
use chrono::TimeDelta;
use futures::stream;
use reqwest::{Body, Method, StatusCode};

use super::bad_input::broken_form;
use super::downloads::get;
use super::{NORTHGATE, download, file, first, pdf, rows, send};
use crate::patients::{ask, okafor};
use crate::support::{Browser, Bucket, Portal, Sort};

struct Scene {
    bucket: Bucket,
    portal: Portal,
    clinician: Browser,
    page: String,
}

async fn scene() -> Scene {
    let bucket = Bucket::start().await;
    let portal = Portal::start_with(|app| app.files = bucket.files()).await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    Scene { bucket, portal, clinician, page }
}

impl Scene {
    /// The address of the newest document, and that of its file.
    async fn newest(&self) -> (String, String) {
        let document = first(&self.clinician.get(&self.page).await);
        let path = download(&self.clinician.get(&document).await);
        (document, path)
    }

    /// What is called off is gone a moment after the answer.
    async fn settles(&self, objects: usize) {
        for _ in 0..200 {
            if (self.bucket.objects().len(), self.bucket.parts()) == (objects, 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("left over: {:#?} and {} parts", self.bucket.objects(), self.bucket.parts());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_to_a_bucket_in_parts_and_comes_back_whole_or_in_pieces() {
    let scene = scene().await;
    let content = pdf(20_000_000);
    let sent = send(&scene.clinician, &scene.page, vec![file("large.pdf", content.clone())]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    assert_eq!(scene.bucket.asked("partNumber="), 4, "20 MB in parts of 6 MiB");
    scene.settles(1).await;
    let stored = scene.bucket.objects().remove(0);
    assert!(stored.starts_with(scene.bucket.directory().join(NORTHGATE.to_string())), "{stored:?}");
    let raw = fs::read(&stored).expect("the sealed file");
    assert!(raw.starts_with(b"ALMF") && !raw.windows(8).any(|window| window == b"%PDF-1.7"), "nothing in clear");

    let (document, path) = scene.newest().await;
    let whole = get(&scene.clinician, &path, &[]).await;
    assert_eq!(whole.bytes().await.expect("bytes"), content);
    // Across the end of the first part, of the last one, and one byte.
    for (range, from, to) in [
        ("bytes=6291000-6292000", 6_291_000, 6_292_001),
        ("bytes=-1200000", 18_800_000, 20_000_000),
        ("bytes=0-0", 0, 1),
    ] {
        let part = get(&scene.clinician, &path, &[("range", range)]).await;
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(part.bytes().await.expect("bytes"), content[from..to], "{range}");
    }

    let archive = format!("{document}/archive");
    let version = scene.clinician.get(&archive).await.field("row_version");
    let done = scene.clinician.post(&archive, &[("reason", "Not ours"), ("row_version", &version)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let readable = get(&scene.clinician, &path, &[]).await;
    assert_eq!(readable.bytes().await.expect("bytes").len(), content.len(), "archived, and readable");
    scene.settles(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_nothing_in_a_bucket() {
    let scene = scene().await;
    let before = rows(&scene.portal).await;
    let pieces = stream::unfold(0, |turn| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        match turn {
            0 => Some((Ok(broken_form(15_000_000)), 1)),
            _ => Some((Err(std::io::Error::other("the cable")), 2)),
        }
    });
    let request = scene.clinician.request(Method::POST, &scene.page);
    let request = request.header("content-type", "multipart/form-data; boundary=edge").body(Body::wrap_stream(pieces));
    assert!(request.send().await.is_err(), "nobody is there to be answered");
    scene.settles(0).await;
    assert!(scene.bucket.asked("partNumber=") >= 1, "some of it was there already");
    // What is refused at its end was there in whole.
    let late = [b"a,b\n".repeat(2_000_000), vec![0], b"c".repeat(10)].concat();
    let refused = send(&scene.clinician, &scene.page, vec![file("late.csv", late)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    scene.settles(0).await;
    assert_eq!(rows(&scene.portal).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_move_from_a_directory_to_a_bucket_and_are_swept_there() {
    let scene = scene().await;
    let organization = OrganizationId::from(NORTHGATE);
    let sweep = async |grace| sweep_older(&scene.portal.app, organization, grace).await.expect("a sweep");
    let demo =
        ask(&scene.portal, &format!("SELECT count(*) FROM document_version WHERE organization_id = '{NORTHGATE}'"))
            .await;
    assert_eq!(sweep(TimeDelta::hours(6)).await.missing, demo.unsigned_abs(), "the files are not there yet");
    copy(&scene.portal.files_dir(), &scene.bucket.directory());
    assert_eq!(sweep(TimeDelta::hours(6)).await, Swept::default());
    let (_, path) = scene.newest().await;
    assert_eq!(scene.clinician.get(&path).await.status, StatusCode::OK, "copied as they are, they open");

    // More than a bucket lists at once.
    let folder = scene.bucket.directory().join(NORTHGATE.to_string()).join("ab");
    fs::create_dir_all(&folder).expect("a folder");
    for number in 0..1_100 {
        fs::write(folder.join(format!("0190aaaa-0000-7000-8000-00000000{number:04}")), "no row").expect("written");
    }
    assert_eq!(sweep(TimeDelta::hours(6)).await, Swept::default(), "what is young may be on its way in");
    let swept = sweep(TimeDelta::seconds(-5)).await;
    assert_eq!(swept, Swept { removed: 1_100, ..Swept::default() });
    assert_eq!(scene.clinician.get(&path).await.status, StatusCode::OK, "documents stay");
    let victim = scene.bucket.objects().into_iter().next().expect("one");
    fs::remove_file(victim).expect("removed");
    assert_eq!(sweep(TimeDelta::hours(6)).await.missing, 1);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_busy_is_asked_again_and_one_that_is_gone_is_said_soon() {
    let scene = scene().await;
    let content = pdf(100_000);
    scene.bucket.be_busy(2);
    let sent = send(&scene.clinician, &scene.page, vec![file("one.pdf", content.clone())]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let (_, path) = scene.newest().await;
    scene.bucket.be_busy(2);
    let answer = get(&scene.clinician, &path, &[]).await;
    assert_eq!(answer.bytes().await.expect("bytes"), content);

    scene.bucket.be_busy(usize::MAX);
    let (before, begun) = (rows(&scene.portal).await, Instant::now());
    let lost = send(&scene.clinician, &scene.page, vec![file("two.pdf", content.clone())]).await;
    assert_eq!(lost.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(scene.clinician.get(&path).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    assert_eq!(rows(&scene.portal).await, before);
    scene.bucket.be_busy(0);
    assert_eq!(scene.clinician.get(&path).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_refuses_or_is_not_there_is_said_in_words_and_nothing_is_half_there() {
    let bucket = Bucket::start().await;
    let mut nowhere = bucket.environment();
    nowhere.retain(|(name, _)| name != "AWS_ENDPOINT");
    // A port that was free a moment ago.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    nowhere.push(("AWS_ENDPOINT".to_owned(), format!("http://{free}")));
    let wrong_secret = Bucket::open("s3://clinic/almoner", bucket.environment_with("guessed"));
    let no_bucket = Bucket::open("s3://another/almoner", bucket.environment());
    let no_server = Bucket::open("s3://clinic/almoner", nowhere);
    let mut portal = Portal::start().await;
    for (what, files) in [("secret", wrong_secret), ("bucket", no_bucket), ("server", no_server)] {
        portal = portal.replica_with(|app| app.files = files).await;
        let clinician = portal.sign_in("clinician").await;
        let page = format!("/patients/{}/documents", okafor(&portal).await);
        let (before, begun) = (rows(&portal).await, Instant::now());
        let lost = send(&clinician, &page, vec![file("one.pdf", pdf(100_000)), file("two.txt", "Dear all,\n")]).await;
        assert_eq!(lost.status, StatusCode::SERVICE_UNAVAILABLE, "{what}");
        let said = lost.text("main");
        assert!(said.contains("We cannot use the place where files are kept. Nothing was saved."), "{what}: {said}");
        assert!(!lost.body.contains("AWS") && !lost.body.contains("clinic/almoner"), "{what}: {}", lost.body);
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: {:?}", begun.elapsed());
        assert_eq!(rows(&portal).await, before, "{what}");
    }
    assert_eq!((bucket.objects().len(), bucket.parts()), (0, 0));
}

/// What `almoner doctor` says of the place of documents, with this environment.
async fn doctor(environment: Vec<(String, String)>) -> String {
    let data = std::env::temp_dir().join(format!("almoner-doctor-{}", almoner::ids::new_uuid()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_almoner"));
    command.arg("doctor").env_remove("DATABASE_URL").env("ALMONER_DATA_DIR", &data);
    // What the machine is to other buckets is nothing to this one.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("ALMONER_FILES", "s3://clinic/almoner").envs(environment);
    let said = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("no panic");
    fs::remove_dir_all(data).ok();
    String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tries_the_bucket_that_the_environment_names() {
    let bucket = Bucket::start().await;
    let said = doctor(bucket.environment()).await;
    assert!(said.contains("well   Documents can be kept in s3://clinic/almoner"), "{said}");
    let said = doctor(bucket.environment_with("guessed-by-somebody")).await;
    assert!(said.contains("WRONG  Documents cannot be kept in s3://clinic/almoner: it cannot be written to"), "{said}");
    assert!(said.contains("look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"), "{said}");
    assert!(!said.contains("guessed-by-somebody"), "{said}");
    // Each right that is needed, taken away.
    let rights: [(Sort, &str); 5] = [
        (|line| line.starts_with("POST "), "s3:PutObject"),
        (|line| line.starts_with("DELETE "), "s3:AbortMultipartUpload"),
        (|line| line.starts_with("GET ") && line.contains("/trial/"), "s3:GetObject"),
        (|line| line.contains("list-type=2"), "s3:ListBucket"),
        (|line| line.starts_with("POST ") && line.ends_with("?delete"), "s3:DeleteObject"),
    ];
    for (forbids, right) in rights {
        bucket.forbid(Some(forbids));
        let said = doctor(bucket.environment()).await;
        assert!(said.contains("WRONG  Documents cannot be kept") && said.contains(right), "{right}: {said}");
        bucket.forbid(None);
    }
    let settings = [("AWS_ENDPOINT", "not an address")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let said = doctor([bucket.environment(), settings.to_vec()].concat()).await;
    assert!(said.contains("its settings make no sense") && said.contains("AWS_ENDPOINT is no address"), "{said}");
    assert_eq!((bucket.objects().len(), bucket.parts()), (1, 1), "only what it was forbidden to take away");
}
