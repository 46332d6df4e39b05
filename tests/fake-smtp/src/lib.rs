//! A fake SMTP server for tests and the demo.
