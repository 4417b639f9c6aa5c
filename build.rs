//! Tells cargo that the program holds the migrations: without this, a changed migration would not be built in.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
