//! The route table as a document: whoever adds, removes or opens a route changes this snapshot in the same commit.

use std::fmt::Write as _;

use almoner::access::Role;
use almoner::routes;

#[test]
fn the_route_table_is_as_agreed() {
    let mut lines: Vec<String> = routes::all()
        .table()
        .map(|route| {
            let roles: Vec<&str> =
                Role::ALL.into_iter().filter(|role| role.may(route.permission)).map(Role::as_str).collect();
            let roles = if roles.len() == Role::ALL.len() { "all".to_owned() } else { roles.join(" ") };
            format!("{:<48} {:<4} {:<20} {roles}", route.path, route.method, format!("{:?}", route.permission))
        })
        .collect();
    lines.sort();
    let table = lines.iter().fold(String::new(), |mut table, line| {
        let _ = writeln!(table, "{line}");
        table
    });
    insta::assert_snapshot!(table);
}

#[test]
fn no_route_is_written_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for route in routes::all().table() {
        assert!(seen.insert((route.method, route.path)), "{} {}", route.method, route.path);
    }
}
