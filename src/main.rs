//! The `cardwatch` command.

fn main() {}
