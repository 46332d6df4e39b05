//! cardwatch: tells Domo admins which cards stopped rendering.
