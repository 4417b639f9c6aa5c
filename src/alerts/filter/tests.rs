//! Addresses: read, written, and read again.

use proptest::prelude::*;

use super::*;

fn read(query: &str) -> Result<(Filter, Position)> {
    serde_html_form::from_str::<RawFilter>(query).expect("a query").parse()
}

#[test]
fn the_plain_address_is_everything_open() {
    let (filter, position) = read("").unwrap();
    assert_eq!((filter.href().as_str(), position), ("/alerts", Position::default()));
    assert!(!filter.narrows());
}

#[test]
fn what_narrows_is_read_and_written() {
    let query = "view=mine&find=c2VhbGVk&sev=HIGH&sev=INFO&type=GLUCOSE_HIGH&status=ACTIVE&who=me&who=nobody&sort=oldest&rows=50";
    let (filter, _) = read(query).unwrap();
    assert_eq!(filter.query(), query);
    assert!(filter.narrows());
    assert_eq!(filter.cleared().query(), "view=mine&sort=oldest&rows=50");
}

#[test]
fn what_does_not_exist_is_refused() {
    for query in [
        "view=all",
        "sev=high",
        "type=BP",
        "who=alice",
        "facility=1",
        "sort=name",
        "rows=1000",
        "after=x",
        "saved=1",
        "q=okafor",
    ] {
        assert!(matches!(read(query), Err(Error::BadRequest(_))), "{query}");
    }
    assert!(read("after=4.9999999999999999999.0192f0c1-0000-7000-8000-000000000000").is_err());
}

#[test]
fn an_empty_field_of_the_form_means_nothing() {
    let (filter, _) = read("view=&q=&find=&sev=&type=&who=&sort=&rows=&after=").unwrap();
    assert_eq!(filter, Filter::default());
}

proptest! {
    #[test]
    fn a_written_address_reads_the_same(
        view in 0..View::ALL.len(),
        sort in 0..Sort::ALL.len(),
        find in prop::option::of("[A-Za-z0-9_-]{1,40}"),
        severities in prop::collection::vec(0..4_usize, 0..3),
        me: bool,
    ) {
        let filter = Filter {
            view: View::ALL[view],
            sort: Sort::ALL[sort],
            find,
            severities: severities.into_iter().map(|index| Severity::ALL[index]).collect(),
            me,
            rows: Some(25),
            ..Filter::default()
        };
        prop_assert_eq!(read(&filter.query()).unwrap().0, filter);
    }

    #[test]
    fn a_written_cursor_reads_the_same(rank in 1..5_i16, micros in 0..4_000_000_000_000_000_i64, id: u128) {
        let at = chrono::DateTime::from_timestamp_micros(micros).unwrap();
        let cursor = Cursor { rank, at, id: AlertId::from(uuid::Uuid::from_u128(id)) };
        prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
}
