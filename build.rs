//! Makes cargo build anew when a migration is added: the compiler follows the files that it has read, and cannot know
//! of one that is new. Owns nothing else.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
